//! Writes records to standard output.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use rustix::time::{ClockId, clock_gettime};

use crate::event::{Event, Record};
use crate::scroll::Nanos;

/// The clock of a run and the record of it.
pub(super) struct Recorder {
    /// On [`ClockId::Monotonic`].
    began: Nanos,
    /// Lines that are not written yet.
    buffer: Vec<u8>,
}

impl Recorder {
    /// The run begins now.
    pub(super) fn new() -> Self {
        Self { began: monotonic(), buffer: Vec::with_capacity(64 << 10) }
    }

    /// Says something that belongs to no run.
    pub(super) fn say(event: Event) -> io::Result<()> {
        let mut recorder = Self::new();
        recorder.emit(event);
        recorder.flush()
    }

    /// Nanoseconds since the run began.
    pub(super) fn now(&self) -> Nanos {
        monotonic().saturating_sub(self.began)
    }

    /// A moment of the wall clock that was just now, in nanoseconds since the run began.
    pub(super) fn since_began(&self, moment: Nanos) -> Nanos {
        // Whoever loses the processor between the two clocks compares what is not the same.
        let both = || {
            let (before, wall) = (self.now(), read(ClockId::Realtime));
            (self.now().saturating_sub(before), before, wall)
        };
        let mut closest = both();
        for _ in 0..4 {
            if closest.0 > 2_000 {
                closest = closest.min(both());
            }
        }
        let (_, now, wall) = closest;
        now.saturating_sub(wall.saturating_sub(moment))
    }

    /// When the run began, on the wall clock: in nanoseconds since 1970.
    pub(super) fn epoch(&self) -> Nanos {
        read(ClockId::Realtime).saturating_sub(self.now())
    }

    /// When the run began, on the clock that programs can read as well.
    pub(super) fn began(&self) -> Nanos {
        self.began
    }

    /// Adds an event that happens now. It is written by [`Recorder::flush`].
    pub(super) fn emit(&mut self, event: Event) {
        let record = Record { at: self.now(), event };
        // Only a map with keys that are no strings cannot be written as JSON.
        if serde_json::to_writer(&mut self.buffer, &record).is_ok() {
            self.buffer.push(b'\n');
        }
    }

    /// Writes what there is.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        // Past the standard library's own buffer, which would cut at newlines.
        let stdout = io::stdout();
        let mut rest = self.buffer.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(stdout.as_fd(), rest) {
                Ok(count) => rest = &rest[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.buffer.clear();
        io::stdout().flush()
    }
}

/// The time on the monotonic clock, which all processes of a machine share.
fn monotonic() -> Nanos {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> Nanos {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
