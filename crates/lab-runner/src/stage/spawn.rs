//! Starts a program on a host: in that host's network namespace, with the host's
//! name, as the leader of a session of its own.
#![expect(unsafe_code, reason = "what happens between fork and exec")]

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lab_scenario::plan::Signal;

/// What to start, and where.
pub(super) struct Launch<'a> {
    /// The file to execute.
    pub(super) program: &'a Path,
    /// Its name and arguments, as it will see them.
    pub(super) argv: &'a [String],
    /// Where it starts.
    pub(super) directory: &'a Path,
    /// Variables beside those that labrun itself has.
    pub(super) env: &'a [(String, String)],
    /// The network namespace of its host.
    pub(super) namespace: BorrowedFd<'a>,
    /// Its host's name.
    pub(super) host: &'a str,
    /// Standard input, output and error.
    pub(super) stdio: [OwnedFd; 3],
    /// Whether standard input is to be its controlling terminal.
    pub(super) terminal: bool,
}

/// Starts it and returns its number. Whoever calls reaps it.
pub(super) fn spawn(launch: Launch<'_>) -> io::Result<u32> {
    let mut command = Command::new(launch.program);
    if let Some((name, arguments)) = launch.argv.split_first() {
        command.arg0(name).args(arguments);
    }
    let [stdin, stdout, stderr] = launch.stdio;
    command
        .current_dir(launch.directory)
        .envs(launch.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr));
    let namespace = launch.namespace.as_raw_fd();
    let host = CString::new(launch.host)?;
    let terminal = launch.terminal;
    // SAFETY: the closure runs in the child between fork and exec, where only
    // async-signal-safe calls are allowed. It makes system calls on values that
    // were made ready before, and allocates nothing: `last_os_error` holds just
    // a number. `namespace` stays open: it is borrowed until this function ends.
    unsafe {
        command.pre_exec(move || {
            check(libc::setsid())?;
            if terminal {
                check(libc::ioctl(libc::STDIN_FILENO, libc::TIOCSCTTY, 0))?;
            }
            check(libc::setns(namespace, libc::CLONE_NEWNET))?;
            check(libc::unshare(libc::CLONE_NEWUTS))?;
            check(libc::sethostname(host.as_ptr(), host.as_bytes().len()))?;
            Ok(())
        });
    }
    // The handle is not needed: the stage reaps all its children by number.
    // Dropping the command closes our copies of the program's streams.
    command.spawn().map(|child| child.id())
}

/// Signals a program and what it started. The program must not be reaped yet, so
/// that its number is nobody else's.
pub(super) fn signal_group(pid: u32, signal: Signal) {
    let Ok(group) = libc::pid_t::try_from(pid) else { return };
    // SAFETY: takes two numbers. It fails only if the group has ended in this
    // moment, which is as good. (rustix has no real-time signals.)
    unsafe { libc::killpg(group, signal.0) };
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
