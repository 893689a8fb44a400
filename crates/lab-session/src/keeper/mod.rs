//! Keeps sessions: lets people into runs that wait for them.
//!
//! The dispatcher tells the keeper what happens, on its own thread, and is never made to wait:
//! what people are told goes into queues with an end ([`outlet`]). Each connection has two
//! threads, one that reads and one that writes.

mod connection;
mod outlet;
mod state;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use lab_runner::dispatcher::{DispatchEvent, ReportError, Reporter, Run, RunIndex, StageControl};
use lab_runner::event::{Event, HeldBecause};
use lab_scenario::plan::Plan;

use crate::address;
use state::State;

/// Connections to a session at one time; more are refused.
const MAX_CONNECTIONS: usize = 256;

/// A plan that has grown.
#[derive(Debug, Clone, PartialEq)]
pub struct Extension {
    /// All of it.
    pub plan: Plan,
    /// The steps that are new.
    pub steps: Range<usize>,
}

/// Adds something to the plan of a session. The error is for people, of several lines
/// perhaps.
pub type Grow = Box<dyn FnMut(&str) -> Result<Extension, String> + Send>;

/// When people are let in.
pub enum Doors {
    /// As soon as the run begins. Steps can be added.
    AtOnce {
        /// The name of the session.
        name: String,
        /// Whether it must be that name, or may have a number behind it.
        exactly: bool,
        /// What adds steps.
        grow: Grow,
    },
    /// Only when a run waits. The session is named after it.
    WhenHeld,
}

/// What the keeper tells the process that it is in.
#[derive(Debug)]
pub enum Announcement<'a> {
    /// People may come in.
    Open {
        /// The name of the session.
        session: &'a str,
    },
    /// A run waits.
    Held {
        /// The name of the session.
        session: &'a str,
        /// Which run.
        run: Run<'a>,
        /// Why.
        because: &'a HeldBecause,
    },
}

/// Keeps the sessions of all runs of a dispatch, as one of its reporters.
pub struct Keeper<'a> {
    doors: Option<Doors>,
    announce: Box<dyn FnMut(&Announcement<'_>) + 'a>,
    rooms: BTreeMap<RunIndex, Arc<Room>>,
}

impl<'a> Keeper<'a> {
    /// A keeper that lets people in then.
    pub fn new(doors: Doors, announce: impl FnMut(&Announcement<'_>) + 'a) -> Self {
        Self { doors: Some(doors), announce: Box::new(announce), rooms: BTreeMap::new() }
    }

    fn begin(&mut self, run: Run<'_>, control: &StageControl) -> Result<(), ReportError> {
        let state = State::new(run.plan, run.folder, control.clone());
        let room = Arc::new(Room { state: Mutex::new(state), grow: Mutex::new(None) });
        self.rooms.insert(run.index, Arc::clone(&room));
        match self.doors.take() {
            Some(Doors::AtOnce { name, exactly, grow }) => {
                *lock(&room.grow) = Some(grow);
                let session = open(&room, &name, exactly)?;
                (self.announce)(&Announcement::Open { session: &session });
            }
            when => self.doors = when,
        }
        Ok(())
    }

    fn hold(&mut self, run: Run<'_>, because: &HeldBecause) -> Result<(), ReportError> {
        let Some(room) = self.rooms.get(&run.index) else { return Ok(()) };
        let name = lock(&room.state).name().to_owned();
        let session = match name.is_empty() {
            true => open(room, &run.plan.identity.label(), false)?,
            false => name,
        };
        (self.announce)(&Announcement::Held { session: &session, run, because });
        Ok(())
    }
}

impl Reporter for Keeper<'_> {
    fn report(&mut self, event: &DispatchEvent<'_>) -> Result<(), ReportError> {
        match *event {
            DispatchEvent::RunOpen { run, control } => self.begin(run, control)?,
            DispatchEvent::RunRecord { run, record, .. } => {
                if let Some(room) = self.rooms.get(&run.index) {
                    lock(&room.state).note(&record.event);
                }
                if let Event::Held { because } = &record.event {
                    self.hold(run, because)?;
                }
            }
            DispatchEvent::RunAgain { run, .. } | DispatchEvent::RunEnded { run, .. } => {
                if let Some(room) = self.rooms.remove(&run.index) {
                    lock(&room.state).end();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A run that people may come into.
struct Room {
    state: Mutex<State>,
    /// Locked by who adds something, until the stage has been told: things are added in the
    /// same order everywhere. Never by the dispatcher's thread.
    grow: Mutex<Option<Grow>>,
}

/// What was in use when a thread panicked is as good as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets people in.
fn open(room: &Arc<Room>, name: &str, exactly: bool) -> Result<String, ReportError> {
    let action = || format!("open the session `{name}`");
    let (name, listener) = address::listen(name, exactly).map_err(|error| {
        let error = match error.kind() {
            io::ErrorKind::AddrInUse => io::Error::other("there is one of that name"),
            _ => error,
        };
        ReportError::new(action(), error)
    })?;
    lock(&room.state).set_name(&name);
    let room = Arc::clone(room);
    thread::Builder::new()
        .name("session".to_owned())
        .spawn(move || welcome(&room, &listener))
        .map_err(|error| ReportError::new(action(), error))?;
    Ok(name)
}

/// Takes connections until the run is over. The thread ends with the process at the latest.
fn welcome(room: &Arc<Room>, listener: &UnixListener) {
    let connected = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if lock(&room.state).is_over() {
            return;
        }
        // Too many open files, say: others may end theirs.
        let Ok(stream) = stream else { continue };
        if !address::is_ours(&stream) || connected.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
            continue;
        }
        connected.fetch_add(1, Ordering::Relaxed);
        let (room, connected) = (Arc::clone(room), Arc::clone(&connected));
        // Without a thread the connection is closed, which says enough.
        let _ = thread::Builder::new().name("connection".to_owned()).spawn(move || {
            connection::serve(&room, stream);
            connected.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
