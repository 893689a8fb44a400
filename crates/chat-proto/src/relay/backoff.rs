//! How long to wait before trying again.

use std::time::Duration;

/// Pauses that double from a first one to a longest one, each shortened by chance to
/// between half and all of it, so that those who lost the same server do not all come back
/// at the same moment, nor two who block each other for ever.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
    random: u64,
}

impl Backoff {
    /// The first pause.
    pub const FIRST: Duration = Duration::from_millis(100);

    /// Pauses of at most `longest`; `seed` makes the chance.
    #[must_use]
    pub fn new(longest: Duration, seed: u64) -> Self {
        let first = Self::FIRST.min(longest);
        Self { first, longest, next: first, random: seed }
    }

    /// The longest pause.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(self.longest);
        // 0 to 1023 parts of 1024.
        let part = (self.random() >> 54) as u32;
        whole / 2 + whole / 2 * part / 1024
    }

    /// The next number of SplitMix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Begins again with the first pause.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_seed() {
        let longest = Duration::from_secs(1);
        let mut backoff = Backoff::new(longest, 7);
        for expected in [100, 200, 400, 800, 1000, 1000] {
            let (pause, whole) = (backoff.pause(), Duration::from_millis(expected));
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= Backoff::FIRST);
        assert_ne!(Backoff::new(longest, 1).pause(), Backoff::new(longest, 2).pause());
        assert_eq!(Backoff::new(Duration::ZERO, 1).pause(), Duration::ZERO);
    }
}
