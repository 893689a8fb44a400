//! The real Mininet, driven by a small Python program of ours.
//!
//! Mininet runs inside the stage's sandbox like everything else, where it is root,
//! alone, and taken away with the stage: never `mn -c`. It builds the network;
//! what becomes of it afterwards (cutting links, waiting, looking) is done by
//! netlink as on a network of our own.
//!
//! Mininet goes on after most of its errors. So every link is looked at in the kernel
//! afterwards, and what is not as asked for, or was complained about in
//! Mininet's log, is a fault of the network.

mod driver;
mod expected;
mod protocol;
mod python;
mod verify;

pub(crate) use python::{probe, python, search_path};

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use lab_scenario::plan::LinkState;
use lab_scenario::topology::{self, NodeKind, Shape, SwitchKind, Topology};

use crate::fabric::{Fabric, Place, Port, Wire};
use crate::netlink::Channel;
use crate::{Backend, Host, Link, Network, NetworkError, Picture, namespace, offload, scratch};

use driver::Driver;
use expected::Expected;
use protocol::{Answer, Command, Described, Report, switch_name};

/// How long the smallest network may take, and how much longer for each link.
/// On an idle machine it takes some 0.1 s and 0.025 s.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(500));

/// Builds networks with Mininet.
#[derive(Debug, Default)]
pub struct Mininet;

impl Backend for Mininet {
    fn up(&mut self, topology: &Topology) -> Result<Box<dyn Network>, NetworkError> {
        if let Topology::Described(network) = topology {
            refuse_what_the_kernel_lacks(network)?;
        }
        let mut driver = Driver::start()?;
        let report = build(&mut driver, topology)?;
        Ok(Box::new(Driven::new(driver, topology, &report)?))
    }
}

/// Mininet would build the network without those limits.
fn refuse_what_the_kernel_lacks(network: &topology::Network) -> Result<(), NetworkError> {
    let shapes = || network.links.iter().map(|link| &link.shape);
    // It gives the length of a queue to the network emulator as well.
    let uses_netem = |shape: &Shape| shape.needs_netem() || shape.max_queue_size.is_some();
    if shapes().any(uses_netem) {
        scratch::require_netem()?;
    }
    if shapes().any(|shape| shape.bw.is_some()) {
        scratch::require_htb()?;
    }
    Ok(())
}

fn build(driver: &mut Driver, topology: &Topology) -> Result<Report, NetworkError> {
    let (switch, links, words) = match topology {
        Topology::Described(network) => {
            let described = protocol::Topology::Described(Described::from(network));
            (kind_of_switches(network)?, network.links.len(), described)
        }
        Topology::Mininet(custom) => {
            let words = protocol::Topology::Custom { file: &custom.file, topo: &custom.topo };
            (custom.switch, 100, words)
        }
    };
    let patience = PATIENCE.0 + PATIENCE.1 * u32::try_from(links).unwrap_or(u32::MAX);
    let command = Command::Up { switch: switch_name(switch), topology: words };
    let doing = "building the network";
    match driver.ask(doing, &command, patience)? {
        Answer::Up(report) => Ok(report),
        answer => Err(driver.unexpected(doing, &answer)),
    }
}

fn kind_of_switches(network: &topology::Network) -> Result<SwitchKind, NetworkError> {
    let mut kinds = network.nodes.iter().filter_map(|node| match node.kind {
        NodeKind::Switch(kind) => Some(kind),
        NodeKind::Host | NodeKind::Router => None,
    });
    let first = kinds.next().unwrap_or_default();
    if kinds.any(|kind| kind != first) {
        return Err(NetworkError::Unsupported {
            backend: "mininet",
            cannot: "has switches of one kind only",
            help: "make all switches `ovs`, or none",
        });
    }
    Ok(first)
}

/// A network that Mininet has made.
struct Driven {
    hosts: Vec<Host>,
    faults: Vec<String>,
    fabric: Fabric,
    /// Whether its switches keep tables that only they know.
    learns: bool,
    /// Ends with this: the hosts' shells hang on it.
    driver: Driver,
}

impl Driven {
    fn new(driver: Driver, topology: &Topology, report: &Report) -> Result<Self, NetworkError> {
        let mut stage = Channel::open().map_err(NetworkError::doing("opening a netlink socket"))?;
        let mut channels = Vec::with_capacity(report.hosts.len());
        let mut namespaces: Vec<OwnedFd> = Vec::with_capacity(report.hosts.len());
        for host in &report.hosts {
            let doing = || NetworkError::doing(format!("entering the namespace of {}", host.name));
            let path = format!("/proc/{}/ns/net", host.pid);
            let namespace = File::open(path).map_err(doing())?;
            channels.push(namespace::inside(namespace.as_fd(), Channel::open).map_err(doing())?);
            namespaces.push(namespace.into());
        }
        let expected = match topology {
            Topology::Described(network) => {
                set_up_hosts(network, report, &namespaces)?;
                expected::of_description(network)
            }
            Topology::Mininet(_) => expected::of_report(report),
        };
        write_checksums(report, &namespaces)?;
        let mut faults = complaints(&report.complaints);
        let wires = wires(&mut stage, &mut channels, &expected, report, &mut faults)?;
        let mut fabric = Fabric::new(stage, channels, wires);
        let links = fabric.wait_until_it_carries()?;
        faults.extend(verify::faults(&expected, report, &mut fabric, &links)?);
        let hosts = expected::hosts(topology, report, namespaces, &links, &fabric.wires);
        let learns = report.switches.iter().any(|switch| switch.ports.is_some() || !switch.bridge);
        Ok(Self { hosts, faults, fabric, learns, driver })
    }
}

/// Mininet says the same thing of every link that it happens to.
fn complaints(lines: &[String]) -> Vec<String> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for line in lines {
        match counted.iter_mut().find(|(seen, _)| seen == line) {
            Some((_, count)) => *count += 1,
            None => counted.push((line, 1)),
        }
    }
    let said = |(line, count)| match count {
        1 => format!("Mininet says: {line}"),
        _ => format!("Mininet says, {count} times: {line}"),
    };
    counted.into_iter().map(said).collect()
}

/// What Mininet has no word for: that a router forwards, and that a host does not.
fn set_up_hosts(
    network: &topology::Network,
    report: &Report,
    namespaces: &[OwnedFd],
) -> Result<(), NetworkError> {
    let forwards: HashMap<&str, bool> = network
        .hosts()
        .map(|(_, node)| (node.device.as_str(), node.kind == NodeKind::Router))
        .collect();
    for (host, namespace) in report.hosts.iter().zip(namespaces) {
        let forwards = forwards.get(host.name.as_str()).copied().unwrap_or_default();
        namespace::inside(namespace.as_fd(), || namespace::settle(forwards))
            .map_err(NetworkError::doing(format!("setting up {}", host.name)))?;
    }
    Ok(())
}

/// Makes packets fit for Open vSwitch in user space, if there is any.
fn write_checksums(report: &Report, namespaces: &[OwnedFd]) -> Result<(), NetworkError> {
    if report.switches.iter().all(|switch| switch.ports.is_none()) {
        return Ok(());
    }
    for (host, namespace) in report.hosts.iter().zip(namespaces) {
        namespace::inside(namespace.as_fd(), || {
            host.interfaces.iter().try_for_each(|port| offload::write_checksums(&port.name))
        })
        .map_err(NetworkError::doing(format!("switching off the offloads of {}", host.name)))?;
    }
    Ok(())
}

/// Finds the interfaces of the links. Those that are not there are faults.
fn wires(
    stage: &mut Channel,
    hosts: &mut [Channel],
    expected: &[Expected],
    report: &Report,
    faults: &mut Vec<String>,
) -> Result<Vec<Wire>, NetworkError> {
    let mut found: HashMap<(Place, String), u32> = HashMap::new();
    let channels = hosts.iter_mut().enumerate().map(|(host, channel)| (Place::Host(host), channel));
    for (place, channel) in std::iter::once((Place::Stage, stage)).chain(channels) {
        let links =
            channel.links().map_err(NetworkError::doing("asking for the state of the links"))?;
        found.extend(links.into_iter().map(|link| ((place, link.name), link.index)));
    }
    let place_of = |device: &str| {
        let host = report.hosts.iter().position(|host| host.name == device);
        host.map_or(Place::Stage, Place::Host)
    };
    let mut wires = Vec::with_capacity(expected.len());
    for link in expected {
        let ends = [0, 1].map(|side| {
            let end = &link.ends[side];
            let place = place_of(&end.device);
            let index = found.get(&(place, end.interface.clone())).copied();
            index.map(|index| Port { place, index, name: end.interface.clone() })
        });
        let nodes = link.ends.each_ref().map(|end| end.node.clone());
        match ends {
            [Some(a), Some(b)] => {
                let is_renewable = link.ends.iter().all(|end| end.shape.is_plain());
                let shape = link.ends[0].shape;
                wires.push(Wire { nodes, ends: [a, b], middle: Vec::new(), shape, is_renewable });
            }
            _ => {
                let [a, b] = nodes;
                faults.push(format!("the link between {a} and {b} is not there"));
            }
        }
    }
    Ok(wires)
}

impl Network for Driven {
    fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    fn faults(&self) -> &[String] {
        &self.faults
    }

    fn version(&self) -> &str {
        &self.driver.version
    }

    fn set_link(&mut self, a: &str, b: &str, state: LinkState) -> Result<(), NetworkError> {
        self.fabric.set_link(a, b, state)
    }

    fn shape_link(&mut self, a: &str, b: &str, shape: &Shape) -> Result<(), NetworkError> {
        self.fabric.shape_link(a, b, shape)
    }

    fn partition(&mut self, groups: &[Vec<String>]) -> Result<(), NetworkError> {
        self.fabric.partition(&self.hosts, groups)
    }

    fn heal(&mut self) -> Result<(), NetworkError> {
        self.fabric.heal()
    }

    fn links(&self) -> Vec<Link> {
        self.fabric.links()
    }

    fn strays(&mut self) -> Vec<String> {
        self.fabric.strays()
    }

    fn picture(&mut self) -> Result<Picture, NetworkError> {
        if self.learns {
            return Err(NetworkError::NotAsNew {
                what: "an Open vSwitch does not forget what it has learnt".to_owned(),
            });
        }
        self.fabric.picture(&self.hosts)
    }

    fn renew(&mut self, as_it_was: &Picture) -> Result<(), NetworkError> {
        self.fabric.renew(&self.hosts, as_it_was)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_counted() {
        let lines = ["*** Error: a", "*** Error: b", "*** Error: a"].map(str::to_owned);
        assert_eq!(
            complaints(&lines),
            ["Mininet says, 2 times: *** Error: a", "Mininet says: *** Error: b"]
        );
    }
}
