//! Addresses and routes.

use std::net::{IpAddr, Ipv4Addr};

use lab_scenario::topology::InterfaceAddress;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NlasIterator};
use netlink_packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{Channel, Request};

const GET_ADDRESS: u16 = 22;
const IFA_LOCAL: u16 = 2;

/// Gives an interface an address, with the broadcast address of its network as
/// `ifconfig` (and so Mininet) sets it.
pub(crate) fn add_address(index: u32, ip: InterfaceAddress, doing: String) -> Request {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = ip.prefix;
    message.header.scope = AddressScope::Universe;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Local(IpAddr::V4(ip.address)),
        AddressAttribute::Address(IpAddr::V4(ip.address)),
    ];
    // Networks of one or two addresses have none (RFC 3021).
    if ip.prefix < 31 {
        message.attributes.push(AddressAttribute::Broadcast(ip.broadcast()));
    }
    Request::new(&RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL, doing)
}

impl Channel {
    /// All IPv4 addresses of the namespace, by their interfaces' numbers.
    pub(crate) fn addresses(&mut self) -> std::io::Result<Vec<(u32, InterfaceAddress)>> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        let query = Request::new(&RouteNetlinkMessage::GetAddress(message), 0, String::new());
        let answers = self.dump(GET_ADDRESS, &query.payload)?;
        Ok(answers.iter().filter_map(|payload| parse(payload)).collect())
    }
}

/// `struct ifaddrmsg` (family, prefix length, flags, scope, index), then
/// attributes.
fn parse(payload: &[u8]) -> Option<(u32, InterfaceAddress)> {
    const HEADER: usize = 8;
    let index = u32::from_ne_bytes(payload.get(4..HEADER)?.try_into().ok()?);
    let local = NlasIterator::new(payload.get(HEADER..)?)
        .filter_map(Result::ok)
        .find(|attribute| attribute.kind() == IFA_LOCAL)?;
    let address: [u8; 4] = local.value().try_into().ok()?;
    Some((index, InterfaceAddress { address: address.into(), prefix: *payload.get(1)? }))
}

/// Sends what no other route takes to `gateway`.
pub(crate) fn add_default_route(gateway: Ipv4Addr, doing: String) -> Request {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: AddressFamily::Inet,
        table: RouteHeader::RT_TABLE_MAIN,
        protocol: RouteProtocol::Boot,
        scope: RouteScope::Universe,
        kind: RouteType::Unicast,
        ..RouteHeader::default()
    };
    message.attributes.push(RouteAttribute::Gateway(RouteAddress::Inet(gateway)));
    Request::new(&RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL, doing)
}

#[cfg(test)]
mod tests {
    use netlink_packet_core::Parseable;

    use super::*;

    #[test]
    fn addresses_come_with_their_broadcast_address() {
        let read = |text: &str| {
            let request = add_address(5, text.parse().unwrap(), String::new());
            AddressMessage::parse(request.payload.as_slice()).unwrap()
        };
        let message = read("10.0.0.1/8");
        assert_eq!((message.header.index, message.header.prefix_len), (5, 8));
        assert!(
            message
                .attributes
                .contains(&AddressAttribute::Broadcast(Ipv4Addr::new(10, 255, 255, 255)))
        );
        assert_eq!(read("10.0.0.1/31").attributes.len(), 2);
    }

    #[test]
    fn addresses_read_as_written() {
        let ip: InterfaceAddress = "10.0.0.1/8".parse().unwrap();
        let request = add_address(5, ip, String::new());
        assert_eq!(parse(&request.payload), Some((5, ip)));
        assert_eq!(parse(&request.payload[..6]), None);
    }
}
