//! What a network that Mininet builds must have: from the scenario where it
//! says, from Mininet itself where only that knows.

use std::os::fd::OwnedFd;

use lab_scenario::topology::{InterfaceAddress, MacAddress, Network, Shape, Topology};

use crate::fabric::{Links, Place, Wire};
use crate::{Host, Interface};

use super::protocol::Report;

/// A link as it must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    pub(super) ends: [ExpectedEnd; 2],
    pub(super) mtu: Option<u32>,
}

/// An end of a link as it must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExpectedEnd {
    /// The node's name in the scenario.
    pub(super) node: String,
    /// Its name in Mininet.
    pub(super) device: String,
    pub(super) interface: String,
    pub(super) ip: Option<InterfaceAddress>,
    pub(super) mac: Option<MacAddress>,
    pub(super) shape: Shape,
}

/// The links of a network that is known in full.
pub(super) fn of_description(network: &Network) -> Vec<Expected> {
    let link = |link: &lab_scenario::topology::Link| Expected {
        ends: [&link.a, &link.b].map(|end| ExpectedEnd {
            node: network.nodes[end.node].name.clone(),
            device: network.nodes[end.node].device.clone(),
            interface: end.interface.clone(),
            ip: end.ip,
            mac: end.mac,
            shape: link.shape,
        }),
        mtu: link.mtu,
    };
    network.links.iter().map(link).collect()
}

/// The links that Mininet says it has made.
pub(super) fn of_report(report: &Report) -> Vec<Expected> {
    let interfaces = || report.hosts.iter().flat_map(|host| &host.interfaces);
    let links = report.links.iter().filter(|link| !link.patch);
    links
        .map(|link| Expected {
            ends: [0, 1].map(|side| ExpectedEnd {
                node: link.nodes[side].clone(),
                device: link.nodes[side].clone(),
                interface: link.interfaces[side].clone(),
                ip: interfaces()
                    .find(|interface| interface.name == link.interfaces[side])
                    .and_then(super::protocol::ReportedInterface::ip),
                mac: None,
                shape: Shape::from(link.shape[side]),
            }),
            mtu: None,
        })
        .collect()
}

/// The hosts, in the order of the scenario, or Mininet's. `namespaces` are in
/// Mininet's order.
pub(super) fn hosts(
    topology: &Topology,
    report: &Report,
    namespaces: Vec<OwnedFd>,
    links: &Links,
    wires: &[Wire],
) -> Vec<Host> {
    let mut hosts: Vec<(usize, Host)> = Vec::with_capacity(namespaces.len());
    for (place, (reported, namespace)) in report.hosts.iter().zip(namespaces).enumerate() {
        let mac = |name: &str| {
            let mut ports = wires.iter().flat_map(Wire::ports);
            let port = ports.find(|port| port.place == Place::Host(place) && port.name == name);
            let link = port.and_then(|port| links.get(&(port.place, port.index)));
            link.and_then(|link| link.mac).unwrap_or(MacAddress([0; 6]))
        };
        let (order, name, interfaces) = match described(topology, &reported.name) {
            Some((network, node)) => (
                node,
                network.nodes[node].name.clone(),
                network.ends_of(node).map(|end| (end.interface.clone(), end.ip)).collect(),
            ),
            None => (
                place,
                reported.name.clone(),
                reported
                    .interfaces
                    .iter()
                    .map(|interface| (interface.name.clone(), interface.ip()))
                    .collect::<Vec<_>>(),
            ),
        };
        let interfaces = interfaces
            .into_iter()
            .map(|(name, ip)| Interface { mac: mac(&name), name, ip })
            .collect();
        hosts.push((order, Host { name, namespace, interfaces }));
    }
    hosts.sort_by_key(|(order, _)| *order);
    hosts.into_iter().map(|(_, host)| host).collect()
}

fn described<'a>(topology: &'a Topology, device: &str) -> Option<(&'a Network, usize)> {
    let Topology::Described(network) = topology else { return None };
    let node = network.nodes.iter().position(|node| node.device == device)?;
    Some((network, node))
}
