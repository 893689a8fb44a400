//! Sends the requests, waits until the network carries, and looks at it.

use std::os::fd::{AsFd, OwnedFd};

use lab_scenario::topology::{MacAddress, Network, NodeKind};

use crate::fabric::{self, Fabric, Links, Place, Wire};
use crate::namespace::{self, Namespace, Wanted};
use crate::netlink::{Channel, Request};
use crate::{Host, Interface, NetworkError, descriptors};

use super::layout::{Cable, Layout};
use super::requests::Requests;
use super::verify;

/// A network that is up.
pub(super) struct Built {
    pub(super) hosts: Vec<Host>,
    pub(super) faults: Vec<String>,
    pub(super) fabric: Fabric,
}

pub(super) fn build(network: &Network, layout: &Layout) -> Result<Built, NetworkError> {
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
    let requests = Requests::of(network, layout, &borrowed);
    stage.apply(&requests.stage)?;
    send(&mut channels, &requests.links)?;
    send(&mut channels, &requests.hosts)?;

    let mut fabric = Fabric::new(stage, channels, wires(network, layout));
    let links = fabric.wait_until_it_carries()?;
    let faults = verify::faults(network, layout, &mut fabric, &links)?;
    Ok(Built { hosts: hosts(network, layout, fds, &links), faults, fabric })
}

fn send(channels: &mut [Channel], requests: &[Vec<Request>]) -> Result<(), NetworkError> {
    for (channel, requests) in channels.iter_mut().zip(requests) {
        channel.apply(requests)?;
    }
    Ok(())
}

fn wires(network: &Network, layout: &Layout) -> Vec<Wire> {
    let wire = |(link, cable): (&lab_scenario::topology::Link, &Cable)| {
        let [first, second] = cable.ends();
        // A cable begins on the stage's side if it has one.
        let is_crossed = first.name != link.a.interface;
        let ends = if is_crossed { [second, first] } else { [first, second] };
        Wire {
            nodes: [&link.a, &link.b].map(|end| network.nodes[end.node].name.clone()),
            ends: ends.map(fabric::Port::from),
            middle: cable.middle().map(fabric::Port::from).collect(),
            shape: link.shape,
            is_renewable: true,
        }
    };
    network.links.iter().zip(&layout.cables).map(wire).collect()
}

fn hosts(network: &Network, layout: &Layout, fds: Vec<OwnedFd>, links: &Links) -> Vec<Host> {
    let mut hosts: Vec<Host> = fds
        .into_iter()
        .zip(&layout.hosts)
        .map(|(namespace, node)| Host {
            name: network.nodes[*node].name.clone(),
            namespace,
            interfaces: Vec::new(),
        })
        .collect();
    for (link, cable) in network.links.iter().zip(&layout.cables) {
        for end in [&link.a, &link.b] {
            let Place::Host(host) = layout.places[end.node] else { continue };
            let port = cable.ends().into_iter().find(|port| port.name == end.interface);
            let found = port.and_then(|port| links.get(&(port.place, port.index)));
            let mac = found.and_then(|link| link.mac).or(end.mac);
            hosts[host].interfaces.push(Interface {
                name: end.interface.clone(),
                ip: end.ip,
                mac: mac.unwrap_or(MacAddress([0; 6])),
            });
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_scenario::topology::{LinkRequest, NetworkBuilder, Shape, SwitchKind};

    #[test]
    fn each_wire_has_its_interfaces_at_its_nodes() {
        let mut builder = NetworkBuilder::new();
        builder.switch("s1", SwitchKind::Bridge).unwrap();
        builder.host("h1", false, None, None, None).unwrap();
        builder.host("h2", false, None, None, None).unwrap();
        let shape = Shape { loss: Some(1.0), ..Shape::default() };
        let shaped = || LinkRequest { shape, ..LinkRequest::default() };
        for request in [LinkRequest::default(), shaped()] {
            for (a, b) in [("h1", "s1"), ("s1", "h1"), ("h1", "h2"), ("h2", "h1")] {
                builder.link(a, b, request.clone()).unwrap();
            }
        }
        let network = builder.finish().unwrap();
        for wire in wires(&network, &Layout::of(&network).unwrap()) {
            for (node, end) in wire.nodes.iter().zip(&wire.ends) {
                assert!(end.name.starts_with(&format!("{node}-eth")), "{wire:?}");
            }
        }
    }
}
