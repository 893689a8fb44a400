//! The `build:` of labs: run once, before anything else.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use duct::cmd;
use indicatif::{ProgressBar, ProgressStyle};
use lab_report::clean::{clean, clean_line};
use lab_report::words;
use lab_runner::dispatcher::Job;
use lab_scenario::{Lab, Scenario};

use crate::exit::Complaint;
use crate::terminal;

/// Lines of a build's output that are shown when it fails.
const SHOWN: usize = 40;

/// Bytes of one line of it that are kept.
const MAX_LINE: usize = 1000;

/// Builds each lab of which something is going to be run.
pub(crate) fn build_labs(scenarios: &[Scenario], jobs: &[Job]) -> anyhow::Result<()> {
    let mut done: Vec<&Path> = Vec::new();
    for lab in scenarios.iter().map(Scenario::lab) {
        let is_needed = || {
            let of_lab = jobs.iter().filter(|job| job.plan.directory == lab.directory);
            of_lab.into_iter().any(|job| job.missing.is_empty())
        };
        if let Some(command) = &lab.build
            && !done.contains(&&*lab.directory)
            && is_needed()
        {
            done.push(&lab.directory);
            show_build(lab, command)?;
        }
    }
    Ok(())
}

/// Builds one lab, if it has to be built.
pub(crate) fn build_lab(lab: &Lab) -> anyhow::Result<()> {
    lab.build.as_ref().map_or(Ok(()), |command| show_build(lab, command))
}

/// On a terminal a line that goes away again, with the last thing the build
/// said; elsewhere a line that stays.
fn show_build(lab: &Lab, command: &str) -> anyhow::Result<()> {
    let title = format!("building {}: {}", clean_line(&lab.id), clean_line(command));
    if !terminal::is_live(true) {
        // If standard error is gone, nobody misses the line.
        let _ = writeln!(std::io::stderr(), "{title}");
        return build(&lab.id, &lab.directory, command, |_| {});
    }
    let style = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}");
    let spinner = ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        .with_prefix(title);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let result = build(&lab.id, &lab.directory, command, |line| {
        spinner.set_message(line.to_owned());
    });
    spinner.finish_and_clear();
    result
}

/// Runs a lab's build command in the lab's folder and waits for its end.
/// `progress` is shown what it says, line by line.
///
/// # Errors
/// A [`Complaint`] with the end of its output.
fn build(
    lab: &str,
    folder: &Path,
    command: &str,
    mut progress: impl FnMut(&str),
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let reader = cmd!("sh", "-c", command)
        .dir(folder)
        .stdin_null()
        .stderr_to_stdout()
        .unchecked()
        .reader()
        .with_context(|| format!("cannot start the build of {lab}: `{command}`"))?;
    let mut tail = Tail::default();
    let mut lines = BufReader::new(&reader);
    let mut line = Vec::new();
    // A line that is longer than the bound comes as several.
    while lines
        .by_ref()
        .take(MAX_LINE as u64)
        .read_until(b'\n', &mut line)
        .with_context(|| format!("cannot read what the build of {lab} says"))?
        > 0
    {
        let text = clean(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            progress(text);
            tail.push(text);
        }
        line.clear();
    }
    let ended = reader.try_wait().with_context(|| format!("cannot wait for the build of {lab}"))?;
    if ended.is_some_and(|output| output.status.success()) {
        return Ok(());
    }
    let status =
        ended.map_or_else(|| "it has not ended".into(), |output| output.status.to_string());
    let time = words::duration(begun.elapsed());
    let message = format!(
        "the build of {lab} failed after {time} ({status})\n{}",
        tail.render(&clean_line(command))
    );
    Err(Complaint::usage(message)
        .help("mend it, or use --no-build to run what was built before")
        .into())
}

/// The last lines.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    lost: usize,
}

impl Tail {
    fn push(&mut self, line: &str) {
        if self.lines.len() == SHOWN {
            self.lines.pop_front();
            self.lost += 1;
        }
        self.lines.push_back(line.to_owned());
    }

    fn render(&self, command: &str) -> String {
        let mut text = format!("  $ {command}\n");
        if self.lost > 0 {
            text.push_str(&format!("  | … {} more above\n", words::count(self.lost, "line")));
        }
        for line in &self.lines {
            text.push_str(&format!("  | {line}\n"));
        }
        text.truncate(text.trim_end().len());
        text
    }
}
