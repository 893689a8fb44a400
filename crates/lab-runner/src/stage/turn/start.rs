//! Starts programs: what a plan says of them, filled in, and where they run.

use std::io;
use std::os::fd::OwnedFd;

use lab_scenario::plan::{Action, Command, Mutation, ProcessId};
use lab_scenario::template::Template;
use rustix::event::epoll;

use super::{Exec, Token, Turntable};
use crate::event::Event;
use crate::player::SpawnFailure;
use crate::stage::child::{Child, Streams};
use crate::stage::program;
use crate::stage::spawn::{Launch, spawn};

/// The terminal that programs are told they have: one without cursor movement,
/// so that line editors leave lines as they are. A process may ask for another
/// with `env: {TERM: …}`.
pub(super) const TERM: &str = "dumb";

/// What runs in place of a process that is mute on purpose.
const MUTE: &str = "exec cat > /dev/null";

impl Turntable<'_> {
    pub(super) fn start(&mut self, process: ProcessId) -> Result<(u32, Vec<String>), SpawnFailure> {
        let description = &self.plan.processes[process.0];
        let is_mute = self.plan.mutation == Some(Mutation::Mute(process));
        let argv = if is_mute {
            ["sh", "-c", MUTE].map(str::to_owned).to_vec()
        } else {
            self.argv(&description.command)?
        };
        let env = self.env(&description.host, &description.env)?;
        let (streams, ends) = Streams::open(description.stdio).map_err(streams_refused)?;
        let terminal = streams.is_terminal();
        let pid = self.launch(&description.host, &argv, &env, ends, terminal)?;
        for (stream, fd) in streams.outputs() {
            self.register(fd, Token::Output(process, stream), epoll::EventFlags::IN)
                .map_err(streams_refused)?;
        }
        self.children[process.0] = Some(Child { pid, running: true, streams });
        if is_mute {
            self.recorder.emit(Event::Mutated {});
        }
        Ok((pid, argv))
    }

    pub(super) fn start_exec(&mut self, step: usize) -> Result<(), SpawnFailure> {
        let Action::Exec { host, command, .. } = &self.plan.steps[step].action else {
            return Ok(());
        };
        let argv = self.argv(command)?;
        let env = self.env(host, &[])?;
        let (streams, ends) = Streams::open_merged().map_err(streams_refused)?;
        let pid = self.launch(host, &argv, &env, ends, false)?;
        for (_, fd) in streams.outputs() {
            self.register(fd, Token::Exec(step), epoll::EventFlags::IN).map_err(streams_refused)?;
        }
        let child = Child { pid, running: true, streams };
        self.execs.push(Exec { step, child, output: Vec::new() });
        Ok(())
    }

    pub(super) fn launch(
        &self,
        host: &str,
        argv: &[String],
        env: &[(String, String)],
        stdio: [OwnedFd; 3],
        terminal: bool,
    ) -> Result<u32, SpawnFailure> {
        let namespace = self.hosts.namespace(host).ok_or_else(|| SpawnFailure {
            cause: format!("there is no host `{host}` in this network"),
            help: Some(format!("its hosts are {}", self.hosts.names())),
        })?;
        let name = argv.first().map_or("", String::as_str);
        let directory = &self.plan.directory;
        let program = program::find(name, &self.search, directory)?;
        spawn(Launch { program: &program, argv, directory, env, namespace, host, stdio, terminal })
            .map_err(|error| program::refusal(&program, &error))
    }

    pub(super) fn argv(&self, command: &Command) -> Result<Vec<String>, SpawnFailure> {
        match command {
            Command::Words(words) => words.iter().map(|word| self.fill_in(word)).collect(),
            Command::Shell(line) => Ok(vec!["sh".to_owned(), "-c".to_owned(), self.fill_in(line)?]),
        }
    }

    pub(super) fn env(
        &self,
        host: &str,
        own: &[(String, Template)],
    ) -> Result<Vec<(String, String)>, SpawnFailure> {
        let mut env =
            vec![("TERM".to_owned(), TERM.to_owned()), ("HOSTNAME".to_owned(), host.to_owned())];
        if let Ok(path) = std::env::join_paths(&self.search) {
            env.push(("PATH".to_owned(), path.to_string_lossy().into_owned()));
        }
        for (name, value) in self.plan.env.iter().chain(own) {
            env.push((name.clone(), self.fill_in(value)?));
        }
        Ok(env)
    }

    pub(super) fn fill_in(&self, template: &Template) -> Result<String, SpawnFailure> {
        let known =
            |reference: &_| self.hosts.lookup(reference).or_else(|| self.player.lookup(reference));
        template.render(known).map_err(|reference| SpawnFailure {
            cause: format!("nothing is known of `${{{reference}}}`"),
            help: None,
        })
    }
}

pub(super) fn streams_refused(error: impl Into<io::Error>) -> SpawnFailure {
    SpawnFailure { cause: format!("no streams for it: {}", error.into()), help: None }
}
