//! The hub's surroundings: carries out what it decides, in order and only once it is safe.

use super::app::Message;
use super::hasher::Hasher;
use super::journal::Journal;
use super::notes;
use super::pushes::Pushes;
use chat_net::{ConnId, Event, Io, Via};
use chat_proto::accounts::{
    Action, Change, DeliveryEvent, Event as HubEvent, Hub, Moment, Options, Record,
};
use std::net::IpAddr;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};
use tracing::{error, info};

type Actions = Vec<Action<ConnId>>;

pub(super) struct Center {
    hub: Hub<ConnId>,
    journal: Journal<Option<Actions>>,
    /// What the journal has made safe.
    safe: Receiver<Vec<Option<Actions>>>,
    /// Actions that wait for the journal.
    waiting: usize,
    hasher: Hasher,
    pushes: Pushes,
    /// Empty between events.
    out: Actions,
}

impl Center {
    pub(super) fn new(
        options: Options,
        nonce: u64,
        records: Vec<Record>,
        journal: Journal<Option<Actions>>,
        safe: Receiver<Vec<Option<Actions>>>,
        hasher: Hasher,
        push_timeout: Duration,
    ) -> Self {
        let now = Moment { instant: std::time::Instant::now(), wall: SystemTime::now() };
        let mut out = Vec::new();
        let hub = Hub::new(options, nonce, records, now, &mut out);
        info!(accounts = hub.len(), online = hub.online(), "ready");
        Self { hub, journal, safe, waiting: 0, hasher, pushes: Pushes::new(push_timeout), out }
    }

    /// Handles what concerns the hub and its pushes; false if it is something else.
    pub(super) fn handle(&mut self, event: &Event<'_, Message>, io: &mut Io<Message>) -> bool {
        let is_ours = match event {
            Event::Started => true,
            Event::Opened { conn, via: Via::Connected, .. } => self.pushes.opened(*conn, io),
            Event::Received { conn, bytes } => {
                self.pushes.tell(*conn, DeliveryEvent::Received(bytes), io)
            }
            Event::Ended { conn } => self.pushes.tell(*conn, DeliveryEvent::Ended, io),
            Event::Deadline { conn } => self.pushes.tell(*conn, DeliveryEvent::Deadline, io),
            Event::Closed { conn, why } => self.pushes.closed(*conn, why, io),
            Event::Timer { id } => {
                self.tell(HubEvent::Timer { id: *id }, io);
                true
            }
            Event::Message(Message::Checked { ticket, matches }) => {
                self.checked(*ticket, *matches, io);
                true
            }
            Event::Message(Message::Safe) => {
                self.act_on_safe(io);
                true
            }
            _ => false,
        };
        if is_ours {
            self.settle(io);
        }
        is_ours
    }

    /// A connection brought its line.
    pub(super) fn line(
        &mut self,
        from: ConnId,
        (peer, local): (IpAddr, IpAddr),
        line: &str,
        io: &mut Io<Message>,
    ) {
        self.tell(HubEvent::Line { from, peer, local, line }, io);
        self.settle(io);
    }

    /// Stores what is not stored yet and gives the answers that waited for it.
    pub(super) fn finish(&mut self, io: &mut Io<Message>) {
        info!(online = self.hub.online(), "stopping");
        self.journal.finish();
        for actions in self.safe.try_iter().flatten().flatten() {
            for action in actions {
                if let Action::Answer { to, text } = action {
                    answer(to, text, io);
                }
            }
        }
    }

    fn checked(&mut self, ticket: u64, matches: bool, io: &mut Io<Message>) {
        let mut secret = [0; 16];
        if let Err(error) = getrandom::fill(&mut secret) {
            error!(%error, "the system gives no random numbers; stopping");
            return io.stop();
        }
        let secret = u128::from_ne_bytes(secret);
        self.tell(HubEvent::Checked { ticket, matches, secret }, io);
    }

    fn tell(&mut self, event: HubEvent<'_, ConnId>, io: &Io<Message>) {
        let now = Moment { instant: io.now(), wall: SystemTime::now() };
        self.hub.handle(event, now, &mut self.out);
    }

    /// Carries out all that was decided, and what follows from that.
    fn settle(&mut self, io: &mut Io<Message>) {
        loop {
            self.begin(io);
            let over = self.pushes.take_over();
            if over.is_empty() {
                return;
            }
            for (ticket, delivered) in over {
                self.tell(HubEvent::Pushed { ticket, delivered }, io);
            }
        }
    }

    /// What must wait for the journal waits, and all behind it.
    fn begin(&mut self, io: &mut Io<Message>) {
        if self.out.is_empty() {
            return;
        }
        let mut changes = Vec::new();
        let mut rest = Vec::with_capacity(self.out.len());
        for action in self.out.drain(..) {
            match action {
                Action::Store(change) => changes.push(change),
                action => rest.push(action),
            }
        }
        if self.waiting == 0 && changes.iter().all(Change::may_wait) {
            if !changes.is_empty() {
                self.journal.write(changes, None);
            }
            return self.carry_out(rest, io);
        }
        self.waiting += 1;
        self.journal.write(changes, Some(rest));
    }

    fn act_on_safe(&mut self, io: &mut Io<Message>) {
        while let Ok(entries) = self.safe.try_recv() {
            for actions in entries.into_iter().flatten() {
                self.waiting -= 1;
                self.carry_out(actions, io);
            }
        }
    }

    fn carry_out(&mut self, actions: Actions, io: &mut Io<Message>) {
        for action in actions {
            match action {
                Action::Answer { to, text } => answer(to, text, io),
                Action::Check { ticket, hash, password } => {
                    self.hasher.check(ticket, hash, password);
                }
                Action::Push { ticket, to, line, id } => {
                    self.pushes.begin(ticket, to, line, id.as_deref(), io);
                }
                Action::Cancel { ticket } => self.pushes.cancel(ticket, io),
                Action::Timer { id, at } => io.set_timer(id, at),
                Action::Note(note) => notes::log(&note),
                // Was taken out before.
                Action::Store(_) => {}
            }
        }
    }
}

fn answer(to: ConnId, text: String, io: &mut Io<Message>) {
    if !text.is_empty() {
        io.send(to, text.into());
    }
    io.close(to);
}
