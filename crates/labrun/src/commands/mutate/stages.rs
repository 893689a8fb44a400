//! How runs are made: many at a time, in folders that are thrown away.

use std::cell::Cell;
use std::ffi::OsString;

use lab_report::mutation::{Fate, Seen, Witness};
use lab_runner::dispatcher::{Job, Options, ReportError, dispatch};
use lab_runner::event::Verdict;
use lab_scenario::plan::Plan;

use super::run;
use crate::machine::stage;
use crate::terminal;

/// How often a run that is invalid is made again at once: the machine is busy.
const RETRIES: u32 = 2;

/// Where runs are made.
pub(super) struct Stages {
    environment: Vec<(OsString, OsString)>,
    folder: tempfile::TempDir,
    folders: Cell<usize>,
}

/// What was seen of runs, in the order of their plans.
pub(super) struct Played {
    pub(super) seen: Vec<Seen>,
    /// Of each plan, its runs with nothing broken that failed and were made again.
    pub(super) slips: Vec<usize>,
    /// All that were made.
    pub(super) runs: usize,
    pub(super) interrupted: bool,
}

impl Stages {
    pub(super) fn new(environment: Vec<(OsString, OsString)>) -> anyhow::Result<Self> {
        Ok(Self { environment, folder: tempfile::tempdir()?, folders: Cell::new(0) })
    }

    /// Runs each of these and keeps what they say: one for each core at a time, for
    /// how long they take is to count.
    pub(super) fn play_unbroken(&self, plans: Vec<Plan>) -> anyhow::Result<Played> {
        self.play(plans, run::cores(), true, "unbroken runs")
    }

    /// Runs each of these, so many at a time. Those that tell nothing, for on a busy
    /// machine steps come too late by chance, are made again with more and more peace.
    pub(super) fn play_broken(&self, plans: &[Plan], jobs: usize) -> anyhow::Result<Played> {
        let mut played = self.play(plans.to_vec(), jobs, false, "mutants")?;
        for (jobs, doing) in [(jobs.min(run::cores()), "once more"), (1, "alone")] {
            let again: Vec<usize> =
                (0..plans.len()).filter(|&at| !tells(&plans[at], &played.seen[at])).collect();
            if again.is_empty() || played.interrupted {
                break;
            }
            let more = again.iter().map(|&at| plans[at].clone()).collect();
            let more = self.play(more, jobs, false, doing)?;
            played.runs += more.runs;
            played.interrupted = more.interrupted;
            for (at, new) in again.into_iter().zip(more.seen) {
                let old = std::mem::replace(&mut played.seen[at], new);
                let slipped = plans[at].mutation.is_none() && has_failed(&old);
                played.slips[at] += usize::from(slipped);
            }
        }
        Ok(played)
    }

    fn play(
        &self,
        plans: Vec<Plan>,
        jobs: usize,
        keeps_records: bool,
        doing: &'static str,
    ) -> anyhow::Result<Played> {
        let work: Vec<Job> =
            plans.into_iter().map(|plan| Job { plan, missing: Vec::new() }).collect();
        let make_folder = |_: &Plan| {
            self.folders.set(self.folders.get() + 1);
            let folder = self.folder.path().join(self.folders.get().to_string());
            match std::fs::create_dir(&folder) {
                Ok(()) => Ok(folder),
                Err(error) => Err(ReportError::new("make a folder for a run", error)),
            }
        };
        let options = Options {
            jobs,
            retry_invalid: RETRIES,
            folder: Some(Box::new(make_folder)),
            ..Options::new(stage(self.environment.clone()))
        };
        let mut witness = Witness::new(keeps_records, terminal::is_live(true).then_some(doing));
        let summary = dispatch(&work, options, &mut witness)?;
        Ok(Played {
            seen: witness.into_runs(),
            slips: vec![0; work.len()],
            runs: summary.total,
            interrupted: summary.interrupted,
        })
    }
}

/// Whether a run tells anything: of a mutant, whether it is noticed; of one in which
/// nothing is broken, that it passes.
fn tells(plan: &Plan, seen: &Seen) -> bool {
    match plan.mutation {
        Some(_) => !matches!(Fate::of(seen), Fate::Void(_)),
        None => seen.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Pass),
    }
}

fn has_failed(seen: &Seen) -> bool {
    let verdict = seen.outcome.as_ref().map(|outcome| outcome.verdict);
    matches!(verdict, Some(Verdict::Fail | Verdict::Inconclusive))
}
