//! A scenario that is played by people: first only what starts its processes,
//! then whatever they add.
//!
//! Whether a process runs when a step comes is not asked here, as it is of a
//! scenario that is read to its end: people see it, and the run knows it.

use std::collections::{HashMap, HashSet};
use std::mem;

use super::cast::Cast;
use super::nested::{has_start, inner};
use super::window::Moment;
use super::{Checker, Defaults, order};
use crate::diagnostic::Sink;
use crate::model::{Model, Process, Step};
use crate::plan::ProcessId;
use crate::raw::{RawAddition, RawScenario, RawStep, RawVerb};
use crate::scope::{Scope, Stage};
use crate::source::{Lines, Span};

/// What has been said so far, for what is said next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    variables: HashMap<String, Span>,
    saves: HashMap<String, Span>,
    saved: HashSet<String>,
    labels: HashMap<String, Moment>,
    defaults: Defaults,
    cast: Cast,
}

/// A scenario in which nothing is wrong, with no other steps than those that
/// start each process once; with none at all if it is `bare`.
pub(crate) fn held(
    raw: &RawScenario,
    text: &str,
    scope: Scope<'_>,
    bare: bool,
    sink: &mut Sink,
) -> (Model, Known) {
    let mut checker = Checker::of(raw, text, scope, sink);
    let mut model = checker.before_steps(raw);
    checker.labels.clear();
    checker.scope.stage.set(Stage::Steps);
    if !bare {
        let mut ids = checker.in_order_of_starts(raw.steps());
        checker.leave_out_waiting(&mut ids, &model.processes);
        model.steps = checker.starts(&ids, &model.processes);
    }
    (model, checker.known())
}

/// What is added to a scenario: its processes are added to the others, its steps
/// are the result.
pub(crate) fn add(
    raw: &RawAddition,
    text: &str,
    scope: Scope<'_>,
    known: &mut Known,
    processes: &mut Vec<Process>,
    sink: &mut Sink,
) -> Vec<Step> {
    let mut checker = Checker::knowing(mem::take(known), text, scope, sink);
    let steps = raw.steps.as_slice();
    checker.learn_names(steps);
    let before = checker.cast.len();
    checker.cast(raw.processes.as_ref());
    checker.scope.stage.set(Stage::Processes);
    processes.extend(checker.processes(raw.processes.as_ref()));
    checker.scope.stage.set(Stage::Steps);
    let mut all = Vec::new();
    if !has_start(steps) {
        let ids: Vec<ProcessId> = checker.cast.ids().skip(before).collect();
        checker.refuse_early(&ids, processes);
        all.extend(checker.starts(&ids, processes));
    }
    all.extend(checker.sequence(steps));
    *known = checker.known();
    all
}

impl<'a> Checker<'a> {
    fn knowing(known: Known, text: &'a str, scope: Scope<'a>, sink: &'a mut Sink) -> Self {
        let Known { variables, saves, saved, labels, defaults, cast } = known;
        Self {
            scope: Scope { variables, saves, saved: saved.into(), ..scope },
            sink,
            text,
            lines: Lines::new(text),
            defaults,
            cast,
            captures: Vec::new(),
            has_captures: false,
            labels,
            depth: 0,
            has_processes: true,
            timeout: None,
        }
    }

    fn known(self) -> Known {
        let Scope { variables, saves, saved, .. } = self.scope;
        let (defaults, cast, labels) = (self.defaults, self.cast, self.labels);
        Known { variables, saves, saved: saved.into_inner(), labels, defaults, cast }
    }

    /// All processes: those that steps start in the order in which they do, then
    /// the others.
    fn in_order_of_starts(&self, steps: &[RawStep]) -> Vec<ProcessId> {
        let mut ids = Vec::with_capacity(self.cast.len());
        let mut waiting: Vec<&RawStep> = steps.iter().rev().collect();
        while let Some(step) = waiting.pop() {
            if let Some(RawVerb::Start(targets)) = &step.verb {
                let found = targets.names.iter().filter_map(|name| self.cast.find(&name.value));
                ids.extend(found.flat_map(|targets| targets.ids));
            }
            waiting.extend(inner(step).into_iter().rev());
        }
        ids.extend(self.cast.ids());
        let mut seen = vec![false; self.cast.len()];
        ids.retain(|id| !mem::replace(&mut seen[id.0], true));
        ids
    }

    /// Leaves out those that need what a step would have saved, and those that
    /// come after them.
    fn leave_out_waiting(&self, ids: &mut Vec<ProcessId>, processes: &[Process]) {
        let process = |id: ProcessId| self.find(id, processes);
        ids.retain(|id| process(*id).is_some_and(|process| process.awaits.is_empty()));
        loop {
            let there: HashSet<ProcessId> = ids.iter().copied().collect();
            let comes_after = |id: ProcessId| process(id).map_or(&[][..], |process| &process.after);
            ids.retain(|id| comes_after(*id).iter().all(|before| there.contains(before)));
            if ids.len() == there.len() {
                return;
            }
        }
    }

    fn refuse_early(&mut self, ids: &[ProcessId], processes: &[Process]) {
        for process in ids.iter().filter_map(|id| self.find(*id, processes)).collect::<Vec<_>>() {
            for (value, used) in &process.awaits {
                if !self.scope.saved.borrow().contains(value) {
                    order::starts_too_early(self, &process.name, value, *used);
                }
            }
        }
    }
}
