//! What came of breaking scenarios on purpose: which mutants were noticed.

mod draw;
mod json;
#[cfg(test)]
mod tests;
mod witness;

use lab_runner::mutation::{LeftOut, Mutant};
use lab_scenario::plan::{MutationKind, Plan};
use serde::Serialize;

pub use draw::draw;
pub use json::lines;
pub use witness::{Seen, Witness};

use lab_runner::event::Verdict;

/// What came of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its run failed, or was inconclusive: somebody noticed. By what, in one line.
    Killed(String),
    /// Its run passed.
    Survived,
    /// It was not tried, and does not count. Why, in one line.
    Void(String),
}

impl Fate {
    /// The fate that follows from what was seen of a run. What failed before
    /// anything was broken has noticed nothing.
    #[must_use]
    pub fn of(seen: &Seen) -> Self {
        let Some(outcome) = &seen.outcome else { return Self::Void("it was not run".to_owned()) };
        let summary = || outcome.failure.as_ref().map(|failure| failure.summary.clone());
        match outcome.verdict {
            Verdict::Invalid | Verdict::Skipped => {
                Self::Void(summary().unwrap_or_else(|| outcome.verdict.name().to_owned()))
            }
            _ if !seen.mutated => Self::Void("what it breaks did not come".to_owned()),
            Verdict::Pass => Self::Survived,
            Verdict::Fail | Verdict::Inconclusive => Self::Killed(summary().unwrap_or_default()),
        }
    }
}

/// What came of all mutants of a scenario.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    /// The scenario, unbroken.
    pub plan: &'a Plan,
    /// Its mutants.
    pub mutants: Vec<(Mutant, Fate)>,
    /// Runs among them with nothing broken.
    pub controls: Controls,
    /// Lines that were no mutants.
    pub left_out: LeftOut,
}

/// Runs with nothing broken among those of the mutants. One that fails says that some of
/// the mutants may have been noticed by chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Controls {
    /// Those that passed.
    pub passed: usize,
    /// All that ended.
    pub of: usize,
}

impl Controls {
    /// Counts a run, and those before it that failed and were made again.
    pub fn add(&mut self, seen: &Seen, failed: usize) {
        let verdict = seen.outcome.as_ref().map(|outcome| outcome.verdict);
        let passed = usize::from(verdict == Some(Verdict::Pass));
        self.passed += passed;
        self.of += passed + failed;
    }
}

/// How many mutants of a kind were noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Those that were.
    pub killed: usize,
    /// All that were tried.
    pub of: usize,
}

impl Score {
    /// In percent; 100 if there was none to notice.
    #[must_use]
    pub fn percent(self) -> f64 {
        if self.of == 0 { 100.0 } else { 100.0 * self.killed as f64 / self.of as f64 }
    }

    fn add(&mut self, fate: &Fate) {
        self.killed += usize::from(matches!(fate, Fate::Killed(_)));
        self.of += usize::from(!matches!(fate, Fate::Void(_)));
    }
}

impl Trial<'_> {
    /// Of the mutants of some kinds.
    #[must_use]
    pub fn score(&self, kinds: impl Fn(MutationKind) -> bool) -> Score {
        score(std::slice::from_ref(self), kinds)
    }
}

/// Of the mutants of some kinds of several scenarios.
#[must_use]
pub fn score(trials: &[Trial<'_>], kinds: impl Fn(MutationKind) -> bool) -> Score {
    let mut score = Score::default();
    for (mutant, fate) in trials.iter().flat_map(|trial| &trial.mutants) {
        if kinds(mutant.mutation.kind()) {
            score.add(fate);
        }
    }
    score
}

/// Of all runs with nothing broken.
#[must_use]
pub fn controls(trials: &[Trial<'_>]) -> Controls {
    trials.iter().fold(Controls::default(), |sum, Trial { controls, .. }| Controls {
        passed: sum.passed + controls.passed,
        of: sum.of + controls.of,
    })
}

/// The trials of each lab, in the order in which the labs come.
#[must_use]
pub fn labs<'t, 'p>(trials: &'t [Trial<'p>]) -> Vec<(&'p str, &'t [Trial<'p>])> {
    trials
        .chunk_by(|a, b| a.plan.identity.lab == b.plan.identity.lab)
        .filter_map(|chunk| Some((chunk.first()?.plan.identity.lab.as_str(), chunk)))
        .collect()
}

/// What a mutant breaks, in one line: `bob: hello From alice`.
fn subject(plan: &Plan, mutant: &Mutant) -> String {
    use lab_scenario::plan::{LineChange, Mutation};
    let name = |at: usize| plan.processes.get(at).map_or("?", |process| process.name.as_str());
    match &mutant.mutation {
        Mutation::Mute(of) | Mutation::Kill(of) => name(of.0).to_owned(),
        Mutation::Cut([a, b]) => format!("{a}–{b}"),
        Mutation::Line { of, text, change, .. } => match change {
            LineChange::Alter(other) => format!("{}: {text} → {other}", name(of.0)),
            LineChange::Swap(other) => format!("{}: {text} ⇄ {other}", name(of.0)),
            _ => format!("{}: {text}", name(of.0)),
        },
    }
}
