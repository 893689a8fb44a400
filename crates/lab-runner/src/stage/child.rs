//! A program that runs on a host, and the ends of its streams that are ours.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use lab_scenario::plan::Stdio;
use rustix::pipe::{PipeFlags, pipe_with};

use super::input::{InputQueue, Written};
use super::terminal;
use crate::event::Stream;
use crate::request::Size;

/// How much of one stream is read before others have their turn.
const MAX_PER_TURN: usize = 64 << 10;

/// What reading a stream came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// There may be more later.
    Open,
    /// There will be no more.
    Ended,
}

/// Our ends of a program's streams.
pub(super) struct Streams {
    /// Those it writes.
    outputs: Vec<(Stream, Option<OwnedFd>)>,
    /// The one it reads, unless that is its terminal.
    input: Option<OwnedFd>,
    queue: InputQueue,
    /// Its side of its terminal, once it has closed that and still runs.
    held: Option<OwnedFd>,
    program_ended: bool,
}

/// The program's ends: standard input, output and error.
pub(super) type TheirEnds = [OwnedFd; 3];

/// A program that runs, or ran.
pub(super) struct Child {
    pub(super) pid: u32,
    pub(super) running: bool,
    pub(super) streams: Streams,
}

impl Streams {
    /// Opens streams of that kind.
    pub(super) fn open(kind: Stdio) -> io::Result<(Self, TheirEnds)> {
        match kind {
            Stdio::Pty => Self::of_terminal(terminal::open()?),
            Stdio::Pipe => {
                let (read_in, write_in) = pipe_with(PipeFlags::CLOEXEC)?;
                let (read_out, write_out) = pipe_with(PipeFlags::CLOEXEC)?;
                let (read_err, write_err) = pipe_with(PipeFlags::CLOEXEC)?;
                for ours in [&write_in, &read_out, &read_err] {
                    terminal::set_nonblocking(ours)?;
                }
                let outputs =
                    vec![(Stream::Stdout, Some(read_out)), (Stream::Stderr, Some(read_err))];
                Ok((Self::of(outputs, Some(write_in)), [read_in, write_out, write_err]))
            }
        }
    }

    /// A terminal for a person.
    pub(super) fn open_for_people(size: Size) -> io::Result<(Self, TheirEnds)> {
        Self::of_terminal(terminal::open_for_people(size)?)
    }

    fn of_terminal((ours, theirs): (OwnedFd, OwnedFd)) -> io::Result<(Self, TheirEnds)> {
        let ends = [theirs.try_clone()?, theirs.try_clone()?, theirs];
        Ok((Self::of(vec![(Stream::Terminal, Some(ours))], None), ends))
    }

    fn of(outputs: Vec<(Stream, Option<OwnedFd>)>, input: Option<OwnedFd>) -> Self {
        let queue = InputQueue::default();
        Self { outputs, input, queue, held: None, program_ended: false }
    }

    /// No standard input, and both outputs as one: for commands that only run.
    pub(super) fn open_merged() -> io::Result<(Self, TheirEnds)> {
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        terminal::set_nonblocking(&ours)?;
        let nothing = std::fs::File::open("/dev/null")?.into();
        let streams = Self::of(vec![(Stream::Stdout, Some(ours))], None);
        Ok((streams, [nothing, theirs.try_clone()?, theirs]))
    }

    /// Those of its outputs that are open.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (Stream, &OwnedFd)> {
        self.outputs.iter().filter_map(|(stream, fd)| Some((*stream, fd.as_ref()?)))
    }

    /// What to write its input to, if that is still open.
    pub(super) fn input(&self) -> Option<&OwnedFd> {
        match self.outputs.first() {
            Some((Stream::Terminal, terminal)) => terminal.as_ref(),
            _ => self.input.as_ref(),
        }
    }

    /// Whether its input is a terminal, and so one descriptor with its output.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self.outputs.first(), Some((Stream::Terminal, _)))
    }

    /// Reads what there is, up to a bound, and hands it over in one piece.
    pub(super) fn read(
        &mut self,
        stream: Stream,
        buffer: &mut Vec<u8>,
        mut take: impl FnMut(&[u8]),
    ) -> Read {
        let Some((_, slot)) = self.outputs.iter_mut().find(|(name, _)| *name == stream) else {
            return Read::Ended;
        };
        let Some(fd) = slot else { return Read::Ended };
        buffer.resize(MAX_PER_TURN, 0);
        let mut filled = 0;
        let ended = loop {
            match rustix::io::read(fd.as_fd(), &mut buffer[filled..]) {
                Ok(0) => break true,
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::AGAIN) => break false,
                // EIO: the last copy of the terminal's other side was closed. Closing ours now would
                // hang up a program that is about to end, or has only closed its streams.
                Err(_) if stream == Stream::Terminal && !self.program_ended => {
                    self.held = terminal::side_of_program(fd).ok();
                    break self.held.is_none();
                }
                Err(_) => break true,
            }
            if filled == buffer.len() {
                break false;
            }
        };
        if filled > 0 {
            take(&buffer[..filled]);
        }
        if ended {
            *slot = None;
            return Read::Ended;
        }
        Read::Open
    }

    /// The program is gone: its terminal ends when nobody else holds it open.
    pub(super) fn program_ended(&mut self) {
        self.program_ended = true;
        self.held = None;
    }

    /// Closes everything: a terminal is hung up.
    pub(super) fn close(&mut self) {
        self.held = None;
        self.outputs.iter_mut().for_each(|(_, slot)| *slot = None);
        self.input = None;
        self.queue.clear();
    }

    /// How many bytes were typed that the program has not taken yet.
    pub(super) fn untaken(&self) -> usize {
        self.queue.len()
    }

    /// Types something: as much as goes in now, the rest when it can.
    pub(super) fn type_in(&mut self, bytes: &[u8]) -> io::Result<Written> {
        self.queue.push(bytes);
        self.flush()
    }

    /// Closes the input when all is in.
    pub(super) fn close_input(&mut self) -> io::Result<Written> {
        self.queue.close();
        self.flush()
    }

    /// Writes what waits, as far as it goes in.
    pub(super) fn flush(&mut self) -> io::Result<Written> {
        let fd = match self.outputs.first() {
            Some((Stream::Terminal, terminal)) => terminal.as_ref(),
            _ => self.input.as_ref(),
        };
        let Some(fd) = fd else {
            self.queue.clear();
            return Err(io::Error::other("its input is closed"));
        };
        let written = self.queue.write_to(fd);
        if written.is_err() {
            self.queue.clear();
        }
        if self.queue.wants_close() {
            self.input = None;
        }
        written
    }
}
