//! Lines of steps being played: the scenario's own, and those inside of steps that
//! hold others.

use std::ops::Range;

use lab_scenario::plan::Action;

use super::step::{Progress, StepState};
use super::{Blame, Order, Player, failure, nanos};
use crate::event::Event;
use crate::scroll::Nanos;

/// Steps played one after the other.
#[derive(Debug)]
pub(super) struct Strand {
    /// One past the last of its steps.
    end: usize,
    /// The step being played.
    pub(super) index: usize,
    began: Nanos,
    state: StepState,
    /// Whether it is the scenario's own.
    is_root: bool,
}

impl StepState {
    /// The lines of steps inside of this one.
    fn strands(&mut self) -> &mut [Strand] {
        match self {
            Self::Branching { strands } => strands,
            Self::Trying(trial) => std::slice::from_mut(&mut trial.strand),
            _ => &mut [],
        }
    }
}

impl Strand {
    /// Shows the state of each step being played, and its number.
    pub(super) fn each_state(&mut self, look: &mut impl FnMut(usize, &mut StepState)) {
        if self.index < self.end {
            look(self.index, &mut self.state);
            self.state.strands().iter_mut().for_each(|strand| strand.each_state(look));
        }
    }
}

/// Steps that are tried until they hold.
#[derive(Debug)]
pub(super) struct Trial {
    strand: Strand,
    /// When to try again, if the last try failed.
    again_at: Option<Nanos>,
    /// Tries so far.
    tries: u32,
    /// What the last one failed on.
    last: Option<Blame>,
}

impl Player<'_> {
    /// Begins a line of steps.
    pub(super) fn begin(&mut self, steps: Range<usize>, is_root: bool, now: Nanos) -> Strand {
        let Range { start: index, end } = steps;
        let state = StepState::Watching;
        let mut strand = Strand { end, index, began: now, state, is_root };
        self.enter(&mut strand, now);
        strand
    }

    /// Begins the step that a line has come to, unless it is at its end.
    fn enter(&mut self, strand: &mut Strand, now: Nanos) {
        if strand.index >= strand.end {
            return;
        }
        if strand.is_root {
            self.chronicle.begin(now);
        }
        self.cut_before(strand.index);
        self.emit(Event::StepStarted { step: strand.index });
        strand.began = now;
        strand.state = self.open(strand.index, now);
    }

    /// Plays a line of steps as far as it goes.
    pub(super) fn play(&mut self, strand: &mut Strand, now: Nanos) -> Progress {
        while strand.index < strand.end {
            if self.pause.is_on() {
                return Progress::WaitUntil(Nanos::MAX);
            }
            let index = strand.index;
            let step = &self.plan.steps[index];
            match self.look(index, strand.began, &mut strand.state, now) {
                Ok(Progress::Done) => {
                    self.settle(index, now);
                    self.emit(Event::StepPassed { step: index });
                }
                Ok(progress) => return progress,
                Err(blame) if step.optional => {
                    self.cancel(strand);
                    let why = blame.failure.summary;
                    self.chronicle.note(now, format!("not met, but optional: {why}"));
                    self.emit(Event::StepMissed { step: index, why });
                }
                Err(blame) => return Progress::Failed(blame),
            }
            self.moves += 1;
            strand.index = step.action.next(index);
            self.enter(strand, now);
        }
        Progress::Done
    }

    /// Gives up what the steps of a line are waiting for.
    pub(super) fn cancel(&mut self, strand: &mut Strand) {
        let orders = &mut self.orders;
        strand.each_state(&mut |index, state| match state {
            StepState::Executing { result: None } => orders.push_back(Order::KillExec(index)),
            StepState::Starting(start) => orders.push_back(Order::UnwatchPorts(start.of)),
            _ => {}
        });
    }

    /// Begins the lines inside of a step.
    pub(super) fn open_inner(&mut self, action: &Action, now: Nanos) -> StepState {
        match action {
            Action::Parallel { branches } => {
                let begin = |branch: &Range<usize>| self.begin(branch.clone(), false, now);
                StepState::Branching { strands: branches.iter().map(begin).collect() }
            }
            Action::Retry { body, .. } => {
                let strand = self.begin(body.clone(), false, now);
                StepState::Trying(Box::new(Trial { strand, again_at: None, tries: 1, last: None }))
            }
            _ => StepState::Watching,
        }
    }

    pub(super) fn look_parallel(
        &mut self,
        index: usize,
        began: Nanos,
        strands: &mut [Strand],
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let step = &self.plan.steps[index];
        let deadline = began.saturating_add(nanos(step.within));
        loop {
            let moves = self.moves;
            let mut wait = deadline;
            let mut waiting = None;
            for strand in &mut *strands {
                match self.play(strand, now) {
                    Progress::Done => {}
                    Progress::WaitUntil(at) => {
                        wait = wait.min(at);
                        waiting.get_or_insert(strand.index);
                    }
                    Progress::Failed(blame) => return Err(blame),
                }
            }
            let Some(waiting) = waiting else { return Ok(Progress::Done) };
            if now >= deadline {
                let limit = failure::words(step.within);
                let summary = format!("the branches did not come to their ends within {limit}");
                let mut blame = self.blame_step(index, began, now, summary, None);
                blame.failure.detail =
                    Some(format!("one waits at `{}`", self.plan.steps[waiting].text));
                return Err(blame);
            }
            // One branch may have brought what another one waits for.
            if moves == self.moves {
                return Ok(Progress::WaitUntil(wait));
            }
        }
    }

    pub(super) fn look_retry(
        &mut self,
        index: usize,
        began: Nanos,
        trial: &mut Trial,
        now: Nanos,
    ) -> Result<Progress, Blame> {
        let step = &self.plan.steps[index];
        let Action::Retry { body, every } = &step.action else { return Ok(Progress::Done) };
        let deadline = began.saturating_add(nanos(step.within));
        loop {
            if let Some(at) = trial.again_at {
                if now < at {
                    return Ok(Progress::WaitUntil(at));
                }
                trial.again_at = None;
                trial.tries += 1;
                trial.strand = self.begin(body.clone(), false, now);
            }
            match self.play(&mut trial.strand, now) {
                Progress::Done => return Ok(Progress::Done),
                Progress::WaitUntil(at) if now < deadline => {
                    return Ok(Progress::WaitUntil(at.min(deadline)));
                }
                Progress::WaitUntil(_) => {
                    self.cancel(&mut trial.strand);
                    let at = trial.strand.index;
                    let text = &self.plan.steps[at].text;
                    let last = trial.last.take().unwrap_or_else(|| {
                        let summary = format!("`{text}` did not come about");
                        self.blame_step(at, began, now, summary, None)
                    });
                    return Err(tried(last, trial.tries, step.within));
                }
                Progress::Failed(blame) => {
                    self.cancel(&mut trial.strand);
                    let again = now.saturating_add(nanos(*every));
                    if again >= deadline {
                        return Err(tried(blame, trial.tries, step.within));
                    }
                    trial.last = Some(blame);
                    // Time must go by, or this would never come to an end.
                    trial.again_at = Some(again.max(now + 1));
                }
            }
        }
    }
}

/// The last failure of several tries.
fn tried(mut blame: Blame, tries: u32, within: std::time::Duration) -> Blame {
    let times = if tries == 1 { "once".to_owned() } else { format!("{tries} times") };
    let limit = failure::words(within);
    let summary = &mut blame.failure.summary;
    *summary = format!("{summary} (tried {times} within {limit})");
    blame
}
