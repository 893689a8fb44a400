//! Who is in the room, and who hears what.
//!
//! A server with several threads has one [`Room`] on each. All of them hear of the
//! same [`Happening`]s in the same order and so count the same; each hands out to the
//! connections of its own thread. Nothing is locked, and of whatever is written there
//! is one encoding, shared by all who hear it.

use super::{entered, left};
use bytes::Bytes;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;

/// Something that concerns the whole room. `K` is what the program that moves the bytes
/// calls a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening<K> {
    /// Somebody came in.
    Entered {
        /// The new connection.
        who: K,
        /// As the others are told.
        address: SocketAddr,
    },
    /// Somebody wrote one line or more.
    Wrote {
        /// The writer's connection.
        who: K,
        /// What the others hear.
        notice: Bytes,
        /// What the writer hears.
        echo: Bytes,
    },
    /// Somebody went away.
    Left {
        /// The connection.
        who: K,
        /// As the others are told.
        address: SocketAddr,
        /// What is still to be said to it before it is closed; may be empty.
        farewell: Bytes,
    },
}

impl<K: Copy> Happening<K> {
    /// Whose doing it is.
    #[must_use]
    pub fn who(&self) -> K {
        match *self {
            Self::Entered { who, .. } | Self::Wrote { who, .. } | Self::Left { who, .. } => who,
        }
    }

    /// The bytes of text it keeps in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Entered { .. } => 0,
            Self::Wrote { notice, echo, .. } => notice.len() + echo.len(),
            Self::Left { farewell, .. } => farewell.len(),
        }
    }
}

/// What is to be done for a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Order<K> {
    /// Send these bytes.
    Send(K, Bytes),
    /// Close it, once all that was sent is on its way.
    Close(K),
}

/// One thread's view of the room.
#[derive(Debug)]
pub struct Room<K> {
    /// Those who are handed out to from here, in no particular order.
    here: Vec<K>,
    /// Where each of them stands in `here`.
    places: HashMap<K, usize>,
    /// All who are in the room, wherever they are connected.
    online: usize,
}

impl<K> Default for Room<K> {
    fn default() -> Self {
        Self { here: Vec::new(), places: HashMap::new(), online: 0 }
    }
}

impl<K: Copy + Eq + Hash> Room<K> {
    /// How many are in the room.
    #[must_use]
    pub fn online(&self) -> usize {
        self.online
    }

    /// Takes note of `happening` and gives one order after the other. `is_here`: it comes from
    /// a connection that is handed out to from here. Returns what an onlooker reads of it.
    pub fn apply(
        &mut self,
        happening: Happening<K>,
        is_here: bool,
        mut order: impl FnMut(Order<K>),
    ) -> Bytes {
        match happening {
            Happening::Entered { who, address } => {
                self.online += 1;
                let notice = entered(address, self.online);
                self.tell_others(None, &notice, &mut order);
                if is_here {
                    self.places.insert(who, self.here.len());
                    self.here.push(who);
                }
                notice
            }
            Happening::Wrote { who, notice, echo } => {
                self.tell_others(is_here.then_some(who), &notice, &mut order);
                if is_here {
                    order(Order::Send(who, echo));
                }
                notice
            }
            Happening::Left { who, address, farewell } => {
                self.online -= 1;
                let notice = left(address, self.online);
                if is_here {
                    self.remove(who);
                    order(Order::Send(who, farewell));
                    order(Order::Close(who));
                }
                self.tell_others(None, &notice, &mut order);
                notice
            }
        }
    }

    fn tell_others(&self, but: Option<K>, notice: &Bytes, order: &mut impl FnMut(Order<K>)) {
        for &member in &self.here {
            if Some(member) != but {
                order(Order::Send(member, notice.clone()));
            }
        }
    }

    fn remove(&mut self, who: K) {
        let Some(place) = self.places.remove(&who) else { return };
        self.here.swap_remove(place);
        if let Some(&moved) = self.here.get(place) {
            self.places.insert(moved, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn address(n: u16) -> SocketAddr {
        ([10, 0, 0, 1], n).into()
    }

    #[test]
    fn those_in_the_room_hear_and_nobody_else() {
        let mut room = Room::default();
        let mut orders = Vec::new();
        let mut apply = |happening, is_here| {
            orders.clear();
            room.apply(happening, is_here, |order| orders.push(order));
            std::mem::take(&mut orders)
        };
        let says = |text: &'static str| Bytes::from_static(text.as_bytes());
        let enters = |who| Happening::Entered { who, address: address(who) };
        assert_eq!(apply(enters(1), true), []);
        assert_eq!(
            apply(enters(2), false),
            [Order::Send(1, says("\n> New user 10.0.0.1:2 entered.( 2 users online)\n"))]
        );
        apply(enters(3), true);
        let wrote = |who| Happening::Wrote { who, notice: says("n"), echo: says("e") };
        assert_eq!(apply(wrote(1), true), [Order::Send(3, says("n")), Order::Send(1, says("e"))]);
        assert_eq!(apply(wrote(2), false), [Order::Send(1, says("n")), Order::Send(3, says("n"))]);
        let leaves = |who| Happening::Left { who, address: address(who), farewell: says("bye") };
        let notice = says("\n< The user 10.0.0.1:1 left(2 users left)\n");
        assert_eq!(
            apply(leaves(1), true),
            [Order::Send(1, says("bye")), Order::Close(1), Order::Send(3, notice)]
        );
        assert_eq!(apply(wrote(2), false), [Order::Send(3, says("n"))]);
    }

    proptest! {
        /// Two threads, each with the odd or the even connections, against a plain set.
        #[test]
        fn all_threads_count_the_same(whos in prop::collection::vec(0u16..12, 0..60)) {
            let mut rooms = [Room::default(), Room::default()];
            let mut present = BTreeSet::new();
            for who in whos {
                let happening = if present.remove(&who) {
                    Happening::Left { who, address: address(who), farewell: Bytes::new() }
                } else {
                    Happening::Entered { who, address: address(who) }
                };
                let mut told = BTreeSet::new();
                for (number, room) in rooms.iter_mut().enumerate() {
                    let is_here = usize::from(who) % 2 == number;
                    room.apply(happening.clone(), is_here, |order| {
                        if let Order::Send(to, text) = order && !text.is_empty() {
                            assert!(told.insert(to), "told twice");
                        }
                    });
                }
                prop_assert_eq!(&told, &present);
                if matches!(happening, Happening::Entered { .. }) {
                    present.insert(who);
                }
                prop_assert!(rooms.iter().all(|room| room.online() == present.len()));
            }
        }
    }
}
