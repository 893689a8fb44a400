//! The report for CI servers: JUnit XML, one document, written at the end.
//!
//! A lab is a test suite, a run a test case. What fails is a `failure`, what
//! is invalid or inconclusive an `error`: nothing is known to be wrong with the
//! programs under test then.

use std::collections::BTreeMap;
use std::io::Write;

use lab_runner::dispatcher::{DispatchEvent, ReportError, Reporter, Run, RunOutcome, Summary};
use lab_runner::event::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::failure::FailureReport;
use crate::outlet::Outlet;

/// Writes JUnit XML.
pub struct JUnit<'a> {
    out: Outlet<'a>,
    suites: BTreeMap<String, TestSuite>,
}

impl<'a> JUnit<'a> {
    /// Writes to `out`, when all runs have ended.
    pub fn new(out: impl Write + 'a) -> Self {
        Self { out: Outlet::new(out), suites: BTreeMap::new() }
    }

    fn add(&mut self, run: Run<'_>, outcome: &RunOutcome) {
        let lab = &run.plan.identity.lab;
        let label = run.plan.identity.label();
        let name = label.strip_prefix(&format!("{lab}/")).unwrap_or(&label);
        let mut case = TestCase::new(name, status(run, outcome));
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
        report.add_test_suites(std::mem::take(&mut self.suites).into_values());
        let text = report
            .to_string()
            .map_err(|error| ReportError::new("write the report", std::io::Error::other(error)))?;
        self.out.write(text.as_bytes())
    }
}

fn status(run: Run<'_>, outcome: &RunOutcome) -> TestCaseStatus {
    let mut status = match outcome.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Skipped => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive | Verdict::Invalid => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
    };
    let Some(failure) = &outcome.failure else { return status };
    status.set_type(outcome.verdict.name()).set_message(failure.summary.as_str());
    if outcome.verdict != Verdict::Skipped {
        let text = FailureReport::plain(run.plan, outcome).render();
        status.set_description(text);
    }
    status
}

impl Reporter for JUnit<'_> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::RunEnded { run, outcome } => self.add(run, outcome),
            DispatchEvent::SuiteFinished { summary } => return self.write(summary),
            _ => {}
        }
        Ok(())
    }
}
