//! How sure a pass rate is: Wilson's score interval.
//!
//! E. B. Wilson, "Probable inference, the law of succession, and statistical
//! inference", JASA 22 (1927). Unlike the textbook's interval around the mean, it is
//! right for few trials and for rates near 0 and 1: fifty passes of fifty do
//! not show that a test never fails.

/// How often the true rate is inside the interval.
pub const CONFIDENCE: f64 = 0.95;

/// The quantile of the normal distribution for [`CONFIDENCE`], both sides.
const Z: f64 = 1.959_963_984_540_054;

/// Where a rate lies, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Of a rate of which `hits` of `trials` were seen; nothing is known without
    /// a trial.
    #[must_use]
    pub fn wilson(hits: usize, trials: usize) -> Self {
        if trials == 0 {
            return Self { low: 0.0, high: 1.0 };
        }
        let n = trials as f64;
        let rate = hits as f64 / n;
        let scale = 1.0 + Z * Z / n;
        let centre = (rate + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
        // At the edges the ends are exact, but for rounding.
        let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if hits == trials { 1.0 } else { (centre + half).min(1.0) };
        Self { low, high }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first four from R. G. Newcombe, "Two-sided confidence intervals for the
    /// single proportion", Statistics in Medicine 17 (1998), table I, method 3; the
    /// others by hand: with no hit the upper end is z²/(n+z²).
    #[test]
    fn known_values() {
        let table = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (0, 10, 0.0, 0.2775),
            (10, 10, 0.7225, 1.0),
            (50, 50, 0.9287, 1.0),
            (1, 1, 0.2065, 1.0),
            (0, 0, 0.0, 1.0),
        ];
        for (hits, trials, low, high) in table {
            let found = Interval::wilson(hits, trials);
            let near = |a: f64, b: f64| (a - b).abs() <= 0.000_05;
            assert!(near(found.low, low) && near(found.high, high), "{hits}/{trials}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn the_rate_is_inside(trials in 1_usize..100_000, part in 0.0..=1.0_f64) {
            let hits = (trials as f64 * part) as usize;
            let rate = hits as f64 / trials as f64;
            let Interval { low, high } = Interval::wilson(hits, trials);
            prop_assert!((0.0..=rate).contains(&low) && (rate..=1.0).contains(&high));
            // Failures and passes are the same thing seen from the other side.
            let other = Interval::wilson(trials - hits, trials);
            prop_assert!((1.0 - other.high - low).abs() < 1e-9);
        }
    }
}
