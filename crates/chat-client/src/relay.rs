//! `chat-client relay`: carries out what the dialect's client decides.

use crate::args::ConnectArgs;
use crate::shell::{self, Shell};
use anyhow::Context as _;
use chat_net::{App, Event, Io};
use chat_proto::relay::{
    Client, ClientAction, ClientEvent, DEFAULT_PORT, Id, parse_info, parse_name,
};
use chat_proto::units::parse_size;
use chat_terminal::Input;
use std::process::ExitCode;

/// The options of `chat-client relay`.
#[derive(Debug, clap::Args)]
pub(crate) struct RelayArgs {
    #[command(flatten)]
    connect: ConnectArgs,

    /// Your id, from 1 to 4294967295 [default: random]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    id: Option<u32>,

    /// Your name, at most 255 bytes; without it, the first line typed
    #[arg(long, value_name = "NAME", value_parser = parse_name, allow_hyphen_values = true)]
    name: Option<String>,

    /// What others shall know of you, at most 65535 bytes
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = parse_info, allow_hyphen_values = true)]
    info: String,

    /// The longest message to send, and the longest text to accept, in bytes
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    max_frame: usize,
}

/// A command around a text of the longest kind: `message`, a name, blanks.
const COMMAND: usize = 1024;

/// Runs until the user leaves or the server goes.
pub(crate) fn run(args: RelayArgs) -> anyhow::Result<ExitCode> {
    let RelayArgs { connect, id, name, info, max_frame } = args;
    let random = || getrandom::u32().map(|id| id.max(1));
    let id = id.map_or_else(random, Ok).context("no random numbers; give an `--id`")?;
    let client = Client::new(Id(id), name, info, max_frame, connect.linger);
    let make = |shell| Relay { client, shell, actions: Vec::new(), held: 0 };
    let max_line = max_frame.saturating_add(COMMAND);
    shell::run(&connect, DEFAULT_PORT, max_line, make, |app| app.shell.exit_code())
}

struct Relay {
    client: Client,
    shell: Shell,
    /// Empty between events.
    actions: Vec<ClientAction>,
    /// Lines taken that were not dealt with when they came.
    held: usize,
}

impl App for Relay {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.shell.is_over() {
            return;
        }
        match event {
            Event::Started => self.prepare(io),
            Event::Message(input) => self.input(input, io),
            Event::Stopping => self.stop(io),
            event => {
                if let Some(news) = self.shell.sort(event, io) {
                    self.tell(news.into(), io);
                }
            }
        }
    }
}

impl Relay {
    fn prepare(&mut self, io: &mut Io<Input>) {
        self.shell.prepare(self.client.wants_name(), "Enter your username: ", io);
    }

    fn input(&mut self, input: Input, io: &mut Io<Input>) {
        let wanted_name = self.client.wants_name();
        match input {
            Input::Line(line) => {
                self.held += 1;
                self.tell(ClientEvent::Line(&line), io);
            }
            Input::Unusable(why) => {
                self.shell.reject(&why);
                self.shell.taken(io);
            }
            Input::Ended if wanted_name => return self.shell.end_without_name(io),
            Input::Ended => return self.tell(ClientEvent::InputEnded, io),
        }
        if wanted_name && !self.client.wants_name() {
            self.prepare(io);
        }
    }

    fn tell(&mut self, event: ClientEvent<'_>, io: &mut Io<Input>) {
        self.client.handle(event, io.now(), &mut self.actions);
        self.carry_out(io);
        if !self.client.has_waiting_lines() {
            for _ in 0..std::mem::take(&mut self.held) {
                self.shell.taken(io);
            }
        }
    }

    fn stop(&mut self, io: &mut Io<Input>) {
        self.client.stop(&mut self.actions);
        self.carry_out(io);
    }

    fn carry_out(&mut self, io: &mut Io<Input>) {
        for action in self.actions.drain(..) {
            self.shell.carry_out(action, io);
        }
    }
}
