//! The whole run as a text for people: who said what, and when.
//!
//! ```text
//!   0.012345  server  <  listening on 0.0.0.0:12345
//!   0.020001  == step 3: bob< hello
//!   0.020412  alice   >  To bob:hello
//! ```
//!
//! `<` came out, `>` was typed. A line of output stands where its end came.

use std::path::PathBuf;

use lab_runner::dispatcher::ReportError;
use lab_runner::event::{Event, Record};
use lab_scenario::plan::{Plan, ProcessId};
use unicode_width::UnicodeWidthStr as _;

use super::file::Growing;
use crate::clean::clean_line;
use crate::speaker::Speaker;
use crate::words;

/// Bytes of a transcript.
const LIMIT: u64 = 16 << 20;

/// A transcript in the making.
#[derive(Debug)]
pub(super) struct Transcript {
    file: Growing,
    speakers: Vec<Named>,
    /// The texts of steps that were added to those of the plan.
    added: Vec<String>,
    /// What is to be written next.
    text: String,
}

#[derive(Debug)]
struct Named {
    name: String,
    speaker: Speaker,
}

impl Named {
    fn new(name: String) -> Self {
        Self { name, speaker: Speaker::default() }
    }
}

impl Transcript {
    pub(super) fn create(path: PathBuf, plan: &Plan) -> Result<Self, ReportError> {
        let names: Vec<_> =
            plan.processes.iter().map(|process| clean_line(&process.name)).collect();
        let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        Ok(Self {
            file: Growing::create(path, true, LIMIT)?,
            speakers: names.iter().map(|name| Named::new(words::pad(name, width))).collect(),
            added: Vec::new(),
            text: String::new(),
        })
    }

    pub(super) fn note(&mut self, plan: &Plan, record: &Record) -> Result<(), ReportError> {
        if !self.file.takes_more() {
            return Ok(());
        }
        let at = record.at;
        match &record.event {
            Event::Output { process, bytes, .. } => self.said(at, *process, bytes),
            Event::Input { process, bytes } => {
                self.break_line(at, *process);
                let typed = clean_line(&String::from_utf8_lossy(bytes));
                self.spoken(at, *process, '>', &typed);
            }
            Event::StepStarted { step } => {
                let text = self.text_of(plan, *step);
                self.remark(at, &format!("step {}: {text}", step + 1));
            }
            Event::StepFailed { step, failure } => {
                self.remark(at, &format!("step {} failed: {}", step + 1, failure.summary));
            }
            Event::Extended { processes, steps } => {
                let names = processes.iter().map(|process| clean_line(&process.name));
                self.speakers.extend(names.map(Named::new));
                self.added.extend(steps.iter().cloned());
            }
            Event::Held { because } => {
                self.remark(at, &format!("the run is held: {because}"));
            }
            Event::Continued {} => self.remark(at, "the run goes on"),
            Event::TerminalOpened { terminal, host, argv, .. } => {
                self.remark(at, &format!("terminal {terminal} on {host}: {}", argv.join(" ")));
            }
            Event::TerminalClosed { terminal, status } => {
                self.remark(at, &format!("terminal {terminal} {status}"));
            }
            Event::NetworkUp { faults, .. } => {
                self.remark(at, "the network is up");
                for fault in faults {
                    self.remark(at, &format!("but not as asked: {fault}"));
                }
            }
            Event::ProcessStarted { process, argv, .. } => {
                let name = self.name(*process);
                self.remark(at, &format!("{name} starts: {}", argv.join(" ")));
            }
            Event::ProcessExited { process, status } => {
                self.break_line(at, *process);
                let name = self.name(*process);
                self.remark(at, &format!("{name} {status}"));
            }
            Event::FaultApplied { fault, .. } => self.remark(at, &fault.to_string()),
            Event::Labelled { label, .. } => self.remark(at, &format!("label: {label}")),
            Event::Saved { name, value, .. } => {
                self.remark(at, &format!("saved: {name} = {}", clean_line(value)));
            }
            Event::StepMissed { why, .. } => {
                self.remark(at, &format!("not met, but optional: {}", clean_line(why)));
            }
            Event::ExecFinished { output, status, .. } => {
                let output = crate::clean::clean(output);
                for line in output.lines() {
                    self.remark(at, &format!("  {line}"));
                }
                self.remark(at, &format!("the command {status}"));
            }
            Event::Warning { message } => self.remark(at, &format!("warning: {message}")),
            Event::Disturbed { disturbance } => {
                self.remark(at, &format!("disturbed: {}", disturbance.message));
            }
            Event::CaptureEnded { capture, packets, .. } => {
                let name = plan.captures.get(capture.0).map_or("", |capture| &capture.name);
                self.remark(at, &format!("capture: {name} has {packets} packets"));
            }
            Event::CheckFinished { check, outcome } => {
                let name = plan.checks.get(*check).map_or("", |check| &check.name);
                let verdict = outcome.verdict.name();
                self.remark(at, &format!("check: {name}: {verdict} ({})", outcome.found));
            }
            Event::RunFinished { verdict, .. } => {
                for index in 0..self.speakers.len() {
                    self.break_line(at, ProcessId(index));
                }
                self.remark(at, &format!("verdict: {}", verdict.name()));
            }
            _ => {}
        }
        if self.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        self.file.append(text.as_bytes(), "… (the rest is in events.jsonl)\n")
    }

    fn said(&mut self, at: u64, process: ProcessId, bytes: &[u8]) {
        let Some(named) = self.speakers.get_mut(process.0) else { return };
        for line in named.speaker.hear(bytes) {
            self.spoken(at, process, '<', &line);
        }
    }

    /// Writes what was said of a line that has not ended.
    fn break_line(&mut self, at: u64, process: ProcessId) {
        let Some(named) = self.speakers.get_mut(process.0) else { return };
        if let Some(partial) = named.speaker.break_line() {
            self.spoken(at, process, '<', &partial);
        }
    }

    fn spoken(&mut self, at: u64, process: ProcessId, way: char, line: &str) {
        let Some(speaker) = self.speakers.get(process.0) else { return };
        let line = format!("{}  {}  {way}  {line}", time(at), speaker.name);
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn remark(&mut self, at: u64, text: &str) {
        self.text.push_str(&format!("{}  == {}\n", time(at), clean_line(text)));
    }

    fn text_of(&self, plan: &Plan, step: usize) -> String {
        let own = plan.steps.get(step).map(|step| &step.text);
        let added = || self.added.get(step.checked_sub(plan.steps.len())?);
        own.or_else(added).cloned().unwrap_or_default()
    }

    fn name(&self, process: ProcessId) -> String {
        self.speakers.get(process.0).map_or("?", |speaker| speaker.name.trim_end()).to_owned()
    }
}

/// Seconds, with all digits that mean something.
fn time(at: u64) -> String {
    format!("{:>4}.{:06}", at / 1_000_000_000, at % 1_000_000_000 / 1000)
}
