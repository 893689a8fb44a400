//! Machines that are gone, and how neighbours are told of them.

use super::link::Telling;
use super::{Id, Kind, Message};
use bytes::Bytes;

/// One machine that is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quit<'a> {
    pub(super) kind: Kind,
    pub(super) source: Id,
    /// Another to connect to instead; only a server names one.
    pub(super) replacement: Id,
    /// Its last word.
    pub(super) text: &'a str,
}

impl Quit<'_> {
    /// A machine that was lost: it named nobody and said nothing.
    pub(super) fn lost(kind: Kind, source: Id) -> Self {
        Self { kind, source, replacement: Id::NONE, text: "" }
    }

    fn encode_to(self, bytes: &mut Vec<u8>) {
        let Self { kind, source, replacement, text } = self;
        let message = match kind {
            Kind::Server => Message::ServerQuit { source, replacement, text },
            Kind::Client => Message::ClientQuit { source, text },
        };
        message.encode_to(bytes);
    }
}

/// Quits that come together, encoded. When half of a network is lost, each neighbour is told
/// of it in one piece, which all share.
#[derive(Debug, Default)]
pub(super) struct Quits {
    all: Vec<u8>,
    /// Those of clients; none as long as no others came.
    of_clients: Option<Vec<u8>>,
    /// Each client, and where its quit ends among those of clients.
    ends: Vec<(Id, usize)>,
}

impl Quits {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn add(&mut self, quit: Quit<'_>) {
        match (quit.kind, &mut self.of_clients) {
            (Kind::Client, None) => {}
            (Kind::Client, Some(of_clients)) => quit.encode_to(of_clients),
            (Kind::Server, of_clients) => {
                of_clients.get_or_insert_with(|| self.all.clone());
            }
        }
        quit.encode_to(&mut self.all);
        if quit.kind == Kind::Client {
            let end = self.of_clients.as_ref().unwrap_or(&self.all).len();
            self.ends.push((quit.source, end));
        }
    }

    pub(super) fn finish(self) -> News {
        let all = Bytes::from(self.all);
        let for_clients = self.of_clients.map_or_else(|| all.clone(), Bytes::from);
        News { for_servers: all, for_clients, ends: self.ends }
    }
}

/// All that neighbours may have to hear of some quits.
#[derive(Debug)]
pub(super) struct News {
    /// All of it. A server that was not yet told of a machine may have told us of another with
    /// its id, in vain: then it tells again.
    pub(super) for_servers: Bytes,
    /// Those of clients: they never hear of servers.
    pub(super) for_clients: Bytes,
    ends: Vec<(Id, usize)>,
}

impl News {
    /// What a client is to hear that was told so much of the others.
    pub(super) fn for_newcomer(&self, telling: Telling) -> Bytes {
        let mut start = 0;
        let mut told = Vec::new();
        for (id, end) in &self.ends {
            if telling.has_reached(*id) {
                told.extend_from_slice(&self.for_clients[start..*end]);
            }
            start = *end;
        }
        told.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_neighbour_hears_what_concerns_it(machines in prop::collection::vec((any::<bool>(), 1u32..9, "[a-z]{0,3}"), 1..9), upto in 0u32..9) {
            let quits: Vec<Quit<'_>> = machines.iter().map(|(server, id, text)| Quit {
                text,
                ..Quit::lost(if *server { Kind::Server } else { Kind::Client }, Id(*id))
            }).collect();
            let bytes = |concerns: &dyn Fn(&Quit<'_>) -> bool| {
                let mut bytes = Vec::new();
                quits.iter().filter(|quit| concerns(quit)).for_each(|quit| quit.encode_to(&mut bytes));
                bytes
            };
            let mut together = Quits::default();
            quits.iter().for_each(|quit| together.add(*quit));
            let news = together.finish();
            prop_assert_eq!(&news.for_servers[..], bytes(&|_| true));
            prop_assert_eq!(&news.for_clients[..], bytes(&|quit| quit.kind == Kind::Client));
            prop_assert_eq!(
                news.for_newcomer(Telling::Upto(Id(upto))),
                bytes(&|quit| quit.kind == Kind::Client && quit.source < Id(upto))
            );
        }
    }
}
