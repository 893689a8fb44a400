//! What a client hears by itself: pushes of the server, and private messages.

use super::WITH;
use super::request::Words;
use std::net::{IpAddr, SocketAddr};

/// One line that somebody connected to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push<'a> {
    /// `print TEXT`: show it.
    Print(&'a str),
    /// `logout`: the user has logged in elsewhere.
    Logout,
    /// `address NAME IP PORT`: that user has agreed to talk.
    Address {
        /// Who.
        name: &'a str,
        /// Where.
        address: SocketAddr,
    },
    /// `refused NAME`: that user has not agreed.
    Refused(&'a str),
    /// `private NAME: TEXT`, from another client.
    Private {
        /// Who says so.
        name: &'a str,
        /// The text.
        text: &'a str,
    },
    /// `with TOKEN ID PUSH`: a push that asks for a receipt.
    With {
        /// The session's.
        token: &'a str,
        /// Which push it is.
        id: &'a str,
        /// The rest of the line.
        push: &'a str,
    },
}

impl<'a> Push<'a> {
    /// Reads one line. `None` if it is none of these.
    #[must_use]
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut words = Words(line);
        match words.next()? {
            "print" => Some(Self::Print(words.rest())),
            "logout" => Some(Self::Logout),
            "address" => {
                let name = words.next()?;
                let ip: IpAddr = words.next()?.parse().ok()?;
                let port = words.next()?.parse().ok()?;
                Some(Self::Address { name, address: SocketAddr::new(ip, port) })
            }
            "refused" => Some(Self::Refused(words.next()?)),
            "private" => {
                let name = words.next()?.strip_suffix(':').filter(|name| !name.is_empty())?;
                Some(Self::Private { name, text: words.rest() })
            }
            word if word == WITH.trim_end() => {
                Some(Self::With { token: words.next()?, id: words.next()?, push: words.rest() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let address = "192.168.0.102:59316".parse().unwrap();
        for (line, expected) in [
            ("print seas: hi", Some(Push::Print("seas: hi"))),
            ("print  two ", Some(Push::Print(" two "))),
            ("logout", Some(Push::Logout)),
            (
                "address columbia 192.168.0.102 59316",
                Some(Push::Address { name: "columbia", address }),
            ),
            ("address columbia here 59316", None),
            ("address columbia 1.2.3.4 99999", None),
            ("refused columbia", Some(Push::Refused("columbia"))),
            (
                "private seas: how are: you",
                Some(Push::Private { name: "seas", text: "how are: you" }),
            ),
            ("private seas hi", None),
            ("private : hi", None),
            (
                "with 0f 1-2 print x: y",
                Some(Push::With { token: "0f", id: "1-2", push: "print x: y" }),
            ),
            ("with 0f", None),
            ("prints x", None),
            ("", None),
        ] {
            assert_eq!(Push::parse(line), expected, "{line:?}");
        }
    }
}
