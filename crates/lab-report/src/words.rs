//! Lengths of time and of lines, as people read them.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// `0.21 s`, `12.3 s`, `2 min 03 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// A share, 0 to 1, in percent: with as many digits as so many trials are worth.
#[must_use]
pub fn percent(share: f64, trials: usize) -> String {
    let digits = trials.max(1).ilog10().saturating_sub(1) as usize;
    format!("{:.digits$}", share * 100.0)
}

/// `1 run`, `2 runs`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Cuts a line to a number of columns, with `…` where something is missing.
#[must_use]
pub fn fit(line: &str, columns: usize) -> Cow<'_, str> {
    if line.width() <= columns {
        return line.into();
    }
    let mut room = columns.saturating_sub(1);
    let mut cut = String::new();
    for character in line.chars() {
        let width = character.width().unwrap_or(0);
        if width > room {
            break;
        }
        room -= width;
        cut.push(character);
    }
    cut.push('…');
    cut.into()
}

/// Fills a line up with blanks to a number of columns.
#[must_use]
pub fn pad(line: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(line.width());
    format!("{line}{:missing$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let table = [
            (0, "0.00 s"),
            (214, "0.21 s"),
            (9_994, "9.99 s"),
            (9_996, "10.0 s"),
            (59_940, "59.9 s"),
            (59_960, "1 min 00 s"),
            (123_000, "2 min 03 s"),
        ];
        for (millis, text) in table {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn percentages() {
        let table =
            [(0.664, 50, "66"), (0.99, 99, "99"), (0.9986, 730, "99.9"), (1.0, 12_345, "100.000")];
        for (share, trials, text) in table {
            assert_eq!(percent(share, trials), text);
        }
    }

    #[test]
    fn lines_fit() {
        assert_eq!(fit("hello", 5), "hello");
        assert_eq!(fit("hello!", 5), "hell…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(pad("日本", 5), "日本 ");
    }
}
