//! What a client may ask for: one line of words separated by blanks.

use super::WITH;
use std::net::{IpAddr, SocketAddr};

/// A request, and the token before it if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// `with TOKEN`.
    pub token: Option<&'a str>,
    /// What it asks for.
    pub request: Request<'a>,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// `login USER IP PORT`: is there such a user?
    Login {
        /// The name.
        user: &'a str,
    },
    /// `check_password USER PASSWORD TRY IP PORT`.
    CheckPassword {
        /// The name.
        user: &'a str,
        /// The password.
        password: &'a str,
        /// TRY begins with a zero: the client understands receipts.
        receipts: bool,
        /// Where this session is to be reached.
        push: SocketAddr,
    },
    /// `online`: who is?
    Online,
    /// A request that names who makes it.
    From {
        /// The name.
        user: &'a str,
        /// What that user wants.
        ask: Ask<'a>,
    },
}

/// What a user may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask<'a> {
    /// `message USER TARGET TEXT…`.
    Message {
        /// For whom.
        target: &'a str,
        /// All that follows the blank after TARGET.
        text: &'a str,
    },
    /// `broadcast USER TEXT…`.
    Broadcast {
        /// All that follows the blank after USER.
        text: &'a str,
    },
    /// `block USER TARGET`.
    Block {
        /// Whom.
        target: &'a str,
    },
    /// `unblock USER TARGET`.
    Unblock {
        /// Whom.
        target: &'a str,
    },
    /// `getaddress USER TARGET`.
    GetAddress {
        /// Whose.
        target: &'a str,
    },
    /// `Y ME ASKER`, `N ME ASKER`.
    Answer {
        /// Who wanted the address.
        asker: &'a str,
        /// Y.
        agreed: bool,
    },
    /// `heartbeat USER`.
    Heartbeat,
    /// `logout USER`.
    Logout,
}

impl<'a> Signed<'a> {
    /// Reads one line, without its end. `None` if it is no request.
    #[must_use]
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut words = Words(line);
        let mut verb = words.next()?;
        let token = if verb == WITH.trim_end() {
            let token = words.next()?;
            verb = words.next()?;
            Some(token)
        } else {
            None
        };
        Some(Self { token, request: Request::parse(verb, words)? })
    }
}

impl<'a> Request<'a> {
    fn parse(verb: &str, mut words: Words<'a>) -> Option<Self> {
        let ask = |user, ask| Some(Self::From { user, ask });
        match verb {
            "login" => Some(Self::Login { user: words.next()? }),
            "check_password" => {
                let (user, password) = (words.next()?, words.next()?);
                let (tries, ip, port) = (words.next()?, words.next()?, words.next()?);
                let ip: IpAddr = ip.parse().ok()?;
                let push = SocketAddr::new(ip, port.parse().ok().filter(|port| *port > 0)?);
                let receipts = tries.len() > 1 && tries.starts_with('0');
                Some(Self::CheckPassword { user, password, receipts, push })
            }
            "online" => Some(Self::Online),
            "message" => {
                let (user, target) = (words.next()?, words.next()?);
                ask(user, Ask::Message { target, text: words.rest() })
            }
            "broadcast" => {
                let user = words.next()?;
                ask(user, Ask::Broadcast { text: words.rest() })
            }
            "block" => ask(words.next()?, Ask::Block { target: words.next()? }),
            "unblock" => ask(words.next()?, Ask::Unblock { target: words.next()? }),
            "getaddress" => ask(words.next()?, Ask::GetAddress { target: words.next()? }),
            "Y" | "N" => {
                let agreed = verb == "Y";
                ask(words.next()?, Ask::Answer { asker: words.next()?, agreed })
            }
            "heartbeat" => ask(words.next()?, Ask::Heartbeat),
            "logout" => ask(words.next()?, Ask::Logout),
            _ => None,
        }
    }
}

/// Words separated by blanks (spaces and tabs), from the left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a>(pub(super) &'a str);

impl<'a> Words<'a> {
    /// The next word.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let line = self.0.trim_start_matches([' ', '\t']);
        let end = line.find([' ', '\t']).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    /// All that follows the one blank after the last word.
    pub(super) fn rest(self) -> &'a str {
        self.0.strip_prefix([' ', '\t']).unwrap_or(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from<'a>(user: &'a str, ask: Ask<'a>) -> Option<Request<'a>> {
        Some(Request::From { user, ask })
    }

    #[test]
    fn table() {
        let push = "10.0.0.1:4000".parse().unwrap();
        let check =
            |receipts| Some(Request::CheckPassword { user: "a", password: "pw", receipts, push });
        for (line, expected) in [
            ("login columbia 10.0.0.1 4000", Some(Request::Login { user: "columbia" })),
            ("check_password a pw 1 10.0.0.1 4000", check(false)),
            ("check_password a pw 01 10.0.0.1 4000", check(true)),
            ("check_password a pw 0 10.0.0.1 4000", check(false)),
            ("check_password a pw 1 10.0.0.1 0", None),
            ("check_password a pw 1 10.0.0.1 65536", None),
            ("check_password a pw 1 h1 4000", None),
            ("check_password a pw 1 10.0.0.1", None),
            ("online", Some(Request::Online)),
            ("online ", Some(Request::Online)),
            (
                "message a b  two  blanks ",
                from("a", Ask::Message { target: "b", text: " two  blanks " }),
            ),
            ("message  a \t b x", from("a", Ask::Message { target: "b", text: "x" })),
            ("message a b", from("a", Ask::Message { target: "b", text: "" })),
            ("message a", None),
            ("broadcast a \u{20ac} b", from("a", Ask::Broadcast { text: "\u{20ac} b" })),
            ("block a b", from("a", Ask::Block { target: "b" })),
            ("unblock a b", from("a", Ask::Unblock { target: "b" })),
            ("getaddress a b", from("a", Ask::GetAddress { target: "b" })),
            ("Y a b", from("a", Ask::Answer { asker: "b", agreed: true })),
            ("N a b", from("a", Ask::Answer { asker: "b", agreed: false })),
            ("y a b", None),
            ("heartbeat a", from("a", Ask::Heartbeat)),
            ("logout a", from("a", Ask::Logout)),
            ("logout", None),
            ("", None),
            (" ", None),
            ("messages a b c", None),
        ] {
            let found = Signed::parse(line);
            assert_eq!(found.map(|signed| signed.request), expected, "{line:?}");
            assert!(found.is_none_or(|signed| signed.token.is_none()));
        }
    }

    #[test]
    fn a_token_goes_before_everything() {
        let signed = Signed::parse("with 0f message a b hi").unwrap();
        assert_eq!(signed.token, Some("0f"));
        assert_eq!(Some(signed.request), from("a", Ask::Message { target: "b", text: "hi" }));
        assert_eq!(Signed::parse("with 0f"), None);
        assert_eq!(Signed::parse("with"), None);
    }
}
