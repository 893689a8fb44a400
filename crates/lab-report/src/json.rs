//! The report for programs: JSON, one object per line, written as things
//! happen.
//!
//! Each object has a `type`:
//!
//! * `suite_started`: the `version` of this format and all `runs`, with their
//!   names; other objects refer to them by `run`, their index;
//! * `run_started`: its `folder`, if it has one;
//! * `record`: a `record` of the stage, as in the folder's `events.jsonl`;
//! * `run_ended`: `verdict`, `failure`, `duration_ns`, `points`;
//! * `suite_finished`: the counts.
//!
//! New types and members may come; readers ignore those they do not know.

use std::io::Write;
use std::path::Path;

use lab_runner::dispatcher::{DispatchEvent, Points, ReportError, Reporter};
use lab_runner::event::{Failure, Verdict};
use serde::Serialize;

use crate::identity::{self, RunName};
use crate::outlet::Outlet;

/// The version of this format.
pub const JSON_VERSION: u32 = 1;

/// Writes JSON lines.
pub struct Json<'a> {
    out: Outlet<'a>,
}

impl<'a> Json<'a> {
    /// Writes to `out`, each line at once.
    pub fn new(out: impl Write + 'a) -> Self {
        Self { out: Outlet::new(out) }
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
    RunEnded {
        run: usize,
        verdict: Verdict,
        failure: Option<&'a Failure>,
        duration_ns: u128,
        #[serde(serialize_with = "identity::points")]
        points: Option<Points>,
        folder: Option<&'a Path>,
    },
    SuiteFinished {
        total: usize,
        passed: usize,
        failed: usize,
        inconclusive: usize,
        invalid: usize,
        skipped: usize,
        not_run: usize,
        interrupted: bool,
        duration_ns: u128,
        #[serde(serialize_with = "identity::points")]
        points: Option<Points>,
    },
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
            DispatchEvent::RunEnded { run, outcome } => self.write(&Line::RunEnded {
                run: run.index.0,
                verdict: outcome.verdict,
                failure: outcome.failure.as_ref(),
                duration_ns: outcome.duration.as_nanos(),
                points: outcome.points,
                folder: run.folder,
            }),
            DispatchEvent::SuiteFinished { summary } => self.write(&Line::SuiteFinished {
                total: summary.total,
                passed: summary.passed,
                failed: summary.failed,
                inconclusive: summary.inconclusive,
                invalid: summary.invalid,
                skipped: summary.skipped,
                not_run: summary.not_run,
                interrupted: summary.interrupted,
                duration_ns: summary.elapsed.as_nanos(),
                points: summary.points,
            }),
            _ => Ok(()),
        }
    }
}
