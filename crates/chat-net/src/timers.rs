//! The deadlines of one reactor thread, at most one for each key.

use crate::ConnId;
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

/// Whose deadline it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The app's deadline for a connection.
    Conn(ConnId),
    /// The end of patience with a connection that is being closed.
    Linger(ConnId),
    /// A look at a connection that was behind.
    Lag(ConnId),
    /// A timer of the app.
    App(u64),
}

#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Instant, Key)>,
    set: HashMap<Key, Instant>,
}

impl Timers {
    /// Sets, moves or (with `None`) clears a deadline.
    pub(crate) fn set(&mut self, key: Key, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.set.insert(key, at),
            None => self.set.remove(&key),
        };
        if let Some(old) = old {
            self.queue.remove(&(old, key));
        }
        if let Some(at) = at {
            self.queue.insert((at, key));
        }
    }

    /// The nearest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes out one deadline that has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Key> {
        let &(at, key) = self.queue.first().filter(|(at, _)| *at <= now)?;
        self.queue.remove(&(at, key));
        self.set.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn come_in_order_and_only_once() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        timers.set(Key::App(1), Some(at(30)));
        timers.set(Key::App(2), Some(at(10)));
        timers.set(Key::App(3), Some(at(20)));
        timers.set(Key::App(1), Some(at(5)));
        timers.set(Key::App(3), None);
        timers.set(Key::App(4), None);
        assert_eq!(timers.next(), Some(at(5)));
        assert_eq!(timers.pop(at(4)), None);
        assert_eq!(
            [timers.pop(at(50)), timers.pop(at(50)), timers.pop(at(50))],
            [Some(Key::App(1)), Some(Key::App(2)), None]
        );
        assert_eq!(timers.next(), None);
    }
}
