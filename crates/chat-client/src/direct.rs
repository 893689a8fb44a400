//! `chat-client direct`: carries out what the dialect's client decides.

use crate::args::ConnectArgs;
use crate::shell::{self, News, Shell};
use chat_net::{App, Event, Io};
use chat_proto::direct::{self, Client, ClientAction, ClientEvent, Outcome};
use chat_proto::units::parse_size;
use chat_terminal::{Input, Mode, PROMPT};
use std::process::ExitCode;

/// The options of `chat-client direct`.
#[derive(Debug, clap::Args)]
pub(crate) struct DirectArgs {
    #[command(flatten)]
    connect: ConnectArgs,

    /// Your name; without it, the first line typed
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,

    /// The longest line to send, in bytes
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
            event => match self.shell.sort(event, io) {
                Some(News::Connected) => self.tell(ClientEvent::Connected, io),
                Some(News::Received(bytes)) => self.tell(ClientEvent::Received(bytes), io),
                Some(News::Closed) => self.tell(ClientEvent::Closed, io),
                Some(News::Deadline) => self.tell(ClientEvent::Deadline, io),
                None => {}
            },
        }
    }
}

impl Direct {
    /// The server gives a new connection little time to name itself, so nobody is
    /// connected before there is a name.
    fn prepare(&mut self, io: &mut Io<Input>) {
        if self.client.wants_name() {
            return self.shell.ask("Enter your username: ");
        }
        self.shell.set_prompt(match self.shell.mode() {
            Mode::Editor => PROMPT,
            Mode::Plain | Mode::Script => "",
        });
        self.shell.connect(io);
    }

    fn input(&mut self, input: Input, io: &mut Io<Input>) {
        let wanted_name = self.client.wants_name();
        match input {
            Input::Line(line) => self.tell(ClientEvent::Line(&line), io),
            Input::Unusable(why) => self.shell.reject(&why),
            Input::Ended if wanted_name => {
                self.shell
                    .complain("no name was given (type it as the first line, or use `--name`)");
                return self.shell.end(2, io);
            }
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
            match action {
                ClientAction::Send(frame) => self.shell.send(frame, io),
                ClientAction::Show(content) => self.shell.show(&content, io),
                ClientAction::Complain(why) => self.shell.complain(&why),
                ClientAction::Finish => self.shell.finish(io),
                ClientAction::Deadline(at) => self.shell.set_deadline(at, io),
                ClientAction::Over(outcome) => over(&mut self.shell, outcome, io),
            }
        }
    }
}

fn over(shell: &mut Shell, outcome: Outcome, io: &Io<Input>) {
    if shell.is_over() {
        return;
    }
    let code = match outcome {
        Outcome::Left => 0,
        // The server has said why.
        Outcome::Refused | Outcome::Garbled => 1,
        Outcome::ServerGone => {
            let closed = || format!("the server at {} closed the connection", shell.server());
            shell.complain(&shell.lost().unwrap_or_else(closed));
            1
        }
    };
    shell.end(code, io);
}
