//! What the prompt says of itself.

use std::fmt::Write as _;

use lab_scenario::suggest;

use super::command::Wrong;
use super::table::{self, ABSENT, Section, TABLE, VERBS};

const INTRODUCTION: &str = "\
  HOST COMMAND              runs a shell's command line there: h1 ping -c1 h2
  HOST                      a shell there
  HOST COMMAND &            starts a process, which goes on

Hosts know each other by name, so nothing is put in the place of a name: `h1 ping h2` is what
h1 runs. Ctrl-C interrupts the command.
";

const LANGUAGE: &str = "
Every step of the scenario language can be typed as it stands in a file, and lines of a dialogue:
  exec: {host: h1, run: \"ping -c1 h2\", within: 3s}
  alice> To bob:hello
  bob< hello From alice
A line that ends in `|` or `:` goes on until an empty one.

`help COMMAND` says more.
";

/// All commands.
#[must_use]
pub fn all() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in Section::ALL {
        let _ = writeln!(text, "\n{}", section.title());
        for entry in TABLE.iter().filter(|entry| entry.section == section) {
            let usage = format!("{} {}", entry.name, entry.arguments);
            let usage = usage.trim_end();
            if usage.chars().count() <= 25 {
                let _ = writeln!(text, "  {usage:25} {}", entry.about);
            } else {
                let _ = writeln!(text, "  {usage}\n  {:25} {}", "", entry.about);
            }
        }
    }
    text.push_str(LANGUAGE);
    text
}

/// More about one.
///
/// # Errors
/// There is none of that name.
pub fn about(name: &str) -> Result<String, Wrong> {
    if let Some(entry) = table::entry(name) {
        let usage = format!("{} {}", entry.name, entry.arguments);
        let mut text = format!("{}\n  {}\n", usage.trim_end(), entry.about);
        if !entry.more.is_empty() {
            let _ = write!(text, "\n{}\n", entry.more);
        }
        return Ok(text);
    }
    if let Some((_, instead)) = ABSENT.iter().find(|(absent, _)| *absent == name) {
        return Ok(format!("labrun has no `{name}`: {instead}\n"));
    }
    if VERBS.contains(&name) {
        return Ok(format!("`{name}: …` is a step of the scenario language: see labs/README.md\n"));
    }
    let known = TABLE.iter().map(|entry| entry.name);
    let help = suggest::help(name, known, "commands")
        .or_else(|| Some("`help` alone lists all".to_owned()));
    Err(Wrong { why: format!("there is no command `{name}`"), help })
}
