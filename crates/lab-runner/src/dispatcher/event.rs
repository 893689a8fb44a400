//! What the dispatcher says of its runs, and to whom.

use std::io;
use std::path::Path;
use std::time::Duration;

use lab_scenario::plan::Plan;

use super::{Job, StageControl};
use crate::event::{CheckOutcome, Disturbance, Failure, Record, Verdict};

/// A run among those dispatched: its place in the jobs, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunIndex(pub usize);

/// The run that an event is about.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Which.
    pub index: RunIndex,
    /// Its plan.
    pub plan: &'a Plan,
    /// Which attempt at it, counted from 1: an invalid one may be repeated.
    pub attempt: u32,
    /// The folder of its results. A run that was skipped has none.
    pub folder: Option<&'a Path>,
}

/// Something that happened while runs were dispatched.
///
/// Of one run: [`Started`](Self::RunStarted), its records,
/// [`Ended`](Self::RunEnded); skipped ones only end. An attempt that was invalid
/// and is repeated ends in [`Again`](Self::RunAgain) instead, and the run starts
/// anew. Runs overlap.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum DispatchEvent<'a> {
    /// The first event.
    SuiteStarted {
        /// All there is to do, in the order of [`RunIndex`].
        jobs: &'a [Job],
    },
    /// A run is about to start.
    RunStarted {
        /// Which run.
        run: Run<'a>,
    },
    /// A run may wait for people, who can ask its stage for something from now on.
    RunOpen {
        /// Which run.
        run: Run<'a>,
        /// How to ask.
        control: &'a StageControl,
    },
    /// A stage said something.
    RunRecord {
        /// Of which run.
        run: Run<'a>,
        /// What.
        record: &'a Record,
        /// The same as it came: one line of JSON with its newline.
        line: &'a [u8],
    },
    /// An attempt is over and its stage gone, and the run is made again.
    RunAgain {
        /// Which run, and which attempt at it.
        run: Run<'a>,
        /// What came of the attempt: it is invalid.
        outcome: &'a RunOutcome,
    },
    /// A run is over. Its stage is gone, or will never play another run of a
    /// network that this one has changed.
    RunEnded {
        /// Which run.
        run: Run<'a>,
        /// What came of it.
        outcome: &'a RunOutcome,
    },
    /// A network will not be shared any further. Said some time after the end of the run
    /// that had it last.
    NetworkSpent {
        /// That run.
        index: RunIndex,
        /// Its plan.
        plan: &'a Plan,
        /// What is not as it was, in a few words: `h2's routes changed`.
        why: &'a str,
    },
    /// The last event.
    SuiteFinished {
        /// What came of all runs.
        summary: &'a Summary,
    },
}

/// The exit code by which a stage says that an invalid run is so because this
/// machine lacks something.
pub const EXIT_LACKING: u8 = 4;

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// What came of it.
    pub verdict: Verdict,
    /// Why, unless it passed.
    pub failure: Option<Failure>,
    /// Wall time from the start of the stage, or from its getting the plan, to the
    /// end of the stage, or of the run if the stage lives on.
    pub duration: Duration,
    /// What its checks earned, if any is worth points.
    pub points: Option<Points>,
    /// What came of each check of the plan, if it was made.
    pub checks: Vec<Option<CheckOutcome>>,
    /// Whether the stage said, by its exit code [`EXIT_LACKING`], that this
    /// machine cannot do it.
    pub lacking: bool,
    /// Whether it is invalid only because it was asked to end before its time.
    pub cut_short: bool,
    /// What disturbed it.
    pub disturbances: Vec<Disturbance>,
    /// The end of what the stage itself wrote to standard error: nothing, if
    /// all is well.
    pub diagnostics: Vec<u8>,
}

/// Points earned, of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Points {
    /// Those of checks that held.
    pub earned: u64,
    /// Those of all checks.
    pub of: u64,
}

/// What came of all runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// How many jobs there were.
    pub total: usize,
    /// Runs that passed.
    pub passed: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Runs that are inconclusive.
    pub inconclusive: usize,
    /// Runs that cannot be trusted.
    pub invalid: usize,
    /// Those of the invalid runs for which this machine lacks something.
    pub lacking: usize,
    /// Those of the invalid runs that an interrupt cut short.
    pub cut_short: usize,
    /// Attempts that were invalid and repeated.
    pub repeated: usize,
    /// Runs that were not made because the machine lacks something.
    pub skipped: usize,
    /// Runs never started, because of an interrupt or of `fail_fast`.
    pub not_run: usize,
    /// Wall time of everything.
    pub elapsed: Duration,
    /// Points of all runs that ended, if any check is worth some.
    pub points: Option<Points>,
    /// Whether a signal ended it early.
    pub interrupted: bool,
}

impl Summary {
    /// How many runs ended with a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        match verdict {
            Verdict::Pass => self.passed,
            Verdict::Skipped => self.skipped,
            Verdict::Inconclusive => self.inconclusive,
            Verdict::Invalid => self.invalid,
            Verdict::Fail => self.failed,
        }
    }

    pub(super) fn add(&mut self, outcome: &RunOutcome) {
        let count = match outcome.verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::Invalid => &mut self.invalid,
            Verdict::Fail => &mut self.failed,
        };
        *count += 1;
        self.lacking += usize::from(outcome.lacking);
        self.cut_short += usize::from(outcome.cut_short);
        if let Some(points) = outcome.points {
            let sum = self.points.get_or_insert_default();
            sum.earned += points.earned;
            sum.of += points.of;
        }
    }
}

/// Somebody who is told what happens.
pub trait Reporter {
    /// Takes note of an event.
    ///
    /// # Errors
    /// It could not be written down. The dispatcher then ends all runs.
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError>;

    /// Whether [`Reporter::tick`] should be called, about ten times a second.
    fn wants_ticks(&self) -> bool {
        false
    }

    /// Time has passed: redraw what shows it.
    fn tick(&mut self) {}
}

/// Several reporters, told in order.
#[derive(Default)]
pub struct Reporters<'a>(pub Vec<Box<dyn Reporter + 'a>>);

/// Each is told, even if one before it could not write; the first error counts.
impl Reporter for Reporters<'_> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        let mut result = Ok(());
        for reporter in &mut self.0 {
            result = result.and(reporter.report(event));
        }
        result
    }

    fn wants_ticks(&self) -> bool {
        self.0.iter().any(|reporter| reporter.wants_ticks())
    }

    fn tick(&mut self) {
        for reporter in self.0.iter_mut().filter(|reporter| reporter.wants_ticks()) {
            reporter.tick();
        }
    }
}

/// Something could not be written down.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct ReportError {
    /// What was tried, with its path: `write results/…/run.json`.
    pub action: String,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

impl ReportError {
    /// An error of an action such as ``write `results/…/run.json` ``.
    pub fn new(action: impl Into<String>, source: io::Error) -> Self {
        Self { action: action.into(), source }
    }
}
