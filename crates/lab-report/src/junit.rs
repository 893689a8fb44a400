//! The report for CI servers: JUnit XML, one document, written at the end.
//!
//! A lab is a test suite, a run a test case. What fails is a `failure`, what
//! is invalid or inconclusive an `error`: nothing is known to be wrong with the
//! programs under test then. Attempts that were invalid and repeated are
//! reruns. A repetition that fails as another did before refers to it; the property
//! `pass rate` of a suite tells how often a repeated scenario of it passed.

use std::collections::BTreeMap;
use std::io::Write;

use lab_runner::dispatcher::{
    DispatchEvent, ReportError, Reporter, Run, RunIndex, RunOutcome, Summary,
};
use lab_runner::event::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use crate::failure::FailureReport;
use crate::outlet::Outlet;
use crate::statistics::{Interval, Place, Tallies};

/// Writes JUnit XML.
pub struct JUnit<'a> {
    out: Outlet<'a>,
    suites: BTreeMap<String, TestSuite>,
    tallies: Tallies,
    /// Attempts of runs that have not ended yet.
    attempts: BTreeMap<RunIndex, Vec<TestRerun>>,
}

impl<'a> JUnit<'a> {
    /// Writes to `out`, when all runs have ended.
    pub fn new(out: impl Write + 'a) -> Self {
        Self {
            out: Outlet::new(out),
            suites: BTreeMap::new(),
            tallies: Tallies::default(),
            attempts: BTreeMap::new(),
        }
    }

    fn add(&mut self, run: Run<'_>, outcome: &RunOutcome) {
        let lab = &run.plan.identity.lab;
        let label = run.plan.identity.label();
        let name = label.strip_prefix(&format!("{lab}/")).unwrap_or(&label);
        let place = self.tallies.add(run, outcome).map(|(place, _)| place);
        let mut status = status(run, outcome, place);
        status.add_reruns(self.attempts.remove(&run.index).unwrap_or_default());
        let mut case = TestCase::new(name, status);
        case.set_classname(lab.as_str()).set_time(outcome.duration);
        if let Some(folder) = run.folder {
            case.add_property(("results", &*folder.to_string_lossy()));
        }
        if let Some(points) = outcome.points {
            case.add_property(("points", &*format!("{}/{}", points.earned, points.of)));
        }
        let suite = self.suites.entry(lab.clone()).or_insert_with(|| TestSuite::new(lab.as_str()));
        suite.add_test_case(case);
    }

    fn write(&mut self, summary: &Summary) -> Result<(), ReportError> {
        let mut report = Report::new("labrun");
        report.set_time(summary.elapsed);
        for tally in self.tallies.iter() {
            let suite = self.suites.get_mut(&tally.lab);
            if let (Some(suite), Some((rate, Interval { low, high }))) = (suite, tally.rate()) {
                let text = format!("{}: {rate:.4} ({low:.4} to {high:.4})", tally.label);
                suite.add_property(("pass rate", &*text));
            }
        }
        report.add_test_suites(std::mem::take(&mut self.suites).into_values());
        let text = report
            .to_string()
            .map_err(|error| ReportError::new("write the report", std::io::Error::other(error)))?;
        self.out.write(text.as_bytes())
    }
}

/// An attempt that was invalid.
fn rerun(outcome: &RunOutcome) -> TestRerun {
    let mut rerun = TestRerun::new(NonSuccessKind::Error);
    rerun.set_type(outcome.verdict.name()).set_time(outcome.duration);
    if let Some(failure) = &outcome.failure {
        rerun.set_message(failure.doubts.first().unwrap_or(&failure.summary).as_str());
    }
    rerun
}

fn status(run: Run<'_>, outcome: &RunOutcome, place: Option<Place>) -> TestCaseStatus {
    let mut status = match outcome.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Skipped => TestCaseStatus::skipped(),
        Verdict::Invalid if outcome.cut_short => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive | Verdict::Invalid => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
    };
    let Some(failure) = &outcome.failure else { return status };
    status.set_type(outcome.verdict.name()).set_message(failure.summary.as_str());
    if let Some(Place::Like(number)) = place {
        status.set_description(format!("as repetition {number}"));
    } else if outcome.verdict != Verdict::Skipped && !outcome.cut_short {
        let text = FailureReport::plain(run.plan, outcome).render();
        status.set_description(text);
    }
    status
}

impl Reporter for JUnit<'_> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::RunAgain { run, outcome } => {
                self.attempts.entry(run.index).or_default().push(rerun(outcome));
            }
            DispatchEvent::RunEnded { run, outcome } => self.add(run, outcome),
            DispatchEvent::SuiteFinished { summary } => return self.write(summary),
            _ => {}
        }
        Ok(())
    }
}
