//! A terminal's output with its times, in the format of asciinema
//! (asciicast v2), to be played back.
//!
//! The clock is that of the run, so several recordings of a run agree; what the run did
//! meanwhile stands in each of them as markers, which players can jump to.

use std::path::PathBuf;

use lab_runner::dispatcher::ReportError;
use lab_runner::request::Size;
use serde_json::json;

use super::file::Growing;
use crate::clean::clean_line;
use crate::decode::Decoder;

/// Bytes of a recording. Nobody watches more.
const LIMIT: u64 = 16 << 20;

/// Markers of a run. Nobody jumps to more.
const MAX_MARKERS: usize = 1000;

/// What a run did, for all its recordings.
#[derive(Debug, Default)]
pub(super) struct Markers {
    /// As they are written.
    lines: Vec<String>,
}

impl Markers {
    /// Names a moment, in nanoseconds. Times must not go back.
    pub(super) fn add(&mut self, at: u64, label: &str) {
        if self.lines.len() < MAX_MARKERS {
            self.lines.push(line(at, "m", &clean_line(label)));
        }
    }
}

/// A recording in the making.
#[derive(Debug)]
pub(super) struct Cast {
    file: Growing,
    decoder: Decoder,
    /// Markers that are written already.
    marked: usize,
}

impl Cast {
    /// That of a process, on a terminal as labrun gives it to programs.
    pub(super) fn of_process(
        path: PathBuf,
        keep_open: bool,
        title: &str,
    ) -> Result<Self, ReportError> {
        Self::create(path, keep_open, title, Size::default(), Decoder::new(true))
    }

    /// That of a program that a person has started on a terminal of some size, or
    /// on pipes.
    pub(super) fn of_terminal(
        path: PathBuf,
        title: &str,
        size: Option<Size>,
    ) -> Result<Self, ReportError> {
        let decoder = Decoder::new(size.is_none());
        Self::create(path, false, title, size.unwrap_or_default(), decoder)
    }

    fn create(
        path: PathBuf,
        keep_open: bool,
        title: &str,
        Size { rows, columns }: Size,
        decoder: Decoder,
    ) -> Result<Self, ReportError> {
        let mut file = Growing::create(path, keep_open, LIMIT)?;
        let header = json!({"version": 2, "width": columns, "height": rows, "title": title});
        file.append(format!("{header}\n").as_bytes(), "")?;
        Ok(Self { file, decoder, marked: 0 })
    }

    /// What came out, and when, in nanoseconds, after these markers.
    pub(super) fn output(
        &mut self,
        at: u64,
        bytes: &[u8],
        markers: &Markers,
    ) -> Result<(), ReportError> {
        if !self.file.takes_more() {
            return Ok(());
        }
        let text = self.decoder.push(bytes);
        self.event(at, "o", &text, markers)
    }

    /// What was typed, and when, after these markers.
    pub(super) fn input(
        &mut self,
        at: u64,
        bytes: &[u8],
        markers: &Markers,
    ) -> Result<(), ReportError> {
        self.event(at, "i", &String::from_utf8_lossy(bytes), markers)
    }

    /// It has another size, after these markers.
    pub(super) fn resize(
        &mut self,
        at: u64,
        size: Size,
        markers: &Markers,
    ) -> Result<(), ReportError> {
        self.event(at, "r", &format!("{}x{}", size.columns, size.rows), markers)
    }

    /// Writes the markers that are not there yet.
    pub(super) fn finish(&mut self, markers: &Markers) -> Result<(), ReportError> {
        let lines = self.unmarked(markers);
        if lines.is_empty() { Ok(()) } else { self.file.append(lines.as_bytes(), "") }
    }

    /// Times in a recording must not go back, and a run of many processes opens a file
    /// for each write: so markers are written along with what follows them.
    fn event(
        &mut self,
        at: u64,
        kind: &str,
        text: &str,
        markers: &Markers,
    ) -> Result<(), ReportError> {
        if text.is_empty() {
            return Ok(());
        }
        let lines = self.unmarked(markers) + &line(at, kind, text);
        self.file.append(lines.as_bytes(), "")
    }

    fn unmarked(&mut self, markers: &Markers) -> String {
        let lines = markers.lines[self.marked..].concat();
        self.marked = markers.lines.len();
        lines
    }
}

fn line(at: u64, kind: &str, text: &str) -> String {
    let (seconds, micros) = (at / 1_000_000_000, at % 1_000_000_000 / 1000);
    format!("[{seconds}.{micros:06}, \"{kind}\", {}]\n", json!(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.cast");
        let mut markers = Markers::default();
        let mut cast = Cast::of_process(path.clone(), true, "alice on h1").unwrap();
        cast.output(1_500_000_000, b"gr\xc3", &markers).unwrap();
        markers.add(1_500_001_000, "step 1: \x1b[1mfirst");
        cast.output(1_500_001_999, b"\xbc\xff\n", &markers).unwrap();
        cast.output(2_000_000_000, b"a\r", &markers).unwrap();
        cast.input(2_000_000_000, b"hi\n", &markers).unwrap();
        cast.output(2_000_000_000, b"\n", &markers).unwrap();
        markers.add(3_000_000_000, "link h1–s1 down");
        cast.finish(&markers).unwrap();
        cast.finish(&markers).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["version"], 2);
        let expected = [
            json!([1.5, "o", "gr"]),
            json!([1.500001, "m", "step 1: first"]),
            json!([1.500001, "o", "ü\u{fffd}\r\n"]),
            json!([2.0, "o", "a\r"]),
            json!([2.0, "i", "hi\n"]),
            json!([2.0, "o", "\n"]),
            json!([3.0, "m", "link h1–s1 down"]),
        ];
        assert_eq!(lines[1..], expected);
    }
}
