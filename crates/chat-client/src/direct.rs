//! `chat-client direct`: the terminal on one side, the server on the other.

use crate::args::ConnectArgs;
use anyhow::Context as _;
use chat_net::{App, Closed, ConnId, Event, Io, Pool};
use chat_proto::direct::{self, Client, ClientAction, ClientEvent, Outcome};
use chat_proto::units::parse_size;
use chat_terminal::{Credits, Input, Mode, PROMPT, Screen, Terminal};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Timers.
const LEAVING: u64 = 0;
const CONNECTING: u64 = 1;

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
    let (addresses, server) = args.connect.resolve(direct::DEFAULT_PORT)?;
    // Signals first: from then on nothing ends the program without restoring the terminal.
    let pool = Pool::new(args.connect.config()).context("cannot start")?;
    let terminal = Terminal::open().context("cannot set up the terminal")?;
    let remote = pool.remote(0);
    terminal.read_to(args.max_frame, move |input| remote.post(input)).context("cannot start")?;
    let app = Direct {
        client: Client::new(args.name, args.max_frame, args.connect.linger),
        screen: terminal.screen(),
        credits: terminal.credits(),
        server,
        addresses: addresses.into_iter(),
        connect_timeout: args.connect.connect_timeout,
        conn: None,
        actions: Vec::new(),
        taken: 0,
        lost: None,
        exit: None,
    };
    let mut app = Some(app);
    // One thread, so `make` is called once.
    let apps = pool.run(|_| app.take().unwrap_or_else(|| unreachable!("one thread")))?;
    drop(terminal);
    Ok(apps.into_iter().find_map(|app| app.exit).unwrap_or(ExitCode::SUCCESS))
}

struct Direct {
    client: Client,
    screen: Screen,
    credits: Credits,
    /// As shown in messages.
    server: String,
    /// Those not tried yet.
    addresses: std::vec::IntoIter<SocketAddr>,
    connect_timeout: Duration,
    conn: Option<ConnId>,
    /// Empty between events.
    actions: Vec<ClientAction>,
    /// Lines taken for which no credit was given back yet.
    taken: usize,
    /// What broke the connection.
    lost: Option<std::io::Error>,
    /// Set once the end is decided; none: left, or stopped by a signal.
    exit: Option<ExitCode>,
}

impl App for Direct {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.exit.is_some() {
            return;
        }
        match event {
            Event::Started => {
                self.screen.set_prompt(self.prompt());
                self.connect_if_named(io);
            }
            Event::Message(input) => self.input(input, io),
            Event::Opened { .. } => {
                io.set_timer(CONNECTING, None);
                self.tell(ClientEvent::Connected, io);
                self.return_credits(io);
            }
            Event::Received { bytes, .. } => self.tell(ClientEvent::Received(bytes), io),
            Event::Drained { .. } => self.credits.grant(std::mem::take(&mut self.taken)),
            Event::Ended { conn } => {
                io.close(conn);
                self.tell(ClientEvent::Closed, io);
            }
            Event::Closed { why: Closed::Failed(error), .. } => self.connect(Some(error), io),
            Event::Closed { why: Closed::Lost(error), .. } => {
                self.lost = Some(error);
                self.tell(ClientEvent::Closed, io);
            }
            Event::Timer { id: CONNECTING } => {
                if let Some(conn) = self.conn.take() {
                    io.close(conn);
                }
                self.connect(Some(ErrorKind::TimedOut.into()), io);
            }
            Event::Timer { .. } => self.tell(ClientEvent::Deadline, io),
            Event::Stopping => self.exit = Some(ExitCode::SUCCESS),
            _ => {}
        }
    }
}

impl Direct {
    fn prompt(&self) -> &'static str {
        match self.screen.mode() {
            _ if self.client.wants_name() => "Enter your username: ",
            Mode::Editor => PROMPT,
            Mode::Plain | Mode::Script => "",
        }
    }

    fn input(&mut self, input: Input, io: &mut Io<Input>) {
        let wanted_name = self.client.wants_name();
        match input {
            Input::Line(line) => self.tell(ClientEvent::Line(&line), io),
            Input::Unusable(why) => self.screen.complain(&why),
            Input::Ended if wanted_name => {
                self.screen.complain(
                    "chat-client: no name was given (type it as the first line, or use `--name`)",
                );
                return self.end(2, io);
            }
            Input::Ended => return self.tell(ClientEvent::InputEnded, io),
        }
        self.taken += 1;
        if wanted_name && !self.client.wants_name() {
            self.screen.set_prompt(self.prompt());
            self.connect_if_named(io);
        }
        self.return_credits(io);
    }

    /// More lines may come once what was taken is on its way.
    fn return_credits(&mut self, io: &mut Io<Input>) {
        match self.conn {
            Some(conn) if self.taken > 0 => io.notify_drained(conn),
            _ => {}
        }
    }

    /// The server gives a new connection little time to name itself, so nobody is
    /// connected before there is a name.
    fn connect_if_named(&mut self, io: &mut Io<Input>) {
        if !self.client.wants_name() {
            self.connect(None, io);
        }
    }

    /// Tries the next address; `failure` is what came of the one before.
    fn connect(&mut self, mut failure: Option<std::io::Error>, io: &mut Io<Input>) {
        for address in self.addresses.by_ref() {
            match io.connect(address) {
                Ok(conn) => {
                    self.conn = Some(conn);
                    return io.set_timer(CONNECTING, io.now().checked_add(self.connect_timeout));
                }
                Err(error) => failure = Some(error),
            }
        }
        let Some(error) = failure else { return };
        let advice = match error.kind() {
            ErrorKind::ConnectionRefused => {
                "nothing listens there; is the server running, and on this port?"
            }
            ErrorKind::TimedOut => "nothing answered; is the address right, and the network up?",
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
                "there is no way there; see `ip route`"
            }
            _ => "check the address",
        };
        self.screen.complain(&format!(
            "chat-client: cannot connect to {}: {error}\nhelp: {advice}",
            self.server
        ));
        self.end(1, io);
    }

    fn tell(&mut self, event: ClientEvent<'_>, io: &mut Io<Input>) {
        self.client.handle(event, io.now(), &mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                ClientAction::Send(frame) => {
                    if let Some(conn) = self.conn {
                        io.send(conn, frame);
                    }
                }
                ClientAction::Show(content) => self.show(&content, io),
                ClientAction::Complain(why) => self.screen.complain(&format!("chat-client: {why}")),
                ClientAction::Finish => {
                    if let Some(conn) = self.conn {
                        io.finish(conn);
                    }
                }
                ClientAction::Deadline(at) => io.set_timer(LEAVING, Some(at)),
                ClientAction::Over(outcome) => self.over(outcome, io),
            }
        }
    }

    fn show(&mut self, content: &str, io: &mut Io<Input>) {
        let Err(error) = self.screen.show(content) else { return };
        if self.exit.is_some() {
            return;
        }
        if error.kind() == ErrorKind::BrokenPipe {
            // Whoever read our output has seen enough.
            return self.end(0, io);
        }
        self.screen.complain(&format!("chat-client: cannot write to standard output: {error}"));
        self.end(1, io);
    }

    fn over(&mut self, outcome: Outcome, io: &mut Io<Input>) {
        if self.exit.is_some() {
            return;
        }
        let code = match outcome {
            Outcome::Left => 0,
            // The server has said why.
            Outcome::Refused | Outcome::Garbled => 1,
            Outcome::ServerGone => {
                let why = match &self.lost {
                    Some(error) => format!("the connection to {} was lost: {error}", self.server),
                    None => format!("the server at {} closed the connection", self.server),
                };
                self.screen.complain(&format!("chat-client: {why}"));
                1
            }
        };
        self.end(code, io);
    }

    fn end(&mut self, code: u8, io: &Io<Input>) {
        self.exit = Some(ExitCode::from(code));
        io.stop();
    }
}
