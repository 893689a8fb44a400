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
        let start = floor_boundary(text, start);
        let end = floor_boundary(text, end.max(start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            start,
            end,
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
        }
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
    }
}
