//! What an interface loses when it goes down, kept to be given back.
//!
//! IPv4 addresses stay. The routes that came with them go and come back by
//! themselves; all others, such as the default route, only go. Of IPv6 the addresses
//! go as well.

use std::io;

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NlasIterator};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{Channel, Request};

const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;

const ADDRESS_HEADER: usize = 8;
const ROUTE_HEADER: usize = 12;

const RTA_OIF: u16 = 4;
const RTA_MULTIPATH: u16 = 9;
const RTA_CACHEINFO: u16 = 12;

/// `RTPROT_KERNEL`: the kernel makes those itself when the interface is back.
const BY_KERNEL: u8 = 2;
/// `RTPROT_RA`: of a router that will say so again.
const BY_ROUTER: u8 = 9;
/// `RT_SCOPE_LINK`: the kernel makes link-local addresses itself.
const LINK_LOCAL: u8 = 253;
/// `RTNH_F_ONLINK`, the only flag of a route that is not its state.
const ON_LINK: u32 = 4;
/// `RTM_F_CLONED`: an entry of the cache.
const CLONED: u32 = 0x200;

/// What brings an interface's routes and addresses back, as requests.
pub(crate) fn save(channel: &mut Channel, index: u32, name: &str) -> io::Result<Vec<Request>> {
    let mut requests = Vec::new();
    let mut keep = |kind, payload| {
        requests.push(Request {
            kind,
            flags: NLM_F_CREATE | NLM_F_APPEND,
            payload,
            doing: format!("restoring what {name} had"),
            needs: None,
        });
    };
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet6;
    for payload in dump(channel, GET_ADDRESS, &RouteNetlinkMessage::GetAddress(message))? {
        if is_lost_address(&payload, index) {
            keep(NEW_ADDRESS, payload);
        }
    }
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut message = RouteMessage::default();
        message.header.address_family = family;
        for payload in dump(channel, GET_ROUTE, &RouteNetlinkMessage::GetRoute(message))? {
            if let Some(route) = lost_route(&payload, index) {
                keep(NEW_ROUTE, route);
            }
        }
    }
    Ok(requests)
}

fn dump(
    channel: &mut Channel,
    kind: u16,
    message: &RouteNetlinkMessage,
) -> io::Result<Vec<Vec<u8>>> {
    channel.dump(kind, &Request::new(message, 0, String::new()).payload)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// `struct ifaddrmsg`: family, prefix length, flags, scope, index.
fn is_lost_address(payload: &[u8], index: u32) -> bool {
    word(payload, 4) == Some(index)
        && payload.len() > ADDRESS_HEADER
        && payload.get(3).is_some_and(|scope| *scope != LINK_LOCAL)
}

/// `struct rtmsg`: family, three lengths, table, protocol, scope, type, flags.
/// Gives the route as it can be asked for again.
fn lost_route(payload: &[u8], index: u32) -> Option<Vec<u8>> {
    let flags = word(payload, 8)?;
    if matches!(*payload.get(5)?, BY_KERNEL | BY_ROUTER) || flags & CLONED != 0 {
        return None;
    }
    let mut route = payload.get(..8)?.to_vec();
    route.extend((flags & ON_LINK).to_ne_bytes());
    let mut is_ours = false;
    for attribute in NlasIterator::new(payload.get(ROUTE_HEADER..)?) {
        let attribute = attribute.ok()?;
        match attribute.kind() {
            RTA_CACHEINFO => continue,
            RTA_OIF => is_ours |= word(attribute.value(), 0) == Some(index),
            RTA_MULTIPATH => is_ours |= next_hops(attribute.value()).any(|hop| hop == index),
            _ => {}
        }
        route.extend_from_slice(attribute.into_inner().get(..usize::from(attribute.length()))?);
        route.resize(route.len().next_multiple_of(4), 0);
    }
    is_ours.then_some(route)
}

/// `struct rtnexthop`: length, flags, weight, index; then attributes.
fn next_hops(mut bytes: &[u8]) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let index = word(bytes, 4)?;
        bytes = bytes.get(length.next_multiple_of(4).max(8)..).unwrap_or_default();
        Some(index)
    })
}

#[cfg(test)]
mod tests {
    use netlink_packet_core::Parseable;
    use netlink_packet_route::route::{
        RouteAddress, RouteAttribute, RouteFlags, RouteProtocol, RouteType,
    };

    use super::*;

    fn default_route(protocol: RouteProtocol) -> Vec<u8> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.protocol = protocol;
        message.header.kind = RouteType::Unicast;
        message.header.flags = RouteFlags::from_bits_retain(0x10); // link is down
        message.attributes = vec![
            RouteAttribute::Gateway(RouteAddress::Inet([10, 0, 0, 9].into())),
            RouteAttribute::Oif(70),
        ];
        Request::new(&RouteNetlinkMessage::NewRoute(message), 0, String::new()).payload
    }

    #[test]
    fn routes_that_somebody_made_are_kept_without_their_state() {
        let kept = lost_route(&default_route(RouteProtocol::Boot), 70).unwrap();
        let message = RouteMessage::parse(kept.as_slice()).unwrap();
        assert!(message.header.flags.is_empty());
        assert_eq!(message.attributes.len(), 2);
    }

    #[test]
    fn others_are_not() {
        assert_eq!(lost_route(&default_route(RouteProtocol::Boot), 71), None);
        assert_eq!(lost_route(&default_route(RouteProtocol::Kernel), 70), None);
        assert_eq!(lost_route(&[0; 4], 70), None);
    }

    #[test]
    fn routes_of_several_hops_count_for_each() {
        let mut hops = Vec::new();
        for index in [70_u32, 71] {
            hops.extend(8_u16.to_ne_bytes());
            hops.extend([0, 0]);
            hops.extend(index.to_ne_bytes());
        }
        assert_eq!(next_hops(&hops).collect::<Vec<_>>(), [70, 71]);
        assert_eq!(next_hops(&[1, 0, 0]).count(), 0);
    }
}
