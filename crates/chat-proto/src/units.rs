//! How sizes (`64KiB`) and durations (`1.5s`) are written on the command line.

use std::time::Duration;

/// Reads a duration: a decimal number and a unit, `us`, `ms`, `s`, `m` or `h`.
///
/// # Errors
/// A sentence fragment that says what is expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = |why: &str| {
        format!("{why}: write a number and a unit, as in `30s`, `1.5s`, `200ms`, `2m`, `1h`")
    };
    let (number, unit) = split(text).ok_or_else(|| bad("not a duration"))?;
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" => return Err(bad("the unit is missing")),
        _ => return Err(bad("unknown unit")),
    };
    let duration = Duration::try_from_secs_f64(number * seconds).map_err(|_| bad("too long"))?;
    // Far beyond any use, and far below where adding it to an instant overflows.
    if duration > Duration::from_secs(100 * 366 * 24 * 3600) {
        return Err(bad("too long"));
    }
    Ok(duration)
}

/// Reads a duration that must not be zero.
///
/// # Errors
/// As [`parse_duration`].
pub fn parse_positive_duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("must be longer than zero".into()),
        duration => Ok(duration),
    }
}

/// Reads a number of bytes: a decimal number, with a unit or without: `B`,
/// `KiB`, `MiB`, `GiB` (1024) or `kB`, `MB`, `GB` (1000). Never zero.
///
/// # Errors
/// A sentence fragment that says what is expected.
pub fn parse_size(text: &str) -> Result<usize, String> {
    let bad = |why: &str| {
        format!("{why}: write a number of bytes, as in `65536`, `64KiB`, `1.5MiB`, `1MB`")
    };
    let (number, unit) = split(text).ok_or_else(|| bad("not a size"))?;
    let factor = match unit {
        "" | "B" => 1.0,
        "KiB" | "K" | "k" => 1024.0,
        "MiB" | "M" => 1024.0 * 1024.0,
        "GiB" | "G" => 1024.0 * 1024.0 * 1024.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return Err(bad("unknown unit")),
    };
    let bytes = number * factor;
    if bytes < 1.0 {
        return Err(bad("must be at least one byte"));
    }
    if bytes > 1e15 {
        return Err(bad("too large"));
    }
    if bytes.fract() != 0.0 {
        return Err(bad("not a whole number of bytes"));
    }
    // Exact: a whole number between 1 and 10^15.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(bytes as usize)
}

/// Splits `1.5s` into number and unit. Only digits and one point are a number.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("30s", 30_000),
            ("1.5s", 1500),
            ("200ms", 200),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for (text, why) in [
            ("", "not a duration"),
            ("s", "not a duration"),
            ("-1s", "not a duration"),
            ("1.2.3s", "not a duration"),
            ("30", "the unit is missing"),
            ("3 s", "unknown unit"),
            ("3d", "unknown unit"),
            ("99999999999h", "too long"),
        ] {
            assert!(parse_duration(text).unwrap_err().starts_with(why), "{text}");
        }
        assert!(parse_positive_duration("0ms").is_err());
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("65536", 65536),
            ("64KiB", 65536),
            ("1MiB", 1 << 20),
            ("1.5KiB", 1536),
            ("1MB", 1_000_000),
            ("7B", 7),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for (text, why) in [
            ("", "not a size"),
            ("x", "not a size"),
            ("0", "must be"),
            ("1.5", "not a whole"),
            ("3QiB", "unknown"),
            ("99999999GiB", "too large"),
        ] {
            assert!(parse_size(text).unwrap_err().starts_with(why), "{text}");
        }
    }
}
