//! `chat-client room`: carries out what the dialect's client decides.

use crate::args::ConnectArgs;
use crate::shell::{self, News, Shell};
use chat_net::{App, Event, Io};
use chat_proto::room::{self, Client, ClientAction, ClientEvent, Outcome};
use chat_proto::units::parse_size;
use chat_terminal::Input;
use std::process::ExitCode;

/// The options of `chat-client room`.
#[derive(Debug, clap::Args)]
pub(crate) struct RoomArgs {
    #[command(flatten)]
    connect: ConnectArgs,

    /// The longest line to send, in bytes, with its line feed
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    max_frame: usize,
}

/// Runs until the user leaves or the server goes.
pub(crate) fn run(args: &RoomArgs) -> anyhow::Result<ExitCode> {
    let RoomArgs { connect, max_frame } = args;
    let client = Client::new(*max_frame, connect.linger);
    let make = |shell| Room { client, shell, actions: Vec::new() };
    shell::run(connect, room::DEFAULT_PORT, *max_frame, make, |app| app.shell.exit_code())
}

struct Room {
    client: Client,
    shell: Shell,
    /// Empty between events.
    actions: Vec<ClientAction>,
}

impl App for Room {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.shell.is_over() {
            return;
        }
        match event {
            Event::Started => self.shell.connect(io),
            Event::Message(Input::Ended) => self.tell(ClientEvent::InputEnded, io),
            Event::Message(Input::Line(line)) => {
                self.tell(ClientEvent::Line(&line), io);
                self.shell.taken(io);
            }
            Event::Message(Input::Unusable(why)) => {
                self.shell.reject(&why);
                self.shell.taken(io);
            }
            event => match self.shell.sort(event, io) {
                Some(News::Connected) => {
                    self.tell(ClientEvent::Connected, io);
                    self.shell.set_prompt(room::PROMPT);
                }
                Some(news) => self.tell(news.into(), io),
                None => {}
            },
        }
    }
}

impl Room {
    fn tell(&mut self, event: ClientEvent<'_>, io: &mut Io<Input>) {
        self.client.handle(event, io.now(), &mut self.actions);
        for action in self.actions.drain(..) {
            match action {
                ClientAction::Over(outcome) => over(&mut self.shell, outcome, io),
                action => self.shell.carry_out(action, io),
            }
        }
    }
}

fn over(shell: &mut Shell, outcome: Outcome, io: &Io<Input>) {
    if shell.is_over() {
        return;
    }
    if let Some(why) = shell.lost() {
        shell.complain(&why);
    }
    // There is nothing to type any more.
    shell.set_prompt("");
    shell.show(room::DISCONNECTED, io);
    shell.end(u8::from(outcome != Outcome::Left), io);
}
