//! Which line of one run is which of another: ports and times differ.

/// A line without what may be different in the next run: each number is a 0. Two
/// lines of this shape are the same line of two runs.
pub(super) fn shape(line: &[u8]) -> Vec<u8> {
    let mut shape = Vec::with_capacity(line.len());
    for &byte in line {
        if !byte.is_ascii_digit() {
            shape.push(byte);
        } else if shape.last() != Some(&b'0') {
            shape.push(b'0');
        }
    }
    shape
}

/// A line with the numbers of another of its shape, each in its place.
pub(super) fn with_numbers_of(line: &[u8], other: &[u8]) -> Vec<u8> {
    let is_digit = u8::is_ascii_digit;
    let mut numbers = other.chunk_by(|a, b| is_digit(a) && is_digit(b)).filter(|c| is_digit(&c[0]));
    let pieces = line.chunk_by(|a, b| is_digit(a) == is_digit(b));
    let filled = pieces.flat_map(|piece| match piece {
        [first, ..] if is_digit(first) => numbers.next().unwrap_or(piece),
        piece => piece,
    });
    filled.copied().collect()
}
