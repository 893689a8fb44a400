//! The requests of a star, in a loop: as little code as it takes.

#![expect(unsafe_code, reason = "unshare changes what a thread sees")]

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd as _;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::thread::UnshareFlags;

/// Keeps the network.
pub(super) struct Star {
    _hosts: Vec<(File, Socket)>,
    _stage: Socket,
}

pub(super) fn up(hosts: u32) -> Star {
    let stage = open();
    let namespaces: Vec<(File, Socket)> = std::thread::spawn(move || {
        (0..hosts)
            .map(|_| {
                // SAFETY: this thread does nothing else.
                unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }.unwrap();
                (File::open("/proc/thread-self/ns/net").unwrap(), open())
            })
            .collect()
    })
    .join()
    .unwrap();
    ask(&stage, RouteNetlinkMessage::NewLink(bridge(100)));
    for (host, (namespace, _)) in (1..).zip(&namespaces) {
        let veth = veth(host, namespace);
        ask(&stage, RouteNetlinkMessage::NewLink(veth));
    }
    for (host, (_, socket)) in (1..).zip(&namespaces) {
        ask(socket, RouteNetlinkMessage::SetLink(is_up(1)));
        ask(socket, RouteNetlinkMessage::NewAddress(address(host)));
        ask(socket, RouteNetlinkMessage::SetLink(is_up(10_000 + host)));
    }
    Star { _hosts: namespaces, _stage: stage }
}

fn open() -> Socket {
    let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
    socket.bind_auto().unwrap();
    socket.connect(&SocketAddr::new(0, 0)).unwrap();
    socket
}

fn ask(socket: &Socket, message: RouteNetlinkMessage) {
    let creates = !matches!(message, RouteNetlinkMessage::SetLink(_));
    let mut message = NetlinkMessage::from(message);
    message.header.flags = NLM_F_REQUEST | NLM_F_ACK;
    if creates {
        message.header.flags |= NLM_F_CREATE | NLM_F_EXCL;
    }
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0).unwrap();
    let (answer, _) = socket.recv_from_full().unwrap();
    let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer).unwrap();
    assert!(
        matches!(&answer.payload, NetlinkPayload::Error(error) if error.code.is_none()),
        "{answer:?}"
    );
}

fn bridge(index: u32) -> LinkMessage {
    let mut message = is_up(index);
    message.attributes = vec![
        LinkAttribute::IfName("s1".into()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Bridge),
            LinkInfo::Data(InfoData::Bridge(vec![
                InfoBridge::StpState(BridgeStpState::Disabled),
                InfoBridge::ForwardDelay(0),
                InfoBridge::MulticastSnooping(false),
            ])),
        ]),
    ];
    message
}

fn veth(host: u32, namespace: &File) -> LinkMessage {
    let [a, b, c, d] = host.to_be_bytes();
    let mut far = LinkMessage::default();
    far.header.index = 10_000 + host;
    far.attributes = vec![
        LinkAttribute::IfName(format!("h{host}-eth0")),
        LinkAttribute::Address(vec![0, 0, a, b, c, d]),
        LinkAttribute::NetNsFd(namespace.as_raw_fd()),
    ];
    let mut near = is_up(1000 + host);
    near.attributes = vec![
        LinkAttribute::IfName(format!("s1-eth{host}")),
        LinkAttribute::Controller(100),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far))),
        ]),
    ];
    near
}

fn is_up(index: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    message
}

fn address(host: u32) -> AddressMessage {
    let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + host));
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = 8;
    message.header.index = 10_000 + host;
    message.attributes = vec![
        AddressAttribute::Local(ip),
        AddressAttribute::Address(ip),
        AddressAttribute::Broadcast(Ipv4Addr::new(10, 255, 255, 255)),
    ];
    message
}
