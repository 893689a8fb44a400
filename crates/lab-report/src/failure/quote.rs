//! The end of a process's output, as rows, with a mark where an expectation
//! was looking.

use lab_runner::event::LastWords;

use crate::clean::Cleaner;

/// One row of a quotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// A line of output.
    Said(String),
    /// Lines were left out here.
    Cut,
    /// A remark.
    Mark(&'static str),
}

/// Rows, in order.
pub(super) type Rows = Vec<Row>;

/// The end of an output, cleaned.
#[derive(Debug)]
pub(super) struct Quote {
    /// What expectations before had matched.
    before: Vec<String>,
    /// What none had matched, if that matters.
    after: Option<Vec<String>>,
    /// Whether that is all there ever was.
    whole: bool,
}

impl Quote {
    /// Cleans what a process last said; `marked` if it matters where an
    /// expectation was looking.
    pub(super) fn new(words: &LastWords, marked: bool) -> Self {
        let looked_from = words.unmatched_from.min(words.output.len());
        let marked = marked && looked_from > 0;
        let (before, after) = words.output.split_at(if marked { looked_from } else { 0 });
        // One cleaner for both: the cut may be inside an escape sequence.
        let mut cleaner = Cleaner::new();
        let mut first = String::new();
        cleaner.push(before, &mut first);
        let mut second = String::new();
        cleaner.push(after, &mut second);
        cleaner.finish(&mut second);
        // The end of the line that was matched is nothing new.
        let second = second.strip_prefix('\n').unwrap_or(&second);
        if marked {
            Self { before: lines(&first), after: Some(lines(second)), whole: words.whole }
        } else {
            Self { before: lines(second), after: None, whole: words.whole }
        }
    }

    /// At most so many rows of output, the newest, beside the marks.
    pub(super) fn rows(self, most: usize) -> Rows {
        let mut left = most;
        let mut rows = Vec::new();
        if let Some(after) = self.after {
            let silent = after.is_empty();
            // One row is kept for what was matched last.
            let cut = take_last(after, left.saturating_sub(1), &mut rows);
            left -= rows.len();
            if cut {
                rows.push(Row::Cut);
            }
            rows.push(Row::Mark(if silent {
                "nothing came after this, which an earlier expectation matched"
            } else {
                "everything above was matched by earlier expectations"
            }));
        }
        if take_last(self.before, left, &mut rows) || !self.whole {
            rows.push(Row::Cut);
        }
        rows.reverse();
        rows
    }
}

/// Moves the last lines to `rows`, newest first, and says whether any were left.
fn take_last(lines: Vec<String>, most: usize, rows: &mut Rows) -> bool {
    let cut = lines.len() > most;
    rows.extend(lines.into_iter().rev().take(most).map(Row::Said));
    cut
}

/// Lines that say something; many blank ones would push out the others.
fn lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use lab_runner::bytes::Bytes;
    use lab_scenario::plan::ProcessId;

    use super::*;

    fn rows(output: &[u8], unmatched_from: usize, marked: bool, most: usize) -> Vec<String> {
        let words = LastWords {
            process: ProcessId(0),
            output: Bytes::from(output),
            whole: true,
            unmatched_from,
            ended: None,
        };
        let rows = Quote::new(&words, marked).rows(most);
        rows.into_iter()
            .map(|row| match row {
                Row::Said(line) => line,
                Row::Cut => "…".into(),
                Row::Mark(words) => format!("-- {}", words.split(' ').next().unwrap_or("")),
            })
            .collect()
    }

    #[test]
    fn marks_where_the_search_began() {
        let output = b"one\ntwo\nthree\n";
        assert_eq!(rows(output, 3, true, 9), ["one", "-- everything", "two", "three"]);
        assert_eq!(rows(output, 5, true, 9), ["one", "t", "-- everything", "wo", "three"]);
        assert_eq!(rows(output, 13, true, 9), ["one", "two", "three", "-- nothing"]);
        assert_eq!(rows(output, 0, true, 9), ["one", "two", "three"]);
        assert_eq!(rows(output, 3, false, 9), ["one", "two", "three"]);
        assert_eq!(rows(b"\x1b[31mone\x1b[0m\n", 10, true, 9), ["one", "-- nothing"]);
    }

    #[test]
    fn keeps_the_newest() {
        assert_eq!(rows(b"1\n2\n3\n4\n", 0, true, 2), ["…", "3", "4"]);
        assert_eq!(rows(b"1\n2\n3\n4\n", 2, true, 3), ["1", "-- everything", "…", "3", "4"]);
        assert_eq!(rows(b"1\n2\n3\n4\n", 2, true, 2), ["1", "-- everything", "…", "4"]);
    }
}
