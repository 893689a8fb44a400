//! Where sessions are found: abstract Unix sockets (unix(7)), named after the user and the
//! session. They go with the process that keeps the session, however it ends, so there is
//! nothing to clean up. Programs on the hosts of a lab cannot reach them: they are in another network
//! namespace.
//!
//! Everybody may connect to such a socket, or make one of that name; so each side looks
//! whose process the other is.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;

/// Where the kernel lists its sockets (proc_net(5)).
const LIST: &str = "/proc/net/unix";

/// Longest name of a session, in bytes.
const MAX_NAME: usize = 60;

/// How often another name is tried.
const TRIES: usize = 100;

fn prefix() -> String {
    format!("labrun/{}/", getuid().as_raw())
}

fn address(name: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("{}{name}", prefix()))
}

/// A name for a session: of letters, digits, `-`, `_` and `.`.
#[must_use]
pub fn session_name(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = text.chars().map(safe).take(MAX_NAME).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "lab".to_owned() } else { name.to_owned() }
}

/// Takes a name: this one, or with a number behind it if another session has it. If it must
/// be this one, that is an error.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`], or what the kernel refuses.
pub fn listen(wanted: &str, exactly: bool) -> io::Result<(String, UnixListener)> {
    let wanted = session_name(wanted);
    let tries = if exactly { 1 } else { TRIES };
    for number in 1..=tries {
        let name = if number == 1 { wanted.clone() } else { format!("{wanted}-{number}") };
        match UnixListener::bind_addr(&address(&name)?) {
            Ok(listener) => return Ok((name, listener)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Goes to the keeper of a session.
///
/// # Errors
/// There is none of that name, or it is somebody else's.
pub fn connect(name: &str) -> io::Result<UnixStream> {
    let stream = UnixStream::connect_addr(&address(name)?)?;
    if is_ours(&stream) { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Whether the other side is of the same user.
#[must_use]
pub fn is_ours(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid == getuid())
}

/// The names of all sessions of this user, sorted.
///
/// # Errors
/// The kernel does not say.
pub fn sessions() -> io::Result<Vec<String>> {
    let list = std::fs::read_to_string(LIST)?;
    Ok(names(&list, &prefix()))
}

/// The names in such a list. Each connection has its own line there as well.
fn names(list: &str, prefix: &str) -> Vec<String> {
    let path = |line: &str| line.split_ascii_whitespace().nth(7).map(str::to_owned);
    let name = |path: String| Some(path.strip_prefix('@')?.strip_prefix(prefix)?.to_owned());
    let mut names: Vec<String> = list.lines().filter_map(path).filter_map(name).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_the_kernels_list() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 21537 @labrun/7/single-4\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 21538 @labrun/7/single-4\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 21539\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 21540 /run/x\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 21541 @labrun/77/b\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 21542 @labrun/7/a\n";
        assert_eq!(names(list, "labrun/7/"), ["a", "single-4"]);
    }

    #[test]
    fn names_are_harmless() {
        for (text, name) in
            [("direct-chat/three users", "direct-chat-three-users"), ("/", "lab"), ("", "lab")]
        {
            assert_eq!(session_name(text), name);
        }
        assert_eq!(session_name(&"x".repeat(200)).len(), MAX_NAME);
    }

    #[test]
    fn a_name_is_taken_once_and_free_again_afterwards() {
        let wanted = format!("test-{}", std::process::id());
        let (first, listener) = listen(&wanted, true).unwrap();
        assert_eq!(first, wanted);
        assert_eq!(listen(&wanted, true).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let (second, other) = listen(&wanted, false).unwrap();
        assert_eq!(second, format!("{wanted}-2"));
        assert!(sessions().unwrap().contains(&second));
        assert!(connect(&first).is_ok());
        drop((listener, other));
        assert!(connect(&first).is_err());
        assert!(!sessions().unwrap().contains(&first));
    }
}
