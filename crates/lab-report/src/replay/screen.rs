//! What one terminal shows at any time of its recording.
//!
//! A terminal can only be fed, never made to forget. To go back, it is made anew from the
//! last *keyframe* before: what the emulator says would bring an empty terminal into the
//! state it was in. Keyframes are taken while a recording is played for the first
//! time, one for so many bytes, so a seek feeds few bytes, and all keyframes together
//! are a fraction of the recording.

use lab_runner::request::Size;

use super::recording::{Track, What};
use crate::clean::clean;
use crate::decode::Decoder;

/// Bytes of output between keyframes, at least.
const KEYFRAME: usize = 128 << 10;

/// How many times the size of a keyframe lies between it and the next, at least.
const SHARE: usize = 8;

/// Bytes that the emulator gets at once: a few of them may mean a lot of work
/// (`CSI 65535 b` repeats a character so often).
const CHUNK: usize = 512;

/// Largest terminal that is emulated. Larger ones are cut.
const LARGEST: Size = Size { columns: 400, rows: 200 };

/// What was typed is shown in this colour, and what comes after in the usual one.
const TYPED: (&str, &str) = ("\x1b[36m", "\x1b[39m");

/// The screen of a track.
#[derive(Default)]
pub(super) struct Screen {
    emulator: Option<Emulator>,
    keyframes: Vec<Keyframe>,
}

struct Emulator {
    terminal: avt::Terminal,
    decoder: Decoder,
    /// The piece that comes next, and how much of it was fed already.
    next: (usize, usize),
    /// Bytes fed since the last keyframe.
    fed: usize,
}

struct Keyframe {
    /// The piece that comes next.
    next: usize,
    size: (usize, usize),
    state: String,
    decoder: Decoder,
}

impl Screen {
    /// What it shows; nothing before [`Screen::advance`] was called.
    pub(super) fn terminal(&self) -> Option<&avt::Terminal> {
        self.emulator.as_ref().map(|emulator| &emulator.terminal)
    }

    /// Forgets what takes much memory and can be made again.
    pub(super) fn rest(&mut self) {
        self.emulator = None;
    }

    /// Comes nearer to the state after the first `target` pieces of the track; says
    /// whether it is reached. Feeds at most about `budget` bytes, and takes them off it.
    pub(super) fn advance(&mut self, track: &Track, target: usize, budget: &mut usize) -> bool {
        let target = target.min(track.pieces.len());
        let emulator = match self.emulator.take() {
            Some(emulator) if self.is_on_the_way(emulator.next, target) => emulator,
            _ => self.last_keyframe(target).map_or_else(|| Emulator::new(track), Keyframe::restore),
        };
        let emulator = self.emulator.insert(emulator);
        while emulator.next.0 < target {
            if *budget == 0 {
                return false;
            }
            emulator.feed(track, budget);
            let since = self.keyframes.last().map_or((0, 0), |last| (last.next, last.state.len()));
            if emulator.fed >= KEYFRAME.max(SHARE * since.1) && emulator.next.1 == 0 {
                if emulator.next.0 > since.0 {
                    self.keyframes.push(emulator.keyframe());
                }
                emulator.fed = 0;
            }
        }
        true
    }

    /// Whether going on from there is the best that can be done.
    fn is_on_the_way(&self, next: (usize, usize), target: usize) -> bool {
        let is_before = next.0 < target || next == (target, 0);
        is_before && self.last_keyframe(target).is_none_or(|keyframe| keyframe.next <= next.0)
    }

    fn last_keyframe(&self, target: usize) -> Option<&Keyframe> {
        let after = self.keyframes.partition_point(|keyframe| keyframe.next <= target);
        self.keyframes[..after].last()
    }
}

impl Emulator {
    fn new(track: &Track) -> Self {
        let size = dimensions(track.size);
        Self {
            terminal: terminal(size),
            decoder: Decoder::new(track.is_bare),
            next: (0, 0),
            fed: 0,
        }
    }

    /// Feeds the next piece, or a part of it.
    fn feed(&mut self, track: &Track, budget: &mut usize) {
        let (index, offset) = self.next;
        let Some(piece) = track.pieces.get(index) else { return };
        match &piece.what {
            What::Output(bytes) => {
                let rest = bytes.get(offset..).unwrap_or_default();
                let chunk = &rest[..rest.len().min(CHUNK)];
                self.terminal.feed(self.decoder.push(chunk));
                self.fed += chunk.len();
                *budget = budget.saturating_sub(chunk.len().max(1));
                if chunk.len() < rest.len() {
                    self.next = (index, offset + chunk.len());
                    return;
                }
            }
            What::Input(bytes) if track.is_bare => {
                let text = clean(bytes).replace('\n', "\r\n");
                self.terminal.feed(format!("{}{text}{}", TYPED.0, TYPED.1));
                *budget = budget.saturating_sub(bytes.len().max(1));
            }
            What::Input(_) => {}
            What::Resized(size) => {
                let (columns, rows) = dimensions(*size);
                self.terminal.resize(columns, rows);
                *budget = budget.saturating_sub(4 << 10);
            }
        }
        self.next = (index + 1, 0);
    }

    fn keyframe(&self) -> Keyframe {
        Keyframe {
            next: self.next.0,
            size: self.terminal.size(),
            state: self.terminal.dump(),
            decoder: self.decoder.clone(),
        }
    }
}

impl Keyframe {
    fn restore(&self) -> Emulator {
        let mut terminal = terminal(self.size);
        terminal.feed(&self.state);
        Emulator { terminal, decoder: self.decoder.clone(), next: (self.next, 0), fed: 0 }
    }
}

/// Columns and rows that can be emulated.
fn dimensions(size: Size) -> (usize, usize) {
    let columns = size.columns.clamp(1, LARGEST.columns);
    let rows = size.rows.clamp(1, LARGEST.rows);
    (columns.into(), rows.into())
}

fn terminal((columns, rows): (usize, usize)) -> avt::Terminal {
    avt::Terminal::new(columns, rows).expect("no side of a terminal is zero")
}

#[cfg(test)]
mod tests {
    use lab_runner::bytes::Bytes;
    use proptest::prelude::*;

    use super::super::recording::Piece;
    use super::*;

    fn track(is_bare: bool, pieces: Vec<What>) -> Track {
        let pieces = pieces.into_iter().enumerate();
        Track {
            name: "x".into(),
            host: "h1".into(),
            size: Size { columns: 20, rows: 5 },
            is_bare,
            pieces: pieces.map(|(index, what)| Piece { at: index as u64, what }).collect(),
            life: vec![],
        }
    }

    fn output(bytes: &[u8]) -> What {
        What::Output(Bytes::from(bytes))
    }

    /// Everything that can be seen.
    fn seen(screen: &Screen) -> String {
        let terminal = screen.terminal().unwrap();
        let lines: Vec<_> = terminal.screen().visible_lines().map(avt::Line::cells).collect();
        let kind = terminal.active_screen_kind();
        format!("{:?} {kind:?} {:?} {lines:?}", terminal.size(), terminal.cursor())
    }

    fn text(screen: &Screen) -> Vec<String> {
        let mut lines = screen.terminal().unwrap().screen().text();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    fn at(screen: &mut Screen, track: &Track, target: usize) {
        assert!(screen.advance(track, target, &mut usize::MAX.clone()));
    }

    #[test]
    fn bare_terminals_get_what_the_kernel_did_not_add() {
        let pieces = || {
            let typed = What::Input(Bytes::from(&b"hi\x03\n"[..]));
            vec![output(b"> "), typed, output(b"gr\xc3"), output(b"\xbc\nb")]
        };
        let mut screen = Screen::default();
        at(&mut screen, &track(true, pieces()), 4);
        assert_eq!(text(&screen), ["> hi^C", "grü", "b"]);
        let mut screen = Screen::default();
        at(&mut screen, &track(false, pieces()), 4);
        assert_eq!(text(&screen), ["> grü", "     b"]);
    }

    #[test]
    fn goes_back() {
        let track = track(true, vec![output(b"a\n"), output(b"b\n"), output(b"\x1b[2J")]);
        let mut screen = Screen::default();
        for (target, lines) in [(2, &["a", "b"][..]), (3, &[]), (1, &["a"]), (0, &[]), (9, &[])] {
            at(&mut screen, &track, target);
            assert_eq!(text(&screen), lines, "{target}");
        }
    }

    #[test]
    fn a_seek_feeds_little() {
        let pieces = (0..400).map(|n| output(format!("{n:<8192}\r").as_bytes())).collect();
        let track = track(false, pieces);
        let mut screen = Screen::default();
        at(&mut screen, &track, 400);
        let keyframes = screen.keyframes.len();
        assert!((20..=26).contains(&keyframes), "{keyframes} for 3 MiB");
        for target in [399, 200, 399, 7, 390] {
            let mut budget = 2 * KEYFRAME;
            assert!(screen.advance(&track, target, &mut budget), "{target}");
        }
        assert_eq!(screen.keyframes.len(), keyframes, "none is taken twice");
        let size: usize = screen.keyframes.iter().map(|keyframe| keyframe.state.len()).sum();
        assert!(size < 400 * 8192 / SHARE, "{size}");
    }

    #[test]
    fn a_little_at_a_time() {
        let track = track(true, vec![output(&[b'x'; 3 * CHUNK]), output(b"\nend")]);
        let mut screen = Screen::default();
        let mut turns = 1;
        while !screen.advance(&track, 2, &mut 1) {
            turns += 1;
        }
        assert_eq!(turns, 4);
        assert_eq!(text(&screen).last().unwrap(), "end");
        // Back, while half of a piece is fed.
        let mut screen = Screen::default();
        assert!(!screen.advance(&track, 2, &mut 1));
        at(&mut screen, &track, 0);
        assert_eq!(text(&screen), [""; 0]);
    }

    #[test]
    fn absurd_sizes_are_cut() {
        let huge = Size { columns: u16::MAX, rows: u16::MAX };
        let track =
            track(false, vec![What::Resized(huge), What::Resized(Size { columns: 0, rows: 0 })]);
        let mut screen = Screen::default();
        at(&mut screen, &track, 1);
        assert_eq!(screen.terminal().unwrap().size(), (400, 200));
        at(&mut screen, &track, 2);
        assert_eq!(screen.terminal().unwrap().size(), (1, 1));
    }

    /// What programs put out, the nasty kind.
    fn piece() -> impl Strategy<Value = What> {
        let word = prop_oneof![
            4 => "[a-z ]{1,12}".prop_map(String::into_bytes),
            2 => Just(b"\r\n".to_vec()),
            2 => Just("日本".as_bytes().to_vec()),
            3 => "\x1b\\[[0-9;?]{0,6}[A-Za-z@]".prop_map(String::into_bytes),
            1 => "\x1b[78DMEHc=>(#]".prop_map(String::into_bytes),
            1 => prop::sample::select(vec![
                &b"\x1b[?1049h"[..], b"\x1b[?1049l", b"\x1b[?25l", b"\x1b[4h", b"\x1b[?6h", b"\x1b[?7l",
                b"\x1b[2;4r", b"\x1b(0", b"\x0e", b"\x0f", b"\x1b[3g", b"\x1bH", b"\t", b"\x08",
                b"\x1b]0;t", b"\x1b[38;5;", b"\xe6\x97",
            ]).prop_map(<[u8]>::to_vec),
            1 => prop::collection::vec(any::<u8>(), 0..6),
        ];
        let bytes = prop::collection::vec(word, 0..6).prop_map(|words| Bytes(words.concat()));
        prop_oneof![
            8 => bytes.clone().prop_map(What::Output),
            1 => bytes.prop_map(What::Input),
            1 => (0u16..40, 0u16..12).prop_map(|(columns, rows)| What::Resized(Size { columns, rows })),
        ]
    }

    proptest! {
        #[test]
        fn a_position_sought_is_like_a_position_played(
            is_bare: bool,
            pieces in prop::collection::vec(piece(), 1..40),
            // Keyframes are taken there, however little was fed.
            keyframes in prop::collection::btree_set(1usize..40, 0..6),
            targets in prop::collection::vec(0usize..42, 1..6),
        ) {
            let track = track(is_bare, pieces);
            let mut played = Screen::default();
            let mut sought = Screen::default();
            for &keyframe in keyframes.iter().filter(|keyframe| **keyframe <= track.pieces.len()) {
                at(&mut sought, &track, keyframe);
                let keyframe = sought.emulator.as_ref().unwrap().keyframe();
                sought.keyframes.push(keyframe);
            }
            let mut all = vec![];
            for target in 0..=track.pieces.len() {
                at(&mut played, &track, target);
                all.push(seen(&played));
            }
            for target in targets {
                at(&mut sought, &track, target);
                let expected = &all[target.min(track.pieces.len())];
                prop_assert_eq!(&seen(&sought), expected, "{}", target);
            }
        }
    }
}
