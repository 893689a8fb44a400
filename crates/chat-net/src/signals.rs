//! SIGINT, SIGTERM and SIGHUP as something epoll can wait for.

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{self, ErrorKind, Read};

/// The reading end of a socket pair into which the signal handler writes.
#[derive(Debug)]
pub(crate) struct Signals {
    reader: UnixStream,
}

impl Signals {
    pub(crate) fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        // `nohup` asks for a program that outlives its terminal.
        let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
            signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        let mut reader = UnixStream::from_std(reader);
        registry.register(&mut reader, token, Interest::READABLE)?;
        Ok(Self { reader })
    }

    /// How many signals came since the last call.
    pub(crate) fn take(&mut self) -> usize {
        let mut count = 0;
        let mut buffer = [0; 16];
        loop {
            match self.reader.read(&mut buffer) {
                Ok(0) => return count,
                Ok(signals) => count += signals,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return count,
            }
        }
    }
}

/// True if whoever started this process has it ignore `signal`.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
