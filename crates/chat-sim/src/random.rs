//! Chance from a seed.

/// SplitMix64: small, and good enough for delays and choices.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same seed makes the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        // The bias of the remainder is below 2^-40 for all sizes here.
        (self.draw() % end.max(1) as u64) as usize
    }
}
