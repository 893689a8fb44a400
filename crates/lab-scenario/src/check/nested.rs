//! Steps inside of steps.

use std::collections::HashSet;

use super::Checker;
use super::steps::Frame;
use crate::codes::Code;
use crate::defaults;
use crate::diagnostic::Diagnostic;
use crate::model::{Action, Setting, Step, Within};
use crate::raw::{RawParallel, RawRepeat, RawRetry, RawStep, RawVerb};
use crate::scope;

impl Checker<'_> {
    pub(super) fn parallel<'r>(&mut self, raw: &'r RawParallel) -> (Option<Action>, Frame<'r>) {
        let before = self.scope.saved.borrow().clone();
        let mut after: HashSet<String> = before.clone();
        let mut branches = Vec::with_capacity(raw.branches.0.len());
        for branch in &raw.branches.0 {
            // What another branch saves is not known to be there in time.
            self.scope.saved.borrow_mut().clone_from(&before);
            branches.push(self.sequence(&branch.0));
            after.extend(self.scope.saved.borrow().iter().cloned());
        }
        *self.scope.saved.borrow_mut() = after;
        let within = self.own_within(raw.within.as_ref());
        let frame = Frame { within, optional: raw.optional.as_ref(), named: None };
        (Some(Action::Parallel(branches)), frame)
    }

    pub(super) fn repeat(&mut self, raw: &RawRepeat) -> Option<Action> {
        let times = self.setting(raw.times.as_ref());
        if let Some(name) = &raw.name
            && super::name(name, "the number of a turn", self.sink)
        {
            if let Some(first) = self.scope.variables.get(&name.value) {
                let message = format!("`{}` is a variable already", name.value);
                self.sink.report(
                    Diagnostic::new(Code::NameTaken, name.span, message)
                        .secondary(*first, "first defined here"),
                );
            }
            self.scope.numbers.borrow_mut().push(name.value.clone());
        }
        let body = self.sequence(raw.steps.as_ref().map_or(&[], |steps| &steps.0));
        let name = raw.name.as_ref().map(|name| name.value.clone());
        if name.as_deref().is_some_and(scope::is_word) {
            self.scope.numbers.borrow_mut().pop();
        }
        Some(Action::Repeat { times: times?, name, body })
    }

    pub(super) fn retry<'r>(&mut self, raw: &'r RawRetry) -> (Option<Action>, Frame<'r>) {
        let within = self.within(raw.within.as_ref());
        let every = self.setting(raw.every.as_ref());
        let body = self.sequence(raw.steps.as_ref().map_or(&[], |steps| &steps.0));
        self.warn_of_one_try(&within, &body);
        let every = every.unwrap_or(Setting::Known(defaults::EVERY));
        let frame = Frame { within, optional: raw.optional.as_ref(), named: None };
        (Some(Action::Retry { body, every }), frame)
    }

    /// What waits as long as all tries together may take is tried once.
    fn warn_of_one_try(&mut self, within: &Within, body: &[Step]) {
        let known = |within: &Within| match within {
            Within::Given(setting) => setting.known().copied(),
            Within::Own => None,
        };
        let Some(all) = known(within) else { return };
        let takes_all = |step: &&Step| {
            let waits = matches!(
                step.action,
                Action::Expect { .. } | Action::Ask { .. } | Action::Exit { .. }
            );
            waits && !step.optional && known(&step.within).is_some_and(|own| own >= all)
        };
        let Some(step) = body.iter().find(takes_all) else { return };
        let message = format!(
            "this waits for {:?}, as long as all tries together may take: if in vain, there is no second try",
            known(&step.within).unwrap_or_default()
        );
        self.sink.report(Diagnostic::new(Code::OneTry, step.span, message).help(
            "give it less time than the `retry`, such as `within: 500ms`, or leave out the `retry`",
        ));
    }
}

/// Whether some step starts a process.
pub(super) fn has_start(steps: &[RawStep]) -> bool {
    let mut waiting: Vec<&RawStep> = steps.iter().collect();
    while let Some(step) = waiting.pop() {
        if matches!(step.verb, Some(RawVerb::Start(_))) {
            return true;
        }
        waiting.extend(inner(step));
    }
    false
}

/// The steps directly inside of a step.
pub(super) fn inner(step: &RawStep) -> Vec<&RawStep> {
    match &step.verb {
        Some(RawVerb::Parallel(parallel)) => {
            parallel.branches.0.iter().flat_map(|branch| &branch.0).collect()
        }
        Some(RawVerb::Repeat(repeat)) => repeat.steps.iter().flat_map(|steps| &steps.0).collect(),
        Some(RawVerb::Retry(retry)) => retry.steps.iter().flat_map(|steps| &steps.0).collect(),
        _ => Vec::new(),
    }
}
