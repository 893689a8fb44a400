//! The pushes that were shown already.

use std::collections::{HashSet, VecDeque};

/// How many are remembered: more than a server can have forgotten in a crash.
const REMEMBERED: usize = 4096;

/// The IDs of the latest pushes.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// True if it is new.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_remembered() {
        let mut seen = Seen::default();
        assert!(seen.insert("0"));
        assert!(!seen.insert("0"));
        for id in 1..=REMEMBERED {
            assert!(seen.insert(&id.to_string()));
        }
        assert!(!seen.insert("1"));
        assert!(seen.insert("0"));
        assert_eq!(seen.ids.len(), seen.order.len());
    }
}
