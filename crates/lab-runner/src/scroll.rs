//! The output of one stream of a process: its bytes, when they came, and how
//! far expectations have read.

use std::ops::Range;

use crate::matcher::{Found, Matcher, Scan};

/// Most bytes of one stream that are kept. Programs that say more are heard,
/// but only the newest half of this is remembered.
pub(crate) const MAX_KEPT: usize = 16 << 20;

/// Chunks that come sooner than this after another share its time, if nothing else happened
/// in between: a bound on what a program that writes byte by byte makes us remember.
const RESOLUTION: Nanos = 100_000;

/// Of so many chunks the times are kept, whatever else happened. Those that come too soon
/// afterwards share that of another.
const MAX_ARRIVALS: usize = 1 << 20;

/// A moment, in nanoseconds since the run began.
pub(crate) type Nanos = u64;

/// A stream that grows at its end and, beyond [`MAX_KEPT`], loses its beginning.
/// Positions that callers see count from the first byte ever.
#[derive(Debug, Default)]
pub(crate) struct Scroll {
    kept: Vec<u8>,
    /// Bytes lost from the beginning.
    lost: usize,
    /// Start of each chunk and its time, oldest first.
    arrivals: Vec<(usize, Nanos)>,
    /// The next chunk has a time of its own.
    divided: bool,
    /// When the newest byte came.
    newest: Nanos,
    /// Where the next expectation begins to look.
    cursor: usize,
    /// When it ended, if it has.
    ended: Option<Nanos>,
}

impl Scroll {
    /// Adds what came out.
    pub(crate) fn push(&mut self, bytes: &[u8], at: Nanos) {
        let same = |&(_, last): &(usize, Nanos)| at.saturating_sub(last) < RESOLUTION;
        let divided = std::mem::take(&mut self.divided) && self.arrivals.len() < MAX_ARRIVALS;
        if divided || !self.arrivals.last().is_some_and(same) {
            self.arrivals.push((self.end(), at));
        }
        self.newest = at;
        self.kept.extend_from_slice(bytes);
        if self.kept.len() > MAX_KEPT {
            let lose = self.kept.len() - MAX_KEPT / 2;
            self.kept.drain(..lose);
            self.lost += lose;
            // What is left of the chunk that is cut keeps its time.
            let gone = self.arrivals.partition_point(|&(start, _)| start <= self.lost);
            self.arrivals.drain(..gone.saturating_sub(1));
        }
    }

    /// What comes from now on does not share the time of what came before, however soon.
    pub(crate) fn divide(&mut self) {
        self.divided = true;
    }

    /// More will come after all: the process was started again.
    pub(crate) fn reopen(&mut self) {
        self.ended = None;
    }

    /// No more will come.
    pub(crate) fn close(&mut self, at: Nanos) {
        self.ended = Some(at);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.ended.is_some()
    }

    /// When it ended, if it has.
    pub(crate) fn closed_at(&self) -> Option<Nanos> {
        self.ended
    }

    /// All bytes that are still kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.kept
    }

    /// Whether the beginning was lost.
    pub(crate) fn is_cut(&self) -> bool {
        self.lost > 0
    }

    /// One past the last byte.
    pub(crate) fn end(&self) -> usize {
        self.lost + self.kept.len()
    }

    /// Where expectations look next.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Looks for a match after the cursor; does not move it.
    pub(crate) fn find(&self, scan: &mut ScrollScan, matcher: &Matcher, settled: bool) -> Found {
        let (scan, base) = scan.at(self.lost);
        match scan.find(matcher, &self.kept, settled || self.is_closed()) {
            Found::Here(range) => Found::Here(range.start + base..range.end + base),
            other => other,
        }
    }

    /// The first match of what is kept that begins at `from` or after it.
    pub(crate) fn find_from(&self, matcher: &Matcher, from: usize) -> Option<Range<usize>> {
        let range = matcher.find_from(&self.kept, from.saturating_sub(self.lost))?;
        Some(range.start + self.lost..range.end + self.lost)
    }

    /// The line that begins at a position, with its end, once that has come, or
    /// the stream has ended. What is lost of it is not waited for.
    pub(crate) fn line_at(&self, from: usize) -> Option<Range<usize>> {
        let from = from.max(self.lost);
        let rest = &self.kept[from - self.lost..];
        let length = match memchr::memchr(b'\n', rest) {
            Some(end) => end + 1,
            None if self.is_closed() && !rest.is_empty() => rest.len(),
            None => return None,
        };
        Some(from..from + length)
    }

    /// The bytes of a range, as far as they are kept.
    pub(crate) fn between(&self, range: &Range<usize>) -> &[u8] {
        let at = |position: usize| position.saturating_sub(self.lost).min(self.kept.len());
        &self.kept[at(range.start)..at(range.end)]
    }

    /// What the groups of an expression match that matches at a position.
    pub(crate) fn captures(&self, matcher: &Matcher, at: usize) -> Vec<Vec<u8>> {
        matcher.captures(&self.kept, at.saturating_sub(self.lost))
    }

    /// Moves the cursor past a match: never back, and past one of nothing too, so that it
    /// is not found again.
    pub(crate) fn consume(&mut self, range: &Range<usize>) {
        self.cursor = self.cursor.max(range.end + usize::from(range.is_empty()));
    }

    /// When the byte at a position came.
    pub(crate) fn time_of(&self, position: usize) -> Nanos {
        let after = self.arrivals.partition_point(|&(start, _)| start <= position);
        self.arrivals.get(after.saturating_sub(1)).map_or(0, |&(_, at)| at)
    }

    /// Where that begins which came after a time.
    pub(crate) fn first_after(&self, at: Nanos) -> usize {
        let next = self.arrivals.partition_point(|&(_, came)| came <= at);
        self.arrivals.get(next).map_or_else(|| self.end(), |&(start, _)| start)
    }

    /// When the last bytes came.
    pub(crate) fn last_arrival(&self) -> Option<Nanos> {
        (self.end() > 0).then_some(self.newest)
    }
}

/// A [`Scan`] of a [`Scroll`] that survives the loss of its beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScrollScan {
    from: usize,
    inner: Option<(Scan, usize)>,
}

impl ScrollScan {
    /// A search for matches that begin at this position or after it.
    pub(crate) fn new(from: usize) -> Self {
        Self { from, inner: None }
    }

    /// Where it began.
    pub(crate) fn from(&self) -> usize {
        self.from
    }

    /// The scan to use now that `lost` bytes are gone: begun anew after a loss.
    fn at(&mut self, lost: usize) -> (&mut Scan, usize) {
        if self.inner.is_none_or(|(_, base)| base != lost) {
            self.inner = None;
        }
        let from = self.from.saturating_sub(lost);
        let (scan, base) = self.inner.get_or_insert_with(|| (Scan::new(from), lost));
        (scan, *base)
    }
}

#[cfg(test)]
mod tests {
    use lab_scenario::pattern::{Pattern, compile_regex};

    use super::*;

    fn literal(text: &[u8]) -> Matcher {
        Matcher::new(Pattern::Literal(text.to_vec()))
    }

    #[test]
    fn expectations_move_the_cursor() {
        let mut scroll = Scroll::default();
        scroll.push(b"one two ", 1_000_000);
        scroll.push(b"two\n", 2_000_000);
        let two = literal(b"two");
        for expected in [4..7, 8..11] {
            let mut scan = ScrollScan::new(scroll.cursor());
            assert_eq!(scroll.find(&mut scan, &two, false), Found::Here(expected.clone()));
            scroll.consume(&expected);
        }
        let mut scan = ScrollScan::new(scroll.cursor());
        assert_eq!(scroll.find(&mut scan, &two, false), Found::Not);
        assert_eq!((scroll.time_of(4), scroll.time_of(8)), (1_000_000, 2_000_000));
        assert_eq!(scroll.last_arrival(), Some(2_000_000));
    }

    #[test]
    fn the_cursor_never_goes_back() {
        let mut scroll = Scroll::default();
        scroll.push(b"one two\n\n\n", 0);
        scroll.consume(&(4..7));
        scroll.consume(&(0..3));
        assert_eq!(scroll.cursor(), 7);
        let empty = Matcher::new(Pattern::Regex(compile_regex("^$").unwrap()));
        for expected in [Found::Here(8..8), Found::Here(9..9), Found::Not] {
            let found = scroll.find(&mut ScrollScan::new(scroll.cursor()), &empty, true);
            assert_eq!(found, expected);
            if let Found::Here(range) = found {
                scroll.consume(&range);
            }
        }
    }

    #[test]
    fn chunks_share_a_time_only_if_nothing_came_between() {
        let mut scroll = Scroll::default();
        scroll.push(b"a", 1_000_000);
        scroll.push(b"b", 1_050_000);
        scroll.divide();
        scroll.push(b"c", 1_060_000);
        assert_eq!([0, 1, 2].map(|at| scroll.time_of(at)), [1_000_000, 1_000_000, 1_060_000]);
    }

    #[test]
    fn a_flood_is_searched_but_not_kept() {
        let mut scroll = Scroll::default();
        let mut scan = ScrollScan::new(0);
        let end = literal(b"the end");
        for at in 0..40 {
            scroll.push(&vec![b'x'; 1 << 20], at * 1_000_000);
            assert_eq!(scroll.find(&mut scan, &end, false), Found::Not);
        }
        scroll.push(b"the end", 41_000_000);
        let total = (40 << 20) + 7;
        assert_eq!(scroll.find(&mut scan, &end, false), Found::Here(total - 7..total));
        assert!(scroll.is_cut() && scroll.bytes().len() <= MAX_KEPT);
        assert_eq!(scroll.time_of(total - 1), 41_000_000);
        let first = scroll.end() - scroll.bytes().len();
        let chunk = u64::try_from(first >> 20).unwrap();
        assert_eq!(scroll.time_of(first), chunk * 1_000_000, "its chunk was cut");
    }
}
