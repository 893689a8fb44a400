//! Names for checks that have none: what they state, in a few words.

use super::Checker;
use crate::model::{Assertion, Bounds, Setting};
use crate::plan::ProcessId;
use crate::values::Count;

impl Checker<'_> {
    /// A name for a check that has none.
    pub(super) fn describe(&self, assertion: &Assertion) -> String {
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
