//! Sends the requests, waits until the network carries, and looks at it.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use lab_scenario::topology::{MacAddress, Network, NodeKind};

use crate::carrier::{self, PATIENCE};
use crate::descriptors;
use crate::namespace::{self, Namespace, Wanted};
use crate::netlink::Channel;
use crate::netlink::link::{LinkInfo, OperState};
use crate::{Host, Interface, NetworkError};

use super::layout::{Cable, Layout, Place, Port};
use super::requests::Requests;
use super::switching::Cut;

/// A network that is up.
pub(super) struct Built {
    pub(super) hosts: Vec<Host>,
    pub(super) faults: Vec<String>,
    pub(super) version: String,
    /// The network as it was asked for.
    pub(super) network: Network,
    pub(super) layout: Layout,
    pub(super) stage: Channel,
    /// One for each host.
    pub(super) channels: Vec<Channel>,
    /// The links that are down, and what they had.
    pub(super) cuts: HashMap<usize, Cut>,
}

impl Built {
    pub(super) fn channel(&mut self, place: Place) -> &mut Channel {
        match place {
            Place::Stage => &mut self.stage,
            Place::Host(host) => &mut self.channels[host],
        }
    }
}

pub(super) fn build(network: &Network, layout: Layout) -> Result<Built, NetworkError> {
    // A namespace and a netlink socket for each.
    descriptors::make_room_for(2 * layout.hosts.len());
    let mut stage = Channel::open().map_err(NetworkError::doing("opening a netlink socket"))?;
    let wanted: Vec<_> = layout
        .hosts
        .iter()
        .map(|host| &network.nodes[*host])
        .map(|node| Wanted { host: node.name.clone(), forwards: node.kind == NodeKind::Router })
        .collect();
    let namespaces = namespace::create(&wanted)?;
    let (fds, mut channels): (Vec<OwnedFd>, Vec<Channel>) =
        namespaces.into_iter().map(|Namespace { fd, channel }| (fd, channel)).unzip();

    let borrowed: Vec<_> = fds.iter().map(OwnedFd::as_fd).collect();
    let requests = Requests::of(network, &layout, &borrowed);
    send(&mut stage, &requests.stage)?;
    for (channel, requests) in channels.iter_mut().zip(&requests.links) {
        send(channel, requests)?;
    }
    for (channel, requests) in channels.iter_mut().zip(&requests.hosts) {
        send(channel, requests)?;
    }

    let mut built = Built {
        hosts: Vec::new(),
        faults: Vec::new(),
        version: version(),
        network: network.clone(),
        layout,
        stage,
        channels,
        cuts: HashMap::new(),
    };
    let links = wait_until_it_carries(&mut built)?;
    built.faults = super::verify::faults(&mut built, &links)?;
    built.hosts = hosts(&built, fds, &links);
    Ok(built)
}

fn send(channel: &mut Channel, requests: &[crate::netlink::Request]) -> Result<(), NetworkError> {
    channel.apply(requests).map_err(NetworkError::from)
}

/// Waits for every interface, and returns what the kernel says of each, by
/// number.
fn wait_until_it_carries(built: &mut Built) -> Result<HashMap<u32, LinkInfo>, NetworkError> {
    let failed = || NetworkError::doing("asking for the state of the links");
    let deadline = Instant::now() + PATIENCE;
    let at = |place| move |port: &&Port| port.place == place;
    let ports: Vec<Port> = built.layout.cables.iter().flat_map(Cable::ports).cloned().collect();
    let indices = ports.iter().filter(at(Place::Stage)).map(|port| port.index);
    carrier::wait(&mut built.stage, indices, OperState::Up, deadline)?;
    let mut links: HashMap<u32, LinkInfo> = HashMap::new();
    let mut note = |found: Vec<LinkInfo>| {
        let all_up = found.iter().all(|link| link.index == 1 || link.state == OperState::Up);
        links.extend(found.into_iter().map(|link| (link.index, link)));
        all_up
    };
    note(built.stage.links().map_err(failed())?);
    // A host's end was told of the carrier before the switch's, so it is up by
    // now, but on links between hosts.
    let mut wanted: Vec<Vec<u32>> = vec![Vec::new(); built.channels.len()];
    for port in &ports {
        if let Place::Host(host) = port.place {
            wanted[host].push(port.index);
        }
    }
    for (channel, wanted) in built.channels.iter_mut().zip(wanted) {
        let found = channel.links().map_err(failed())?;
        let is_up = |index: &u32| {
            found.iter().any(|link| link.index == *index && link.state == OperState::Up)
        };
        if wanted.iter().all(is_up) {
            note(found);
        } else {
            carrier::wait(channel, wanted, OperState::Up, deadline)?;
            note(channel.links().map_err(failed())?);
        }
    }
    Ok(links)
}

fn hosts(built: &Built, fds: Vec<OwnedFd>, links: &HashMap<u32, LinkInfo>) -> Vec<Host> {
    let mut hosts: Vec<Host> = fds
        .into_iter()
        .zip(&built.layout.hosts)
        .map(|(namespace, node)| Host {
            name: built.network.nodes[*node].name.clone(),
            namespace,
            interfaces: Vec::new(),
        })
        .collect();
    for (link, cable) in built.network.links.iter().zip(&built.layout.cables) {
        for end in [&link.a, &link.b] {
            let Place::Host(host) = built.layout.places[end.node] else { continue };
            let port = cable.ends().into_iter().find(|port| port.name == end.interface);
            let found = port.and_then(|port| links.get(&port.index)).and_then(|link| link.mac);
            hosts[host].interfaces.push(Interface {
                name: end.interface.clone(),
                ip: end.ip,
                mac: found.or(end.mac).unwrap_or(MacAddress([0; 6])),
            });
        }
    }
    hosts
}

fn version() -> String {
    let system = rustix::system::uname();
    format!("Linux {}", system.release().to_string_lossy())
}
