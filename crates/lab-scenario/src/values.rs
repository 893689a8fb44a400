//! Values that a text can stand for: durations, numbers, signals, keys,
//! addresses and words of a fixed choice.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::codes::Code;
use crate::lab::Share;
use crate::plan::{BackendKind, LinkState, Signal, Stdio};
use crate::schema::{self, Written};
use crate::suggest;
use crate::topology::{AddressError, InterfaceAddress, MacAddress, SwitchKind};

/// The longest duration: a day. A longer one is a mistake.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a text is no such value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadValue {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl BadValue {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// What can be read from a text.
pub(crate) trait FromText: Sized {
    /// Reads it.
    fn from_text(text: &str) -> Result<Self, BadValue>;

    /// The JSON Schema of scalars that it can be read from; it refuses none.
    fn schema() -> Value;
}

/// Texts that match a regular expression (as JavaScript has them).
fn matching(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

impl FromText for Duration {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        read_duration(text)
    }

    fn schema() -> Value {
        let pattern = r"^\d+(\.\d+)*\s*(us|µs|ms|s|m|min|h)$";
        let examples = ["300ms", "1.5s", "20s", "2m"];
        let value = json!({"type": "string", "pattern": pattern, "examples": examples});
        schema::called("duration", value)
    }
}

/// A duration as scenarios write them, for whoever takes one elsewhere.
///
/// # Errors
/// What is wrong with the text and what to write instead, in one line.
pub fn duration(text: &str) -> Result<Duration, String> {
    read_duration(text).map_err(|bad| match bad.help {
        Some(help) => format!("{}: {help}", bad.message),
        None => bad.message,
    })
}

/// A number and its unit: `300ms`, `1.5s`, `20s`, `2m`, `1h`.
fn read_duration(text: &str) -> Result<Duration, BadValue> {
    const HELP: &str = "write a number and a unit: `300ms`, `1.5s`, `20s`, `2m`";
    let bad = || BadValue::new(Code::Duration, format!("`{text}` is not a duration")).help(HELP);
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
        return Err(match text.strip_prefix('-') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
                BadValue::new(Code::Duration, "a duration cannot be negative")
            }
            _ => bad(),
        });
    }
    let seconds = match unit.trim_start() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" => {
            return Err(BadValue::new(Code::Duration, "a duration needs a unit")
                .help(format!("write `{number}s` for seconds or `{number}ms` for milliseconds")));
        }
        _ => return Err(bad()),
    };
    let number: f64 = number.parse().map_err(|_| bad())?;
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(duration) if duration <= MAX_DURATION => Ok(duration),
        _ => Err(BadValue::new(Code::Duration, "a duration of more than a day")),
    }
}

/// Whole numbers, with the range that the type has.
fn whole(text: &str, least: i64, most: i64) -> Result<i64, BadValue> {
    let range = || match (least, most) {
        (0, i64::MAX) => "write a whole number, 0 or more".to_owned(),
        (1, i64::MAX) => "write a whole number, 1 or more".to_owned(),
        _ => format!("write a whole number from {least} to {most}"),
    };
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("`{text}` is not a whole number");
        return Err(BadValue::new(Code::Number, message).help(range()));
    }
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(BadValue::new(Code::Number, format!("{text} is out of range")).help(range())),
    }
}

/// A whole number of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const LEAST: i64, const MOST: i64>(pub(crate) i64);

impl<const LEAST: i64, const MOST: i64> FromText for Whole<LEAST, MOST> {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        whole(text, LEAST, MOST).map(Self)
    }

    fn schema() -> Value {
        let number = match MOST {
            i64::MAX => json!({"type": "integer", "minimum": LEAST}),
            _ => json!({"type": "integer", "minimum": LEAST, "maximum": MOST}),
        };
        let what = match (LEAST, MOST) {
            (_, i64::MAX) => format!("number from {LEAST}"),
            _ => format!("number from {LEAST} to {MOST}"),
        };
        schema::called(what, schema::any_of([number, matching(r"^-?\d+$")]))
    }
}

/// A port of TCP or UDP.
pub(crate) type Port = Whole<1, 65535>;
/// How a program may end (the kernel keeps eight bits).
pub(crate) type ExitCode = Whole<0, 255>;
/// How often something may happen.
pub(crate) type Count = Whole<0, { i64::MAX }>;
/// How often steps may be repeated.
pub(crate) type Times = Whole<1, 10_000>;
/// Members of a group of processes.
pub(crate) type Members = Whole<1, 1000>;
/// What a check may be worth.
pub(crate) type Points = Whole<0, 1_000_000>;
/// Packets in a queue.
pub(crate) type QueueSize = Whole<1, 1_000_000>;
/// Largest packet: what IPv4 asks for at least (RFC 791), and at most.
pub(crate) type Mtu = Whole<68, 65535>;
/// Parts of a topology.
pub(crate) type Nodes = Whole<1, 4096>;

fn decimal(text: &str, what: &str) -> Result<f64, BadValue> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    match text.parse::<f64>() {
        Ok(number) if is_decimal => Ok(number),
        _ => Err(BadValue::new(Code::Number, format!("`{text}` is not {what}"))),
    }
}

/// Mbit/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bandwidth(pub(crate) f64);

impl FromText for Bandwidth {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        const HELP: &str = "`bw` is in Mbit/s, as in Mininet: write `10`, or `0.5`";
        let number = decimal(text, "a bandwidth").map_err(|bad| bad.help(HELP))?;
        if number > 0.0 && number <= 1e6 {
            return Ok(Self(number));
        }
        Err(BadValue::new(Code::Number, format!("a bandwidth of {text} is out of range"))
            .help(HELP))
    }

    fn schema() -> Value {
        let number = json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000});
        schema::called("Mbit/s", schema::any_of([number, matching(r"^[\d.]+$")]))
    }
}

/// 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Percent(pub(crate) f64);

impl FromText for Percent {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        const HELP: &str = "write a part of a hundred: `1`, `0.5` or `1%`";
        let number = text.strip_suffix('%').map_or(text, str::trim_end);
        let number = decimal(number, "a percentage").map_err(|bad| bad.help(HELP))?;
        if number.is_sign_positive() && number <= 100.0 {
            return Ok(Self(number));
        }
        Err(BadValue::new(Code::Number, format!("{text} is out of range")).help(HELP))
    }

    fn schema() -> Value {
        let number = json!({"type": "number", "minimum": 0, "maximum": 100});
        schema::called("percent", schema::any_of([number, matching(r"^[\d.]+\s*%?$")]))
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => {
                let message = format!("`{text}` is neither `true` nor `false`");
                let bad = BadValue::new(Code::Boolean, message);
                Err(match text.to_ascii_lowercase().as_str() {
                    "yes" | "y" | "on" | "true" | "1" => bad.help("write `true`"),
                    "no" | "n" | "off" | "false" | "0" => bad.help("write `false`"),
                    _ => bad,
                })
            }
        }
    }

    fn schema() -> Value {
        schema::called("`true` or `false`", json!({"enum": [true, false, "true", "false"]}))
    }
}

impl FromText for Signal {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        text.parse().map_err(|_| {
            let bad = BadValue::new(Code::Signal, format!("there is no signal `{text}`"));
            let upper = text.to_ascii_uppercase();
            let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
            match suggest::nearest(bare, Self::names().iter().copied()) {
                Some(meant) => bad.help(format!("did you mean `SIG{meant}`?")),
                None => bad.help("write a name such as `SIGTERM`, or a number from 1 to 64"),
            }
        })
    }

    fn schema() -> Value {
        let names: Vec<String> = Self::names().iter().map(|name| format!("SIG{name}")).collect();
        let number = json!({"type": "integer", "minimum": 1, "maximum": 64});
        // The names are for completion: any case will do, with or without `SIG`.
        let names = json!({"enum": names});
        schema::called("signal", schema::any_of([names, number, matching("^[+A-Za-z0-9]+$")]))
    }
}

/// What a terminal sends for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyByte(pub(crate) u8);

impl FromText for KeyByte {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        let byte = match text.to_ascii_lowercase().as_str() {
            "enter" => b'\r',
            "tab" => b'\t',
            "escape" => 0x1b,
            "backspace" => 0x7f,
            _ => match text.as_bytes() {
                [b'^', b'?'] => 0x7f,
                [b'^', letter @ (b'@'..=b'_' | b'a'..=b'z')] => letter.to_ascii_uppercase() - b'@',
                _ => {
                    return Err(BadValue::new(Code::Key, format!("there is no key `{text}`"))
                        .help("write `^C` for Ctrl-C, or `enter`, `tab`, `escape`, `backspace`"));
                }
            },
        };
        Ok(Self(byte))
    }

    fn schema() -> Value {
        let usual = json!({"enum": ["^C", "^D", "enter", "tab", "escape", "backspace"]});
        let keys = [usual, matching(r"^\^[?-_a-z]$"), matching("^[A-Za-z]+$")];
        schema::called("key", schema::any_of(keys))
    }
}

impl FromText for InterfaceAddress {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        text.parse().map_err(|error: AddressError| {
            let bad = BadValue::new(Code::Address, format!("`{text}` is {error}"));
            match text.parse::<Ipv4Addr>() {
                Ok(_) => bad.help(format!("write `{text}/8` or `{text}/24`, for example")),
                Err(_) => bad,
            }
        })
    }

    fn schema() -> Value {
        schema::called("address with prefix", matching(r"^[\d.]+/\+?\d+$"))
    }
}

impl FromText for MacAddress {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        text.parse().map_err(|error: AddressError| {
            let message = match error {
                AddressError::MacIsMulticast => error.to_string(),
                _ => format!("`{text}` is {error}"),
            };
            BadValue::new(Code::Address, message)
        })
    }

    fn schema() -> Value {
        schema::called("MAC address", matching("^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$"))
    }
}

impl FromText for Ipv4Addr {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        text.parse().map_err(|_| {
            let message = format!("`{text}` is not an IPv4 address, such as 10.0.0.254");
            BadValue::new(Code::Address, message)
        })
    }

    fn schema() -> Value {
        schema::called("address", matching(r"^[\d.]+$"))
    }
}

impl Written for Duration {
    fn written(&self) -> Value {
        match self.subsec_millis() {
            0 => format!("{}s", self.as_secs()).into(),
            _ => format!("{}ms", self.as_millis()).into(),
        }
    }
}

impl Written for Signal {
    fn written(&self) -> Value {
        self.to_string().into()
    }
}

impl Written for u32 {
    fn written(&self) -> Value {
        (*self).into()
    }
}

/// A value that is one of a few words.
trait Choice: Copy + 'static {
    const WORDS: &[(&str, Self)];
}

impl<T: Choice + PartialEq> Written for T {
    fn written(&self) -> Value {
        Self::WORDS.iter().find(|(_, value)| value == self).map(|(word, _)| *word).into()
    }
}

impl Choice for Stdio {
    const WORDS: &[(&str, Self)] = &[("pty", Self::Pty), ("pipe", Self::Pipe)];
}

impl Choice for LinkState {
    const WORDS: &[(&str, Self)] = &[("up", Self::Up), ("down", Self::Down)];
}

impl Choice for BackendKind {
    const WORDS: &[(&str, Self)] = &[("netns", Self::Netns), ("mininet", Self::Mininet)];
}

impl Choice for Share {
    const WORDS: &[(&str, Self)] = &[("nothing", Self::Nothing), ("topology", Self::Topology)];
}

impl Choice for SwitchKind {
    const WORDS: &[(&str, Self)] = &[("bridge", Self::Bridge), ("ovs", Self::Ovs)];
}

impl<T: Choice> FromText for T {
    fn from_text(text: &str) -> Result<Self, BadValue> {
        if let Some((_, value)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        let message = format!("`{text}` is not one of {}", suggest::list(&words));
        let bad = BadValue::new(Code::Choice, message);
        match suggest::nearest(text, words) {
            Some(meant) => Err(bad.help(format!("did you mean `{meant}`?"))),
            None => Err(bad),
        }
    }

    fn schema() -> Value {
        let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        json!({"enum": words})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let table = [
            ("300ms", Some(300_000)),
            ("1.5s", Some(1_500_000)),
            ("20s", Some(20_000_000)),
            ("2m", Some(120_000_000)),
            ("250us", Some(250)),
            ("1 s", Some(1_000_000)),
            ("0s", Some(0)),
            ("24h", Some(86_400_000_000)),
            ("25h", None),
            ("5", None),
            ("-5s", None),
            ("s", None),
            ("1.s", None),
            (".5s", None),
            ("1.2.3s", None),
            ("5 parsecs", None),
            ("99999999999999999999999999h", None),
            ("", None),
        ];
        for (text, micros) in table {
            let expected = micros.map(Duration::from_micros);
            assert_eq!(duration(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn keys() {
        let table = [("^C", 3), ("^c", 3), ("^D", 4), ("^[", 27), ("^?", 127), ("Enter", 13)];
        for (text, byte) in table {
            assert_eq!(KeyByte::from_text(text), Ok(KeyByte(byte)), "{text}");
        }
        for text in ["C", "^", "^CC", "^é", "F1"] {
            assert!(KeyByte::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(Port::from_text("80"), Ok(Whole(80)));
        for text in ["0", "65536", "-1", "+1", "1.5", "", "99999999999999999999", "0x50", "٣"] {
            assert!(Port::from_text(text).is_err(), "{text}");
        }
        assert_eq!(Percent::from_text("1%"), Ok(Percent(1.0)));
        assert_eq!(Percent::from_text("0.5"), Ok(Percent(0.5)));
        for text in ["nan", "inf", "101", "-1", "-0", "%", "1e1"] {
            assert!(Percent::from_text(text).is_err(), "{text}");
        }
        assert!(Bandwidth::from_text("0").is_err());
    }

    /// Whether the schema of a type takes a text as YAML reads it: as a text,
    /// a number or a boolean.
    fn takes<T: FromText>(text: &str) -> bool {
        let schema = T::schema();
        let read = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        jsonschema::is_valid(&schema, &read) && jsonschema::is_valid(&schema, &Value::from(text))
    }

    #[test]
    fn schemas_refuse_what_is_no_such_value() {
        assert!(!takes::<Duration>("20") && !takes::<Duration>("soon"));
        assert!(!takes::<Port>("65536") && !takes::<Port>("http"));
        assert!(!takes::<Bandwidth>("0") && !takes::<Percent>("101"));
        assert!(!takes::<bool>("yes") && !takes::<Stdio>("ptty"));
        assert!(!takes::<KeyByte>("F1") && !takes::<Signal>("65"));
        assert!(!takes::<InterfaceAddress>("10.0.0.1") && !takes::<MacAddress>("zz"));
    }

    proptest::proptest! {
        /// A schema is never stricter than what reads the value.
        #[test]
        fn schemas_take_what_is_read(text in r"[-+0-9.]{0,3}[ \^:/%a-zA-Z0-9µ]{0,8}") {
            fn agree<T: FromText>(text: &str) {
                assert!(T::from_text(text).is_err() || takes::<T>(text), "{text:?}");
            }
            agree::<Duration>(&text);
            agree::<Port>(&text);
            agree::<Count>(&text);
            agree::<Bandwidth>(&text);
            agree::<Percent>(&text);
            agree::<Signal>(&text);
            agree::<KeyByte>(&text);
            agree::<InterfaceAddress>(&text);
            agree::<Ipv4Addr>(&text);
        }
    }
}
