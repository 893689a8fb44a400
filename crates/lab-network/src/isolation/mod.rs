//! The sandbox of a run: namespaces of its own for users (when not root),
//! network, mounts, processes, host name and IPC.
//!
//! [`isolate`] must be the first thing a stage does, while it has one thread.
//! It forks: what returns from it is process 1 of the new process namespace;
//! the process that called it stays outside, waits, and ends as process 1 ends.
//!
//! ```text
//! labrun ── waiter (called isolate) ── process 1 (returned from isolate) ── lab processes
//! ```
//!
//! Each dies by SIGKILL when the one to its left does, however that came
//! about, and when process 1 ends the kernel kills every process of its
//! namespace and forgets the networks. So there is never anything to clean up.
//!
//! Process 1 does not get signals that it has no handler for, except SIGKILL
//! and SIGSTOP from outside, and it inherits the orphans of its namespace: they
//! stay zombies, at no cost but their number, until the stage ends or reaps them.

mod error;
mod mounts;
mod process;
mod traces;

pub use error::IsolationError;
pub use traces::Traces;

use std::path::Path;

use rustix::io::Errno;
use rustix::thread::UnshareFlags;

use crate::netlink::{Channel, link};

/// The sandbox that this process is in.
#[derive(Debug)]
pub struct Sandbox {
    rootless: bool,
    fresh_sysfs: bool,
}

impl Sandbox {
    /// Whether root in here is an ordinary user outside.
    #[must_use]
    pub fn is_rootless(&self) -> bool {
        self.rootless
    }

    /// Whether `/sys` shows the network of the sandbox. Some containers forbid
    /// mounting it anew, and then `/sys/class/net` still shows the network outside.
    #[must_use]
    pub fn has_fresh_sysfs(&self) -> bool {
        self.fresh_sysfs
    }

    /// A folder that lives and dies with the sandbox, for what a run writes
    /// for itself.
    #[must_use]
    pub fn folder(&self) -> &'static Path {
        Path::new(mounts::FOLDER)
    }

    /// Makes `/etc/hosts` read like this, for every process of the sandbox.
    /// May be called again.
    ///
    /// # Errors
    /// The file could not be written, or not be mounted over `/etc/hosts`.
    pub fn set_hosts_file(&self, text: &str) -> Result<(), IsolationError> {
        mounts::cover_hosts_file(text)
    }

    /// What is mounted and which files are in the sandbox's own file system: a later
    /// look shows whether programs have left something there.
    ///
    /// # Errors
    /// It cannot be read, or there is too much of it.
    pub fn traces(&self) -> Result<Traces, IsolationError> {
        Traces::look(Path::new(mounts::PRIVATE))
            .map_err(IsolationError::doing("looking for what programs have left behind"))
    }

    /// Gives this process, and those it starts from now on, new System V and POSIX
    /// message queues, semaphores and shared memory.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn renew_ipc(&self) -> Result<(), IsolationError> {
        process::unshare(UnshareFlags::NEWIPC)
            .map_err(IsolationError::doing("making an IPC namespace"))
    }
}

/// Moves the rest of this program into a sandbox. Returns in a new process;
/// see the module's own documentation.
///
/// `parent` is the process that must be this one's parent: when it has ended
/// already, so does this. Without it a parent that ends in the very first
/// moment goes unnoticed.
///
/// SIGINT and SIGQUIT do not end the process that waits, so that a Ctrl-C,
/// which the terminal sends to all, leaves it to the stage how to end.
///
/// # Errors
/// More than one thread, or what the kernel refused, with the remedy where it
/// is known. The error may be returned in either process.
pub fn isolate(parent: Option<u32>) -> Result<Sandbox, IsolationError> {
    process::refuse_threads()?;
    let rootless = enter_namespaces()?;
    // After `unshare`: a change of credentials forgets the death signal.
    process::die_with_parent(parent)?;
    process::become_first_process()?;
    let fresh_sysfs = mounts::furnish()?;
    bring_loopback_up()?;
    leave_ipv6_to_the_hosts();
    Ok(Sandbox { rootless, fresh_sysfs })
}

/// Root does without a user namespace, because there it keeps all its rights
/// over files; an ordinary user, or root in a container without rights, gets one.
fn enter_namespaces() -> Result<bool, IsolationError> {
    let flags = UnshareFlags::NEWNET
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWIPC;
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if uid.is_root() {
        match process::unshare(flags) {
            Ok(()) => return Ok(false),
            Err(Errno::PERM) => {}
            Err(error) => return Err(IsolationError::doing("making namespaces")(error)),
        }
    }
    process::unshare(flags | UnshareFlags::NEWUSER)
        .map_err(IsolationError::doing("making a user namespace"))?;
    // The kernel lets an ordinary user map a group only once `setgroups` is
    // out of reach for good (user_namespaces(7)).
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {} 1", uid.as_raw())),
        ("gid_map", format!("0 {} 1", gid.as_raw())),
    ] {
        std::fs::write(Path::new("/proc/self").join(file), text)
            .map_err(IsolationError::doing(format!("writing /proc/self/{file}")))?;
    }
    Ok(true)
}

fn bring_loopback_up() -> Result<(), IsolationError> {
    let mut channel = Channel::open().map_err(IsolationError::doing("opening a netlink socket"))?;
    channel
        .apply(&[link::set_up(link::LOOPBACK, "bringing up the loopback interface".to_owned())])
        .map_err(|refusal| IsolationError::doing(refusal.doing)(refusal.source))
}

/// Switches IPv6 off for interfaces to come in the sandbox's own network, which
/// holds only switch ports: they need no address, and without the router
/// solicitations and duplicate address detection of hundreds of ports a network
/// is up 5 to 25 % sooner and quieter. Hosts have namespaces of their own, where
/// IPv6 stays as the kernel makes it, as on Mininet's hosts: programs that
/// listen on `::` or call `localhost` by `::1` must find what they would find there.
fn leave_ipv6_to_the_hosts() {
    // No such file: a kernel without IPv6, which suits as well.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_refused() {
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        let error = isolate(None).unwrap_err();
        assert!(matches!(error, IsolationError::Threads(count) if count > 1), "{error}");
        drop(end);
        assert!(other.join().unwrap().is_err());
    }
}
