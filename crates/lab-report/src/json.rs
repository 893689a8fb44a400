//! The report for programs: JSON, one object per line, written as things
//! happen.
//!
//! Each object has a `type`:
//!
//! * `suite_started`: the `version` of this format and all `runs`, with their
//!   names; other objects refer to them by `run`, their index;
//! * `run_started`: its `folder`, if it has one;
//! * `record`: a `record` of the stage, as in the folder's `events.jsonl`;
//! * `run_again`: an attempt was invalid and the run is made again; as `run_ended`;
//! * `run_ended`: `verdict`, `failure`, `duration_ns`, `points`, `disturbances`, which
//!   `attempt` it was, and whether an interrupt `cut_short` the run;
//! * `network_spent`: no other run may have the network that this one had last, and `why`;
//! * `statistics`: of a scenario that was repeated, with the values of its matrix: how
//!   many of its runs passed, the `pass_rate` with its `interval`, and the `groups` of
//!   runs that did not pass, all in the same way;
//! * `suite_finished`: the counts.
//!
//! New types and members may come; readers ignore those they do not know.

use std::io::Write;
use std::path::Path;

use lab_runner::dispatcher::{DispatchEvent, Points, ReportError, Reporter, Run, RunOutcome};
use lab_runner::event::{Disturbance, Failure, Verdict};
use serde::Serialize;

use crate::identity::{self, RunName};
use crate::outlet::Outlet;
use crate::statistics::{self, Tallies};

/// The version of this format.
pub const JSON_VERSION: u32 = 1;

/// Writes JSON lines.
pub struct Json<'a> {
    out: Outlet<'a>,
    tallies: Tallies,
}

impl<'a> Json<'a> {
    /// Writes to `out`, each line at once.
    pub fn new(out: impl Write + 'a) -> Self {
        Self { out: Outlet::new(out), tallies: Tallies::default() }
    }

    fn write(&mut self, line: &Line<'_>) -> Result<(), ReportError> {
        let text = serde_json::to_vec(line)
            .map_err(|error| ReportError::new("write the report", error.into()));
        let mut text = text?;
        text.push(b'\n');
        self.out.write(&text)
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    SuiteStarted {
        version: u32,
        labrun: &'static str,
        runs: Vec<RunName<'a>>,
    },
    RunStarted {
        run: usize,
        folder: Option<&'a Path>,
    },
    RunAgain(Ended<'a>),
    RunEnded(Ended<'a>),
    NetworkSpent {
        run: usize,
        why: &'a str,
    },
    Statistics(statistics::Document<'a>),
    SuiteFinished {
        total: usize,
        passed: usize,
        failed: usize,
        inconclusive: usize,
        invalid: usize,
        skipped: usize,
        not_run: usize,
        cut_short: usize,
        repeated: usize,
        interrupted: bool,
        duration_ns: u128,
        #[serde(serialize_with = "identity::points")]
        points: Option<Points>,
    },
}

/// How a run, or an attempt at it, ended.
#[derive(Serialize)]
struct Ended<'a> {
    run: usize,
    attempt: u32,
    verdict: Verdict,
    failure: Option<&'a Failure>,
    disturbances: &'a [Disturbance],
    cut_short: bool,
    duration_ns: u128,
    #[serde(serialize_with = "identity::points")]
    points: Option<Points>,
    folder: Option<&'a Path>,
}

impl<'a> Ended<'a> {
    fn of(run: Run<'a>, outcome: &'a RunOutcome) -> Self {
        Self {
            run: run.index.0,
            attempt: run.attempt,
            verdict: outcome.verdict,
            failure: outcome.failure.as_ref(),
            disturbances: &outcome.disturbances,
            cut_short: outcome.cut_short,
            duration_ns: outcome.duration.as_nanos(),
            points: outcome.points,
            folder: run.folder,
        }
    }
}

impl Reporter for Json<'_> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::SuiteStarted { jobs } => self.write(&Line::SuiteStarted {
                version: JSON_VERSION,
                labrun: env!("CARGO_PKG_VERSION"),
                runs: jobs.iter().map(|job| RunName::of(&job.plan)).collect(),
            }),
            DispatchEvent::RunStarted { run } => {
                self.write(&Line::RunStarted { run: run.index.0, folder: run.folder })
            }
            // The line is JSON already: it is put in as it came.
            DispatchEvent::RunRecord { run, line, .. } => {
                let head = format!(r#"{{"type":"record","run":{},"record":"#, run.index.0);
                self.out.write(&[head.as_bytes(), line.trim_ascii_end(), b"}\n"].concat())
            }
            DispatchEvent::RunAgain { run, outcome } => {
                self.write(&Line::RunAgain(Ended::of(run, outcome)))
            }
            DispatchEvent::RunEnded { run, outcome } => {
                self.tallies.add(run, outcome);
                self.write(&Line::RunEnded(Ended::of(run, outcome)))
            }
            DispatchEvent::NetworkSpent { index, why, .. } => {
                self.write(&Line::NetworkSpent { run: index.0, why })
            }
            DispatchEvent::SuiteFinished { summary } => {
                for tally in std::mem::take(&mut self.tallies).iter() {
                    self.write(&Line::Statistics(tally.document()))?;
                }
                self.write(&Line::SuiteFinished {
                    total: summary.total,
                    passed: summary.passed,
                    failed: summary.failed,
                    inconclusive: summary.inconclusive,
                    invalid: summary.invalid,
                    skipped: summary.skipped,
                    not_run: summary.not_run,
                    cut_short: summary.cut_short,
                    repeated: summary.repeated,
                    interrupted: summary.interrupted,
                    duration_ns: summary.elapsed.as_nanos(),
                    points: summary.points,
                })
            }
            _ => Ok(()),
        }
    }
}
