//! Topologies, inline and as files of their own.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::decode::{Decode, Maybe, Named, record, wrong_type};
use crate::defaults;
use crate::diagnostic::Sink;
use crate::schema::{self, Definitions};
use crate::text::Text;
use crate::topology::{InterfaceAddress, MacAddress, SwitchKind};
use crate::typed::Fixed;
use crate::values::{Bandwidth, Mtu, Nodes, Percent, QueueSize};
use crate::yaml::{Node, Value};

/// `topology` of a scenario: a name, a path, or the thing itself.
#[derive(Debug, Clone)]
pub(crate) enum RawTopologyChoice {
    /// Which file it is in.
    Reference(Text),
    /// Written out.
    Inline(Box<RawTopology>),
}

impl Decode for RawTopologyChoice {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            Value::Scalar(text) => Some(Self::Reference(text.clone())),
            Value::Map(_) => {
                RawTopology::decode(node, sink).map(|inline| Self::Inline(Box::new(inline)))
            }
            _ => wrong_type(node, "the name of a topology or a mapping", sink),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::any_of([Text::schema(definitions), RawTopology::schema(definitions)])
    }
}

record! {
    /// A network: one of Mininet's (`single`, `linear`, `tree`), its parts one by one
    /// (`hosts`, `routers`, `switches`, `links`), or a Python file (`mininet`).
    struct RawTopology as "a topology" {
        /// What it is, for people.
        description: Text = "description",
        /// So many hosts on one switch.
        single: Fixed<Nodes> = "single",
        /// Switches in a row.
        linear: RawLinear = "linear",
        /// A tree of switches with hosts for leaves.
        tree: RawTree = "tree",
        /// Names of hosts, or what is to be said of each.
        hosts: RawNodes<RawHost> = "hosts",
        /// Hosts that forward packets, likewise.
        routers: RawNodes<RawHost> = "routers",
        /// Names of switches.
        switches: RawNodes<RawSwitch> = "switches",
        /// The cables between them.
        links: Vec<RawLink> = "links",
        /// A Python file with a custom topology, as for `mn --custom`.
        mininet: Text = "mininet",
        /// Which topology of that file, and its arguments, as for `mn --topo`: `campus,3`.
        topo: Text = "topo",
        /// What switches are made of: Linux bridges, or Open vSwitches, which need Mininet.
        switch: Fixed<SwitchKind> = "switch" or SwitchKind::default(),
    }

    /// A tree of switches with hosts for leaves.
    struct RawTree as "a `tree`" {
        /// Levels of switches.
        depth: Fixed<Nodes> = required "depth",
        /// Children of each switch.
        fanout: Fixed<Nodes> = required "fanout",
    }

    /// A host of a topology. What is not given is as in Mininet.
    struct RawHost as "a host" {
        /// The address of its first interface.
        ip: Fixed<InterfaceAddress> = "ip",
        /// The hardware address of its first interface.
        mac: Fixed<MacAddress> = "mac",
        /// Where packets to other networks go.
        gateway: Fixed<Ipv4Addr> = "gateway",
    }

    /// A switch of a topology.
    struct RawSwitch as "a switch" {
        /// What it is made of; what `switch` of the topology says if not given.
        kind: Fixed<SwitchKind> = "kind",
    }

    /// A cable, and its limits. `delay`, `jitter` and `loss` need a kernel with netem.
    struct RawLink as "a link" {
        /// The two nodes at its ends.
        between: Vec<Text> = required "between",
        /// Bandwidth.
        bw: Fixed<Bandwidth> = "bw",
        /// Time added to each packet.
        delay: Fixed<Duration> = "delay",
        /// How far that varies.
        jitter: Fixed<Duration> = "jitter",
        /// Packets lost, of a hundred.
        loss: Fixed<Percent> = "loss",
        /// How many packets may wait.
        max_queue_size: Fixed<QueueSize> = "max_queue_size",
        /// Largest packet, in bytes.
        mtu: Fixed<Mtu> = "mtu",
        /// Addresses by node.
        ip: Named<Fixed<InterfaceAddress>> = "ip",
        /// Hardware addresses by node.
        mac: Named<Fixed<MacAddress>> = "mac",
    }

    /// Switches in a row, each with its hosts.
    struct RawLinearParts as "a `linear`" {
        /// How many switches.
        switches: Fixed<Nodes> = required "switches",
        /// How many hosts on each.
        hosts: Fixed<Nodes> = "hosts" or defaults::HOSTS,
    }
}

/// `linear`: how many switches, or more about them.
#[derive(Debug, Clone)]
pub(crate) struct RawLinear {
    pub(crate) switches: Option<Fixed<Nodes>>,
    pub(crate) hosts: Option<Fixed<Nodes>>,
}

impl Decode for RawLinear {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        if let Value::Scalar(_) = &node.value {
            return Some(Self { switches: Decode::decode(node, sink), hosts: None });
        }
        let parts = RawLinearParts::decode(node, sink)?;
        Some(Self { switches: parts.switches, hosts: parts.hosts })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::any_of([Fixed::<Nodes>::schema(definitions), RawLinearParts::schema(definitions)])
    }
}

/// Hosts or switches: a list of names, or a mapping from names to more about
/// them.
#[derive(Debug, Clone)]
pub(crate) struct RawNodes<T>(pub(crate) Vec<(Text, Option<T>)>);

impl<T: Decode> Decode for RawNodes<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        if let Value::List(_) = &node.value {
            let names = Vec::<Text>::decode(node, sink)?;
            return Some(Self(names.into_iter().map(|name| (name, None)).collect()));
        }
        let named = Named::<Maybe<T>>::decode(node, sink)?;
        let flat = |(name, more): (Text, Option<Maybe<T>>)| (name, more.and_then(|more| more.0));
        Some(Self(named.0.into_iter().map(flat).collect()))
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let names = Vec::<Text>::schema(definitions);
        schema::any_of([names, Named::<Maybe<T>>::schema(definitions)])
    }
}
