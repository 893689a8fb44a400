//! What came of every check: the one that decided does not hide the others.

use std::fmt::Write as _;

use lab_runner::event::{CheckOutcome, Verdict};
use lab_scenario::plan::Check;

use super::FailureReport;
use crate::clean::clean_line;
use crate::words::fit;

/// Checks that are shown.
const MOST: usize = 30;

impl FailureReport<'_> {
    /// One line for each check, those that did not hold with what was found and
    /// their hints.
    pub(super) fn write_checks(&self, text: &mut String) -> std::fmt::Result {
        let checks: Vec<_> = self.plan.checks.iter().zip(&self.outcome.checks).collect();
        // One check alone has been shown as the failure itself.
        let alone = self.outcome.failure.as_ref().is_some_and(|failure| failure.step.is_none());
        if checks.is_empty() || (checks.len() == 1 && alone) {
            return Ok(());
        }
        self.title(text, "the checks:")?;
        for (check, outcome) in checks.iter().take(MOST) {
            self.write_check(text, check, outcome.as_ref())?;
        }
        if let Some(more) = checks.len().checked_sub(MOST).filter(|more| *more > 0) {
            self.line(text, "  ", &format!("… and {more} more: see run.json"))?;
        }
        Ok(())
    }

    fn write_check(
        &self,
        text: &mut String,
        check: &Check,
        outcome: Option<&CheckOutcome>,
    ) -> std::fmt::Result {
        let (verdict, word) = match outcome.map(|outcome| outcome.verdict) {
            Some(Verdict::Pass) => (Verdict::Pass, "pass"),
            Some(Verdict::Fail) => (Verdict::Fail, "FAIL"),
            Some(_) => (Verdict::Inconclusive, "none"),
            None => (Verdict::Inconclusive, "not made"),
        };
        let style = self.theme.verdict(verdict);
        let points = match check.points {
            0 => String::new(),
            points if verdict == Verdict::Pass => format!("  {points}/{points}"),
            points => format!("  0/{points}"),
        };
        let name = clean_line(&check.name);
        let name = fit(&name, self.width.saturating_sub(16 + points.len()));
        writeln!(text, "  {style}{word}{style:#}{points}  {name}")?;
        if verdict == Verdict::Pass {
            return Ok(());
        }
        match outcome {
            Some(outcome) if !check.hidden => {
                self.line(text, "        ", &clean_line(&outcome.found))?;
            }
            _ => {}
        }
        if let Some(hint) = &check.hint {
            self.line(text, "        ", &format!("hint: {}", clean_line(hint)))?;
        }
        Ok(())
    }
}
