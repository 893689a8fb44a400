//! Looks in the kernel, and in Open vSwitch, for what Mininet was to make.

use std::collections::HashMap;

use lab_scenario::topology::{InterfaceAddress, Shape};

use crate::NetworkError;
use crate::fabric::{Fabric, Links, Place, Port};
use crate::netlink::link::LinkInfo;
use crate::netlink::qdisc::{Found, Netem};
use crate::shaping;

use super::expected::{Expected, ExpectedEnd};
use super::protocol::Report;

/// What the kernel says beside the links themselves.
#[derive(Default)]
struct Kernel {
    addresses: HashMap<(Place, u32), Vec<InterfaceAddress>>,
    qdiscs: HashMap<(Place, u32), Vec<Found>>,
    /// Bytes per second of an interface's `htb` class.
    rates: HashMap<(Place, u32), u64>,
}

/// In which ways the network is not what was asked for.
pub(super) fn faults(
    expected: &[Expected],
    report: &Report,
    fabric: &mut Fabric,
    links: &Links,
) -> Result<Vec<String>, NetworkError> {
    let kernel = Kernel::ask(expected, fabric)?;
    let ports: HashMap<&str, &Port> = fabric
        .wires
        .iter()
        .flat_map(|wire| &wire.ends)
        .map(|port| (port.name.as_str(), port))
        .collect();
    let mut faults = Vec::new();
    for link in expected {
        for end in &link.ends {
            // One that is not there has been told of already.
            let Some(port) = ports.get(end.interface.as_str()) else { continue };
            let Some(found) = links.get(&(port.place, port.index)) else { continue };
            faults.extend(compare(end, link.mtu, found));
            faults.extend(compare_address(end, port, &kernel));
            faults.extend(compare_shape(&end.interface, &end.shape, port, &kernel));
            faults.extend(compare_switch(end, found, report, links));
        }
    }
    Ok(faults)
}

impl Kernel {
    fn ask(expected: &[Expected], fabric: &mut Fabric) -> Result<Self, NetworkError> {
        let asking = || NetworkError::doing("looking at what Mininet has made");
        let mut kernel = Self::default();
        let shaped = expected.iter().flat_map(|link| &link.ends).any(|end| !end.shape.is_plain());
        for place in fabric.places() {
            let channel = fabric.channel(place);
            for (index, address) in channel.addresses().map_err(asking())? {
                kernel.addresses.entry((place, index)).or_default().push(address);
            }
            if !shaped {
                continue;
            }
            for found in channel.qdiscs().map_err(asking())? {
                if found.kind == "htb"
                    && let Some(rate) = channel.htb_rate(found.index).map_err(asking())?
                {
                    kernel.rates.insert((place, found.index), rate);
                }
                kernel.qdiscs.entry((place, found.index)).or_default().push(found);
            }
        }
        Ok(kernel)
    }
}

fn compare(end: &ExpectedEnd, mtu: Option<u32>, found: &LinkInfo) -> Vec<String> {
    let name = &end.interface;
    let mut faults = Vec::new();
    if let Some(mtu) = mtu.filter(|mtu| *mtu != found.mtu) {
        faults.push(format!("{name} has an mtu of {}, not {mtu}", found.mtu));
    }
    if let Some(mac) = end.mac.filter(|mac| Some(*mac) != found.mac) {
        faults.push(format!("{name} does not have the hardware address {mac}"));
    }
    faults
}

fn compare_address(end: &ExpectedEnd, port: &Port, kernel: &Kernel) -> Option<String> {
    let ip = end.ip?;
    let found = kernel.addresses.get(&(port.place, port.index));
    let has = found.is_some_and(|addresses| addresses.contains(&ip));
    (!has).then(|| format!("{} does not have the address {ip}", end.interface))
}

fn compare_shape(name: &str, shape: &Shape, port: &Port, kernel: &Kernel) -> Vec<String> {
    let none = Vec::new();
    let qdiscs = kernel.qdiscs.get(&(port.place, port.index)).unwrap_or(&none);
    let mut faults = Vec::new();
    if let Some(bw) = shape.bw {
        let wanted = shaping::bytes_per_second(bw);
        let token_bucket = qdiscs.iter().find(|found| found.kind == "tbf");
        let rate = kernel
            .rates
            .get(&(port.place, port.index))
            .copied()
            .or_else(|| token_bucket.and_then(Found::tbf_rate));
        // tc has its own arithmetic.
        if rate.is_none_or(|rate| rate.abs_diff(wanted) > wanted / 100) {
            let found = rate
                .map_or("none".to_owned(), |rate| format!("{} Mbit/s", rate as f64 * 8.0 / 1e6));
            faults.push(format!("{name} should be limited to {bw} Mbit/s; its limit is {found}"));
        }
    }
    if shape.needs_netem() || shape.max_queue_size.is_some() {
        let netem = qdiscs.iter().find(|found| found.kind == "netem").and_then(Found::netem);
        match netem {
            None => faults.push(format!("{name} should have {} but has no netem", wishes(shape))),
            Some(netem) if !is_as_wished(&netem, shape) => {
                faults.push(format!("{name} should have {} but has {netem:?}", wishes(shape)));
            }
            Some(_) => {}
        }
    }
    faults
}

fn is_as_wished(netem: &Netem, shape: &Shape) -> bool {
    let near = |found: std::time::Duration, wanted: Option<std::time::Duration>| {
        let wanted = wanted.unwrap_or_default();
        found.abs_diff(wanted) <= wanted / 100 + std::time::Duration::from_micros(2)
    };
    // A ten-thousandth of a percent: Mininet writes five digits.
    let loss = shape.loss.map_or(0, Netem::chance);
    near(netem.delay, shape.delay)
        && near(netem.jitter, shape.jitter)
        && netem.loss.abs_diff(loss) <= 5000
        && shape.max_queue_size.is_none_or(|limit| limit == netem.limit)
}

fn wishes(shape: &Shape) -> String {
    let wishes = [
        shape.delay.map(|delay| format!("a delay of {delay:?}")),
        shape.jitter.map(|jitter| format!("a jitter of {jitter:?}")),
        shape.loss.map(|loss| format!("{loss} % of loss")),
        shape.max_queue_size.map(|limit| format!("a queue of {limit} packets")),
    ];
    wishes.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn compare_switch(
    end: &ExpectedEnd,
    found: &LinkInfo,
    report: &Report,
    links: &Links,
) -> Option<String> {
    let switch = report.switches.iter().find(|switch| switch.name == end.device)?;
    let is_port = if let Some(ports) = &switch.ports {
        ports.contains(&end.interface)
    } else if switch.bridge {
        let master = found.master.and_then(|master| links.get(&(Place::Stage, master)));
        master.is_some_and(|master| master.name == switch.name)
    } else {
        true
    };
    (!is_port).then(|| format!("{} is not a port of {}", end.interface, end.node))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn port() -> Port {
        Port { place: Place::Host(0), index: 7, name: "h1-eth0".into() }
    }

    #[test]
    fn a_missing_netem_is_a_fault() {
        let shape = Shape { loss: Some(10.0), ..Shape::default() };
        assert_eq!(
            compare_shape("h1-eth0", &shape, &port(), &Kernel::default()),
            ["h1-eth0 should have 10 % of loss but has no netem"]
        );
    }

    #[test]
    fn rates_may_differ_by_a_hundredth() {
        let shape = Shape { bw: Some(10.0), ..Shape::default() };
        let faults = |rate| {
            let kernel =
                Kernel { rates: [((Place::Host(0), 7), rate)].into(), ..Kernel::default() };
            compare_shape("h1-eth0", &shape, &port(), &kernel)
        };
        assert!(faults(1_250_000).is_empty());
        assert!(faults(1_240_000).is_empty());
        assert_eq!(
            faults(125_000),
            ["h1-eth0 should be limited to 10 Mbit/s; its limit is 1 Mbit/s"]
        );
    }

    #[test]
    fn netem_is_compared_with_a_little_latitude() {
        let shape =
            Shape { delay: Some(Duration::from_millis(10)), loss: Some(12.5), ..Shape::default() };
        let netem = Netem {
            delay: Duration::from_nanos(10_000_640),
            loss: Netem::chance(12.5) - 100,
            limit: 1000,
            ..Netem::default()
        };
        assert!(is_as_wished(&netem, &shape));
        assert!(!is_as_wished(&Netem { loss: 0, ..netem }, &shape));
        assert!(!is_as_wished(&netem, &Shape { max_queue_size: Some(5), ..shape }));
    }
}
