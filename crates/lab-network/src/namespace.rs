//! Network namespaces of hosts.

#![expect(unsafe_code, reason = "unshare and setns change what a thread sees")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::NetworkError;
use crate::netlink::Channel;

/// A network namespace. It lives as long as this, or any process in it.
pub(crate) struct Namespace {
    pub(crate) fd: OwnedFd,
    pub(crate) channel: Channel,
}

/// A new namespace is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Whose it is to be.
    pub(crate) host: String,
    /// Whether it passes packets on from one interface to another.
    pub(crate) forwards: bool,
}

/// Settings that a new namespace inherits from the machine's first one, where
/// Docker, or a distribution, may have changed them. A lab must not depend on that.
const INHERITED: [(&str, Setting); 3] = [
    ("/proc/sys/net/ipv4/ip_forward", Setting::Forwarding),
    ("/proc/sys/net/ipv4/conf/all/rp_filter", Setting::Off),
    ("/proc/sys/net/ipv4/conf/default/rp_filter", Setting::Off),
];

#[derive(Clone, Copy)]
enum Setting {
    Forwarding,
    Off,
}

/// Makes namespaces, on a thread of their own: so the caller's thread never
/// leaves its own namespace, and has nothing to go back to.
pub(crate) fn create(wanted: &[Wanted]) -> Result<Vec<Namespace>, NetworkError> {
    apart(|| {
        let mut inherited: Option<[bool; INHERITED.len()]> = None;
        wanted
            .iter()
            .map(|wanted| {
                let failed = |source| {
                    NetworkError::doing(format!("making the namespace of {}", wanted.host))(source)
                };
                let (namespace, deviations) = create_one(wanted, inherited).map_err(failed)?;
                inherited = Some(deviations);
                Ok(namespace)
            })
            .collect()
    })
}

/// Makes a namespace and enters it. `inherited` says for each setting whether
/// a new namespace has it on; the first call finds out.
fn create_one(
    wanted: &Wanted,
    inherited: Option<[bool; INHERITED.len()]>,
) -> io::Result<(Namespace, [bool; INHERITED.len()])> {
    // SAFETY: this thread was made for namespaces alone and shares nothing that
    // depends on the one it is in; CLONE_FILES and CLONE_FS are not among the flags.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }?;
    let fd = File::open("/proc/thread-self/ns/net")?.into();
    let channel = Channel::open()?;
    let inherited = match inherited {
        Some(inherited) => inherited,
        None => {
            let mut on = [false; INHERITED.len()];
            for (on, (path, _)) in on.iter_mut().zip(INHERITED) {
                *on = std::fs::read_to_string(path)?.trim() != "0";
            }
            on
        }
    };
    for ((path, setting), on) in INHERITED.into_iter().zip(inherited) {
        let wants = matches!(setting, Setting::Forwarding) && wanted.forwards;
        if wants != on {
            std::fs::write(path, if wants { "1" } else { "0" })?;
        }
    }
    Ok((Namespace { fd, channel }, inherited))
}

/// Gives the namespace of this thread the settings of a host.
pub(crate) fn settle(forwards: bool) -> io::Result<()> {
    for (path, setting) in INHERITED {
        let wants = matches!(setting, Setting::Forwarding) && forwards;
        std::fs::write(path, if wants { "1" } else { "0" })?;
    }
    Ok(())
}

/// Runs something inside a new namespace, which goes when it is done.
pub(crate) fn in_new<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    apart(|| {
        // SAFETY: as in `create_one`.
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }?;
        work()
    })
}

/// Runs something inside a namespace.
pub(crate) fn inside<T: Send>(
    namespace: BorrowedFd<'_>,
    work: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    apart(|| {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        work()
    })
}

/// Runs something on a thread of its own.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
