//! How fast a pool reads where everybody hears everybody.
//!
//! A sender can be faster than those who must hear it. Their queues are bounded, so either
//! it is read less, or they are dropped. Waiting for the slowest would let one who
//! does not read stop everybody; waiting for nobody would drop people who do nothing wrong.
//!
//! So a connection with more than [`Pace::behind`] bytes queued is *behind*, and the pool does not
//! read while
//!
//! * anybody is behind who still takes as many bytes every [`Pace::quick`], or
//! * half of all connections are behind, and still take as many every [`Pace::patience`].
//!
//! What other threads have read already waits in a thread's mailbox, which may hold more than a
//! queue: it is opened piece by piece, and left alone in the same way. So a thread that was kept from
//! running for a while does not drown its readers.
//!
//! Whoever takes less is on its own, and is cut at [`Config::max_queue`](crate::Config::max_queue).
//! By default that is 64 KiB every 250 ms: nobody who waits is slowed below 260 kB/s, and
//! where less than that is written nobody ever waits for one reader. One who stops reading in
//! the middle of a flood holds it up once, for 250 ms.

use crate::connection::Phase;
use crate::timers::Key;
use crate::{ConnId, Io};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a pool that reads at its readers' pace is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// A connection with more bytes than this queued is behind.
    pub behind: usize,
    /// Who is behind, and takes `behind` bytes within this time, is waited for.
    pub quick: Duration,
    /// If half of all are behind, they are waited for if they take `behind` bytes within this time.
    pub patience: Duration,
    /// Bytes read from a connection at once. An app may make many bytes of few (an address
    /// before each line); what it makes of these must not fill a queue.
    pub read: usize,
    /// Bytes of a connection that the kernel may hold unsent (TCP_NOTSENT_LOWAT). The rest waits in
    /// our queue, where all share it and it counts; megabytes in each socket's buffer would
    /// only push each other out of the cache.
    pub unsent: u32,
    /// Bytes published in one turn after which no more is read in it.
    pub publish: usize,
}

impl Pace {
    /// Shares of `max_queue`, such that who is not behind at the beginning of a turn is within
    /// the limit at its end, even if published bytes are 60 times those that were read.
    #[must_use]
    pub fn for_queue(max_queue: usize) -> Self {
        Self {
            behind: max_queue / 16,
            quick: Duration::from_millis(250),
            patience: Duration::from_secs(2),
            read: (max_queue / 128).clamp(512, 64 * 1024),
            unsent: 64 * 1024,
            publish: max_queue / 8,
        }
    }
}

/// How a connection keeps up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    lag: Lag,
    /// When it last had taken as much as counts.
    since: Instant,
    /// Bytes taken since then.
    taken: usize,
    /// A look at it is due ([`Key::Lag`]).
    watched: bool,
    /// It had taken everything when it was last looked at.
    done: bool,
}

/// Whether a connection keeps up, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lag {
    /// It is not behind.
    KeepsUp,
    /// It is waited for.
    Quick,
    /// It is waited for if half of all are as slow.
    Slow,
    /// It is not waited for until it has caught up.
    Stuck,
}

impl Progress {
    pub(crate) fn new(now: Instant) -> Self {
        Self { lag: Lag::KeepsUp, since: now, taken: 0, watched: false, done: true }
    }

    /// It has taken `count` bytes.
    pub(crate) fn take(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count);
    }

    /// Begins to count anew if it has taken enough, or had nothing to take.
    fn count(&mut self, pace: Pace, queued: usize, now: Instant) {
        let had_nothing = std::mem::replace(&mut self.done, queued == 0);
        if self.taken >= pace.behind || had_nothing {
            self.taken = 0;
            self.since = now;
        }
    }

    /// What it is while it is behind, and when that will change if it takes nothing.
    fn judge(&self, pace: Pace, now: Instant) -> (Lag, Option<Instant>) {
        let idle = now.saturating_duration_since(self.since);
        if self.lag == Lag::Stuck || idle >= pace.patience {
            (Lag::Stuck, None)
        } else if idle >= pace.quick {
            (Lag::Slow, self.since.checked_add(pace.patience))
        } else {
            (Lag::Quick, self.since.checked_add(pace.quick))
        }
    }
}

/// What the threads know of each other's connections.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    quick: AtomicUsize,
    slow: AtomicUsize,
    /// A thread does not read, and must be woken when it may.
    resting: AtomicBool,
}

impl Crowd {
    /// True while a pool of `all` connections must not read.
    fn is_behind(&self, all: usize) -> bool {
        let quick = self.quick.load(Ordering::SeqCst);
        let slow = self.slow.load(Ordering::SeqCst);
        quick > 0 || (slow > 0 && slow * 2 >= all)
    }

    fn count(&self, lag: Lag) -> Option<&AtomicUsize> {
        match lag {
            Lag::Quick => Some(&self.quick),
            Lag::Slow => Some(&self.slow),
            Lag::KeepsUp | Lag::Stuck => None,
        }
    }
}

impl<M> Io<M> {
    /// True while nothing is to be read. The thread is woken when this changes.
    pub(crate) fn must_rest(&self) -> bool {
        let crowd = &self.shared.crowd;
        if self.shared.config.pace.is_none() || !crowd.is_behind(self.shared.connections()) {
            return false;
        }
        crowd.resting.store(true, Ordering::SeqCst);
        // Whoever changed it meanwhile may not have seen that we rest.
        crowd.is_behind(self.shared.connections())
    }

    /// Wakes the other threads if they rest and need not.
    pub(crate) fn wake_resting(&self) {
        let crowd = &self.shared.crowd;
        if crowd.resting.load(Ordering::SeqCst)
            && !crowd.is_behind(self.shared.connections())
            && crowd.resting.swap(false, Ordering::SeqCst)
        {
            self.wake_others();
        }
    }

    /// Looks at a connection that was just written to, or whose time has come.
    pub(crate) fn note_lag(&mut self, conn: ConnId) {
        let Some(pace) = self.shared.config.pace else { return };
        let now = self.now;
        let Some(connection) = self.get(conn) else { return };
        let queued = connection.queue.bytes();
        let is_behind = queued > pace.behind && connection.phase == Phase::Open;
        let progress = &mut connection.progress;
        progress.count(pace, queued, now);
        let (lag, until) = if is_behind { progress.judge(pace, now) } else { (Lag::KeepsUp, None) };
        // One look at a time is enough, however often it falls behind meanwhile.
        if until.is_some() && !std::mem::replace(&mut progress.watched, true) {
            self.timers.set(Key::Lag(conn), until);
        }
        self.set_lag(conn, lag);
    }

    /// The time has come to look again.
    pub(crate) fn look_at_lag(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn) {
            connection.progress.watched = false;
            self.note_lag(conn);
        }
    }

    /// It does not count any more.
    pub(crate) fn forget_lag(&mut self, conn: ConnId) {
        self.set_lag(conn, Lag::KeepsUp);
        self.timers.set(Key::Lag(conn), None);
    }

    fn set_lag(&mut self, conn: ConnId, lag: Lag) {
        let Some(connection) = self.get(conn) else { return };
        let before = std::mem::replace(&mut connection.progress.lag, lag);
        if before != lag {
            let crowd = &self.shared.crowd;
            if let Some(count) = crowd.count(lag) {
                count.fetch_add(1, Ordering::SeqCst);
            }
            if let Some(count) = crowd.count(before) {
                count.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::for_queue(1 << 20)
    }

    #[test]
    fn a_full_turn_of_an_app_that_writes_much_fits_into_a_queue() {
        for max_queue in [64 << 10, 1 << 20, 16 << 20] {
            let pace = Pace::for_queue(max_queue);
            assert!(pace.behind + pace.publish + 60 * pace.read <= max_queue);
        }
    }

    #[test]
    fn who_takes_enough_is_waited_for() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut progress = Progress::new(start);
        progress.count(pace(), 1, start);
        assert_eq!(progress.judge(pace(), at(0)), (Lag::Quick, Some(at(250))));
        assert_eq!(progress.judge(pace(), at(250)), (Lag::Slow, Some(at(2000))));
        // Too little to count, then enough.
        progress.take(pace().behind - 1);
        progress.count(pace(), 1, at(260));
        assert_eq!(progress.judge(pace(), at(270)), (Lag::Slow, Some(at(2000))));
        progress.take(1);
        progress.count(pace(), 1, at(280));
        assert_eq!(progress.judge(pace(), at(290)), (Lag::Quick, Some(at(530))));
        assert_eq!(progress.judge(pace(), at(2280)), (Lag::Stuck, None));
        // Not again before it has caught up.
        progress.lag = Lag::Stuck;
        progress.take(pace().behind);
        progress.count(pace(), 1, at(2290));
        assert_eq!(progress.judge(pace(), at(2290)).0, Lag::Stuck);
    }

    #[test]
    fn who_had_nothing_to_take_for_long_begins_anew() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut progress = Progress::new(start);
        progress.count(pace(), 1, at(9_000));
        assert_eq!(progress.judge(pace(), at(9_000)), (Lag::Quick, Some(at(9_250))));
        // Not a drop at a time.
        progress.take(1);
        progress.count(pace(), 1, at(9_250));
        assert_eq!(progress.judge(pace(), at(9_250)).0, Lag::Slow);
        progress.count(pace(), 0, at(9_300));
        progress.count(pace(), 1, at(60_000));
        assert_eq!(progress.judge(pace(), at(60_000)).0, Lag::Quick);
    }

    #[test]
    fn half_must_be_slow_but_one_quick_one_is_enough() {
        let crowd = Crowd::default();
        assert!(!crowd.is_behind(0) && !crowd.is_behind(4));
        crowd.slow.store(1, Ordering::SeqCst);
        assert!(!crowd.is_behind(4));
        crowd.slow.store(2, Ordering::SeqCst);
        assert!(crowd.is_behind(4));
        crowd.slow.store(0, Ordering::SeqCst);
        crowd.quick.store(1, Ordering::SeqCst);
        assert!(crowd.is_behind(4));
    }
}
