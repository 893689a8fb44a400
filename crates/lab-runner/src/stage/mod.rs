//! One run, from inside its sandbox: the edge around the pure player.
//!
//! The stage is process 1 of its own process namespace. It reads a plan from
//! standard input, builds the network, then turns one poll loop: what happens
//! to its file descriptors and its clock goes to the player, and what the player
//! orders is done. Records go to standard output, one line of JSON each. When
//! standard input closes, or the run is over, it ends, and the kernel ends
//! everything it ever started.
//!
//! A stage that is asked to keep its network makes everything as it was when the run
//! is over, says so and waits for another plan for the same network. In doubt it ends.

mod afresh;
mod captures;
mod child;
mod doubt;
mod environment;
mod faults;
mod hosts;
mod input;
mod port;
mod program;
mod readings;
mod reaper;
mod record;
mod shell;
mod spawn;
mod terminal;
mod terminals;
mod turn;
mod watch;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use lab_network::Network;
use lab_network::isolation::Sandbox;
use lab_scenario::plan::{PLAN_VERSION, Plan};

use crate::assignment::Assignment;
use crate::event::{EVENT_VERSION, Event, Failure, Verdict};
use crate::script::Script;
use afresh::Afresh;
use captures::Captures;
use hosts::Hosts;
use record::Recorder;

/// The largest plan that is read, in bytes.
const MAX_PLAN: u64 = 64 << 20;

/// Why a stage could not do its work, nor say so in a record.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Standard input did not hold a plan.
    #[error("no plan on standard input: {0}")]
    NoPlan(#[source] io::Error),
    /// Standard input held something else.
    #[error("what came on standard input is not a plan of version {PLAN_VERSION}: {0}")]
    NotAPlan(#[source] serde_json::Error),
    /// A plan of another version of labrun.
    #[error("this is a plan of version {0}, and this labrun reads version {PLAN_VERSION}")]
    WrongVersion(u32),
    /// Nobody reads the records any more.
    #[error("cannot write records: {0}")]
    Record(#[source] io::Error),
    /// The poll loop could not be set up, or broke.
    #[error("the poll loop failed: {0}")]
    Loop(#[source] io::Error),
}

/// Plays the plan on standard input to its end; and, while it is asked to keep the
/// network, those that come after it.
///
/// # Errors
/// Those that cannot be said in a record. All others are in the last record.
pub fn run(sandbox: &Sandbox) -> Result<(), StageError> {
    let Some(mut assignment) = next_assignment()? else {
        return Err(StageError::NoPlan(io::ErrorKind::UnexpectedEof.into()));
    };
    let mut recorder = begin(sandbox, &assignment)?;
    let mut network =
        match lab_network::backend(assignment.plan.backend).up(&assignment.plan.topology) {
            Ok(network) => network,
            Err(error) => {
                let help = error.help().map(str::to_owned);
                let summary = format!("the network is not up: {error}");
                return end_invalid(recorder, summary, None, help);
            }
        };
    if let Err(error) = sandbox.set_hosts_file(&lab_network::hosts_file(network.hosts())) {
        recorder.emit(Event::Warning {
            message: format!("hosts do not know each other's names: {error}"),
        });
    }
    let afresh = assignment.keep.then(|| Afresh::look(sandbox, network.as_mut()));
    let mut shared = false;
    loop {
        let undisturbed = play(&assignment, shared, network.as_mut(), recorder)?;
        let Some(afresh) = afresh.as_ref().filter(|_| assignment.keep) else { return Ok(()) };
        let restored = match afresh {
            _ if !undisturbed => Err("the run was disturbed".to_owned()),
            Ok(afresh) => afresh.restore(sandbox, network.as_mut()),
            Err(why) => Err(why.clone()),
        };
        if let Err(why) = restored {
            return Recorder::say(Event::StageSpent { why }).map_err(StageError::Record);
        }
        Recorder::say(Event::StageReady).map_err(StageError::Record)?;
        let Some(next) = next_assignment()? else { return Ok(()) };
        assignment = next;
        recorder = begin(sandbox, &assignment)?;
        shared = true;
    }
}

fn begin(sandbox: &Sandbox, assignment: &Assignment) -> Result<Recorder, StageError> {
    let mut recorder = Recorder::new();
    recorder.emit(Event::RunStarted {
        version: EVENT_VERSION,
        backend: assignment.plan.backend,
        clock: recorder.began(),
        epoch: recorder.epoch(),
        environment: environment::look(sandbox.is_rootless()),
    });
    recorder.flush().map_err(StageError::Record)?;
    Ok(recorder)
}

/// One run on a network that is up. Says whether another one may follow.
fn play(
    assignment: &Assignment,
    shared: bool,
    network: &mut dyn Network,
    mut recorder: Recorder,
) -> Result<bool, StageError> {
    let Assignment { plan, run_dir, not_shared, hold, .. } = assignment;
    let hosts = Hosts::new(network.hosts(), run_dir.clone(), plan.identity.repetition.0)
        .map_err(StageError::Loop)?;
    let faults = network.faults().to_vec();
    recorder.emit(Event::NetworkUp {
        built_by: network.version().to_owned(),
        hosts: hosts.addresses(),
        faults: faults.clone(),
        shared,
        not_shared: not_shared.clone(),
    });
    if let Some(fault) = faults.first() {
        let summary = "the network is not what was asked for".to_owned();
        end_invalid(recorder, summary, Some(fault.clone()), None)?;
        return Ok(false);
    }
    let mut script = match Script::compile(plan, |reference| hosts.lookup(reference)) {
        Ok(script) => script,
        Err(error) => {
            let mut failure = bare_failure(error.to_string(), None, None);
            failure.place = Some(error.place);
            end(recorder, failure)?;
            return Ok(false);
        }
    };
    script.addresses = hosts.all_addresses();
    let captures = match Captures::open(plan, &hosts) {
        Ok(captures) => captures,
        Err(refusal) => {
            let mut failure = bare_failure(refusal.summary, None, refusal.help);
            failure.place = Some(refusal.place);
            end(recorder, failure)?;
            return Ok(false);
        }
    };
    turn::play(plan, hold, script, network, &hosts, captures, recorder)
}

/// Reads up to the newline that ends the assignment and not a byte more: what is left
/// of standard input is the control pipe. `None` if nothing more is wanted.
fn next_assignment() -> Result<Option<Assignment>, StageError> {
    let mut line = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let mut stdin = io::stdin().lock().take(MAX_PLAN);
    while line.last() != Some(&b'\n') {
        match stdin.read(&mut buffer) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => return Err(StageError::NoPlan(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => line.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StageError::NoPlan(error)),
        }
    }
    let assignment: Assignment = serde_json::from_slice(&line).map_err(StageError::NotAPlan)?;
    if assignment.plan.version != PLAN_VERSION {
        return Err(StageError::WrongVersion(assignment.plan.version));
    }
    Ok(Some(assignment))
}

fn end_invalid(
    recorder: Recorder,
    summary: String,
    detail: Option<String>,
    help: Option<String>,
) -> Result<(), StageError> {
    end(recorder, bare_failure(summary, detail, help))
}

fn end(mut recorder: Recorder, failure: Failure) -> Result<(), StageError> {
    recorder.emit(Event::RunFinished { verdict: Verdict::Invalid, failure: Some(failure) });
    recorder.flush().map_err(StageError::Record)
}

/// A failure before anything was played.
fn bare_failure(summary: String, detail: Option<String>, help: Option<String>) -> Failure {
    Failure { detail, help, ..Failure::of_the_run(summary) }
}

/// Folders in which programs are looked for: the lab's, then those of `PATH`.
fn search_path(plan: &Plan) -> Vec<PathBuf> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let inherited =
        std::env::split_paths(&inherited).map(|folder| absolute(&folder, &plan.directory));
    plan.path.iter().cloned().chain(inherited).collect()
}

fn absolute(path: &Path, directory: &Path) -> PathBuf {
    directory.join(path)
}
