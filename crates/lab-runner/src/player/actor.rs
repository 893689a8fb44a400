//! A process as the player knows it: whether it lives, what it said.

use std::ops::Range;

use lab_scenario::plan::{ExitStatus, Process, Signal, Stdio};

use crate::event::Stream;
use crate::matcher::{Found, Matcher};
use crate::scroll::{Nanos, Scroll, ScrollScan};

/// How long output may still come after a program has ended before that is
/// taken for all. Something else that holds the output open (a child in the
/// background) may say more, but nobody waits for it.
pub(super) const DRAIN: Nanos = 200_000_000;

/// How long a program must pause for a match at the very end of its output to
/// count (see [`Found::Perhaps`]).
pub(super) const SETTLE: Nanos = 20_000_000;

/// Where a process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Not started yet.
    Absent,
    /// Started, and running as far as anybody knows.
    Running,
    /// Ended, then.
    Ended(ExitStatus, Nanos),
}

/// A process of the plan.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) life: Life,
    /// Whether it has met its `ready` condition since it was started.
    pub(super) ready: bool,
    /// Its terminal, or its standard output and standard error.
    pub(super) scrolls: Vec<Scroll>,
    /// What was typed into it, and when.
    pub(super) typed: Vec<(Nanos, Vec<u8>)>,
    /// Bytes of its output that went into the record.
    pub(super) recorded: usize,
    /// Somebody asked it to end, so that however it ends is no surprise.
    pub(super) excused: bool,
    /// What steps have sent it since it was started.
    pub(super) signals: Vec<Signal>,
    /// Whether what was typed last lacks its Enter.
    pub(super) mid_line: bool,
}

/// A place in each stream of a process from which to look.
pub(super) type Scans = Vec<ScrollScan>;

/// What looking at all streams of a process came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Found, in the stream with that index.
    Here(usize, Range<usize>),
    /// Found, if nothing more has come by then.
    PerhapsAt(Nanos),
    /// Not found.
    Not,
}

impl Actor {
    pub(super) fn new(process: &Process) -> Self {
        let streams = match process.stdio {
            Stdio::Pty => 1,
            Stdio::Pipe => 2,
        };
        Self {
            life: Life::Absent,
            ready: false,
            scrolls: std::iter::repeat_with(Scroll::default).take(streams).collect(),
            typed: Vec::new(),
            recorded: 0,
            excused: false,
            signals: Vec::new(),
            mid_line: false,
        }
    }

    /// It was started, perhaps once more: what it says adds to what it said.
    pub(super) fn start(&mut self) {
        self.life = Life::Running;
        self.excused = false;
        self.signals.clear();
        self.mid_line = false;
        self.scrolls.iter_mut().for_each(Scroll::reopen);
    }

    /// Whether somebody asked it to end like this: all at once, or by a signal. One that is
    /// only to be heard, such as SIGHUP by a server that reads its files again, excuses no crash.
    pub(super) fn is_excused(&self, status: ExitStatus) -> bool {
        /// Those by which a program is asked to end, with a code if it likes: HUP, INT, QUIT,
        /// ABRT and TERM.
        const ENDING: [Signal; 5] = [Signal::HUP, Signal(2), Signal(3), Signal(6), Signal::TERM];
        self.excused
            || match status {
                ExitStatus::Signal(by) => self.signals.contains(&by),
                ExitStatus::Code(_) => self.signals.iter().any(|sent| ENDING.contains(sent)),
            }
    }

    pub(super) fn scroll_mut(&mut self, stream: Stream) -> Option<&mut Scroll> {
        match stream {
            Stream::Terminal | Stream::Stdout => self.scrolls.first_mut(),
            Stream::Stderr => self.scrolls.get_mut(1),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.life == Life::Running
    }

    pub(super) fn status(&self) -> Option<ExitStatus> {
        match self.life {
            Life::Ended(status, _) => Some(status),
            Life::Absent | Life::Running => None,
        }
    }

    /// When its output is complete: at once if all streams have ended, a while
    /// after its end if not; `None` while it runs.
    pub(super) fn drained_at(&self) -> Option<Nanos> {
        match self.life {
            Life::Ended(_, at) if self.is_closed() => Some(at),
            Life::Ended(_, at) => Some(at + DRAIN),
            Life::Absent | Life::Running => None,
        }
    }

    /// Whether all its streams have ended.
    pub(super) fn is_closed(&self) -> bool {
        self.scrolls.iter().all(Scroll::is_closed)
    }

    /// Why it will not say anything any more, and from when on that is certain.
    pub(super) fn silenced(&self) -> Option<(String, Nanos)> {
        match self.life {
            // After a clean end a child in the background may still speak,
            // unless nobody holds the output open any more.
            Life::Ended(status, at) if self.is_closed() || status != ExitStatus::Code(0) => {
                Some((status.to_string(), self.drained_at().unwrap_or(at)))
            }
            // A program that ends closes its output first, a moment before its
            // end is seen.
            Life::Running if self.is_closed() => {
                let closed = self.scrolls.iter().filter_map(Scroll::closed_at).max();
                Some(("closed its output".to_owned(), closed.unwrap_or(0) + DRAIN))
            }
            Life::Absent | Life::Running | Life::Ended(..) => None,
        }
    }

    /// Scans that begin where expectations look next.
    pub(super) fn scans_at_cursor(&self) -> Scans {
        self.scrolls.iter().map(|scroll| ScrollScan::new(scroll.cursor())).collect()
    }

    /// Scans that begin at what comes from now on.
    pub(super) fn scans_at_end(&self) -> Scans {
        self.scrolls.iter().map(|scroll| ScrollScan::new(scroll.end())).collect()
    }

    /// Looks for a match in each stream.
    pub(super) fn look(&self, scans: &mut Scans, matcher: &Matcher, now: Nanos) -> Sight {
        let mut perhaps = None;
        for (index, (scroll, scan)) in self.scrolls.iter().zip(scans).enumerate() {
            let quiet_at = scroll.last_arrival().unwrap_or(0) + SETTLE;
            match scroll.find(scan, matcher, now >= quiet_at) {
                Found::Here(range) => return Sight::Here(index, range),
                Found::Perhaps => {
                    perhaps = Some(perhaps.map_or(quiet_at, |at: Nanos| at.min(quiet_at)));
                }
                Found::Not => {}
            }
        }
        perhaps.map_or(Sight::Not, Sight::PerhapsAt)
    }

    /// Whether anything at all came out.
    pub(super) fn has_spoken(&self) -> bool {
        self.scrolls.iter().any(|scroll| scroll.end() > 0)
    }
}
