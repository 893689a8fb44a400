//! One push, from connecting to the proof that it arrived.
//!
//! A session with receipts proves it by `ok ID`. An old client can prove nothing: when
//! it closes the connection in order it has the push. One that leaves the connection
//! open counts as served after the push's time, if its machine has acknowledged the
//! bytes by then: the connection's TCP_USER_TIMEOUT must be shorter than that time, so
//! that a machine that does not is an error before.

use super::receipt;
use std::time::Duration;

/// What happens to the connection of a push.
#[derive(Debug, Clone, Copy)]
pub enum DeliveryEvent<'a> {
    /// It stands, and the line was handed to it.
    Sent,
    /// Bytes arrived.
    Received(&'a [u8]),
    /// The peer will send no more.
    Ended,
    /// It is lost, or did not come about.
    Lost,
    /// [`Delivery::HOLD`] has passed since it was sent, and later the push's time.
    Deadline,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It has arrived.
    Yes,
    /// It has not.
    No,
    /// It was sent, and a client that gives receipts ended the connection without the right one.
    Refused,
    /// It was sent, and the connection broke: an old client may have read it.
    Perhaps,
    /// It was sent, and an old client holds the connection open, as some do until the next
    /// one comes. The next push may go out; what becomes of this one is said later.
    Taken,
}

/// One push under way.
#[derive(Debug)]
pub struct Delivery {
    receipt: Option<String>,
    heard: Vec<u8>,
    sent: bool,
    taken: bool,
}

impl Delivery {
    /// How long an old client may hold a connection open before the next push goes out.
    pub const HOLD: Duration = Duration::from_millis(100);

    /// A push; `id` if the session has receipts.
    #[must_use]
    pub fn new(id: Option<&str>) -> Self {
        Self { receipt: id.map(receipt), heard: Vec::new(), sent: false, taken: false }
    }

    /// True if the peer must see the end of our stream after the line, because it does
    /// not know line feeds.
    #[must_use]
    pub fn ends_stream(&self) -> bool {
        self.receipt.is_none()
    }

    /// True while nothing can have arrived.
    #[must_use]
    pub fn can_be_cancelled(&self) -> bool {
        !self.sent
    }

    /// Handles one event; says what became of the push once that is known.
    pub fn handle(&mut self, event: DeliveryEvent<'_>) -> Option<Delivered> {
        let Some(receipt) = &self.receipt else {
            return match event {
                DeliveryEvent::Sent => {
                    self.sent = true;
                    None
                }
                DeliveryEvent::Received(_) => None,
                DeliveryEvent::Deadline if self.sent && !self.taken => {
                    self.taken = true;
                    Some(Delivered::Taken)
                }
                DeliveryEvent::Lost if self.sent => Some(Delivered::Perhaps),
                DeliveryEvent::Ended | DeliveryEvent::Deadline if self.sent => Some(Delivered::Yes),
                DeliveryEvent::Ended | DeliveryEvent::Deadline | DeliveryEvent::Lost => {
                    Some(Delivered::No)
                }
            };
        };
        match event {
            DeliveryEvent::Sent => {
                self.sent = true;
                None
            }
            DeliveryEvent::Received(bytes) => {
                self.heard.extend_from_slice(bytes);
                if self.heard.starts_with(receipt.as_bytes()) {
                    return Some(Delivered::Yes);
                }
                let is_beginning = receipt.as_bytes().starts_with(&self.heard);
                (!is_beginning).then_some(Delivered::Refused)
            }
            DeliveryEvent::Ended | DeliveryEvent::Lost if self.sent => Some(Delivered::Refused),
            DeliveryEvent::Ended | DeliveryEvent::Lost | DeliveryEvent::Deadline => {
                Some(Delivered::No)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryEvent::{Deadline, Ended, Lost, Received, Sent};

    #[test]
    fn table() {
        for (id, events, expected) in [
            (None, &[Sent, Ended][..], Some(Delivered::Yes)),
            (None, &[Sent, Received(b"thanks")], None),
            (None, &[Sent, Deadline], Some(Delivered::Taken)),
            (None, &[Sent, Lost], Some(Delivered::Perhaps)),
            (None, &[Lost], Some(Delivered::No)),
            (None, &[Deadline], Some(Delivered::No)),
            (Some("1-2"), &[Sent, Received(b"ok 1-2\n")], Some(Delivered::Yes)),
            (Some("1-2"), &[Sent, Received(b"ok "), Received(b"1-2\n.")], Some(Delivered::Yes)),
            (Some("1-2"), &[Sent, Received(b"ok 1-3\n")], Some(Delivered::Refused)),
            (Some("1-2"), &[Sent, Ended], Some(Delivered::Refused)),
            (Some("1-2"), &[Sent, Received(b"ok 1"), Lost], Some(Delivered::Refused)),
            (Some("1-2"), &[Lost], Some(Delivered::No)),
            (Some("1-2"), &[Sent, Deadline], Some(Delivered::No)),
        ] {
            let mut delivery = Delivery::new(id);
            let found = events.iter().find_map(|event| delivery.handle(*event));
            assert_eq!(found, expected, "{events:?}");
        }
    }

    #[test]
    fn what_becomes_of_a_push_that_was_taken() {
        for (event, expected) in
            [(Deadline, Delivered::Yes), (Ended, Delivered::Yes), (Lost, Delivered::Perhaps)]
        {
            let mut delivery = Delivery::new(None);
            assert_eq!(delivery.handle(Sent), None);
            assert_eq!(delivery.handle(Deadline), Some(Delivered::Taken));
            assert_eq!(delivery.handle(event), Some(expected));
        }
    }
}
