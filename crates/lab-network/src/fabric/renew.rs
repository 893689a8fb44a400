//! Makes a network that was used as it was before, or finds that it is not.

use std::collections::BTreeSet;
use std::os::fd::AsFd as _;

use lab_scenario::plan::LinkState;
use netlink_packet_core::NlasIterator;

use crate::netlink::{Channel, Request, link, sockets};
use crate::{Host, NetworkError, namespace};

use super::picture::{GET_NEIGHBOUR, NEIGHBOUR_HEADER, Picture, QDISC_HEADER, neighbour_state};
use super::{Fabric, Place};

const DELETE_NEIGHBOUR: u16 = 29;
const GET_QDISC: u16 = 38;
/// `NDA_DST`
const WHO: u16 = 1;
/// `NUD_NOARP` and `NUD_PERMANENT`: not learnt.
const NOT_LEARNT: u16 = 0x40 | 0x80;
/// `TCA_STATS2`, and in it `TCA_STATS_QUEUE`.
const STATISTICS: u16 = 7;
const QUEUE: u16 = 3;

impl Fabric {
    /// Undoes what was done, forgets what was learnt, and compares.
    pub(crate) fn renew(
        &mut self,
        hosts: &[Host],
        as_it_was: &Picture,
    ) -> Result<(), NetworkError> {
        // Mended before anything else: whom a cut link kept from hearing that
        // the other side is gone would ask again for minutes.
        self.heal()?;
        let cuts: Vec<usize> = self.cuts.keys().copied().collect();
        self.switch(&cuts, LinkState::Up)?;
        self.restore_shapes()?;
        end_connections(hosts)?;
        self.drop_what_is_under_way()?;
        for place in self.places() {
            forget_neighbours(self.channel(place))?;
        }
        self.forget_stations()?;
        let stray = self.strays().into_iter().next();
        let difference = match stray {
            Some(stray) => Some(stray),
            None => self.picture(hosts)?.difference(as_it_was, hosts),
        };
        difference.map_or(Ok(()), |what| Err(NetworkError::NotAsNew { what }))
    }

    fn forget_stations(&mut self) -> Result<(), NetworkError> {
        let doing = "forgetting who is behind which port";
        let links = self.stage.links().map_err(NetworkError::doing(doing))?;
        let bridges: BTreeSet<u32> = links.iter().filter_map(|link| link.master).collect();
        let forget = |bridge| link::forget_stations(bridge, doing.to_owned());
        Ok(self.stage.apply(&bridges.into_iter().map(forget).collect::<Vec<_>>())?)
    }

    /// Packets that wait at a slow link would reach the next run. A link that goes
    /// down drops them.
    fn drop_what_is_under_way(&mut self) -> Result<(), NetworkError> {
        let waiting = self.where_packets_wait()?;
        if waiting.is_empty() {
            return Ok(());
        }
        self.switch(&waiting, LinkState::Down)?;
        self.switch(&waiting, LinkState::Up)?;
        match self.where_packets_wait()?.first() {
            None => Ok(()),
            Some(wire) => {
                let [a, b] = &self.wires[*wire].nodes;
                let what = format!("packets still wait at the link between {a} and {b}");
                Err(NetworkError::NotAsNew { what })
            }
        }
    }

    /// The links with packets in their queues.
    fn where_packets_wait(&mut self) -> Result<Vec<usize>, NetworkError> {
        let mut full = Vec::new();
        for place in self.places() {
            let asking = NetworkError::doing("asking for the queues of the links");
            let qdiscs = self.channel(place).dump(GET_QDISC, &[0; QDISC_HEADER]).map_err(asking)?;
            full.extend(qdiscs.iter().filter(|qdisc| queue_length(qdisc) > 0).filter_map(
                |qdisc| Some((place, u32::from_ne_bytes(qdisc.get(4..8)?.try_into().ok()?))),
            ));
        }
        let is_full = |place: Place, index: u32| full.contains(&(place, index));
        let wires = self.wires.iter().enumerate();
        let wires = wires.filter(|(_, wire)| wire.ports().any(|p| is_full(p.place, p.index)));
        Ok(wires.map(|(index, _)| index).collect())
    }
}

/// Ends what the kernel keeps of connections whose programs are gone: a port that
/// waits for its last packets (`TIME_WAIT`) would be refused to the next program.
fn end_connections(hosts: &[Host]) -> Result<(), NetworkError> {
    for host in hosts {
        let left = namespace::inside(host.namespace.as_fd(), || {
            sockets::end_connections(&mut Channel::to_sockets()?)
        });
        let doing = || format!("ending the connections of {}", host.name);
        if left.map_err(NetworkError::doing(doing()))? > 0 {
            let what = format!("connections of {} do not end", host.name);
            return Err(NetworkError::NotAsNew { what });
        }
    }
    Ok(())
}

/// Forgets all neighbours of a namespace that were learnt from packets.
fn forget_neighbours(channel: &mut Channel) -> Result<(), NetworkError> {
    let asking = NetworkError::doing("asking for neighbours");
    let known = channel.dump(GET_NEIGHBOUR, &[0; NEIGHBOUR_HEADER]).map_err(asking)?;
    for payload in known.iter().filter_map(|neighbour| learnt(neighbour)) {
        let doing = "forgetting a neighbour".to_owned();
        let request = Request { kind: DELETE_NEIGHBOUR, flags: 0, payload, doing, needs: None };
        match channel.apply(&[request]) {
            // It was forgotten meanwhile.
            Err(refusal) if refusal.source.raw_os_error() == Some(libc::ENOENT) => {}
            answer => answer?,
        }
    }
    Ok(())
}

/// A neighbour that was learnt, as it is asked to be forgotten.
fn learnt(payload: &[u8]) -> Option<Vec<u8>> {
    if neighbour_state(payload)? & NOT_LEARNT != 0 {
        return None;
    }
    let mut request = payload.get(..NEIGHBOUR_HEADER)?.to_vec();
    for attribute in NlasIterator::new(payload.get(NEIGHBOUR_HEADER..)?) {
        let attribute = attribute.ok()?;
        if attribute.kind() == WHO {
            let length = usize::from(attribute.length());
            request.extend_from_slice(attribute.into_inner().get(..length)?);
            request.resize(request.len().next_multiple_of(4), 0);
        }
    }
    Some(request)
}

/// How many packets wait in a queue: `struct gnet_stats_queue` begins with it.
fn queue_length(qdisc: &[u8]) -> u32 {
    let length = || {
        let statistics = find(qdisc.get(QDISC_HEADER..)?, STATISTICS)?;
        let queue = find(statistics, QUEUE)?;
        Some(u32::from_ne_bytes(queue.get(..4)?.try_into().ok()?))
    };
    length().unwrap_or(0)
}

/// The value of the first attribute of that kind.
fn find(attributes: &[u8], kind: u16) -> Option<&[u8]> {
    let mut attributes = NlasIterator::new(attributes).filter_map(Result::ok);
    let found = attributes.find(|attribute| attribute.kind() == kind)?;
    found.into_inner().get(4..usize::from(found.length()))
}
