//! The connections that pushes travel over.

use chat_net::{Closed, ConnId, ConnMap, Io};
use chat_proto::accounts::{Delivered, Delivery, DeliveryEvent};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;
use tracing::debug;

/// Pushes under way, and what the hub does not know yet of them.
pub(super) struct Pushes {
    timeout: Duration,
    by_conn: ConnMap<Push>,
    by_ticket: HashMap<u64, ConnId>,
    over: Vec<(u64, Delivered)>,
}

struct Push {
    ticket: u64,
    line: String,
    delivery: Delivery,
}

impl Pushes {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, by_conn: ConnMap::default(), by_ticket: HashMap::new(), over: Vec::new() }
    }

    /// Tickets of pushes of which there is something to tell.
    pub(super) fn take_over(&mut self) -> Vec<(u64, Delivered)> {
        std::mem::take(&mut self.over)
    }

    pub(super) fn begin<M>(
        &mut self,
        ticket: u64,
        to: SocketAddr,
        line: String,
        id: Option<&str>,
        io: &mut Io<M>,
    ) {
        match io.connect(to) {
            Ok(conn) => {
                io.set_deadline(conn, io.now().checked_add(self.timeout));
                self.by_ticket.insert(ticket, conn);
                self.by_conn.insert(conn, Push { ticket, line, delivery: Delivery::new(id) });
            }
            Err(error) => {
                debug!(%to, %error, "cannot push");
                self.over.push((ticket, Delivered::No));
            }
        }
    }

    /// Gives a push up if nothing of it can have arrived.
    pub(super) fn cancel<M>(&mut self, ticket: u64, io: &mut Io<M>) {
        let Some(&conn) = self.by_ticket.get(&ticket) else { return };
        if self.by_conn.get_mut(conn).is_some_and(|push| push.delivery.can_be_cancelled()) {
            self.end(conn, Delivered::No, io);
        }
    }

    /// The connection stands. False if it is not one of a push.
    pub(super) fn opened<M>(&mut self, conn: ConnId, io: &mut Io<M>) -> bool {
        let Some(push) = self.by_conn.get_mut(conn) else { return false };
        io.send(conn, std::mem::take(&mut push.line).into());
        if push.delivery.ends_stream() {
            io.finish(conn);
            io.set_deadline(conn, io.now().checked_add(Delivery::HOLD));
        }
        self.tell(conn, DeliveryEvent::Sent, io)
    }

    /// The connection is no more. False if it is not one of a push.
    pub(super) fn closed<M>(&mut self, conn: ConnId, why: &Closed, io: &mut Io<M>) -> bool {
        if let (Some(push), Closed::Lost(error) | Closed::Failed(error)) =
            (self.by_conn.get_mut(conn), why)
        {
            debug!(ticket = push.ticket, %error, "push failed");
        }
        self.tell(conn, DeliveryEvent::Lost, io)
    }

    /// Something happened to the connection. False if it is not one of a push.
    pub(super) fn tell<M>(
        &mut self,
        conn: ConnId,
        event: DeliveryEvent<'_>,
        io: &mut Io<M>,
    ) -> bool {
        let Some(push) = self.by_conn.get_mut(conn) else { return false };
        match push.delivery.handle(event) {
            None => {}
            Some(Delivered::Taken) => {
                self.over.push((push.ticket, Delivered::Taken));
                io.set_deadline(conn, io.now().checked_add(self.timeout));
            }
            Some(delivered) => self.end(conn, delivered, io),
        }
        true
    }

    fn end<M>(&mut self, conn: ConnId, delivered: Delivered, io: &mut Io<M>) {
        io.close(conn);
        if let Some(push) = self.by_conn.remove(conn) {
            self.by_ticket.remove(&push.ticket);
            self.over.push((push.ticket, delivered));
        }
    }
}
