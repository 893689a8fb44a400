//! Whether the servers see what there is.

use super::{Network, Seat};
use chat_proto::relay::{Directory, Id};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl<D: Directory + Default> Network<D> {
    /// Looks whether the servers' links are a forest, and whether each server knows exactly who
    /// is there by exactly the way that leads to it; with recorded clients, also whether each
    /// of them knows who is there. To be asked when all has settled.
    ///
    /// # Errors
    /// What is not so.
    pub fn check(&self) -> Result<(), String> {
        self.check_views(0..self.servers.len())
    }

    /// The same, but only the views of these servers.
    ///
    /// # Errors
    /// What is not so.
    pub fn check_views(&self, roots: impl IntoIterator<Item = usize>) -> Result<(), String> {
        let mut neighbours: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.servers.len()];
        let mut clients: Vec<Vec<Id>> = vec![Vec::new(); self.servers.len()];
        for (number, server) in self.servers.iter().enumerate().filter(|(_, it)| it.is_up) {
            for (id, end) in server.node.adjacent() {
                match self.seat(end.other()) {
                    Seat::Server(other) => neighbours[number].push((other, end.link())),
                    Seat::Client(_) => clients[number].push(id),
                    Seat::Stranger => return Err("a stranger was taken for a machine".into()),
                }
            }
        }
        for root in roots.into_iter().filter(|number| self.servers[*number].is_up) {
            self.check_view(root, &neighbours, &clients)?;
        }
        Ok(())
    }

    /// The view of `root` against what is found by walking along the links.
    fn check_view(
        &self,
        root: usize,
        neighbours: &[Vec<(usize, usize)>],
        clients: &[Vec<Id>],
    ) -> Result<(), String> {
        let id = |server: usize| self.servers[server].node.id();
        let mut found = BTreeMap::new();
        let mut queue = VecDeque::from([(root, None, None)]);
        while let Some((server, came_by, first_link)) = queue.pop_front() {
            for client in &clients[server] {
                found.insert(*client, first_link.unwrap_or(*client));
            }
            for (next, link) in neighbours[server].iter().filter(|(_, link)| Some(*link) != came_by)
            {
                let first_link = first_link.unwrap_or_else(|| id(*next));
                if *next == root || found.insert(id(*next), first_link).is_some() {
                    return Err(format!("{} is on a circle, seen from {}", id(*next), id(root)));
                }
                queue.push_back((*next, Some(*link), Some(first_link)));
            }
        }
        let mut known = BTreeMap::new();
        let mut from = Some(Id::NONE);
        while let Some((host, first_link)) =
            from.and_then(|from| self.servers[root].node.directory().next(from))
        {
            known.insert(host.source, first_link);
            from = host.source.0.checked_add(1).map(Id);
        }
        if let Some((host, way)) = known.iter().find(|(host, way)| found.get(host) != Some(*way)) {
            let there = found.get(host);
            return Err(format!("{} knows {host} by way of {way}, not {there:?}", id(root)));
        }
        if let Some(host) = found.keys().find(|host| !known.contains_key(*host)) {
            return Err(format!("{} does not know {host}", id(root)));
        }
        for (_, end) in self.servers[root].node.adjacent().filter(|_| self.records) {
            let Seat::Client(client) = self.seat(end.other()) else { continue };
            let client = &self.clients[client];
            let others: BTreeSet<Id> = found
                .keys()
                .copied()
                .filter(|it| *it != client.id && self.clients.iter().any(|other| other.id == *it))
                .collect();
            if client.known != others {
                return Err(format!(
                    "client {} knows {:?}, and there is {others:?}",
                    client.id, client.known
                ));
            }
        }
        Ok(())
    }
}
