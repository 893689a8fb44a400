//! A run that waits for people.
//!
//! At its end, or when it has failed, nothing is left to be played but what people add: each
//! addition is a line of steps of its own, beside the others. At a label the scenario itself
//! goes on later: until then its time stands still, so that no step becomes late by it.

use std::ops::Range;

use lab_scenario::plan::{Plan, Process, ProcessId};

use super::actor::Actor;
use super::step::{Progress, StepState};
use super::strand::Strand;
use super::{Blame, Phase, Player};
use crate::event::{AddedProcess, Event, HeldBecause};
use crate::script::Script;
use crate::scroll::Nanos;

/// How long the time of the run stood still.
#[derive(Debug, Default)]
pub(super) struct Pause {
    /// Before, in all.
    past: Nanos,
    /// Since then, in the time of the run, if it does now.
    since: Option<Nanos>,
}

impl Pause {
    /// Whether time stands still.
    pub(super) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// What time it is in the run.
    pub(super) fn inside(&self, now: Nanos) -> Nanos {
        self.since.unwrap_or_else(|| now.saturating_sub(self.past))
    }

    /// When it is that time of the run, unless time stands still once more.
    pub(super) fn outside(&self, at: Nanos) -> Nanos {
        at.saturating_add(self.past)
    }

    fn begin(&mut self, inside: Nanos) {
        self.since.get_or_insert(inside);
    }

    fn end(&mut self, now: Nanos) {
        if let Some(since) = self.since.take() {
            self.past = now.saturating_sub(since);
        }
    }
}

impl<'p> Player<'p> {
    /// Waits for people before it stops the programs.
    pub(super) fn be_held(&mut self, because: HeldBecause, now: Nanos) {
        // What people do is not what is judged.
        self.judge_once();
        self.phase = Phase::Held(Vec::new());
        self.wake = now;
        self.emit(Event::Held { because });
    }

    /// Waits for people, if they wanted to be asked at this label.
    pub(super) fn pause_at(&mut self, label: &str, now: Nanos) {
        if self.hold.at_label.as_deref() == Some(label) {
            self.pause.begin(now);
            self.emit(Event::Held { because: HeldBecause::Label(label.to_owned()) });
        }
    }

    /// Plays on after people have looked around: the next step, or the end.
    pub(crate) fn go_on(&mut self, now: Nanos) {
        match &mut self.phase {
            Phase::Held(strands) => {
                for mut strand in std::mem::take(strands) {
                    self.cancel(&mut strand);
                }
                self.emit(Event::Continued {});
                self.begin_stopping(now);
            }
            Phase::Steps(_) if self.pause.is_on() => {
                self.pause.end(now);
                self.emit(Event::Continued {});
            }
            Phase::Steps(_) | Phase::Stopping { .. } | Phase::Over => {}
        }
        let now = self.pause.inside(now);
        self.advance(now);
    }

    /// Comes to the end, wherever it is. A run whose steps are not over is invalid.
    pub(crate) fn end(&mut self, now: Nanos) {
        match self.phase {
            Phase::Held(_) => self.go_on(now),
            _ => self.abort("the run was ended by hand".to_owned(), now),
        }
    }

    /// Takes a longer plan while it is held, and plays what is new in it.
    ///
    /// # Errors
    /// In words, why it cannot.
    pub(crate) fn extend(
        &mut self,
        plan: &'p Plan,
        script: Script,
        now: Nanos,
    ) -> Result<(), String> {
        let now = self.pause.inside(now);
        if !matches!(self.phase, Phase::Held(_)) {
            return Err("the run does not wait for people: no step can be added".to_owned());
        }
        let (processes, steps) = (self.plan.processes.len(), self.plan.steps.len());
        let begins_the_same = plan.processes.starts_with(&self.plan.processes)
            && plan.steps.starts_with(&self.plan.steps);
        if !begins_the_same {
            return Err("this is no longer plan, but another one".to_owned());
        }
        self.plan = plan;
        self.script.append(script);
        let new = &plan.processes[processes..];
        self.actors.extend(new.iter().map(Actor::new));
        let added = |process: &Process| AddedProcess {
            name: process.name.clone(),
            host: process.host.clone(),
        };
        self.emit(Event::Extended {
            processes: new.iter().map(added).collect(),
            steps: plan.steps[steps..].iter().map(|step| step.text.clone()).collect(),
        });
        let strand = self.begin(steps..plan.steps.len(), false, now);
        if let Phase::Held(strands) = &mut self.phase {
            strands.push(strand);
        }
        self.advance(now);
        Ok(())
    }

    /// Gives up a line of added steps: who has added them does not want them any more.
    pub(crate) fn give_up(&mut self, steps: &Range<usize>, now: Nanos) {
        let Phase::Held(strands) = &mut self.phase else { return };
        let is_it = |strand: &Strand| steps.contains(&strand.index);
        let Some(at) = strands.iter().position(is_it) else { return };
        let mut strand = strands.swap_remove(at);
        self.cancel(&mut strand);
        let (step, summary) = (strand.index, "it was interrupted".to_owned());
        let blame = self.blame_step(step, now, now, summary, None);
        self.emit(Event::StepFailed { step, failure: blame.failure });
    }

    /// Gives up the line of added steps that wants to start a process; gives the blame back if
    /// there is none.
    pub(super) fn drop_added(&mut self, process: ProcessId, blame: Blame) -> Result<(), Blame> {
        let Phase::Held(strands) = &mut self.phase else { return Err(blame) };
        let starts = |strand: &mut Strand| {
            let mut found = None;
            strand.each_state(&mut |index, state| match state {
                StepState::Starting(start) if start.of == process => found = Some(index),
                _ => {}
            });
            found
        };
        let found = strands.iter_mut().enumerate().find_map(|(at, s)| Some((at, starts(s)?)));
        let Some((at, step)) = found else { return Err(blame) };
        let mut strand = strands.swap_remove(at);
        self.cancel(&mut strand);
        self.emit(Event::StepFailed { step, failure: blame.failure });
        Ok(())
    }

    /// Plays the lines of steps that people have added, as far as they go.
    pub(super) fn play_what_was_added(&mut self, now: Nanos) {
        self.wake = Nanos::MAX;
        loop {
            let moves = self.moves;
            // They are taken out while they are played, for their states move.
            let Phase::Held(strands) = &mut self.phase else { return };
            for mut strand in std::mem::take(strands) {
                match self.play(&mut strand, now) {
                    Progress::Done => continue,
                    Progress::WaitUntil(at) => self.wake = self.wake.min(at),
                    Progress::Failed(blame) => {
                        self.cancel(&mut strand);
                        let (step, failure) = (strand.index, blame.failure);
                        self.emit(Event::StepFailed { step, failure });
                        continue;
                    }
                }
                if let Phase::Held(strands) = &mut self.phase {
                    strands.push(strand);
                }
            }
            // One may have brought what another one waits for.
            if moves == self.moves {
                return;
            }
        }
    }
}
