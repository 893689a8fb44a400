//! Who is in the room, and who hears what.
//!
//! A server with several threads has one [`Room`] on each. All of them hear of the
//! same [`Happening`]s in the same order and so count the same; each hands out to the
//! connections of its own thread. Nothing is locked, and of whatever is written there
//! is one encoding, shared by all who hear it.
//!
//! Comings and goings are gathered until somebody writes or [`Room::tell_news`] is called.
//! When thousands come at once each of them hears of those behind it, which are
//! millions of notices, but only one piece of text for each.

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
    here: Vec<Member<K>>,
    /// Where each of them stands in `here`.
    places: HashMap<K, usize>,
    /// All who are in the room, wherever they are connected.
    online: usize,
    /// Who came and went since the last time that was told.
    news: Vec<u8>,
}

#[derive(Debug)]
struct Member<K> {
    key: K,
    /// How much of the news is older than the member.
    old_news: usize,
}

impl<K> Default for Room<K> {
    fn default() -> Self {
        Self { here: Vec::new(), places: HashMap::new(), online: 0, news: Vec::new() }
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
                self.news.extend_from_slice(&notice);
                if is_here {
                    self.places.insert(who, self.here.len());
                    self.here.push(Member { key: who, old_news: self.news.len() });
                }
                notice
            }
            Happening::Wrote { who, notice, echo } => {
                self.tell_news(&mut order);
                for member in &self.here {
                    if !is_here || member.key != who {
                        order(Order::Send(member.key, notice.clone()));
                    }
                }
                if is_here {
                    order(Order::Send(who, echo));
                }
                notice
            }
            Happening::Left { who, address, farewell } => {
                self.online -= 1;
                let notice = left(address, self.online);
                if is_here {
                    self.remove(who, &mut order);
                    order(Order::Send(who, farewell));
                    order(Order::Close(who));
                }
                self.news.extend_from_slice(&notice);
                notice
            }
        }
    }

    /// Lets everybody here know who came and went.
    pub fn tell_news(&mut self, mut order: impl FnMut(Order<K>)) {
        if self.news.is_empty() {
            return;
        }
        let news = Bytes::from(std::mem::take(&mut self.news));
        for member in &mut self.here {
            let old = std::mem::take(&mut member.old_news);
            if old < news.len() {
                order(Order::Send(member.key, news.slice(old..)));
            }
        }
    }

    /// Takes `who` out, with the news so far.
    fn remove(&mut self, who: K, order: &mut impl FnMut(Order<K>)) {
        let Some(place) = self.places.remove(&who) else { return };
        let member = self.here.swap_remove(place);
        if let Some(moved) = self.here.get(place) {
            self.places.insert(moved.key, place);
        }
        let news = &self.news[member.old_news..];
        if !news.is_empty() {
            order(Order::Send(who, Bytes::copy_from_slice(news)));
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
            room.tell_news(|order| orders.push(order));
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

    #[test]
    fn many_comings_and_goings_are_one_piece_of_text_for_each() {
        let mut room = Room::default();
        let mut heard = std::collections::BTreeMap::<u16, Vec<Bytes>>::new();
        let mut apply = |happening| {
            room.apply(happening, true, |order| {
                if let Order::Send(to, text) = order
                    && !text.is_empty()
                {
                    heard.entry(to).or_default().push(text);
                }
            });
        };
        for who in 1..=4 {
            apply(Happening::Entered { who, address: address(who) });
        }
        apply(Happening::Left { who: 2, address: address(2), farewell: Bytes::new() });
        let line = |text: &'static str| Bytes::from_static(text.as_bytes());
        apply(Happening::Wrote { who: 3, notice: line("n"), echo: line("e") });
        apply(Happening::Entered { who: 5, address: address(5) });
        room.tell_news(|_| ());
        let came = |who, n| format!("\n> New user 10.0.0.1:{who} entered.( {n} users online)\n");
        let went = "\n< The user 10.0.0.1:2 left(3 users left)\n";
        let news = came(2, 2) + &came(3, 3) + &came(4, 4) + went;
        assert_eq!(heard[&1], [Bytes::from(news), line("n")]);
        // Those who leave hear what came before, newcomers what came after.
        assert_eq!(heard[&2], [Bytes::from(came(3, 3) + &came(4, 4))]);
        assert_eq!(heard[&3], [Bytes::from(came(4, 4) + went), line("e")]);
        assert_eq!(heard[&4], [Bytes::from(went), line("n")]);
        assert!(!heard.contains_key(&5));
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
                    let mut tell = |order| {
                        if let Order::Send(to, text) = order && !text.is_empty() {
                            assert!(told.insert(to), "told twice");
                        }
                    };
                    room.apply(happening.clone(), is_here, &mut tell);
                    room.tell_news(&mut tell);
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
