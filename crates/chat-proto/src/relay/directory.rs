//! What a server knows of all other machines.

use super::message::cut;
use super::{Id, Kind, MAX_INFO, MAX_NAME, Registration};
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

/// As small as it can be: a server of a large network has a hundred thousand of them.
#[derive(Debug)]
struct Host {
    first_link: Id,
    kind: Kind,
    /// Of the name, with which `texts` begins.
    name_length: u8,
    /// The name and the info.
    texts: Box<str>,
}

impl Host {
    fn new(host: &Registration<'_>, first_link: Id) -> Self {
        let (name, info) = (cut(host.name, MAX_NAME), cut(host.info, MAX_INFO));
        let name_length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        let texts = [name, info].concat().into();
        Self { first_link, kind: host.kind, name_length, texts }
    }
}

/// What one machine costs beside its name and info: an entry of the tree, of which nodes are
/// about two thirds full, and two allocations.
const PER_HOST: usize = (size_of::<Id>() + size_of::<Host>()) * 3 / 2 + 2 * 16;

impl Directory for Hosts {
    fn find(&self, id: Id) -> Option<Known> {
        let Host { kind, first_link, .. } = *self.hosts.get(&id)?;
        Some(Known { kind, first_link })
    }

    fn insert(&mut self, host: &Registration<'_>, first_link: Id) {
        let new = Host::new(host, first_link);
        self.text_bytes += new.texts.len();
        if let Some(old) = self.hosts.insert(host.source, new) {
            self.text_bytes -= old.texts.len();
        }
    }

    fn remove(&mut self, id: Id) {
        if let Some(host) = self.hosts.remove(&id) {
            self.text_bytes -= host.texts.len();
        }
    }

    fn next(&self, from: Id) -> Option<(Registration<'_>, Id)> {
        self.hosts.range(from..).next().map(|(id, host)| {
            let Host { first_link, kind, name_length, texts } = host;
            let (name, info) = texts.split_at(usize::from(*name_length));
            let last_hop = Id::NONE;
            (Registration { kind: *kind, source: *id, last_hop, name, info }, *first_link)
        })
    }

    fn bytes(&self) -> usize {
        self.hosts.len() * PER_HOST + self.text_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_put_in_is_there(deeds in prop::collection::vec((1u32..6, 0u32..4, "\\PC{0,4}", "\\PC{0,4}"), 0..40)) {
            let (mut hosts, mut model) = (Hosts::default(), BTreeMap::new());
            for (id, first_link, name, info) in &deeds {
                let (source, kind) = (Id(*id), if id % 2 == 0 { Kind::Server } else { Kind::Client });
                let host = Registration { kind, source, last_hop: Id::NONE, name, info };
                if *first_link == 0 {
                    hosts.remove(source);
                    model.remove(&source);
                } else {
                    hosts.insert(&host, Id(*first_link));
                    model.insert(source, (host, Id(*first_link)));
                }
                for id in (0..8).map(Id) {
                    let known = model.get(&id).map(|(host, first_link)| Known { kind: host.kind, first_link: *first_link });
                    prop_assert_eq!(hosts.find(id), known);
                    prop_assert_eq!(hosts.next(id), model.range(id..).next().map(|(_, it)| *it));
                }
                let texts: usize = model.values().map(|(host, _)| host.name.len() + host.info.len()).sum();
                prop_assert_eq!(hosts.bytes(), model.len() * PER_HOST + texts);
            }
        }
    }
}
