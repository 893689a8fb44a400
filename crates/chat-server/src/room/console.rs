//! The chat on the server's standard output.
//!
//! Whoever reads our output may stop reading (a pager, a terminal on hold), and no thread
//! of the reactor may wait for that. So a thread of its own writes, from a bounded
//! queue; what does not fit is left out, with a line in the log that says so.

use chat_net::Bytes;
use chat_proto::text::for_terminal;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel,
};
use std::time::Duration;

/// Notices that may wait, of at most 64 KiB and what is before each line.
const WAITING: usize = 256;

/// How long the last words may take when the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// Prints notices. The last ones are still written when it is dropped.
#[derive(Debug)]
pub(super) struct Console {
    queue: Option<SyncSender<Bytes>>,
    /// Ends when the writing thread does.
    ended: Receiver<()>,
    /// Notices left out since the last one that was not.
    left_out: usize,
}

impl Console {
    pub(super) fn start() -> io::Result<Self> {
        let (queue, notices) = sync_channel(WAITING);
        let (end, ended) = channel();
        let write = move || {
            let _end: std::sync::mpsc::Sender<()> = end;
            // Whoever read our output has seen enough; the room goes on.
            let _ = write_all(&notices);
        };
        std::thread::Builder::new().name("console".into()).spawn(write)?;
        Ok(Self { queue: Some(queue), ended, left_out: 0 })
    }

    /// Never blocks.
    pub(super) fn print(&mut self, notice: Bytes) {
        let Some(queue) = &self.queue else { return };
        match queue.try_send(notice) {
            Ok(()) if self.left_out > 0 => {
                let count = std::mem::take(&mut self.left_out);
                tracing::warn!(count, "not printed: standard output is not read fast enough");
            }
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.left_out += 1,
            Err(TrySendError::Disconnected(_)) => self.queue = None,
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.queue = None;
        if self.ended.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the end of the chat was not printed: standard output is not read");
        }
    }
}

fn write_all(notices: &Receiver<Bytes>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let is_terminal = out.is_terminal();
    for notice in notices {
        let text = String::from_utf8_lossy(&notice);
        out.write_all(for_people(&text, is_terminal).as_bytes())?;
        out.flush()?;
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
