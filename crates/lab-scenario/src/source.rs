//! Source files and places in them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A file that was read, for showing its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As the user named it.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// A place in a scenario file: what a message points at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl Place {
    /// The place of a range of bytes in a text. Both are brought down to
    /// character boundaries inside the text.
    #[must_use]
    pub fn of(text: &str, start: usize, end: usize) -> Self {
        Lines::new(text).place(start, end)
    }
}

/// Where the lines of a text begin: for many places in one text.
#[derive(Debug, Clone)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of a text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        // A byte order mark is no column of the first line: no editor shows it.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts: starts.collect() }
    }

    /// [`Place::of`].
    #[must_use]
    pub fn place(&self, start: usize, end: usize) -> Place {
        let start = floor_boundary(self.text, start);
        let end = floor_boundary(self.text, end.max(start));
        let line = self.line_of(start);
        let column = self.text[self.starts[line].min(start)..start].chars().count();
        Place { start, end, line: line + 1, column: column + 1 }
    }

    /// Beginning and end of the lines that a range touches, and the number of
    /// the first of them.
    pub(crate) fn window(&self, start: usize, end: usize) -> (usize, usize, usize) {
        let first = self.line_of(floor_boundary(self.text, start));
        let last = self.line_of(floor_boundary(self.text, end));
        let stop = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
        (self.starts[first], stop, first + 1)
    }

    /// Counted from 0.
    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }
}

/// Which of the files that were read together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(crate) usize);

/// A range of bytes in one of several files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From here to the end of another span of the same file.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.start), ..self }
    }
}

/// The files that belong to one thing that is checked: a scenario and its
/// topology, for example.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    list: Vec<Source>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> SourceId {
        self.list.push(source);
        SourceId(self.list.len() - 1)
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Source> {
        self.list.iter()
    }

    /// A file.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.list[id.0]
    }
}

fn floor_boundary(text: &str, mut index: usize) -> usize {
    index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters() {
        let text = "a: 1\nbü: zwei\n";
        let start = text.find("zwei").unwrap();
        let place = Place::of(text, start, start + 4);
        assert_eq!((place.line, place.column), (2, 5));
        assert_eq!(&text[place.start..place.end], "zwei");
    }

    #[test]
    fn outside_the_text_is_its_end() {
        assert_eq!(Place::of("ab", 7, 9), Place { start: 2, end: 2, line: 1, column: 3 });
        assert_eq!(Place::of("ü", 1, 1).start, 0);
        assert_eq!(Place::of("", 0, 0).line, 1);
        assert_eq!(Place::of("\u{feff}ab", 0, 0).column, 1);
        assert_eq!(Place::of("\u{feff}ab", 4, 5).column, 2);
    }

    #[test]
    fn windows_are_whole_lines() {
        let text = "one\ntwo\nthree\nfour";
        let lines = Lines::new(text);
        let at = text.find("ree").unwrap();
        assert_eq!(lines.window(at, at + 1), (8, 14, 3));
        assert_eq!(lines.window(0, text.len()), (0, 18, 1));
    }
}
