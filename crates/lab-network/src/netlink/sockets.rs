//! TCP connections of a namespace, also those that no process holds any more:
//! sock_diag(7), with the layouts of `linux/inet_diag.h`.

use std::io;

use super::{Channel, Request};

/// `SOCK_DIAG_BY_FAMILY`
const LIST: u16 = 20;
/// `SOCK_DESTROY`, since Linux 4.9 and where the kernel was built with it.
const DESTROY: u16 = 21;

/// `struct inet_diag_sockid`: ports, addresses, interface, cookie.
const ID_LENGTH: usize = 48;
/// Where it is in `struct inet_diag_msg`.
const ID: std::ops::Range<usize> = 4..4 + ID_LENGTH;

/// How often it is looked again for connections that came up meanwhile.
const ROUNDS: usize = 3;

/// Ends all TCP connections of the namespace, and says how many are left all the same.
/// `channel` is one of [`Channel::to_sockets`].
///
/// # Errors
/// The kernel does not tell of its connections.
pub(crate) fn end_connections(channel: &mut Channel) -> io::Result<usize> {
    let mut left = connections(channel)?;
    for _ in 0..ROUNDS {
        for request in &left {
            // It may have ended by itself; what stays is seen in the next round.
            let _ = channel.apply(std::slice::from_ref(request));
        }
        if left.is_empty() {
            break;
        }
        left = connections(channel)?;
    }
    Ok(left.len())
}

/// All connections, each as a request to end it.
fn connections(channel: &mut Channel) -> io::Result<Vec<Request>> {
    let mut found = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let answers = channel.dump(LIST, &query(family, &[0; ID_LENGTH]))?;
        found.extend(answers.iter().filter_map(|answer| Some(end(family, answer.get(ID)?))));
    }
    Ok(found)
}

fn end(family: i32, id: &[u8]) -> Request {
    Request {
        kind: DESTROY,
        flags: 0,
        payload: query(family, id),
        doing: "ending a connection".to_owned(),
        needs: None,
    }
}

/// `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, socket.
fn query(family: i32, id: &[u8]) -> Vec<u8> {
    let mut query = vec![family as u8, libc::IPPROTO_TCP as u8, 0, 0];
    query.extend(u32::MAX.to_ne_bytes());
    query.extend_from_slice(id);
    query
}
