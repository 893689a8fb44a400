//! Seeds of repetitions.

/// The seed of a repetition, counted from 1: the first has the seed that was
/// given, so a later one can be had again by giving its own.
pub(crate) fn of_repetition(base: u64, repetition: u32) -> u64 {
    match repetition {
        0 | 1 => base,
        later => mix(base.wrapping_add(u64::from(later).wrapping_mul(0x9e37_79b9_7f4a_7c15))),
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn repetitions_differ_and_come_again() {
        let seeds: HashSet<_> = (1..=1000).map(|number| of_repetition(7, number)).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(of_repetition(7, 1), 7);
        assert_eq!(of_repetition(7, 3), of_repetition(7, 3));
    }
}
