//! `chat-server room`: carries out what the sessions of the dialect decide.

mod console;

use crate::args::ServeArgs;
use crate::serve;
use anyhow::Context as _;
use chat_net::{App, Closed, ConnId, ConnMap, Event, Io, Pace, Via};
use chat_proto::room::{self, Action, Ending, Happening, Note, Order, Room, Session};
use console::Console;
use std::net::SocketAddr;
use tracing::{debug, info, warn};

/// The options of `chat-server room`.
#[derive(Debug, clap::Args)]
pub(crate) struct RoomArgs {
    #[command(flatten)]
    serve: ServeArgs,

    /// Do not print the chat on standard output
    #[arg(long)]
    quiet: bool,
}

/// Serves until a signal comes.
pub(crate) fn run(args: &RoomArgs) -> anyhow::Result<()> {
    // With several threads who was accepted first need not be the first to enter. To be
    // exact about that is worth more by default than a second thread is.
    let mut config = args.serve.config_for_one_thread();
    config.pace = Some(Pace::for_queue(config.max_queue));
    let pool = serve::listen_with(config, &args.serve, room::DEFAULT_PORT)?;
    let mut console =
        if args.quiet { None } else { Some(Console::start().context("cannot start")?) };
    pool.run(|_| Chat {
        room: Room::default(),
        sessions: ConnMap::default(),
        // All threads hear the same; one of them prints it.
        console: console.take(),
        max_line: args.serve.max_frame,
        stopping: false,
        actions: Vec::new(),
    })?;
    info!("stopped");
    Ok(())
}

/// The app of one reactor thread.
struct Chat {
    room: Room<ConnId>,
    sessions: ConnMap<Client>,
    console: Option<Console>,
    max_line: usize,
    /// Nobody is told any more who leaves.
    stopping: bool,
    /// Empty between events.
    actions: Vec<Action<ConnId>>,
}

struct Client {
    peer: SocketAddr,
    session: Session<ConnId>,
}

type Message = Happening<ConnId>;

impl App for Chat {
    type Message = Message;

    fn handle(&mut self, event: Event<'_, Message>, io: &mut Io<Message>) {
        match event {
            Event::Opened { conn, peer, via: Via::Refused(_) } => {
                warn!(%peer, "refused: too many connections");
                io.send(conn, room::farewell("The server is full. Try again later."));
                io.close(conn);
            }
            Event::Opened { conn, peer, .. } => {
                let session = Session::open(conn, peer, self.max_line, &mut self.actions);
                self.sessions.insert(conn, Client { peer, session });
                self.carry_out(peer, io);
            }
            Event::Received { conn, bytes } => self.event(conn, room::Event::Received(bytes), io),
            Event::Ended { conn } => self.event(conn, room::Event::Ended, io),
            Event::Closed { conn, why } => self.closed(conn, &why, io),
            Event::Message(happening) => self.happened(happening, io),
            Event::Stopping => {
                self.stopping = true;
                if io.reactor() == 0 {
                    info!(users = self.room.online(), "stopping");
                }
            }
            _ => {}
        }
    }

    fn turn_ends(&mut self, io: &mut Io<Message>) {
        self.room.tell_news(|order| carry_out(order, io));
        if let Some(console) = &mut self.console {
            console.turn_ends();
        }
    }
}

impl Chat {
    fn event(&mut self, conn: ConnId, event: room::Event<'_>, io: &mut Io<Message>) {
        let Some(client) = self.sessions.get_mut(conn) else { return };
        client.session.handle(event, &mut self.actions);
        let peer = client.peer;
        self.carry_out(peer, io);
    }

    fn closed(&mut self, conn: ConnId, why: &Closed, io: &mut Io<Message>) {
        let Some(mut client) = self.sessions.remove(conn) else { return };
        let peer = client.peer;
        serve::log_loss(why, None, peer);
        if !self.stopping {
            client.session.handle(room::Event::Gone, &mut self.actions);
            self.carry_out(peer, io);
        }
    }

    fn carry_out(&mut self, peer: SocketAddr, io: &mut Io<Message>) {
        for action in self.actions.drain(..) {
            match action {
                Action::Publish(happening) => {
                    let weight = happening.weight();
                    io.publish(happening, weight);
                }
                Action::Note(note) => log(note, peer),
            }
        }
    }

    fn happened(&mut self, happening: Happening<ConnId>, io: &mut Io<Message>) {
        let is_here = happening.who().reactor() == io.reactor();
        let notice = self.room.apply(happening, is_here, |order| carry_out(order, io));
        if let Some(console) = &mut self.console {
            console.print(notice);
        }
    }
}

fn carry_out(order: Order<ConnId>, io: &mut Io<Message>) {
    match order {
        Order::Send(conn, bytes) => io.send(conn, bytes),
        Order::Close(conn) => io.close(conn),
    }
}

/// One line for each thing worth knowing.
fn log(note: Note, peer: SocketAddr) {
    match note {
        Note::Entered => info!(%peer, "entered"),
        Note::Wrote { bytes } => debug!(%peer, bytes, "wrote"),
        Note::Left(Ending::Closed | Ending::Gone) => info!(%peer, "left"),
        Note::Left(Ending::Truncated) => info!(%peer, "left in the middle of a line"),
        Note::Left(Ending::Broken(error)) => info!(%peer, %error, "closed: not a line"),
    }
}
