//! What the registry says to clients.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// The DATA of a registry's frame. Texts are for people, and hold no `|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<'a> {
    /// `&&FOUND&&|text`
    Found(Cow<'a, str>),
    /// `&&NOTFOUND&&|text`
    NotFound(Cow<'a, str>),
    /// `&&INVALIDSEARCH&&|text`: one asked for oneself.
    InvalidSearch(Cow<'a, str>),
    /// `&&BUSY&&|text`
    Busy(Cow<'a, str>),
    /// `&&CLIENTOK&&|text|ip|port`: a private chat begins.
    ClientOk {
        /// What the user is told.
        text: Cow<'a, str>,
        /// Where the other listens; none: where the registry is (`text|port`, from old registries).
        ip: Option<IpAddr>,
        /// The port of that.
        port: u16,
    },
    /// `&&CLIENTEXIT&&|text`: the private chat is over.
    ClientExit(Cow<'a, str>),
    /// `&&LOGOUTSUCCESS&&`
    LogoutSuccess,
    /// Anything else: a text, or a message `NAME: text` from a room.
    Text(Cow<'a, str>),
}

impl<'a> Reply<'a> {
    /// Reads a frame's DATA. What has none of the forms is a text. A word without a text, as some
    /// registries send it, gets one.
    #[must_use]
    pub fn parse(data: &'a str) -> Self {
        let (word, text) = data.split_once('|').unwrap_or((data, ""));
        let whole = Cow::Borrowed(data);
        let text_or = |otherwise: &'static str| said(text, otherwise);
        match word {
            "&&FOUND&&" => Self::Found(text_or("the user is online")),
            "&&NOTFOUND&&" => Self::NotFound(text_or("the user is not online")),
            "&&INVALIDSEARCH&&" => Self::InvalidSearch(text_or("you cannot search for yourself")),
            "&&BUSY&&" => Self::Busy(text_or("the user is busy. try again later.")),
            "&&CLIENTOK&&" => client_ok(&data[word.len()..]).unwrap_or(Self::Text(whole)),
            "&&CLIENTEXIT&&" => Self::ClientExit(text_or("the private chat is over")),
            "&&LOGOUTSUCCESS&&" => Self::LogoutSuccess,
            // A room's message as its sender wrote it.
            "&&MESSAGE&&" => Self::Text(text.into()),
            _ => Self::Text(whole),
        }
    }
}

fn said<'a>(text: &'a str, otherwise: &'static str) -> Cow<'a, str> {
    if text.is_empty() { otherwise } else { text }.into()
}

/// `|text|ip|port`, or `|text|port`.
fn client_ok(fields: &str) -> Option<Reply<'_>> {
    let (rest, port) = fields.strip_prefix('|')?.rsplit_once('|')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let (text, ip) = match rest.rsplit_once('|') {
        Some((text, ip)) => (text, Some(ip.parse().ok()?)),
        None => (rest, None),
    };
    Some(Reply::ClientOk { text: said(text, "you can send your message now!"), ip, port })
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(text) => write!(f, "&&FOUND&&|{text}"),
            Self::NotFound(text) => write!(f, "&&NOTFOUND&&|{text}"),
            Self::InvalidSearch(text) => write!(f, "&&INVALIDSEARCH&&|{text}"),
            Self::Busy(text) => write!(f, "&&BUSY&&|{text}"),
            Self::ClientOk { text, ip: Some(ip), port } => {
                write!(f, "&&CLIENTOK&&|{text}|{ip}|{port}")
            }
            Self::ClientOk { text, ip: None, port } => write!(f, "&&CLIENTOK&&|{text}|{port}"),
            Self::ClientExit(text) => write!(f, "&&CLIENTEXIT&&|{text}"),
            Self::LogoutSuccess => f.write_str("&&LOGOUTSUCCESS&&"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let ok = |ip: Option<&str>, port| Reply::ClientOk {
            text: "go".into(),
            ip: ip.map(|ip| ip.parse().unwrap()),
            port,
        };
        for (data, expected) in [
            ("&&FOUND&&|bob is at 10.0.0.2:7", Reply::Found("bob is at 10.0.0.2:7".into())),
            ("&&BUSY&&|try again", Reply::Busy("try again".into())),
            ("&&CLIENTOK&&|go|10.0.0.2|7", ok(Some("10.0.0.2"), 7)),
            ("&&CLIENTOK&&|go|fe80::1|7", ok(Some("fe80::1"), 7)),
            ("&&CLIENTOK&&|go|7", ok(None, 7)),
            ("&&CLIENTOK&&|go|0", Reply::Text("&&CLIENTOK&&|go|0".into())),
            ("&&CLIENTOK&&|go|h2|7", Reply::Text("&&CLIENTOK&&|go|h2|7".into())),
            ("&&CLIENTOK&&", Reply::Text("&&CLIENTOK&&".into())),
            ("&&CLIENTEXIT&&|bye", Reply::ClientExit("bye".into())),
            ("&&LOGOUTSUCCESS&&", Reply::LogoutSuccess),
            ("&&MESSAGE&&|ali: hi|ho", Reply::Text("ali: hi|ho".into())),
            ("ali: &&LOGOUTSUCCESS&&", Reply::Text("ali: &&LOGOUTSUCCESS&&".into())),
            ("", Reply::Text("".into())),
        ] {
            assert_eq!(Reply::parse(data), expected, "{data:?}");
            if !data.starts_with("&&MESSAGE&&") {
                assert_eq!(expected.to_string(), data);
            }
        }
    }

    #[test]
    fn a_word_without_a_text_gets_one() {
        for end in ["", "|"] {
            for (word, expected) in [
                ("&&FOUND&&", Reply::Found("the user is online".into())),
                ("&&NOTFOUND&&", Reply::NotFound("the user is not online".into())),
                (
                    "&&INVALIDSEARCH&&",
                    Reply::InvalidSearch("you cannot search for yourself".into()),
                ),
                ("&&BUSY&&", Reply::Busy("the user is busy. try again later.".into())),
                ("&&CLIENTEXIT&&", Reply::ClientExit("the private chat is over".into())),
            ] {
                assert_eq!(Reply::parse(&format!("{word}{end}")), expected);
            }
        }
        let text = "you can send your message now!".into();
        let ok = Reply::ClientOk { text, ip: None, port: 7 };
        assert_eq!(Reply::parse("&&CLIENTOK&&||7"), ok);
    }
}
