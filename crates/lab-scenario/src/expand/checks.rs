//! Checks, filled in.

use super::fill::Filler;
use crate::model::{self, Setting};
use crate::plan::{Assertion, Check, LatencyBounds, Said, Times, Typed, Window};
use crate::values::Count;

impl Filler<'_> {
    pub(super) fn check(&mut self, check: &model::Check) -> Option<Check> {
        let hint = check.hint.as_ref().map(|hint| self.text(hint).to_string());
        Some(Check {
            name: check.name.clone(),
            points: check.points,
            hint,
            hidden: check.hidden,
            assertion: self.assertion(&check.assertion)?,
            window: self.window(&check.window)?,
            place: check.place,
        })
    }

    fn assertion(&mut self, assertion: &model::Assertion) -> Option<Assertion> {
        use model::Assertion as Draft;
        Some(match assertion {
            Draft::Count { of, output, times, together } => Assertion::Count {
                of: of.clone(),
                output: self.pattern(output),
                times: self.times(times)?,
                together: *together,
            },
            Draft::Packets { of, from, to, output, times } => Assertion::Packets {
                of: *of,
                from: from.clone(),
                to: to.clone(),
                output: self.pattern(output),
                times: self.times(times)?,
            },
            Draft::Matches { of, line } => {
                Assertion::Matches { of: of.clone(), line: self.pattern(line) }
            }
            Draft::Order(lines) => {
                let said = |(by, output): &(_, _)| Said { by: *by, output: self.pattern(output) };
                Assertion::Order(lines.iter().map(said).collect())
            }
            Draft::SameOrder { of, output, partial } => Assertion::SameOrder {
                of: of.clone(),
                output: self.pattern(output),
                partial: *partial,
            },
            Draft::Delivered { from, sent, to, times, never } => Assertion::Delivered {
                sent: Typed { into: *from, text: self.pattern(sent) },
                to: to.clone(),
                times: self.times(times)?,
                never: never.clone(),
            },
            Draft::Latency { from, sent, to, max, median, p99 } => Assertion::Latency {
                sent: Typed { into: *from, text: self.pattern(sent) },
                to: to.clone(),
                bounds: LatencyBounds {
                    max: self.optional(max.as_ref())?,
                    median: self.optional(median.as_ref())?,
                    p99: self.optional(p99.as_ref())?,
                },
            },
            Draft::Exit { of, status } => Assertion::Exit { of: *of, status: self.status(status)? },
            Draft::Compare { left, comparison, right } => Assertion::Compare {
                left: self.text(left),
                comparison: *comparison,
                right: self.text(right),
            },
        })
    }

    fn window(&mut self, window: &model::Window) -> Option<Window> {
        Some(Window {
            after: window.after.clone(),
            before: window.before.clone(),
            lasting: self.optional(window.lasting.as_ref())?,
        })
    }

    fn times(&mut self, bounds: &model::Bounds) -> Option<Times> {
        let at_least = match &bounds.at_least {
            Some(at_least) => self.number(at_least)?,
            None => 0,
        };
        let at_most = match &bounds.at_most {
            Some(at_most) => Some(self.number(at_most)?),
            None => None,
        };
        Some(Times { at_least, at_most })
    }

    fn number(&mut self, setting: &Setting<Count>) -> Option<u64> {
        self.setting(setting).and_then(|number| u64::try_from(number.0).ok())
    }
}
