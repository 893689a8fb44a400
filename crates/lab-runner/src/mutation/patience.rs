//! Shorter waits. A mutant is mostly noticed by waiting in vain, and scenarios
//! wait for longer than programs take.

use std::collections::HashMap;
use std::time::Duration;

use lab_scenario::plan::Plan;

use super::story::{Played, Story};
use crate::event::Record;

/// So many times as long as a step took, it may take at least.
const MARGIN: u32 = 3;

/// The same plan with waits as short as its own run allows: a step may take three
/// times as long as it took there and not less than `least`, but never longer than
/// the scenario says. What is to last so long (`silence`, `wait`) does.
#[must_use]
pub fn patient(plan: &Plan, base: &[Record], least: Duration) -> Plan {
    let mut took: HashMap<usize, Duration> = HashMap::new();
    for Played { step, from, to, .. } in Story::of(plan, base).played {
        let longest = took.entry(step).or_default();
        *longest = Duration::from_nanos(to.saturating_sub(from)).max(*longest);
    }
    let mut plan = plan.clone();
    for (index, step) in plan.steps.iter_mut().enumerate() {
        let took = took.get(&index).copied().unwrap_or_default();
        step.within = step.within.min(took.saturating_mul(MARGIN).max(least));
    }
    plan
}
