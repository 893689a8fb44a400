//! What a command asks of the session, and how it is interrupted: by going away.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lab_runner::bytes::Bytes;
use lab_runner::event::Stream;
use lab_runner::request::Opening;
use lab_scenario::plan::ExitStatus;

use super::keyboard::Keyboard;
use crate::client::{self, Asker, Hearer, SessionError};
use crate::protocol::{Answer, Ask};

/// Bytes that are kept of what a program says.
const MAX_OUTPUT: usize = 1 << 20;

/// What a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Nothing.
    Closed,
    /// Nothing, and its end comes when that is asked for.
    Held,
}

/// One command's connections to the session.
pub(super) struct Visit {
    session: String,
    interrupted: AtomicBool,
    open: Mutex<Vec<Asker>>,
}

/// What a program said, all of it, and how it ended.
pub(super) struct Said {
    pub(super) output: String,
    errors: String,
    pub(super) status: ExitStatus,
}

impl Said {
    /// The first line of what it said of itself.
    pub(super) fn complaint(&self) -> &str {
        let first = self.errors.lines().next().unwrap_or("it ended without a word");
        first.strip_prefix("error: ").unwrap_or(first)
    }
}

impl Visit {
    pub(super) fn new(session: &str) -> Self {
        let session = session.to_owned();
        Self { session, interrupted: AtomicBool::new(false), open: Mutex::default() }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Does something while Ctrl-C at the keyboard interrupts it.
    pub(super) fn during<T: Send>(
        &self,
        keyboard: Option<&mut Keyboard>,
        work: impl FnOnce() -> T + Send,
    ) -> io::Result<T> {
        let Some(keyboard) = keyboard else { return Ok(work()) };
        let (done, end) = UnixStream::pair()?;
        thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let _end = end;
                work()
            });
            keyboard.wait(&done, || self.interrupt())?;
            worker.join().map_err(|_| io::Error::other("the command ended with a panic"))
        })
    }

    /// Goes: whatever runs for it ends.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.drain(..).for_each(|asker| asker.leave());
    }

    /// Ends the input of programs for which it is held.
    pub(super) fn close_input(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().for_each(|asker| asker.ask(&Ask::CloseInput));
    }

    fn enter(&self) -> Result<(Asker, Hearer), SessionError> {
        let (asker, hearer) = client::enter(&self.session)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(clone) = asker.try_clone() {
            open.push(clone);
        }
        // It may have been interrupted just before.
        if self.is_interrupted() {
            open.drain(..).for_each(|asker| asker.leave());
        }
        Ok((asker, hearer))
    }

    /// Asks for one thing and waits for the answer.
    pub(super) fn ask(&self, ask: &Ask) -> Result<Answer, SessionError> {
        let (asker, mut hearer) = self.enter()?;
        asker.ask(ask);
        hearer.hear()
    }

    /// Runs a program on a host to its end. Each line that it puts out is shown to `look` while
    /// it runs.
    pub(super) fn run(
        &self,
        host: &str,
        argv: &[&str],
        input: Input,
        mut look: impl FnMut(&str),
    ) -> Result<Said, SessionError> {
        let (asker, mut hearer) = self.enter()?;
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        asker.ask(&Ask::Open(Opening { host: host.to_owned(), argv, size: None, env: Vec::new() }));
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut seen = 0;
        loop {
            match hearer.hear()? {
                Answer::Opened if input == Input::Closed => asker.ask(&Ask::CloseInput),
                Answer::Output { stream: Stream::Stdout, bytes: Bytes(bytes) } => {
                    output.extend_from_slice(&bytes);
                    output.truncate(MAX_OUTPUT);
                    while let Some(end) = output[seen..].iter().position(|byte| *byte == b'\n') {
                        look(&String::from_utf8_lossy(&output[seen..seen + end]));
                        seen += end + 1;
                    }
                }
                Answer::Output { bytes: Bytes(bytes), .. } => {
                    errors.extend_from_slice(&bytes);
                    errors.truncate(MAX_OUTPUT);
                }
                Answer::Closed { status } => {
                    let [output, errors] =
                        [output, errors].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                    return Ok(Said { output, errors, status });
                }
                Answer::Refused { why, help } => return Err(SessionError::Refused { why, help }),
                _ => {}
            }
        }
    }
}
