//! What a line of the prompt means. Pure: who exists is told, nothing is done.
//!
//! A line is a command of the [`table`], a host and a command line for a shell on it, a line of
//! a dialogue, or a step of the scenario language as a file has it. Most commands are steps,
//! too: they become text of the language, so that a record of what was typed is a
//! scenario.

use lab_runner::event::HostDescription;
use lab_scenario::suggest;

use super::table::{self, ABSENT, Entry, TABLE, VERBS};
use super::yaml::{mapping, plain, quoted, sequence};
use crate::protocol::SessionDescription;

/// How many lines a transcript has if nothing is said.
pub const LINES: usize = 20;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Nothing: a blank line or a comment.
    Nothing,
    /// To say what there is.
    Show(Show),
    /// To run a shell's command line on a host, or a shell if it is empty.
    Shell {
        /// Where.
        host: String,
        /// As it was typed.
        line: String,
    },
    /// To start a process under a name that is free.
    Background {
        /// Where.
        host: String,
        /// As it was typed, without its `&`.
        line: String,
    },
    /// To play something of the scenario language.
    Play(String),
    /// To ping among these hosts; all if there are none.
    PingAll(Vec<String>),
    /// To measure TCP between two hosts.
    Iperf(String, String),
    /// To open windows on these hosts; all if there are none.
    Xterm(Vec<String>),
    /// To open a tmux session on these hosts; all if there are none.
    Tmux(Vec<String>),
    /// To show what a process, or all of a host, said last.
    Transcript {
        /// Who.
        of: String,
        /// How much.
        lines: usize,
    },
    /// To record the packets of an interface.
    Capture {
        /// Whose.
        host: String,
        /// Which.
        interface: String,
    },
    /// To end that.
    CaptureOff {
        /// Which.
        interface: String,
    },
    /// To explain the prompt, or a command.
    Help(Option<String>),
    /// To let a run that waits go on.
    Continue,
    /// To end the session.
    Down,
    /// To leave.
    Exit,
}

/// What can be said of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Names.
    Nodes,
    /// Who is connected with whom.
    Net,
    /// Links.
    Links,
    /// Nodes with their interfaces.
    Dump,
    /// A picture.
    Topology,
    /// Processes.
    Processes,
    /// What people have opened.
    Terminals,
}

/// A line that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Why, in one sentence.
    pub why: String,
    /// What to do.
    pub help: Option<String>,
}

impl Wrong {
    fn new(why: impl Into<String>, help: impl Into<Option<String>>) -> Self {
        Self { why: why.into(), help: help.into() }
    }

    /// The command is known, but not what follows it.
    fn usage(entry: &Entry) -> Self {
        let usage = format!("{} {}", entry.name, entry.arguments);
        Self::new(
            format!("write `{}`", usage.trim_end()),
            format!("`help {}` says more", entry.name),
        )
    }
}

type Parsed = Result<Command, Wrong>;

/// Reads a line, or several that are one thing.
///
/// # Errors
/// What it says is no command here.
pub fn parse(line: &str, session: &SessionDescription) -> Parsed {
    let line = line.trim_start();
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(Command::Nothing);
    }
    let (word, rest) = first_word(line);
    if is_language(line, word) {
        return Ok(Command::Play(line.trim_end().to_owned()));
    }
    if is_dialogue(word) {
        return Ok(Command::Play(format!("dialogue: {}", quoted(line.trim_end()))));
    }
    if let Some(entry) = table::entry(word) {
        return command(entry, rest, session);
    }
    if session.hosts.iter().any(|host| host.name == word) {
        return Ok(on_host(word, rest));
    }
    Err(unknown(word, session))
}

/// Whether a first line is complete only with those that follow it, up to an empty one:
/// `dialogue: |`.
#[must_use]
pub fn goes_on(line: &str) -> bool {
    let line = line.trim_end();
    let (word, _) = first_word(line.trim_start());
    is_language(line.trim_start(), word) && (line.ends_with(':') || line.ends_with('|'))
}

fn first_word(line: &str) -> (&str, &str) {
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    (&line[..end], line[end..].trim_start())
}

/// As in a scenario: a mapping, or a list.
fn is_language(line: &str, word: &str) -> bool {
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic());
    line.starts_with(['{', '[']) || word == "-" || word.strip_suffix(':').is_some_and(is_key)
}

/// `alice>`, `alice<` or `alice!<`.
fn is_dialogue(word: &str) -> bool {
    let name = word.strip_suffix('>').or_else(|| word.strip_suffix("!<"));
    let name = name.or_else(|| word.strip_suffix('<'));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_name))
}

fn on_host(host: &str, rest: &str) -> Command {
    let (host, line) = (host.to_owned(), rest.trim_end());
    match line.strip_suffix('&') {
        Some(line) if !line.ends_with('&') && !line.trim().is_empty() => {
            Command::Background { host, line: line.trim_end().to_owned() }
        }
        _ => Command::Shell { host, line: line.to_owned() },
    }
}

fn unknown(word: &str, session: &SessionDescription) -> Wrong {
    if let Some((_, instead)) = ABSENT.iter().find(|(name, _)| *name == word) {
        return Wrong::new(format!("labrun has no `{word}`"), (*instead).to_owned());
    }
    if VERBS.contains(&word) {
        let help = format!(
            "write it as in a scenario: `{word}: …`; `labrun explain` and labs/README.md say how"
        );
        return Wrong::new(format!("`{word}` is a step of the scenario language"), help);
    }
    if session.switches().contains(&word) {
        return Wrong::new(
            format!("`{word}` is a switch: programs run on hosts"),
            "to see its links write `links`".to_owned(),
        );
    }
    if session.processes.iter().any(|process| process.name == word) {
        let help = format!(
            "to type into it write `{word}> TEXT`; to see what it said, `transcript {word}`"
        );
        return Wrong::new(format!("`{word}` is a process"), help);
    }
    let known = TABLE.iter().map(|entry| entry.name);
    let known = known.chain(session.hosts.iter().map(|host| host.name.as_str()));
    let help = suggest::help(word, known.chain(VERBS), "commands");
    let help = help.unwrap_or_else(|| "type `help` for what there is".to_owned());
    Wrong::new(format!("`{word}` is neither a command nor a host"), help)
}

/// A command and what follows it.
fn command(entry: &Entry, rest: &str, session: &SessionDescription) -> Parsed {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let usage = || Wrong::usage(entry);
    let show = |show| Command::Show(show);
    Ok(match (entry.name, words.as_slice()) {
        ("nodes", []) => show(Show::Nodes),
        ("net", []) => show(Show::Net),
        ("links", []) => show(Show::Links),
        ("dump", []) => show(Show::Dump),
        ("topology", []) => show(Show::Topology),
        ("processes", []) => show(Show::Processes),
        ("terminals", []) => show(Show::Terminals),
        ("transcript", [of]) => Command::Transcript { of: said_by(of, session)?, lines: LINES },
        ("transcript", [of, lines]) => {
            let wrong = |_| Wrong::new(format!("`{lines}` is no number of lines"), None);
            Command::Transcript { of: said_by(of, session)?, lines: lines.parse().map_err(wrong)? }
        }
        ("run", _) => run(entry, rest, session)?,
        ("send", _) => {
            let (to, text) = named(entry, rest)?;
            Command::Play(mapping("send", &[("to", plain(to)), ("line", quoted(text))]))
        }
        ("expect", _) => {
            let (from, text) = named(entry, rest)?;
            let output = quoted(Some(text).filter(|text| !text.is_empty()).ok_or_else(usage)?);
            Command::Play(mapping("expect", &[("from", plain(from)), ("output", output)]))
        }
        ("silence", [from, time]) => {
            Command::Play(mapping("silence", &[("from", plain(from)), ("for", plain(time))]))
        }
        ("signal", [to, signal]) => {
            Command::Play(mapping("signal", &[("to", plain(to)), ("signal", plain(signal))]))
        }
        ("start" | "stop" | "restart" | "kill" | "pause" | "resume", [_, ..]) => {
            Command::Play(format!("{}: {}", entry.name, sequence(&words)))
        }
        ("wait" | "label", [one]) => Command::Play(format!("{}: {}", entry.name, plain(one))),
        ("assert", [_, ..]) => Command::Play(format!("assert: {}", quoted(rest.trim_end()))),
        ("heal", []) => Command::Play("heal: {}".to_owned()),
        ("host", [name, state @ ("up" | "down")]) => {
            Command::Play(mapping("host", &[("name", plain(name)), ("state", plain(state))]))
        }
        ("link", [a, b, changes @ ..]) if !changes.is_empty() => link(entry, [a, b], changes)?,
        ("partition", [_, ..]) => partition(rest),
        ("pingall", hosts) => Command::PingAll(on_hosts(hosts, session)?),
        ("iperf", []) => match session.hosts.as_slice() {
            [first, .., last] => Command::Iperf(first.name.clone(), last.name.clone()),
            _ => return Err(Wrong::new("it takes two hosts", None)),
        },
        ("iperf", [a, b]) => match on_hosts(&[a, b], session)?.as_slice() {
            [a, b] if a != b => Command::Iperf(a.clone(), b.clone()),
            _ => return Err(Wrong::new("it takes two hosts", None)),
        },
        ("xterm", hosts) => Command::Xterm(on_hosts(hosts, session)?),
        ("tmux", hosts) => Command::Tmux(on_hosts(hosts, session)?),
        ("capture", [interface]) => capture(interface, session)?,
        ("capture", [interface, "off"]) => {
            Command::CaptureOff { interface: (*interface).to_owned() }
        }
        ("help", []) => Command::Help(None),
        ("help", [name]) => Command::Help(Some((*name).to_owned())),
        ("continue", []) => Command::Continue,
        ("down", []) => Command::Down,
        ("exit" | "quit", []) => Command::Exit,
        _ => return Err(usage()),
    })
}

/// `NAME: TEXT`, the colon left out perhaps. The text is as it was typed.
fn named<'r>(entry: &Entry, rest: &'r str) -> Result<(&'r str, &'r str), Wrong> {
    let end = rest.find([':', ' ', '\t']).unwrap_or(rest.len());
    let (name, text) = rest.split_at(end);
    if name.is_empty()
        || text.trim_start_matches([':', ' ', '\t']).is_empty() && !text.contains(':')
    {
        return Err(Wrong::usage(entry));
    }
    let text = text.strip_prefix(':').unwrap_or(text);
    Ok((name, text.strip_prefix([' ', '\t']).unwrap_or(text)))
}

fn run(entry: &Entry, rest: &str, session: &SessionDescription) -> Parsed {
    let (host, rest) = first_word(rest);
    if host.is_empty() {
        return Err(Wrong::usage(entry));
    }
    let hosts = on_hosts(&[host], session)?;
    let (name, line) = match rest.split_once(':') {
        Some((name, line)) if !name.contains(char::is_whitespace) => (name, line.trim()),
        _ => return Err(Wrong::usage(entry)),
    };
    if name.is_empty() || line.is_empty() {
        return Err(Wrong::usage(entry));
    }
    Ok(Command::Play(process(&hosts[0], name, line)))
}

/// A process, in the words of the language.
#[must_use]
pub fn process(host: &str, name: &str, line: &str) -> String {
    let how = if needs_shell(line) { "shell" } else { "run" };
    let process = format!("{{host: {}, {how}: {}}}", plain(host), quoted(line));
    mapping("processes", &[(name, process)])
}

/// Whether a command line means something to a shell only.
fn needs_shell(line: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        // `${h1.ip}` is the language's own.
        if !rest.starts_with('{') {
            return true;
        }
    }
    line.contains(['|', '&', ';', '<', '>', '`', '*', '~'])
}

fn link(entry: &Entry, [a, b]: [&str; 2], changes: &[&str]) -> Parsed {
    let between = format!("[{}, {}]", plain(a), plain(b));
    let mut parts = vec![("between", between)];
    for change in changes {
        match (change.split_once('='), *change) {
            (Some((limit, value)), _) if !limit.is_empty() && !value.is_empty() => {
                parts.push((limit, plain(value)));
            }
            (None, "up" | "down") => parts.push(("state", plain(change))),
            _ => return Err(Wrong::usage(entry)),
        }
    }
    Ok(Command::Play(mapping("link", &parts)))
}

/// `h1,h2 | h3`; groups may also be parted by blanks alone.
fn partition(rest: &str) -> Command {
    let has_bars = rest.contains('|');
    let split = |c: char| if has_bars { c == '|' } else { c.is_whitespace() };
    let words = |group: &str| {
        let names = group.split(|c: char| c == ',' || c.is_whitespace());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).map(plain).collect();
        format!("[{}]", names.join(", "))
    };
    let groups: Vec<String> =
        rest.split(split).filter(|group| !group.trim().is_empty()).map(words).collect();
    Command::Play(format!("partition: [{}]", groups.join(", ")))
}

/// Hosts of that name, each of which there must be.
fn on_hosts(names: &[&str], session: &SessionDescription) -> Result<Vec<String>, Wrong> {
    let known = || session.hosts.iter().map(|host| host.name.as_str());
    let host = |name: &&str| match known().any(|known| known == *name) {
        true => Ok((*name).to_owned()),
        false => {
            let help = suggest::help(name, known(), "hosts");
            Err(Wrong::new(format!("there is no host `{name}`"), help))
        }
    };
    names.iter().map(host).collect()
}

fn capture(name: &str, session: &SessionDescription) -> Parsed {
    let has_it = |host: &&HostDescription| host.interfaces.iter().any(|own| own.name == name);
    if let Some(host) = session.hosts.iter().find(has_it) {
        return Ok(Command::Capture { host: host.name.clone(), interface: name.to_owned() });
    }
    let known = session.hosts.iter().flat_map(|host| &host.interfaces);
    let known: Vec<&str> = known.map(|interface| interface.name.as_str()).collect();
    // Somebody means the host: it has an interface of that beginning.
    let own = format!("{name}-");
    let help = match known.iter().find(|interface| interface.starts_with(&own)) {
        Some(interface) => Some(format!("write `capture {interface}`")),
        None => suggest::help(name, known, "interfaces"),
    };
    Err(Wrong::new(format!("no host has an interface `{name}`"), help))
}

fn said_by(name: &str, session: &SessionDescription) -> Result<String, Wrong> {
    let known = session.processes.iter().map(|process| process.name.as_str());
    let known: Vec<&str> =
        known.chain(session.hosts.iter().map(|host| host.name.as_str())).collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let help = suggest::help(name, known, "processes and hosts");
    Err(Wrong::new(format!("there is no process or host `{name}`"), help))
}
