//! What stands between a program's output and the player, and breaks one line.

use lab_scenario::plan::{LineChange, Mutation, ProcessId};
use memchr::memchr;

use super::seeker::{Seeker, content};
use super::shape::{shape, with_numbers_of};
use crate::event::Stream;
use crate::player::nanos;
use crate::scroll::Nanos;

/// Most bytes that are held back.
const MOST_HELD: usize = 1 << 20;

/// Lets output through, but for one line. Bytes are held back only as long as they may
/// be the beginning of that line.
#[derive(Debug)]
pub(crate) struct Tamper<'p> {
    of: ProcessId,
    text: &'p [u8],
    change: &'p LineChange,
    /// Lines of its shape that are still let through.
    before: u32,
    state: State,
    took_effect: bool,
}

#[derive(Debug)]
enum State {
    /// The line may come.
    Seeking(Seeker),
    /// It and what comes after it is held back.
    Delaying { held: Vec<u8>, until: Nanos },
    /// It is held back until the one has come that is to come before it.
    Swapping { line: Vec<u8>, other: Seeker },
    /// Everything is let through.
    Done,
}

impl<'p> Tamper<'p> {
    /// For a mutation of a line; others need none.
    pub(crate) fn new(mutation: &'p Mutation) -> Option<Self> {
        let Mutation::Line { of, text, occurrence, change } = mutation else { return None };
        Some(Self {
            of: *of,
            text: text.as_bytes(),
            change,
            before: *occurrence,
            state: State::Seeking(Seeker::new(text.as_bytes())),
            took_effect: false,
        })
    }

    /// The process whose line it breaks.
    pub(crate) fn process(&self) -> ProcessId {
        self.of
    }

    /// Whether it looks at this stream.
    pub(crate) fn concerns(&self, process: ProcessId, stream: Stream) -> bool {
        process == self.of && stream != Stream::Stderr
    }

    /// Whether the line has come since this was last asked.
    pub(crate) fn has_struck(&mut self) -> bool {
        std::mem::take(&mut self.took_effect)
    }

    /// What is let through of what came.
    pub(crate) fn hear(&mut self, mut bytes: &[u8], now: Nanos) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        while !bytes.is_empty() {
            let end = memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
            let (piece, rest) = bytes.split_at(end);
            self.take(piece, now, &mut out);
            bytes = rest;
        }
        out
    }

    /// Whether something is held back until [`Tamper::due`], even past the end of its
    /// stream.
    pub(crate) fn is_delaying(&self) -> bool {
        matches!(self.state, State::Delaying { .. })
    }

    /// When [`Tamper::release`] is to be called.
    pub(crate) fn due(&self) -> Option<Nanos> {
        match self.state {
            State::Delaying { until, .. } => Some(until),
            _ => None,
        }
    }

    /// What was held back and is let through now.
    pub(crate) fn release(&mut self, now: Nanos) -> Vec<u8> {
        if self.due().is_some_and(|until| until <= now) { self.end() } else { Vec::new() }
    }

    /// No more will come: what was held back.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Seeking(mut line) => {
                let held = line.give_up();
                // The process may be started again.
                self.state = State::Seeking(line);
                held
            }
            State::Delaying { held, .. } => held,
            State::Swapping { line, mut other } => [other.give_up(), line].concat(),
            State::Done => Vec::new(),
        }
    }

    /// Takes a piece that ends where a line does, or has no end of a line.
    fn take(&mut self, piece: &[u8], now: Nanos, out: &mut Vec<u8>) {
        match &mut self.state {
            State::Done => out.extend_from_slice(piece),
            State::Delaying { held, .. } => {
                held.extend_from_slice(piece);
                if held.len() > MOST_HELD {
                    out.append(&mut self.end());
                }
            }
            State::Swapping { line, other } => {
                if let Some(mut other) = other.take(piece, out) {
                    out.append(&mut other);
                    out.append(line);
                    self.state = State::Done;
                }
            }
            State::Seeking(line) => {
                if let Some(line) = line.take(piece, out) {
                    self.decide(line, now, out);
                }
            }
        }
    }

    /// A line of its shape came.
    fn decide(&mut self, line: Vec<u8>, now: Nanos, out: &mut Vec<u8>) {
        if let Some(left) = self.before.checked_sub(1) {
            self.before = left;
            out.extend_from_slice(&line);
            return;
        }
        self.took_effect = true;
        self.state = State::Done;
        match self.change {
            LineChange::Drop => {}
            LineChange::Double => {
                out.extend_from_slice(&line);
                out.extend_from_slice(&line);
            }
            LineChange::Alter(other) => {
                let (other, said) = (other.as_bytes(), content(&line));
                // An altered number stays as it is.
                if shape(other) == shape(self.text) && other != self.text {
                    out.extend_from_slice(other);
                } else {
                    out.append(&mut with_numbers_of(other, said));
                }
                out.extend_from_slice(&line[said.len()..]);
            }
            LineChange::Delay(by) => {
                let until = now.saturating_add(nanos(*by));
                self.state = State::Delaying { held: line, until };
            }
            LineChange::Swap(other) => {
                self.state = State::Swapping { line, other: Seeker::new(other.as_bytes()) };
            }
        }
    }
}
