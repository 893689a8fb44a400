//! Judges statements about the whole record.
//!
//! A statement that something is absent is only worth as much as the witness: of
//! a process that never said anything it shows nothing, so it is inconclusive.

use std::time::Duration;

use lab_scenario::plan::{Assertion, ExitStatus};

use crate::bytes::printable;
use crate::event::{CheckOutcome, Verdict};
use crate::matcher::Matcher;
use crate::scroll::{Nanos, Scroll};

/// Times that are named of many.
const MAX_TIMES: usize = 5;

/// What is known of the process that a check is about.
pub(crate) struct Testimony<'a> {
    /// Its output, a scroll per stream.
    pub(crate) scrolls: &'a [Scroll],
    /// Whether it was ever started.
    pub(crate) started: bool,
    /// How it ended, if it has.
    pub(crate) status: Option<ExitStatus>,
}

/// Judges one statement. `matcher` is what it looks for.
pub(crate) fn judge(
    assertion: &Assertion,
    matcher: Option<&Matcher>,
    testimony: &Testimony<'_>,
) -> CheckOutcome {
    if !testimony.started {
        return outcome(Verdict::Inconclusive, "the process was never started");
    }
    match (assertion, matcher) {
        (Assertion::Exit { status, .. }, _) => judge_exit(*status, testimony.status),
        (Assertion::Contains { .. }, Some(matcher)) => judge_count(1, None, matcher, testimony),
        (Assertion::Count { at_least, at_most, .. }, Some(matcher)) => {
            judge_count(*at_least, *at_most, matcher, testimony)
        }
        (Assertion::Matches { .. }, Some(matcher)) => judge_lines(matcher, testimony),
        (_, None) => outcome(Verdict::Inconclusive, "there is nothing to look for"),
    }
}

fn outcome(verdict: Verdict, found: impl Into<String>) -> CheckOutcome {
    CheckOutcome { verdict, found: found.into() }
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
    at_least: u64,
    at_most: Option<u64>,
    matcher: &Matcher,
    testimony: &Testimony<'_>,
) -> CheckOutcome {
    let mut count = 0_u64;
    let mut times = Vec::new();
    for scroll in testimony.scrolls {
        let lost = scroll.end() - scroll.bytes().len();
        for range in matcher.all(scroll.bytes()) {
            count += 1;
            if times.len() < MAX_TIMES {
                times.push(scroll.time_of(lost + range.start));
            }
        }
    }
    let found = found(count, &times);
    if at_most.is_some_and(|most| count > most) {
        return outcome(Verdict::Fail, found);
    }
    if testimony.scrolls.iter().any(Scroll::is_cut) && (count < at_least || at_most.is_some()) {
        let reason = format!("{found} in what was kept, but the beginning of its output was not");
        return outcome(Verdict::Inconclusive, reason);
    }
    if count < at_least {
        return outcome(Verdict::Fail, found);
    }
    if testimony.scrolls.iter().all(|scroll| scroll.end() == 0) {
        return outcome(Verdict::Inconclusive, "it said nothing at all, so this shows nothing");
    }
    outcome(Verdict::Pass, found)
}

fn found(count: u64, times: &[Nanos]) -> String {
    let seconds = |at: &Nanos| format!("{:.3} s", Duration::from_nanos(*at).as_secs_f64());
    let listed: Vec<_> = times.iter().map(seconds).collect();
    let more = if count > listed.len() as u64 { ", …" } else { "" };
    match count {
        0 => "not found".to_owned(),
        1 => format!("found once, at {}", listed.join("")),
        _ => format!("found {count} times, at {}{more}", listed.join(", ")),
    }
}

fn judge_lines(matcher: &Matcher, testimony: &Testimony<'_>) -> CheckOutcome {
    use bstr::ByteSlice as _;
    let mut lines = 0_u64;
    for scroll in testimony.scrolls {
        for line in scroll.bytes().lines() {
            lines += 1;
            if matcher.all(line).next().is_none() {
                let line = printable(line);
                let verdict = Verdict::Fail;
                return outcome(verdict, format!("line {lines} does not match: `{line}`"));
            }
        }
    }
    if lines == 0 {
        return outcome(Verdict::Inconclusive, "it said nothing at all, so this shows nothing");
    }
    if testimony.scrolls.iter().any(Scroll::is_cut) {
        let reason = "all lines that were kept match, but the beginning of its output was not";
        return outcome(Verdict::Inconclusive, reason);
    }
    outcome(Verdict::Pass, format!("all {lines} lines match"))
}
