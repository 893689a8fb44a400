//! The end of a report to a person: how many of what, and which of them need
//! looking at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use lab_runner::dispatcher::{Run, RunOutcome, Summary};
use lab_runner::event::Verdict;
use unicode_width::UnicodeWidthStr as _;

use crate::clean::clean_line;
use crate::repetitions;
use crate::statistics::Tallies;
use crate::theme::Theme;
use crate::words;

/// Runs that are named.
const NAMED: usize = 20;

/// What is remembered of runs for the end.
#[derive(Debug, Default)]
pub(crate) struct Recap {
    troubles: Vec<Trouble>,
    /// Runs that are not named any more.
    unnamed: usize,
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
            _ if outcome.cut_short => {}
            verdict if self.troubles.len() < NAMED => self.troubles.push(Trouble {
                verdict,
                label: clean_line(&run.plan.identity.label()),
                folder: run.folder.map(PathBuf::from),
            }),
            _ => self.unnamed += 1,
        }
    }

    /// `until_fail`: runs that never started were not wanted.
    pub(crate) fn render(
        &self,
        summary: &Summary,
        tallies: &Tallies,
        until_fail: bool,
        theme: Theme,
    ) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, summary, tallies, until_fail, theme);
        // One alone has just been shown, and so have those that are not complete.
        if tallies.iter().nth(1).is_some() {
            let complete = tallies.iter().filter(|tally| tally.is_complete());
            for tally in complete.filter(|tally| tally.passed < tally.planned as usize) {
                let _ = writeln!(text, "  {}", repetitions::headline(tally, 0, theme));
            }
        }
        text
    }

    fn write(
        &self,
        text: &mut String,
        summary: &Summary,
        tallies: &Tallies,
        until_fail: bool,
        theme: Theme,
    ) -> std::fmt::Result {
        let Theme { strong, warning, .. } = theme;
        let not_run = if until_fail && !summary.interrupted { 0 } else { summary.not_run };
        let runs = words::count(summary.total + not_run - summary.not_run, "run");
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
        .map(|verdict| match verdict {
            Verdict::Invalid => (verdict, summary.invalid - summary.cut_short),
            _ => (verdict, summary.count(verdict)),
        })
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| {
            let style = theme.verdict(verdict);
            format!("{style}{count} {}{style:#}", past(verdict))
        })
        .chain(
            [(summary.cut_short, "cut short"), (not_run, "never started")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{warning}{count} {what}{warning:#}")),
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
        match tallies.first_failure() {
            _ if !until_fail => {}
            Some((label, number)) => {
                writeln!(text, "repetition {number} of {label} was the first to fail")?;
            }
            None => writeln!(text, "no repetition failed")?,
        }
        if summary.repeated > 0 {
            let attempts = words::count(summary.repeated, "attempt");
            let were = if summary.repeated == 1 { "was" } else { "were" };
            writeln!(text, "{attempts} {were} invalid and made again")?;
        }
        if summary.total > 1 {
            self.write_troubles(text, theme)?;
        }
        for (why, count) in &self.skipped {
            let count = words::count(*count, "run");
            writeln!(text, "  {warning}skipped{warning:#}  {count}: {why}")?;
        }
        Ok(())
    }

    fn write_troubles(&self, text: &mut String, theme: Theme) -> std::fmt::Result {
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
        if self.unnamed > 0 {
            writeln!(text, "  … and {} more", self.unnamed)?;
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
