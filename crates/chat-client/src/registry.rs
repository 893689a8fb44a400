//! `chat-client registry`: carries out what the dialect's client decides. Beside the connection
//! to the registry it has a listener for peers, the link to one peer, and a UDP socket.

use crate::args::ConnectArgs;
use crate::shell::{self, News, Shell};
use anyhow::Context as _;
use chat_net::{App, Bytes, Closed, ConnId, DatagramId, Event, Io, Pool, Via};
use chat_proto::address::ServerAddress;
use chat_proto::registry::{self, Client, ClientAction, ClientEvent, ClientLimits, Timer};
use chat_proto::units::{parse_positive_duration, parse_size};
use chat_terminal::Input;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

/// Timers beside the shell's: the client's follow this one.
const DIALLING: u64 = 16;

/// How long a caller may wait to be heard, and a lost link for the registry's word.
const CALLER_TIMEOUT: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(2);

/// The options of `chat-client registry`.
#[derive(Debug, clap::Args)]
pub(crate) struct RegistryArgs {
    #[command(flatten)]
    connect: ConnectArgs,

    /// Your name; without it, the first line typed
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,

    /// Where to listen for peers: IP:PORT or a PORT [default: a port that the system chooses, on all
    /// interfaces]
    #[arg(long, value_name = "IP:PORT", value_parser = parse_listen)]
    listen: Option<Listen>,

    /// Where the registry hears HELLO: PORT, or HOST:PORT [default: the registry's host, port 6235]
    #[arg(long, value_name = "[HOST:]PORT", value_parser = parse_udp)]
    udp: Option<Udp>,

    /// The time between two HELLOs
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_positive_duration)]
    hello_interval: Duration,

    /// The longest frame to send, and the longest message to take from a peer, in bytes
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    max_frame: usize,
}

/// Where to listen.
#[derive(Debug, Clone, Copy)]
enum Listen {
    Port(u16),
    Address(SocketAddr),
}

/// Where HELLOs go.
#[derive(Debug, Clone)]
enum Udp {
    /// To this port of the registry's host.
    Port(u16),
    Elsewhere(SocketAddr),
}

fn parse_listen(text: &str) -> Result<Listen, String> {
    let port = text.parse().map(Listen::Port).ok();
    port.or_else(|| text.parse().map(Listen::Address).ok())
        .ok_or_else(|| "write IP:PORT or a PORT, as in `0.0.0.0:7820` or `7820`".into())
}

fn parse_udp(text: &str) -> Result<Udp, String> {
    if let Ok(port) = text.parse() {
        return if port == 0 { Err("nobody hears on port 0".into()) } else { Ok(Udp::Port(port)) };
    }
    let ServerAddress { host, port } = ServerAddress::parse(text)?;
    let port = port.unwrap_or(registry::DEFAULT_UDP_PORT);
    let mut addresses = (host.as_str(), port)
        .to_socket_addrs()
        .map_err(|error| format!("cannot find the host `{host}`: {error}"))?;
    addresses.next().map(Udp::Elsewhere).ok_or_else(|| format!("`{host}` has no address"))
}

/// Runs until the user leaves, or the registry and the last private chat are gone.
pub(crate) fn run(args: RegistryArgs) -> anyhow::Result<ExitCode> {
    let RegistryArgs { connect, name, listen, udp, hello_interval, max_frame } = args;
    let limits = ClientLimits {
        max_frame,
        linger: connect.linger,
        hello_interval,
        caller_timeout: CALLER_TIMEOUT,
        grace: GRACE,
    };
    let dial_timeout = connect.connect_timeout;
    let prepare = |pool: &mut Pool<Input>, servers: &[SocketAddr]| sockets(pool, listen, servers);
    let make = |shell, (port, sockets)| Registry {
        client: Client::new(name, port, limits),
        shell,
        actions: Vec::new(),
        link: None,
        sockets,
        udp: udp.unwrap_or(Udp::Port(registry::DEFAULT_UDP_PORT)),
        server: None,
        dial_timeout,
    };
    let exit_code = |app: &Registry| app.shell.exit_code();
    shell::run_with(&connect, registry::DEFAULT_PORT, max_frame, prepare, make, exit_code)
}

/// The sockets for datagrams; true for IPv4.
type Sockets = Vec<(bool, DatagramId)>;

/// Makes the port on which peers are heard, and the sockets for HELLO.
fn sockets(
    pool: &mut Pool<Input>,
    listen: Option<Listen>,
    servers: &[SocketAddr],
) -> anyhow::Result<(u16, Sockets)> {
    let everywhere = match servers.first() {
        Some(SocketAddr::V6(_)) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    let address = match listen {
        None => SocketAddr::new(everywhere, 0),
        Some(Listen::Port(port)) => SocketAddr::new(everywhere, port),
        Some(Listen::Address(address)) => address,
    };
    let (_, listening) = pool.listen(address).with_context(|| {
        format!("cannot listen for peers on {address} (`--listen PORT` chooses another port)")
    })?;
    let mut sockets = Vec::new();
    for ip in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
        // A machine may lack one of the two.
        if let Ok(socket) = UdpSocket::bind((ip, 0)) {
            sockets.push((ip.is_ipv4(), pool.add_datagram(socket).context("cannot start")?));
        }
    }
    Ok((listening.port(), sockets))
}

struct Registry {
    client: Client<ConnId>,
    shell: Shell,
    /// Empty between events.
    actions: Vec<ClientAction<ConnId>>,
    /// The connection on which we speak to a peer.
    link: Option<ConnId>,
    sockets: Sockets,
    udp: Udp,
    server: Option<IpAddr>,
    dial_timeout: Duration,
}

impl App for Registry {
    type Message = Input;

    fn handle(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        if self.shell.is_over() {
            return;
        }
        match event {
            Event::Started => self.prepare(io),
            Event::Message(input) => self.input(input, io),
            Event::Opened { conn, via: Via::Refused(_), .. } => io.close(conn),
            Event::Opened { conn, peer, via: Via::Accepted(_) } => {
                self.tell(ClientEvent::Called(conn, peer.ip()), io);
            }
            Event::Opened { conn, .. } if self.link == Some(conn) => {
                io.set_timer(DIALLING, None);
                self.tell(ClientEvent::LinkUp, io);
            }
            Event::Opened { conn, peer, .. } if self.shell.is_server(conn) => {
                self.server = Some(peer.ip());
                self.server_event(event, io);
            }
            Event::Received { conn, bytes } if !self.shell.is_server(conn) => {
                if self.link == Some(conn) {
                    self.tell(ClientEvent::LinkReceived(bytes), io);
                } else {
                    self.tell(ClientEvent::CallerReceived(conn, bytes), io);
                }
            }
            Event::Ended { conn } if !self.shell.is_server(conn) => {
                io.close(conn);
                self.gone(conn, "it was closed", io);
            }
            Event::Closed { conn, ref why } if !self.shell.is_server(conn) => {
                let why = match why {
                    Closed::Lost(error) | Closed::Failed(error) => error.to_string(),
                    Closed::Asked | Closed::SlowReader { .. } => "it was closed".into(),
                };
                self.gone(conn, &why, io);
            }
            Event::Timer { id: DIALLING } => {
                if let Some(conn) = self.link {
                    io.close(conn);
                    self.gone(conn, "nothing answered", io);
                }
            }
            Event::Timer { id } if id > DIALLING => {
                let timer = TIMERS.into_iter().find(|timer| timer_id(*timer) == id);
                if let Some(timer) = timer {
                    self.tell(ClientEvent::Timer(timer), io);
                }
            }
            Event::Stopping => {
                // What is sent now is the last word.
                self.tell(ClientEvent::InputEnded, io);
                self.server_event(event, io);
            }
            event => self.server_event(event, io),
        }
    }
}

const TIMERS: [Timer; 4] = [Timer::Leaving, Timer::Hello, Timer::Link, Timer::Callers];

fn timer_id(timer: Timer) -> u64 {
    DIALLING
        + match timer {
            Timer::Leaving => 1,
            Timer::Hello => 2,
            Timer::Link => 3,
            Timer::Callers => 4,
        }
}

impl Registry {
    fn prepare(&mut self, io: &mut Io<Input>) {
        self.shell.prepare(self.client.wants_name(), "enter your username: ", io);
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

    fn server_event(&mut self, event: Event<'_, Input>, io: &mut Io<Input>) {
        match self.shell.sort(event, io) {
            Some(News::Connected) => {
                if let Some(server) = self.server {
                    self.tell(ClientEvent::Connected(server), io);
                }
            }
            Some(News::Received(bytes)) => self.tell(ClientEvent::Received(bytes), io),
            Some(News::Closed) => self.tell(ClientEvent::Closed, io),
            Some(News::Deadline) | None => {}
        }
    }

    /// The link or a caller is no more.
    fn gone(&mut self, conn: ConnId, why: &str, io: &mut Io<Input>) {
        if self.link == Some(conn) {
            self.hang_up(io);
            self.tell(ClientEvent::LinkDown(why), io);
        } else {
            self.tell(ClientEvent::CallerGone(conn), io);
        }
    }

    fn hang_up(&mut self, io: &mut Io<Input>) {
        if let Some(conn) = self.link.take() {
            io.close(conn);
        }
        io.set_timer(DIALLING, None);
        self.shell.set_outlet(None, io);
    }

    fn dial(&mut self, address: SocketAddr, io: &mut Io<Input>) {
        self.hang_up(io);
        match io.connect(address) {
            Ok(conn) => {
                self.link = Some(conn);
                self.shell.set_outlet(Some(conn), io);
                io.set_timer(DIALLING, io.now().checked_add(self.dial_timeout));
            }
            Err(error) => self.tell(ClientEvent::LinkDown(&error.to_string()), io),
        }
    }

    fn send_hello(&self, datagram: &Bytes, io: &Io<Input>) {
        let to = match (&self.udp, self.server) {
            (Udp::Elsewhere(address), _) => *address,
            (Udp::Port(port), Some(server)) => SocketAddr::new(server, *port),
            (Udp::Port(_), None) => return,
        };
        let socket = self.sockets.iter().find(|(is_ipv4, _)| *is_ipv4 == to.is_ipv4());
        let sent = socket.map(|(_, socket)| io.send_datagram(*socket, datagram, to));
        if let Some(Err(error)) = sent {
            self.shell.complain(&format!("cannot send HELLO to {to}: {error}"));
        }
    }

    fn tell(&mut self, event: ClientEvent<'_, ConnId>, io: &mut Io<Input>) {
        self.client.handle(event, io.now(), &mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                ClientAction::Send(frame) => self.shell.send(frame, io),
                ClientAction::Hello(datagram) => self.send_hello(&datagram, io),
                ClientAction::Dial(address) => self.dial(address, io),
                ClientAction::Tell(frame) => {
                    if let Some(conn) = self.link {
                        io.send(conn, frame);
                    }
                }
                ClientAction::HangUp => self.hang_up(io),
                ClientAction::Dismiss(conn) => io.close(conn),
                ClientAction::Show(line) => self.shell.show(&line, io),
                ClientAction::Complain(why) => self.shell.complain(&why),
                ClientAction::Finish => self.shell.finish(io),
                ClientAction::Timer(timer, at) => io.set_timer(timer_id(timer), at),
                ClientAction::Over(outcome) => self.shell.over("registry", outcome, io),
            }
        }
    }
}
