//! What a person sees of a run that did not pass: the line of the scenario,
//! what was awaited there, what came instead, what the others were doing, and
//! how to run it again.
//!
//! Everything is bounded, in lines and in columns, and everything that a
//! program put out is cleaned.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use lab_runner::dispatcher::RunOutcome;
use lab_runner::event::{Failure, LastWords, Moment};
use lab_scenario::plan::{Plan, ProcessId};

use crate::PLAIN_WIDTH;
use crate::clean::{clean, clean_line};
use crate::theme::Theme;
use crate::words::fit;

mod checks;
mod picture;
mod quote;

use quote::{Quote, Rows};

/// Rows of output of the process that the failure is about.
const SUBJECT_ROWS: usize = 12;

/// Rows of output of each other process.
const OTHER_ROWS: usize = 3;

/// Other processes that are shown.
const OTHERS: usize = 8;

/// Rows of the time line.
const MOMENTS: usize = 12;

/// Rows of what a broken stage wrote to standard error.
const DIAGNOSTIC_ROWS: usize = 12;

/// A failure to be shown.
#[derive(Debug, Clone, Copy)]
pub struct FailureReport<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// What came of it.
    pub outcome: &'a RunOutcome,
    /// Where its results are.
    pub folder: Option<&'a Path>,
    /// The command that runs it again.
    pub again: Option<&'a str>,
    /// Columns that may be used.
    pub width: usize,
    /// What it looks like.
    pub theme: Theme,
}

impl<'a> FailureReport<'a> {
    /// For a file: no colours, and nothing about where the file itself is.
    #[must_use]
    pub fn plain(plan: &'a Plan, outcome: &'a RunOutcome) -> Self {
        let (width, theme) = (PLAIN_WIDTH, Theme::new(false));
        Self { plan, outcome, folder: None, again: None, width, theme }
    }

    /// The whole text, ending with a newline; nothing, if there is no failure.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Some(failure) = &self.outcome.failure else { return Ok(()) };
        self.write_doubts(text, failure)?;
        text.push_str(&picture::draw(self.plan, failure, self.theme.coloured, self.width));
        self.write_subject(text, failure)?;
        self.write_others(text, failure)?;
        self.write_timeline(text, failure)?;
        self.write_checks(text)?;
        self.write_diagnostics(text)?;
        let faint = self.theme.faint;
        if self.folder.is_some() || self.again.is_some() {
            text.push('\n');
        }
        if let Some(folder) = self.folder {
            writeln!(text, "{faint}results:{faint:#}   {}", folder.display())?;
        }
        if let Some(again) = self.again {
            writeln!(text, "{faint}run again:{faint:#} {again}")?;
        }
        Ok(())
    }

    /// Why a run that would have failed is invalid.
    fn write_doubts(&self, text: &mut String, failure: &Failure) -> std::fmt::Result {
        if failure.doubts.is_empty() {
            return Ok(());
        }
        self.title(text, "this is no verdict on the programs, for the run was disturbed:")?;
        for doubt in &failure.doubts {
            self.line(text, "  ", doubt)?;
        }
        self.title(text, "what would have been a failure (--retry-invalid N runs it again):")
    }

    fn write_subject(&self, text: &mut String, failure: &Failure) -> std::fmt::Result {
        for words in
            failure.last_words.iter().filter(|words| Some(words.process) == failure.subject)
        {
            let heading = self.heading(words);
            if words.output.is_empty() {
                self.title(text, &heading)?;
                continue;
            }
            self.title(text, &format!("{heading}; it last said:"))?;
            // A check looks at everything: there is no place where it began.
            let quote = Quote::new(words, failure.step.is_some());
            self.rows(text, "", quote.rows(SUBJECT_ROWS))?;
        }
        Ok(())
    }

    fn write_others(&self, text: &mut String, failure: &Failure) -> std::fmt::Result {
        let others: Vec<_> = failure
            .last_words
            .iter()
            .filter(|words| Some(words.process) != failure.subject)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        self.title(text, if failure.subject.is_some() { "the others:" } else { "the processes:" })?;
        for words in others.iter().take(OTHERS) {
            let heading = self.heading(words);
            if words.output.is_empty() {
                self.line(text, "  ", &heading)?;
            } else {
                self.line(text, "  ", &format!("{heading}, last said"))?;
                self.rows(text, "  ", Quote::new(words, false).rows(OTHER_ROWS))?;
            }
        }
        if let Some(more) = others.len().checked_sub(OTHERS).filter(|more| *more > 0) {
            self.line(text, "  ", &format!("… and {more} more: see their transcripts"))?;
        }
        Ok(())
    }

    fn write_timeline(&self, text: &mut String, failure: &Failure) -> std::fmt::Result {
        let newest = failure.timeline.len().saturating_sub(MOMENTS);
        let moments = &failure.timeline[newest..];
        if moments.is_empty() {
            return Ok(());
        }
        let since = match failure.step {
            Some(_) => "since this step began:",
            None => "what happened last:",
        };
        self.title(text, since)?;
        for Moment { at, text: what } in moments {
            let after = Duration::from_nanos(at.saturating_sub(failure.since)).as_secs_f64();
            let what = clean_line(what);
            let what = fit(&what, self.width.saturating_sub(15));
            let faint = self.theme.faint;
            writeln!(text, "  {faint}{after:>+9.3} s{faint:#}  {what}")?;
        }
        Ok(())
    }

    /// Only a stage that broke says something here.
    fn write_diagnostics(&self, text: &mut String) -> std::fmt::Result {
        let said = clean(&self.outcome.diagnostics);
        let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.len() < 2 {
            // A single line is the failure's detail already.
            return Ok(());
        }
        self.title(text, "the stage itself last said:")?;
        let newest = lines.len().saturating_sub(DIAGNOSTIC_ROWS);
        for line in &lines[newest..] {
            self.row(text, "", line)?;
        }
        Ok(())
    }

    /// `bob on h2 ended with code 1`. Of a process that neither ended nor said
    /// anything it is not known whether it was ever started.
    fn heading(&self, words: &LastWords) -> String {
        let who = match self.process(words.process) {
            Some((name, host)) => format!("{name} on {host}"),
            None => format!("process {}", words.process.0),
        };
        match (words.ended, words.output.is_empty()) {
            (Some(status), false) => format!("{who} {status}"),
            (Some(status), true) => format!("{who} {status} and never said anything"),
            (None, false) => format!("{who} is running"),
            (None, true) => format!("{who} never said anything"),
        }
    }

    fn process(&self, id: ProcessId) -> Option<(String, String)> {
        let process = self.plan.processes.get(id.0)?;
        Some((clean_line(&process.name), clean_line(&process.host)))
    }

    fn title(&self, text: &mut String, title: &str) -> std::fmt::Result {
        let strong = self.theme.strong;
        writeln!(text, "\n{strong}{}{strong:#}", fit(title, self.width))
    }

    fn line(&self, text: &mut String, indent: &str, line: &str) -> std::fmt::Result {
        writeln!(text, "{indent}{}", fit(line, self.width.saturating_sub(indent.len())))
    }

    fn rows(&self, text: &mut String, indent: &str, rows: Rows) -> std::fmt::Result {
        let faint = self.theme.faint;
        let mark = self.theme.mark;
        for row in rows {
            match row {
                quote::Row::Said(line) => self.row(text, indent, &line)?,
                quote::Row::Cut => writeln!(text, "{indent}  {mark}|{mark:#} {faint}…{faint:#}")?,
                quote::Row::Mark(words) => {
                    writeln!(text, "{indent}  {mark}|--{mark:#} {faint}{words}{faint:#}")?;
                }
            }
        }
        Ok(())
    }

    fn row(&self, text: &mut String, indent: &str, line: &str) -> std::fmt::Result {
        let mark = self.theme.mark;
        let line = line.trim_end().replace('\t', "    ");
        let line = fit(&line, self.width.saturating_sub(indent.len() + 4));
        writeln!(text, "{indent}  {mark}|{mark:#} {line}")
    }
}

#[cfg(test)]
mod tests;
