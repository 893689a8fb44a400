//! What a user types.

use super::Request;

/// A typed line.
///
/// Commands are whole lines in capitals with the right number of words. Everything else is a
/// message, also a text that only begins with such a word: `OK let us go`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// `SEARCH x`, `CHAT REQUEST x`, `OK x`, `REJECT x`, `GROUP CHAT a b c`, `OK GROUP k`,
    /// `REJECT GROUP k`, `EXIT`, `EXIT GROUP` or `LOGOUT`
    Request(Request<'a>),
    /// Anything else, as it was typed.
    Message(&'a str),
}

impl<'a> Command<'a> {
    /// Reads a line of the user `me`, who listens for peers on `port`.
    #[must_use]
    pub fn parse(line: &'a str, me: &'a str, port: u16) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let request = match words[..] {
            ["SEARCH", peer] => Request::Search { peer, me },
            ["CHAT", "REQUEST", peer] => Request::ChatRequest { peer, me },
            ["OK", asker] => Request::Ok { me, asker, port },
            ["REJECT", asker] => Request::Reject { me, asker },
            ["GROUP", "CHAT", _, ..] => Request::GroupChat { me, peers: words[2..].to_vec() },
            ["OK" | "REJECT", "GROUP", number] => match (number.parse(), words[0]) {
                (Ok(room), "OK") => Request::OkGroup { me, room },
                (Ok(room), _) => Request::RejectGroup { me, room },
                (Err(_), _) => return Self::Message(line),
            },
            ["EXIT"] => Request::Exit { me },
            ["EXIT", "GROUP"] => Request::ExitGroup { me },
            ["LOGOUT"] => Request::Logout,
            _ => return Self::Message(line),
        };
        // A `|` would make other fields of it.
        if words.iter().any(|word| word.contains('|')) {
            return Self::Message(line);
        }
        Self::Request(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let me = "ali";
        for (line, expected) in [
            ("SEARCH bob", Request::Search { peer: "bob", me }),
            ("  CHAT  REQUEST bob ", Request::ChatRequest { peer: "bob", me }),
            ("OK bob", Request::Ok { me, asker: "bob", port: 7 }),
            ("OK GROUP", Request::Ok { me, asker: "GROUP", port: 7 }),
            ("REJECT bob", Request::Reject { me, asker: "bob" }),
            ("GROUP CHAT b", Request::GroupChat { me, peers: vec!["b"] }),
            ("GROUP CHAT b c d", Request::GroupChat { me, peers: vec!["b", "c", "d"] }),
            ("OK GROUP 3", Request::OkGroup { me, room: 3 }),
            ("REJECT GROUP 3", Request::RejectGroup { me, room: 3 }),
            ("EXIT", Request::Exit { me }),
            ("EXIT GROUP", Request::ExitGroup { me }),
            ("LOGOUT", Request::Logout),
        ] {
            assert_eq!(Command::parse(line, me, 7), Command::Request(expected), "{line:?}");
        }
    }

    /// In the original every text that held such a word was taken for the command.
    #[test]
    fn texts_are_messages() {
        for line in [
            "",
            "OK",
            "ok bob",
            "OK let us go",
            "I am OK",
            "OKAY bob",
            "OK GROUP three",
            "SEARCH",
            "SEARCH for the truth",
            "we SEARCH bob",
            "CHAT REQUEST",
            "GROUP CHAT",
            "EXIT now",
            "LOGOUT?",
            "OK a|b",
            "&&LOGOUT&&",
            "&&OK&&|a|b|1",
        ] {
            assert_eq!(Command::parse(line, "ali", 7), Command::Message(line));
        }
    }
}
