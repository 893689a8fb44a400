//! Looks for a pattern in output that is still growing.
//!
//! The contract: whatever the chunks in which the same bytes arrive, the same
//! match is found, and it is found when its last byte arrives. Two things need
//! care for that:
//!
//! * Output is not scanned again and again from the start. A [`Scan`] remembers
//!   how far it came and steps back only as far as a match could reach: the
//!   length of a literal; the start of the line for an expression that cannot
//!   match a line end; [`LOOKBACK`] for one that can.
//! * A regular expression that matches in a line that goes on might match more, or no
//!   longer (`\d+`, `.*:`, `$`, `\b`), once the next byte comes. If so ([`tail`]), the match
//!   is [`Found::Perhaps`]: it counts when more output confirms it, when the stream
//!   has ended, or when the program has paused; who calls says so with `settled`. Only
//!   one that could go on in other lines counts as soon as its own is whole: programs that
//!   never pause must not hold it up.
//!
//! A match of nothing at the end of what is there is none: something must come for it.

mod tail;

use std::ops::Range;

use lab_scenario::pattern::{Pattern, parse_regex};
use memchr::memmem;
use regex::bytes::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};
use tail::Tail;

/// How far back a match across line ends may begin before output that was
/// already scanned, in bytes.
pub(crate) const LOOKBACK: usize = 64 << 10;

/// A [`Pattern`] made ready for searching.
#[derive(Debug)]
pub(crate) enum Matcher {
    Literal(Box<memmem::Finder<'static>>),
    Regex { regex: Regex, crosses_lines: bool, tail: Tail },
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Here.
    Here(Range<usize>),
    /// There is a match, but what comes next may change it.
    Perhaps,
    /// Not yet.
    Not,
}

/// A search that goes on as output grows. Positions are offsets in the output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan {
    /// Matches before this do not count.
    from: usize,
    /// There is no match that ends before this.
    scanned: usize,
}

impl Scan {
    /// A search for matches that begin at `from` or after it.
    pub(crate) fn new(from: usize) -> Self {
        Self { from, scanned: from }
    }

    /// Looks at `output` again, which holds what it held before and perhaps more.
    /// `settled`: nothing more will come, or nothing has for a while.
    pub(crate) fn find(&mut self, matcher: &Matcher, output: &[u8], settled: bool) -> Found {
        let start = self.start(matcher, output);
        let range = match matcher {
            Matcher::Literal(finder) => finder
                .find(output.get(start..).unwrap_or_default())
                .map(|at| start + at..start + at + finder.needle().len()),
            Matcher::Regex { regex, .. } => regex.find_at(output, start).map(|m| m.range()),
        };
        let range = range.filter(|range| !range.is_empty() || range.end < output.len());
        let Some(range) = range else {
            self.scanned = output.len();
            return Found::Not;
        };
        match matcher {
            Matcher::Regex { regex, tail, .. }
                if !settled
                    && memchr::memchr(b'\n', &output[range.end..]).is_none()
                    && tail.may_change(regex.as_str(), output, start, &range) =>
            {
                Found::Perhaps
            }
            _ => Found::Here(range),
        }
    }

    /// Where a match that was not there before may begin at the earliest.
    fn start(&self, matcher: &Matcher, output: &[u8]) -> usize {
        let scanned = self.scanned.min(output.len());
        let back = match matcher {
            Matcher::Literal(finder) => {
                scanned.saturating_sub(finder.needle().len().saturating_sub(1))
            }
            Matcher::Regex { crosses_lines: true, .. } => scanned.saturating_sub(LOOKBACK),
            Matcher::Regex { crosses_lines: false, .. } => {
                memchr::memrchr(b'\n', &output[..scanned]).map_or(0, |newline| newline + 1)
            }
        };
        back.max(self.from).min(output.len())
    }
}

impl Matcher {
    /// Makes a pattern ready. A pattern is never empty: the scenario's check and the
    /// script see to it.
    pub(crate) fn new(pattern: Pattern) -> Self {
        match pattern {
            Pattern::Literal(bytes) => {
                Self::Literal(Box::new(memmem::Finder::new(&bytes).into_owned()))
            }
            Pattern::Regex(regex) => {
                let crosses_lines = crosses_lines(&regex);
                Self::Regex { regex, crosses_lines, tail: Tail::default() }
            }
        }
    }

    /// The first match that begins at `from` or after it.
    pub(crate) fn find_from(&self, output: &[u8], from: usize) -> Option<Range<usize>> {
        let from = from.min(output.len());
        match self {
            Self::Literal(finder) => {
                finder.find(&output[from..]).map(|at| from + at..from + at + finder.needle().len())
            }
            Self::Regex { regex, .. } => regex.find_at(output, from).map(|m| m.range()),
        }
    }

    /// What the groups of an expression match where it matches from `at` on; all
    /// of the match if it has no groups. A group that takes no part is empty.
    pub(crate) fn captures(&self, output: &[u8], at: usize) -> Vec<Vec<u8>> {
        let Self::Regex { regex, .. } = self else { return Vec::new() };
        let Some(captures) = regex.captures_at(output, at) else { return Vec::new() };
        let skip = usize::from(captures.len() > 1);
        let group = |group: Option<regex::bytes::Match<'_>>| {
            group.map_or_else(Vec::new, |group| group.as_bytes().to_vec())
        };
        captures.iter().skip(skip).map(group).collect()
    }

    /// All matches in complete output, not overlapping.
    pub(crate) fn all<'a>(
        &'a self,
        output: &'a [u8],
    ) -> Box<dyn Iterator<Item = Range<usize>> + 'a> {
        match self {
            Self::Literal(finder) => {
                let length = finder.needle().len().max(1);
                let mut next = 0;
                Box::new(std::iter::from_fn(move || {
                    let at = next + finder.find(output.get(next..)?)?;
                    next = at + length;
                    Some(at..next)
                }))
            }
            Self::Regex { regex, .. } => Box::new(regex.find_iter(output).map(|m| m.range())),
        }
    }
}

/// Whether there is nothing in a pattern: all that it matches is no text, anywhere.
pub(crate) fn is_of_nothing(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Literal(bytes) => bytes.is_empty(),
        Pattern::Regex(regex) => parse_regex(regex.as_str()).is_some_and(|hir| {
            let properties = hir.properties();
            properties.maximum_len() == Some(0) && properties.look_set().is_empty()
        }),
    }
}

/// Whether a match may hold a line end, or look at what is beyond one.
fn crosses_lines(regex: &Regex) -> bool {
    parse_regex(regex.as_str()).is_none_or(|hir| may_hold_newline(&hir))
}

fn may_hold_newline(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().any(|range| range.start() <= '\n' && '\n' <= range.end())
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| range.start() <= b'\n' && b'\n' <= range.end())
        }
        HirKind::Repetition(repetition) => may_hold_newline(&repetition.sub),
        HirKind::Capture(capture) => may_hold_newline(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(may_hold_newline),
    }
}

#[cfg(test)]
mod tests {
    use lab_scenario::pattern::compile_regex;
    use proptest::prelude::*;

    use super::*;

    fn literal(text: &str) -> Matcher {
        Matcher::new(Pattern::Literal(text.as_bytes().to_vec()))
    }

    fn regex(text: &str) -> Matcher {
        Matcher::new(Pattern::Regex(compile_regex(text).unwrap()))
    }

    /// Feeds `output` in chunks that end at `cuts`, then settles.
    fn search(matcher: &Matcher, output: &[u8], cuts: &[usize]) -> Found {
        let mut scan = Scan::new(0);
        for &cut in cuts {
            let found = scan.find(matcher, &output[..cut.min(output.len())], false);
            if let Found::Here(_) = found {
                return found;
            }
        }
        scan.find(matcher, output, true)
    }

    #[test]
    fn a_literal_is_found_with_its_last_byte() {
        let mut scan = Scan::new(0);
        let hello = literal("hello");
        assert_eq!(scan.find(&hello, b"say hel", false), Found::Not);
        assert_eq!(scan.find(&hello, b"say hello", false), Found::Here(4..9));
    }

    #[test]
    fn nothing_before_the_start_counts() {
        let mut scan = Scan::new(3);
        assert_eq!(scan.find(&literal("aba"), b"abababa", true), Found::Here(4..7));
        let mut scan = Scan::new(1);
        assert_eq!(scan.find(&regex("^a"), b"aa\na", true), Found::Here(3..4));
    }

    #[test]
    fn a_match_that_may_still_grow_waits() {
        let mut scan = Scan::new(0);
        let port = regex(r"port \d+");
        assert_eq!(scan.find(&port, b"port 12", false), Found::Perhaps);
        assert_eq!(scan.find(&port, b"port 1234", false), Found::Perhaps);
        assert_eq!(scan.find(&port, b"port 1234\n", false), Found::Here(0..9));
        assert_eq!(Scan::new(0).find(&port, b"port 12", true), Found::Here(0..7));
    }

    #[test]
    fn the_end_of_a_line_is_not_the_end_of_a_chunk() {
        let mut scan = Scan::new(0);
        let line = regex("^hello$");
        assert_eq!(scan.find(&line, b"hello", false), Found::Perhaps);
        assert_eq!(scan.find(&line, b"hello world\nhello\r\n", false), Found::Here(12..17));
    }

    #[test]
    fn patterns_of_nothing() {
        let of_regex = |text| is_of_nothing(&Pattern::Regex(compile_regex(text).unwrap()));
        assert!(is_of_nothing(&Pattern::Literal(vec![])) && of_regex("") && of_regex("()(?:)"));
        assert!(!of_regex("^$") && !of_regex("x*") && !of_regex(" "));
        let empty = Matcher::new(Pattern::Literal(vec![]));
        assert!(empty.all(b"abc").count() < 5, "not for ever");
        assert_eq!(Scan::new(2).find(&empty, b"ab", true), Found::Not);
    }

    #[test]
    fn which_expressions_cross_lines() {
        for (text, crosses) in [
            ("hello.*", false),
            (r"\d+$", false),
            ("[a-z ]+", false),
            (r"a\s+b", true),
            ("[^,]*", true),
            ("(?s).", true),
            (r"a\nb", true),
            (r"(?-u:[\x00-\xff])", true),
        ] {
            let Matcher::Regex { crosses_lines, .. } = regex(text) else { unreachable!() };
            assert_eq!(crosses_lines, crosses, "{text}");
        }
    }

    #[test]
    fn nothing_at_the_end_is_no_match() {
        let empty = regex("^$");
        for settled in [false, true] {
            assert_eq!(Scan::new(0).find(&empty, b"", settled), Found::Not);
            assert_eq!(Scan::new(0).find(&empty, b"one\n", settled), Found::Not);
            assert_eq!(Scan::new(0).find(&empty, b"one\n\r\n", settled), Found::Here(4..4));
            assert_eq!(Scan::new(0).find(&regex("x*"), b"", settled), Found::Not);
        }
    }

    #[test]
    fn bytes_of_any_kind() {
        let output = b"\xff\xfe\x00hello\x80";
        assert_eq!(search(&literal("hello"), output, &[]), Found::Here(3..8));
        assert_eq!(search(&regex(r"(?-u)\xfe.h"), output, &[2, 3]), Found::Here(1..4));
    }

    #[test]
    fn all_matches_do_not_overlap() {
        let found: Vec<_> = literal("aa").all(b"aaaaa").collect();
        assert_eq!(found, [0..2, 2..4]);
        let found: Vec<_> = regex("^a").all(b"a\na\nba").collect();
        assert_eq!(found, [0..1, 2..3]);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            output in proptest::collection::vec(prop::sample::select(b"ab1\n :\xff\xc3\xab".to_vec()), 0..60),
            mut cuts in proptest::collection::vec(0_usize..60, 0..8),
            which in 0_usize..13,
        ) {
            let matcher = match which {
                0 => literal("ab"),
                1 => literal("a\nb"),
                2 => literal("aa1"),
                3 => regex("a+b"),
                4 => regex("^ab"),
                5 => regex("b$"),
                6 => regex(r"1 *\n"),
                7 => regex(r"\d+"),
                8 => regex("a(.*):"),
                9 => regex("a(.*)"),
                10 => regex("a.*1|b"),
                11 => regex(r"\w+\b"),
                _ => regex(r"a[^1]+?1"),
            };
            cuts.sort_unstable();
            let whole = search(&matcher, &output, &[]);
            prop_assert_eq!(search(&matcher, &output, &cuts), whole);
        }
    }
}
