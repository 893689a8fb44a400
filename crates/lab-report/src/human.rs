//! The report on a terminal or a plain pipe: a line for each run that ends,
//! a full account of each that did not pass, and a summary. Of repetitions only
//! the first that did not pass in its way is shown; the rest is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use lab_runner::dispatcher::{
    DispatchEvent, ReportError, Reporter, Run, RunIndex, RunOutcome, Summary,
};
use lab_runner::event::{Event, Record, Verdict};
use lab_scenario::plan::Plan;
use unicode_width::UnicodeWidthStr as _;

use crate::clean::clean_line;
use crate::failure::FailureReport;
use crate::outlet::Outlet;
use crate::progress::Progress;
use crate::recap::Recap;
use crate::repetitions;
use crate::statistics::{self, Place, Tallies};
use crate::theme::Theme;
use crate::words;

/// Failures that are shown in full. The hundredth of a hundred repetitions says
/// nothing new; its folder has everything.
const FULL_FAILURES: usize = 10;

/// Columns that the names of runs may take before they spoil the alignment.
const MAX_LABEL: usize = 60;

/// Letters of `PASS` and `FAIL`.
const USUAL_WORD: usize = 4;

/// What stands before an attempt that is repeated.
const AGAIN: &str = "AGAIN";

/// Warnings shown of one run.
const WARNINGS: usize = 5;

/// How to report to a person.
pub struct HumanOptions<'a> {
    /// Whether to use colours.
    pub coloured: bool,
    /// Columns that may be used.
    pub width: usize,
    /// Whether to show what is going on, on standard error, which must be the
    /// same terminal.
    pub live: bool,
    /// Whether the first failure ends it all, as was asked for.
    pub until_fail: bool,
    /// The command that makes a run again.
    pub again: Box<dyn Fn(&Plan) -> String + 'a>,
}

/// Reports to a person.
pub struct Human<'a> {
    out: Outlet<'a>,
    options: HumanOptions<'a>,
    theme: Theme,
    progress: Option<Progress>,
    warnings: BTreeMap<RunIndex, Vec<String>>,
    /// What was said of networks that are not shared. Once is enough for all repetitions.
    spent: BTreeSet<String>,
    label_width: usize,
    /// The same of what is repeated.
    tally_width: usize,
    full_failures: usize,
    tallies: Tallies,
    recap: Recap,
}

impl<'a> Human<'a> {
    /// Reports to `out`.
    pub fn new(out: impl Write + 'a, options: HumanOptions<'a>) -> Self {
        let progress = options.live.then(Progress::new);
        let theme = Theme::new(options.coloured);
        Self {
            out: Outlet::new(out),
            options,
            theme,
            progress,
            warnings: BTreeMap::new(),
            spent: BTreeSet::new(),
            label_width: 0,
            tally_width: 0,
            full_failures: 0,
            tallies: Tallies::default(),
            recap: Recap::default(),
        }
    }

    fn print(&mut self, text: &str) -> Result<(), ReportError> {
        let out = &mut self.out;
        match &self.progress {
            Some(progress) => progress.aside(|| out.write(text.as_bytes())),
            None => out.write(text.as_bytes()),
        }
    }

    fn note(&mut self, run: Run<'_>, record: &Record) {
        match &record.event {
            Event::Warning { message } => {
                let warnings = self.warnings.entry(run.index).or_default();
                if warnings.len() < WARNINGS {
                    warnings.push(clean_line(message));
                }
            }
            // Of a run that is invalid for it, the picture tells.
            Event::Disturbed { .. } => {}
            event => {
                if let Some(progress) = &mut self.progress {
                    progress.note(run, event);
                }
            }
        }
    }

    fn end(&mut self, run: Run<'_>, outcome: &RunOutcome) -> Result<(), ReportError> {
        if let Some(progress) = &mut self.progress {
            progress.end(run.index, outcome.verdict);
        }
        let warnings = self.warnings.remove(&run.index).unwrap_or_default();
        let Some((place, tally)) = self.tallies.add(run, outcome) else {
            self.recap.add(run, outcome);
            let text = self.whole(run, outcome, &warnings);
            return self.print(&text);
        };
        let summary = tally
            .is_complete()
            .then(|| repetitions::draw(tally, self.tally_width, self.theme, self.options.width));
        // What passed, and what failed as another did before, is only counted.
        let mut text = match place {
            Place::First => self.whole(run, outcome, &warnings),
            Place::Plain | Place::Like(_) => String::new(),
        };
        text.push_str(&summary.unwrap_or_default());
        self.print(&text)
    }

    /// `      note: not shared after shared/new-address: h1's addresses changed`
    fn spent(&mut self, plan: &Plan, why: &str) -> Result<(), ReportError> {
        let style = self.theme.faint;
        let what = clean_line(&format!("not shared after {}: {why}", statistics::label(plan)));
        let text = format!("      {style}note: {what}{style:#}\n");
        if self.spent.insert(what) { self.print(&text) } else { Ok(()) }
    }

    /// The line of a run, and what went wrong.
    fn whole(&mut self, run: Run<'_>, outcome: &RunOutcome, warnings: &[String]) -> String {
        let mut text = self.line(run, outcome);
        let disturbances = outcome.disturbances.iter();
        let disturbances = disturbances
            .filter(|_| outcome.verdict != Verdict::Invalid)
            .map(|disturbance| clean_line(&disturbance.message));
        for warning in warnings.iter().cloned().chain(disturbances) {
            let style = self.theme.warning;
            text.push_str(&format!("      {style}warning:{style:#} {warning}\n"));
        }
        let to_show =
            matches!(outcome.verdict, Verdict::Fail | Verdict::Invalid | Verdict::Inconclusive);
        if to_show && !outcome.cut_short {
            self.full_failures += 1;
            if self.full_failures <= FULL_FAILURES {
                text.push_str(&self.failure(run, outcome));
            } else if self.full_failures == FULL_FAILURES + 1 {
                text.push_str("      (what went wrong from here on is in the results only)\n");
            }
        }
        text
    }

    /// `AGAIN  direct-chat/three-users  0.21 s  labrun stood still for 212 ms, …`
    fn again(&mut self, run: Run<'_>, outcome: &RunOutcome) -> Result<(), ReportError> {
        if let Some(progress) = &mut self.progress {
            progress.again(run.index);
        }
        self.warnings.remove(&run.index);
        let style = self.theme.warning;
        let room = (self.label_width + USUAL_WORD).saturating_sub(AGAIN.len());
        let label = words::pad(&clean_line(&run.plan.identity.label()), room);
        let time = words::duration(outcome.duration);
        let why = outcome.failure.as_ref().map(|failure| {
            let doubt = failure.doubts.first();
            clean_line(doubt.unwrap_or(&failure.summary))
        });
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let attempt = run.attempt;
        self.print(&format!(
            "{style}{AGAIN}{style:#}  {label}  {time}  attempt {attempt} was invalid{why}\n"
        ))
    }

    /// `PASS  direct-chat/three-users  0.21 s`
    fn line(&self, run: Run<'_>, outcome: &RunOutcome) -> String {
        let style = self.theme.verdict(outcome.verdict);
        let word = if outcome.cut_short { "STOPPED" } else { word(outcome.verdict) };
        // A long word takes some of the room of the name, so that what comes
        // after stays in its column.
        let room = (self.label_width + USUAL_WORD).saturating_sub(word.len());
        let label = words::pad(&clean_line(&run.plan.identity.label()), room);
        let after = match (outcome.verdict, &outcome.failure) {
            (Verdict::Skipped, Some(failure)) => {
                let help = failure.help.as_deref().map(|help| format!(": {help}"));
                format!("{}{}", failure.summary, help.unwrap_or_default())
            }
            _ => {
                let points = outcome
                    .points
                    .map(|points| format!("  {}/{} points", points.earned, points.of));
                let attempt = (run.attempt > 1).then(|| format!("  attempt {}", run.attempt));
                format!(
                    "{}{}{}",
                    words::duration(outcome.duration),
                    points.unwrap_or_default(),
                    attempt.unwrap_or_default()
                )
            }
        };
        format!("{style}{word}{style:#}  {label}  {}\n", clean_line(&after))
    }

    fn failure(&self, run: Run<'_>, outcome: &RunOutcome) -> String {
        let again = (self.options.again)(run.plan);
        let report = FailureReport {
            plan: run.plan,
            outcome,
            folder: run.folder,
            again: Some(&again),
            width: self.options.width,
            theme: self.theme,
        };
        format!("{}\n", report.render())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), ReportError> {
        if let Some(progress) = self.progress.take() {
            progress.clear();
        }
        let tallies = std::mem::take(&mut self.tallies);
        let mut text = String::new();
        for tally in tallies.iter().filter(|tally| !tally.is_complete()) {
            text.push_str(&repetitions::draw(
                tally,
                self.tally_width,
                self.theme,
                self.options.width,
            ));
        }
        let recap = std::mem::take(&mut self.recap);
        text.push_str(&recap.render(summary, &tallies, self.options.until_fail, self.theme));
        self.print(&text)
    }
}

/// As few letters as people know it by.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Skipped => "SKIP",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Invalid => "INVALID",
        Verdict::Fail => "FAIL",
    }
}

impl Reporter for Human<'_> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::SuiteStarted { jobs } => {
                let labels = jobs.iter().map(|job| job.plan.identity.label().width());
                self.label_width = labels.filter(|width| *width <= MAX_LABEL).max().unwrap_or(0);
                let labels = jobs.iter().map(|job| statistics::label(&job.plan).width());
                self.tally_width = labels.filter(|width| *width <= MAX_LABEL).max().unwrap_or(0);
                if let Some(progress) = &mut self.progress {
                    progress.begin(jobs.len());
                }
            }
            DispatchEvent::RunStarted { run } => {
                if let Some(progress) = &mut self.progress {
                    progress.start(run);
                }
            }
            DispatchEvent::RunRecord { run, record, .. } => self.note(run, record),
            DispatchEvent::RunAgain { run, outcome } => return self.again(run, outcome),
            DispatchEvent::RunEnded { run, outcome } => return self.end(run, outcome),
            DispatchEvent::NetworkSpent { plan, why, .. } => return self.spent(plan, why),
            DispatchEvent::SuiteFinished { summary } => return self.finish(summary),
            _ => {}
        }
        Ok(())
    }

    fn wants_ticks(&self) -> bool {
        self.progress.is_some()
    }

    fn tick(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.draw();
        }
    }
}

/// A width that is good to read where no terminal says how wide it is.
pub const PLAIN_WIDTH: usize = 100;

/// How long a run takes before it is worth a line of progress.
pub(crate) const WORTH_SHOWING: Duration = Duration::from_millis(150);
