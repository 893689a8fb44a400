//! The outgoing queue of one connection.

use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Result, Write};

/// Frames per vectored write. The kernel takes 1024; from a few hundred on, more
/// gains nothing.
const SLICES: usize = 256;

/// Frames that wait to be written, shared with other queues.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

impl Queue {
    pub(crate) fn push(&mut self, frame: Bytes) {
        if !frame.is_empty() {
            self.bytes += frame.len();
            self.frames.push_back(frame);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Writes until nothing is left (true) or the socket takes no more (false).
    pub(crate) fn write_to(&mut self, mut socket: impl Write) -> Result<bool> {
        while let Some(first) = self.frames.front() {
            let mut offered = first.len();
            let written = if self.frames.len() == 1 {
                socket.write(first)
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let mut count = 0;
                offered = 0;
                for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                    *slice = IoSlice::new(frame);
                    offered += frame.len();
                    count += 1;
                }
                socket.write_vectored(&slices[..count])
            };
            match written {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.consume(count);
                    // epoll(7): a write that takes a part has used up the room, and epoll will
                    // tell of more.
                    if count < offered {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // One burst should not make an idle connection keep its memory.
        if self.frames.capacity() > 64 {
            self.frames.shrink_to(16);
        }
        Ok(true)
    }

    fn consume(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(front) = self.frames.front_mut() {
            if front.len() > count {
                front.advance(count);
                return;
            }
            count -= front.len();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, and then no more.
    struct Narrow {
        taken: Vec<u8>,
        step: usize,
        room: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            let count = bytes.len().min(self.step).min(self.room);
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> Result<usize> {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.write(&all)
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_everything_in_order_whatever_the_socket_takes() {
        for step in [1, 2, 3, 7, 10_000] {
            let mut queue = Queue::default();
            let mut expected = Vec::new();
            for n in 0..1000 {
                let frame = format!("{n};");
                expected.extend_from_slice(frame.as_bytes());
                queue.push(frame.into());
            }
            queue.push(Bytes::new());
            let mut socket = Narrow { taken: Vec::new(), step, room: 1500 };
            while socket.room > 0 {
                assert!(!queue.write_to(&mut socket).unwrap());
            }
            assert_eq!(queue.bytes(), expected.len() - 1500);
            socket.room = usize::MAX;
            while !queue.write_to(&mut socket).unwrap() {}
            assert_eq!(socket.taken, expected);
            assert!(queue.is_empty() && queue.bytes() == 0);
        }
    }
}
