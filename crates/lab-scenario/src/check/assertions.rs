//! Checks: what they state, and of whom.

use std::collections::HashMap;

use super::Checker;
use crate::codes::Code;
use crate::decode::Maybe;
use crate::decode::Record;
use crate::diagnostic::Diagnostic;
use crate::model::{Assertion, Check, Setting, Status};
use crate::patterns;
use crate::plan::ProcessId;
use crate::raw::{RawCheck, RawCount};
use crate::source::Span;
use crate::text::Text;
use crate::values::{Count, Points};

/// A check and where its process is named.
pub(super) struct PlacedCheck {
    pub(super) check: Check,
    pub(super) subject: ProcessId,
    pub(super) span: Span,
}

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
        let points = self.value::<Points>(raw.points.as_ref());
        let subject = self.subject(raw)?;
        let (name, id) = (subject, self.process(Some(subject)));
        let assertion = self.assertion(raw, id);
        let (assertion, subject) = (assertion?, id?);
        let title = match &raw.name {
            Some(name) => name.value.clone(),
            None => describe(&assertion, &name.value),
        };
        let check = Check {
            name: title,
            points: points.and_then(|points| u32::try_from(points.0).ok()).unwrap_or(0),
            assertion,
            place: self.place(raw.head()),
        };
        Some(PlacedCheck { check, subject, span: name.span })
    }

    /// The process that the one assertion of a check is about.
    fn subject<'r>(&mut self, raw: &'r RawCheck) -> Option<&'r Text> {
        let given: Vec<(&str, Span, Option<&Text>)> = [
            raw.count.as_ref().map(|a| ("count", a.head(), a.process.as_ref())),
            raw.contains.as_ref().map(|a| ("contains", a.head(), a.process.as_ref())),
            raw.matches.as_ref().map(|a| ("matches", a.head(), a.process.as_ref())),
            raw.exit.as_ref().map(|a| ("exit", a.head(), a.of.as_ref())),
        ]
        .into_iter()
        .flatten()
        .collect();
        match given.as_slice() {
            [(_, _, process)] => *process,
            [] if !raw.is_whole() => None,
            [] => {
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, raw.head(), "a check that states nothing")
                        .help("add `count`, `contains`, `matches` or `exit`"),
                );
                None
            }
            [(first, first_span, _), (second, second_span, _), ..] => {
                let message = "a check states one thing";
                self.sink.report(
                    Diagnostic::new(Code::OneVerb, *second_span, message)
                        .label(format!("`{second}`"))
                        .secondary(*first_span, format!("`{first}`"))
                        .help("make two checks of it"),
                );
                None
            }
        }
    }

    fn assertion(&mut self, raw: &RawCheck, process: Option<ProcessId>) -> Option<Assertion> {
        let mut pattern = |text: Option<&Text>| {
            text.and_then(|text| patterns::read(text, &self.scope, self.sink))
        };
        if let Some(contains) = &raw.contains {
            let output = pattern(contains.output.as_ref());
            return Some(Assertion::Contains { within: process?, output: output? });
        }
        if let Some(matches) = &raw.matches {
            let line = pattern(matches.line.as_ref());
            return Some(Assertion::Matches { within: process?, line: line? });
        }
        if let Some(count) = &raw.count {
            let output = pattern(count.output.as_ref());
            let Bounds { at_least, at_most } = self.bounds(count)?;
            return Some(Assertion::Count { within: process?, output: output?, at_least, at_most });
        }
        let exit = raw.exit.as_ref()?;
        if let Some(within) = &exit.within {
            let message = "a check has no `within`: the run is over";
            self.sink.report(Diagnostic::new(Code::UnknownKey, within.span, message));
        }
        let status: Option<Status> = self.status(exit)?;
        if status.is_none() && exit.is_whole() {
            let message = "this `exit` does not say how";
            self.sink.report(
                Diagnostic::new(Code::MissingKey, exit.head(), message)
                    .help("add `code: 0` or `signal: SIGTERM`"),
            );
        }
        Some(Assertion::Exit { of: process?, status: status? })
    }

    /// `is`, or `at_least` and `at_most`.
    fn bounds(&mut self, raw: &RawCount) -> Option<Bounds> {
        if let Some(is) = &raw.is {
            if let Some(other) = raw.at_least.as_ref().or(raw.at_most.as_ref()) {
                let message = "`is` says exactly how many, so there is nothing to add";
                self.sink.report(
                    Diagnostic::new(Code::Contradiction, other.span, message)
                        .secondary(is.span, "the number is given here"),
                );
                return None;
            }
            let is = self.setting(Some(is))?;
            return Some(Bounds { at_least: Some(is.clone()), at_most: Some(is) });
        }
        if raw.at_least.is_none() && raw.at_most.is_none() {
            if !raw.is_whole() {
                return None;
            }
            self.sink.report(
                Diagnostic::new(Code::MissingKey, raw.head(), "this `count` does not say how many")
                    .help("add `is: 1`, or `at_least` and `at_most`"),
            );
            return None;
        }
        let at_least: Option<Setting<Count>> = self.setting(raw.at_least.as_ref());
        let at_most: Option<Setting<Count>> = self.setting(raw.at_most.as_ref());
        if let (Some(Setting::Known(least)), Some(Setting::Known(most)), Some(text)) =
            (&at_least, &at_most, &raw.at_most)
            && least.0 > most.0
        {
            let message = "`at_most` is below `at_least`: that can never be";
            self.sink.report(Diagnostic::new(Code::Contradiction, text.span, message));
        }
        Some(Bounds { at_least, at_most })
    }
}

/// How often something may happen.
struct Bounds {
    at_least: Option<Setting<Count>>,
    at_most: Option<Setting<Count>>,
}

/// A name for a check that has none.
fn describe(assertion: &Assertion, process: &str) -> String {
    match assertion {
        Assertion::Contains { output, .. } => format!("{process} puts out {output}"),
        Assertion::Count { output, at_least, at_most, .. } => {
            let number = |setting: &Option<Setting<Count>>| match setting {
                Some(Setting::Known(number)) => Some(number.0.to_string()),
                Some(Setting::Open(draft)) => Some(draft.to_string()),
                None => None,
            };
            let times = match (number(at_least), number(at_most)) {
                (Some(least), Some(most)) if least == most => format!("exactly {least} times"),
                (Some(least), Some(most)) => format!("{least} to {most} times"),
                (Some(least), None) => format!("at least {least} times"),
                (None, Some(most)) => format!("at most {most} times"),
                (None, None) => "any number of times".to_owned(),
            };
            format!("{process} puts out {output} {times}")
        }
        Assertion::Matches { line, .. } => format!("every line of {process} matches {line}"),
        Assertion::Exit { .. } => format!("how {process} ends"),
    }
}
