//! Which of several sends of one text an arrival belongs to.

use std::collections::BinaryHeap;

use lab_scenario::plan::Times;

use crate::scroll::Nanos;

/// What came of one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Came {
    /// How many arrivals belong to it.
    pub(super) count: u64,
    /// When the first of them came.
    pub(super) first: Option<Nanos>,
}

/// Tells for each send what came of it; both sends and arrivals in order.
///
/// Texts that are the same cannot be told apart. An arrival belongs to the latest send before it
/// that lacks one it must have: so what was lost and typed again stays lost, and what only comes
/// late is not taken for doubled. If none lacks one, it belongs to the latest that may have more, or
/// else is one too many of the latest.
pub(super) fn attribute(sends: &[Nanos], arrivals: &[Nanos], times: Times) -> Vec<Came> {
    // Also of what may not arrive, each has its own before another has a second one.
    let enough = times.at_least.max(1);
    let most = times.at_most.map_or(u64::MAX, |most| most.max(enough));
    let mut counts = vec![0_u64; sends.len()];
    let mut firsts = Vec::new();
    // Those that may have more: whether it lacks some, and its number.
    let mut open: BinaryHeap<(bool, usize)> = BinaryHeap::new();
    let mut next = 0;
    for &at in arrivals {
        // What is typed in answer to an arrival has its time, so that comes before it in doubt.
        let lacks = |open: &BinaryHeap<(bool, usize)>| open.peek().is_some_and(|&(lacks, _)| lacks);
        while sends.get(next).is_some_and(|&sent| sent < at || (sent == at && !lacks(&open))) {
            open.push((true, next));
            next += 1;
        }
        let Some(latest) = next.checked_sub(1) else { continue };
        let number = open.pop().map_or(latest, |(_, number)| number);
        let count = &mut counts[number];
        *count += 1;
        if *count == 1 {
            firsts.push(at);
        }
        if *count < most {
            open.push((*count < enough, number));
        }
    }
    // Which is whose does not matter to numbers. To times it does: they came in the order in
    // which they were typed, for all that is known.
    let mut firsts = firsts.into_iter();
    counts
        .into_iter()
        .map(|count| Came { count, first: if count > 0 { firsts.next() } else { None } })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(at_least: u64, at_most: Option<u64>) -> Times {
        Times { at_least, at_most }
    }

    fn counts(sends: &[Nanos], arrivals: &[Nanos], times: Times) -> Vec<u64> {
        attribute(sends, arrivals, times).iter().map(|came| came.count).collect()
    }

    #[test]
    fn who_came_and_how_often() {
        let once = times(1, Some(1));
        type Row<'a> = (&'a [Nanos], &'a [Nanos], Times, &'a [u64]);
        let table: [Row<'_>; 14] = [
            (&[], &[5], once, &[]),
            (&[10], &[5], once, &[0]),
            (&[10, 20], &[11, 21], once, &[1, 1]),
            // Lost, then typed again.
            (&[10, 20], &[21], once, &[0, 1]),
            (&[10, 20], &[11], once, &[1, 0]),
            // All under way at the same time.
            (&[10, 11, 12], &[20, 21, 22], once, &[1, 1, 1]),
            // Doubled.
            (&[10, 20], &[11, 12, 21], once, &[2, 1]),
            (&[10, 20], &[11, 21, 22], once, &[1, 2]),
            // Each comes out twice.
            (&[10, 20], &[21, 21, 22, 22], times(2, Some(2)), &[2, 2]),
            (&[10, 20], &[21, 21, 22], times(2, None), &[1, 2]),
            (&[10, 20], &[21, 22, 23, 24], times(0, Some(3)), &[1, 3]),
            (&[10, 20], &[21, 22], times(0, Some(0)), &[1, 1]),
            // The first was answered by the second.
            (&[10, 20], &[20], once, &[1, 0]),
            (&[10, 20], &[11, 20], once, &[1, 1]),
        ];
        for (sends, arrivals, times, expected) in table {
            assert_eq!(
                counts(sends, arrivals, times),
                expected,
                "{sends:?} {arrivals:?} {times:?}"
            );
        }
    }

    #[test]
    fn those_under_way_at_the_same_time_come_in_order() {
        let came = attribute(&[10, 11, 12], &[20, 21, 22, 23], times(1, Some(1)));
        let firsts: Vec<_> = came.iter().map(|came| came.first).collect();
        assert_eq!(firsts, [Some(20), Some(21), Some(22)]);
    }

    /// Whether arrivals can be given to sends before them such that each has as many as it must
    /// and may: tries everything.
    fn can_be(counts: &mut [u64], sends: &[Nanos], arrivals: &[Nanos], times: Times) -> bool {
        let fits = |count: &u64| {
            *count >= times.at_least && times.at_most.is_none_or(|most| *count <= most)
        };
        let Some((at, later)) = arrivals.split_first() else { return counts.iter().all(fits) };
        (0..sends.len()).take_while(|number| sends[*number] < *at).any(|number| {
            counts[number] += 1;
            let can_be = can_be(counts, sends, later, times);
            counts[number] -= 1;
            can_be
        })
    }

    proptest! {
        /// If each arrives before the next is typed, each has its own, and misses its own.
        #[test]
        fn what_comes_at_once_belongs_to_the_one_before(
            came in proptest::collection::vec(0_u64..4, 0..8),
        ) {
            let sends: Vec<Nanos> = (0..came.len() as u64).map(|number| number * 10).collect();
            let arrivals = sends.iter().zip(&came).flat_map(|(at, count)| (1..=*count).map(move |n| at + n));
            let arrivals: Vec<_> = arrivals.collect();
            prop_assert_eq!(counts(&sends, &arrivals, times(3, None)), came);
        }

        /// It finds that all is well whenever that can be.
        #[test]
        fn nobody_is_wronged(
            mut sends in proptest::collection::vec(0_u64..8, 1..4),
            mut arrivals in proptest::collection::vec(0_u64..8, 0..7),
            at_least in 0_u64..3,
            more in proptest::option::of(0_u64..3),
        ) {
            // Never at the same time.
            sends.iter_mut().for_each(|at| *at *= 2);
            arrivals.iter_mut().for_each(|at| *at = *at * 2 + 1);
            sends.sort_unstable();
            arrivals.sort_unstable();
            arrivals.retain(|at| *at > sends[0]);
            let times = times(at_least, more.map(|more| at_least + more));
            let counts = counts(&sends, &arrivals, times);
            prop_assert_eq!(counts.iter().sum::<u64>(), arrivals.len() as u64);
            let is_well = counts.iter().all(|count| {
                *count >= at_least && times.at_most.is_none_or(|most| *count <= most)
            });
            prop_assert_eq!(is_well, can_be(&mut vec![0; sends.len()], &sends, &arrivals, times));
        }
    }
}
