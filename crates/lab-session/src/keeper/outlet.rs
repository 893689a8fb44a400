//! What waits to be written to somebody, who may be slow. Nobody waits for them.

use std::collections::VecDeque;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lab_runner::bytes::Bytes;
use lab_runner::event::Stream;

use crate::protocol::Answer;

/// Bytes of output that wait for somebody. More is left out, and they are told.
const MAX_OUTPUT: usize = 4 << 20;

/// Bytes of anything that wait. Who lets more wait is given up.
const MAX_WAITING: usize = 16 << 20;

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Bytes of output that were left out since the last line.
    skipped: u64,
    closed: bool,
}

/// The way to somebody. Copies are the same way.
#[derive(Debug, Clone, Default)]
pub(super) struct Outlet(Arc<(Mutex<Queue>, Condvar)>);

impl Outlet {
    /// Says something.
    pub(super) fn say(&self, answer: &Answer) {
        let mut queue = self.lock();
        note_skipped(&mut queue);
        push(&mut queue, answer);
        if queue.bytes > MAX_WAITING {
            queue.closed = true;
        }
        self.0.1.notify_one();
    }

    /// Passes on what a program says, unless too much is waiting.
    pub(super) fn show(&self, stream: Stream, bytes: &Bytes) {
        let mut queue = self.lock();
        if queue.bytes > MAX_OUTPUT {
            queue.skipped = queue.skipped.saturating_add(bytes.len() as u64);
            return;
        }
        note_skipped(&mut queue);
        push(&mut queue, &Answer::Output { stream, bytes: bytes.clone() });
        self.0.1.notify_one();
    }

    /// Nothing more will be said; what waits is still written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.0.1.notify_one();
    }

    /// Whether both are the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Writes what is said until it is closed, or nobody reads.
    pub(super) fn write_to(&self, mut stream: &UnixStream) {
        while let Some(line) = self.next() {
            if stream.write_all(&line).is_err() {
                break;
            }
        }
        self.close();
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut queue = self.lock();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len();
                return Some(line);
            }
            if queue.closed {
                return None;
            }
            queue = self.0.1.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note_skipped(queue: &mut Queue) {
    let bytes = std::mem::take(&mut queue.skipped);
    if bytes > 0 {
        push(queue, &Answer::Skipped { bytes });
    }
}

fn push(queue: &mut Queue, answer: &Answer) {
    // Answers have no keys that are no strings, so they can be written.
    if let Ok(mut line) = serde_json::to_vec(answer)
        && !queue.closed
    {
        line.push(b'\n');
        queue.bytes += line.len();
        queue.lines.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_left_out_and_told() {
        let outlet = Outlet::default();
        let piece = Bytes(vec![b'x'; 1 << 20]);
        for _ in 0..7 {
            outlet.show(Stream::Terminal, &piece);
        }
        outlet.say(&Answer::Opened);
        outlet.close();
        outlet.say(&Answer::Opened);
        let lines: Vec<Answer> = std::iter::from_fn(|| outlet.next())
            .map(|line| serde_json::from_slice(&line).unwrap())
            .collect();
        let shown = lines.iter().filter(|line| matches!(line, Answer::Output { .. })).count();
        assert!((4..7).contains(&shown));
        let skipped = (7 - shown as u64) << 20;
        assert_eq!(lines[shown..], [Answer::Skipped { bytes: skipped }, Answer::Opened]);
    }
}
