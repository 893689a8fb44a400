//! Interfaces: veth pairs, bridges, and what the kernel says of them.

use std::os::fd::{AsRawFd, BorrowedFd};

use lab_scenario::topology::MacAddress;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NlasIterator};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkExtentMask,
    LinkFlags, LinkInfo as Info, LinkMessage, State,
};

use super::{Channel, Request};

/// Every namespace's loopback interface has this index.
pub(crate) const LOOPBACK: u32 = 1;

const GET_LINK: u16 = 18;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_MASTER: u16 = 10;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;
const IFLA_BRPORT_STATE: u16 = 1;
/// `BR_STATE_FORWARDING`
const FORWARDING: u8 = 3;

/// Operational states of an interface (RFC 2863), as far as we tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperState {
    /// It passes packets; if it is a port of a bridge, that does as well.
    Up,
    /// It does not, being down itself or having no carrier.
    Down,
    /// Anything else: a port of a bridge that does not forward yet, or `lo`,
    /// whose state is unknown to the kernel itself.
    Other,
}

/// What the kernel says of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkInfo {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) mac: Option<MacAddress>,
    pub(crate) mtu: u32,
    /// Index of the bridge that it is a port of.
    pub(crate) master: Option<u32>,
    pub(crate) state: OperState,
}

impl LinkInfo {
    /// Reads the payload of an `RTM_NEWLINK`. `None` if it is not about the
    /// interface as such (bridges send more, with their own address family) or
    /// cannot be read.
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        const HEADER: usize = 16;
        let word = |at: usize| Some(u32::from_ne_bytes(payload.get(at..at + 4)?.try_into().ok()?));
        if *payload.first()? != 0 {
            return None;
        }
        let mut link = Self {
            index: word(4)?,
            name: String::new(),
            mac: None,
            mtu: 0,
            master: None,
            state: OperState::Other,
        };
        let mut forwards = true;
        for attribute in NlasIterator::new(payload.get(HEADER..)?) {
            let Ok(attribute) = attribute else { break };
            let value = attribute.value();
            let number = || Some(u32::from_ne_bytes(value.try_into().ok()?));
            match attribute.kind() {
                IFLA_IFNAME => {
                    let name = value.strip_suffix(b"\0").unwrap_or(value);
                    link.name = String::from_utf8_lossy(name).into_owned();
                }
                IFLA_ADDRESS => link.mac = value.try_into().ok().map(MacAddress),
                IFLA_MTU => link.mtu = number().unwrap_or_default(),
                IFLA_MASTER => link.master = number(),
                IFLA_OPERSTATE => {
                    link.state = match value {
                        [6] => OperState::Up,
                        // down; lower layer down
                        [2 | 3] => OperState::Down,
                        _ => OperState::Other,
                    };
                }
                IFLA_LINKINFO => forwards = bridge_forwards(value).unwrap_or(true),
                _ => {}
            }
        }
        if link.state == OperState::Up && !forwards {
            link.state = OperState::Other;
        }
        Some(link)
    }
}

/// Whether the bridge that an interface is a port of lets packets through
/// there. `None` if it is no port of a bridge.
fn bridge_forwards(info: &[u8]) -> Option<bool> {
    let find = |bytes, kind| {
        let mut attributes = NlasIterator::<&[u8]>::new(bytes).filter_map(Result::ok);
        Some(attributes.find(|attribute| attribute.kind() == kind)?.into_inner())
    };
    let value = |attribute: &'_ [u8]| attribute.get(4..).map(<[u8]>::to_vec);
    let kind = value(find(info, IFLA_INFO_SLAVE_KIND)?)?;
    if !kind.starts_with(b"bridge\0") {
        return None;
    }
    let data = find(info, IFLA_INFO_SLAVE_DATA)?;
    let state = find(data.get(4..)?, IFLA_BRPORT_STATE)?;
    Some(*state.get(4)? == FORWARDING)
}

impl Channel {
    /// All interfaces of the namespace.
    pub(crate) fn links(&mut self) -> std::io::Result<Vec<LinkInfo>> {
        let answers = self.dump(GET_LINK, &all())?;
        Ok(answers.iter().filter_map(|payload| LinkInfo::parse(payload)).collect())
    }
}

/// Without counters, which are most of the answer and of the work.
fn all() -> Vec<u8> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    Request::new(&RouteNetlinkMessage::GetLink(message), 0, String::new()).payload
}

/// One end of a veth pair to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VethEnd<'a> {
    pub(crate) name: &'a str,
    /// Chosen by us, so that nothing has to be asked afterwards.
    pub(crate) index: u32,
    pub(crate) mac: Option<MacAddress>,
}

/// A new veth pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Veth<'a> {
    /// The end in the namespace of the channel: it comes up at once.
    pub(crate) near: VethEnd<'a>,
    /// The bridge that it is to be a port of.
    pub(crate) master: Option<u32>,
    /// The other end, which cannot come up at creation.
    pub(crate) far: VethEnd<'a>,
    /// Where the other end is born; the channel's own namespace if not given.
    /// (Moving it there later would cost some 17 ms of waiting for the kernel.)
    pub(crate) far_namespace: Option<BorrowedFd<'a>>,
    pub(crate) mtu: Option<u32>,
}

/// Makes a veth pair.
pub(crate) fn add_veth(veth: &Veth<'_>, doing: String) -> Request {
    let attributes = |end: &VethEnd<'_>| {
        let mut attributes = vec![LinkAttribute::IfName(end.name.to_owned())];
        attributes.extend(end.mac.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
        attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        attributes
    };
    let mut far = LinkMessage::default();
    far.header.index = veth.far.index;
    far.attributes = attributes(&veth.far);
    far.attributes.extend(veth.far_namespace.map(|fd| LinkAttribute::NetNsFd(fd.as_raw_fd())));

    let mut near = LinkMessage::default();
    near.header.index = veth.near.index;
    near.header.flags = LinkFlags::Up;
    near.header.change_mask = LinkFlags::Up;
    near.attributes = attributes(&veth.near);
    near.attributes.extend(veth.master.map(LinkAttribute::Controller));
    near.attributes.push(LinkAttribute::LinkInfo(vec![
        Info::Kind(InfoKind::Veth),
        Info::Data(InfoData::Veth(InfoVeth::Peer(far))),
    ]));
    create(near, doing).needing("veth")
}

/// Makes a bridge that forwards at once and everything: no spanning tree, no
/// forward delay, and multicast goes to every port, whoever asked for it. (With
/// snooping, a program that plays querier would change what the others hear.)
pub(crate) fn add_bridge(name: &str, index: u32, doing: String) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::LinkInfo(vec![
            Info::Kind(InfoKind::Bridge),
            Info::Data(InfoData::Bridge(vec![
                InfoBridge::StpState(BridgeStpState::Disabled),
                InfoBridge::ForwardDelay(0),
                InfoBridge::MulticastSnooping(false),
            ])),
        ]),
    ];
    create(message, doing).needing("bridge")
}

/// Has a bridge forget behind which port it has heard whom.
pub(crate) fn forget_stations(bridge: u32, doing: String) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = bridge;
    message.attributes = vec![LinkAttribute::LinkInfo(vec![
        Info::Kind(InfoKind::Bridge),
        Info::Data(InfoData::Bridge(vec![InfoBridge::FdbFlush])),
    ])];
    Request::new(&RouteNetlinkMessage::NewLink(message), 0, doing)
}

fn create(message: LinkMessage, doing: String) -> Request {
    Request::new(&RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL, doing)
}

/// Changes nothing, but only after what the kernel is at.
pub(crate) fn nothing() -> Request {
    let mut message = LinkMessage::default();
    message.header.index = LOOPBACK;
    let doing = "waiting for the kernel to be done with the links".to_owned();
    Request::new(&RouteNetlinkMessage::SetLink(message), 0, doing)
}

/// Brings an interface up.
pub(crate) fn set_up(index: u32, doing: String) -> Request {
    change(index, LinkFlags::Up, Vec::new(), doing)
}

/// Makes an interface a port of a bridge and brings it up.
pub(crate) fn set_master_and_up(index: u32, master: u32, doing: String) -> Request {
    change(index, LinkFlags::Up, vec![LinkAttribute::Controller(master)], doing)
}

/// Takes an interface down.
pub(crate) fn set_down(index: u32, doing: String) -> Request {
    change(index, LinkFlags::empty(), Vec::new(), doing)
}

/// Has the kernel forget that an interface, which has just been taken down, was up.
///
/// It notes the new state only up to a second later, and until then says
/// "down" of an interface that is down but "up", from memory, of one that has
/// come up again and has not got its carrier yet. "Dormant" is a note that
/// anybody may make, and never mistaken for "up".
pub(crate) fn forget_state(index: u32, doing: String) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes.push(LinkAttribute::OperState(State::Dormant));
    Request::new(&RouteNetlinkMessage::SetLink(message), 0, doing)
}

/// Has the kernel hand the interface no packet larger than its MTU, so that
/// what a shaper delays or loses is one packet and not a train of 45.
pub(crate) fn set_no_trains(index: u32, doing: String) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes.push(LinkAttribute::GsoMaxSegs(1));
    Request::new(&RouteNetlinkMessage::SetLink(message), 0, doing)
}

fn change(index: u32, flags: LinkFlags, attributes: Vec<LinkAttribute>, doing: String) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = flags;
    message.header.change_mask = LinkFlags::Up;
    message.attributes = attributes;
    Request::new(&RouteNetlinkMessage::SetLink(message), 0, doing)
}

#[cfg(test)]
mod tests {
    use netlink_packet_core::Parseable;

    use super::*;

    fn parse(request: &Request) -> LinkMessage {
        LinkMessage::parse(request.payload.as_slice()).unwrap()
    }

    #[test]
    fn a_veth_is_born_in_place() {
        let mac = "00:00:00:00:00:01".parse().unwrap();
        let stdin = std::io::stdin();
        let veth = Veth {
            near: VethEnd { name: "s1-eth1", index: 101, mac: None },
            master: Some(100),
            far: VethEnd { name: "h1-eth0", index: 102, mac: Some(mac) },
            far_namespace: Some(std::os::fd::AsFd::as_fd(&stdin)),
            mtu: Some(1400),
        };
        let request = add_veth(&veth, "creating".into());
        assert_eq!(request.kind, 16, "RTM_NEWLINK");
        let message = parse(&request);
        assert_eq!(message.header.index, 101);
        assert_eq!(message.header.flags, LinkFlags::Up);
        assert!(message.attributes.contains(&LinkAttribute::Controller(100)));
        let info = message.attributes.iter().find_map(|attribute| match attribute {
            LinkAttribute::LinkInfo(info) => Some(info),
            _ => None,
        });
        let [Info::Kind(InfoKind::Veth), Info::Data(InfoData::Veth(InfoVeth::Peer(far)))] =
            info.unwrap().as_slice()
        else {
            panic!("not a veth: {info:?}");
        };
        assert_eq!(far.header.index, 102);
        assert!(far.header.flags.is_empty(), "the kernel refuses a far end that is up");
        for attribute in [
            LinkAttribute::IfName("h1-eth0".into()),
            LinkAttribute::Address(mac.0.to_vec()),
            LinkAttribute::NetNsFd(0),
            LinkAttribute::Mtu(1400),
        ] {
            assert!(far.attributes.contains(&attribute), "{attribute:?}");
        }
    }

    #[test]
    fn links_are_read_as_the_kernel_writes_them() {
        let mut message = LinkMessage::default();
        message.header.index = 7;
        message.attributes = vec![
            LinkAttribute::IfName("h1-eth0".into()),
            LinkAttribute::Mtu(1400),
            LinkAttribute::Address(vec![0, 0, 0, 0, 0, 1]),
            LinkAttribute::Controller(3),
            LinkAttribute::OperState(State::Up),
        ];
        let payload =
            Request::new(&RouteNetlinkMessage::NewLink(message), 0, String::new()).payload;
        let link = LinkInfo::parse(&payload).unwrap();
        assert_eq!(
            link,
            LinkInfo {
                index: 7,
                name: "h1-eth0".into(),
                mac: Some(MacAddress::numbered(1)),
                mtu: 1400,
                master: Some(3),
                state: OperState::Up,
            }
        );
        assert_eq!(LinkInfo::parse(&payload[..10]), None);
    }
}
