//! Reaps what has ended. Process 1 inherits the orphans of its namespace, so
//! there is more to reap than was started.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use lab_scenario::plan::{ExitStatus, Signal};
use rustix::process::{WaitOptions, WaitStatus, wait};
use signal_hook::{SigId, consts};

/// Becomes readable when a child has ended.
pub(super) struct Reaper {
    bell: UnixStream,
    signal: SigId,
}

impl Reaper {
    /// Begins to listen for SIGCHLD.
    pub(super) fn new() -> io::Result<Self> {
        let (bell, ringer) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let signal = signal_hook::low_level::pipe::register(consts::SIGCHLD, ringer)?;
        Ok(Self { bell, signal })
    }

    /// All that have ended by now.
    pub(super) fn reap(&mut self) -> Vec<(u32, ExitStatus)> {
        let mut sink = [0; 64];
        while matches!(self.bell.read(&mut sink), Ok(count) if count > 0) {}
        let mut ended = Vec::new();
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if let (Ok(pid), Some(status)) =
                        (u32::try_from(pid.as_raw_nonzero().get()), exit_status(status))
                    {
                        ended.push((pid, status));
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                // Nobody has ended, or there is nobody.
                Ok(None) | Err(_) => return ended,
            }
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.signal);
    }
}

impl AsFd for Reaper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

fn exit_status(status: WaitStatus) -> Option<ExitStatus> {
    let code = status.exit_status().map(ExitStatus::Code);
    code.or_else(|| status.terminating_signal().map(|number| ExitStatus::Signal(Signal(number))))
}
