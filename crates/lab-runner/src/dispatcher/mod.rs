//! Schedules runs: one stage process each, so many at a time, and what they
//! say forwarded to a [`Reporter`].
//!
//! A stage gets its plan as one line of JSON on its standard input (an
//! [`Assignment`](crate::assignment::Assignment)), which then
//! stays open: its closing asks the stage to end. It says one
//! [`Record`](crate::event::Record) per line on its standard output. Standard
//! error is kept, the end of it, for the day it crashes.
//!
//! A stage whose network a later plan may use is asked to keep it. After the run it says
//! that it is ready for another one, or it ends ([`stages`]).
//!
//! One thread watches each stage; one loop, on the thread that calls
//! [`dispatch`], alone decides, hears signals and talks to the reporter. Between
//! them is one bounded channel: a reporter that is slow slows the stages down,
//! it does not fill the memory.
//!
//! # What can be relied on
//! * Every job that is started ends in exactly one
//!   [`DispatchEvent::RunEnded`], whatever its stage does: a stage that
//!   crashes, says something that is no record, or outstays its timeout is
//!   [`Verdict::Invalid`](crate::event::Verdict::Invalid) and the failure says
//!   so.
//! * Stages are started from the calling thread and no other, because
//!   `PR_SET_PDEATHSIG`, which stages use, goes by thread.
//! * When [`dispatch`] returns, no stage is left.
//!
//! # What it does not do
//! Enforce the plan's timeout: the stage does. The dispatcher only has a
//! backstop for stages that hang.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lab_scenario::plan::Plan;

use crate::assignment::Hold;

mod control;
mod event;
mod interrupt;
mod ledger;
mod lines;
mod schedule;
mod stage;
mod stages;
mod tail;

pub use control::StageControl;
pub use event::{
    DispatchEvent, EXIT_LACKING, Points, ReportError, Reporter, Reporters, Run, RunIndex,
    RunOutcome, Summary,
};

/// One run to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What to run.
    pub plan: Plan,
    /// What it requires and this machine has not: if anything, it is skipped.
    pub missing: Vec<Missing>,
}

/// Something that a scenario requires and this machine has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What: as in the scenario's `requires`.
    pub what: String,
    /// How to get it; one line.
    pub help: String,
}

/// How stages are started: a program and the arguments that make it one.
#[derive(Debug, Clone)]
pub struct StageCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments. `--parent PID`, the dispatcher's own, is appended to
    /// them.
    pub arguments: Vec<OsString>,
    /// Variables that it gets beside the dispatcher's own.
    pub environment: Vec<(OsString, OsString)>,
}

/// Makes the folder of a run, before it starts.
pub type MakeFolder<'a> = Box<dyn FnMut(&Plan) -> Result<PathBuf, ReportError> + 'a>;

/// How to dispatch.
pub struct Options<'a> {
    /// How stages are started.
    pub stage: StageCommand,
    /// How many stages may run at a time; at least one does.
    pub jobs: usize,
    /// Whether to start nothing more after the first run that failed.
    pub fail_fast: bool,
    /// How often a run that is invalid is made again. One for which this machine
    /// lacks something is not.
    pub retry_invalid: u32,
    /// Makes the folder of each run; without it, runs have none.
    pub folder: Option<MakeFolder<'a>>,
    /// When runs wait for people. Those that do get no stage of others.
    pub hold: Hold,
    /// How much longer than its plan's timeout a stage may live.
    pub overrun: Duration,
    /// How long a stage may take to end after it was asked to.
    pub grace: Duration,
}

impl Options<'_> {
    /// The usual ones.
    #[must_use]
    pub fn new(stage: StageCommand) -> Self {
        Self {
            stage,
            jobs: 1,
            fail_fast: false,
            retry_invalid: 0,
            folder: None,
            hold: Hold::default(),
            overrun: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The handlers for Ctrl-C and its kin could not be installed.
    #[error("cannot listen to signals")]
    Signals(#[source] std::io::Error),
    /// What the runs say could not be written down. All stages were asked to
    /// end, and have ended.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Runs all jobs, in order, and tells the reporter everything.
///
/// Ctrl-C, SIGTERM and SIGHUP are listened to from here on: the first asks all
/// stages to end, and kills those that have not within [`Options::grace`]; the
/// second kills at once. The summary then says that it was interrupted.
///
/// # Errors
/// See [`DispatchError`]. That a run fails or cannot be started is not an error
/// but its verdict.
pub fn dispatch(
    jobs: &[Job],
    options: Options<'_>,
    reporter: &mut dyn Reporter,
) -> Result<Summary, DispatchError> {
    schedule::Schedule::new(jobs, options, reporter)?.play()
}

#[cfg(test)]
mod tests;
