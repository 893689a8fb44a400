//! What was typed into one process and came out of others: how often, where not,
//! and how long it took.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_scenario::plan::{LatencyBounds, ProcessId, Times};

use super::record::{Part, Record, Witness};
use super::{outcome, seconds};
use crate::bytes::printable;
use crate::event::{CheckOutcome, Verdict};
use crate::matcher::Matcher;
use crate::scroll::Nanos;

/// Something that was typed, and must arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    at: Nanos,
    text: Vec<u8>,
}

/// What was typed into a process and matches: the first group of the expression,
/// or else all of it. What is empty cannot be looked for.
pub(super) fn sent(witness: Witness<'_>, matcher: &Matcher, parts: &[Part]) -> Vec<Sent> {
    let typed = witness.typed.iter().filter(|(at, _)| parts.iter().any(|part| part.holds(*at)));
    typed
        .flat_map(|(at, typed)| {
            let found =
                matcher.all(typed).map(|range| match matcher.captures(typed, range.start) {
                    groups if groups.is_empty() => typed[range].to_vec(),
                    mut groups => groups.swap_remove(0),
                });
            found
                .filter(|text| !text.is_empty())
                .map(|text| Sent { at: *at, text })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// When a text came out of a process, each time: as a word of its own, so that
/// `message 1` is not found in `message 10`.
fn arrivals(witness: &Witness<'_>, text: &[u8]) -> Vec<Nanos> {
    let is_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
    };
    let (first, last) = (is_word(text.first()), is_word(text.last()));
    let finder = memchr::memmem::Finder::new(text);
    let mut times = Vec::new();
    for scroll in witness.scrolls {
        let bytes = scroll.bytes();
        let lost = scroll.end() - bytes.len();
        let mut from = 0;
        while let Some(start) = finder.find(&bytes[from..]).map(|at| from + at) {
            let end = start + text.len();
            let before = start.checked_sub(1).and_then(|at| bytes.get(at));
            if (first && is_word(before)) || (last && is_word(bytes.get(end))) {
                from = start + 1;
                continue;
            }
            times.push(scroll.time_of(lost + end - 1));
            from = end;
        }
    }
    times.sort_unstable();
    times
}

/// What was sent, by text: when, each time.
fn by_text(sent: &[Sent]) -> BTreeMap<&[u8], Vec<Nanos>> {
    let mut texts: BTreeMap<&[u8], Vec<Nanos>> = BTreeMap::new();
    for Sent { at, text } in sent {
        texts.entry(text).or_default().push(*at);
    }
    texts
}

pub(super) fn judge_delivered(
    sent: &[Sent],
    to: &[ProcessId],
    times: Times,
    never: &[ProcessId],
    record: &Record<'_>,
) -> CheckOutcome {
    if sent.is_empty() {
        return outcome(Verdict::Inconclusive, "nothing like it was sent");
    }
    for (text, moments) in by_text(sent) {
        let first = moments.first().copied().unwrap_or(0);
        let shown = printable(text);
        let came = |id: &ProcessId| {
            let witness = record.witness(*id);
            let arrivals = arrivals(&witness, text);
            (witness, arrivals.iter().filter(|at| **at >= first).count() as u64)
        };
        // The same text sent twice must arrive twice as often.
        let sends = moments.len() as u64;
        for (witness, count) in to.iter().map(came) {
            let (least, most) = (times.at_least * sends, times.at_most.map(|most| most * sends));
            if count < least || most.is_some_and(|most| count > most) {
                if count < least && witness.is_cut() {
                    let found = format!("the beginning of what {} said was not kept", witness.name);
                    return outcome(Verdict::Inconclusive, found);
                }
                let wanted = if count < least { least } else { most.unwrap_or(least) };
                let found = format!(
                    "`{shown}`, sent at {}, came out of {} {}, not {}",
                    seconds(first),
                    witness.name,
                    so_often(count),
                    so_often(wanted)
                );
                return outcome(Verdict::Fail, found);
            }
        }
        if let Some((witness, _)) = never.iter().map(came).find(|(_, count)| *count > 0) {
            let found = format!("`{shown}` came out of {}", witness.name);
            return outcome(Verdict::Fail, found);
        }
    }
    // That nobody heard what was meant for nobody shows something only of those
    // who hear at all.
    let silent = to.is_empty().then(|| never.iter().map(|id| record.witness(*id)));
    if let Some(deaf) = silent.into_iter().flatten().find(|witness| !witness.has_spoken()) {
        let found = format!("{} said nothing at all, so this shows nothing", deaf.name);
        return outcome(Verdict::Inconclusive, found);
    }
    outcome(Verdict::Pass, format!("so for all {} that were sent", sent.len()))
}

fn so_often(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}

pub(super) fn judge_latency(
    sent: &[Sent],
    to: &[ProcessId],
    bounds: &LatencyBounds,
    record: &Record<'_>,
) -> CheckOutcome {
    if sent.is_empty() {
        return outcome(Verdict::Inconclusive, "nothing like it was sent");
    }
    let mut taken: Vec<Nanos> = Vec::new();
    for (text, moments) in by_text(sent) {
        for id in to {
            let witness = record.witness(*id);
            let mut arrivals = arrivals(&witness, text).into_iter().peekable();
            for sent in &moments {
                while arrivals.next_if(|at| at < sent).is_some() {}
                let Some(at) = arrivals.next() else {
                    let found = format!(
                        "`{}`, sent at {}, never came out of {}",
                        printable(text),
                        seconds(*sent),
                        witness.name
                    );
                    return outcome(Verdict::Fail, found);
                };
                taken.push(at - sent);
            }
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
