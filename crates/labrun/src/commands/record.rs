//! `labrun record`: a session that ends by writing a scenario.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::Context as _;
use lab_report::sketch::{self, Preface, sketch};
use lab_runner::dispatcher::{DispatchEvent, Options, ReportError, Reporter, RunOutcome, dispatch};
use lab_runner::event::{Record, Verdict};
use lab_scenario::PlanOptions;

use super::run;
use super::up::{self, Held};
use crate::catalog::Catalog;
use crate::discover::{Found, folder_of};
use crate::exit::{Complaint, Exit};
use crate::machine::{Host, stage};

/// Bytes of a record that are read.
const MAX_RECORD: u64 = 256 << 20;

/// Lines that may turn out to be something else the next time, before it is given up.
const MAX_RELAXED: usize = 50;

/// How often in a row a scenario has to pass.
const PROOFS: usize = 3;

/// The head of a dialogue in what is written.
const DIALOGUE: &str = "  - dialogue: |";

/// What is put before a line of dialogue that did not come the next time.
const NOT_AGAIN: &str = "# not said again: ";

/// Hold a network as `up` does, and write down what is done by hand as a scenario
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    up: up::UpArgs,

    /// The scenario to write [default: recorded.yaml, beside the scenario]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Don't run what is written
    #[arg(long)]
    no_check: bool,
}

/// Holds, writes, and runs what is written.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let file = args.file()?;
    let scene = up::prepare(&args.up)?;
    let held = up::hold(&args.up, scene)?;
    let text = write_down(args, &held, &file)?;
    fs::write(&file, &text).with_context(|| format!("cannot write `{}`", file.display()))?;
    let shown = file.display();
    if !text.contains("\nsteps:") {
        up::say(&format!("{shown} is written: nothing was done, so it has no steps"));
        return Ok(held.exit);
    }
    if args.no_check {
        up::say(&format!("{shown} is written"));
        return Ok(held.exit);
    }
    let (relaxed, outcome) = prove(&file, text)?;
    match outcome {
        None => {
            let less = match relaxed {
                0 => String::new(),
                1 => " (a line did not come again; it is a comment now)".to_owned(),
                many => format!(" ({many} lines did not come again; they are comments now)"),
            };
            up::say(&format!("{shown} is written, and passes{less}: `labrun run {shown}`"));
            Ok(held.exit)
        }
        Some(outcome) => {
            let why = outcome.failure.map(|failure| failure.summary).unwrap_or_default();
            let message = format!("{shown} is written, but does not pass: {why}");
            let help = Some(format!("look at it and change it: `labrun run {shown}`"));
            Err(Complaint { exit: Exit::Fail, message, help }.into())
        }
    }
}

impl Args {
    /// The file to write, which must not be there yet.
    fn file(&self) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.output {
            if file.exists() {
                let message = format!("there is a file `{}` already", file.display());
                return Err(Complaint::usage(message).help("choose another with -o FILE").into());
            }
            return Ok(file.clone());
        }
        let folder = self.up.folder();
        let name = |number: u32| match number {
            1 => folder.join("recorded.yaml"),
            number => folder.join(format!("recorded-{number}.yaml")),
        };
        (1..1000).map(name).find(|file| !file.exists()).context("there are too many recordings")
    }
}

/// The text of the scenario.
fn write_down(args: &Args, held: &Held, file: &Path) -> anyhow::Result<String> {
    let folder = held.folder.as_deref().context("the session has no record")?;
    let live = held.live.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = live.texts();
    let head = match texts.head.is_empty() {
        true => args.up.topology_text(folder_of(file).as_path())?,
        false => texts.head,
    };
    let names = live.plan().processes.iter().map(|process| process.name.clone());
    let new: usize = live.added().map(|added| added.processes.len()).sum();
    let own = live.plan().processes.len() - new;
    let preface = Preface {
        title: format!("{}, by hand", live.plan().identity.title),
        head,
        entries: if args.up.is_bare() { Vec::new() } else { texts.processes },
        processes: names.take(own).collect(),
        added: live
            .added()
            .map(|added| sketch::Added {
                steps: added.steps.clone(),
                entries: added.processes_as_text(),
                text: added.steps_as_text(),
            })
            .collect(),
    };
    Ok(sketch(&preface, &records(&folder.join("events.jsonl"))?))
}

fn records(file: &Path) -> anyhow::Result<Vec<Record>> {
    let shown = file.display();
    let lines = File::open(file).with_context(|| format!("cannot open `{shown}`"))?;
    let mut records = Vec::new();
    for line in BufReader::new(lines.take(MAX_RECORD)).lines() {
        let line = line.with_context(|| format!("cannot read `{shown}`"))?;
        // The last one may be cut off.
        records.extend(serde_json::from_str(&line));
    }
    Ok(records)
}

/// Runs what is written until it passes so often in a row; lines that do not come again become
/// comments. Says how many, and what came of the last run unless that passed.
fn prove(file: &Path, mut text: String) -> anyhow::Result<(usize, Option<RunOutcome>)> {
    let mut relaxed = 0;
    let mut proofs = 0;
    loop {
        let outcome = run_once(file)?;
        if outcome.verdict == Verdict::Pass {
            proofs += 1;
            if proofs == PROOFS {
                return Ok((relaxed, None));
            }
            continue;
        }
        let line =
            outcome.failure.as_ref().and_then(|failure| failure.place).map(|place| place.line);
        match line.and_then(|line| without_line(&text, line)).filter(|_| relaxed < MAX_RELAXED) {
            Some(less) => {
                relaxed += 1;
                proofs = 0;
                text = less;
                fs::write(file, &text)?;
            }
            None => return Ok((relaxed, Some(outcome))),
        }
    }
}

/// The same text with that line of dialogue as a comment, if it is one that expects something.
fn without_line(text: &str, number: usize) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(number.checked_sub(1)?)?;
    let speech = line.trim_start();
    let (who, _) = speech.split_once("< ")?;
    let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if !who.chars().all(is_name) {
        return None;
    }
    *line = format!("      {NOT_AGAIN}{speech}");
    quiet_if_empty(&mut lines, number - 1);
    Some(lines.join("\n") + "\n")
}

/// Makes the head of a dialogue a comment as well if all of its lines are.
fn quiet_if_empty(lines: &mut [String], line: usize) {
    let is_head = |line: &String| line == DIALOGUE;
    let Some(head) = lines[..line].iter().rposition(is_head) else { return };
    let body = lines[head + 1..].iter().take_while(|line| line.starts_with("      "));
    if body.clone().all(|line| line.trim_start().starts_with('#')) {
        lines[head] = format!("  # {}", DIALOGUE.trim_start());
    }
}

/// One run of what was written, of which only the outcome stays.
fn run_once(file: &Path) -> anyhow::Result<RunOutcome> {
    let mut catalog = Catalog::read(&[Found::Scenario(file.to_owned())])?;
    let host = Host::default();
    let jobs = run::plan(&mut catalog, &PlanOptions::default(), &host)?;
    let scratch = tempfile::tempdir()?;
    let options = Options {
        folder: Some(Box::new(|_| Ok(scratch.path().to_owned()))),
        ..Options::new(stage(host.known()))
    };
    let mut last = Outcome::default();
    let summary = dispatch(&jobs, options, &mut last).map_err(run::unrecorded)?;
    if summary.interrupted {
        let message = "interrupted".to_owned();
        return Err(Complaint { exit: Exit::Interrupted, message, help: None }.into());
    }
    last.0.context("the scenario was not run")
}

#[derive(Default)]
struct Outcome(Option<RunOutcome>);

impl Reporter for Outcome {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        if let DispatchEvent::RunEnded { outcome, .. } = event {
            self.0 = Some((*outcome).clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_expected_can_be_left_out() {
        let text = "steps:\n  - dialogue: |\n      bob< hi\n      bob> ho\n";
        let less = "steps:\n  - dialogue: |\n      # not said again: bob< hi\n      bob> ho\n";
        assert_eq!(without_line(text, 3).as_deref(), Some(less));
        let only = "steps:\n  - dialogue: |\n      bob< hi\n  - stop: bob\n";
        let less = "steps:\n  # - dialogue: |\n      # not said again: bob< hi\n  - stop: bob\n";
        assert_eq!(without_line(only, 3).as_deref(), Some(less), "a dialogue has lines");
        for other in [0, 1, 2, 4, 9] {
            assert_eq!(without_line(text, other), None);
        }
    }
}
