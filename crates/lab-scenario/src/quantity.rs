//! Values that can be compared: numbers, with units or without, and texts.
//!
//! `12.5`, `50 ms`, `1.5s`, `20 Mbits/sec`, `64 KiB`, `3 %`. Two values of the
//! same kind compare by size, whatever their units; a number without a unit and
//! one with a unit do not compare at all, since it is not known what is meant.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How two values are to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Different,
}

impl Comparison {
    /// Every sign, the longer ones before those that begin them.
    pub(crate) const SIGNS: [(&'static str, Self); 6] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("==", Self::Equal),
        ("!=", Self::Different),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::Different => order.is_ne(),
        }
    }

    /// Whether two values compare so. Numbers compare by size; texts are equal or
    /// not.
    ///
    /// # Errors
    /// In words, why they cannot be compared.
    pub fn of(self, left: &str, right: &str) -> Result<bool, String> {
        let (left, right) = (left.trim(), right.trim());
        let numbers = (Quantity::read(left), Quantity::read(right));
        if let (Some(a), Some(b)) = numbers {
            return match a.partial_cmp(&b) {
                Some(order) => Ok(self.holds(order)),
                None => Err(format!(
                    "`{left}` is {} and `{right}` is {}: they cannot be compared",
                    a.unit.kind(),
                    b.unit.kind()
                )),
            };
        }
        match self {
            Self::Equal => Ok(left == right),
            Self::Different => Ok(left != right),
            _ => {
                let text = if numbers.0.is_none() { left } else { right };
                Err(format!("`{text}` is not a number, so it has no size"))
            }
        }
    }
}

/// As it is written.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Self::SIGNS.iter().find(|(_, comparison)| comparison == self);
        f.write_str(sign.map_or("", |(sign, _)| sign))
    }
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    None,
    /// In seconds.
    Time,
    /// In bytes.
    Size,
    /// In bits per second.
    Rate,
    Percent,
}

impl Unit {
    fn kind(self) -> &'static str {
        match self {
            Self::None => "a number without a unit",
            Self::Time => "a time",
            Self::Size => "a size",
            Self::Rate => "a rate",
            Self::Percent => "a percentage",
        }
    }

    /// What a word after a number means: the unit, and how many of its base one
    /// of it is.
    fn read(word: &str) -> Option<(Self, f64)> {
        Some(match word {
            "" => (Self::None, 1.0),
            "%" => (Self::Percent, 1.0),
            "ns" => (Self::Time, 1e-9),
            "us" | "µs" => (Self::Time, 1e-6),
            "ms" | "msec" => (Self::Time, 1e-3),
            "s" | "sec" => (Self::Time, 1.0),
            "m" | "min" => (Self::Time, 60.0),
            "h" => (Self::Time, 3600.0),
            "B" | "byte" | "bytes" | "Bytes" => (Self::Size, 1.0),
            _ => return Self::read_multiple(word),
        })
    }

    /// `KiB`, `MBytes`, `Gbit/s`, `Mbits/sec`: as programs print them.
    fn read_multiple(word: &str) -> Option<(Self, f64)> {
        let (factor, rest) = match word.as_bytes() {
            [b'k' | b'K', ..] => (1e3, &word[1..]),
            [b'M', ..] => (1e6, &word[1..]),
            [b'G', ..] => (1e9, &word[1..]),
            _ => (1.0, word),
        };
        match rest {
            "bit/s" | "bits/s" | "bits/sec" | "bps" => Some((Self::Rate, factor)),
            "B/s" | "Bytes/sec" => Some((Self::Rate, factor * 8.0)),
            "B" | "Bytes" => Some((Self::Size, factor)),
            "iB" => {
                let binary = match word.as_bytes().first() {
                    Some(b'K') => 1024.0,
                    Some(b'M') => 1024.0 * 1024.0,
                    Some(b'G') => 1024.0 * 1024.0 * 1024.0,
                    _ => return None,
                };
                Some((Self::Size, binary))
            }
            _ => None,
        }
    }
}

/// A number and what it counts, in the unit's base.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Quantity {
    amount: f64,
    unit: Unit,
}

impl Quantity {
    fn read(text: &str) -> Option<Self> {
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let digits = unsigned.find(|c| !is_digit(c)).unwrap_or(unsigned.len());
        if digits == 0 {
            return None;
        }
        let number = &text[..text.len() - unsigned.len() + digits];
        let amount: f64 = number.parse().ok()?;
        let (unit, factor) = Unit::read(unsigned[digits..].trim_start())?;
        Some(Self { amount: amount * factor, unit })
    }

    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.unit != other.unit {
            return None;
        }
        // 300 ms and 0.3 s are the same, whatever binary fractions make of them.
        let close = (self.amount - other.amount).abs();
        if close <= 1e-12 * self.amount.abs().max(other.amount.abs()) {
            return Some(Ordering::Equal);
        }
        self.amount.partial_cmp(&other.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_size() {
        let table = [
            ("12", Comparison::Less, "50", Ok(true)),
            ("0.3 s", Comparison::Equal, "300ms", Ok(true)),
            ("1.5s", Comparison::Greater, "1400 ms", Ok(true)),
            ("9.4 Mbits/sec", Comparison::AtMost, "10 Mbit/s", Ok(true)),
            ("1.2 MB/s", Comparison::AtLeast, "9.6 Mbit/s", Ok(true)),
            ("64 KiB", Comparison::Equal, "65536 B", Ok(true)),
            ("64 KB", Comparison::Less, "64 KiB", Ok(true)),
            ("3%", Comparison::Different, "4 %", Ok(true)),
            ("-1", Comparison::Less, "0", Ok(true)),
            ("007", Comparison::Equal, "7", Ok(true)),
            ("10", Comparison::Less, "9", Ok(false)),
        ];
        for (left, comparison, right, holds) in table {
            assert_eq!(comparison.of(left, right), holds, "{left} {comparison} {right}");
        }
    }

    #[test]
    fn texts_are_equal_or_not() {
        assert_eq!(Comparison::Equal.of("h1 ", "h1"), Ok(true));
        assert_eq!(Comparison::Different.of("10.0.0.1", "10.0.0.2"), Ok(true));
        assert_eq!(Comparison::Equal.of("", "0"), Ok(false));
        let refused = Comparison::Less.of("fast", "50").unwrap_err();
        assert_eq!(refused, "`fast` is not a number, so it has no size");
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let refused = Comparison::Less.of("12", "50 ms").unwrap_err();
        assert_eq!(
            refused,
            "`12` is a number without a unit and `50 ms` is a time: they cannot be compared"
        );
        assert!(Comparison::Less.of("5 s", "5 B").is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(left in ".{0,12}", right in r"[-0-9.]{0,6} ?[a-zA-Z%µ/]{0,8}") {
            for (_, comparison) in Comparison::SIGNS {
                let _ = comparison.of(&left, &right);
                let _ = comparison.of(&right, &left);
            }
        }
    }
}
