//! One command of a test file: from its text to what it means.

use std::time::Duration;

use lab_scenario::source::Span;
use lab_scenario::{Code, Diagnostic, Sink, suggest};

use super::words::{self, Word};
use crate::json::Text;

/// The most bytes of a name: its length is one byte of a registration.
const LONGEST_NAME: usize = 255;
/// The most bytes of an info: its length is two bytes of a registration.
const LONGEST_INFO: usize = 65535;
/// What a terminal takes as one line, with room for the words of a command.
const LONGEST_LINE: usize = 4000;
/// A WAIT that is longer is a mistake.
const LONGEST_WAIT: f64 = 600.0;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// What a command does.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Launch(Launch),
    Message { from: Placed<String>, to: Placed<u32>, text: String },
    Quit { who: Placed<String>, text: Option<String> },
    Wait(Duration),
    KillAll(Span),
}

/// LAUNCHSERVER or LAUNCHCLIENT.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) kind: Kind,
    pub(super) id: Placed<u32>,
    pub(super) name: Placed<String>,
    /// With the quotes it was written in, if it was.
    pub(super) info: Option<String>,
    /// Whom it connects to: a client always, a server unless it is the first.
    pub(super) connect: Option<Connect>,
}

/// A server, or a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It listens on this port.
    Server(u16),
    Client,
}

/// Where a machine connects to.
#[derive(Debug, Clone)]
pub(super) struct Connect {
    pub(super) host: Option<Placed<String>>,
    pub(super) port: Placed<u16>,
}

/// An option of a command: its long name, its short one, and whether a value
/// follows.
type Known = (&'static str, Option<&'static str>, bool);

const SERVER: &[Known] = &[
    ("--id", None, true),
    ("--servername", None, true),
    ("--port", None, true),
    ("--info", None, true),
    ("--connect_to_host", None, true),
    ("--connect_to_port", None, true),
    ("--log-file", None, true),
];
const CLIENT: &[Known] = &[
    ("--id", None, true),
    ("--serverhost", Some("-S"), true),
    ("--serverport", Some("-P"), true),
    ("--username", Some("-U"), true),
    ("--info", Some("-I"), true),
    ("--log-file", None, true),
    ("--simulate", None, false),
    ("--verbose", None, false),
    ("--debug", None, false),
];
const CLIENT_COMMAND: &[Known] = &[("--username", None, true), ("--command", None, true)];

const COMMANDS: [&str; 5] = ["LAUNCHSERVER", "LAUNCHCLIENT", "CLIENTCOMMAND", "WAIT", "KILL"];

/// Reads a command; all that is wrong with it goes to the sink.
pub(super) fn read(text: &Text, sink: &mut Sink) -> Option<Command> {
    if let Some((at, c)) = text.value.char_indices().find(|(_, c)| c.is_control()) {
        let message = "a control character cannot be typed as part of a line";
        sink.report(
            Diagnostic::new(Code::Command, text.span_of(at..at + c.len_utf8()), message)
                .help("leave it out, or write a blank"),
        );
        return None;
    }
    let words = match words::split(&text.value) {
        Ok(words) => words,
        Err(error) => {
            let span = text.span_of(error.range);
            sink.report(Diagnostic::new(Code::Command, span, error.message).help(error.help));
            return None;
        }
    };
    let Some((first, rest)) = words.split_first() else {
        sink.report(Diagnostic::new(Code::Command, text.span, "an empty command"));
        return None;
    };
    let mut reader = Reader { text, sink, of: &first.text, has_unknown: false };
    match first.text.as_str() {
        "LAUNCHSERVER" => reader.server(rest),
        "LAUNCHCLIENT" => reader.client(rest),
        "CLIENTCOMMAND" => reader.client_command(rest),
        "WAIT" => reader.wait(rest),
        "KILL" => reader.kill(rest),
        "SEND" => {
            let message = "SEND cannot be imported: in the course it only prints its words";
            reader.report(first, message, Some("leave it out".to_owned()));
            None
        }
        other => {
            let help = suggest::help(other, COMMANDS, "commands");
            reader.report(first, &format!("there is no command `{other}`"), help);
            None
        }
    }
}

struct Reader<'a> {
    text: &'a Text,
    sink: &'a mut Sink,
    /// The command's first word.
    of: &'a str,
    /// Whether an option was not known: it may be one that seems to be missing.
    has_unknown: bool,
}

/// The options of a command, and the words that belong to none.
struct Options<'w> {
    given: Vec<(&'static str, Placed<&'w str>)>,
    rest: &'w [Word],
}

impl<'w> Options<'w> {
    fn get(&self, name: &str) -> Option<&Placed<&'w str>> {
        // As in the course's runner, the last one counts; a second is an error
        // that was reported.
        self.given.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Reader<'_> {
    fn server(&mut self, words: &[Word]) -> Option<Command> {
        let options = self.options(words, SERVER);
        self.no_more(options.rest);
        let id = self.id(&options);
        let name = self.name(&options, "--servername");
        let port = self.port(&options, "--port");
        let info = self.info(&options);
        let host = options.get("--connect_to_host");
        let connect = match (host, options.get("--connect_to_port")) {
            (None, None) => None,
            (Some(host), None) => {
                let message = "`--connect_to_host` without `--connect_to_port`";
                let help = "the port decides whom a server connects to: add it";
                self.sink.report(Diagnostic::new(Code::MissingKey, host.span, message).help(help));
                return None;
            }
            (host, Some(_)) => {
                let port = self.port(&options, "--connect_to_port")?;
                Some(Connect { host: host.map(owned), port })
            }
        };
        let kind = Kind::Server(port?.value);
        Some(Command::Launch(Launch { kind, id: id?, name: name?, info: info?, connect }))
    }

    fn client(&mut self, words: &[Word]) -> Option<Command> {
        let options = self.options(words, CLIENT);
        self.no_more(options.rest);
        for flag in ["--simulate", "--verbose", "--debug"] {
            if let Some(flag) = options.get(flag) {
                let message = format!("`{}` has no meaning for a scenario", flag.value);
                self.sink.report(Diagnostic::new(Code::Unused, flag.span, message));
            }
        }
        let id = self.id(&options);
        let name = self.name(&options, "--username");
        let port = self.port(&options, "--serverport");
        let info = self.info(&options);
        let host = options.get("--serverhost").map(owned);
        let connect = Some(Connect { host, port: port? });
        let kind = Kind::Client;
        Some(Command::Launch(Launch { kind, id: id?, name: name?, info: info?, connect }))
    }

    fn client_command(&mut self, words: &[Word]) -> Option<Command> {
        let options = self.options(words, CLIENT_COMMAND);
        let who = self.required(&options, "--username").map(|who| owned(&who));
        let command = self.required(&options, "--command")?;
        match command.value {
            "MESSAGE" => {
                let (to, text) = match options.rest {
                    [to, text] => (to, text),
                    [to, text, more, ..] => {
                        let message = "the course's runner sends only the first word of this text";
                        let range = more.range.start..options.rest.last()?.range.end;
                        let span = self.text.span_of(range);
                        let help = "put all of the text in quotes, `\\\"…\\\"`, or leave these out";
                        self.sink.report(
                            Diagnostic::new(Code::Command, span, message)
                                .label("this is lost")
                                .help(help),
                        );
                        (to, text)
                    }
                    _ => {
                        let message =
                            "a MESSAGE needs an id and a text: `MESSAGE 103 \\\"text\\\"`";
                        self.sink.report(Diagnostic::new(Code::Command, self.text.span, message));
                        return None;
                    }
                };
                let to = self.number(&placed(self.text, to), "an id")?;
                let text = self.line(text)?;
                Some(Command::Message { from: who?, to, text })
            }
            "QUIT" => {
                let text = match options.rest {
                    [] => None,
                    [text] => Some(self.line(text)?),
                    [_, more @ ..] => {
                        self.no_more(more);
                        return None;
                    }
                };
                Some(Command::Quit { who: who?, text })
            }
            other => {
                let message = format!("a client has no command `{other}`");
                self.sink.report(
                    Diagnostic::new(Code::Command, command.span, message)
                        .maybe_help(suggest::help(other, ["MESSAGE", "QUIT"], "commands")),
                );
                None
            }
        }
    }

    fn wait(&mut self, words: &[Word]) -> Option<Command> {
        let [seconds] = words else {
            let message = "a WAIT needs one number of seconds: `WAIT 0.25`";
            self.sink.report(Diagnostic::new(Code::Command, self.text.span, message));
            return None;
        };
        let parsed = seconds.text.parse::<f64>().ok();
        match parsed.filter(|parsed| (0.0..=LONGEST_WAIT).contains(parsed)) {
            Some(parsed) => Some(Command::Wait(Duration::from_secs_f64(parsed))),
            None => {
                let message = format!("`{}` is no time to wait", seconds.text);
                self.report(seconds, &message, Some("write seconds, from 0 to 600".to_owned()));
                None
            }
        }
    }

    fn kill(&mut self, words: &[Word]) -> Option<Command> {
        match words {
            [all] if all.text == "ALL" => Some(Command::KillAll(self.text.span)),
            _ => {
                let message = "only `KILL ALL`, at the end, can be imported";
                let help = "to see what a loss does, write a scenario with `kill` by hand";
                self.sink
                    .report(Diagnostic::new(Code::Command, self.text.span, message).help(help));
                None
            }
        }
    }

    /// Takes options until words come that belong to none.
    fn options<'w>(&mut self, words: &'w [Word], known: &[Known]) -> Options<'w> {
        let mut given: Vec<(&'static str, Placed<&'w str>)> = Vec::new();
        let mut rest = words;
        while let Some((word, more)) =
            rest.split_first().filter(|(word, _)| word.text.starts_with('-'))
        {
            rest = more;
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.text.as_str(), None),
            };
            let found = known.iter().find(|(long, short, _)| *long == name || *short == Some(name));
            let Some((long, _, takes_value)) = found else {
                let names = known.iter().map(|(long, ..)| *long);
                let help = suggest::help(name, names, "options");
                self.report(word, &format!("{} has no option `{name}`", self.of), help);
                self.has_unknown = true;
                // Its value, if it has one, is no further mistake.
                if value.is_none() {
                    rest = skip_value(rest);
                }
                continue;
            };
            let value = match (value, takes_value) {
                (Some(value), true) => {
                    let start = word.range.end - value.len();
                    Placed { value, span: self.text.span_of(start..word.range.end) }
                }
                (None, true) => match rest.split_first() {
                    Some((value, more)) => {
                        rest = more;
                        placed(self.text, value)
                    }
                    None => {
                        self.report(word, &format!("`{long}` needs a value"), None);
                        continue;
                    }
                },
                (None, false) => placed(self.text, word),
                (Some(_), false) => {
                    self.report(word, &format!("`{long}` takes no value"), None);
                    continue;
                }
            };
            if let Some((_, first)) = given.iter().find(|(other, _)| other == long) {
                let diagnostic = Diagnostic::new(
                    Code::DuplicateKey,
                    value.span,
                    format!("`{long}` is given twice"),
                )
                .secondary(first.span, "for the first time here");
                self.sink.report(diagnostic);
            }
            given.push((long, value));
        }
        Options { given, rest }
    }

    fn no_more(&mut self, rest: &[Word]) {
        if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
            let span = self.text.span_of(first.range.start..last.range.end);
            let help = "a text of several words needs quotes: `\\\"…\\\"`";
            self.sink.report(
                Diagnostic::new(Code::Command, span, "words that belong to no option").help(help),
            );
        }
    }

    fn required<'w>(&mut self, options: &Options<'w>, name: &str) -> Option<Placed<&'w str>> {
        let found = options.get(name).cloned();
        if found.is_none() && !self.has_unknown {
            let message = format!("{} needs `{name}`", self.of);
            self.sink.report(Diagnostic::new(Code::MissingKey, self.text.span, message));
        }
        found
    }

    fn id(&mut self, options: &Options<'_>) -> Option<Placed<u32>> {
        let id = self.required(options, "--id")?;
        let id = self.number(&id, "an id")?;
        if id.value == 0 {
            let message = "0 is nobody's id: on the wire it means \"no hop yet\"";
            self.sink.report(Diagnostic::new(Code::Number, id.span, message));
            return None;
        }
        Some(id)
    }

    fn number(&mut self, word: &Placed<&str>, what: &str) -> Option<Placed<u32>> {
        match word.value.parse() {
            Ok(value) => Some(Placed { value, span: word.span }),
            Err(_) => {
                let message = format!("`{}` is not {what}", word.value);
                self.sink.report(
                    Diagnostic::new(Code::Number, word.span, message)
                        .help("write a whole number up to 4294967295"),
                );
                None
            }
        }
    }

    fn port(&mut self, options: &Options<'_>, name: &str) -> Option<Placed<u16>> {
        let port = self.required(options, name)?;
        match port.value.parse() {
            Ok(value) if value > 0 => Some(Placed { value, span: port.span }),
            _ => {
                let message = format!("`{}` is not a port", port.value);
                let help = "write a number from 1 to 65535";
                self.sink.report(Diagnostic::new(Code::Number, port.span, message).help(help));
                None
            }
        }
    }

    fn name(&mut self, options: &Options<'_>, option: &str) -> Option<Placed<String>> {
        let name = self.required(options, option)?;
        let fits = name.value.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            && name.value.len() <= 63.min(LONGEST_NAME);
        if !fits {
            let message = format!("`{}` cannot be the name of a host", name.value);
            self.sink.report(Diagnostic::new(Code::BadName, name.span, message).help(
                "use letters, digits, `-` and `_`, starting with a letter, 63 at most; without quotes",
            ));
            return None;
        }
        Some(owned(&name))
    }

    /// `None` is an error; not given is `Some(None)`.
    fn info(&mut self, options: &Options<'_>) -> Option<Option<String>> {
        let Some(info) = options.get("--info") else { return Some(None) };
        if info.value.len() > LONGEST_INFO {
            let message = format!("an info of more than {LONGEST_INFO} bytes");
            self.sink.report(Diagnostic::new(Code::Command, info.span, message));
            return None;
        }
        Some(Some(info.value.to_owned()))
    }

    /// A text that is typed.
    fn line(&mut self, word: &Word) -> Option<String> {
        if word.text.len() > LONGEST_LINE {
            let message = format!("a text longer than the {LONGEST_LINE} bytes that can be typed");
            self.report(word, &message, Some("shorten it".to_owned()));
            return None;
        }
        Some(word.text.clone())
    }

    fn report(&mut self, word: &Word, message: &str, help: Option<String>) {
        let span = self.text.span_of(word.range.clone());
        self.sink.report(Diagnostic::new(Code::Command, span, message).maybe_help(help));
    }
}

fn skip_value(words: &[Word]) -> &[Word] {
    match words {
        [value, more @ ..] if !value.text.starts_with('-') => more,
        _ => words,
    }
}

fn placed<'w>(text: &Text, word: &'w Word) -> Placed<&'w str> {
    Placed { value: &word.text, span: text.span_of(word.range.clone()) }
}

fn owned(word: &Placed<&str>) -> Placed<String> {
    Placed { value: word.value.to_owned(), span: word.span }
}
