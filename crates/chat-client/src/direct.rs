//! `chat-client direct`: carries out what the dialect's client decides.

use crate::args::ConnectArgs;
use crate::shell::{self, Shell};
use chat_net::{App, Event, Io};
use chat_proto::direct::{self, Client, ClientAction, ClientEvent};
use chat_proto::units::parse_size;
use chat_terminal::Input;
use std::process::ExitCode;

/// The options of `chat-client direct`.
#[derive(Debug, clap::Args)]
pub(crate) struct DirectArgs {
    #[command(flatten)]
    connect: ConnectArgs,

    /// Your name; without it, the first line typed
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,

    /// The longest frame to send, in bytes
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    max_frame: usize,
}

/// Runs until the user leaves or the server goes.
pub(crate) fn run(args: DirectArgs) -> anyhow::Result<ExitCode> {
    let DirectArgs { connect, name, max_frame } = args;
    let client = Client::new(name, max_frame, connect.linger);
    let make = |shell| Direct { client, shell, actions: Vec::new() };
    shell::run(&connect, direct::DEFAULT_PORT, max_frame, make, |app| app.shell.exit_code())
}

struct Direct {
    client: Client,
    shell: Shell,
    /// Empty between events.
    actions: Vec<ClientAction>,
}

impl App for Direct {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.shell.is_over() {
            return;
        }
        match event {
            Event::Started => self.prepare(io),
            Event::Message(input) => self.input(input, io),
            event => {
                if let Some(news) = self.shell.sort(event, io) {
                    self.tell(news.into(), io);
                }
            }
        }
    }
}

impl Direct {
    fn prepare(&mut self, io: &mut Io<Input>) {
        self.shell.prepare(self.client.wants_name(), "Enter your username: ", io);
    }

    fn input(&mut self, input: Input, io: &mut Io<Input>) {
        let wanted_name = self.client.wants_name();
        match input {
            Input::Line(line) => self.tell(ClientEvent::Line(&line), io),
            Input::Unusable(why) => self.shell.reject(&why),
            Input::Ended if wanted_name => return self.shell.end_without_name(io),
            Input::Ended => return self.tell(ClientEvent::InputEnded, io),
        }
        if wanted_name && !self.client.wants_name() {
            self.prepare(io);
        }
        self.shell.taken(io);
    }

    fn tell(&mut self, event: ClientEvent<'_>, io: &mut Io<Input>) {
        self.client.handle(event, io.now(), &mut self.actions);
        for action in self.actions.drain(..) {
            self.shell.carry_out(action, io);
        }
    }
}
