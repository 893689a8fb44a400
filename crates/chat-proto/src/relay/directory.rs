//! What a server knows of all other machines.

use super::{Id, Kind, Registration};
use std::collections::BTreeMap;

/// What routing needs to know of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Server or client.
    pub kind: Kind,
    /// The adjacent machine on the path to it; itself if it is adjacent.
    pub first_link: Id,
}

/// Where a server keeps the machines it knows, itself left out. A simulation of ten thousand
/// servers keeps them more tightly than [`Hosts`] does.
pub trait Directory {
    /// The machine `id`, if it is known.
    fn find(&self, id: Id) -> Option<Known>;

    /// Keeps a machine that is not known yet; its `last_hop` does not matter.
    fn insert(&mut self, host: &Registration<'_>, first_link: Id);

    /// Forgets a machine.
    fn remove(&mut self, id: Id);

    /// The known machine with the smallest id from `from` on, and its first link. Its
    /// `last_hop` is [`Id::NONE`].
    fn next(&self, from: Id) -> Option<(Registration<'_>, Id)>;

    /// About how many bytes of memory all of it takes.
    fn bytes(&self) -> usize;
}

/// The usual [`Directory`].
#[derive(Debug, Default)]
pub struct Hosts {
    hosts: BTreeMap<Id, Host>,
    /// Of all names and infos.
    text_bytes: usize,
}

#[derive(Debug)]
struct Host {
    known: Known,
    name: Box<str>,
    info: Box<str>,
}

/// What one machine costs beside its name and info: an entry of the tree, of which nodes are
/// about two thirds full, and two allocations.
const PER_HOST: usize = (size_of::<Id>() + size_of::<Host>()) * 3 / 2 + 2 * 16;

impl Hosts {
    fn text_bytes(host: &Host) -> usize {
        host.name.len() + host.info.len()
    }
}

impl Directory for Hosts {
    fn find(&self, id: Id) -> Option<Known> {
        self.hosts.get(&id).map(|host| host.known)
    }

    fn insert(&mut self, host: &Registration<'_>, first_link: Id) {
        let known = Known { kind: host.kind, first_link };
        let host_of = Host { known, name: host.name.into(), info: host.info.into() };
        self.text_bytes += Self::text_bytes(&host_of);
        if let Some(old) = self.hosts.insert(host.source, host_of) {
            self.text_bytes -= Self::text_bytes(&old);
        }
    }

    fn remove(&mut self, id: Id) {
        if let Some(host) = self.hosts.remove(&id) {
            self.text_bytes -= Self::text_bytes(&host);
        }
    }

    fn next(&self, from: Id) -> Option<(Registration<'_>, Id)> {
        self.hosts.range(from..).next().map(|(id, host)| {
            let Host { known: Known { kind, first_link }, name, info } = host;
            let last_hop = Id::NONE;
            (Registration { kind: *kind, source: *id, last_hop, name, info }, *first_link)
        })
    }

    fn bytes(&self) -> usize {
        self.hosts.len() * PER_HOST + self.text_bytes
    }
}
