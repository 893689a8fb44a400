//! Checks: what they state, and of whom.

use std::collections::HashMap;

use super::Checker;
use super::captures::Scene;
use crate::codes::Code;
use crate::decode::{Maybe, OneOrMany, Record};
use crate::diagnostic::Diagnostic;
use crate::interpolate::Draft;
use crate::model::{Action, Assertion, Bounds, Check, Setting, Status};
use crate::patterns::{self, PatternDraft};
use crate::plan::ProcessId;
use crate::raw::{RawCheck, RawContains, RawCount, RawExit, RawOrder, RawSameOrder};
use crate::source::Span;
use crate::suggest;
use crate::text::Text;
use crate::typed::Open;
use crate::values::{Count, Whole};

/// A check and where its processes are named.
pub(super) struct PlacedCheck {
    pub(super) check: Check,
    pub(super) subjects: Vec<(ProcessId, Span)>,
}

/// The assertions there are, for messages.
const VERBS: [&str; 10] = [
    "contains",
    "absent",
    "count",
    "matches",
    "order",
    "same_order",
    "delivered",
    "latency",
    "exit",
    "assert",
];

/// Once, where nothing else is said.
pub(super) const ONCE: Setting<Count> = Setting::Known(Whole(1));

impl Checker<'_> {
    pub(super) fn assertions(&mut self, raw: Option<&Maybe<Vec<RawCheck>>>) -> Vec<PlacedCheck> {
        let raw = raw.and_then(|checks| checks.0.as_deref()).unwrap_or_default();
        let mut names: HashMap<String, Span> = HashMap::new();
        let mut checks = Vec::new();
        for (at, check) in raw.iter().enumerate() {
            if let Some(name) = &check.name
                && let Some(first) = names.insert(name.value.clone(), name.span)
            {
                let message = format!("two checks are called `{}`", name.value);
                self.sink.report(
                    Diagnostic::new(Code::NameTaken, name.span, message)
                        .secondary(first, "the first is here"),
                );
            }
            match self.check(check, at + 1) {
                Some(check) => checks.push(check),
                None => self.refuse_vanished("check", check.head()),
            }
        }
        checks
    }

    /// `number` counts all checks, from 1.
    fn check(&mut self, raw: &RawCheck, number: usize) -> Option<PlacedCheck> {
        let points = self.value(raw.points.as_ref());
        let hidden = self.value(raw.hidden.as_ref()).unwrap_or(false);
        let hint = raw.hint.as_ref().map(|hint| Draft::read(hint, &self.scope, self.sink));
        if !self.states_one_thing(raw) {
            return None;
        }
        let mut subjects = Vec::new();
        let window = self.window(&raw.edges());
        let assertion = self.assertion(raw, &mut subjects)?;
        let name = match &raw.name {
            Some(name) => name.value.clone(),
            // What it states would tell what it looks for.
            None if hidden => format!("hidden check {number}"),
            None => self.describe(&assertion),
        };
        let points = points.and_then(|points| u32::try_from(points.0).ok()).unwrap_or(0);
        let place = self.place(raw.head());
        let check = Check { name, points, hint, hidden, assertion, window, place };
        Some(PlacedCheck { check, subjects })
    }

    fn states_one_thing(&mut self, raw: &RawCheck) -> bool {
        let head = |record: Option<&dyn Record>| record.map(Record::head);
        fn record<T: Record>(record: Option<&T>) -> Option<&dyn Record> {
            record.map(|record| record as &dyn Record)
        }
        let heads = [
            head(record(raw.contains.as_ref())),
            head(record(raw.absent.as_ref())),
            head(record(raw.count.as_ref())),
            head(record(raw.matches.as_ref())),
            head(record(raw.order.as_ref())),
            head(record(raw.same_order.as_ref())),
            head(record(raw.delivered.as_ref())),
            head(record(raw.latency.as_ref())),
            head(record(raw.exit.as_ref())),
            raw.assert.as_ref().map(|text| text.span),
        ];
        let given: Vec<(&str, Span)> =
            VERBS.into_iter().zip(heads).filter_map(|(verb, head)| Some((verb, head?))).collect();
        match given.as_slice() {
            [_] => true,
            [] => {
                if raw.is_whole() {
                    self.sink.report(
                        Diagnostic::new(Code::OneVerb, raw.head(), "a check that states nothing")
                            .help(format!("add one of {}", suggest::list(&VERBS))),
                    );
                }
                false
            }
            [(first, first_span), (second, second_span), ..] => {
                let message = "a check states one thing";
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, *second_span, message)
                        .label(format!("`{second}`"))
                        .secondary(*first_span, format!("`{first}`"))
                        .help("make two checks of it"),
                );
                false
            }
        }
    }

    fn assertion(
        &mut self,
        raw: &RawCheck,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        if let Some(contains) = &raw.contains {
            let times = Bounds { at_least: Some(ONCE), at_most: None };
            return self.contains(contains, times, subjects);
        }
        if let Some(absent) = &raw.absent {
            let never = Setting::Known(Whole(0));
            let times = Bounds { at_least: None, at_most: Some(never) };
            return self.contains(absent, times, subjects);
        }
        if let Some(count) = &raw.count {
            return self.count(count, subjects);
        }
        if let Some(matches) = &raw.matches {
            let of = self.everybody(matches.processes.as_ref(), subjects);
            let line = self.pattern(matches.line.as_ref());
            return Some(Assertion::Matches { of: of?, line: line? });
        }
        if let Some(order) = &raw.order {
            return self.order(order, subjects);
        }
        if let Some(same) = &raw.same_order {
            return self.same_order(same, subjects);
        }
        if let Some(delivered) = &raw.delivered {
            return self.delivered(delivered, subjects);
        }
        if let Some(latency) = &raw.latency {
            return self.latency(latency, subjects);
        }
        if let Some(text) = &raw.assert {
            return match self.assert(text)? {
                Action::Assert { left, comparison, right } => {
                    Some(Assertion::Compare { left, comparison, right })
                }
                _ => None,
            };
        }
        self.ending(raw.exit.as_ref()?, subjects)
    }

    /// All processes of some names, groups one by one.
    pub(super) fn everybody(
        &mut self,
        names: Option<&OneOrMany<Text>>,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Vec<ProcessId>> {
        let names = &names?.0;
        let each: Option<Vec<_>> = self.each_of(names).into_iter().collect();
        let all: Vec<(ProcessId, Span)> = each?
            .into_iter()
            .flat_map(|(name, ids)| ids.into_iter().map(|id| (id, name.span)))
            .collect();
        subjects.extend(all.iter().copied());
        (!all.is_empty()).then(|| all.into_iter().map(|(id, _)| id).collect())
    }

    pub(super) fn somebody(
        &mut self,
        name: Option<&Text>,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<ProcessId> {
        let id = self.process(name)?;
        subjects.push((id, name?.span));
        Some(id)
    }

    pub(super) fn pattern(&mut self, text: Option<&Text>) -> Option<PatternDraft> {
        text.and_then(|text| patterns::read(text, &self.scope, self.sink))
    }

    fn contains(
        &mut self,
        raw: &RawContains,
        times: Bounds,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let scene = self.scene(raw.into(), subjects);
        let output = self.pattern(raw.output.as_ref());
        Some(scene?.holds(output?, times))
    }

    fn count(
        &mut self,
        raw: &RawCount,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let scene = self.scene(raw.into(), subjects);
        let output = self.pattern(raw.output.as_ref());
        let given = [raw.is.as_ref(), raw.at_least.as_ref(), raw.at_most.as_ref()];
        let mut times = self.bounds(given)?;
        if times.at_least.is_none() && times.at_most.is_none() {
            if raw.is_whole() {
                self.sink.report(
                    Diagnostic::new(
                        Code::MissingKey,
                        raw.head(),
                        "this `count` does not say how many",
                    )
                    .help("add `is: 1`, or `at_least` and `at_most`"),
                );
            }
            return None;
        }
        if let (Some(_), None, Some(Setting::Known(Whole(0)))) =
            (&raw.at_least, &times.at_most, &times.at_least)
        {
            // At least none is always so.
            let message = "`at_least: 0` always holds";
            let span = raw.at_least.as_ref().map_or(raw.head(), |text| text.span);
            self.sink.report(Diagnostic::new(Code::Contradiction, span, message));
            times.at_least = None;
        }
        let together = self.value(raw.together.as_ref()).unwrap_or(false);
        if let (true, Some(capture)) = (together, &raw.capture) {
            let message = "`together` is of processes, and this looks at a capture";
            self.sink.report(
                Diagnostic::new(Code::Contradiction, capture.span, message)
                    .help("leave it out: a capture's packets are counted together anyway"),
            );
        }
        Some(match (scene?, output?) {
            (Scene::Processes(of), output) => Assertion::Count { of, output, times, together },
            (packets, output) => packets.holds(output, times),
        })
    }

    /// Exactly so many, or at least and at most. `None` if that is wrong.
    pub(super) fn bounds(
        &mut self,
        [is, at_least, at_most]: [Option<&Open<Count>>; 3],
    ) -> Option<Bounds> {
        if let Some(is) = is {
            if let Some(other) = at_least.or(at_most) {
                let message = "this says exactly how many, so there is nothing to add";
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, other.span, message)
                        .secondary(is.span, "the number is given here"),
                );
                return None;
            }
            let is = self.setting(Some(is))?;
            return Some(Bounds { at_least: Some(is.clone()), at_most: Some(is) });
        }
        let least = self.setting(at_least);
        let most = self.setting(at_most);
        if let (Some(Setting::Known(least)), Some(Setting::Known(most)), Some(text)) =
            (&least, &most, at_most)
            && least.0 > most.0
        {
            let message = "`at_most` is below `at_least`: that can never be";
            self.sink.report(Diagnostic::new(Code::Contradiction, text.span, message));
        }
        Some(Bounds { at_least: least, at_most: most })
    }

    fn order(
        &mut self,
        raw: &RawOrder,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let mut said = Vec::new();
        match (&raw.process, &raw.outputs, &raw.lines) {
            (Some(process), Some(outputs), None) => {
                let by = self.somebody(Some(process), subjects);
                for output in outputs {
                    said.push((by, self.pattern(Some(output))));
                }
            }
            (None, None, Some(lines)) => {
                for line in lines {
                    let by = self.somebody(line.process.as_ref(), subjects);
                    said.push((by, self.pattern(line.output.as_ref())));
                }
            }
            _ => {
                if raw.is_whole() {
                    let message = "this `order` does not say what came after what";
                    self.sink.report(
                        Diagnostic::new(Code::MissingKey, raw.head(), message).help(
                            "write `in: bob, outputs: [one, two]`, or `lines: [{in: alice, output: one}, {in: bob, output: two}]`",
                        ),
                    );
                }
                return None;
            }
        }
        if said.len() < 2 {
            let message = "an order needs two lines or more";
            self.sink.report(Diagnostic::new(Code::EmptyValue, raw.head(), message));
            return None;
        }
        let said = said.into_iter().map(|(by, output)| Some((by?, output?)));
        said.collect::<Option<_>>().map(Assertion::Order)
    }

    fn same_order(
        &mut self,
        raw: &RawSameOrder,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let of = self.everybody(raw.processes.as_ref(), subjects);
        let output = self.pattern(raw.output.as_ref());
        let of = of?;
        if of.len() < 2 {
            // One that is named twice was reported as that.
            if raw.processes.as_ref().is_some_and(|names| names.0.len() < 2) {
                let message = "`same_order` compares several processes";
                self.sink.report(
                    Diagnostic::new(Code::EmptyValue, raw.head(), message)
                        .help("write `in: [alice, bob]`, or the name of a group"),
                );
            }
            return None;
        }
        if let (Some(PatternDraft::Literal(_)), Some(text)) = (&output, &raw.output) {
            let message = "lines that are all the same have no order";
            self.sink.report(
                Diagnostic::new(Code::Contradiction, text.span, message)
                    .help("look for a `/regular expression/` that matches different lines"),
            );
            return None;
        }
        let partial = self.value(raw.partial.as_ref()).unwrap_or(false);
        Some(Assertion::SameOrder { of, output: output?, partial })
    }

    fn ending(
        &mut self,
        raw: &RawExit,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let of = self.somebody(raw.of.as_ref(), subjects);
        if let Some(within) = &raw.within {
            let message = "a check has no `within`: the run is over";
            self.sink.report(Diagnostic::new(Code::UnknownKey, within.span, message));
        }
        if let Some(optional) = &raw.optional {
            let message = "a check that need not hold checks nothing";
            self.sink.report(Diagnostic::new(Code::UnknownKey, optional.span, message));
        }
        let status: Option<Status> = self.status(raw)?;
        if status.is_none() && raw.is_whole() {
            let message = "this `exit` does not say how";
            self.sink.report(
                Diagnostic::new(Code::MissingKey, raw.head(), message)
                    .help("add `code: 0` or `signal: SIGTERM`"),
            );
        }
        Some(Assertion::Exit { of: of?, status: status? })
    }
}
