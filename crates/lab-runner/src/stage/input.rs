//! What is to be typed into a program, and is not in yet.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

/// How far the writing came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All of it is in.
    All,
    /// The program has to read first.
    Blocked,
}

/// The writing end of a program's standard input and what waits for it.
#[derive(Debug, Default)]
pub(super) struct InputQueue {
    waiting: VecDeque<u8>,
    close: bool,
}

impl InputQueue {
    /// Adds bytes at the end.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// Closes the input when all is in.
    pub(super) fn close(&mut self) {
        self.close = true;
    }

    /// Whether the input is to be closed now.
    pub(super) fn wants_close(&self) -> bool {
        self.close && self.waiting.is_empty()
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Writes as much as goes in without waiting.
    pub(super) fn write_to(&mut self, fd: &OwnedFd) -> io::Result<Written> {
        while !self.waiting.is_empty() {
            let (front, _) = self.waiting.as_slices();
            match rustix::io::write(fd.as_fd(), front) {
                Ok(count) => {
                    self.waiting.drain(..count);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(Written::Blocked),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Written::All)
    }
}
