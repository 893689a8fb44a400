//! A recording as lines, for pipes and for reading.
//!
//! ```text
//!   0.020 s  == step 3: bob< hello
//!   0.021 s  alice   > To bob:hello
//!   0.022 s  bob     < hello From alice
//! ```
//!
//! `<` came out, `>` was typed. A line of output stands where its end came. What people type
//! on terminals of their own comes out of them again.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::Nanos;
use super::recording::{Marker, Piece, Recording, State, Track, What};
use crate::clean::clean_line;
use crate::speaker::Speaker;
use crate::theme::Theme;
use crate::words;

/// Something to be told.
enum Told<'a> {
    Marker(&'a Marker),
    State(usize, &'a State),
    Piece(usize, &'a Piece),
}

/// Writes everything from a time on.
///
/// # Errors
/// It cannot be written.
pub fn print(
    recording: &Recording,
    from: Nanos,
    theme: Theme,
    out: &mut dyn Write,
) -> io::Result<()> {
    let width = recording.tracks.iter().map(|track| track.name.width()).max().unwrap_or(0);
    let speakers = recording
        .tracks
        .iter()
        .map(|track| (words::pad(&track.name, width), Speaker::default()))
        .collect();
    let digits = seconds(recording.end, 0).len();
    let mut printer = Printer { digits, from, theme, speakers, out };
    for (at, told) in story(recording) {
        match told {
            Told::Marker(marker) => printer.remark(at, &marker.text)?,
            Told::State(index, state) => {
                printer.break_line(at, index)?;
                printer.remark(at, &life(&recording.tracks[index], state))?;
            }
            Told::Piece(index, piece) => {
                printer.piece(index, recording.tracks[index].is_bare, piece)?;
            }
        }
    }
    (0..recording.tracks.len()).try_for_each(|index| printer.break_line(recording.end, index))
}

/// Everything in order: at the same time what happens beside comes first.
fn story(recording: &Recording) -> Vec<(Nanos, Told<'_>)> {
    let mut story: Vec<_> =
        recording.markers.iter().map(|marker| (marker.at, Told::Marker(marker))).collect();
    for (index, track) in recording.tracks.iter().enumerate() {
        story
            .extend(track.life.iter().map(|moment| (moment.at, Told::State(index, &moment.state))));
        story.extend(track.pieces.iter().map(|piece| (piece.at, Told::Piece(index, piece))));
    }
    story.sort_by_key(|(at, _)| *at);
    story
}

fn life(track: &Track, state: &State) -> String {
    let Track { name, host, .. } = track;
    match state {
        State::Running(command) if host.is_empty() => format!("{name} starts: {command}"),
        State::Running(command) => format!("{name} starts on {host}: {command}"),
        State::Ended(how) => format!("{name} {how}"),
    }
}

struct Printer<'a> {
    /// Columns of a time.
    digits: usize,
    from: Nanos,
    theme: Theme,
    speakers: Vec<(String, Speaker)>,
    out: &'a mut dyn Write,
}

impl Printer<'_> {
    fn piece(&mut self, index: usize, is_bare: bool, piece: &Piece) -> io::Result<()> {
        let Some((_, speaker)) = self.speakers.get_mut(index) else { return Ok(()) };
        match &piece.what {
            What::Output(bytes) => {
                let lines = speaker.hear(bytes);
                lines.iter().try_for_each(|line| self.spoken(piece.at, index, '<', line))
            }
            What::Input(bytes) if is_bare => {
                self.break_line(piece.at, index)?;
                let typed = clean_line(&String::from_utf8_lossy(bytes));
                self.spoken(piece.at, index, '>', &typed)
            }
            // Other terminals have shown what was typed, key by key, or hidden a password.
            What::Input(_) | What::Resized(_) => Ok(()),
        }
    }

    fn break_line(&mut self, at: Nanos, index: usize) -> io::Result<()> {
        match self.speakers.get_mut(index).and_then(|(_, speaker)| speaker.break_line()) {
            Some(partial) => self.spoken(at, index, '<', &partial),
            None => Ok(()),
        }
    }

    fn spoken(&mut self, at: Nanos, index: usize, way: char, line: &str) -> io::Result<()> {
        let Theme { strong, .. } = self.theme;
        let name = self.speakers.get(index).map_or("", |(name, _)| name);
        let line = format!("{strong}{name}{strong:#}  {way} {line}");
        self.line(at, line.trim_end())
    }

    fn remark(&mut self, at: Nanos, text: &str) -> io::Result<()> {
        let Theme { mark, .. } = self.theme;
        self.line(at, &format!("{mark}=={mark:#} {text}"))
    }

    fn line(&mut self, at: Nanos, text: &str) -> io::Result<()> {
        if at < self.from {
            return Ok(());
        }
        let Theme { faint, .. } = self.theme;
        writeln!(self.out, "{faint}{} s{faint:#}  {text}", seconds(at, self.digits))
    }
}

/// Seconds with three digits after the point, right-aligned.
fn seconds(at: Nanos, width: usize) -> String {
    let number = format!("{}.{:03}", at / 1_000_000_000, at % 1_000_000_000 / 1_000_000);
    format!("{number:>width$}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::recording;
    use super::*;

    fn printed(recording: &Recording, from: Nanos) -> String {
        let mut out = Vec::new();
        print(recording, from, Theme::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_in_order() {
        insta::assert_snapshot!(printed(&recording(), 0), @r"
        0.100 s  == server starts on h4: chat-server direct
        0.200 s  server  < listening on 0.0.0.0:12345
        0.300 s  == alice starts on h1: chat-client direct
        0.300 s  == bob starts on h2: chat-client direct
        1.000 s  == step 1: alice> To bob:hello
        1.000 s  alice   > To bob:hello
        1.200 s  == step 2: bob< hello From alice
        1.200 s  bob     < hello From alice
        2.000 s  == link h2–s1 down
        3.500 s  == alice ended with code 1
        4.000 s  == fail: bob did not say `lost?`
        ");
    }

    #[test]
    fn what_people_type_is_what_their_terminals_show() {
        let mut recording = recording();
        recording.tracks.retain(|track| track.name == "alice");
        assert!(printed(&recording, 0).contains("alice  > To bob:hello"));
        recording.tracks[0].is_bare = false;
        assert!(!printed(&recording, 0).contains("  > "));
    }

    #[test]
    fn from_a_time_on() {
        let text = printed(&recording(), 3_000_000_000);
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
