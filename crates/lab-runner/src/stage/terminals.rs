//! Programs that people have started on hosts, beside those of the scenario.

use std::collections::BTreeMap;
use std::io;

use lab_scenario::plan::{ExitStatus, Signal, Stdio};

use super::child::{Child, Read, Streams};
use super::input::Written;
use super::record::Recorder;
use super::spawn::signal_group;
use super::terminal;
use crate::bytes::Bytes;
use crate::event::{Event, Stream};
use crate::request::{Size, TerminalId};
use crate::scroll::MAX_KEPT;

/// Bytes typed that a program may leave unread. More than a person types; what is
/// piped in beyond it is lost, and said to be.
const MAX_UNTAKEN: usize = 64 << 20;

/// How often a stream is read when its program has ended; the kernel holds less than
/// that.
const LAST_READS: usize = 8;

/// One of them.
pub(super) struct Terminal {
    child: Child,
    /// Bytes of its output that went into the record.
    recorded: usize,
}

impl Terminal {
    pub(super) fn new(pid: u32, streams: Streams) -> Self {
        Self { child: Child { pid, running: true, streams }, recorded: 0 }
    }

    pub(super) fn streams(&self) -> &Streams {
        &self.child.streams
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Terminals {
    open: BTreeMap<TerminalId, Terminal>,
}

impl Terminals {
    /// Streams for a new one.
    pub(super) fn streams(size: Option<Size>) -> io::Result<(Streams, super::child::TheirEnds)> {
        match size {
            Some(size) => Streams::open_for_people(size),
            None => Streams::open(Stdio::Pipe),
        }
    }

    pub(super) fn insert(&mut self, id: TerminalId, terminal: Terminal) {
        self.open.insert(id, terminal);
    }

    pub(super) fn get(&self, id: TerminalId) -> Option<&Terminal> {
        self.open.get(&id)
    }

    /// Reads what one of them says.
    pub(super) fn hear(
        &mut self,
        id: TerminalId,
        stream: Stream,
        buffer: &mut Vec<u8>,
        recorder: &mut Recorder,
    ) -> Read {
        let Some(terminal) = self.open.get_mut(&id) else { return Read::Ended };
        let recorded = &mut terminal.recorded;
        terminal.child.streams.read(stream, buffer, |bytes| {
            let fleeting = *recorded >= MAX_KEPT;
            *recorded = recorded.saturating_add(bytes.len());
            let bytes = Bytes::from(bytes);
            recorder.emit(Event::TerminalOutput { terminal: id, stream, bytes, fleeting });
            if !fleeting && *recorded >= MAX_KEPT {
                let message = format!(
                    "terminal {id} has said more than {} MiB: the rest is shown but not recorded",
                    MAX_KEPT >> 20
                );
                recorder.emit(Event::Warning { message });
            }
        })
    }

    /// Types into one of them.
    pub(super) fn type_in(
        &mut self,
        id: TerminalId,
        bytes: Bytes,
        recorder: &mut Recorder,
    ) -> Option<io::Result<Written>> {
        let terminal = self.open.get_mut(&id)?;
        if terminal.child.streams.untaken() + bytes.len() > MAX_UNTAKEN {
            let message = format!("terminal {id} does not read: what was typed is lost");
            recorder.emit(Event::Warning { message });
            return None;
        }
        let written = terminal.child.streams.type_in(&bytes);
        recorder.emit(Event::TerminalInput { terminal: id, bytes });
        Some(written)
    }

    /// Writes to one of them what is waiting.
    pub(super) fn flush(&mut self, id: TerminalId) -> Option<io::Result<Written>> {
        Some(self.open.get_mut(&id)?.child.streams.flush())
    }

    /// Lets the input of one of them end.
    pub(super) fn close_input(&mut self, id: TerminalId) -> Option<io::Result<Written>> {
        Some(self.open.get_mut(&id)?.child.streams.close_input())
    }

    pub(super) fn resize(&self, id: TerminalId, size: Size, recorder: &mut Recorder) {
        let Some(terminal) = self.open.get(&id) else { return };
        let streams = terminal.streams();
        if let Some(fd) = streams.input().filter(|_| streams.is_terminal())
            && terminal::resize(fd, size).is_ok()
        {
            recorder.emit(Event::TerminalResized { terminal: id, size });
        }
    }

    /// Nobody looks at it any more: it hears so, as from a terminal that was closed.
    pub(super) fn hang_up(&mut self, id: TerminalId) {
        if let Some(terminal) = self.open.get_mut(&id) {
            terminal.child.streams.close();
            signal_group(terminal.child.pid, Signal::HUP);
        }
    }

    /// The one with that process number.
    pub(super) fn of_process(&self, pid: u32) -> Option<TerminalId> {
        self.open.iter().find(|(_, terminal)| terminal.child.pid == pid).map(|(id, _)| *id)
    }

    /// It has ended: says its last words, and forgets it.
    pub(super) fn end(
        &mut self,
        id: TerminalId,
        status: ExitStatus,
        buffer: &mut Vec<u8>,
        recorder: &mut Recorder,
    ) {
        let Some(terminal) = self.open.get_mut(&id) else { return };
        terminal.child.streams.program_ended();
        let streams: Vec<_> = terminal.streams().outputs().map(|(stream, _)| stream).collect();
        for stream in streams {
            // More than once: what it wrote last may be more than is read at a time. Not for
            // ever: others may go on writing.
            for _ in 0..LAST_READS {
                let before = self.open.get(&id).map(|terminal| terminal.recorded);
                self.hear(id, stream, buffer, recorder);
                if before == self.open.get(&id).map(|terminal| terminal.recorded) {
                    break;
                }
            }
        }
        self.open.remove(&id);
        recorder.emit(Event::TerminalClosed { terminal: id, status });
    }
}
