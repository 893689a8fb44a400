//! What there will be: every interface with its place and number.

use lab_scenario::topology::{End, Network, NodeKind, SwitchKind};

use crate::NetworkError;
use crate::fabric::{self, Place};
use crate::netlink::qdisc::Qdisc;
use crate::shaping;

/// The first number that we give to an interface. A new namespace may have
/// interfaces already (`lo`, and one for each tunnel module that is loaded).
///
/// Numbers are unique in the whole network. That is not only for clarity: the
/// kernel takes an interface with its peer's number for a physical one, and
/// then tells of its carrier up to a second late (`linkwatch_urgent_event`).
const FIRST_INDEX: u32 = 64;

/// One interface.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Port {
    pub(super) place: Place,
    pub(super) index: u32,
    pub(super) name: String,
    /// The bridge that it is a port of.
    pub(super) master: Option<u32>,
    /// What it does to packets on their way out.
    pub(super) disciplines: Vec<Qdisc>,
}

impl From<&Port> for fabric::Port {
    fn from(port: &Port) -> Self {
        Self { place: port.place, index: port.index, name: port.name.clone() }
    }
}

/// A veth pair. The near end is in the namespace that is asked to make it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) near: Port,
    pub(super) far: Port,
}

/// What a link is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cable {
    /// Nothing between its ends.
    Plain(Pair),
    /// A bridge between two pairs.
    Shaped {
        /// Name and number of the bridge.
        bridge: (String, u32),
        /// To the link's first end, which is the far end of the pair.
        a: Pair,
        /// To its second, likewise.
        b: Pair,
    },
}

impl Cable {
    /// The pairs it consists of.
    pub(super) fn pairs(&self) -> impl Iterator<Item = &Pair> {
        let (first, second) = match self {
            Self::Plain(pair) => (pair, None),
            Self::Shaped { a, b, .. } => (a, Some(b)),
        };
        std::iter::once(first).chain(second)
    }

    /// All its interfaces.
    pub(super) fn ports(&self) -> impl Iterator<Item = &Port> {
        self.pairs().flat_map(|pair| [&pair.near, &pair.far])
    }

    /// The interfaces at the link's two nodes.
    pub(super) fn ends(&self) -> [&Port; 2] {
        match self {
            Self::Plain(pair) => [&pair.near, &pair.far],
            Self::Shaped { a, b, .. } => [&a.far, &b.far],
        }
    }

    /// The interfaces in between.
    pub(super) fn middle(&self) -> impl Iterator<Item = &Port> {
        let (a, b) = match self {
            Self::Plain(_) => (None, None),
            Self::Shaped { a, b, .. } => (Some(&a.near), Some(&b.near)),
        };
        a.into_iter().chain(b)
    }
}

/// Everything of a network that has a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// For each node: its place, if it is a host.
    pub(super) places: Vec<Place>,
    /// For each node: the number of its bridge, if it is a switch.
    pub(super) bridges: Vec<Option<u32>>,
    /// For each host, its node.
    pub(super) hosts: Vec<usize>,
    /// For each link.
    pub(super) cables: Vec<Cable>,
}

impl Layout {
    pub(super) fn of(network: &Network) -> Result<Self, NetworkError> {
        let mut numbers = FIRST_INDEX..;
        let mut number = || numbers.next().unwrap_or(u32::MAX);
        let mut layout = Self {
            places: Vec::with_capacity(network.nodes.len()),
            bridges: Vec::with_capacity(network.nodes.len()),
            hosts: Vec::new(),
            cables: Vec::with_capacity(network.links.len()),
        };
        for (node, description) in network.nodes.iter().enumerate() {
            let (place, bridge) = match description.kind {
                NodeKind::Host | NodeKind::Router => {
                    layout.hosts.push(node);
                    (Place::Host(layout.hosts.len() - 1), None)
                }
                NodeKind::Switch(SwitchKind::Bridge) => (Place::Stage, Some(number())),
                NodeKind::Switch(SwitchKind::Ovs) => {
                    return Err(NetworkError::Unsupported {
                        backend: "netns",
                        cannot: "has no Open vSwitch",
                        help: "use `--backend mininet`, or leave `switch: ovs` out",
                    });
                }
            };
            layout.places.push(place);
            layout.bridges.push(bridge);
        }
        for (order, link) in network.links.iter().enumerate() {
            let disciplines = shaping::disciplines(&link.shape, link.mtu);
            let mut port = |end: &End, disciplines: &[Qdisc]| Port {
                place: layout.places[end.node],
                index: number(),
                name: end.interface.clone(),
                master: layout.bridges[end.node],
                disciplines: disciplines.to_vec(),
            };
            let ends_at_a_host = link_ends_at_a_host(&layout.places, [&link.a, &link.b]);
            if disciplines.is_empty() || !ends_at_a_host {
                // The stage makes the pair if it has an end of it: its end
                // comes up, with its bridge, in the same request.
                let (a, b) = (port(&link.a, &disciplines), port(&link.b, &disciplines));
                let (near, far) = if b.place == Place::Stage { (b, a) } else { (a, b) };
                layout.cables.push(Cable::Plain(Pair { near, far }));
                continue;
            }
            let (a, b) = (port(&link.a, &[]), port(&link.b, &[]));
            // No node's name begins with a tilde, so no interface of a node does.
            let name = format!("~{order}");
            let bridge = number();
            let mut middle = |end| Port {
                place: Place::Stage,
                index: number(),
                name: format!("{name}{end}"),
                master: Some(bridge),
                disciplines: disciplines.clone(),
            };
            layout.cables.push(Cable::Shaped {
                a: Pair { near: middle('a'), far: a },
                b: Pair { near: middle('b'), far: b },
                bridge: (name, bridge),
            });
        }
        Ok(layout)
    }
}

fn link_ends_at_a_host(places: &[Place], ends: [&End; 2]) -> bool {
    ends.iter().any(|end| places[end.node] != Place::Stage)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use lab_scenario::topology::{LinkRequest, NetworkBuilder, Shape, single};

    use super::*;

    fn shaped() -> LinkRequest {
        let shape = Shape { bw: Some(10.0), ..Shape::default() };
        LinkRequest { shape, ..LinkRequest::default() }
    }

    #[test]
    fn the_stage_makes_the_pairs_that_it_has_an_end_of() {
        let layout = Layout::of(&single(2, SwitchKind::Bridge).unwrap()).unwrap();
        for (host, cable) in layout.cables.iter().enumerate() {
            let Cable::Plain(Pair { near, far }) = cable else { panic!("{cable:?}") };
            assert_eq!((near.place, far.place), (Place::Stage, Place::Host(host)));
            assert_eq!((near.master, far.master), (layout.bridges[0], None));
        }
    }

    #[test]
    fn numbers_are_unique() {
        let mut builder = NetworkBuilder::new();
        builder.switch("s1", SwitchKind::Bridge).unwrap();
        builder.switch("s2", SwitchKind::Bridge).unwrap();
        builder.host("h1", false, None, None, None).unwrap();
        builder.host("h2", false, None, None, None).unwrap();
        builder.link("h1", "s1", shaped()).unwrap();
        builder.link("h1", "h2", shaped()).unwrap();
        builder.link("s1", "s2", shaped()).unwrap();
        builder.link("s1", "s2", LinkRequest::default()).unwrap();
        let layout = Layout::of(&builder.finish().unwrap()).unwrap();
        let ports = layout.cables.iter().flat_map(Cable::ports).map(|port| port.index);
        let middles = layout.cables.iter().filter_map(|cable| match cable {
            Cable::Plain(_) => None,
            Cable::Shaped { bridge, .. } => Some(bridge.1),
        });
        let all: Vec<_> =
            ports.chain(middles).chain(layout.bridges.iter().flatten().copied()).collect();
        assert_eq!(all.len(), 4 + 4 + 2 + 2 + 2 + 2);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn limits_sit_in_the_middle_where_a_host_is_at_an_end() {
        let mut builder = NetworkBuilder::new();
        builder.switch("s1", SwitchKind::Bridge).unwrap();
        builder.switch("s2", SwitchKind::Bridge).unwrap();
        builder.host("h1", false, None, None, None).unwrap();
        builder.link("h1", "s1", shaped()).unwrap();
        builder.link("s1", "s2", shaped()).unwrap();
        let layout = Layout::of(&builder.finish().unwrap()).unwrap();
        let limited = |cable: &Cable| {
            let ports = cable.ports().filter(|port| !port.disciplines.is_empty());
            ports.map(|port| port.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(limited(&layout.cables[0]), ["~0a", "~0b"]);
        assert_eq!(limited(&layout.cables[1]), ["s2-eth1", "s1-eth2"]);
        let names = layout.cables[0].ends().map(|port| port.name.as_str());
        assert_eq!(names, ["h1-eth0", "s1-eth1"]);
    }

    #[test]
    fn open_vswitch_is_refused_with_advice() {
        let error = Layout::of(&single(1, SwitchKind::Ovs).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the netns backend has no Open vSwitch");
        assert!(error.help().unwrap().contains("--backend mininet"));
    }
}
