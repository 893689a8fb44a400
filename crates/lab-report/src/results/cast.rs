//! A terminal's output with its times, in the format of asciinema
//! (asciicast v2), to be played back.

use std::path::PathBuf;

use lab_runner::dispatcher::ReportError;
use lab_runner::request::Size;
use serde_json::json;

use super::file::Growing;

/// Bytes of a recording. Nobody watches more.
const LIMIT: u64 = 16 << 20;

/// A recording in the making.
#[derive(Debug)]
pub(super) struct Cast {
    file: Growing,
    /// The beginning of a character whose end has not come.
    cut: Vec<u8>,
    returned: bool,
}

impl Cast {
    pub(super) fn create(
        path: PathBuf,
        keep_open: bool,
        title: &str,
        size: Size,
    ) -> Result<Self, ReportError> {
        let mut file = Growing::create(path, keep_open, LIMIT)?;
        let Size { rows, columns } = size;
        let header = json!({"version": 2, "width": columns, "height": rows, "title": title});
        file.append(format!("{header}\n").as_bytes(), "")?;
        Ok(Self { file, cut: Vec::new(), returned: false })
    }

    /// What came out, and when, in nanoseconds.
    pub(super) fn output(&mut self, at: u64, bytes: &[u8]) -> Result<(), ReportError> {
        if !self.file.takes_more() {
            return Ok(());
        }
        let text = self.decode(bytes);
        let text = self.with_returns(&text);
        self.event(at, "o", &text)
    }

    /// What was typed, and when.
    pub(super) fn input(&mut self, at: u64, bytes: &[u8]) -> Result<(), ReportError> {
        self.event(at, "i", &String::from_utf8_lossy(bytes))
    }

    /// It has another size.
    pub(super) fn resize(&mut self, at: u64, size: Size) -> Result<(), ReportError> {
        self.event(at, "r", &format!("{}x{}", size.columns, size.rows))
    }

    fn event(&mut self, at: u64, kind: &str, text: &str) -> Result<(), ReportError> {
        if text.is_empty() {
            return Ok(());
        }
        let (seconds, micros) = (at / 1_000_000_000, at % 1_000_000_000 / 1000);
        let line = format!("[{seconds}.{micros:06}, \"{kind}\", {}]\n", json!(text));
        self.file.append(line.as_bytes(), "")
    }

    /// Text, with characters that are cut in two kept for the next time.
    fn decode(&mut self, bytes: &[u8]) -> String {
        let mut joined = std::mem::take(&mut self.cut);
        joined.extend_from_slice(bytes);
        let last = joined.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
        let is_cut = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
        if is_cut {
            self.cut = joined.split_off(joined.len() - last.len());
        }
        String::from_utf8_lossy(&joined).into_owned()
    }

    /// Terminals of runs do not put a carriage return before a newline; the
    /// one that plays this expects it.
    fn with_returns(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            if character == '\n' && !self.returned {
                out.push('\r');
            }
            self.returned = character == '\r';
            out.push(character);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.cast");
        let mut cast = Cast::create(path.clone(), true, "alice on h1", Size::default()).unwrap();
        cast.output(1_500_000_000, b"gr\xc3").unwrap();
        cast.output(1_500_001_999, b"\xbc\xff\n").unwrap();
        cast.output(2_000_000_000, b"a\r").unwrap();
        cast.input(2_000_000_000, b"hi\n").unwrap();
        cast.output(2_000_000_000, b"\n").unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["version"], 2);
        let expected = [
            json!([1.5, "o", "gr"]),
            json!([1.500001, "o", "ü\u{fffd}\r\n"]),
            json!([2.0, "o", "a\r"]),
            json!([2.0, "i", "hi\n"]),
            json!([2.0, "o", "\n"]),
        ];
        assert_eq!(lines[1..], expected);
    }
}
