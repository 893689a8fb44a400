//! From names to a [`Network`]: numbers interfaces, gives addresses, shortens
//! device names, and refuses what no backend could build.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::Ipv4Addr;

use super::{End, InterfaceAddress, Link, MacAddress, Network, Node, NodeKind, Shape, SwitchKind};

/// The most nodes a network may have: a bound on what a scenario can make the
/// kernel do, far above what one machine runs well.
pub const MAX_NODES: usize = 4096;

/// `IFNAMSIZ` less the terminating zero (netdevice(7)).
const MAX_INTERFACE_NAME: usize = 15;

/// Room that a device name leaves for `-eth` and three digits.
const MAX_DEVICE_NAME: usize = MAX_INTERFACE_NAME - "-eth999".len();

/// Why a network cannot be built as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Two nodes of one name.
    #[error("the name `{0}` is used twice")]
    DuplicateNode(String),
    /// A name that no file, prompt or `/etc/hosts` line could hold.
    #[error(
        "`{0}` cannot be a name: use letters, digits, `-`, `_` and `.`, starting with a letter"
    )]
    BadName(String),
    /// A link to a node that there is not.
    #[error("there is no host or switch `{0}`")]
    UnknownNode(String),
    /// Both ends of a link at the same node.
    #[error("a link from `{0}` to itself")]
    SelfLink(String),
    /// An address on a switch.
    #[error("`{0}` is a switch and has no address")]
    AddressOnSwitch(String),
    /// The same address twice, as often as that happens.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Duplicates(Vec<Duplicate>),
    /// More than [`MAX_NODES`].
    #[error("more than {MAX_NODES} hosts and switches")]
    TooManyNodes,
    /// A tree of too many levels.
    #[error("a tree of more than 64 levels")]
    TooDeep,
}

/// An address that two interfaces would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {address} is given twice")]
pub struct Duplicate {
    /// Which.
    pub address: Address,
    /// Who has it: the number of the link, and which of its ends (0 or 1).
    pub ends: [(usize, usize); 2],
}

/// An address of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Address {
    /// Of the network layer.
    Ip(Ipv4Addr),
    /// Of the link layer.
    Mac(MacAddress),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "address {address}"),
            Self::Mac(address) => write!(f, "hardware address {address}"),
        }
    }
}

/// What is asked of one link.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkRequest {
    /// Addresses by the end's node (first, second), where given.
    pub ip: [Option<InterfaceAddress>; 2],
    /// Hardware addresses, likewise.
    pub mac: [Option<MacAddress>; 2],
    /// Largest packet in bytes.
    pub mtu: Option<u32>,
    /// Limits.
    pub shape: Shape,
}

/// What is asked of one host.
#[derive(Debug, Clone, Copy, Default)]
struct HostRequest {
    ip: Option<InterfaceAddress>,
    mac: Option<MacAddress>,
}

/// Collects nodes and links, then works out the rest.
#[derive(Debug, Default)]
pub struct NetworkBuilder {
    nodes: Vec<Node>,
    requests: Vec<HostRequest>,
    index: HashMap<String, usize>,
    links: Vec<(usize, usize, LinkRequest)>,
}

impl NetworkBuilder {
    /// An empty network.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a host or, with `forwards`, a router. Its address and MAC are those
    /// of its first interface; Mininet's numbering where not given.
    ///
    /// # Errors
    /// A name used twice or impossible.
    pub fn host(
        &mut self,
        name: &str,
        forwards: bool,
        ip: Option<InterfaceAddress>,
        mac: Option<MacAddress>,
        gateway: Option<Ipv4Addr>,
    ) -> Result<(), TopologyError> {
        let kind = if forwards { NodeKind::Router } else { NodeKind::Host };
        self.node(name, kind, gateway, HostRequest { ip, mac })
    }

    /// Adds a switch.
    ///
    /// # Errors
    /// A name used twice or impossible.
    pub fn switch(&mut self, name: &str, kind: SwitchKind) -> Result<(), TopologyError> {
        self.node(name, NodeKind::Switch(kind), None, HostRequest::default())
    }

    fn node(
        &mut self,
        name: &str,
        kind: NodeKind,
        gateway: Option<Ipv4Addr>,
        request: HostRequest,
    ) -> Result<(), TopologyError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts || !name.chars().all(fits) || name.len() > 63 {
            return Err(TopologyError::BadName(name.to_owned()));
        }
        if self.nodes.len() == MAX_NODES {
            return Err(TopologyError::TooManyNodes);
        }
        if self.index.contains_key(name) {
            return Err(TopologyError::DuplicateNode(name.to_owned()));
        }
        self.index.insert(name.to_owned(), self.nodes.len());
        self.nodes.push(Node { name: name.to_owned(), device: String::new(), kind, gateway });
        self.requests.push(request);
        Ok(())
    }

    /// Adds a link between two nodes that are already there.
    ///
    /// # Errors
    /// Unknown nodes, a link to itself, an address on a switch.
    pub fn link(&mut self, a: &str, b: &str, request: LinkRequest) -> Result<(), TopologyError> {
        let find = |name: &str| {
            self.index.get(name).copied().ok_or_else(|| TopologyError::UnknownNode(name.to_owned()))
        };
        let (first, second) = (find(a)?, find(b)?);
        if first == second {
            return Err(TopologyError::SelfLink(a.to_owned()));
        }
        for (end, node) in [first, second].into_iter().enumerate() {
            let is_switch = matches!(self.nodes[node].kind, NodeKind::Switch(_));
            if is_switch && request.ip[end].is_some() {
                return Err(TopologyError::AddressOnSwitch(self.nodes[node].name.clone()));
            }
        }
        self.links.push((first, second, request));
        Ok(())
    }

    /// Works out device names, interface names and addresses.
    ///
    /// # Errors
    /// Addresses that two interfaces would have.
    pub fn finish(self) -> Result<Network, TopologyError> {
        match self.finish_anyway() {
            (network, duplicates) if duplicates.is_empty() => Ok(network),
            (_, duplicates) => Err(TopologyError::Duplicates(duplicates)),
        }
    }

    /// [`NetworkBuilder::finish`] for whoever wants to know of the network even
    /// if addresses are given twice.
    #[must_use]
    pub fn finish_anyway(mut self) -> (Network, Vec<Duplicate>) {
        name_devices(&mut self.nodes);
        let numbers = number_hosts(&self.nodes);
        let mut used = vec![0_u32; self.nodes.len()];
        let mut links = Vec::with_capacity(self.links.len());
        for (a, b, request) in &self.links {
            let mut end = |node: usize, side: usize| {
                let order = used[node];
                used[node] += 1;
                let wanted = self.requests[node];
                let number = numbers[node];
                let is_switch = number.is_none();
                let first = order == 0;
                let default_ip = number.filter(|_| first).map(default_address);
                let default_mac = number.filter(|_| first).map(MacAddress::numbered);
                let own_ip = wanted.ip.filter(|_| first);
                let own_mac = wanted.mac.filter(|_| first);
                End {
                    node,
                    interface: format!(
                        "{}-eth{}",
                        self.nodes[node].device,
                        if is_switch { order + 1 } else { order }
                    ),
                    mac: request.mac[side].or(own_mac).or(default_mac),
                    ip: request.ip[side].or(own_ip).or(default_ip),
                }
            };
            links.push(Link {
                a: end(*a, 0),
                b: end(*b, 1),
                mtu: request.mtu,
                shape: request.shape,
            });
        }
        let network = Network { nodes: self.nodes, links };
        let duplicates = duplicates(&network);
        (network, duplicates)
    }
}

/// Host number *n* is `10.0.0.n/8`, with carries as in Mininet's `ipAdd`.
fn default_address(number: u32) -> InterfaceAddress {
    InterfaceAddress { address: Ipv4Addr::from_bits(0x0a00_0000 + number), prefix: 8 }
}

/// 1, 2, 3, … for hosts and routers, `None` for switches.
fn number_hosts(nodes: &[Node]) -> Vec<Option<u32>> {
    let mut next = 0;
    let number = |node: &Node| match node.kind {
        NodeKind::Switch(_) => None,
        NodeKind::Host | NodeKind::Router => {
            next += 1;
            Some(next)
        }
    };
    nodes.iter().map(number).collect()
}

/// Gives every node a device name: its own where that is short enough, else
/// its beginning and a number, so that it can still be recognised in `ip link`.
fn name_devices(nodes: &mut [Node]) {
    let mut taken: HashSet<String> = nodes
        .iter()
        .filter(|node| node.name.len() <= MAX_DEVICE_NAME)
        .map(|node| node.name.clone())
        .collect();
    for node in nodes {
        if node.name.len() <= MAX_DEVICE_NAME {
            node.device.clone_from(&node.name);
            continue;
        }
        let candidates = (1_u32..).map(|number| {
            let digits = number.to_string();
            format!("{}{digits}", &node.name[..MAX_DEVICE_NAME - digits.len()])
        });
        for candidate in candidates {
            if taken.insert(candidate.clone()) {
                node.device = candidate;
                break;
            }
        }
    }
}

fn duplicates(network: &Network) -> Vec<Duplicate> {
    let mut seen = HashMap::new();
    let mut duplicates = Vec::new();
    for (number, link) in network.links.iter().enumerate() {
        for (side, end) in [&link.a, &link.b].into_iter().enumerate() {
            let ip = end.ip.map(|ip| Address::Ip(ip.address));
            for address in ip.into_iter().chain(end.mac.map(Address::Mac)) {
                let first = *seen.entry(address).or_insert((number, side));
                if first != (number, side) {
                    duplicates.push(Duplicate { address, ends: [first, (number, side)] });
                }
            }
        }
    }
    duplicates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> LinkRequest {
        LinkRequest::default()
    }

    #[test]
    fn long_names_get_short_unique_devices() {
        let mut builder = NetworkBuilder::new();
        for name in ["database-primary", "database-replica", "databas1", "db"] {
            builder.host(name, false, None, None, None).unwrap();
        }
        builder.switch("backbone-switch-of-the-campus", SwitchKind::Bridge).unwrap();
        for name in ["database-primary", "database-replica", "databas1", "db"] {
            builder.link(name, "backbone-switch-of-the-campus", plain()).unwrap();
        }
        let network = builder.finish().unwrap();
        let devices: Vec<_> = network.nodes.iter().map(|node| node.device.as_str()).collect();
        assert_eq!(devices, ["databas2", "databas3", "databas1", "db", "backbon1"]);
        let longest = network.links.iter().map(|link| link.b.interface.len()).max();
        assert!(longest.unwrap() <= MAX_INTERFACE_NAME);
    }

    #[test]
    fn second_interfaces_have_only_what_was_asked() {
        let mut builder = NetworkBuilder::new();
        builder.host("h1", false, None, None, None).unwrap();
        builder.host("h2", false, None, None, None).unwrap();
        builder.link("h1", "h2", plain()).unwrap();
        let second = LinkRequest { ip: [Some("10.1.0.1/24".parse().unwrap()), None], ..plain() };
        builder.link("h1", "h2", second).unwrap();
        let network = builder.finish().unwrap();
        assert_eq!(network.links[1].a.interface, "h1-eth1");
        assert_eq!(network.links[1].a.ip.unwrap().to_string(), "10.1.0.1/24");
        assert_eq!(network.links[1].b.ip, None);
        assert_eq!(network.links_between("h2", "h1"), [0, 1]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut builder = NetworkBuilder::new();
        builder.host("h1", false, None, None, None).unwrap();
        builder.switch("s1", SwitchKind::Bridge).unwrap();
        let twice = builder.host("s1", false, None, None, None);
        assert_eq!(twice, Err(TopologyError::DuplicateNode("s1".into())));
        for name in ["", "1h", "h 1", "h/1", "ü", "h\n"] {
            let refused = builder.host(name, false, None, None, None);
            assert_eq!(refused, Err(TopologyError::BadName(name.into())));
        }
        assert_eq!(builder.link("h1", "h1", plain()), Err(TopologyError::SelfLink("h1".into())));
        assert_eq!(builder.link("h1", "s9", plain()), Err(TopologyError::UnknownNode("s9".into())));
        let address = LinkRequest { ip: [None, Some("10.0.0.9/8".parse().unwrap())], ..plain() };
        assert_eq!(
            builder.link("h1", "s1", address),
            Err(TopologyError::AddressOnSwitch("s1".into()))
        );
    }

    #[test]
    fn addresses_given_twice_are_refused() {
        let mut builder = NetworkBuilder::new();
        let two = Some("10.0.0.2/8".parse().unwrap());
        let mac = MacAddress::numbered(3);
        builder.host("h1", false, two, Some(mac), None).unwrap();
        for host in ["h2", "h3"] {
            builder.host(host, false, None, None, None).unwrap();
            builder.link("h1", host, plain()).unwrap();
        }
        let duplicates = vec![
            Duplicate { address: Address::Ip(Ipv4Addr::new(10, 0, 0, 2)), ends: [(0, 0), (0, 1)] },
            Duplicate { address: Address::Mac(mac), ends: [(0, 0), (1, 1)] },
        ];
        assert_eq!(builder.finish().unwrap_err(), TopologyError::Duplicates(duplicates));
    }
}
