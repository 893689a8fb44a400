//! What a person types into a client.

use super::Id;
use thiserror::Error;

/// A line, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// `message ID_OR_NAME TEXT`.
    Message {
        /// A number or a name without blanks.
        to: &'a str,
        /// Everything after the one blank that follows.
        text: &'a str,
    },
    /// `users`.
    Users,
    /// `state`.
    State,
    /// `quit [TEXT]`.
    Quit(&'a str),
    /// Nothing but blanks.
    Nothing,
}

/// Why a line is not a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// No such command.
    #[error(
        "there is no command `{0}`; type `message ID_OR_NAME TEXT`, `users`, `state` or `quit [TEXT]`"
    )]
    Unknown(String),
    /// A message without receiver or text.
    #[error("write `message ID_OR_NAME TEXT`, as in `message 103 hello`")]
    Incomplete,
}

impl<'a> Command<'a> {
    /// Reads one line. Commands may be written in capitals; quotation marks belong to the text.
    ///
    /// # Errors
    /// When it is not a command.
    pub fn parse(line: &'a str) -> Result<Self, CommandError> {
        let (word, rest) = split(line.trim_start());
        match word.to_ascii_lowercase().as_str() {
            "" => Ok(Self::Nothing),
            "message" => {
                let (to, text) = split(rest.trim_start());
                if to.is_empty() || text.is_empty() {
                    return Err(CommandError::Incomplete);
                }
                Ok(Self::Message { to, text })
            }
            "users" => Ok(Self::Users),
            "state" => Ok(Self::State),
            "quit" => Ok(Self::Quit(rest)),
            _ => Err(CommandError::Unknown(word.to_owned())),
        }
    }
}

/// The id that `text` is a number of. [`Id::NONE`] is nobody's.
pub(super) fn parse_id(text: &str) -> Option<Id> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| is_number && *id != 0).map(Id)
}

fn split(text: &str) -> (&str, &str) {
    text.split_once([' ', '\t']).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let message = |to, text| Ok(Command::Message { to, text });
        for (line, command) in [
            ("message 103 hello", message("103", "hello")),
            ("MESSAGE  elrond \"a  b\" ", message("elrond", "\"a  b\" ")),
            ("  users ", Ok(Command::Users)),
            ("state", Ok(Command::State)),
            ("quit", Ok(Command::Quit(""))),
            ("Quit so long, \u{e9}", Ok(Command::Quit("so long, \u{e9}"))),
            ("  ", Ok(Command::Nothing)),
            ("message", Err(CommandError::Incomplete)),
            ("message 103", Err(CommandError::Incomplete)),
            ("message 103 ", Err(CommandError::Incomplete)),
            ("hello", Err(CommandError::Unknown("hello".into()))),
        ] {
            assert_eq!(Command::parse(line), command, "{line:?}");
        }
        for (text, id) in [("7", Some(Id(7))), ("4294967295", Some(Id(u32::MAX)))] {
            assert_eq!(parse_id(text), id);
        }
        for text in ["", "0", "+7", "4294967296", "x"] {
            assert_eq!(parse_id(text), None, "{text:?}");
        }
    }
}
