//! The standard input of a stage.

use std::io::{self, Write as _};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::Serialize;

use crate::request::Request;

/// Lines that may wait to be read by the stage.
const QUEUE: usize = 256;

/// Asks a stage for something on behalf of people. While any is left, and it is not
/// closed, the stage may go on.
///
/// Lines are written by a thread: one may be larger than the pipe, and a stage that does
/// not read must not stop everything else.
#[derive(Debug, Clone)]
pub struct StageControl {
    outbox: SyncSender<Vec<u8>>,
    closed: Arc<AtomicBool>,
}

impl StageControl {
    pub(super) fn new(pipe: ChildStdin) -> io::Result<Self> {
        let (outbox, inbox) = sync_channel(QUEUE);
        let closed = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name("control".to_owned());
        thread.spawn({
            let closed = Arc::clone(&closed);
            move || write(pipe, &inbox, &closed)
        })?;
        Ok(Self { outbox, closed })
    }

    /// Asks for something. Of a stage that is gone, in vain. Waits while it has much to
    /// read: not for the thread that reads what it says.
    pub fn ask(&self, request: &Request) {
        // A request is written as JSON in any case.
        let _ = self.say(request);
    }

    pub(super) fn say(&self, line: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        // One that is gone already will be seen to be.
        let _ = self.outbox.send(line);
        Ok(())
    }

    /// Nothing more will come. Does not wait.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Wakes the thread; if that has other lines, it will look by itself.
        let _ = self.outbox.try_send(Vec::new());
    }
}

fn write(mut pipe: ChildStdin, inbox: &Receiver<Vec<u8>>, closed: &AtomicBool) {
    for line in inbox {
        if closed.load(Ordering::Acquire) || pipe.write_all(&line).is_err() {
            return;
        }
    }
}
