//! Addresses and routes.

use std::net::{IpAddr, Ipv4Addr};

use lab_scenario::topology::InterfaceAddress;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::Request;

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
}
