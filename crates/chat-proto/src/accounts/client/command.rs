//! What a user types once logged in.

use crate::accounts::request::Words;

/// All commands, for who has typed something else.
pub(super) const USAGE: &str = "You may type: message <username> <message>, broadcast <message>, \
     online, block <username>, unblock <username>, getaddress <username>, Y <username>, \
     N <username>, private <username> <message>, logout";

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// A request to the server: the verb, and what follows the user's own name.
    Ask {
        verb: &'a str,
        rest: &'a str,
    },
    GetAddress {
        target: &'a str,
    },
    Private {
        target: &'a str,
        text: &'a str,
    },
    Logout,
}

impl<'a> Command<'a> {
    /// Reads one line; what should have been typed instead if it is no command.
    pub(super) fn parse(line: &'a str) -> Result<Self, &'static str> {
        let mut words = Words(line);
        let Some(verb) = words.next() else { return Err(USAGE) };
        let after = words;
        let first = words.next();
        let (needed, usage) = match verb {
            "online" => return Ok(Self::Ask { verb, rest: "" }),
            "logout" => return Ok(Self::Logout),
            "broadcast" => (first.is_some(), "You may type: broadcast <message>"),
            "message" => (words.next().is_some(), "You may type: message <username> <message>"),
            "private" => (words.next().is_some(), "You may type: private <username> <message>"),
            "block" => (first.is_some(), "You may type: block <username>"),
            "unblock" => (first.is_some(), "You may type: unblock <username>"),
            "getaddress" => (first.is_some(), "You may type: getaddress <username>"),
            "Y" => (first.is_some(), "You may type: Y <username>"),
            "N" => (first.is_some(), "You may type: N <username>"),
            _ => return Err(USAGE),
        };
        let Some(target) = first.filter(|_| needed) else { return Err(usage) };
        Ok(match verb {
            "broadcast" => Self::Ask { verb, rest: after.rest() },
            "message" => Self::Ask { verb, rest: after.rest().trim_start_matches([' ', '\t']) },
            "private" => {
                let mut words = after;
                words.next();
                Self::Private { target, text: words.rest() }
            }
            "getaddress" => Self::GetAddress { target },
            _ => Self::Ask { verb, rest: target },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let ask = |verb, rest| Ok(Command::Ask { verb, rest });
        for (line, expected) in [
            ("online", ask("online", "")),
            ("message columbia hi  there ", ask("message", "columbia hi  there ")),
            (" message  columbia  hi", ask("message", "columbia  hi")),
            ("broadcast good day", ask("broadcast", "good day")),
            ("block seas ", ask("block", "seas")),
            ("unblock seas", ask("unblock", "seas")),
            ("Y seas", ask("Y", "seas")),
            ("N seas", ask("N", "seas")),
            ("getaddress columbia", Ok(Command::GetAddress { target: "columbia" })),
            ("private columbia a b", Ok(Command::Private { target: "columbia", text: "a b" })),
            ("logout", Ok(Command::Logout)),
            ("message columbia", Err("You may type: message <username> <message>")),
            ("block", Err("You may type: block <username>")),
            ("", Err(USAGE)),
            ("hello", Err(USAGE)),
        ] {
            assert_eq!(Command::parse(line), expected, "{line:?}");
        }
    }
}
