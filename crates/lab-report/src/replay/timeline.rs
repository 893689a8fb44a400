//! How the time of a run becomes the time of watching it.

use super::Nanos;

/// Maps times of the run, the *recorded* ones, to times of watching, the *played* ones:
/// the same unless there is a limit to how long nothing may happen. Both ways are
/// monotone, and exact for the time of every event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    /// Pairs of recorded and played times, between which both run evenly. The first is
    /// (0, 0), and the last is the end.
    knots: Vec<(Nanos, Nanos)>,
}

impl Timeline {
    /// A time line on which something happens at these times, in any order.
    pub(super) fn new(end: Nanos, mut times: Vec<Nanos>, idle_limit: Option<Nanos>) -> Self {
        let mut knots = vec![(0, 0)];
        let (mut recorded, mut played) = (0, 0);
        if let Some(limit) = idle_limit {
            times.push(end);
            times.sort_unstable();
            for time in times.into_iter().take_while(|time| *time <= end) {
                let gap = time - recorded;
                if gap > limit {
                    knots.extend([(recorded, played), (time, played + limit)]);
                }
                played += gap.min(limit);
                recorded = time;
            }
        }
        knots.push((end, played + (end - recorded)));
        knots.dedup();
        Self { knots }
    }

    /// How long it takes to watch everything.
    pub(super) fn length(&self) -> Nanos {
        self.knots.last().map_or(0, |knot| knot.1)
    }

    pub(super) fn played(&self, recorded: Nanos) -> Nanos {
        let after = self.knots.partition_point(|knot| knot.0 <= recorded);
        self.between(after, recorded, |knot| knot)
    }

    pub(super) fn recorded(&self, played: Nanos) -> Nanos {
        let after = self.knots.partition_point(|knot| knot.1 <= played);
        self.between(after, played, |(recorded, played)| (played, recorded))
    }

    /// The other time of one that lies before the knot `after`; each knot is turned so
    /// that the known time comes first.
    fn between(
        &self,
        after: usize,
        time: Nanos,
        turn: impl Fn((Nanos, Nanos)) -> (Nanos, Nanos),
    ) -> Nanos {
        let last = self.knots.last().copied().unwrap_or_default();
        let start = turn(after.checked_sub(1).map_or((0, 0), |before| self.knots[before]));
        let end = turn(self.knots.get(after).copied().unwrap_or(last));
        let (length, other) = (end.0.saturating_sub(start.0), end.1.saturating_sub(start.1));
        if length == 0 {
            return start.1;
        }
        let part = u128::from(time.saturating_sub(start.0)) * u128::from(other);
        start.1 + u64::try_from(part / u128::from(length)).unwrap_or(other).min(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_silences_are_shortened() {
        let line = Timeline::new(100, vec![10, 12, 90], Some(5));
        assert_eq!(line.length(), 5 + 2 + 5 + 5);
        let table = [(0, 0), (10, 5), (11, 6), (12, 7), (51, 9), (90, 12), (95, 14), (100, 17)];
        for (recorded, played) in table {
            assert_eq!(line.played(recorded), played, "{recorded}");
        }
        assert_eq!(line.recorded(6), 11);
        assert_eq!(line.recorded(17), 100);
        assert_eq!(line.recorded(1000), 100, "there is nothing beyond the end");
    }

    #[test]
    fn without_a_limit_both_times_are_the_same() {
        let line = Timeline::new(u64::MAX, vec![3], None);
        for time in [0, 3, 1 << 40, u64::MAX] {
            assert_eq!((line.played(time), line.recorded(time)), (time, time));
        }
        assert_eq!(Timeline::new(0, vec![], None).length(), 0);
    }

    proptest! {
        #[test]
        fn there_and_back(
            times in prop::collection::vec(0u64..10_000, 0..20),
            limit in prop::option::of(1u64..3000),
            any: (u16, u16),
        ) {
            let end = 10_000;
            let line = Timeline::new(end, times.clone(), limit);
            for time in times {
                prop_assert_eq!(line.recorded(line.played(time)), time);
            }
            let (a, b) = (u64::from(any.0.min(any.1)), u64::from(any.0.max(any.1)));
            prop_assert!(line.played(a) <= line.played(b));
            prop_assert!(line.recorded(a) <= line.recorded(b));
            prop_assert!(line.played(b) <= line.length());
            prop_assert_eq!(line.played(end), line.length());
        }
    }
}
