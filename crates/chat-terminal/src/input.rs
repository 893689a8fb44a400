//! The thread that reads standard input.

use crate::{Credits, Mode, Screen};
use std::io::{self, BufRead, ErrorKind, Read};

/// The prompt before the line being typed, for programs that have no other.
pub const PROMPT: &str = "> ";

/// What the user did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A line, without its line end (`\n` or `\r\n`; a last line without one counts too).
    Line(String),
    /// A line that cannot be used, and why.
    Unusable(String),
    /// There will be no more. Comes last, exactly once.
    Ended,
}

/// Reads until the end. `sink` gets [`Input::Ended`] even if this panics.
pub(crate) fn read(
    screen: &Screen,
    credits: &Credits,
    max_line: usize,
    sink: impl FnMut(Input) + Send,
) {
    let mut sink = EndsOnce { sink };
    let mut give = |input| {
        credits.take();
        (sink.sink)(input);
    };
    if screen.mode() == Mode::Editor {
        read_keys(screen, &mut give);
    } else {
        let mut number = 0;
        while let Some(line) = read_line(&mut io::stdin().lock(), max_line) {
            number += 1;
            screen.entered();
            give(line.unwrap_or_else(|why| {
                Input::Unusable(format!("line {number} was not sent: {why}"))
            }));
        }
    }
}

/// Reads plain lines of at most `max_line` bytes until the end of standard input, one at a
/// time: for servers, whose standard streams are not a conversation. Blocks.
pub fn read_commands(max_line: usize, mut sink: impl FnMut(Input)) {
    let mut number = 0;
    while let Some(line) = read_line(&mut io::stdin().lock(), max_line) {
        number += 1;
        sink(line.unwrap_or_else(|why| Input::Unusable(format!("line {number}: {why}"))));
    }
    sink(Input::Ended);
}

struct EndsOnce<S: FnMut(Input)> {
    sink: S,
}

impl<S: FnMut(Input)> Drop for EndsOnce<S> {
    fn drop(&mut self) {
        (self.sink)(Input::Ended);
    }
}

fn read_keys(screen: &Screen, give: &mut impl FnMut(Input)) {
    let mut buffer = [0; 4096];
    loop {
        let length = match io::stdin().lock().read(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // The terminal was hung up.
            Err(_) => 0,
        };
        if length == 0 {
            return;
        }
        for line in screen.typed(&buffer[..length]) {
            let Some(line) = line else { return };
            give(Input::Line(line));
        }
    }
}

/// Reads one line and keeps at most `max` bytes of it. `None` at the end of input.
fn read_line(reader: &mut impl BufRead, max: usize) -> Option<Result<Input, String>> {
    let mut line = Vec::new();
    let mut length = 0;
    let mut complete = false;
    while !complete {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // A terminal that was hung up reads as an error.
            Err(_) => &[],
        };
        if available.is_empty() {
            if length == 0 {
                return None;
            }
            break;
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let piece = &available[..end.unwrap_or(available.len())];
        length += piece.len();
        // A `\r` before the line end does not count.
        line.extend_from_slice(&piece[..piece.len().min((max + 1).saturating_sub(line.len()))]);
        complete = end.is_some();
        let used = piece.len() + usize::from(complete);
        reader.consume(used);
    }
    if line.last() == Some(&b'\r') && length == line.len() {
        line.pop();
        length -= 1;
    }
    if length > max {
        return Some(Err(format!("{length} bytes are more than the limit of {max}")));
    }
    Some(String::from_utf8(line).map(Input::Line).map_err(|_| "it is not valid UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn lines(bytes: &[u8], max: usize, buffer: usize) -> Vec<Result<Input, String>> {
        let mut reader = BufReader::with_capacity(buffer, bytes);
        std::iter::from_fn(|| read_line(&mut reader, max)).collect()
    }

    #[test]
    fn line_ends_and_limits() {
        let line = |text: &str| Ok(Input::Line(text.into()));
        for buffer in [1, 2, 3, 100] {
            assert_eq!(lines(b"", 5, buffer), []);
            assert_eq!(lines(b"\n", 5, buffer), [line("")]);
            assert_eq!(
                lines(b"a\r\n\r\nb\rc\nlast", 5, buffer),
                [line("a"), line(""), line("b\rc"), line("last")]
            );
            assert_eq!(lines(b"12345\r\n", 5, buffer), [line("12345")]);
            let long = lines(b"123456\n\xff\nx\n", 5, buffer);
            assert_eq!(long[0], Err("6 bytes are more than the limit of 5".into()));
            assert_eq!((&long[1], &long[2]), (&Err("it is not valid UTF-8".into()), &line("x")));
        }
    }

    proptest! {
        #[test]
        fn the_buffer_size_changes_nothing(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..60), buffer in 1usize..20) {
            prop_assert_eq!(lines(&bytes, 10, buffer), lines(&bytes, 10, 100));
        }
    }
}
