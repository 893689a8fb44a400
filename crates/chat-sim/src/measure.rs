//! What the protocol costs in a network of a given size.

use crate::tree::Tree;
use crate::{Network, Profiles, Random};
use chat_proto::relay::{Directory, Hosts, Id, Kind, Limits, Profile, Registration};

/// A network to be measured.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Servers; at least two.
    pub servers: u32,
    /// Clients; at least one.
    pub clients: u32,
    /// The least and the largest delay of a link, in µs.
    pub delays: (u64, u64),
    /// How long after one client the next one joins, in µs.
    pub join_pause: u64,
    /// Servers whose views are looked at.
    pub looks: usize,
    /// Where chance comes from.
    pub seed: u64,
}

/// What was measured. Times in µs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The most links between a server and the first one.
    pub depth: usize,
    /// From the start of all servers until each knew each.
    pub storm: u64,
    /// Messages from server to server meanwhile.
    pub storm_messages: u64,
    /// For each client how long it took until the last server knew it; ascending.
    pub joins: Vec<u64>,
    /// Messages to servers, for one join.
    pub to_servers: u64,
    /// Messages to clients, for one join of the average client.
    pub to_clients: u64,
    /// Bytes that the last client was told of the others.
    pub told: u64,
    /// From the cut until all knew who is gone.
    pub cut: u64,
    /// The most bytes that a server then sent at once over one link.
    pub cut_burst: u64,
    /// Messages altogether after the cut.
    pub cut_messages: u64,
}

const NAME: &str = "machine-000000";
const INFO: &str = "somewhere in the simulation";

fn profile(id: u32) -> Profile {
    Profile { id: Id(id), name: NAME.to_owned(), info: INFO.to_owned() }
}

impl Size {
    /// All machines of such a network.
    #[must_use]
    pub fn profiles(&self) -> Profiles {
        let machines = self.servers.saturating_add(self.clients);
        Profiles { servers: self.servers, machines, name: NAME.into(), info: INFO.into() }
    }

    /// Lets such a network come up, be joined, and fall in two, with `directory` for each server.
    /// `progress` hears what was reached.
    ///
    /// # Errors
    /// How the view of a server differs from what there is.
    pub fn measure<D: Directory + Default>(
        &self,
        directory: impl Fn() -> D,
        mut progress: impl FnMut(&str),
    ) -> Result<Measured, String> {
        let servers = self.servers as usize;
        let mut random = Random::new(self.seed);
        // A server of the usual size would not keep so many machines.
        let limits = Limits { max_directory: usize::MAX, ..Limits::default() };
        let mut network = Network::new(random.draw(), self.delays, limits, false);
        let tree = Tree::random(servers, &mut random);
        let looks: Vec<usize> = (0..self.looks).map(|_| random.below(servers)).collect();
        let mut look = |network: &Network<D>, reached: &str| {
            network.check_views(looks.iter().copied())?;
            progress(reached);
            Ok::<_, String>(())
        };

        for (server, parent) in tree.parents.iter().enumerate() {
            network.add_server(profile(server as u32 + 1), directory(), *parent);
        }
        network.run();
        look(&network, "all servers are there")?;
        let storm = (1..=self.servers).map(|id| network.joined(Id(id))).max().unwrap_or(0);
        let storm_messages = network.take_counts().to_servers;

        let mut starts = Vec::new();
        let start = network.now();
        for client in 0..self.clients {
            if client + 1 < self.clients {
                network.run_until(start + u64::from(client) * self.join_pause);
            } else {
                // The last one finds all others.
                network.run();
            }
            starts.push(network.now());
            network.add_client(&profile(self.servers + client + 1), random.below(servers));
        }
        let earlier = network.take_counts();
        network.run();
        look(&network, "all clients are there")?;
        let last = network.take_counts();
        let ids = self.servers + 1..=self.servers + self.clients;
        let mut joins: Vec<u64> =
            ids.zip(starts).map(|(id, start)| network.joined(Id(id)) - start).collect();
        joins.sort_unstable();
        let for_one = |all: u64| all / u64::from(self.clients);

        let start = network.now();
        // Server `n` made link `n - 1`; its far side is what hangs on it.
        network.cut(tree.heaviest() - 1);
        network.end_retries();
        network.run();
        look(&network, "the network is in two halves")?;
        let cut_counts = network.take_counts();
        Ok(Measured {
            depth: tree.depth(),
            storm,
            storm_messages,
            joins,
            to_servers: for_one(earlier.to_servers + last.to_servers),
            to_clients: for_one(earlier.to_clients + last.to_clients),
            // All others are told of the last one as well.
            told: last.client_bytes - u64::from(self.clients - 1) * registration_length(),
            cut: network.last_left() - start,
            cut_burst: cut_counts.largest_burst,
            cut_messages: cut_counts.to_servers + cut_counts.to_clients,
        })
    }

    /// The bytes that a real server of such a network keeps of all others.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        let mut hosts = Hosts::default();
        for id in 1..self.servers + self.clients {
            let (kind, source, last_hop) = (Kind::Client, Id(id), Id::NONE);
            hosts.insert(&Registration { kind, source, last_hop, name: NAME, info: INFO }, Id(1));
        }
        hosts.bytes()
    }
}

/// The bytes of a registration.
fn registration_length() -> u64 {
    12 + (NAME.len() + INFO.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Packed;
    use std::rc::Rc;

    /// The directory in which ten thousand servers fit changes nothing that is measured, nor
    /// does it matter how close together clients join.
    #[test]
    fn the_small_directory_measures_the_same() {
        let size = Size {
            servers: 40,
            clients: 200,
            delays: (1000, 50_000),
            join_pause: 50,
            looks: 40,
            seed: 3,
        };
        let usual = size.measure(Hosts::default, |_| {}).expect("right views");
        let profiles = Rc::new(size.profiles());
        let small = |size: Size| {
            size.measure(|| Packed::new(profiles.clone()), |_| {}).expect("right views")
        };
        assert_eq!(small(size), usual);
        let apart = small(Size { join_pause: 10_000_000, ..size });
        assert_eq!(apart, usual);
        assert_eq!((usual.to_servers, usual.storm_messages), (39, 40 * 39));
        // Of 199 others and of itself, a welcome.
        assert_eq!(usual.to_clients, 200);
    }
}
