//! Looks at what was built: the kernel said yes to every request, but what it
//! made of some is its own affair (an MTU that it capped, a rate that it rounded).

use lab_scenario::topology::{MacAddress, Network};

use crate::NetworkError;
use crate::fabric::{Fabric, Links, Place};
use crate::netlink::link::LinkInfo;
use crate::netlink::qdisc::{Found, Qdisc};

use super::layout::{Cable, Layout, Port};

/// In which ways the network is not what was asked for.
pub(super) fn faults(
    network: &Network,
    layout: &Layout,
    fabric: &mut Fabric,
    links: &Links,
) -> Result<Vec<String>, NetworkError> {
    let mut faults = Vec::new();
    for (asked, cable) in network.links.iter().zip(&layout.cables) {
        for port in cable.ports() {
            let end = [&asked.a, &asked.b].into_iter().find(|end| end.interface == port.name);
            match links.get(&(port.place, port.index)) {
                None => faults.push(format!("{} is not there", port.name)),
                Some(found) => {
                    compare(port, asked.mtu, end.and_then(|end| end.mac), found, &mut faults);
                }
            }
        }
    }
    let shaped = |port: &&Port| !port.disciplines.is_empty();
    let ports: Vec<_> = layout.cables.iter().flat_map(Cable::ports).filter(shaped).collect();
    if !ports.is_empty() {
        // None sits on a host.
        let found = fabric
            .channel(Place::Stage)
            .qdiscs()
            .map_err(NetworkError::doing("asking for the limits of the links"))?;
        faults.extend(ports.iter().filter_map(|port| compare_disciplines(port, &found)));
    }
    Ok(faults)
}

fn compare(
    port: &Port,
    mtu: Option<u32>,
    mac: Option<MacAddress>,
    found: &LinkInfo,
    faults: &mut Vec<String>,
) {
    let name = &port.name;
    if found.name != *name {
        faults.push(format!("{name} is called {}", found.name));
    }
    if let Some(mtu) = mtu
        && found.mtu != mtu
    {
        faults.push(format!("{name} has an mtu of {}, not {mtu}", found.mtu));
    }
    if let Some(mac) = mac
        && found.mac != Some(mac)
    {
        faults.push(format!("{name} does not have the hardware address {mac}"));
    }
    if found.master != port.master {
        faults.push(format!("{name} is not a port of its switch"));
    }
}

fn compare_disciplines(port: &Port, found: &[Found]) -> Option<String> {
    let wanted = port.disciplines.first()?;
    let name = &port.name;
    let root = found.iter().find(|found| found.index == port.index && found.is_root());
    let Some(root) = root.filter(|root| root.kind == wanted.kind()) else {
        let kind = root.map_or("none", |root| &root.kind);
        return Some(format!("{name} should have {} to limit it but has {kind}", wanted.kind()));
    };
    let as_wanted = match wanted {
        Qdisc::Tbf { rate, .. } => root.tbf_rate() == Some(*rate),
        Qdisc::Netem(netem) => root.netem() == Some(*netem),
        Qdisc::Pfifo { .. } | Qdisc::Htb => true,
    };
    (!as_wanted).then(|| format!("the limits of {name} are not those asked for"))
}
