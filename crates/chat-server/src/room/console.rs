//! The chat on the server's standard output.
//!
//! Whoever reads our output may stop reading (a pager, a terminal on hold), and no thread
//! of the reactor may wait for that. So a thread of its own writes, from a bounded
//! queue; what does not fit is left out, with a line in the log that says so. It is woken
//! once for all that a turn of the reactor brought.

use chat_net::Bytes;
use chat_proto::text::for_terminal;
use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Bytes of notices that may wait.
const WAITING: usize = 8 << 20;

/// How long the last words may take when the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// Prints notices. The last ones are still written when it is dropped.
#[derive(Debug)]
pub(super) struct Console {
    queue: Option<Sender<Vec<Bytes>>>,
    /// Those of this turn.
    notices: Vec<Bytes>,
    /// Bytes in the queue.
    waiting: Arc<AtomicUsize>,
    /// Ends when the writing thread does.
    ended: Receiver<()>,
    /// Notices left out since the last one that was not.
    left_out: usize,
}

impl Console {
    pub(super) fn start() -> io::Result<Self> {
        let (queue, notices) = channel();
        let (end, ended) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let written = waiting.clone();
        let write = move || {
            let _end: Sender<()> = end;
            // Whoever read our output has seen enough; the room goes on.
            let _ = write_all(&notices, &written);
        };
        std::thread::Builder::new().name("console".into()).spawn(write)?;
        Ok(Self { queue: Some(queue), notices: Vec::new(), waiting, ended, left_out: 0 })
    }

    /// Keeps a notice until the turn ends.
    pub(super) fn print(&mut self, notice: Bytes) {
        if self.queue.is_some() {
            self.notices.push(notice);
        }
    }

    /// Hands over what this turn brought. Never blocks.
    pub(super) fn turn_ends(&mut self) {
        let Some(queue) = &self.queue else { return };
        if self.notices.is_empty() {
            return;
        }
        let notices = std::mem::take(&mut self.notices);
        let bytes = length(&notices);
        if self.waiting.load(Ordering::Relaxed) + bytes > WAITING {
            self.left_out += notices.len();
            return;
        }
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        if queue.send(notices).is_err() {
            self.queue = None;
        } else if self.left_out > 0 {
            let count = std::mem::take(&mut self.left_out);
            tracing::warn!(count, "not printed: standard output is not read fast enough");
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.turn_ends();
        self.queue = None;
        if self.ended.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the end of the chat was not printed: standard output is not read");
        }
    }
}

fn length(notices: &[Bytes]) -> usize {
    notices.iter().map(Bytes::len).sum()
}

fn write_all(queue: &Receiver<Vec<Bytes>>, waiting: &AtomicUsize) -> io::Result<()> {
    // Not line by line, as standard output would write to a terminal.
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let is_terminal = out.get_ref().is_terminal();
    for notices in queue {
        for notice in &notices {
            // They are text; this is the fastest way to know.
            let text = str::from_utf8(notice)
                .map_or_else(|_| String::from_utf8_lossy(notice), Cow::Borrowed);
            out.write_all(for_people(&text, is_terminal).as_bytes())?;
        }
        out.flush()?;
        waiting.fetch_sub(length(&notices), Ordering::Relaxed);
    }
    Ok(())
}

/// The lines of a notice without the empty ones that announce them.
fn for_people(notice: &str, is_terminal: bool) -> String {
    let mut lines = String::with_capacity(notice.len());
    for line in notice.split_terminator('\n').filter(|line| !line.is_empty()) {
        let line = if is_terminal { for_terminal(line) } else { line.into() };
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_for_each_thing_that_happened() {
        let notice = "\n[10.0.0.1:1] a\x1b[2J\n\n[10.0.0.1:1] \n";
        assert_eq!(for_people(notice, false), "[10.0.0.1:1] a\x1b[2J\n[10.0.0.1:1] \n");
        assert_eq!(for_people(notice, true), "[10.0.0.1:1] a\\x1b[2J\n[10.0.0.1:1] \n");
    }
}
