//! How each kind of step begins: its first orders, and what it then waits for.

use lab_scenario::plan::{Action, Input, ProcessId, Ready, Stdio};

use super::actor::Life;
use super::step::StepState;
use super::{Order, Player, Port, nanos};
use crate::bytes::Bytes;
use crate::event::Event;
use crate::scroll::Nanos;

/// End of input on a terminal (termios(3), VEOF).
const CTRL_D: u8 = 4;

/// What a terminal takes as one line, its Enter not counted (termios(3)).
const MAX_TERMINAL_LINE: usize = 4095;

impl Player<'_> {
    /// Begins a step: gives its first orders.
    pub(super) fn open(&mut self, index: usize, action: &Action, now: Nanos) -> StepState {
        match action {
            Action::Start(of) => self.open_start(*of),
            Action::Stop(of) => self.open_stop(*of, now),
            Action::Send { to, input } => self.open_send(index, *to, input, now),
            Action::Expect { from, .. } => {
                StepState::Expecting { scans: self.actors[from.0].scans_at_cursor() }
            }
            Action::Silence { from, .. } => {
                StepState::Listening { scans: self.actors[from.0].scans_at_end() }
            }
            Action::Exec { .. } => {
                self.orders.push_back(Order::Exec(index));
                StepState::Executing { result: None }
            }
            Action::Signal { to, signal } => match self.running(*to) {
                Ok(()) => {
                    self.actors[to.0].excused = true;
                    self.orders.push_back(Order::Signal(*to, *signal));
                    StepState::Watching
                }
                Err(why) => StepState::Impossible { why: format!("cannot send {signal}: {why}") },
            },
            Action::Exit { of, .. } => match self.actors[of.0].life {
                Life::Absent => {
                    StepState::Impossible { why: format!("{} was never started", self.name(*of)) }
                }
                Life::Running | Life::Ended(..) => StepState::Watching,
            },
            Action::Wait(_) => StepState::Watching,
            Action::Link { between, state } => {
                self.orders.push_back(Order::SetLink(between.clone(), *state));
                StepState::Linking { result: None }
            }
        }
    }

    fn open_start(&mut self, of: ProcessId) -> StepState {
        let name = self.name(of);
        if self.actors[of.0].is_running() {
            return StepState::Impossible { why: format!("{name} is running already") };
        }
        // An end of before is not the end of the one that starts now.
        self.actors[of.0].life = Life::Absent;
        let scans = self.actors[of.0].scans_at_end();
        self.orders.push_back(Order::Spawn(of));
        match self.process(of).ready {
            Some(Ready::Tcp(port)) => self.orders.push_back(Order::WatchPort(of, Port::Tcp(port))),
            Some(Ready::Udp(port)) => self.orders.push_back(Order::WatchPort(of, Port::Udp(port))),
            Some(Ready::Output(_) | Ready::Exit(_)) | None => {}
        }
        StepState::Starting { of, scans, port_open: false }
    }

    fn open_stop(&mut self, of: ProcessId, now: Nanos) -> StepState {
        if self.actors[of.0].life == Life::Absent {
            return StepState::Impossible { why: format!("{} was never started", self.name(of)) };
        }
        let process = self.process(of);
        let kill_at = now.saturating_add(nanos(process.grace));
        if self.actors[of.0].is_running() {
            self.actors[of.0].excused = true;
            self.orders.push_back(Order::Signal(of, process.stop));
        }
        StepState::Stopping { kill_at, killed: false }
    }

    fn open_send(&mut self, index: usize, to: ProcessId, input: &Input, now: Nanos) -> StepState {
        if let Err(why) = self.running(to) {
            return StepState::Impossible { why: format!("cannot type: {why}") };
        }
        let is_terminal = self.process(to).stdio == Stdio::Pty;
        let bytes = match (input, &self.script.types[index]) {
            (Input::Eof, _) if is_terminal => {
                // The first one only hands over an unfinished line.
                let times = if self.actors[to.0].mid_line { 2 } else { 1 };
                vec![CTRL_D; times]
            }
            (Input::Eof, _) => {
                self.orders.push_back(Order::CloseInput(to));
                return StepState::Typing { to, done: None };
            }
            (_, Some(bytes)) => bytes.clone(),
            (_, None) => Vec::new(),
        };
        let longest = bytes.split(|&b| b == b'\n').map(<[u8]>::len).max().unwrap_or(0);
        if is_terminal && longest > MAX_TERMINAL_LINE {
            return StepState::Impossible {
                why: format!(
                    "a line of {longest} bytes does not go through a terminal, which takes \
                     {MAX_TERMINAL_LINE}; give {} `stdio: pipe`",
                    self.name(to)
                ),
            };
        }
        if let Some(last) = bytes.last() {
            self.actors[to.0].mid_line = !matches!(last, b'\n' | &CTRL_D);
        }
        self.chronicle.typed(now, self.name(to), &bytes);
        self.emit(Event::Input { process: to, bytes: Bytes(bytes.clone()) });
        self.orders.push_back(Order::Type(to, bytes));
        StepState::Typing { to, done: None }
    }

    pub(super) fn running(&self, process: ProcessId) -> Result<(), String> {
        let name = self.name(process);
        match self.actors[process.0].life {
            Life::Running => Ok(()),
            Life::Absent => Err(format!("{name} was never started")),
            Life::Ended(status, _) => Err(format!("{name} is not running any more: it {status}")),
        }
    }

    /// The present step is done: notes what follows from that.
    pub(super) fn settle(&mut self, index: usize) {
        match &self.plan.steps[index].action {
            Action::Start(process) => self.emit(Event::ProcessReady { process: *process }),
            // This end was asked for; it is no surprise to the steps that follow.
            Action::Exit { of, .. } => self.actors[of.0].excused = true,
            Action::Link { between, state } => {
                self.emit(Event::LinkChanged { between: between.clone(), state: *state });
            }
            _ => {}
        }
    }
}
