//! `run.json`: what came of a run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lab_runner::dispatcher::{Points, Run, RunOutcome};
use lab_runner::event::{Disturbance, Environment, Event, Failure, HostAddress, Record, Verdict};
use lab_scenario::plan::{ExitStatus, Plan};
use serde::Serialize;

use super::captures;
use crate::identity::{self, RunName};
use crate::statistics::Signature;

/// The version of `run.json`.
pub const RUN_VERSION: u32 = 1;

/// Warnings and faults that are kept; `events.jsonl` has all.
const REMARKS: usize = 100;

/// What is put together while a run goes on. Times are in nanoseconds since it
/// began.
#[derive(Debug)]
pub(super) struct Account {
    started: Timestamp,
    environment: Environment,
    hosts: Vec<HostAddress>,
    faults: Vec<String>,
    warnings: Vec<String>,
    processes: Vec<ProcessAccount>,
    steps: Vec<StepAccount>,
    saved: BTreeMap<String, String>,
    labels: BTreeMap<String, Vec<u64>>,
    checks: Vec<Option<(Verdict, String)>>,
    captures: Vec<CaptureAccount>,
}

#[derive(Debug, Clone, Default)]
struct ProcessAccount {
    argv: Vec<String>,
    started: Option<u64>,
    ready: Option<u64>,
    ended: Option<u64>,
    status: Option<ExitStatus>,
    output_bytes: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct CaptureAccount {
    packets: u64,
    lost: u64,
    full: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct StepAccount {
    began: Option<u64>,
    passed: Option<u64>,
    /// Whether it is optional and did not come about.
    missed: bool,
}

impl Account {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            started: Timestamp::now(),
            environment: Environment::default(),
            hosts: Vec::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
            processes: vec![ProcessAccount::default(); plan.processes.len()],
            steps: vec![StepAccount::default(); plan.steps.len()],
            saved: BTreeMap::new(),
            labels: BTreeMap::new(),
            checks: vec![None; plan.checks.len()],
            captures: vec![CaptureAccount::default(); plan.captures.len()],
        }
    }

    pub(super) fn note(&mut self, record: &Record) {
        let at = Some(record.at);
        match &record.event {
            Event::RunStarted { environment, .. } => self.environment = environment.clone(),
            Event::NetworkUp { hosts, faults, .. } => {
                self.hosts.clone_from(hosts);
                self.faults = faults.iter().take(REMARKS).cloned().collect();
            }
            Event::ProcessStarted { process, argv, .. } => {
                if let Some(account) = self.processes.get_mut(process.0) {
                    let output_bytes = account.output_bytes;
                    let argv = argv.clone();
                    *account =
                        ProcessAccount { argv, started: at, output_bytes, ..Default::default() };
                }
            }
            Event::ProcessReady { process } => {
                if let Some(account) = self.processes.get_mut(process.0) {
                    account.ready = at;
                }
            }
            Event::Output { process, bytes, .. } => {
                let length = bytes.len() as u64;
                if let Some(account) = self.processes.get_mut(process.0) {
                    account.output_bytes += length;
                }
            }
            Event::ProcessExited { process, status } => {
                if let Some(account) = self.processes.get_mut(process.0) {
                    account.ended = at;
                    account.status = Some(*status);
                }
            }
            Event::StepStarted { step } => {
                if let Some(account) = self.steps.get_mut(*step) {
                    // Of steps that are tried again the last try counts.
                    *account = StepAccount { began: at, ..StepAccount::default() };
                }
            }
            Event::StepPassed { step } => {
                if let Some(account) = self.steps.get_mut(*step) {
                    account.passed = at;
                }
            }
            Event::StepMissed { step, .. } => {
                if let Some(account) = self.steps.get_mut(*step) {
                    account.missed = true;
                }
            }
            Event::Saved { name, value, .. } => {
                self.saved.insert(name.clone(), value.clone());
            }
            Event::Labelled { label, .. } => {
                self.labels.entry(label.clone()).or_default().push(record.at);
            }
            Event::Warning { message } if self.warnings.len() < REMARKS => {
                self.warnings.push(message.clone());
            }
            Event::CaptureEnded { capture, packets, lost, full } => {
                if let Some(account) = self.captures.get_mut(capture.0) {
                    *account = CaptureAccount { packets: *packets, lost: *lost, full: *full };
                }
            }
            Event::CheckFinished { check, outcome } => {
                if let Some(slot) = self.checks.get_mut(*check) {
                    *slot = Some((outcome.verdict, outcome.found.clone()));
                }
            }
            _ => {}
        }
    }

    /// The document, as JSON.
    pub(super) fn close(
        &self,
        run: Run<'_>,
        outcome: &RunOutcome,
        files: &[String],
    ) -> serde_json::Result<Vec<u8>> {
        let plan = run.plan;
        let signature = Signature::of(plan, outcome);
        let document = Document {
            version: RUN_VERSION,
            run: RunName::of(plan),
            attempt: run.attempt,
            verdict: outcome.verdict,
            cut_short: outcome.cut_short,
            failure: outcome.failure.as_ref(),
            points: outcome.points,
            started: self.started.to_string(),
            duration_ns: outcome.duration.as_nanos(),
            timeout_ns: plan.timeout.as_nanos(),
            environment: &self.environment,
            hosts: self.hosts.iter().map(|host| (&*host.name, host.ip.as_deref())).collect(),
            signature: signature.as_ref().map(Signature::key),
            faults: &self.faults,
            disturbances: &outcome.disturbances,
            warnings: &self.warnings,
            processes: self.process_documents(plan, files),
            steps: self.step_documents(plan, outcome),
            saved: &self.saved,
            labels: &self.labels,
            checks: self.check_documents(plan),
            captures: self.capture_documents(plan),
        };
        let mut text = serde_json::to_vec_pretty(&document)?;
        text.push(b'\n');
        Ok(text)
    }

    fn process_documents<'a>(
        &'a self,
        plan: &'a Plan,
        files: &[String],
    ) -> Vec<ProcessDocument<'a>> {
        let processes = plan.processes.iter().zip(&self.processes).zip(files);
        processes
            .map(|((process, account), file)| ProcessDocument {
                name: &process.name,
                host: &process.host,
                argv: &account.argv,
                started: account.started,
                ready: account.ready,
                ended: account.ended,
                status: account.status,
                output_bytes: account.output_bytes,
                transcript: account.started.map(|_| format!("transcripts/{file}.log")),
            })
            .collect()
    }

    fn step_documents<'a>(&self, plan: &'a Plan, outcome: &RunOutcome) -> Vec<StepDocument<'a>> {
        let failed = outcome.failure.as_ref().and_then(|failure| failure.step);
        let steps = plan.steps.iter().zip(&self.steps).enumerate();
        steps
            .map(|(index, (step, account))| StepDocument {
                text: &step.text,
                line: step.place.line,
                outcome: match account {
                    StepAccount { passed: Some(_), .. } => "passed",
                    StepAccount { missed: true, .. } => "missed",
                    _ if failed == Some(index) => "failed",
                    StepAccount { began: Some(_), .. } => "unfinished",
                    _ => "not reached",
                },
                began: account.began,
                passed: account.passed,
            })
            .collect()
    }

    fn capture_documents<'a>(&self, plan: &'a Plan) -> Vec<CaptureDocument<'a>> {
        let captures = plan.captures.iter().zip(&self.captures).zip(captures::paths(plan));
        captures
            .map(|((capture, account), file)| CaptureDocument {
                name: &capture.name,
                host: &capture.host,
                interface: capture.interface.as_deref(),
                packets: account.packets,
                lost: account.lost,
                full: account.full,
                file,
            })
            .collect()
    }

    fn check_documents<'a>(&'a self, plan: &'a Plan) -> Vec<CheckDocument<'a>> {
        let checks = plan.checks.iter().zip(&self.checks);
        checks
            .map(|(check, result)| CheckDocument {
                name: &check.name,
                line: check.place.line,
                points: check.points,
                hidden: check.hidden,
                hint: check.hint.as_deref(),
                verdict: result.as_ref().map(|(verdict, _)| *verdict),
                found: result.as_ref().map(|(_, found)| &**found),
            })
            .collect()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    run: RunName<'a>,
    /// Counted from 1: an invalid run may be made again.
    attempt: u32,
    verdict: Verdict,
    /// By an interrupt.
    cut_short: bool,
    failure: Option<&'a Failure>,
    /// Equal for failures that are the same.
    signature: Option<&'a str>,
    #[serde(serialize_with = "identity::points")]
    points: Option<Points>,
    started: String,
    duration_ns: u128,
    timeout_ns: u128,
    environment: &'a Environment,
    hosts: BTreeMap<&'a str, Option<&'a str>>,
    faults: &'a [String],
    disturbances: &'a [Disturbance],
    warnings: &'a [String],
    processes: Vec<ProcessDocument<'a>>,
    steps: Vec<StepDocument<'a>>,
    /// What steps saved, by name.
    saved: &'a BTreeMap<String, String>,
    /// When moments were that steps named.
    labels: &'a BTreeMap<String, Vec<u64>>,
    checks: Vec<CheckDocument<'a>>,
    captures: Vec<CaptureDocument<'a>>,
}

#[derive(Serialize)]
struct ProcessDocument<'a> {
    name: &'a str,
    host: &'a str,
    argv: &'a [String],
    started: Option<u64>,
    ready: Option<u64>,
    ended: Option<u64>,
    status: Option<ExitStatus>,
    output_bytes: u64,
    transcript: Option<String>,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    text: &'a str,
    line: usize,
    outcome: &'static str,
    began: Option<u64>,
    passed: Option<u64>,
}

#[derive(Serialize)]
struct CaptureDocument<'a> {
    name: &'a str,
    host: &'a str,
    interface: Option<&'a str>,
    packets: u64,
    /// Packets that are not in the file, since they came too fast.
    lost: u64,
    /// Whether later ones are not in it either.
    full: bool,
    file: String,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    name: &'a str,
    line: usize,
    points: u32,
    hidden: bool,
    hint: Option<&'a str>,
    verdict: Option<Verdict>,
    found: Option<&'a str>,
}
