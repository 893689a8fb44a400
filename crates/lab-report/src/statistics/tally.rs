//! Counts repetitions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lab_runner::dispatcher::{Run, RunOutcome};
use lab_runner::event::Verdict;
use lab_scenario::plan::{Identity, Plan};
use serde::Serialize;

use super::{CONFIDENCE, Interval, Signature};
use crate::clean::clean_line;

/// Ways to fail that are told apart. A scenario that fails in more of them says
/// nothing twice.
const GROUPS: usize = 50;

/// Repetitions of a group that are remembered by number.
const NUMBERS: usize = 1000;

/// All scenarios that are repeated, each with the values of its matrix, in the
/// order in which they began.
#[derive(Debug, Default)]
pub struct Tallies {
    tallies: Vec<Tally>,
    /// The first run that failed: what it is of, and which repetition.
    first_failure: Option<(String, u32)>,
    /// Where they are, by what they are of.
    places: BTreeMap<(PathBuf, Vec<(String, String)>), usize>,
}

/// What repetitions of one scenario came to.
#[derive(Debug, Clone)]
pub struct Tally {
    /// `lab/scenario [values]`, cleaned.
    pub label: String,
    /// The lab.
    pub lab: String,
    /// The scenario file.
    pub file: PathBuf,
    /// Where the folders of its runs are, once one has a folder.
    pub folder: Option<PathBuf>,
    /// Repetitions that were asked for.
    pub planned: u32,
    /// Repetitions that ended, in whichever way.
    pub ended: u32,
    /// Those that passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that are inconclusive.
    pub inconclusive: usize,
    /// Those that are invalid and were not cut short.
    pub invalid: usize,
    /// Those that were cut short by an interrupt.
    pub cut_short: usize,
    /// Those that were skipped.
    pub skipped: usize,
    /// Ways in which it did not pass, in the order in which they were first seen.
    pub groups: Vec<Group>,
    /// Runs that did not pass in other ways than those.
    pub others: usize,
}

/// Runs that did not pass, all in the same way.
#[derive(Debug, Clone)]
pub struct Group {
    /// The way, as the first of them has it.
    pub signature: Signature,
    /// How many there are.
    pub count: usize,
    /// Which repetitions, counted from 1, as they ended, a thousand at most.
    pub repetitions: Vec<u32>,
    /// The one that ended first: the example.
    pub first: u32,
    /// The results of the example.
    pub folder: Option<PathBuf>,
    /// The seed of the example.
    pub seed: u64,
}

/// What a run is among repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It passed, or says nothing.
    Plain,
    /// The first that did not pass in this way.
    First,
    /// One that did not pass as this repetition did before.
    Like(u32),
}

/// What all repetitions of a plan are called: `lab/scenario [values]`, cleaned.
pub(crate) fn label(plan: &Plan) -> String {
    let identity = Identity { repetition: (1, 1), ..plan.identity.clone() };
    clean_line(&identity.label())
}

impl Tallies {
    /// Adds a run that has ended; returns what it is among its repetitions, and
    /// their tally. Runs of what is not repeated are not counted.
    pub(crate) fn add(&mut self, run: Run<'_>, outcome: &RunOutcome) -> Option<(Place, &Tally)> {
        let identity = &run.plan.identity;
        if identity.repetition.1 <= 1 {
            return None;
        }
        let key = (identity.file.clone(), identity.variant.clone());
        let index = *self.places.entry(key).or_insert_with(|| {
            self.tallies.push(Tally::of(run.plan));
            self.tallies.len() - 1
        });
        let tally = &mut self.tallies[index];
        if outcome.verdict == Verdict::Fail && self.first_failure.is_none() {
            self.first_failure = Some((tally.label.clone(), identity.repetition.0));
        }
        Some((tally.add(run, outcome), tally))
    }

    /// The first run that failed: what it is of, and which repetition.
    #[must_use]
    pub fn first_failure(&self) -> Option<(&str, u32)> {
        self.first_failure.as_ref().map(|(label, number)| (&**label, *number))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Tally> {
        self.tallies.iter()
    }
}

impl Tally {
    fn of(plan: &Plan) -> Self {
        let identity = &plan.identity;
        Self {
            label: label(plan),
            lab: identity.lab.clone(),
            file: identity.file.clone(),
            folder: None,
            planned: identity.repetition.1,
            ended: 0,
            passed: 0,
            failed: 0,
            inconclusive: 0,
            invalid: 0,
            cut_short: 0,
            skipped: 0,
            groups: Vec::new(),
            others: 0,
        }
    }

    fn add(&mut self, run: Run<'_>, outcome: &RunOutcome) -> Place {
        self.ended += 1;
        if self.folder.is_none() {
            self.folder = run.folder.and_then(Path::parent).map(Path::to_owned);
        }
        let count = match outcome.verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::Invalid if outcome.cut_short => &mut self.cut_short,
            Verdict::Invalid => &mut self.invalid,
            Verdict::Fail => &mut self.failed,
        };
        *count += 1;
        if outcome.cut_short || matches!(outcome.verdict, Verdict::Pass | Verdict::Skipped) {
            return Place::Plain;
        }
        let Some(signature) = Signature::of(run.plan, outcome) else { return Place::Plain };
        self.group(run, signature)
    }

    fn group(&mut self, run: Run<'_>, signature: Signature) -> Place {
        let number = run.plan.identity.repetition.0;
        let known = self.groups.iter_mut().find(|group| group.signature.key() == signature.key());
        if let Some(group) = known {
            group.count += 1;
            if group.repetitions.len() < NUMBERS {
                group.repetitions.push(number);
            }
            return Place::Like(group.first);
        }
        if self.groups.len() == GROUPS {
            self.others += 1;
            return Place::Plain;
        }
        self.groups.push(Group {
            signature,
            count: 1,
            first: number,
            repetitions: vec![number],
            folder: run.folder.map(Path::to_owned),
            seed: run.plan.identity.seed,
        });
        Place::First
    }

    /// Whether every repetition has ended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ended >= self.planned
    }

    /// Runs that say something of the rate.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.passed + self.failed
    }

    /// How many of the trials passed, 0 to 1, and how sure that is; `None`
    /// without trials.
    #[must_use]
    pub fn rate(&self) -> Option<(f64, Interval)> {
        let trials = self.trials();
        (trials > 0).then(|| {
            let rate = self.passed as f64 / trials as f64;
            (rate, Interval::wilson(self.passed, trials))
        })
    }

    /// Whether it both passed and failed.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.passed > 0 && self.failed > 0
    }

    /// The ways in which it did not pass: failures first, the commonest first.
    #[must_use]
    pub fn by_weight(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|group| {
            (std::cmp::Reverse(group.signature.verdict), std::cmp::Reverse(group.count))
        });
        groups
    }

    /// As programs read it.
    pub(crate) fn document(&self) -> Document<'_> {
        let rate = self.rate();
        Document {
            label: &self.label,
            file: self.file.to_string_lossy().into_owned(),
            repetitions: self.planned,
            passed: self.passed,
            failed: self.failed,
            inconclusive: self.inconclusive,
            invalid: self.invalid,
            cut_short: self.cut_short,
            skipped: self.skipped,
            pass_rate: rate.map(|(rate, _)| rate),
            interval: rate.map(|(_, Interval { low, high })| IntervalDocument {
                low,
                high,
                confidence: CONFIDENCE,
            }),
            groups: self.by_weight().into_iter().map(Group::document).collect(),
            others: self.others,
        }
    }
}

impl Group {
    fn document(&self) -> GroupDocument<'_> {
        let Signature { verdict, place, summary, came, .. } = &self.signature;
        GroupDocument {
            verdict: *verdict,
            count: self.count,
            line: place.map(|place| place.line),
            summary,
            came: came.as_deref(),
            repetitions: &self.repetitions,
            example: Example {
                repetition: self.first,
                seed: self.seed,
                folder: self.folder.as_deref(),
            },
        }
    }
}

/// A tally as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    label: &'a str,
    file: String,
    repetitions: u32,
    passed: usize,
    failed: usize,
    inconclusive: usize,
    invalid: usize,
    cut_short: usize,
    skipped: usize,
    pass_rate: Option<f64>,
    interval: Option<IntervalDocument>,
    groups: Vec<GroupDocument<'a>>,
    others: usize,
}

#[derive(Debug, Serialize)]
struct IntervalDocument {
    low: f64,
    high: f64,
    confidence: f64,
}

#[derive(Debug, Serialize)]
struct GroupDocument<'a> {
    verdict: Verdict,
    count: usize,
    line: Option<usize>,
    summary: &'a str,
    came: Option<&'a str>,
    repetitions: &'a [u32],
    example: Example<'a>,
}

#[derive(Debug, Serialize)]
struct Example<'a> {
    repetition: u32,
    seed: u64,
    folder: Option<&'a Path>,
}

#[cfg(test)]
mod tests {
    use lab_runner::dispatcher::RunIndex;

    use super::*;
    use crate::testing::{failure, outcome, plan};

    /// Adds repetition after repetition; a text is the summary of a failure.
    fn tally(runs: &[(Verdict, &str)]) -> (Vec<Place>, Tallies) {
        let mut tallies = Tallies::default();
        let places = (1..).zip(runs).map(|(number, &(verdict, summary))| {
            let mut plan = plan("two-users.yaml".into());
            plan.identity.repetition = (number, 99);
            let mut failure = failure(&plan);
            failure.summary = summary.into();
            let outcome = outcome(verdict, (verdict != Verdict::Pass).then_some(failure));
            let run = Run { index: RunIndex(0), plan: &plan, attempt: 1, folder: None };
            tallies.add(run, &outcome).unwrap().0
        });
        (places.collect(), tallies)
    }

    #[test]
    fn the_same_failures_are_one_group() {
        let (pass, fail) = ((Verdict::Pass, ""), Verdict::Fail);
        let (places, tallies) = tally(&[
            pass,
            (fail, "late by 3 ms"),
            (fail, "died"),
            (fail, "died"),
            (fail, "late by 5 ms"),
            (fail, "died"),
            (Verdict::Invalid, "no network"),
            pass,
        ]);
        let like = Place::Like;
        let (plain, first) = (Place::Plain, Place::First);
        assert_eq!(places, [plain, first, first, like(3), like(2), like(3), first, plain]);
        let tally = tallies.iter().next().unwrap();
        assert_eq!((tally.passed, tally.failed, tally.invalid, tally.trials()), (2, 5, 1, 7));
        assert!(tally.is_flaky() && !tally.is_complete());
        assert_eq!(tallies.first_failure(), Some(("direct-chat/two-users", 2)));
        let groups: Vec<_> = tally
            .by_weight()
            .into_iter()
            .map(|group| (&*group.signature.summary, &*group.repetitions))
            .collect();
        assert_eq!(
            groups,
            [("died", &[3, 4, 6][..]), ("late by 3 ms", &[2, 5]), ("no network", &[7])]
        );
        let document = serde_json::to_value(tally.document()).unwrap();
        assert_eq!(document["groups"][0]["count"], 3);
        assert_eq!(document["interval"]["confidence"], 0.95);
    }

    #[test]
    fn matrix_values_are_other_experiments() {
        let mut tallies = Tallies::default();
        for (value, repetitions) in [("1", 2), ("2", 2), ("1", 2), ("3", 1)] {
            let mut plan = plan("two-users.yaml".into());
            plan.identity.variant = vec![("threads".into(), value.into())];
            plan.identity.repetition = (1, repetitions);
            let run = Run { index: RunIndex(0), plan: &plan, attempt: 1, folder: None };
            let counted = tallies.add(run, &outcome(Verdict::Pass, None)).is_some();
            assert_eq!(counted, repetitions > 1);
        }
        let passed: Vec<_> = tallies.iter().map(|tally| (&*tally.label, tally.passed)).collect();
        assert_eq!(
            passed,
            [("direct-chat/two-users [threads=1]", 2), ("direct-chat/two-users [threads=2]", 1)]
        );
    }

    #[test]
    fn too_many_ways_are_only_counted() {
        let summaries: Vec<_> = (0..60).map(|number| format!("way {number}")).collect();
        let runs: Vec<_> = summaries.iter().map(|summary| (Verdict::Fail, &**summary)).collect();
        let (_, tallies) = tally(&runs);
        let tally = tallies.iter().next().unwrap();
        assert_eq!((tally.groups.len(), tally.others, tally.failed), (GROUPS, 10, 60));
    }
}
