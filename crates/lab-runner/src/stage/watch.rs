//! The stage watches itself: whether it was late, whether the machine was short
//! of processor time, whether clocks jumped.
//!
//! The loop is late when it is through with a turn more than [`LATE`] after it
//! asked to be woken. It asks at least every [`PULSE`], so that whatever keeps it from
//! running longer than both together is seen for certain, even if nothing was due.
//! The programs under test may have stood still as long.
//!
//! Everything is told to the watch as data ([`super::readings`] takes it from the
//! kernel), so that all of this is tested without a clock.

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::{Disturbance, DisturbanceKind};
use crate::scroll::Nanos;

/// The longest the loop sleeps.
pub(super) const PULSE: Nanos = 50 * MS;

/// A turn that ends so much later than it was asked for is late.
const LATE: Nanos = 50 * MS;

/// Clocks that come apart by so much between two turns have jumped. NTP slews by
/// 0.5 ms in a second at most.
const JUMP: i128 = 50 * MS as i128;

/// The share of a run in which some task of the machine waited for a processor,
/// from which on the machine was short of them.
const SHORT: f64 = 0.5;

/// Pressure says that somebody waited, not that this run did: while the machine builds
/// something else on all its processors, a loop that sleeps nearly always is still woken
/// in time. So pressure counts if the loop, turn by turn, waited for such a share of
/// the run itself, and for more than [`LATE`] in all.
const FELT: f64 = 0.1;

/// The kernel adds up the time that tasks waited every two seconds: over less
/// than two such periods a difference says nothing, and its own average is taken.
const SETTLED: Nanos = 4000 * MS;

/// Late turns and jumps that are remembered, of each.
const REMEMBERED: usize = 64;

const MS: Nanos = 1_000_000;

/// What the clocks say at one moment, in nanoseconds (clock_gettime(2)).
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    /// `CLOCK_MONOTONIC`: stands still while the machine is suspended.
    pub(super) monotonic: i128,
    /// `CLOCK_BOOTTIME`: does not.
    pub(super) boot: i128,
    /// `CLOCK_REALTIME`: somebody may set it.
    pub(super) real: i128,
}

/// `/proc/pressure/cpu` (Documentation/accounting/psi.rst), its line `some`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pressure {
    /// How long some task waited for a processor, since the machine started.
    pub(super) total: Duration,
    /// The share of time, 0 to 1, in which one did, averaged over the last 10 s.
    pub(super) lately: f64,
}

/// Something that happened at a moment, and how much of it.
#[derive(Debug, Clone, Copy)]
struct Incident {
    at: Nanos,
    by: Nanos,
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Watch {
    /// When the loop asked to be woken.
    asked: Option<Nanos>,
    late: VecDeque<Incident>,
    /// By how much its turns came after they were asked for, in all.
    felt: Nanos,
    clocks: Clocks,
    suspended: VecDeque<Incident>,
    stepped: VecDeque<Incident>,
    /// When it began, and the pressure then, where the kernel tells.
    began: (Nanos, Option<Pressure>),
}

impl Watch {
    pub(super) fn new(now: Nanos, clocks: Clocks, pressure: Option<Pressure>) -> Self {
        Self {
            asked: None,
            late: VecDeque::new(),
            felt: 0,
            clocks,
            suspended: VecDeque::new(),
            stepped: VecDeque::new(),
            began: (now, pressure),
        }
    }

    /// The loop has nothing more to do at `now` and is next needed at `wake`. Returns
    /// when it shall be woken.
    pub(super) fn ask(&mut self, now: Nanos, wake: Option<Nanos>) -> Nanos {
        let pulse = now.saturating_add(PULSE);
        let at = wake.map_or(pulse, |wake| wake.clamp(now, pulse));
        self.asked = Some(at);
        at
    }

    /// The loop is through with what happened.
    pub(super) fn turned(&mut self, now: Nanos, clocks: Clocks) {
        if let Some(asked) = self.asked.take() {
            let by = now.saturating_sub(asked);
            self.felt = self.felt.saturating_add(by);
            if by > LATE {
                remember(&mut self.late, Incident { at: now, by });
            }
        }
        let passed = |of: fn(&Clocks) -> i128| of(&clocks) - of(&self.clocks);
        let suspended = passed(|clocks| clocks.boot) - passed(|clocks| clocks.monotonic);
        let stepped = passed(|clocks| clocks.real) - passed(|clocks| clocks.boot);
        for (incidents, by) in [(&mut self.suspended, suspended), (&mut self.stepped, stepped)] {
            if by.abs() > JUMP {
                let by = Nanos::try_from(by.unsigned_abs()).unwrap_or(Nanos::MAX);
                remember(incidents, Incident { at: now, by });
            }
        }
        self.clocks = clocks;
    }

    /// What of all this disturbed the run before `until`.
    pub(super) fn disturbances(
        &self,
        until: Nanos,
        now: Nanos,
        pressure: Option<Pressure>,
    ) -> Vec<Disturbance> {
        let late = describe(&self.late, until).map(|text| {
            let message = format!(
                "labrun stood still for {text}: the machine was too busy, or it was stopped"
            );
            Disturbance { kind: DisturbanceKind::Late, message }
        });
        let clock = |incidents, what| {
            describe(incidents, until).map(|text| Disturbance {
                kind: DisturbanceKind::Clock,
                message: format!("{what} {text}"),
            })
        };
        late.into_iter()
            .chain(clock(&self.suspended, "the machine was suspended for"))
            .chain(clock(&self.stepped, "somebody set the clock: it jumped by"))
            .chain(self.pressure(now, pressure))
            .collect()
    }

    fn pressure(&self, now: Nanos, pressure: Option<Pressure>) -> Option<Disturbance> {
        let (then, before) = (self.began.0, self.began.1?);
        let after = pressure?;
        let lasting = now.saturating_sub(then);
        let seconds = |nanos| Duration::from_nanos(nanos).as_secs_f64();
        let share = if lasting < SETTLED {
            after.lately
        } else {
            after.total.saturating_sub(before.total).as_secs_f64() / seconds(lasting)
        };
        let felt = self.felt > LATE && seconds(self.felt) >= FELT * seconds(lasting);
        (felt && share >= SHORT).then(|| Disturbance {
            kind: DisturbanceKind::Pressure,
            message: format!(
                "the processors were short: some program waited for one for {:.0} % of the time, \
                 labrun itself for {} ms in all",
                share.min(1.0) * 100.0,
                self.felt / MS
            ),
        })
    }
}

/// The oldest of too many is forgotten: the newest are nearest to what failed.
fn remember(incidents: &mut VecDeque<Incident>, incident: Incident) {
    if incidents.len() == REMEMBERED {
        incidents.pop_front();
    }
    incidents.push_back(incident);
}

/// `212 ms, 1.20 s into the run`, of those that ended at `until` or before.
fn describe(incidents: &VecDeque<Incident>, until: Nanos) -> Option<String> {
    let seen = || incidents.iter().filter(|incident| incident.at <= until);
    let worst = seen().rev().max_by_key(|incident| incident.by)?;
    let at = Duration::from_nanos(worst.at).as_secs_f64();
    let by = worst.by / MS;
    let worst = match by {
        0..10_000 => format!("{by} ms, {at:.2} s into the run"),
        _ => format!("{} s, {at:.2} s into the run", by / 1000),
    };
    Some(match seen().count() {
        1 => worst,
        count => format!("{worst} ({count} times in all)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Clocks = Clocks { monotonic: 0, boot: 0, real: 1_000_000 * MS as i128 };

    /// Clocks that have gone on to `now`, with what came between, in milliseconds.
    fn clocks(now: Nanos, suspended: i64, stepped: i64) -> Clocks {
        let nanos = |millis: i64| i128::from(millis) * i128::from(MS);
        let boot = i128::from(now) + nanos(suspended);
        Clocks { monotonic: now.into(), boot, real: REST.real + boot + nanos(stepped) }
    }

    fn calm() -> Watch {
        Watch::new(0, REST, None)
    }

    fn seen(watch: &Watch, until: Nanos) -> Vec<String> {
        let disturbances = watch.disturbances(until, until, None);
        disturbances.into_iter().map(|disturbance| disturbance.message).collect()
    }

    #[test]
    fn a_turn_is_late_by_what_it_was_asked_for() {
        let mut watch = calm();
        assert_eq!(watch.ask(0, Some(20 * MS)), 20 * MS);
        watch.turned(70 * MS, clocks(70 * MS, 0, 0));
        assert!(seen(&watch, 70 * MS).is_empty(), "50 ms are not late");
        assert_eq!(watch.ask(70 * MS, Some(60 * MS)), 70 * MS, "what was due is due at once");
        watch.turned(121 * MS, clocks(121 * MS, 0, 0));
        assert_eq!(
            seen(&watch, 121 * MS),
            ["labrun stood still for 51 ms, 0.12 s into the run: the machine was too busy, or it \
              was stopped"]
        );
        assert!(seen(&watch, 120 * MS).is_empty(), "it was after what failed");
    }

    #[test]
    fn a_stop_is_seen_though_nothing_was_due() {
        let mut watch = calm();
        for wake in [None, Some(Nanos::MAX)] {
            assert_eq!(watch.ask(0, wake), PULSE);
        }
        watch.turned(200 * MS, clocks(200 * MS, 0, 0));
        watch.ask(200 * MS, None);
        watch.turned(400 * MS, clocks(400 * MS, 0, 0));
        assert!(seen(&watch, 400 * MS)[0].contains("150 ms, 0.20 s into the run (2 times in all)"));
    }

    #[test]
    fn what_is_done_between_turns_is_not_late() {
        let mut watch = calm();
        watch.ask(0, None);
        watch.turned(10 * MS, clocks(10 * MS, 0, 0));
        // A link was cut, which takes its time.
        watch.ask(500 * MS, None);
        watch.turned(510 * MS, clocks(510 * MS, 0, 0));
        assert!(seen(&watch, 510 * MS).is_empty());
    }

    #[test]
    fn clocks_that_jump() {
        let table: [(i64, i64, Option<&str>); 5] = [
            (0, 0, None),
            (50, 50, None),
            (90_000, 0, Some("the machine was suspended for 90 s, 0.01 s into the run")),
            (0, 51, Some("somebody set the clock: it jumped by 51 ms, 0.01 s into the run")),
            (0, -3600, Some("somebody set the clock: it jumped by 3600 ms, 0.01 s into the run")),
        ];
        for (suspended, stepped, expected) in table {
            let mut watch = calm();
            watch.turned(9 * MS, clocks(9 * MS, suspended, stepped));
            watch.turned(18 * MS, clocks(18 * MS, suspended, stepped));
            let expected: Vec<_> = expected.into_iter().collect();
            assert_eq!(seen(&watch, 18 * MS), expected, "{suspended} {stepped}");
        }
    }

    #[test]
    fn pressure_counts_if_it_was_felt() {
        let pressure =
            |millis, lately| Some(Pressure { total: Duration::from_millis(millis), lately });
        let table = [
            // For how long the loop waited in each of ten turns, how long the run
            // lasted, what the kernel says then.
            (100, 10_000, pressure(6_000, 0.0), true),
            (99, 10_000, pressure(11_000, 1.0), false),
            (100, 10_000, pressure(5_999, 1.0), false),
            (6, 500, pressure(1_000, 0.5), true),
            (6, 500, pressure(9_000, 0.4), false),
            (5, 100, pressure(1_000, 1.0), false),
            (100, 10_000, None, false),
        ];
        let is_seen = |before, wait: Nanos, lasting: Nanos, after| {
            let mut watch = Watch::new(0, REST, before);
            for _ in 0..10 {
                watch.ask(0, Some(0));
                watch.turned(wait * MS, clocks(wait * MS, 0, 0));
            }
            let found = watch.disturbances(Nanos::MAX, lasting * MS, after);
            found.iter().any(|disturbance| disturbance.kind == DisturbanceKind::Pressure)
        };
        for (wait, lasting, after, expected) in table {
            let found = is_seen(pressure(1_000, 1.0), wait, lasting, after);
            assert_eq!(found, expected, "{wait} {lasting} {after:?}");
        }
        assert!(!is_seen(None, 100, 10_000, pressure(9_000, 1.0)), "it was not known before");
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let mut watch = calm();
        for turn in 1..200 {
            watch.ask(0, Some(0));
            watch.turned(turn * 100 * MS, clocks(turn * 100 * MS, 0, 0));
        }
        assert!(seen(&watch, Nanos::MAX)[0].contains("(64 times in all)"));
    }
}
