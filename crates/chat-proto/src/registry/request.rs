//! What clients say to the registry and to each other.

use super::frame;
use bytes::Bytes;
use std::fmt;

/// The DATA of a client's frame. The names in it are claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<'a> {
    /// `&&REGISTER&&|name|tcp_port`
    Register {
        /// The user's name.
        name: &'a str,
        /// Where the user's own server listens for peers.
        port: u16,
    },
    /// `&&SEARCH&&|peer|me`
    Search {
        /// Who is looked for.
        peer: &'a str,
        /// Who asks.
        me: &'a str,
    },
    /// `&&CHATREQUEST&&|peer|me`
    ChatRequest {
        /// Who is asked.
        peer: &'a str,
        /// Who asks.
        me: &'a str,
    },
    /// `&&OK&&|me|asker|my_tcp_port`
    Ok {
        /// Who answers.
        me: &'a str,
        /// Who had asked.
        asker: &'a str,
        /// Where the answering user listens for peers.
        port: u16,
    },
    /// `&&REJECT&&|me|asker`
    Reject {
        /// Who answers.
        me: &'a str,
        /// Who had asked.
        asker: &'a str,
    },
    /// `&&EXIT&&|me`
    Exit {
        /// Who leaves the private chat.
        me: &'a str,
    },
    /// `&&GROUPCHAT&&|me|p1|…|pN|`
    GroupChat {
        /// Who creates the room.
        me: &'a str,
        /// Who is asked to join.
        peers: Vec<&'a str>,
    },
    /// `&&OKGROUP&&|me|K`
    OkGroup {
        /// Who joins.
        me: &'a str,
        /// The room.
        room: u64,
    },
    /// `&&REJECTGROUP&&|me|K`
    RejectGroup {
        /// Who does not.
        me: &'a str,
        /// The room.
        room: u64,
    },
    /// `&&EXITGROUP&&|me`
    ExitGroup {
        /// Who leaves the room.
        me: &'a str,
    },
    /// `&&MESSAGE&&|me: text`, to the registry or to a peer
    Message {
        /// Everything behind the first `|`.
        text: &'a str,
    },
    /// `&&LOGOUT&&`
    Logout,
}

impl<'a> Request<'a> {
    /// Reads a frame's DATA; `None` if it has none of these forms. Only the first word
    /// decides what it is, so a text can hold any of the others.
    #[must_use]
    pub fn parse(data: &'a str) -> Option<Self> {
        let (word, rest) = match data.split_once('|') {
            Some((word, rest)) => (word, Some(rest)),
            None => (data, None),
        };
        if word == "&&LOGOUT&&" {
            // Some senders close every list with a `|`.
            return rest.is_none_or(str::is_empty).then_some(Self::Logout);
        }
        let rest = rest?;
        if word == "&&MESSAGE&&" {
            return Some(Self::Message { text: rest });
        }
        let mut fields: Vec<&str> = rest.strip_suffix('|').unwrap_or(rest).split('|').collect();
        Some(match (word, &fields[..]) {
            ("&&REGISTER&&", &[name, port]) => Self::Register { name, port: parse_port(port)? },
            ("&&SEARCH&&", &[peer, me]) => Self::Search { peer, me },
            ("&&CHATREQUEST&&", &[peer, me]) => Self::ChatRequest { peer, me },
            ("&&OK&&", &[me, asker, port]) => Self::Ok { me, asker, port: parse_port(port)? },
            ("&&REJECT&&", &[me, asker]) => Self::Reject { me, asker },
            ("&&EXIT&&", &[me]) => Self::Exit { me },
            ("&&GROUPCHAT&&", &[me, ..]) => Self::GroupChat { me, peers: fields.split_off(1) },
            ("&&OKGROUP&&", &[me, room]) => Self::OkGroup { me, room: parse_room(room)? },
            ("&&REJECTGROUP&&", &[me, room]) => Self::RejectGroup { me, room: parse_room(room)? },
            ("&&EXITGROUP&&", &[me]) => Self::ExitGroup { me },
            _ => return None,
        })
    }

    /// Who the sender says it is.
    #[must_use]
    pub fn claimed(&self) -> Option<&'a str> {
        match self {
            Self::Register { .. } | Self::Message { .. } | Self::Logout => None,
            Self::Search { me, .. }
            | Self::ChatRequest { me, .. }
            | Self::Ok { me, .. }
            | Self::Reject { me, .. }
            | Self::Exit { me }
            | Self::GroupChat { me, .. }
            | Self::OkGroup { me, .. }
            | Self::RejectGroup { me, .. }
            | Self::ExitGroup { me } => Some(me),
        }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { name, port } => write!(f, "&&REGISTER&&|{name}|{port}"),
            Self::Search { peer, me } => write!(f, "&&SEARCH&&|{peer}|{me}"),
            Self::ChatRequest { peer, me } => write!(f, "&&CHATREQUEST&&|{peer}|{me}"),
            Self::Ok { me, asker, port } => write!(f, "&&OK&&|{me}|{asker}|{port}"),
            Self::Reject { me, asker } => write!(f, "&&REJECT&&|{me}|{asker}"),
            Self::Exit { me } => write!(f, "&&EXIT&&|{me}"),
            Self::GroupChat { me, peers } => {
                write!(f, "&&GROUPCHAT&&|{me}|")?;
                peers.iter().try_for_each(|peer| write!(f, "{peer}|"))
            }
            Self::OkGroup { me, room } => write!(f, "&&OKGROUP&&|{me}|{room}"),
            Self::RejectGroup { me, room } => write!(f, "&&REJECTGROUP&&|{me}|{room}"),
            Self::ExitGroup { me } => write!(f, "&&EXITGROUP&&|{me}"),
            Self::Message { text } => write!(f, "&&MESSAGE&&|{text}"),
            Self::Logout => f.write_str("&&LOGOUT&&"),
        }
    }
}

fn parse_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

fn parse_room(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// The datagram that says that `name` is still there: one frame, `&&HELLO&&|name`.
#[must_use]
pub fn hello(name: &str) -> Option<Bytes> {
    frame::encode(&format!("&&HELLO&&|{name}"))
}

/// Reads such a datagram: the name. `None` for anything else.
#[must_use]
pub fn parse_hello(mut datagram: &[u8]) -> Option<String> {
    let mut decoder = frame::Decoder::new(datagram.len());
    let name = decoder.next(&mut datagram).ok()??.strip_prefix("&&HELLO&&|")?;
    let name = name.strip_suffix('|').unwrap_or(name).to_owned();
    datagram.is_empty().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Request::{ExitGroup, GroupChat, Logout, Message, OkGroup, Register, Search};
    use proptest::prelude::*;

    #[test]
    fn table() {
        let group = |peers: &[&'static str]| Some(GroupChat { me: "a", peers: peers.to_vec() });
        for (data, expected) in [
            ("&&REGISTER&&|ali|7820", Some(Register { name: "ali", port: 7820 })),
            ("&&REGISTER&&||1", Some(Register { name: "", port: 1 })),
            ("&&REGISTER&&|ali|0", None),
            ("&&REGISTER&&|ali|65536", None),
            ("&&REGISTER&&|ali|-1", None),
            ("&&REGISTER&&|ali", None),
            ("&&REGISTER&&|a|b|1", None),
            ("&&SEARCH&&|bob|ali", Some(Search { peer: "bob", me: "ali" })),
            ("&&SEARCH&&|bob", None),
            ("&&OK&&|bob|ali|x", None),
            ("&&GROUPCHAT&&|a|b|c|", group(&["b", "c"])),
            ("&&GROUPCHAT&&|a|b|c", group(&["b", "c"])),
            ("&&GROUPCHAT&&|a|", group(&[])),
            ("&&OKGROUP&&|a|12", Some(OkGroup { me: "a", room: 12 })),
            ("&&OKGROUP&&|a|twelve", None),
            ("&&EXITGROUP&&|a", Some(ExitGroup { me: "a" })),
            ("&&MESSAGE&&|a: x|y && OK", Some(Message { text: "a: x|y && OK" })),
            ("&&MESSAGE&&|&&LOGOUT&&", Some(Message { text: "&&LOGOUT&&" })),
            ("&&MESSAGE&&|", Some(Message { text: "" })),
            ("&&MESSAGE&&", None),
            ("&&LOGOUT&&", Some(Logout)),
            ("&&LOGOUT&&|ali", None),
            (" &&LOGOUT&&", None),
            ("well, &&LOGOUT&&", None),
            ("&&logout&&", None),
            ("", None),
            ("OK", None),
        ] {
            assert_eq!(Request::parse(data), expected, "{data:?}");
        }
    }

    #[test]
    fn hellos() {
        assert_eq!(hello("ali").unwrap(), &b"13   &&HELLO&&|ali"[..]);
        assert_eq!(parse_hello(b"13   &&HELLO&&|ali"), Some("ali".into()));
        assert_eq!(parse_hello(b" 13  &&HELLO&&|ali"), Some("ali".into()));
        assert_eq!(parse_hello(b"14   &&HELLO&&|ali|"), Some("ali".into()));
        for wrong in [
            &b""[..],
            b"13   ",
            b"12   &&HELLO&&|ali",
            b"14   &&HELLO&&|ali",
            b"99999&&HELLO&&|ali",
            b"3    ali",
            b"13   &&HELLO&&|al\xff",
        ] {
            assert_eq!(parse_hello(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(name in "[a-z]{1,5}", other in "[a-z]{1,5}", text in ".*", number in 1u16.., kind in 0..12) {
            let (me, peer, port, room) = (&*name, &*other, number, u64::from(number));
            let request = match kind {
                0 => Register { name: me, port },
                1 => Search { peer, me },
                2 => Request::ChatRequest { peer, me },
                3 => Request::Ok { me, asker: peer, port },
                4 => Request::Reject { me, asker: peer },
                5 => Request::Exit { me },
                6 => GroupChat { me, peers: vec![peer, me] },
                7 => OkGroup { me, room },
                8 => Request::RejectGroup { me, room },
                9 => ExitGroup { me },
                10 => Message { text: &text },
                _ => Logout,
            };
            let data = request.to_string();
            prop_assert_eq!(Request::parse(&data), Some(request));
        }

        #[test]
        fn anything_may_come(data in "(&&[A-Z]{0,11}&&)?(\\|.{0,9}){0,4}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Request::parse(&data);
            let _ = parse_hello(&bytes);
        }
    }
}
