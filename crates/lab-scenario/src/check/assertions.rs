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
use crate::raw::{
    RawCheck, RawContains, RawCount, RawDelivered, RawExit, RawLatency, RawOrder, RawSameOrder,
};
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
const ONCE: Setting<Count> = Setting::Known(Whole(1));

impl Checker<'_> {
    pub(super) fn assertions(&mut self, raw: Option<&Maybe<Vec<RawCheck>>>) -> Vec<PlacedCheck> {
        let raw = raw.and_then(|checks| checks.0.as_deref()).unwrap_or_default();
        let mut names: HashMap<String, Span> = HashMap::new();
        let mut checks = Vec::new();
        for check in raw {
            if let Some(name) = &check.name
                && let Some(first) = names.insert(name.value.clone(), name.span)
            {
                let message = format!("two checks are called `{}`", name.value);
                self.sink.report(
                    Diagnostic::new(Code::NameTaken, name.span, message)
                        .secondary(first, "the first is here"),
                );
            }
            checks.extend(self.check(check));
        }
        checks
    }

    fn check(&mut self, raw: &RawCheck) -> Option<PlacedCheck> {
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
        let mut all = Vec::new();
        let mut known = true;
        for name in names {
            match self.targets(Some(name)) {
                Some(targets) => all.extend(targets.ids.into_iter().map(|id| (id, name.span))),
                None => known = false,
            }
        }
        subjects.extend(all.iter().copied());
        (known && !all.is_empty()).then(|| all.into_iter().map(|(id, _)| id).collect())
    }

    fn somebody(
        &mut self,
        name: Option<&Text>,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<ProcessId> {
        let id = self.process(name)?;
        subjects.push((id, name?.span));
        Some(id)
    }

    fn pattern(&mut self, text: Option<&Text>) -> Option<PatternDraft> {
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
    fn bounds(&mut self, [is, at_least, at_most]: [Option<&Open<Count>>; 3]) -> Option<Bounds> {
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
            let message = "`same_order` compares several processes";
            self.sink.report(
                Diagnostic::new(Code::EmptyValue, raw.head(), message)
                    .help("write `in: [alice, bob]`, or the name of a group"),
            );
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

    fn delivered(
        &mut self,
        raw: &RawDelivered,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let from = self.somebody(raw.from.as_ref(), subjects);
        let sent = self.pattern(raw.sent.as_ref());
        let to = match &raw.to {
            Some(_) => self.everybody(raw.to.as_ref(), subjects)?,
            None => Vec::new(),
        };
        let never = match &raw.never {
            Some(_) => self.everybody(raw.never.as_ref(), subjects)?,
            None => Vec::new(),
        };
        let given = [raw.exactly.as_ref(), raw.at_least.as_ref(), raw.at_most.as_ref()];
        let mut times = self.bounds(given)?;
        if times.at_least.is_none() && times.at_most.is_none() {
            times = Bounds { at_least: Some(ONCE), at_most: Some(ONCE) };
        }
        if to.is_empty() && never.is_empty() && raw.is_whole() {
            self.sink.report(
                Diagnostic::new(
                    Code::MissingKey,
                    raw.head(),
                    "this `delivered` does not say where",
                )
                .help("add `to: bob`, or `never: carol`"),
            );
            return None;
        }
        Some(Assertion::Delivered { from: from?, sent: sent?, to, times, never })
    }

    fn latency(
        &mut self,
        raw: &RawLatency,
        subjects: &mut Vec<(ProcessId, Span)>,
    ) -> Option<Assertion> {
        let from = self.somebody(raw.from.as_ref(), subjects);
        let sent = self.pattern(raw.sent.as_ref());
        let to = self.everybody(raw.to.as_ref(), subjects);
        let max = self.setting(raw.max.as_ref());
        let median = self.setting(raw.median.as_ref());
        let p99 = self.setting(raw.p99.as_ref());
        if max.is_none() && median.is_none() && p99.is_none() {
            if raw.is_whole() {
                let message = "this `latency` has no bound";
                self.sink.report(
                    Diagnostic::new(Code::MissingKey, raw.head(), message)
                        .help("add `max: 50ms`, `median` or `p99`"),
                );
            }
            return None;
        }
        Some(Assertion::Latency { from: from?, sent: sent?, to: to?, max, median, p99 })
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

    /// A name for a check that has none.
    fn describe(&self, assertion: &Assertion) -> String {
        let name = |id: &ProcessId| self.cast.person(*id).name.as_str();
        let names = |ids: &[ProcessId]| match ids {
            [one] => name(one).to_owned(),
            [one, other] => format!("{} and {}", name(one), name(other)),
            [first, .., last] => format!("{}, …, {}", name(first), name(last)),
            [] => String::new(),
        };
        match assertion {
            Assertion::Count { of, output, times, together } => {
                let verb = if *together { "together put" } else { "puts" };
                format!("{} {verb} out {output}{}", names(of), how_often(times))
            }
            Assertion::Packets { of, from, to, output, times } => {
                let capture = self.captures.get(of.0).map_or("", String::as_str);
                let end = |way: &str, host: &Option<String>| match host {
                    Some(host) => format!(" {way} {host}"),
                    None => String::new(),
                };
                let way = end("from", from) + &end("to", to);
                format!("{capture} carries {output}{way}{}", how_often(times))
            }
            Assertion::Matches { of, line } => {
                format!("every line of {} matches {line}", names(of))
            }
            Assertion::Order(said) => {
                let said: Vec<_> =
                    said.iter().map(|(by, output)| format!("{output} of {}", name(by))).collect();
                format!("first {}", said.join(", then "))
            }
            Assertion::SameOrder { of, output, partial } => {
                let order = if *partial { "one order" } else { "the same order" };
                format!("{} saw {output} in {order}", names(of))
            }
            Assertion::Delivered { from, sent, to, never, .. } => {
                let to = if to.is_empty() { never } else { to };
                format!("what {} sends like {sent}, at {}", name(from), names(to))
            }
            Assertion::Latency { from, sent, to, .. } => {
                format!("how long {sent} takes from {} to {}", name(from), names(to))
            }
            Assertion::Exit { of, .. } => format!("how {} ends", name(of)),
            Assertion::Compare { left, comparison, right } => {
                format!("{left} {comparison} {right}")
            }
        }
    }
}

fn how_often(times: &Bounds) -> String {
    let number = |setting: &Option<Setting<Count>>| match setting {
        Some(Setting::Known(number)) => Some(number.0.to_string()),
        Some(Setting::Open(draft)) => Some(draft.to_string()),
        None => None,
    };
    match (number(&times.at_least), number(&times.at_most)) {
        (Some(least), None) if least == "1" => String::new(),
        (None, Some(most)) if most == "0" => " never".to_owned(),
        (Some(least), Some(most)) if least == most => format!(" exactly {least} times"),
        (Some(least), Some(most)) => format!(" {least} to {most} times"),
        (Some(least), None) => format!(" at least {least} times"),
        (None, Some(most)) => format!(" at most {most} times"),
        (None, None) => " any number of times".to_owned(),
    }
}
