//! Does what people ask for while a run is held, or played.

use std::io;

use lab_scenario::plan::Plan;
use rustix::event::epoll;

use super::control::Heard;
use super::start::{TERM, streams_refused};
use super::{Token, Turntable};
use crate::event::{Event, Stream};
use crate::player::SpawnFailure;
use crate::request::{Opening, Request, TerminalId};
use crate::script::Script;
use crate::stage::hosts::Hosts;
use crate::stage::input::Written;
use crate::stage::shell;
use crate::stage::terminals::{Terminal, Terminals};

impl Turntable<'_> {
    /// Reads standard input.
    pub(super) fn hear_control(&mut self) {
        match self.control.read() {
            Heard::Requests(requests) => requests.into_iter().for_each(|one| self.grant(one)),
            Heard::Nobody => {
                let _ = epoll::delete(&self.epoll, io::stdin());
                self.player.abort("the run was interrupted".to_owned(), self.recorder.now());
            }
        }
    }

    fn grant(&mut self, request: Request) {
        let now = self.recorder.now();
        match request {
            Request::Open { terminal, opening } => {
                if let Err(SpawnFailure { cause: why, help }) = self.open(terminal, &opening) {
                    self.recorder.emit(Event::TerminalRefused { terminal, why, help });
                }
            }
            Request::Type { terminal, bytes } => {
                let written = self.terminals.type_in(terminal, bytes, &mut self.recorder);
                self.await_reader(terminal, &written);
            }
            Request::CloseInput { terminal } => {
                let written = self.terminals.close_input(terminal);
                self.await_reader(terminal, &written);
            }
            Request::Resize { terminal, size } => {
                self.terminals.resize(terminal, size, &mut self.recorder);
            }
            Request::Close { terminal } => self.terminals.hang_up(terminal),
            Request::Extend { plan } => {
                if let Err(message) = self.extend(*plan) {
                    self.recorder.emit(Event::Warning { message });
                }
            }
            Request::GiveUp { steps } => self.player.give_up(&steps, now),
            Request::Describe => self.describe(),
            Request::Continue => self.player.go_on(now),
            Request::End => self.player.end(now),
        }
    }

    /// Starts a program for a person.
    fn open(&mut self, id: TerminalId, opening: &Opening) -> Result<(), SpawnFailure> {
        let Opening { host, argv, size, env: own } = opening;
        let (argv, shown) = match argv.is_empty() {
            true => (shell::argv(), vec![shell::NAME.to_owned()]),
            false => (argv.clone(), argv.clone()),
        };
        let mut env = self.env(host, &[])?;
        env.retain(|(name, value)| (name.as_str(), value.as_str()) != ("TERM", TERM));
        env.extend(own.iter().cloned());
        let (streams, ends) = Terminals::streams(*size).map_err(streams_refused)?;
        let pid = self.launch(host, &argv, &env, ends, size.is_some())?;
        for (stream, fd) in streams.outputs() {
            self.register(fd, Token::Shown(id, stream), epoll::EventFlags::IN)
                .map_err(streams_refused)?;
        }
        self.terminals.insert(id, Terminal::new(pid, streams));
        let (host, size) = (host.clone(), *size);
        self.recorder.emit(Event::TerminalOpened { terminal: id, host, argv: shown, pid, size });
        Ok(())
    }

    /// Writes what waits to be typed.
    pub(super) fn type_further(&mut self, id: TerminalId) {
        let written = self.terminals.flush(id);
        self.await_reader(id, &written);
    }

    /// Asks to be woken when a program's input takes more, or no longer.
    fn await_reader(&self, id: TerminalId, written: &Option<io::Result<Written>>) {
        let Some(terminal) = self.terminals.get(id) else { return };
        let streams = terminal.streams();
        let Some(fd) = streams.input() else { return };
        let blocked = matches!(written, Some(Ok(Written::Blocked)));
        if streams.is_terminal() {
            let token = Token::Shown(id, Stream::Terminal);
            let mut flags = epoll::EventFlags::IN;
            flags.set(epoll::EventFlags::OUT, blocked);
            let data = epoll::EventData::new_u64(token.to_u64());
            let _ = epoll::modify(&self.epoll, fd, data, flags);
        } else if blocked {
            let _ = self.register(fd, Token::Typed(id), epoll::EventFlags::OUT);
        } else {
            let _ = epoll::delete(&self.epoll, fd);
        }
    }

    fn extend(&mut self, plan: Plan) -> Result<(), String> {
        let plan: &Plan = self.longer_plans.alloc(plan);
        let script = Script::compile(plan, |reference| self.hosts.lookup(reference))
            .map_err(|error| error.to_string())?;
        self.player.extend(plan, script, self.recorder.now())?;
        self.plan = plan;
        self.children.resize_with(plan.processes.len(), || None);
        Ok(())
    }

    /// Tells what the network consists of.
    pub(super) fn describe(&mut self) {
        let links = self.network.links();
        let described = Hosts::describe(self.network.hosts(), links);
        self.recorder.emit(described);
    }
}
