//! A scenario that passes, and the runs by which it is tried.

use lab_report::mutation::{Controls, Fate, Seen, Trial};
use lab_runner::event::Verdict;
use lab_runner::mutation::{LeftOut, Mutant, broken};
use lab_scenario::plan::Plan;

use crate::exit::{Complaint, Exit};

/// Mutants for each run with nothing broken.
const PER_CONTROL: usize = 25;

/// A scenario that passes, and what of it will be broken.
pub(super) struct Subject<'a> {
    pub(super) plan: &'a Plan,
    /// The same with shorter waits.
    pub(super) patient: Plan,
    pub(super) mutants: Vec<Mutant>,
    pub(super) left_out: LeftOut,
}

impl<'a> Subject<'a> {
    /// The mutants with shorter waits, and among them every so often a run with nothing
    /// broken: what fails by itself has noticed nothing.
    pub(super) fn plans(&self) -> impl Iterator<Item = Plan> + '_ {
        self.mutants.chunks(PER_CONTROL).flat_map(|mutants| {
            let broken = mutants.iter().map(|mutant| broken(&self.patient, &mutant.mutation));
            std::iter::once(self.patient.clone()).chain(broken)
        })
    }

    /// What came of these runs, and how often each failed with nothing broken before
    /// it was made again.
    pub(super) fn tried(
        self,
        runs: &mut impl Iterator<Item = (Seen, usize)>,
    ) -> anyhow::Result<Trial<'a>> {
        let mut controls = Controls::default();
        let mut fates = Vec::new();
        for mutants in self.mutants.chunks(PER_CONTROL) {
            if let Some((seen, slips)) = runs.next() {
                self.must_pass(&seen)?;
                controls.add(&seen, slips);
            }
            fates.extend(runs.take(mutants.len()).map(|(seen, _)| Fate::of(&seen)));
        }
        let mutants = self.mutants.into_iter().zip(fates).collect();
        Ok(Trial { plan: self.plan, mutants, controls, left_out: self.left_out })
    }

    /// Complains if the shorter waits are not long enough.
    fn must_pass(&self, control: &Seen) -> anyhow::Result<()> {
        let Some(outcome) = &control.outcome else { return Ok(()) };
        if outcome.verdict == Verdict::Pass || outcome.cut_short {
            return Ok(());
        }
        let label = self.plan.identity.label();
        let why = outcome.failure.as_ref().map_or("", |failure| &failure.summary);
        let message = format!(
            "{label} passes as it is, but not with shorter waits and nothing broken: {why}"
        );
        let help = "give steps more time with --patience, or use fewer --jobs".to_owned();
        Err(Complaint { exit: Exit::Unsure, message, help: Some(help) }.into())
    }
}
