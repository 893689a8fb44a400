//! `chat-server registry`: carries out what the registry decides.
//!
//! There is one order of events for all users, so one thread does everything. A frame costs
//! it a few microseconds; private chats do not come this way at all.

use crate::args::{ServeArgs, parse_listen};
use crate::serve;
use anyhow::Context as _;
use chat_net::{App, Closed, Config, ConnId, ConnMap, Event, Io, Via};
use chat_proto::registry::{self, Action, Ending, Limits, Note, Registry, frame};
use chat_proto::units::parse_positive_duration;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use tracing::{debug, info, warn};

/// The one timer.
const WAKE: u64 = 0;

/// The options of `chat-server registry`.
#[derive(Debug, clap::Args)]
pub(crate) struct RegistryArgs {
    #[command(flatten)]
    serve: ServeArgs,

    /// Where to hear HELLO datagrams: IP:PORT, an IP, or a PORT [default: the IP of --listen, port
    /// 6235; a port that the system chooses if it chooses that of --listen]
    #[arg(long, value_name = "IP:PORT")]
    udp: Option<String>,

    /// How long a user may go without a HELLO
    #[arg(long, value_name = "TIME", default_value = "200s", value_parser = parse_positive_duration)]
    activity_limit: Duration,
}

/// Serves until a signal comes.
pub(crate) fn run(args: &RegistryArgs) -> anyhow::Result<()> {
    let RegistryArgs { serve, udp, activity_limit } = args;
    let udp_address = udp_address(udp.as_deref(), serve.address(registry::DEFAULT_PORT)?)?;
    let socket = UdpSocket::bind(udp_address).with_context(|| {
        format!("cannot hear on UDP {udp_address} (is another registry running? try `--udp 0`)")
    })?;
    let hearing = socket.local_addr().context("cannot start")?;
    let config = Config { threads: 1, ..serve.config() };
    let mut pool = serve::listen_with(config, serve, registry::DEFAULT_PORT)?;
    pool.add_datagram(socket).context("cannot start")?;
    info!("hearing HELLO on {hearing}");
    let limits = Limits {
        max_frame: serve.max_frame,
        name_timeout: serve.name_timeout,
        activity_limit: *activity_limit,
    };
    pool.run(|_| Server {
        registry: Registry::new(limits),
        peers: ConnMap::default(),
        actions: Vec::new(),
    })?;
    info!("stopped");
    Ok(())
}

fn udp_address(udp: Option<&str>, listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    if udp.is_some() {
        return parse_listen("--udp", udp, registry::DEFAULT_UDP_PORT);
    }
    let port = if listen.port() == 0 { 0 } else { registry::DEFAULT_UDP_PORT };
    Ok(SocketAddr::new(listen.ip(), port))
}

struct Server {
    registry: Registry<ConnId>,
    /// Addresses, for the log.
    peers: ConnMap<SocketAddr>,
    /// Empty between events.
    actions: Vec<Action<ConnId>>,
}

impl App for Server {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        let now = io.now();
        let Self { registry, actions, .. } = self;
        match event {
            Event::Opened { conn, peer, via: Via::Refused(_) } => {
                warn!(%peer, "refused: too many connections");
                if let Some(frame) =
                    frame::encode_from("server", "the registry is full. Try again later.")
                {
                    io.send(conn, frame);
                }
                io.close(conn);
            }
            Event::Opened { conn, peer, .. } => {
                debug!(%peer, "connected");
                self.peers.insert(conn, peer);
                let local = io.local_addr(conn).map_or(peer.ip(), |local| local.ip());
                registry.open(conn, peer.ip(), local, now, actions);
            }
            Event::Received { conn, bytes } => {
                registry.handle(conn, registry::Event::Received(bytes), now, actions);
            }
            Event::Ended { conn } => registry.handle(conn, registry::Event::Ended, now, actions),
            Event::Closed { conn, why } => {
                self.log_end(conn, &why);
                self.registry.handle(conn, registry::Event::Gone, now, &mut self.actions);
                self.peers.remove(conn);
            }
            Event::Datagram { from, bytes, .. } => {
                registry.datagram(from.ip(), bytes, now, actions);
            }
            Event::Timer { .. } => registry.wake(now, actions),
            Event::Stopping => info!(users = registry.users(), "stopping"),
            _ => {}
        }
        self.carry_out(io);
    }
}

impl Server {
    fn carry_out(&mut self, io: &mut Io<()>) {
        for action in self.actions.drain(..) {
            match action {
                Action::Send { to, frame } => io.send(to, frame),
                Action::Close(conn) => io.close(conn),
                Action::Wake(at) => io.set_timer(WAKE, at),
                Action::Note(note) => log(&note),
            }
        }
    }

    fn log_end(&mut self, conn: ConnId, why: &Closed) {
        let Some(&mut peer) = self.peers.get_mut(conn) else { return };
        if matches!(why, Closed::Asked) {
            debug!(%peer, "closed");
        }
        serve::log_loss(why, self.registry.name(conn), peer);
    }
}

/// One line for each thing worth knowing. Names are written with `?`, so that a
/// control character in one cannot forge or hide a line.
fn log(note: &Note) {
    match note {
        Note::Joined(user) => info!(?user, "joined"),
        Note::Left(user, Ending::Silent) => info!(?user, "removed: no HELLO came in time"),
        Note::Left(user, Ending::Logout) => info!(?user, "left: logged out"),
        Note::Left(user, _) => info!(?user, "left"),
        Note::Refused(why) => info!(%why, "name refused"),
        Note::Unregistered => info!("closed: did not register"),
        Note::Broken(user, error) => {
            info!(user = user.as_ref().map(tracing::field::debug), %error, "closed: not a frame");
        }
        Note::Chat(user, asker) => info!(?user, with = ?asker, "private chat"),
        Note::ChatOver(user, other) => info!(?user, with = ?other, "left private chat"),
        Note::Room(room, user) => info!(?user, room, "room created"),
        Note::RoomJoined(room, user) => info!(?user, room, "joined room"),
        Note::RoomLeft(room, user) => info!(?user, room, "left room"),
        Note::RoomOver(room) => info!(room, "room closed"),
        Note::Message(room, user, heard) => debug!(?user, room, heard, "message"),
        Note::Format(user) => debug!(?user, "not a request"),
        Note::Forged(user, claimed) => warn!(?user, ?claimed, "claimed another name"),
        Note::BadHello(from) => debug!(%from, "HELLO ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::udp_address;

    #[test]
    fn udp_follows_listen() {
        for (udp, listen, expected) in [
            (None, "0.0.0.0:6234", "0.0.0.0:6235"),
            (None, "10.0.0.4:99", "10.0.0.4:6235"),
            (None, "127.0.0.1:0", "127.0.0.1:0"),
            (Some("0"), "127.0.0.1:1", "0.0.0.0:0"),
            (Some("127.0.0.1:7"), "0.0.0.0:0", "127.0.0.1:7"),
        ] {
            let found = udp_address(udp, listen.parse().unwrap()).unwrap();
            assert_eq!(found, expected.parse().unwrap());
        }
        assert!(udp_address(Some("h4"), "0.0.0.0:0".parse().unwrap()).is_err());
    }
}
