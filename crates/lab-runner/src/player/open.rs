//! How each kind of step begins: its first orders, and what it then waits for.

use lab_scenario::plan::{Action, Fault, Input, Mutation, ProcessId, Signal, Stdio};

use super::actor::Life;
use super::step::StepState;
use super::{Order, Player, nanos};
use crate::bytes::Bytes;
use crate::event::Event;
use crate::scroll::Nanos;

/// End of input on a terminal (termios(3), VEOF).
const CTRL_D: u8 = 4;

/// What a terminal takes as one line, its Enter not counted (termios(3)).
const MAX_TERMINAL_LINE: usize = 4095;

impl Player<'_> {
    /// Begins a step: gives its first orders.
    pub(super) fn open(&mut self, index: usize, now: Nanos) -> StepState {
        if let Err(why) = self.script.steps[index].prepare(&self.saved) {
            return StepState::Impossible { why };
        }
        let action = &self.plan.steps[index].action;
        match action {
            Action::Start(of) => match self.open_start(*of) {
                Ok(start) => StepState::Starting(start),
                Err(why) => StepState::Impossible { why },
            },
            Action::Stop(of) => self.open_end(*of, None, now),
            Action::Kill(of) => self.open_end(*of, Some(Signal::KILL), now),
            Action::Send { to, input } => self.open_send(index, *to, input, now),
            Action::Expect { from, .. } => {
                StepState::Expecting { scans: self.actors[from.0].scans_at_cursor() }
            }
            Action::Ask { of, answer, every, .. } => self.open_ask(index, *of, answer, *every, now),
            Action::Silence { from, .. } => {
                StepState::Listening { scans: self.actors[from.0].scans_at_end() }
            }
            Action::Exec { .. } => {
                self.orders.push_back(Order::Exec(index));
                StepState::Executing { result: None }
            }
            Action::Signal { to, signal } => match self.running(*to) {
                Ok(()) => {
                    self.actors[to.0].signals.push(*signal);
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
            Action::Fault(fault) => self.open_fault(index, fault),
            Action::Parallel { .. } | Action::Retry { .. } => self.open_inner(action, now),
            Action::Await(_) | Action::Wait(_) | Action::Assert { .. } | Action::Label(_) => {
                StepState::Watching
            }
        }
    }

    fn open_fault(&mut self, index: usize, fault: &Fault) -> StepState {
        if let Fault::HostDown { host, .. } = fault {
            for (process, actor) in self.plan.processes.iter().zip(&mut self.actors) {
                actor.excused |= process.host == *host;
            }
        }
        self.orders.push_back(Order::Apply(index));
        StepState::Applying { result: None }
    }

    /// Asks a process to end, or makes it.
    fn open_end(&mut self, of: ProcessId, by: Option<Signal>, now: Nanos) -> StepState {
        if self.actors[of.0].life == Life::Absent {
            return StepState::Impossible { why: format!("{} was never started", self.name(of)) };
        }
        let process = self.process(of);
        if self.actors[of.0].is_running() {
            self.ask_to_end(of, by.unwrap_or(process.stop));
        }
        let kill_at = now.saturating_add(nanos(process.grace));
        StepState::Stopping { kill_at, killed: by == Some(Signal::KILL) }
    }

    fn open_send(&mut self, index: usize, to: ProcessId, input: &Input, now: Nanos) -> StepState {
        if let Err(why) = self.running(to) {
            return StepState::Impossible { why: format!("cannot type: {why}") };
        }
        let is_terminal = self.process(to).stdio == Stdio::Pty;
        let typed = match self.script.steps[index].types(&self.saved) {
            Ok(typed) => typed,
            Err(why) => return StepState::Impossible { why },
        };
        let bytes = match input {
            Input::Eof if is_terminal => {
                // The first one only hands over an unfinished line.
                let times = if self.actors[to.0].mid_line { 2 } else { 1 };
                vec![CTRL_D; times]
            }
            Input::Eof => {
                self.orders.push_back(Order::CloseInput(to));
                return StepState::Typing { to, done: None };
            }
            Input::Line(_) => [typed.as_slice(), b"\n"].concat(),
            Input::Text(_) => typed,
            Input::Key(key) => vec![*key],
        };
        match self.type_into(to, bytes, now) {
            Ok(()) => StepState::Typing { to, done: None },
            Err(why) => StepState::Impossible { why },
        }
    }

    /// Has something typed.
    pub(super) fn type_into(
        &mut self,
        to: ProcessId,
        bytes: Vec<u8>,
        now: Nanos,
    ) -> Result<(), String> {
        let is_terminal = self.process(to).stdio == Stdio::Pty;
        let longest = bytes.split(|&b| b == b'\n').map(<[u8]>::len).max().unwrap_or(0);
        if is_terminal && longest > MAX_TERMINAL_LINE {
            return Err(format!(
                "a line of {longest} bytes does not go through a terminal, which takes \
                 {MAX_TERMINAL_LINE}; give {} `stdio: pipe`",
                self.name(to)
            ));
        }
        if let Some(last) = bytes.last() {
            self.actors[to.0].mid_line = !matches!(last, b'\n' | &CTRL_D);
        }
        self.chronicle.typed(now, self.name(to), &bytes);
        let at = self.moment(now);
        self.speaker = None;
        self.actors[to.0].typed.push((at, bytes.clone()));
        self.emit(Event::Input { process: to, bytes: Bytes(bytes.clone()) });
        self.orders.push_back(Order::Type(to, bytes));
        Ok(())
    }

    pub(super) fn running(&self, process: ProcessId) -> Result<(), String> {
        let name = self.name(process);
        match self.actors[process.0].life {
            Life::Running => Ok(()),
            Life::Absent => Err(format!("{name} was never started")),
            Life::Ended(status, _) => Err(format!("{name} is not running any more: it {status}")),
        }
    }

    /// Cuts the link that is to be cut on purpose, if a step is the first that is no
    /// start.
    pub(super) fn cut_before(&mut self, index: usize) {
        let begins = !matches!(
            self.plan.steps[index].action,
            Action::Start(_) | Action::Await(_) | Action::Parallel { .. } | Action::Label(_)
        );
        if let Some(ends) = self.uncut.take_if(|_| begins) {
            self.orders.push_back(Order::Cut(Box::new(ends.clone())));
            self.emit(Event::Mutated {});
        }
    }

    /// A step is done: notes what follows from that.
    pub(super) fn settle(&mut self, index: usize, now: Nanos) {
        match &self.plan.steps[index].action {
            Action::Start(process) => {
                self.actors[process.0].ready = true;
                self.emit(Event::ProcessReady { process: *process });
                if self.plan.mutation == Some(Mutation::Kill(*process)) {
                    self.actors[process.0].excused = true;
                    // Before others are started: that takes time, and it is not to live.
                    self.orders.push_front(Order::Signal(*process, Signal::KILL));
                }
            }
            // This end was asked for; it is no surprise to the steps that follow.
            Action::Exit { of, .. } => self.actors[of.0].excused = true,
            Action::Label(label) => {
                // Of what has the same time, it comes after what was said and typed before.
                self.labels.push((label.clone(), self.moment(now) + 1));
                self.speaker = None;
                self.emit(Event::Labelled { step: index, label: label.clone() });
                self.pause_at(label, now);
            }
            Action::Fault(fault) => {
                match fault {
                    Fault::Pause(host) => _ = self.paused.insert(host.clone()),
                    Fault::Resume(host) => _ = self.paused.remove(host),
                    _ => {}
                }
                self.emit(Event::FaultApplied { step: index, fault: fault.clone() });
            }
            _ => {}
        }
    }
}
