//! Writes a scenario from the record of a session: what people have done by hand, for
//! labrun to do again.
//!
//! Programs that somebody has started become processes, what was typed into them and what they said
//! becomes dialogue, in the order in which it happened; commands that only ran become `exec` steps,
//! and what was done at the prompt stays what it was. What will be something else the next time (times,
//! ports, numbers of processes) is proposed as a regular expression, addresses as
//! `${h1.ip}`.
//!
//! It is a sketch: a person knows what of all this matters.

mod pattern;
mod runs;
mod screen;
mod typing;
mod write;

use std::collections::BTreeMap;
use std::ops::Range;

use lab_runner::event::{Event, Record};
use lab_scenario::plan::ProcessId;

use pattern::Address;
use runs::{Act, Run};
use screen::{Screen, Shown};
use typing::Typed;

/// Commands that say nothing about a network: nobody wants them in a scenario.
const NOISE: [&str; 26] = [
    "cd", "ls", "ll", "pwd", "clear", "history", "exit", "logout", "fg", "bg", "jobs", "man",
    "less", "more", "vi", "vim", "nano", "top", "htop", "reset", "stty", "source", ".", "export",
    "alias", "labrun",
];

/// The arguments of labrun by which the prompt captures packets.
const CAPTURING: [&str; 2] = ["measure", "capture"];

/// What is known of a session besides its record.
#[derive(Debug, Clone, Default)]
pub struct Preface {
    /// The scenario's name.
    pub title: String,
    /// Lines of YAML with all that stands before `processes`: the topology, variables.
    pub head: String,
    /// The entries of the scenario in `processes`: the name of each, and the text
    /// (`server: {host: h4, …}`, lines indented by two blanks).
    pub entries: Vec<(String, String)>,
    /// The names of the processes that were there from the beginning, in the order of the plan.
    pub processes: Vec<String>,
    /// What was added at the prompt, in order.
    pub added: Vec<Added>,
}

/// Something that was added at the prompt.
#[derive(Debug, Clone)]
pub struct Added {
    /// Its steps in the plan.
    pub steps: Range<usize>,
    /// The entries of its processes, as those of the scenario.
    pub entries: Vec<(String, String)>,
    /// Its steps as they were typed, in YAML; nothing if it is only processes, which are
    /// started then.
    pub text: Option<String>,
}

/// Something that has happened, in the words of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    Start(String),
    Typed(String, Typed),
    Said(String, String),
    /// As it was typed at the prompt.
    Step(String),
    /// A command that only ran: where, what, and its code.
    Exec(String, String, i32),
    /// It ended, with that code as shells say it.
    Ended(String, i32),
}

/// A process of the scenario to be: its name, and its entry.
type Entry = (String, String);

/// The scenario.
#[must_use]
pub fn sketch(preface: &Preface, records: &[Record]) -> String {
    let addresses = addresses(records);
    let mut story = Story { entries: preface.entries.clone(), deeds: Vec::new() };
    story.of_processes(preface, records);
    story.of_runs(runs::find(records.iter()), &addresses);
    // Stable: what happened at the same time stays in order.
    story.deeds.sort_by_key(|(at, _)| *at);
    let deeds: Vec<Deed> = story.deeds.into_iter().map(|(_, deed)| deed).collect();
    let captures = captures(records);
    write::scenario(preface, &captures, &story.entries, &deeds, &addresses)
}

/// What was captured at the prompt: host and interface. The prompt has labrun itself do that.
fn captures(records: &[Record]) -> Vec<(String, String)> {
    let mut captures = Vec::new();
    for record in records {
        let Event::TerminalOpened { host, argv, .. } = &record.event else { continue };
        let [_, command, what, interface, _file] = argv.as_slice() else { continue };
        let capture = (host.clone(), interface.clone());
        if [command.as_str(), what.as_str()] == CAPTURING && !captures.contains(&capture) {
            captures.push(capture);
        }
    }
    captures
}

/// The addresses of hosts and what they are called, longest first.
fn addresses(records: &[Record]) -> Vec<Address> {
    let mut addresses: Vec<Address> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::NetworkUp { hosts, .. } => Some(hosts),
            _ => None,
        })
        .flatten()
        .filter_map(|host| Some((host.ip.clone()?, format!("${{{}.ip}}", host.name))))
        .collect();
    addresses.sort_by_key(|(address, _)| std::cmp::Reverse(address.len()));
    addresses
}

struct Story {
    entries: Vec<Entry>,
    deeds: Vec<(u64, Deed)>,
}

impl Story {
    fn tell(&mut self, at: u64, deed: Deed) {
        self.deeds.push((at, deed));
    }

    /// What was done to the scenario's own processes, and at the prompt.
    fn of_processes(&mut self, preface: &Preface, records: &[Record]) {
        let mut names = preface.processes.clone();
        let mut screens: BTreeMap<ProcessId, Screen> = BTreeMap::new();
        let failed: Vec<usize> = records
            .iter()
            .filter_map(|record| match record.event {
                Event::StepFailed { step, .. } => Some(step),
                _ => None,
            })
            .collect();
        // Who was spoken to at the prompt was listened to there as well.
        let texts: Vec<&str> =
            preface.added.iter().filter_map(|added| added.text.as_deref()).collect();
        let is_heard = |name: &str| texts.iter().any(|text| mentions(text, name));
        for Record { at, event } in records {
            match event {
                Event::Extended { processes, .. } => {
                    names.extend(processes.iter().map(|process| process.name.clone()));
                }
                Event::ProcessStarted { process, .. } => {
                    if let Some(name) = names.get(process.0) {
                        self.tell(*at, Deed::Start(name.clone()));
                    }
                }
                Event::Output { process, bytes, .. } => {
                    let Some(name) = names.get(process.0).filter(|name| !is_heard(name)) else {
                        continue;
                    };
                    let screen = screens.entry(*process).or_insert_with(Screen::new);
                    for shown in screen.push(bytes) {
                        if let Shown::Line(line) = shown
                            && !line.trim().is_empty()
                        {
                            self.tell(*at, Deed::Said(name.clone(), line.trim().to_owned()));
                        }
                    }
                }
                Event::ProcessExited { process, status } => {
                    if let Some(name) = names.get(process.0) {
                        self.tell(*at, Deed::Ended(name.clone(), status.shell_code()));
                    }
                }
                Event::StepStarted { step } => {
                    let added = preface.added.iter().find(|added| added.steps.start == *step);
                    let Some(added) = added else { continue };
                    self.entries.extend(added.entries.iter().cloned());
                    let has_failed = failed.iter().any(|at| added.steps.contains(at));
                    if let Some(text) = added.text.as_ref().filter(|_| !has_failed) {
                        self.tell(*at, Deed::Step(text.clone()));
                    }
                }
                // What the stage does to end everything is nobody's deed.
                Event::Continued {} | Event::RunFinished { .. } => break,
                _ => {}
            }
        }
    }

    /// What was done in terminals.
    fn of_runs(&mut self, runs: Vec<Run>, addresses: &[Address]) {
        let spans: Vec<(u64, u64)> = runs.iter().map(|run| (run.began, end_of(run))).collect();
        for (index, run) in runs.into_iter().enumerate() {
            let first = run.line.split_whitespace().next().unwrap_or_default();
            let program = first.rsplit('/').next().unwrap_or_default();
            if program.is_empty() || NOISE.contains(&program) {
                continue;
            }
            let talks = run.acts.iter().any(|(_, act)| matches!(act, Act::Typed(_)));
            let beside = |&(began, _): &(u64, u64)| run.began < began && began < end_of(&run);
            let is_process = talks || run.ended.is_none() || spans.iter().any(beside);
            if !is_process {
                let code = run.ended.map_or(0, |(_, code)| code);
                self.tell(spans[index].0, Deed::Exec(run.host, run.line, code));
                continue;
            }
            let name = self.name_for(&run.line);
            let entry = write::entry(&name, &run, addresses);
            self.entries.push((name.clone(), entry));
            self.tell(run.began, Deed::Start(name.clone()));
            for (at, act) in run.acts {
                let deed = match act {
                    Act::Typed(typed) => Deed::Typed(name.clone(), typed),
                    Act::Said(line) => Deed::Said(name.clone(), line),
                };
                self.tell(at, deed);
            }
            if let Some((at, code)) = run.ended {
                self.tell(at, Deed::Ended(name, code));
            }
        }
    }

    /// A name that nobody has: what `--name` says, or the program's.
    fn name_for(&self, line: &str) -> String {
        let words = shell_words::split(line).unwrap_or_default();
        let after_name =
            words.iter().position(|word| word == "--name").and_then(|at| words.get(at + 1));
        let program =
            words.first().map_or("program", |word| word.rsplit('/').next().unwrap_or(word));
        let wanted: String = after_name
            .map_or(program, String::as_str)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
            .collect();
        let wanted = wanted.trim_matches('-');
        let wanted = match wanted.chars().next() {
            Some(first) if first.is_ascii_alphabetic() => wanted.to_owned(),
            _ => format!("program-{wanted}").trim_end_matches('-').to_owned(),
        };
        let is_free = |name: &str| self.entries.iter().all(|(taken, _)| taken != name);
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        names.find(|name| is_free(name)).unwrap_or(wanted)
    }
}

fn end_of(run: &Run) -> u64 {
    run.ended.map_or(u64::MAX, |(at, _)| at)
}

/// Whether a step's text speaks of a process.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.split(|c: char| !is_part(c)).any(|word| word == name)
}

#[cfg(test)]
mod tests;
