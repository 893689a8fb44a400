//! A directory that needs one byte for each machine.
//!
//! Ten thousand servers that know a hundred and ten thousand machines each would need 130 GB in
//! the usual directory. What differs between servers is only the first link: which of
//! a few neighbours. Names and infos are the same everywhere and kept once.

use chat_proto::relay::{Directory, Id, Kind, Known, Registration};
use std::rc::Rc;

/// All machines of a simulation, whose ids are 1, 2, 3, …: first servers, then clients.
#[derive(Debug)]
pub struct Profiles {
    /// How many of them are servers.
    pub servers: u32,
    /// How many there are altogether.
    pub machines: u32,
    /// The name of all of them.
    pub name: String,
    /// The info of all of them.
    pub info: String,
}

/// What one server knows.
#[derive(Debug, Default)]
pub struct Packed {
    profiles: Option<Rc<Profiles>>,
    /// For each id the place of its first link in `neighbours`, plus one; 0: not known.
    first_links: Vec<u8>,
    neighbours: Vec<Id>,
}

impl Packed {
    /// Nobody is known yet.
    #[must_use]
    pub fn new(profiles: Rc<Profiles>) -> Self {
        let first_links = vec![0; profiles.machines as usize + 1];
        Self { profiles: Some(profiles), first_links, neighbours: Vec::new() }
    }

    fn kind(&self, id: Id) -> Kind {
        match &self.profiles {
            Some(profiles) if id.0 <= profiles.servers => Kind::Server,
            _ => Kind::Client,
        }
    }

    fn first_link(&self, place: u8) -> Option<Id> {
        self.neighbours.get(usize::from(place.checked_sub(1)?)).copied()
    }
}

impl Directory for Packed {
    fn find(&self, id: Id) -> Option<Known> {
        let first_link = self.first_link(*self.first_links.get(id.0 as usize)?)?;
        Some(Known { kind: self.kind(id), first_link })
    }

    /// # Panics
    /// If a server has more than 255 neighbours, or a machine is not one of the profiles.
    fn insert(&mut self, host: &Registration<'_>, first_link: Id) {
        let place = self.neighbours.iter().position(|id| *id == first_link);
        let place = place.unwrap_or_else(|| {
            self.neighbours.push(first_link);
            self.neighbours.len() - 1
        });
        assert!(place < 255, "a simulated server has at most 255 neighbours");
        self.first_links[host.source.0 as usize] = place as u8 + 1;
    }

    fn remove(&mut self, id: Id) {
        if let Some(place) = self.first_links.get_mut(id.0 as usize) {
            *place = 0;
        }
    }

    fn next(&self, from: Id) -> Option<(Registration<'_>, Id)> {
        let profiles = self.profiles.as_ref()?;
        let rest = self.first_links.get(from.0 as usize..)?;
        let at = from.0 as usize + rest.iter().position(|place| *place != 0)?;
        let source = Id(u32::try_from(at).ok()?);
        let host = Registration {
            kind: self.kind(source),
            source,
            last_hop: Id::NONE,
            name: &profiles.name,
            info: &profiles.info,
        };
        Some((host, self.first_link(self.first_links[at])?))
    }

    /// Nothing, so that the limit of the real one does not end the simulation.
    fn bytes(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_proto::relay::Hosts;
    use proptest::prelude::*;

    proptest! {
        /// It is the usual directory, only smaller.
        #[test]
        fn is_as_the_usual_one(deeds in prop::collection::vec((1u32..12, 0u32..5), 0..40)) {
            let profiles = Profiles { servers: 5, machines: 12, name: "n".into(), info: "i".into() };
            let (mut packed, mut hosts) = (Packed::new(Rc::new(profiles)), Hosts::default());
            for (id, first_link) in deeds {
                let kind = if id <= 5 { Kind::Server } else { Kind::Client };
                let host = Registration { kind, source: Id(id), last_hop: Id(9), name: "n", info: "i" };
                if first_link == 0 {
                    packed.remove(Id(id));
                    hosts.remove(Id(id));
                } else {
                    packed.insert(&host, Id(first_link));
                    hosts.insert(&host, Id(first_link));
                }
                for id in (0..14).map(Id) {
                    prop_assert_eq!(packed.find(id), hosts.find(id));
                    prop_assert_eq!(packed.next(id), hosts.next(id));
                }
            }
        }
    }
}
