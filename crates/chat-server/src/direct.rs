//! `chat-server direct`: carries out what the sessions of the dialect decide.

use crate::args::ServeArgs;
use crate::serve;
use chat_net::{App, Closed, ConnId, ConnMap, Event, Io, Via};
use chat_proto::direct::{self, Action, Ending, Limits, Note, Session, Users};
use chat_proto::frame;
use std::net::SocketAddr;
use std::sync::Arc;
use tracing::{debug, info, warn};

/// The options of `chat-server direct`.
#[derive(Debug, clap::Args)]
pub(crate) struct DirectArgs {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Serves until a signal comes.
pub(crate) fn run(args: &DirectArgs) -> anyhow::Result<()> {
    let args = &args.serve;
    let pool = serve::listen(args, direct::DEFAULT_PORT)?;
    let users =
        Arc::new(Users::new(Limits { max_frame: args.max_frame, name_timeout: args.name_timeout }));
    pool.run(|_| Direct {
        users: users.clone(),
        sessions: ConnMap::default(),
        actions: Vec::new(),
    })?;
    info!("stopped");
    Ok(())
}

/// The app of one reactor thread.
struct Direct {
    users: Arc<Users<ConnId>>,
    sessions: ConnMap<Client>,
    /// Empty between events.
    actions: Vec<Action<ConnId>>,
}

struct Client {
    peer: SocketAddr,
    session: Session<ConnId>,
}

impl App for Direct {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        match event {
            Event::Opened { conn, peer, via: Via::Refused(_) } => {
                warn!(%peer, "refused: too many connections");
                io.send(conn, frame::encode("The server is full. Try again later."));
                io.close(conn);
            }
            Event::Opened { conn, peer, .. } => {
                debug!(%peer, "connected");
                let session = Session::open(self.users.clone(), conn, io.now(), &mut self.actions);
                self.sessions.insert(conn, Client { peer, session });
                self.carry_out(conn, peer, io);
            }
            Event::Received { conn, bytes } => self.event(conn, direct::Event::Received(bytes), io),
            Event::Ended { conn } => self.event(conn, direct::Event::Ended, io),
            Event::Deadline { conn } => self.event(conn, direct::Event::Deadline, io),
            Event::Closed { conn, why } => self.closed(conn, &why, io),
            Event::Stopping if io.reactor() == 0 => info!(users = self.users.len(), "stopping"),
            _ => {}
        }
    }
}

impl Direct {
    fn event(&mut self, conn: ConnId, event: direct::Event<'_>, io: &mut Io<()>) {
        let Some(client) = self.sessions.get_mut(conn) else { return };
        client.session.handle(event, &mut self.actions);
        let peer = client.peer;
        self.carry_out(conn, peer, io);
    }

    fn closed(&mut self, conn: ConnId, why: &Closed, io: &mut Io<()>) {
        let Some(mut client) = self.sessions.remove(conn) else { return };
        let peer = client.peer;
        serve::log_loss(why, client.session.name().map(AsRef::as_ref), peer);
        client.session.handle(direct::Event::Gone, &mut self.actions);
        self.carry_out(conn, peer, io);
    }

    fn carry_out(&mut self, conn: ConnId, peer: SocketAddr, io: &mut Io<()>) {
        for action in self.actions.drain(..) {
            match action {
                Action::Send { to, frame } => io.send(to, frame),
                Action::Deadline(at) => io.set_deadline(conn, at),
                Action::Close => io.close(conn),
                Action::Note(note) => log(&note, peer),
            }
        }
    }
}

/// One line for each thing worth knowing. Names are written with `?`, so that a
/// control character in one cannot forge or hide a line.
fn log(note: &Note, peer: SocketAddr) {
    match note {
        Note::Joined(user) => info!(?user, %peer, "joined"),
        Note::Left(user, Ending::Truncated) => info!(?user, %peer, "left in the middle of a frame"),
        Note::Left(user, _) => info!(?user, %peer, "left"),
        Note::Refused(why) => info!(%peer, %why, "name refused"),
        Note::Silent => info!(%peer, "closed: no name came in time"),
        Note::Broken(user, error) => {
            info!(user = user.as_ref().map(tracing::field::debug), %peer, %error, "closed: not a frame");
        }
        Note::Unnamed => debug!(%peer, "closed without a name"),
        Note::Message { from, to, bytes } => debug!(?from, ?to, bytes, "message"),
        Note::Unreachable { from, to } => debug!(?from, ?to, "message to nobody"),
        Note::Format(user) => debug!(?user, "wrong format"),
    }
}
