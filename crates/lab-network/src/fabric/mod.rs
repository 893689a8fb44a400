//! A network that is up, as its interfaces: what both backends have in common
//! once it is built. Waits for it, looks at it, changes its links,
//! keeps its hosts apart.

mod carrier;
mod limits;
mod partition;
mod picture;
mod renew;
mod settings;
mod switching;

pub use picture::Picture;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use lab_scenario::topology::Shape;

use crate::NetworkError;
use crate::netlink::Channel;
use crate::netlink::link::{LinkInfo, OperState};

use carrier::PATIENCE;
use switching::Cut;

/// Where an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The stage's own namespace.
    Stage,
    /// The namespace of a host, counted among hosts only.
    Host(usize),
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) place: Place,
    pub(crate) index: u32,
    pub(crate) name: String,
}

/// A link between two nodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wire {
    /// The names of its nodes.
    pub(crate) nodes: [String; 2],
    /// The interfaces at its nodes.
    pub(crate) ends: [Port; 2],
    /// The interfaces in between, if it is more than a veth pair.
    pub(crate) middle: Vec<Port>,
    /// The limits that it was built with.
    pub(crate) shape: Shape,
    /// Whether those can be given to it once more.
    pub(crate) is_renewable: bool,
}

impl Wire {
    /// All its interfaces.
    pub(crate) fn ports(&self) -> impl Iterator<Item = &Port> {
        self.ends.iter().chain(&self.middle)
    }

    fn joins(&self, a: &str, b: &str) -> bool {
        let [first, second] = [&self.nodes[0], &self.nodes[1]].map(String::as_str);
        (first, second) == (a, b) || (first, second) == (b, a)
    }
}

/// What the kernel says of interfaces, by place and number.
pub(crate) type Links = HashMap<(Place, u32), LinkInfo>;

/// A network that is up.
pub(crate) struct Fabric {
    pub(crate) wires: Vec<Wire>,
    stage: Channel,
    hosts: Vec<Channel>,
    /// The links that are down, and what they had.
    cuts: HashMap<usize, Cut>,
    /// By host: its interfaces that a partition filters.
    filtered: BTreeMap<usize, Vec<u32>>,
    /// The links that were given other limits than they were built with, and these.
    reshaped: BTreeMap<usize, Shape>,
}

impl Fabric {
    /// `hosts` are channels into the hosts' namespaces, in their order.
    pub(crate) fn new(stage: Channel, hosts: Vec<Channel>, wires: Vec<Wire>) -> Self {
        Self {
            wires,
            stage,
            hosts,
            cuts: HashMap::new(),
            filtered: BTreeMap::new(),
            reshaped: BTreeMap::new(),
        }
    }

    /// The channel into a namespace.
    pub(crate) fn channel(&mut self, place: Place) -> &mut Channel {
        match place {
            Place::Stage => &mut self.stage,
            Place::Host(host) => &mut self.hosts[host],
        }
    }

    /// The numbers of the links between two nodes.
    pub(crate) fn wires_between(&self, a: &str, b: &str) -> Result<Vec<usize>, NetworkError> {
        let wires = self.wires.iter().enumerate();
        let between: Vec<usize> =
            wires.filter(|(_, wire)| wire.joins(a, b)).map(|(index, _)| index).collect();
        match between.is_empty() {
            true => Err(NetworkError::NoSuchLink { a: a.to_owned(), b: b.to_owned() }),
            false => Ok(between),
        }
    }

    /// All namespaces that links end in.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        std::iter::once(Place::Stage).chain((0..self.hosts.len()).map(Place::Host))
    }

    /// Waits until every link carries, and returns what the kernel says of
    /// every interface.
    pub(crate) fn wait_until_it_carries(&mut self) -> Result<Links, NetworkError> {
        let deadline = Instant::now() + PATIENCE;
        let mut wanted: HashMap<Place, Vec<u32>> = HashMap::new();
        for port in self.wires.iter().flat_map(Wire::ports) {
            wanted.entry(port.place).or_default().push(port.index);
        }
        let mut links = Links::new();
        // The stage first: a host's end hears of the carrier before the switch's
        // does, so by then there is nothing to wait for in the hosts.
        for place in self.places() {
            let wanted = wanted.remove(&place).unwrap_or_default();
            let found = carrier::wait(self.channel(place), wanted, OperState::Up, deadline)?;
            links.extend(found.into_iter().map(|link| ((place, link.index), link)));
        }
        Ok(links)
    }
}
