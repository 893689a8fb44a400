//! The end of a report to a person: how many of what, and which of them need
//! looking at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use lab_runner::dispatcher::{Run, RunOutcome, Summary};
use lab_runner::event::Verdict;
use unicode_width::UnicodeWidthStr as _;

use crate::clean::clean_line;
use crate::theme::Theme;
use crate::words;

/// Runs that are named.
const NAMED: usize = 20;

/// What is remembered of runs for the end.
#[derive(Debug, Default)]
pub(crate) struct Recap {
    troubles: Vec<Trouble>,
    /// Why runs were skipped, and how many.
    skipped: BTreeMap<String, usize>,
}

/// A run that did not pass.
#[derive(Debug)]
struct Trouble {
    verdict: Verdict,
    label: String,
    folder: Option<PathBuf>,
}

impl Recap {
    pub(crate) fn add(&mut self, run: Run<'_>, outcome: &RunOutcome) {
        match outcome.verdict {
            Verdict::Pass => {}
            Verdict::Skipped => {
                let why = outcome.failure.as_ref().map(|failure| clean_line(&failure.summary));
                *self.skipped.entry(why.unwrap_or_default()).or_default() += 1;
            }
            verdict if self.troubles.len() < NAMED => self.troubles.push(Trouble {
                verdict,
                label: clean_line(&run.plan.identity.label()),
                folder: run.folder.map(PathBuf::from),
            }),
            _ => {}
        }
    }

    pub(crate) fn render(&self, summary: &Summary, theme: Theme) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, summary, theme);
        text
    }

    fn write(&self, text: &mut String, summary: &Summary, theme: Theme) -> std::fmt::Result {
        let Theme { strong, warning, .. } = theme;
        let runs = words::count(summary.total, "run");
        let time = words::duration(summary.elapsed);
        write!(text, "{strong}{runs}{strong:#} in {time}: ")?;
        let counts: Vec<_> = [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Inconclusive,
            Verdict::Invalid,
            Verdict::Skipped,
        ]
        .into_iter()
        .filter(|verdict| summary.count(*verdict) > 0)
        .map(|verdict| {
            let style = theme.verdict(verdict);
            format!("{style}{} {}{style:#}", summary.count(verdict), past(verdict))
        })
        .chain(
            (summary.not_run > 0)
                .then(|| format!("{warning}{} never started{warning:#}", summary.not_run)),
        )
        .collect();
        text.push_str(&counts.join(", "));
        if let Some(points) = summary.points {
            write!(text, "; {}/{} points", points.earned, points.of)?;
        }
        text.push('\n');
        if summary.interrupted {
            writeln!(text, "{warning}interrupted{warning:#}")?;
        }
        if summary.total > 1 {
            self.write_troubles(text, summary, theme)?;
        }
        for (why, count) in &self.skipped {
            let count = words::count(*count, "run");
            writeln!(text, "  {warning}skipped{warning:#}  {count}: {why}")?;
        }
        Ok(())
    }

    fn write_troubles(
        &self,
        text: &mut String,
        summary: &Summary,
        theme: Theme,
    ) -> std::fmt::Result {
        let widest = |width: fn(&Trouble) -> usize| self.troubles.iter().map(width).max();
        let words_width = widest(|trouble| past(trouble.verdict).len()).unwrap_or(0);
        let label_width = widest(|trouble| trouble.label.width()).unwrap_or(0);
        for trouble in &self.troubles {
            let style = theme.verdict(trouble.verdict);
            let faint = theme.faint;
            let word = words::pad(past(trouble.verdict), words_width);
            let label = words::pad(&trouble.label, label_width);
            write!(text, "  {style}{word}{style:#}  {label}")?;
            if let Some(folder) = &trouble.folder {
                write!(text, "  {faint}{}{faint:#}", folder.display())?;
            }
            text.push('\n');
        }
        let all = summary.failed + summary.inconclusive + summary.invalid;
        if let Some(more) = all.checked_sub(self.troubles.len()).filter(|more| *more > 0) {
            writeln!(text, "  … and {more} more")?;
        }
        Ok(())
    }
}

fn past(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Skipped | Verdict::Inconclusive | Verdict::Invalid => verdict.name(),
    }
}
