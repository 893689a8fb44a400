//! What comes of a run: who is to blame that no step waits for, and the checks.

use lab_scenario::plan::{Action, Assertion, ExitStatus, Process, ProcessId, Ready};

use super::actor::{Actor, Life};
use super::{Blame, Judgement, Order, Phase, Player, failure};
use crate::checks;
use crate::event::{CheckOutcome, Event, Verdict};
use crate::scroll::Nanos;

impl Player<'_> {
    /// Programs that ended badly though nobody asked them to, and when their
    /// last words are known.
    pub(super) fn surprises(&self) -> impl Iterator<Item = (ProcessId, Nanos)> {
        self.ids().filter_map(|process| {
            let actor = &self.actors[process.0];
            let unexpected = match actor.status()? {
                ExitStatus::Code(0) => false,
                status => !actor.is_excused(status) && !self.is_foreseen(process, status),
            };
            unexpected.then(|| actor.drained_at().map(|at| (process, at))).flatten()
        })
    }

    /// Whether the plan speaks of this end, now or later.
    fn is_foreseen(&self, process: ProcessId, status: ExitStatus) -> bool {
        let now = match self.phase {
            Phase::Steps(ref strand) => strand.index,
            Phase::Held(_) | Phase::Stopping { .. } | Phase::Over => self.plan.steps.len(),
        };
        let by_step = self
            .plan
            .steps
            .iter()
            .skip(now)
            .any(|step| matches!(step.action, Action::Exit { of, .. } if of == process));
        let by_check =
            self.plan.checks.iter().any(
                |check| matches!(check.assertion, Assertion::Exit { of, .. } if of == process),
            );
        let ready = self.process(process).ready.as_ref();
        let by_ready =
            matches!((ready, status), (Some(Ready::Exit(a)), ExitStatus::Code(b)) if *a == b);
        by_step || by_check || by_ready
    }

    pub(super) fn surprise(&self, process: ProcessId, now: Nanos) -> Blame {
        let status = self.actors[process.0].status();
        let how = status.map_or_else(String::new, |status| format!(": it {status}"));
        let summary = format!("{} died unexpectedly{how}", self.name(process));
        let mut blame = self.blame(Verdict::Fail, now, summary, Some(process));
        blame.failure.help = Some(format!(
            "if it should end like this, say so with a step `exit: {{of: {}, …}}`",
            self.name(process)
        ));
        blame
    }

    pub(super) fn too_late(&self, now: Nanos) -> Option<Blame> {
        (now >= self.deadline).then(|| {
            let limit = failure::words(self.plan.timeout);
            let summary = format!("the whole run took longer than its timeout of {limit}");
            self.blame(Verdict::Fail, now, summary, None)
        })
    }

    /// Makes the checks on what was said, if they are not made yet. What came out so far may
    /// have passed by as packets that nobody has looked at yet: they are looked at first.
    pub(super) fn judge_once(&mut self) {
        if !matches!(self.judgement, Judgement::Open) {
            return;
        }
        if self.traffic.is_empty() {
            self.judgement = Judgement::Made;
            self.make_checks(false);
        } else {
            self.judgement = Judgement::Awaited;
            self.orders.push_back(Order::ReadCaptures);
        }
    }

    /// Makes those checks that are not made yet and can be.
    pub(super) fn make_checks(&mut self, of_ends: bool) {
        let witnesses = self.plan.processes.iter().zip(&self.actors).map(witness).collect();
        let record = checks::Record {
            witnesses,
            labels: &self.labels,
            saved: &self.saved,
            traffic: &self.traffic,
            addresses: &self.script.addresses,
        };
        let looks = &mut self.script.checks;
        for ((check, looks), slot) in self.plan.checks.iter().zip(looks).zip(&mut self.outcomes) {
            let is_of_end = matches!(check.assertion, Assertion::Exit { .. });
            if is_of_end != of_ends {
                continue;
            }
            *slot = Some(match looks.prepare(&self.saved) {
                Ok(()) => checks::judge(&check.assertion, &check.window, looks, &record),
                Err(found) => CheckOutcome { verdict: Verdict::Inconclusive, found },
            });
        }
    }

    /// Tells of the checks; the worst that did not hold is to blame if nothing
    /// went wrong before.
    fn tell_checks(&mut self, now: Nanos) {
        for (index, check) in self.plan.checks.iter().enumerate() {
            let Some(outcome) = self.outcomes[index].take() else { continue };
            let worse = self.blame.as_ref().is_none_or(|blame| blame.verdict < outcome.verdict);
            if worse && outcome.verdict != Verdict::Pass {
                let summary = match outcome.verdict {
                    Verdict::Fail => format!("the check `{}` did not hold", check.name),
                    _ => format!("the check `{}` shows nothing", check.name),
                };
                let subject = check.assertion.subjects().first().copied();
                let mut blame = self.blame(outcome.verdict, now, summary, subject);
                blame.failure.step = None;
                // A hidden check does not show what it looks for.
                blame.failure.place = (!check.hidden).then_some(check.place);
                if !check.hidden {
                    blame.failure.detail = Some(outcome.found.clone());
                }
                blame.failure.help.clone_from(&check.hint);
                self.blame = Some(blame);
            }
            self.emit(Event::CheckFinished { check: index, outcome });
        }
    }

    pub(super) fn finish(&mut self, now: Nanos) {
        self.make_checks(true);
        self.tell_checks(now);
        self.phase = Phase::Over;
        let (verdict, failure) = match self.blame.take() {
            Some(Blame { verdict, failure }) => (verdict, Some(*failure)),
            None => (Verdict::Pass, None),
        };
        self.emit(Event::RunFinished { verdict, failure });
    }
}

fn witness<'a>((process, actor): (&'a Process, &'a Actor)) -> checks::Witness<'a> {
    checks::Witness {
        name: &process.name,
        scrolls: &actor.scrolls,
        typed: &actor.typed,
        started: actor.life != Life::Absent,
        status: actor.status(),
    }
}
