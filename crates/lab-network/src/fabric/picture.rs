//! What of a network a program could have changed, as the kernel tells it.
//!
//! Each object of the kernel is kept as the bytes it was told in, less what changes
//! by itself (counters, the age of things). Nothing of it is understood: it is only
//! compared, so that what nobody thought of is noticed as well.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsFd as _;

use netlink_packet_core::NlasIterator;

use crate::netlink::Channel;
use crate::{Host, NetworkError, namespace};

use super::settings::Settings;
use super::{Fabric, Place};

const GET_LINK: u16 = 18;
const GET_ADDRESS: u16 = 22;
const GET_ROUTE: u16 = 26;
pub(super) const GET_NEIGHBOUR: u16 = 30;
const GET_RULE: u16 = 34;
const GET_QDISC: u16 = 38;
/// `NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE`
const GET_FILTER_TABLE: u16 = 10 << 8 | 1;

/// `struct ifinfomsg`, `struct rtmsg`, `struct fib_rule_hdr`, `struct ndmsg`, `struct
/// tcmsg`.
const LINK_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;
const ROUTE_HEADER: usize = 12;
pub(super) const NEIGHBOUR_HEADER: usize = 12;
pub(super) const QDISC_HEADER: usize = 20;

/// Attributes of an interface that nothing but a hand changes: its addresses, name,
/// MTU, peer, queue, master, length of queue, alias, group, promiscuity, program, other
/// names.
const OF_A_LINK: [u16; 13] = [1, 2, 3, 4, 5, 6, 10, 13, 20, 27, 30, 43, 52];
/// `IFF_RUNNING`, `IFF_LOWER_UP`, `IFF_DORMANT`: a bridge finds out by and by. Links
/// are asked by themselves.
const CARRIER: u32 = 0x40 | 0x1_0000 | 0x2_0000;
/// `IFA_ADDRESS`, `IFA_LOCAL`, `IFA_LABEL`, `IFA_BROADCAST`
const OF_AN_ADDRESS: [u16; 4] = [1, 2, 3, 4];
const RTA_CACHEINFO: u16 = 12;
/// `TCA_KIND`, `TCA_OPTIONS`
const OF_A_QDISC: [u16; 2] = [1, 2];
/// `RTPROT_KERNEL` and `RTPROT_RA`
const NOBODYS_ROUTES: [u8; 2] = [2, 9];
/// `NUD_PERMANENT`: somebody has entered it.
const PERMANENT: u16 = 0x80;

/// What a network was at one moment. For comparing, and nothing else.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    /// Of the stage's namespace, then of the hosts', in order.
    views: Vec<View>,
}

/// What there is in a namespace.
#[derive(Debug, Default, PartialEq, Eq)]
struct View {
    /// Objects by what they are, in words.
    objects: BTreeMap<&'static str, BTreeSet<Vec<u8>>>,
    /// Of a host.
    settings: Settings,
}

impl View {
    /// What is not as it was, the first of it, in words.
    fn difference(&self, before: &Self) -> Option<String> {
        let objects = self.objects.iter();
        let mut different = objects.filter(|(what, seen)| before.objects.get(**what) != Some(seen));
        if let Some((what, _)) = different.next() {
            return Some((*what).to_owned());
        }
        let setting = self.settings.difference(&before.settings)?;
        Some(format!("setting {setting}"))
    }
}

impl Picture {
    /// What is not as it was, the first of it, in words: `h2's routes changed`.
    pub(super) fn difference(&self, before: &Self, hosts: &[Host]) -> Option<String> {
        let mut pairs = self.views.iter().zip(&before.views).enumerate();
        pairs.find_map(|(at, (now, before))| {
            let what = now.difference(before)?;
            Some(match at.checked_sub(1).and_then(|host| hosts.get(host)) {
                Some(host) => format!("{}'s {what} changed", host.name),
                None => format!("the switches' {what} changed"),
            })
        })
    }
}

impl Fabric {
    /// What the network is now.
    pub(crate) fn picture(&mut self, hosts: &[Host]) -> Result<Picture, NetworkError> {
        let mut views = Vec::with_capacity(hosts.len() + 1);
        for place in self.places() {
            let looking = NetworkError::doing("looking at the network");
            let mut view = view(self.channel(place)).map_err(looking)?;
            if let Place::Host(host) = place {
                let host = &hosts[host];
                let inside = namespace::inside(host.namespace.as_fd(), || {
                    Ok((Settings::read()?, filter_tables()?))
                });
                let (settings, filters) =
                    inside.map_err(NetworkError::doing(format!("looking at {}", host.name)))?;
                view.settings = settings;
                view.objects.insert("packet filters", filters);
            }
            views.push(view);
        }
        Ok(Picture { views })
    }
}

fn view(channel: &mut Channel) -> io::Result<View> {
    // All address families: a header of zeros.
    let mut all = |kind, header: usize| channel.dump(kind, &vec![0; header]);
    let links = all(GET_LINK, LINK_HEADER)?;
    let addresses = all(GET_ADDRESS, ADDRESS_HEADER)?;
    let routes = all(GET_ROUTE, ROUTE_HEADER)?;
    let rules = all(GET_RULE, ROUTE_HEADER)?;
    let neighbours = all(GET_NEIGHBOUR, NEIGHBOUR_HEADER)?;
    let qdiscs = all(GET_QDISC, QDISC_HEADER)?;
    let objects = BTreeMap::from([
        ("interfaces", set(&links, link_of)),
        ("addresses", set(&addresses, address_of)),
        ("routes", set(&routes, route_of)),
        ("routing rules", rules.into_iter().collect()),
        ("neighbours", set(&neighbours, neighbour_of)),
        ("limits", set(&qdiscs, qdisc_of)),
    ]);
    Ok(View { objects, settings: Settings::default() })
}

fn set(payloads: &[Vec<u8>], keep: impl Fn(&[u8]) -> Option<Vec<u8>>) -> BTreeSet<Vec<u8>> {
    payloads.iter().filter_map(|payload| keep(payload)).collect()
}

/// The header, and of the attributes those that `keeps`.
fn cut(payload: &[u8], header: usize, keeps: impl Fn(u16) -> bool) -> Option<Vec<u8>> {
    let mut kept = payload.get(..header)?.to_vec();
    for attribute in NlasIterator::new(payload.get(header..)?) {
        let attribute = attribute.ok()?;
        if keeps(attribute.kind()) {
            kept.extend(attribute.kind().to_ne_bytes());
            kept.extend(attribute.length().to_ne_bytes());
            kept.extend_from_slice(attribute.value());
        }
    }
    Some(kept)
}

/// Without its carrier.
fn link_of(payload: &[u8]) -> Option<Vec<u8>> {
    let mut kept = cut(payload, LINK_HEADER, |kind| OF_A_LINK.contains(&kind))?;
    // Flags, and which of them have just changed.
    let flags = u32::from_ne_bytes(kept.get(8..12)?.try_into().ok()?) & !CARRIER;
    kept.get_mut(8..12)?.copy_from_slice(&flags.to_ne_bytes());
    kept.get_mut(12..16)?.fill(0);
    Some(kept)
}

/// Without its flags: whether an IPv6 address has been found to be nobody else's
/// is found out a second later.
fn address_of(payload: &[u8]) -> Option<Vec<u8>> {
    let mut kept = cut(payload, ADDRESS_HEADER, |kind| OF_AN_ADDRESS.contains(&kind))?;
    *kept.get_mut(2)? = 0;
    Some(kept)
}

/// Without its state. The kernel's own of IPv6 come and go with the state of the
/// addresses.
fn route_of(payload: &[u8]) -> Option<Vec<u8>> {
    let is_ipv6 = i32::from(*payload.first()?) == libc::AF_INET6;
    if is_ipv6 && NOBODYS_ROUTES.contains(payload.get(5)?) {
        return None;
    }
    let mut kept = cut(payload, ROUTE_HEADER, |kind| kind != RTA_CACHEINFO)?;
    kept.get_mut(8..ROUTE_HEADER)?.fill(0);
    Some(kept)
}

/// Those that somebody has entered. All others are forgotten by and by.
fn neighbour_of(payload: &[u8]) -> Option<Vec<u8>> {
    // `NDA_DST`, `NDA_LLADDR`
    let kept = cut(payload, NEIGHBOUR_HEADER, |kind| matches!(kind, 1 | 2))?;
    (neighbour_state(payload)? & PERMANENT != 0).then_some(kept)
}

/// `ndm_state`
pub(super) fn neighbour_state(payload: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(payload.get(8..10)?.try_into().ok()?))
}

/// Without the number of those that use it.
fn qdisc_of(payload: &[u8]) -> Option<Vec<u8>> {
    let mut kept = cut(payload, QDISC_HEADER, |kind| OF_A_QDISC.contains(&kind))?;
    kept.get_mut(16..QDISC_HEADER)?.fill(0);
    Some(kept)
}

/// The tables of the packet filter of this thread's namespace: none, if the kernel has
/// no such filter.
fn filter_tables() -> io::Result<BTreeSet<Vec<u8>>> {
    let mut channel = match Channel::to_filters() {
        Err(error) if error.raw_os_error() == Some(libc::EPROTONOSUPPORT) => {
            return Ok(BTreeSet::new());
        }
        channel => channel?,
    };
    // `struct nfgenmsg`: family, version, resource.
    match channel.dump(GET_FILTER_TABLE, &[0; 4]) {
        Ok(tables) => Ok(tables.into_iter().collect()),
        Err(_) => Ok(BTreeSet::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attribute as the kernel writes it.
    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn route(family: i32, protocol: u8, metric: u8, age: u8) -> Vec<u8> {
        let mut payload = vec![0; ROUTE_HEADER];
        payload[0] = family as u8;
        payload[5] = protocol;
        payload[8] = age; // its state
        payload.extend(attribute(6, &[metric, 0, 0, 0]));
        payload.extend(attribute(RTA_CACHEINFO, &[age; 8]));
        payload
    }

    #[test]
    fn what_changes_by_itself_is_left_out() {
        let (static_route, kernels) = (4, NOBODYS_ROUTES[0]);
        let kept = |family, protocol, metric, age| route_of(&route(family, protocol, metric, age));
        let (v4, v6) = (libc::AF_INET, libc::AF_INET6);
        assert_eq!(kept(v4, static_route, 1, 1), kept(v4, static_route, 1, 2));
        assert_ne!(kept(v4, static_route, 1, 1), kept(v4, static_route, 2, 1));
        assert!(kept(v4, kernels, 1, 1).is_some(), "an address without its route");
        assert_eq!(kept(v6, kernels, 1, 1), None);
        let neighbour = |state: u16| {
            let mut payload = vec![0; NEIGHBOUR_HEADER];
            payload[8..10].copy_from_slice(&state.to_ne_bytes());
            neighbour_of(&payload)
        };
        assert!(neighbour(PERMANENT).is_some() && neighbour(2).is_none());
    }

    #[test]
    fn nonsense_is_not_kept() {
        for keep in [link_of, address_of, route_of, neighbour_of, qdisc_of] {
            assert_eq!(keep(&[1, 2]), None);
            assert_eq!(keep(&[&[0; 20][..], &[1, 0, 9]].concat()), None);
        }
    }

    #[test]
    fn a_difference_has_a_name() {
        let picture = |interfaces: &[u8], routes: &[u8]| {
            let objects = BTreeMap::from([
                ("interfaces", BTreeSet::from([interfaces.to_vec()])),
                ("routes", BTreeSet::from([routes.to_vec()])),
            ]);
            Picture { views: vec![View { objects, settings: Settings::default() }] }
        };
        let before = picture(b"a", b"b");
        assert_eq!(picture(b"a", b"b").difference(&before, &[]), None);
        let difference = picture(b"a", b"c").difference(&before, &[]);
        assert_eq!(difference.unwrap(), "the switches' routes changed");
    }
}
