//! What the servers speak, as far as a load needs it.

use chat_proto::{direct, frame};
use clap::ValueEnum;

/// A chat system: how to get in, to say a line, and what others then hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dialect {
    /// The bare loop: what one sends, all others hear
    Bare,
    /// `chat-server room`
    Room,
    /// `chat-server direct`: each user writes to one other
    Direct,
    /// IRC (RFC 2812): a channel that everybody is in
    Irc,
}

/// Something to say on the way in, and the answer that ends the waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) say: Vec<u8>,
    pub(crate) until: &'static [u8],
}

const CHANNEL: &str = "#load";

impl Dialect {
    /// What a new connection says, one after the other.
    pub(crate) fn greeting(self, user: usize) -> Vec<Step> {
        let name = name(user);
        match self {
            Self::Bare | Self::Room => Vec::new(),
            // Something wrong, because a good name is not answered.
            Self::Direct => vec![Step {
                say: [frame::encode(&name), frame::encode("?")].concat(),
                until: direct::FORMAT_ERROR.as_bytes(),
            }],
            Self::Irc => vec![
                Step {
                    say: format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\n").into_bytes(),
                    until: b" 001 ",
                },
                Step { say: format!("JOIN {CHANNEL}\r\n").into_bytes(), until: b" 366 " },
            ],
        }
    }

    /// True if a line reaches everybody, not one partner.
    pub(crate) fn has_room(self) -> bool {
        self != Self::Direct
    }

    /// True if the sender hears its own line, as the bytes it sent.
    pub(crate) fn echoes(self) -> bool {
        self == Self::Room
    }

    /// Before and after the text in what a sender writes.
    pub(crate) fn envelope(self) -> (Vec<u8>, Vec<u8>) {
        match self {
            Self::Bare | Self::Room | Self::Direct => (Vec::new(), b"\n".to_vec()),
            Self::Irc => (format!("PRIVMSG {CHANNEL} :").into_bytes(), b"\r\n".to_vec()),
        }
    }

    /// Where what a receiver hears of one line begins, in bytes before the text's line.
    pub(crate) fn lead(self) -> &'static [u8] {
        match self {
            Self::Room => b"\n",
            Self::Bare | Self::Direct | Self::Irc => b"",
        }
    }

    /// What `user` writes to say `text` (to its partner, where there is no room).
    pub(crate) fn say(self, user: usize, text: &str) -> Vec<u8> {
        if self == Self::Direct {
            return frame::encode(&format!("To {}:{text}", name(partner(user)))).to_vec();
        }
        let (before, after) = self.envelope();
        [&before[..], text.as_bytes(), &after[..]].concat()
    }
}

/// Who hears what `user` writes, where there is no room.
pub(crate) fn partner(user: usize) -> usize {
    user ^ 1
}

/// At most nine characters, as old IRC servers want it.
fn name(user: usize) -> String {
    format!("u{user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_they_are_sent() {
        for (dialect, bytes) in [
            (Dialect::Bare, "hi\n"),
            (Dialect::Room, "hi\n"),
            (Dialect::Direct, "8:To u5:hi"),
            (Dialect::Irc, "PRIVMSG #load :hi\r\n"),
        ] {
            assert_eq!(dialect.say(4, "hi"), bytes.as_bytes());
        }
    }
}
