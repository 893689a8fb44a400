//! What is remembered of a run while its records pass by, and the outcome that
//! follows from it and from how its stage ended.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use bstr::ByteSlice as _;
use lab_scenario::plan::{Plan, Signal};

use super::event::{EXIT_LACKING, Points, RunOutcome};
use super::stage::{Nonsense, StageEnd};
use crate::event::{CheckOutcome, Disturbance, Event, Failure, Record, Verdict};

/// How much of a line that is no record is shown.
const NONSENSE_SHOWN: usize = 200;

/// Disturbances of a run that are kept.
const DISTURBANCES: usize = 20;

/// What a stage was told to do, beside its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orders {
    /// Nothing.
    None,
    /// To end, by closing its pipe.
    End,
    /// It was killed, for it outlived its timeout by this much.
    Overdue(Duration),
}

/// What is remembered of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    verdict: Option<(Verdict, Option<Failure>)>,
    /// What came of each check, by its number.
    checks: Vec<Option<CheckOutcome>>,
    disturbances: Vec<Disturbance>,
    /// The step under way, and since when.
    step: Option<(usize, u64)>,
}

impl Ledger {
    pub(super) fn note(&mut self, plan: &Plan, record: &Record) {
        match &record.event {
            Event::StepStarted { step } => self.step = Some((*step, record.at)),
            Event::StepPassed { .. } => self.step = None,
            Event::CheckFinished { check, outcome } => {
                self.checks.resize(plan.checks.len(), None);
                if let Some(slot) = self.checks.get_mut(*check) {
                    *slot = Some(outcome.clone());
                }
            }
            Event::Disturbed { disturbance } if self.disturbances.len() < DISTURBANCES => {
                self.disturbances.push(disturbance.clone());
            }
            // The first verdict counts; a stage has only one.
            Event::RunFinished { verdict, failure } if self.verdict.is_none() => {
                self.verdict = Some((*verdict, failure.clone()));
            }
            _ => {}
        }
    }

    /// The outcome. What the stage decided counts only if nothing spoils it.
    pub(super) fn close(
        mut self,
        plan: &Plan,
        orders: Orders,
        end: StageEnd,
        duration: Duration,
    ) -> RunOutcome {
        let of = plan.checks.iter().map(|check| u64::from(check.points)).sum();
        let passed = |outcome: &CheckOutcome| outcome.verdict == Verdict::Pass;
        let earned = plan
            .checks
            .iter()
            .zip(&self.checks)
            .filter(|(_, outcome)| outcome.as_ref().is_some_and(passed));
        let earned = earned.map(|(check, _)| u64::from(check.points)).sum();
        let points = (of > 0).then_some(Points { earned, of });
        let checks = std::mem::take(&mut self.checks);
        let disturbances = std::mem::take(&mut self.disturbances);
        let (verdict, failure) = self.judge(plan, orders, &end);
        let code = end.status.as_ref().ok().and_then(ExitStatus::code);
        let lacking = verdict == Verdict::Invalid && code == Some(EXIT_LACKING.into());
        let cut_short = verdict == Verdict::Invalid && orders == Orders::End;
        let diagnostics = end.stderr;
        RunOutcome {
            verdict,
            failure,
            duration,
            points,
            checks,
            lacking,
            cut_short,
            disturbances,
            diagnostics,
        }
    }

    fn judge(self, plan: &Plan, orders: Orders, end: &StageEnd) -> (Verdict, Option<Failure>) {
        let spoiled = if let Some(nonsense) = &end.nonsense {
            let (summary, detail) = describe(nonsense);
            self.failure(plan, summary, Some(detail))
        } else if let Orders::Overdue(by) = orders {
            let summary = format!(
                "the stage was killed: it lived {} s longer than the run's timeout of {} s",
                by.as_secs_f64(),
                plan.timeout.as_secs_f64()
            );
            self.failure(plan, summary, last_line(&end.stderr))
        } else if let Some(decided) = self.verdict {
            return decided;
        } else if orders == Orders::End {
            Failure { help: None, ..self.failure(plan, "the run was interrupted".into(), None) }
        } else {
            let summary = format!("the stage ended without a verdict: {}", ending(end));
            self.failure(plan, summary, last_line(&end.stderr))
        };
        (Verdict::Invalid, Some(spoiled))
    }

    /// A failure of the run as a whole, at the step that was under way.
    fn failure(&self, plan: &Plan, summary: String, detail: Option<String>) -> Failure {
        let (step, since) = self.step.unzip();
        Failure {
            step,
            place: step.and_then(|step| plan.steps.get(step)).map(|step| step.place),
            detail,
            help: Some(OUR_FAULT.to_owned()),
            since: since.unwrap_or(0),
            ..Failure::of_the_run(summary)
        }
    }
}

/// The outcome of a run whose stage was never started.
pub(super) fn never_started(
    plan: &Plan,
    verdict: Verdict,
    summary: String,
    detail: Option<String>,
    help: Option<String>,
) -> RunOutcome {
    let failure = Failure { help, ..Ledger::default().failure(plan, summary, detail) };
    RunOutcome {
        verdict,
        failure: Some(failure),
        duration: Duration::ZERO,
        points: None,
        checks: Vec::new(),
        lacking: false,
        cut_short: false,
        disturbances: Vec::new(),
        diagnostics: Vec::new(),
    }
}

const OUR_FAULT: &str = "this is a fault of labrun or of the machine, not of the scenario";

fn describe(nonsense: &Nonsense) -> (String, String) {
    let (summary, line, why) = match nonsense {
        Nonsense::Endless(start) => {
            ("the stage said a line without end", start, "this is how it begins".to_owned())
        }
        Nonsense::NotARecord(line, error) => {
            ("the stage said something that is no record", line, error.to_string())
        }
    };
    let shown = &line[..line.len().min(NONSENSE_SHOWN)];
    (summary.to_owned(), format!("{why}: `{}`", shown.trim_end().as_bstr()))
}

fn ending(end: &StageEnd) -> String {
    match &end.status {
        Ok(status) => ending_of(*status),
        Err(error) => format!("how it ended is not known ({error})"),
    }
}

fn ending_of(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("it exited with code {code}");
    }
    match status.signal() {
        Some(signal) => format!("it was ended by {}", Signal(signal)),
        None => status.to_string(),
    }
}

/// The last line that says something.
fn last_line(bytes: &[u8]) -> Option<String> {
    let line = bytes.lines().rev().map(<[u8]>::trim).find(|line| !line.is_empty())?;
    Some(line.to_str_lossy().into_owned())
}
