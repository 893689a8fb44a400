//! What was typed into one process and came out of others: how often, where not,
//! and how long it took.

use std::time::Duration;

use lab_scenario::plan::{LatencyBounds, ProcessId, Times};

use super::messages::{Delivery, Messages};
use super::record::{Record, Witness};
use super::{outcome, seconds};
use crate::bytes::printable;
use crate::event::{CheckOutcome, Verdict};
use crate::scroll::Nanos;

const ONCE: Times = Times { at_least: 1, at_most: Some(1) };
const NEVER: Times = Times { at_least: 0, at_most: Some(0) };

pub(super) fn judge_delivered(
    messages: &Messages,
    to: &[ProcessId],
    times: Times,
    never: &[ProcessId],
    record: &Record<'_>,
) -> CheckOutcome {
    let all = format!("so for all {} that were sent", messages.len());
    let mut doubt = None;
    let never = never.iter().map(|id| (id, NEVER));
    for (id, times) in to.iter().map(|id| (id, times)).chain(never) {
        let witness = record.witness(*id);
        let gap = witness.gap(messages.begin());
        let mut few = None;
        for delivery in messages.deliveries(&witness, times) {
            let count = delivery.came.count;
            let is_few = count < times.at_least;
            if times.at_most.is_some_and(|most| count > most) || (is_few && gap.is_none()) {
                return outcome(Verdict::Fail, told(&delivery, times, &witness));
            }
            if is_few {
                few.get_or_insert_with(|| told(&delivery, times, &witness));
            }
        }
        // More may have come, and from who never spoke nothing would have come anyway.
        let gap = gap.filter(|_| few.is_some() || times.at_most.is_some());
        let lost = gap.map(|gap| super::doubt(few.as_deref().unwrap_or(&all), &gap));
        let silent = || {
            let found = format!("{} said nothing at all, so this shows nothing", witness.name);
            outcome(Verdict::Inconclusive, found)
        };
        doubt = doubt.or(lost).or_else(|| (!witness.has_spoken()).then(silent));
    }
    doubt.unwrap_or_else(|| outcome(Verdict::Pass, all))
}

/// How often one came out that should have come another number of times.
fn told(delivery: &Delivery<'_>, times: Times, witness: &Witness<'_>) -> String {
    let Delivery { text, sent, came } = delivery;
    let (text, sent, name) = (printable(text), seconds(*sent), witness.name);
    let wanted = if came.count < times.at_least { Some(times.at_least) } else { times.at_most };
    match (came.count, wanted.unwrap_or(times.at_least)) {
        (0, _) => format!("`{text}`, sent at {sent}, never came out of {name}"),
        (_, 0) => format!("`{text}`, sent at {sent}, came out of {name}"),
        (count, wanted) => format!(
            "`{text}`, sent at {sent}, came out of {name} {}, not {}",
            so_often(count),
            so_often(wanted)
        ),
    }
}

fn so_often(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}

pub(super) fn judge_latency(
    messages: &Messages,
    to: &[ProcessId],
    bounds: &LatencyBounds,
    record: &Record<'_>,
) -> CheckOutcome {
    let mut taken: Vec<Nanos> = Vec::new();
    for id in to {
        let witness = record.witness(*id);
        for delivery in messages.deliveries(&witness, ONCE) {
            let Some(first) = delivery.came.first else {
                return outcome(Verdict::Fail, told(&delivery, ONCE, &witness));
            };
            taken.push(first.saturating_sub(delivery.sent));
        }
    }
    taken.sort_unstable();
    let max = taken.last().copied().unwrap_or(0);
    let (median, p99) = (rank(&taken, 50), rank(&taken, 99));
    let found = format!(
        "{} messages: median {}, p99 {}, max {}",
        taken.len(),
        milliseconds(median),
        milliseconds(p99),
        milliseconds(max)
    );
    let over = |value: Nanos, bound: Option<Duration>| {
        bound.is_some_and(|bound| u128::from(value) > bound.as_nanos())
    };
    let late = over(max, bounds.max) || over(median, bounds.median) || over(p99, bounds.p99);
    outcome(if late { Verdict::Fail } else { Verdict::Pass }, found)
}

/// The value that so many percent do not exceed (the nearest rank).
fn rank(sorted: &[Nanos], percent: usize) -> Nanos {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

fn milliseconds(nanos: Nanos) -> String {
    format!("{:.3} ms", Duration::from_nanos(nanos).as_secs_f64() * 1e3)
}
