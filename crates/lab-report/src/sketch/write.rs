//! A story as the text of a scenario.

use std::fmt::Write as _;

use super::pattern::{self, Address};
use super::runs::Run;
use super::typing::Typed;
use super::{Deed, Entry, Preface};

/// What a shell does something about.
const OF_SHELLS: &str = "|&;<>()$`*?[]{}~#!\n\"'\\";

/// The entry of a program in `processes`.
pub(super) fn entry(name: &str, run: &Run, addresses: &[Address]) -> String {
    let (key, line) = command(&run.line, addresses);
    format!("  {name}: {{host: {}, {key}: {line}}}\n", run.host)
}

/// The key for a command line, and the line as a value.
fn command(line: &str, addresses: &[Address]) -> (&'static str, String) {
    let of_shells = line.contains(|c| OF_SHELLS.contains(c));
    let line = pattern::named(&pattern::escape(line), addresses, str::to_owned);
    (if of_shells { "shell" } else { "run" }, quoted(&line))
}

/// A JSON string, which is a YAML string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The head of a scenario with these captures as well: hosts and interfaces. A key stands
/// once, so they go to those that the scenario has already; as comments, if these stand in
/// one line.
fn with_captures(head: &str, captures: &[(String, String)]) -> String {
    let entries = |before: &str, head: &str| {
        let mut text = String::new();
        for (host, interface) in captures {
            let entry = format!("{before}{interface}:");
            if !head.lines().any(|line| line.starts_with(&entry)) {
                let _ = writeln!(text, "{entry} {{host: {host}, interface: {interface}}}");
            }
        }
        text
    };
    if captures.is_empty() {
        return head.to_owned();
    }
    let starts: Vec<usize> = head.match_indices("captures:").map(|(at, _)| at).collect();
    let at = starts.into_iter().find(|&at| at == 0 || head[..at].ends_with('\n'));
    let Some(at) = at else { return format!("{head}\ncaptures:\n{}", entries("  ", head)) };
    let end = head[at..].find('\n').map_or(head.len(), |length| at + length + 1);
    let (before, after) = head.split_at(end);
    let first = after.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = &first[..first.len() - first.trim_start().len()];
    let value = before[at..].trim_end().trim_start_matches("captures:").trim_start();
    if indent.is_empty() || !(value.is_empty() || value.starts_with('#')) {
        return format!("{head}\n# captures:\n{}", entries("#   ", head));
    }
    format!("{before}{}{after}", entries(indent, after))
}

/// All of it.
pub(super) fn scenario(
    preface: &Preface,
    captures: &[(String, String)],
    entries: &[Entry],
    deeds: &[Deed],
    addresses: &[Address],
) -> String {
    let head = with_captures(&preface.head, captures);
    let mut text = format!("name: {}\n{head}", quoted(&preface.title));
    if !entries.is_empty() {
        text.push_str("\nprocesses:\n");
        entries.iter().for_each(|(_, entry)| text.push_str(entry));
    }
    let mut steps = Steps { text: String::new(), in_dialogue: false };
    for deed in deeds {
        match deed {
            Deed::Start(name) => steps.step(&format!("start: {name}")),
            Deed::Said(name, line) => {
                let pattern = pattern::of_line(line, addresses);
                steps.line(&format!("{name}< {pattern}"));
            }
            Deed::Typed(name, Typed::Line(line)) if is_plain(line) => {
                let line = pattern::named(&pattern::escape(line), addresses, str::to_owned);
                steps.line(format!("{name}> {line}").trim_end());
            }
            Deed::Typed(name, Typed::Line(line)) => {
                let line = quoted(&pattern::escape(line));
                steps.step(&format!("send: {{to: {name}, line: {line}}}"));
            }
            Deed::Typed(name, Typed::Key(key)) => {
                let key = char::from(key ^ 0x40);
                steps.line(&format!("{name}> ^{key}"));
            }
            Deed::Step(step) => steps.step(step.trim()),
            Deed::Exec(host, line, code) => {
                let (key, line) = command(line, addresses);
                let exit = if *code == 0 { String::new() } else { format!(", exit: {code}") };
                steps.step(&format!("exec: {{host: {host}, {key}: {line}{exit}}}"));
            }
            Deed::Ended(name, code) if *code >= 128 => {
                steps.step(&format!("exit: {{of: {name}, signal: {}}}", code - 128));
            }
            Deed::Ended(name, code) => steps.step(&format!("exit: {{of: {name}, code: {code}}}")),
        }
    }
    if !steps.text.is_empty() {
        let _ = write!(text, "\nsteps:\n{}", steps.text);
    }
    text
}

/// Whether a line can stand in a dialogue as it is.
fn is_plain(line: &str) -> bool {
    let is_key = line.starts_with('^') && line.chars().count() == 2;
    let is_comment = line.starts_with('#') || line.contains("  # ");
    line.trim() == line && !is_key && !is_comment && !line.contains(|c: char| c.is_control())
}

/// Steps as they are written: lines of dialogue, and others.
struct Steps {
    text: String,
    in_dialogue: bool,
}

impl Steps {
    fn step(&mut self, step: &str) {
        self.in_dialogue = false;
        let step = step.strip_prefix("- ").unwrap_or(step);
        let _ = writeln!(self.text, "  - {}", step.replace('\n', "\n    "));
    }

    fn line(&mut self, line: &str) {
        if !std::mem::replace(&mut self.in_dialogue, true) {
            self.text.push_str("  - dialogue: |\n");
        }
        let _ = writeln!(self.text, "      {line}");
    }
}
