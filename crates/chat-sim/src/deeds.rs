//! Anything, in any order: bytes as a list of deeds, for the tests and the fuzz target.

use crate::{Network, Seat};
use bytes::Bytes;
use chat_proto::relay::{Hosts, Id, Kind, Limits, Message, Profile, Registration};

/// Servers in one play; what costs time grows with their square.
const MAX_SERVERS: usize = 9;

/// Far more than anything that ends needs.
const STEPS: u64 = 200_000;

/// Plays what `bytes` say: servers and clients come and go, links are cut, servers look for
/// another parent (their own offspring, too), clients take an id that is taken, and strangers
/// register, forge and talk nonsense. At last the strangers go, everything arrives, and all
/// is looked at.
///
/// # Panics
/// If a server is wrong: messages without end, a circle, a view that is not what there is, or a
/// client that hears something twice.
pub fn play(bytes: &[u8]) {
    let limits = Limits { max_text: 300, portion: 50, ..Limits::default() };
    let mut network = Network::<Hosts>::new(1, (1, 50_000), limits, true);
    let profile = |id| Profile { id: Id(id), name: format!("m{id}"), info: String::new() };
    network.add_server(profile(1), Hosts::default(), None);
    let mut rest = bytes;
    while let [what, which, after @ ..] = rest {
        rest = after;
        let (server, link) = (usize::from(*which) % network.servers(), usize::from(*which));
        match what % 16 {
            0 | 1 if network.servers() < MAX_SERVERS => {
                let id = 2 + network.servers() as u32;
                network.add_server(profile(id), Hosts::default(), Some(server));
            }
            2..=4 => {
                // Eight ids, so that many are taken.
                network.add_client(&profile(100 + u32::from(*what) / 16 % 8), server);
            }
            5 | 6 if network.links() > 0 => network.cut(link % network.links()),
            7 => network.set_parent(server, usize::from(*what) / 16 % network.servers()),
            8 => {
                let link = network.add_stranger(server);
                network.say(link, &registration(*what, 0, 60 + u32::from(*what) / 64));
            }
            9 | 10 if network.links() > 0 => {
                let link = link % network.links();
                if network.seats(link)[0] == Seat::Stranger {
                    let [what, a, b, after @ ..] = rest else { break };
                    rest = after;
                    network.say(link, &strange(*what, *a, *b));
                }
            }
            11 if network.servers() > 2 => network.kill(server.max(1)),
            _ => {
                network.settle(u64::from(*which) % 32);
            }
        }
    }
    for link in 0..network.links() {
        if network.seats(link)[0] == Seat::Stranger {
            network.cut(link);
        }
    }
    // All who lost their parent have time to come back; then nobody tries any more, so that it ends.
    network.settle(2000);
    network.end_retries();
    assert!(network.settle(STEPS), "messages without end");
    if !network.has_twins() {
        network.check().unwrap_or_else(|why| panic!("{why}"));
    }
}

fn registration(what: u8, last_hop: u32, source: u32) -> Bytes {
    let kind = if what & 0x40 == 0 { Kind::Server } else { Kind::Client };
    let (source, last_hop) = (Id(source), Id(last_hop));
    Message::Registration(Registration { kind, source, last_hop, name: "x", info: "" }).encode()
}

/// What a stranger says: mostly what a server might.
fn strange(what: u8, a: u8, b: u8) -> Bytes {
    // The ids of servers, of strangers and of clients.
    let id = |n: u8| match n % 4 {
        0 => u32::from(n / 4 % 12),
        1 | 2 => 60 + u32::from(n / 4 % 8),
        _ => 100 + u32::from(n / 4 % 8),
    };
    let (source, destination, text) = (Id(id(a)), Id(id(b)), "hello");
    match what % 8 {
        0..=2 => registration(what, id(b), id(a)),
        3 => Message::ClientQuit { source, text }.encode(),
        4 => Message::ServerQuit { source, replacement: destination, text }.encode(),
        5 => Message::Chat { source, destination, text }.encode(),
        6 => Message::Status { source, destination, code: u16::from(what), text }.encode(),
        _ => Bytes::copy_from_slice(&[what, a, b]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_happens_the_views_are_what_there_is(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            play(&bytes);
        }
    }
}
