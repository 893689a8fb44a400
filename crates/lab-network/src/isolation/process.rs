//! Threads, parents and process 1.

#![expect(unsafe_code, reason = "fork, unshare and signal have no safe form")]

use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, getppid, pidfd_open,
    set_parent_process_death_signal, waitpid,
};
use rustix::thread::UnshareFlags;

use super::IsolationError;

/// Enters new namespaces with this thread, which is the only one.
pub(super) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: none of the flags that callers give takes away the file table or
    // working folder that other code could rely on sharing (CLONE_FILES, CLONE_FS).
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// A process with several threads cannot enter a user namespace, and must not
/// fork and go on: locks held by the other threads would stay locked.
pub(super) fn refuse_threads() -> Result<(), IsolationError> {
    let threads = std::fs::read_dir("/proc/self/task")
        .map_err(IsolationError::doing("counting threads in /proc/self/task"))?
        .count();
    if threads == 1 { Ok(()) } else { Err(IsolationError::Threads(threads)) }
}

/// Has this process killed when the thread that started it ends.
pub(super) fn die_with_parent(parent: Option<u32>) -> Result<(), IsolationError> {
    let before = getppid();
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(IsolationError::doing("asking for a signal at the parent's end"))?;
    // It may have ended before the signal was asked for: then this process has
    // another parent by now.
    let expected = match parent {
        Some(pid) => i32::try_from(pid).ok().and_then(Pid::from_raw),
        None => before,
    };
    if getppid() == expected { Ok(()) } else { Err(IsolationError::Orphaned) }
}

/// Forks. Returns in the child, which is process 1 of its namespace; the
/// parent waits for it and ends as it does.
pub(super) fn become_first_process() -> Result<(), IsolationError> {
    // From inside, the parent's number is always 0: a descriptor tells whether
    // it is still there.
    let waiter = pidfd_open(getpid(), PidfdFlags::empty())
        .map_err(IsolationError::doing("opening a pidfd of this process"))?;
    // SAFETY: this process has one thread (`refuse_threads`), so the child finds
    // every lock and allocator in a consistent state and may run any code.
    match unsafe { libc::fork() } {
        -1 => Err(IsolationError::doing("forking")(std::io::Error::last_os_error())),
        0 => die_with(&waiter),
        child => wait_for(child),
    }
}

fn die_with(waiter: &OwnedFd) -> Result<(), IsolationError> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(IsolationError::doing("asking for a signal at the parent's end"))?;
    let mut ended = [PollFd::new(waiter, PollFlags::IN)];
    match poll(&mut ended, Some(&Timespec::default())) {
        Ok(0) => Ok(()),
        Ok(_) => Err(IsolationError::Orphaned),
        Err(error) => Err(IsolationError::doing("watching the parent")(error)),
    }
}

/// Ends as the child ends: with its code, or 128 and the number of its signal.
fn wait_for(child: i32) -> ! {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: ignoring a signal installs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let code = loop {
        match waitpid(Pid::from_raw(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                if let Some(code) = status.exit_status() {
                    break code;
                }
                if let Some(signal) = status.terminating_signal() {
                    break 128 + signal;
                }
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            // No such child: it cannot be waited for, so nothing is known.
            Err(_) => break 1,
        }
    };
    std::process::exit(code)
}
