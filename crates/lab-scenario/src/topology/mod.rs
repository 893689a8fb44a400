//! The network of a scenario, as a value: nodes, links, addresses, names.
//!
//! Everything here is computed before anything is built, with Mininet's rules:
//! hosts are numbered in the order in which they are named; the first
//! interface of host number *n* gets address `10.0.0.n/8` and MAC address
//! `00:00:00:00:00:n` unless the scenario says otherwise; interfaces are called
//! `<node>-eth<k>`, counted from 0 on hosts and routers and from 1 on switches.
//!
//! Building it is the business of the `lab-network` crate.

mod address;
mod build;
mod named;
mod words;

pub use address::{AddressError, InterfaceAddress, MacAddress};
pub use build::{Address, Duplicate, LinkRequest, MAX_NODES, NetworkBuilder, TopologyError};
pub use named::{linear, single, tree};
pub use words::{WordsError, named_in_words, words_in_the_language};

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The network that a scenario asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Topology {
    /// Known in full before it is built.
    Described(Network),
    /// A custom topology of Mininet, known only once Mininet has built it.
    Mininet(MininetTopology),
}

/// A Python file as for `mn --custom FILE --topo NAME,ARGS`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MininetTopology {
    /// The file, absolute.
    pub file: PathBuf,
    /// The name in its `topos` dictionary and, after commas, the arguments.
    pub topo: String,
    /// What switches are made of.
    pub switch: SwitchKind,
}

/// Nodes and the links between them. Links refer to nodes by index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Hosts, routers and switches, in the order in which they were named.
    pub nodes: Vec<Node>,
    /// In the order in which they were named, which is also the order in which
    /// interfaces are numbered.
    pub links: Vec<Link>,
}

/// A host, a router or a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The name in the scenario. Of any length.
    pub name: String,
    /// A name for the kernel, unique in the network and short enough that
    /// `<device>-eth<k>` is an interface name (15 bytes at most). The same as
    /// `name` where that is short.
    pub device: String,
    /// What it is.
    pub kind: NodeKind,
    /// Where packets go that no interface's own network takes.
    pub gateway: Option<std::net::Ipv4Addr>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeKind {
    /// Runs processes; has addresses.
    Host,
    /// A host that forwards packets between its interfaces.
    Router,
    /// Joins links on layer 2.
    Switch(SwitchKind),
}

/// What a switch is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SwitchKind {
    /// A bridge of the Linux kernel.
    #[default]
    Bridge,
    /// Open vSwitch, which only the Mininet backend has.
    Ovs,
}

/// A cable between two nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// One end, as named first.
    pub a: End,
    /// The other end.
    pub b: End,
    /// Largest packet in bytes on both interfaces; the kernel's 1500 if not given.
    pub mtu: Option<u32>,
    /// What the link does to packets, each way.
    pub shape: Shape,
}

/// Where a link meets a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Index into [`Network::nodes`].
    pub node: usize,
    /// Name of the interface, unique in the network, at most 15 bytes.
    pub interface: String,
    /// Hardware address; chosen by the kernel if not given.
    pub mac: Option<MacAddress>,
    /// Address and prefix length; switches have none.
    pub ip: Option<InterfaceAddress>,
}

/// The limits of a link, the same both ways. Nothing set: as fast as the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Bandwidth in Mbit/s (Mininet's `bw`).
    pub bw: Option<f64>,
    /// Time added to each packet.
    pub delay: Option<Duration>,
    /// How far that time varies.
    pub jitter: Option<Duration>,
    /// Packets lost, in percent.
    pub loss: Option<f64>,
    /// Packets that may wait; more are dropped.
    pub max_queue_size: Option<u32>,
}

impl Shape {
    /// Whether the link is left as the kernel makes it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it needs the kernel's network emulator, which some kernels lack.
    #[must_use]
    pub fn needs_netem(&self) -> bool {
        self.delay.is_some() || self.jitter.is_some() || self.loss.is_some()
    }
}

impl Network {
    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Those nodes that run processes: hosts and routers.
    pub fn hosts(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, node)| !matches!(node.kind, NodeKind::Switch(_)))
    }

    /// The ends at a node, in the order of its interfaces.
    pub fn ends_of(&self, node: usize) -> impl Iterator<Item = &End> {
        self.links.iter().flat_map(|link| [&link.a, &link.b]).filter(move |end| end.node == node)
    }

    /// The first address of a host: what `${h1.ip}` stands for.
    #[must_use]
    pub fn address_of(&self, name: &str) -> Option<InterfaceAddress> {
        let index = self.nodes.iter().position(|node| node.name == name)?;
        self.ends_of(index).find_map(|end| end.ip)
    }

    /// The indices of the links that join two nodes.
    #[must_use]
    pub fn links_between(&self, a: &str, b: &str) -> Vec<usize> {
        let name = |end: &End| self.nodes[end.node].name.as_str();
        self.links
            .iter()
            .enumerate()
            .filter(|(_, link)| {
                let ends = (name(&link.a), name(&link.b));
                ends == (a, b) || ends == (b, a)
            })
            .map(|(index, _)| index)
            .collect()
    }
}
