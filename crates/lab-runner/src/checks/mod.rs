//! Judges statements about the whole record.
//!
//! A statement that something is absent is only worth as much as the witness: of
//! a process that never said anything it shows nothing, so it is inconclusive. So
//! is a statement about messages none of which was ever sent, one about a part
//! of the run that never came, and one that what was not kept could change.

mod attribution;
mod delivery;
mod messages;
mod one_order;
mod order;
mod packets;
mod record;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lab_scenario::plan::{Assertion, ExitStatus, ProcessId, Times, Window};

use crate::bytes::printable;
use crate::event::{CheckOutcome, Verdict};
use crate::matcher::Matcher;
use crate::script::{Saved, Sought};
use crate::scroll::Nanos;
use messages::Messages;
use packets::Way;
use record::{Part, begin, parts};
pub(crate) use record::{Record, Witness};

/// Times that are named of many.
const MAX_TIMES: usize = 5;

/// What a check looks for, made ready.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// In the order in which the assertion names them.
    pub(crate) sought: Vec<Sought>,
    /// The two sides of a comparison.
    pub(crate) sides: Option<crate::script::Sides>,
}

/// Judges one statement.
pub(crate) fn judge(
    assertion: &Assertion,
    window: &Window,
    looks: &Looks,
    record: &Record<'_>,
) -> CheckOutcome {
    if let Some(absent) = assertion.subjects().iter().find(|id| !record.witness(**id).started) {
        let name = record.witness(*absent).name;
        return outcome(Verdict::Inconclusive, format!("{name} was never started"));
    }
    let parts = match parts(window, record.labels) {
        Ok(parts) => parts,
        Err(why) => return outcome(Verdict::Inconclusive, why),
    };
    let matcher = |index: usize| looks.sought.get(index).and_then(Sought::matcher);
    match (assertion, matcher(0)) {
        (Assertion::Exit { of, status }, _) => judge_exit(*status, record.witness(*of).status),
        (Assertion::Compare { comparison, .. }, _) => {
            match looks.compare(*comparison, record.saved) {
                Ok((true, found)) => outcome(Verdict::Pass, found),
                Ok((false, found)) => outcome(Verdict::Fail, found),
                Err(why) => outcome(Verdict::Inconclusive, why),
            }
        }
        (Assertion::Count { of, times, together: true, .. }, Some(matcher)) => {
            let all: Vec<_> = of.iter().map(|id| record.witness(*id)).collect();
            judge_count(*times, matcher, &parts, &all)
        }
        (Assertion::Count { of, times, .. }, Some(matcher)) => each(of, record, |witness| {
            judge_count(*times, matcher, &parts, std::slice::from_ref(witness))
        }),
        (Assertion::Packets { of, from, to, times, .. }, Some(matcher)) => {
            let Some(traffic) = record.traffic.get(of.0) else {
                return outcome(Verdict::Inconclusive, "there is no such capture");
            };
            let way = Way::between([from.as_deref(), to.as_deref()], record.addresses);
            packets::judge_packets(way, *times, matcher, &parts, traffic, record.addresses)
        }
        (Assertion::Matches { of, .. }, Some(matcher)) => {
            each(of, record, |witness| judge_lines(matcher, witness))
        }
        (Assertion::Order(said), Some(_)) => {
            let matchers: Vec<_> = (0..said.len()).filter_map(matcher).collect();
            let judged = order::judge_order(said, &matchers, &parts, record);
            excuse(judged, record.gap(said.iter().map(|said| said.by), begin(&parts)))
        }
        (Assertion::SameOrder { of, partial, .. }, Some(matcher)) => {
            let judged = order::judge_same(of, *partial, matcher, &parts, record);
            match record.gap(of.iter().copied(), begin(&parts)) {
                Some(gap) => doubt(&judged.found, &gap),
                None => judged,
            }
        }
        (Assertion::Delivered { sent, to, times, never }, Some(matcher)) => {
            match Messages::typed(record.witness(sent.into), matcher, &parts) {
                Ok(messages) => delivery::judge_delivered(&messages, to, *times, never, record),
                Err(why) => outcome(Verdict::Inconclusive, why),
            }
        }
        (Assertion::Latency { sent, to, bounds }, Some(matcher)) => {
            match Messages::typed(record.witness(sent.into), matcher, &parts) {
                Ok(messages) => {
                    let judged = delivery::judge_latency(&messages, to, bounds, record);
                    excuse(judged, record.gap(to.iter().copied(), messages.begin()))
                }
                Err(why) => outcome(Verdict::Inconclusive, why),
            }
        }
        (_, None) => outcome(Verdict::Inconclusive, "there is nothing to look for"),
    }
}

fn outcome(verdict: Verdict, found: impl Into<String>) -> CheckOutcome {
    CheckOutcome { verdict, found: found.into() }
}

/// What shows nothing, because of what is missing of the record.
fn doubt(found: &str, gap: &str) -> CheckOutcome {
    outcome(Verdict::Inconclusive, format!("{found} in what was kept, but {gap}"))
}

/// A failure shows nothing if what is missing of the record could be what it misses.
fn excuse(judged: CheckOutcome, gap: Option<String>) -> CheckOutcome {
    match gap.filter(|_| judged.verdict == Verdict::Fail) {
        Some(gap) => doubt(&judged.found, &gap),
        None => judged,
    }
}

/// The worst of what holds of each of several; with names if there are several.
fn each(
    of: &[ProcessId],
    record: &Record<'_>,
    judge: impl Fn(&Witness<'_>) -> CheckOutcome,
) -> CheckOutcome {
    /// Names in one sentence.
    const MOST: usize = 3;
    if let [one] = of {
        return judge(&record.witness(*one));
    }
    let judged: Vec<_> = of
        .iter()
        .map(|id| {
            let witness = record.witness(*id);
            let outcome = judge(&witness);
            (witness.name, outcome)
        })
        .collect();
    let worst = judged.iter().map(|(_, outcome)| outcome.verdict).max().unwrap_or(Verdict::Pass);
    let such: Vec<_> = judged.iter().filter(|(_, outcome)| outcome.verdict == worst).collect();
    if worst == Verdict::Pass {
        return outcome(worst, format!("so for all {}", judged.len()));
    }
    let named = such.iter().take(MOST).map(|(name, outcome)| format!("{name}: {}", outcome.found));
    let mut found = named.collect::<Vec<_>>().join("; ");
    if let Some(more) = such.len().checked_sub(MOST).filter(|more| *more > 0) {
        found.push_str(&format!("; and {more} more"));
    }
    outcome(worst, found)
}

fn judge_exit(wanted: ExitStatus, status: Option<ExitStatus>) -> CheckOutcome {
    match status {
        None => outcome(Verdict::Fail, "it did not end"),
        Some(status) => {
            let verdict = if status == wanted { Verdict::Pass } else { Verdict::Fail };
            outcome(verdict, format!("it {status}"))
        }
    }
}

fn judge_count(
    times: Times,
    matcher: &Matcher,
    parts: &[Part],
    witnesses: &[Witness<'_>],
) -> CheckOutcome {
    let mut found = Found::default();
    for scroll in witnesses.iter().flat_map(|witness| witness.scrolls) {
        let lost = scroll.end() - scroll.bytes().len();
        for range in matcher.all(scroll.bytes()) {
            let at = scroll.time_of(lost + range.end.saturating_sub(1));
            if parts.iter().any(|part| part.holds(at)) {
                found.add(at);
            }
        }
    }
    let told = match found.count {
        0 => "not found".to_owned(),
        1 => format!("found once, at {}", moments(&found)),
        count => format!("found {count} times, at {}", moments(&found)),
    };
    let gap = witnesses.iter().find_map(|witness| witness.gap(begin(parts)));
    let silent = (!witnesses.iter().any(Witness::has_spoken)).then_some(SAID_NOTHING);
    conclude(times, found.count, &told, gap.as_deref(), silent)
}

/// Judges a number of occurrences. `gap` says what is missing of the record, `silent` why
/// there was nothing to be found in.
fn conclude(
    Times { at_least, at_most }: Times,
    count: u64,
    found: &str,
    gap: Option<&str>,
    silent: Option<&str>,
) -> CheckOutcome {
    if at_most.is_some_and(|most| count > most) {
        return outcome(Verdict::Fail, found);
    }
    if let Some(gap) = gap.filter(|_| count < at_least || at_most.is_some()) {
        return doubt(found, gap);
    }
    if count < at_least {
        return outcome(Verdict::Fail, found);
    }
    match silent {
        Some(silent) => outcome(Verdict::Inconclusive, silent),
        None => outcome(Verdict::Pass, found),
    }
}

/// How often something was found, and when at first.
#[derive(Default)]
struct Found {
    count: u64,
    moments: Vec<Nanos>,
}

impl Found {
    fn add(&mut self, at: Nanos) {
        self.count += 1;
        let place = self.moments.partition_point(|known| *known <= at);
        if place < MAX_TIMES {
            self.moments.insert(place, at);
            self.moments.truncate(MAX_TIMES);
        }
    }
}

/// The first moments, as a person would say them.
fn moments(found: &Found) -> String {
    let listed: Vec<_> = found.moments.iter().copied().map(seconds).collect();
    let more = if found.count > listed.len() as u64 { ", …" } else { "" };
    listed.join(", ") + more
}

const SAID_NOTHING: &str = "it said nothing at all, so this shows nothing";

/// A moment as a person would say it.
fn seconds(at: Nanos) -> String {
    format!("{:.3} s", Duration::from_nanos(at).as_secs_f64())
}

fn judge_lines(matcher: &Matcher, witness: &Witness<'_>) -> CheckOutcome {
    use bstr::ByteSlice as _;
    let gap = witness.gap(0);
    let kept = if gap.is_some() { " that was kept" } else { "" };
    // Of a line whose beginning is lost nobody knows whether it matched.
    let whole = witness.scrolls.iter().flat_map(|scroll| {
        let is_cut = scroll.is_cut();
        scroll.bytes().lines().skip(usize::from(is_cut))
    });
    let mut lines = 0_u64;
    for line in whole {
        lines += 1;
        if matcher.all(line).next().is_none() {
            let line = printable(line);
            return outcome(Verdict::Fail, format!("line {lines}{kept} does not match: `{line}`"));
        }
    }
    if let Some(gap) = gap {
        return doubt("all lines match", &gap);
    }
    if lines == 0 {
        return outcome(Verdict::Inconclusive, SAID_NOTHING);
    }
    outcome(Verdict::Pass, format!("all {lines} lines match"))
}

impl Looks {
    /// Makes all of it ready with what is saved by now.
    ///
    /// # Errors
    /// In words, what is missing or wrong.
    pub(crate) fn prepare(&mut self, saved: &Saved) -> Result<(), String> {
        self.sought.iter_mut().try_for_each(|sought| sought.prepare(saved))
    }

    fn compare(
        &self,
        comparison: lab_scenario::quantity::Comparison,
        saved: &Saved,
    ) -> Result<(bool, String), String> {
        let Some(sides) = &self.sides else { return Err("there is nothing to compare".to_owned()) };
        let [left, right] = sides.fill_in(saved)?;
        let holds = comparison.of(&left, &right)?;
        let not = if holds { "" } else { ": that does not hold" };
        Ok((holds, format!("{left} {comparison} {right}{not}")))
    }
}
