//! Finds lines of one shape in pieces of output.

use super::shape::shape;

/// Longest line that may be one: numbers may be of any length.
const LONGEST: usize = 1 << 16;

/// Holds back what may be the beginning of a line of one shape, and nothing else.
#[derive(Debug)]
pub(super) struct Seeker {
    shape: Vec<u8>,
    /// What there is of the line under way, while it may be one.
    held: Vec<u8>,
    /// The line under way is none.
    passing: bool,
}

impl Seeker {
    /// For lines that differ from this one in numbers only.
    pub(super) fn new(line: &[u8]) -> Self {
        Self { shape: shape(line), held: Vec::new(), passing: false }
    }

    /// Takes a piece that ends where a line does, or has no end of a line. Returns the
    /// line if it is such a one, with its end; what is none comes out.
    pub(super) fn take(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Option<Vec<u8>> {
        let is_end = piece.last() == Some(&b'\n');
        if self.passing {
            out.extend_from_slice(piece);
            self.passing = !is_end;
            return None;
        }
        self.held.extend_from_slice(piece);
        let is_such = shape(content(&self.held)) == self.shape;
        if is_end && is_such {
            return Some(self.give_up());
        }
        let may_be = is_such || self.shape.starts_with(&shape(&self.held));
        if is_end || !may_be || self.held.len() > LONGEST {
            out.append(&mut self.held);
            self.passing = !is_end;
        }
        None
    }

    /// What is held back, for no more will come of it.
    pub(super) fn give_up(&mut self) -> Vec<u8> {
        self.passing = false;
        std::mem::take(&mut self.held)
    }
}

/// A line without its end.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    content.strip_suffix(b"\r").unwrap_or(content)
}
