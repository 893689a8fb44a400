//! `chat-client accounts`: carries out what the dialect's client decides.
//!
//! Each request is a connection of its own, and so is each push that comes in.

mod exchange;

use crate::args::ConnectArgs;
use crate::shell::{self, Shell};
use anyhow::Context as _;
use chat_net::{App, ConnId, ConnMap, Event, Io, Pool, Via};
use chat_proto::accounts::{
    Client, ClientAction, ClientEvent, DEFAULT_PORT, Intake, LineError, MAX_GROWTH, Outcome, Step,
    Wants,
};
use chat_proto::units::{parse_positive_duration, parse_size};
use chat_terminal::{Input, Mode, PROMPT};
use exchange::{Exchanges, Over};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

/// Timers.
const HEARTBEAT: u64 = 10;
const LEAVE: u64 = 11;

/// How long somebody who connects to us may take to say something.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many lines one connection may bring.
const MAX_LINES: usize = 1000;

/// The options of `chat-client accounts`.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountsArgs {
    #[command(flatten)]
    connect: ConnectArgs,

    /// Where to listen for what the server and others say [default: the address from which this
    /// machine reaches the server, and any port]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,

    /// How often to tell the server that we are still here
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_positive_duration)]
    heartbeat: Duration,

    /// How long an answer of the server may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_positive_duration)]
    answer_timeout: Duration,

    /// The pause that ends what an old program says, which does not end its lines
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = parse_positive_duration)]
    pause: Duration,

    /// The longest line to send, in bytes
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    max_frame: usize,
}

/// Runs until the user leaves.
pub(crate) fn run(args: &AccountsArgs) -> anyhow::Result<ExitCode> {
    let prepare = |pool: &mut Pool<Input>, servers: &[SocketAddr]| {
        // Networks of the labs are IPv4.
        let mut servers = servers.to_vec();
        servers.sort_by_key(SocketAddr::is_ipv6);
        let address = args.listen.map_or_else(|| near(servers[0]).map(|ip| (ip, 0).into()), Ok)?;
        let (_, listens) = pool.listen(address).with_context(|| {
            format!("cannot listen on {address} (`--listen IP:PORT` chooses another address)")
        })?;
        Ok((servers, listens))
    };
    let make = |shell, (servers, listens): (Vec<SocketAddr>, SocketAddr)| {
        let ips: Vec<IpAddr> = servers.iter().map(SocketAddr::ip).collect();
        Accounts {
            client: Client::new(&ips, listens, args.heartbeat, args.connect.linger, args.max_frame),
            shell,
            exchanges: Exchanges::new(servers, args.connect.connect_timeout, args.answer_timeout),
            visitors: ConnMap::default(),
            max_line: args.max_frame.saturating_add(MAX_GROWTH),
            refused: false,
            pause: args.pause,
            asked: None,
            typed: 0,
            actions: Vec::new(),
        }
    };
    shell::run_with(&args.connect, DEFAULT_PORT, args.max_frame, prepare, make, Accounts::leave)
}

/// This machine's address on the way to the server. Nothing is sent for that.
fn near(server: SocketAddr) -> anyhow::Result<IpAddr> {
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let address = UdpSocket::bind(any)
        .and_then(|socket| socket.connect(server).and_then(|()| socket.local_addr()))
        .with_context(|| format!("there is no way to {server} (see `ip route`)"))?;
    Ok(address.ip())
}

struct Accounts {
    client: Client<ConnId>,
    shell: Shell,
    exchanges: Exchanges,
    /// Those who connected to us.
    visitors: ConnMap<(IpAddr, Intake)>,
    max_line: usize,
    /// The server had something longer for us, and the user knows.
    refused: bool,
    pause: Duration,
    /// What the prompt asks for.
    asked: Option<Wants>,
    /// Lines that the client has.
    typed: usize,
    /// Empty between events.
    actions: Vec<ClientAction<ConnId>>,
}

impl App for Accounts {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.shell.is_over() {
            return;
        }
        self.exchanges.handle(&event, io);
        match event {
            Event::Started => self.tell(ClientEvent::Started, io),
            Event::Message(Input::Line(line)) => {
                self.typed += 1;
                self.tell(ClientEvent::Line(&line), io);
            }
            Event::Message(Input::Unusable(why)) => {
                self.shell.reject(&why);
                self.shell.grant(1);
            }
            Event::Message(Input::Ended) => self.tell(ClientEvent::InputEnded, io),
            Event::Opened { conn, via: Via::Refused(_), .. } => io.close(conn),
            Event::Opened { conn, peer, via: Via::Accepted(_) } => {
                let intake = Intake::new(self.max_line, self.pause, PATIENCE, io.now());
                let intake = intake.of_lines(MAX_LINES);
                io.set_deadline(conn, Some(intake.patience()));
                self.visitors.insert(conn, (peer.ip(), intake));
            }
            Event::Received { conn, bytes } => {
                let (now, mut rest) = (io.now(), bytes);
                while !rest.is_empty() && self.visitors.get_mut(conn).is_some() {
                    self.step(conn, io, |intake| intake.take(&mut rest, now));
                }
            }
            Event::Ended { conn } => self.step(conn, io, Intake::ended),
            Event::Deadline { conn } => self.step(conn, io, Intake::deadline),
            Event::Closed { conn, .. } => {
                self.visitors.remove(conn);
            }
            Event::Timer { id: HEARTBEAT } => self.tell(ClientEvent::Heartbeat, io),
            Event::Timer { .. } => self.tell(ClientEvent::Leave, io),
            Event::Stopping => self.shell.end(0, io),
            _ => {}
        }
        while let Some(Over { exchange, answer }) = self.exchanges.take_over() {
            let answer = answer.as_ref().map(String::as_str).map_err(String::as_str);
            self.tell(ClientEvent::Answered(exchange, answer), io);
        }
    }
}

impl Accounts {
    fn step(&mut self, conn: ConnId, io: &mut Io<Input>, step: impl FnOnce(&mut Intake) -> Step) {
        let Some((from, intake)) = self.visitors.get_mut(conn) else { return };
        let from = *from;
        let step = step(intake);
        let next = intake.next_until(io.now());
        match step {
            Step::Wait(until) => io.set_deadline(conn, Some(until)),
            Step::Line(line) => {
                io.set_deadline(conn, next);
                self.tell(ClientEvent::Heard { conn, from, line: &line }, io);
            }
            Step::Failed(error) => {
                io.close(conn);
                if matches!(error, LineError::TooLong { .. })
                    && self.exchanges.is_server(from)
                    && !std::mem::replace(&mut self.refused, true)
                {
                    let why = "the server has something for you that is too long to be taken";
                    self.shell.complain(&format!("{why}: {error}\nhelp: raise `--max-frame`"));
                }
            }
            Step::Done => {}
        }
    }

    fn tell(&mut self, event: ClientEvent<'_, ConnId>, io: &mut Io<Input>) {
        self.client.handle(event, io.now(), &mut self.actions);
        if self.client.wants() == Wants::Password {
            // Whoever answers the question at once must find the terminal silent already.
            self.ask();
        }
        for action in std::mem::take(&mut self.actions) {
            // What could not be shown must not be acknowledged.
            if self.shell.is_over() {
                return;
            }
            match action {
                ClientAction::Request(exchange, line) => self.exchanges.request(exchange, line, io),
                ClientAction::Private { to, line } => self.exchanges.private(to, line, io),
                ClientAction::Receipt(conn, Some(receipt)) => {
                    io.send(conn, receipt.into());
                    io.close(conn);
                }
                ClientAction::Receipt(conn, None) => {
                    let visitor = self.visitors.get_mut(conn);
                    if visitor.is_none_or(|(_, intake)| intake.is_done()) {
                        io.close(conn);
                    }
                }
                ClientAction::Show(text) => self.shell.show(&text, io),
                ClientAction::Complain(why) => self.shell.complain(&why),
                ClientAction::HeartbeatAt(at) => io.set_timer(HEARTBEAT, at),
                ClientAction::LeaveAt(at) => io.set_timer(LEAVE, Some(at)),
                ClientAction::Over(Outcome::Left) => self.shell.end(0, io),
                ClientAction::Over(Outcome::Unreachable) => self.shell.end(1, io),
            }
        }
        self.shell.grant(self.typed - self.client.pending());
        self.typed = self.client.pending();
        self.ask();
    }

    /// Keeps the prompt as the client wants it.
    fn ask(&mut self) {
        let wanted = self.client.wants();
        if self.shell.is_over() || self.asked.replace(wanted) == Some(wanted) {
            return;
        }
        let prompt = if self.shell.mode() == Mode::Editor { PROMPT } else { "" };
        match wanted {
            Wants::Name => self.shell.ask(prompt),
            Wants::Password => self.shell.ask_secret(prompt),
            Wants::Command => self.shell.set_prompt(prompt),
        }
    }

    /// Says goodbye if the program was stopped while the user was online.
    fn leave(&self) -> ExitCode {
        if let Some(line) = self.client.goodbye() {
            // If it fails, the server will miss the heartbeat.
            let _ = self.say(&line);
        }
        self.shell.exit_code()
    }

    fn say(&self, line: &str) -> std::io::Result<()> {
        const CONNECT: Duration = Duration::from_secs(1);
        const ANSWER: Duration = Duration::from_millis(500);
        let mut stream = TcpStream::connect_timeout(&self.exchanges.server(), CONNECT)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(line.as_bytes())?;
        stream.read(&mut [0; 64]).map(drop)
    }
}
