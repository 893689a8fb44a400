//! Somebody who has come into a session.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::thread;

use lab_runner::request::{Request, TerminalId};

use super::outlet::Outlet;
use super::{Room, lock};
use crate::protocol::{Answer, Ask};

/// Longest line that is read: what is pasted into a terminal comes in pieces.
const MAX_LINE: u64 = 1 << 20;

/// Reads what somebody asks until they are gone.
pub(super) fn serve(room: &Room, stream: UnixStream) {
    let outlet = Outlet::default();
    let Ok(writer) = stream.try_clone() else { return };
    let written = thread::Builder::new().name("answers".to_owned()).spawn({
        let outlet = outlet.clone();
        move || outlet.write_to(&writer)
    });
    if written.is_err() {
        return;
    }
    let mut guest = Guest { room, outlet, terminal: None };
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(count) if count > 0 && line.ends_with(b"\n") => {}
            Ok(_) | Err(_) => break,
        }
        match serde_json::from_slice(&line) {
            Ok(ask) => guest.hear(ask),
            // Another version of labrun, perhaps.
            Err(error) => {
                let why = format!("the session does not understand this: {error}");
                let help = Some("start it anew with this labrun".to_owned());
                guest.outlet.say(&Answer::Refused { why, help });
                break;
            }
        }
    }
    guest.leave();
}

struct Guest<'r> {
    room: &'r Room,
    outlet: Outlet,
    /// The terminal that the connection is.
    terminal: Option<TerminalId>,
}

impl Guest<'_> {
    fn hear(&mut self, ask: Ask) {
        match ask {
            Ask::Open(mut opening) => {
                if self.terminal.is_some() {
                    return self.refuse("this connection is a terminal already");
                }
                let mut state = lock(&self.room.state);
                opening.env.push(("LABRUN_SESSION".to_owned(), state.name().to_owned()));
                let terminal = state.admit(self.outlet.clone(), &opening);
                drop(state);
                self.terminal = Some(terminal);
                self.request(&Request::Open { terminal, opening });
            }
            Ask::Type { bytes } => {
                self.of_terminal(|terminal| Request::Type { terminal, bytes });
            }
            Ask::Resize(size) => self.of_terminal(|terminal| Request::Resize { terminal, size }),
            Ask::CloseInput => self.of_terminal(|terminal| Request::CloseInput { terminal }),
            Ask::Do { text } => self.add(&text),
            Ask::Describe => {
                let description = lock(&self.room.state).describe();
                self.outlet.say(&Answer::Session(Box::new(description)));
            }
            Ask::Transcript { of, lines } => {
                let answer = lock(&self.room.state).transcript(&of, lines);
                self.outlet.say(&answer);
            }
            Ask::Watch => lock(&self.room.state).watch(self.outlet.clone()),
            Ask::Continue => {
                self.request(&Request::Continue);
                self.outlet.say(&Answer::Done { said: String::new() });
            }
            Ask::Down => {
                self.request(&Request::End);
                self.outlet.say(&Answer::Done { said: String::new() });
            }
        }
    }

    fn of_terminal(&self, request: impl FnOnce(TerminalId) -> Request) {
        match self.terminal {
            Some(terminal) => self.request(&request(terminal)),
            None => self.refuse("there is no terminal to do this to"),
        }
    }

    fn refuse(&self, why: &str) {
        self.outlet.say(&Answer::Refused { why: why.to_owned(), help: None });
    }

    /// Tells the stage. Nothing is locked meanwhile that the dispatcher's thread needs.
    fn request(&self, request: &Request) {
        let control = lock(&self.room.state).control().clone();
        control.ask(request);
    }

    /// Adds a step or a process, and has it played.
    fn add(&self, text: &str) {
        let mut grow = lock(&self.room.grow);
        let Some(grow) = &mut *grow else {
            return self.refuse("only a session of `labrun up` takes more steps");
        };
        if !lock(&self.room.state).takes_steps() {
            return self.refuse("the run does not wait yet: not all of its programs are ready");
        }
        match grow(text) {
            Ok(extension) => {
                lock(&self.room.state).expect(&extension, self.outlet.clone());
                self.request(&Request::Extend { plan: Box::new(extension.plan) });
            }
            Err(text) => self.outlet.say(&Answer::Failed { text }),
        }
    }

    fn leave(self) {
        let mut state = lock(&self.room.state);
        let awaited = state.forget(&self.outlet);
        let open = self.terminal.filter(|terminal| state.dismiss(*terminal));
        let control = state.control().clone();
        drop(state);
        if let Some(terminal) = open {
            control.ask(&Request::Close { terminal });
        }
        for steps in awaited {
            control.ask(&Request::GiveUp { steps });
        }
        self.outlet.close();
    }
}
