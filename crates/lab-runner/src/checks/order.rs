//! Orders: of lines across processes, and of the same lines at several of them.

use lab_scenario::plan::{ProcessId, Said};

use super::one_order::{Agreement, agree};
use super::record::{Part, Record, Witness};
use super::{outcome, seconds};
use crate::bytes::printable;
use crate::event::{CheckOutcome, Verdict};
use crate::matcher::Matcher;
use crate::scroll::Nanos;

/// Something that came out of one stream of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// When its last byte came.
    at: Nanos,
    by: ProcessId,
    stream: usize,
    /// Its first byte, and one past its last.
    start: usize,
    end: usize,
}

impl Place {
    /// Whether it came after another one. In one stream bytes have an order that
    /// times are too coarse for.
    fn is_after(&self, other: &Self) -> bool {
        match (self.by, self.stream) == (other.by, other.stream) {
            true => self.start >= other.end,
            false => self.at >= other.at,
        }
    }
}

/// All matches in what a process said, by time.
fn places(by: ProcessId, witness: &Witness<'_>, matcher: &Matcher, parts: &[Part]) -> Vec<Place> {
    let mut all = Vec::new();
    for (stream, scroll) in witness.scrolls.iter().enumerate() {
        let lost = scroll.end() - scroll.bytes().len();
        for range in matcher.all(scroll.bytes()) {
            let (start, end) = (lost + range.start, lost + range.end);
            let at = scroll.time_of(end.saturating_sub(1));
            if parts.iter().any(|part| part.holds(at)) {
                all.push(Place { at, by, stream, start, end });
            }
        }
    }
    all.sort_by_key(|place| (place.at, place.stream, place.start));
    all
}

/// Whether there is a match of each, every one after the one before. The earliest
/// is taken each time: if any choice does, that one does.
pub(super) fn judge_order(
    said: &[Said],
    matchers: &[&Matcher],
    parts: &[Part],
    record: &Record<'_>,
) -> CheckOutcome {
    let mut last: Option<(Place, String)> = None;
    for (said, matcher) in said.iter().zip(matchers) {
        let witness = record.witness(said.by);
        let what = format!("`{}` of {}", said.output, witness.name);
        let all = places(said.by, &witness, matcher, parts);
        let next =
            all.iter().find(|place| last.as_ref().is_none_or(|(last, _)| place.is_after(last)));
        let Some(next) = next else {
            let found = match (all.last(), &last) {
                (None, _) => format!("{what} was not found"),
                (Some(latest), Some((last, before))) => format!(
                    "{what} came last at {}, and {before} at {}",
                    seconds(latest.at),
                    seconds(last.at)
                ),
                (Some(_), None) => format!("{what} was not found"),
            };
            return outcome(Verdict::Fail, found);
        };
        last = Some((*next, what));
    }
    let found = last.map(|(last, _)| format!("in this order, the last at {}", seconds(last.at)));
    outcome(Verdict::Pass, found.unwrap_or_default())
}

/// Whether all saw the same things in the same order; if what they saw is `partial`, whether
/// one order agrees with all of them.
pub(super) fn judge_same(
    of: &[ProcessId],
    partial: bool,
    matcher: &Matcher,
    parts: &[Part],
    record: &Record<'_>,
) -> CheckOutcome {
    let seen = |id: &ProcessId| {
        let witness = record.witness(*id);
        let places = places(*id, &witness, matcher, parts);
        let text = |place: &Place| {
            let scroll = &witness.scrolls[place.stream];
            let mut groups = scroll.captures(matcher, place.start);
            if groups.is_empty() { Vec::new() } else { groups.swap_remove(0) }
        };
        (witness.name, places.iter().map(text).collect::<Vec<_>>())
    };
    let all: Vec<(&str, Vec<Vec<u8>>)> = of.iter().map(seen).collect();
    let Some(((first, reference), others)) = all.split_first() else {
        return outcome(Verdict::Inconclusive, "there is nobody to compare");
    };
    if all.iter().all(|(_, seen)| seen.is_empty()) {
        return outcome(Verdict::Inconclusive, "nobody saw anything like it");
    }
    if partial {
        let (names, views): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        return judge_partial(&names, &views);
    }
    for (name, seen) in others {
        let same = reference.iter().zip(seen).take_while(|(a, b)| a == b).count();
        if same == reference.len() && same == seen.len() {
            continue;
        }
        let shown = |lines: &[Vec<u8>]| {
            lines
                .get(same)
                .map_or_else(|| "nothing".to_owned(), |line| format!("`{}`", printable(line)))
        };
        let found = format!(
            "number {} is {} at {first}, and {} at {name}",
            same + 1,
            shown(reference),
            shown(seen)
        );
        return outcome(Verdict::Fail, found);
    }
    let found = format!("all {} saw the same {} in the same order", all.len(), reference.len());
    outcome(Verdict::Pass, found)
}

fn judge_partial(names: &[&str], views: &[Vec<Vec<u8>>]) -> CheckOutcome {
    /// Sights in one sentence.
    const MOST: usize = 4;
    match agree(views) {
        Agreement::One(count) => {
            let found = format!("one order of {count} agrees with what all {} saw", names.len());
            outcome(Verdict::Pass, found)
        }
        Agreement::NothingShared => {
            outcome(Verdict::Inconclusive, "no two of them saw two things that are the same")
        }
        Agreement::Circle(circle) => {
            let told = circle.iter().take(MOST).map(|sight| {
                let [earlier, later] = [sight.earlier, sight.later].map(printable);
                format!("{} saw `{earlier}` before `{later}`", names[sight.viewer])
            });
            let told = told.collect::<Vec<_>>().join(", ");
            let more = if circle.len() > MOST { ", …" } else { "" };
            outcome(Verdict::Fail, format!("no order agrees with all: {told}{more}"))
        }
    }
}
