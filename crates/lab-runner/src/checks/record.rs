//! What checks look at: everybody's words with their times, and the moments that
//! steps named.

use lab_scenario::plan::{ExitStatus, ProcessId, Window};

use crate::script::{Addresses, Saved};
use crate::scroll::{Nanos, Scroll};
use crate::traffic::Traffic;

/// The record of a run.
pub(crate) struct Record<'a> {
    /// By number of the process.
    pub(crate) witnesses: Vec<Witness<'a>>,
    /// Moments that steps named, in order.
    pub(crate) labels: &'a [(String, Nanos)],
    /// What steps saved.
    pub(crate) saved: &'a Saved,
    /// The packets of each capture.
    pub(crate) traffic: &'a [Traffic],
    /// Of hosts.
    pub(crate) addresses: &'a Addresses,
}

/// What is known of a process.
#[derive(Clone, Copy)]
pub(crate) struct Witness<'a> {
    pub(crate) name: &'a str,
    /// Its output, a scroll per stream.
    pub(crate) scrolls: &'a [Scroll],
    /// What was typed into it, and when.
    pub(crate) typed: &'a [(Nanos, Vec<u8>)],
    /// Whether it was ever started.
    pub(crate) started: bool,
    /// How it ended, if it has.
    pub(crate) status: Option<ExitStatus>,
}

impl<'a> Record<'a> {
    pub(crate) fn witness(&self, id: ProcessId) -> Witness<'a> {
        self.witnesses[id.0]
    }

    /// What is missing of what one of them said at a moment or later, in words.
    pub(super) fn gap(
        &self,
        of: impl IntoIterator<Item = ProcessId>,
        since: Nanos,
    ) -> Option<String> {
        of.into_iter().find_map(|id| self.witness(id).gap(since))
    }
}

impl Witness<'_> {
    /// What is missing of what it said at a moment or later, in words.
    pub(super) fn gap(&self, since: Nanos) -> Option<String> {
        let is_cut = self.scrolls.iter().any(|scroll| {
            // What is lost came no later than what is kept.
            let lost = scroll.end() - scroll.bytes().len();
            scroll.is_cut() && scroll.time_of(lost) >= since
        });
        is_cut.then(|| format!("the beginning of {}'s output was not", self.name))
    }

    pub(super) fn has_spoken(&self) -> bool {
        self.scrolls.iter().any(|scroll| scroll.end() > 0)
    }
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    from: Nanos,
    /// The first moment that is not in it any more.
    to: Nanos,
}

impl Part {
    pub(super) fn holds(self, at: Nanos) -> bool {
        self.from <= at && at < self.to
    }
}

/// When the first of them begins.
pub(super) fn begin(parts: &[Part]) -> Nanos {
    parts.first().map_or(0, |part| part.from)
}

/// The parts of a run that a window opens on, in order.
///
/// # Errors
/// In words, what the run never came to.
pub(super) fn parts(window: &Window, labels: &[(String, Nanos)]) -> Result<Vec<Part>, String> {
    let times = |wanted: &str| {
        let labels = labels.iter().filter(|(name, _)| name == wanted).map(|(_, at)| *at);
        labels.collect::<Vec<_>>()
    };
    let begins = window.after.as_deref().map_or_else(|| vec![0], times);
    let ends = window.before.as_deref().map(times);
    let lasting = window
        .lasting
        .map_or(Nanos::MAX, |lasting| Nanos::try_from(lasting.as_nanos()).unwrap_or(Nanos::MAX));
    let parts: Vec<Part> = begins
        .into_iter()
        .filter_map(|from| {
            let end = match &ends {
                // One that was begun but never ended was not come to its end.
                Some(ends) => *ends.iter().find(|end| **end >= from)?,
                None => Nanos::MAX,
            };
            Some(Part { from, to: end.min(from.saturating_add(lasting)) })
        })
        .collect();
    if !parts.is_empty() {
        return Ok(parts);
    }
    let ends = window.after.iter().chain(&window.before);
    let never = |wanted: &&String| labels.iter().all(|(name, _)| name != *wanted);
    let missing = match ends.clone().find(never) {
        Some(label) => format!("`{label}`"),
        // It came to both, but not in this order.
        None => ends.rev().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(" after "),
    };
    Err(format!("the run never came to {missing}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn window(after: Option<&str>, before: Option<&str>, lasting: Option<u64>) -> Window {
        Window {
            after: after.map(str::to_owned),
            before: before.map(str::to_owned),
            lasting: lasting.map(Duration::from_nanos),
        }
    }

    #[test]
    fn windows() {
        let labels: Vec<(String, Nanos)> =
            [("cut", 10), ("healed", 20), ("cut", 30), ("healed", 40), ("cut", 50), ("last", 60)]
                .map(|(name, at)| (name.to_owned(), at))
                .to_vec();
        let end = Nanos::MAX;
        let table = [
            (window(None, None, None), Ok(vec![(0, end)])),
            (window(Some("cut"), Some("healed"), None), Ok(vec![(10, 20), (30, 40)])),
            (window(Some("healed"), None, Some(5)), Ok(vec![(20, 25), (40, 45)])),
            (window(None, Some("healed"), None), Ok(vec![(0, 20)])),
            (window(Some("never"), None, None), Err("`never`")),
            (window(None, Some("never"), None), Err("`never`")),
            (window(Some("cut"), Some("never"), None), Err("`never`")),
            (window(Some("never"), Some("cut"), None), Err("`never`")),
            (window(Some("last"), Some("cut"), None), Err("`cut` after `last`")),
        ];
        for (window, expected) in table {
            let found = parts(&window, &labels);
            let found = found.map(|p| p.iter().map(|p| (p.from, p.to)).collect::<Vec<_>>());
            let expected = expected.map_err(|label| format!("the run never came to {label}"));
            assert_eq!(found, expected, "{window:?}");
        }
    }
}
