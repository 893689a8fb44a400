//! Checks, filled in.

use super::fill::Filler;
use crate::model::{self, Setting};
use crate::plan::{Assertion, Check};
use crate::values::Whole;

impl Filler<'_> {
    pub(super) fn check(&mut self, check: &model::Check) -> Option<Check> {
        let number = |setting: &Setting<Whole<0, { i64::MAX }>>, filler: &mut Self| {
            filler.setting(setting).and_then(|number| u64::try_from(number.0).ok())
        };
        let assertion = match &check.assertion {
            model::Assertion::Contains { within, output } => {
                Assertion::Contains { within: *within, output: self.pattern(output) }
            }
            model::Assertion::Matches { within, line } => {
                Assertion::Matches { within: *within, line: self.pattern(line) }
            }
            model::Assertion::Count { within, output, at_least, at_most } => Assertion::Count {
                within: *within,
                output: self.pattern(output),
                at_least: match at_least {
                    Some(at_least) => number(at_least, self)?,
                    None => 0,
                },
                at_most: match at_most {
                    Some(at_most) => Some(number(at_most, self)?),
                    None => None,
                },
            },
            model::Assertion::Exit { of, status } => {
                Assertion::Exit { of: *of, status: self.status(status)? }
            }
        };
        let (name, points) = (check.name.clone(), check.points);
        Some(Check { name, points, assertion, place: check.place })
    }
}
