//! From a [`Layout`] to messages, and nothing but that.

use std::os::fd::BorrowedFd;

use lab_scenario::topology::{End, Link, Network};

use crate::fabric::Place;
use crate::netlink::link::{Veth, VethEnd};
use crate::netlink::{Request, address, link, qdisc};

use super::layout::{Cable, Layout, Pair, Port};

/// The requests that make a network, in order.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// For the stage's own namespace, first.
    pub(super) stage: Vec<Request>,
    /// For each host's, then: making the links between hosts.
    pub(super) links: Vec<Vec<Request>>,
    /// For each host's, last: addresses, routes, and up.
    pub(super) hosts: Vec<Vec<Request>>,
}

impl Requests {
    /// `namespaces` are those of the hosts.
    pub(super) fn of(network: &Network, layout: &Layout, namespaces: &[BorrowedFd<'_>]) -> Self {
        let mut requests = Self {
            stage: Vec::new(),
            links: vec![Vec::new(); layout.hosts.len()],
            hosts: vec![Vec::new(); layout.hosts.len()],
        };
        for (node, bridge) in network.nodes.iter().zip(&layout.bridges) {
            if let Some(bridge) = *bridge {
                let doing = format!("creating the switch {}", node.name);
                requests.stage.push(link::add_bridge(&node.device, bridge, doing));
            }
        }
        for (host, requests) in layout.hosts.iter().zip(&mut requests.hosts) {
            let doing =
                format!("bringing up the loopback interface of {}", network.nodes[*host].name);
            requests.push(link::set_up(link::LOOPBACK, doing));
        }
        for (link, cable) in network.links.iter().zip(&layout.cables) {
            requests.add_cable(network, link, cable, namespaces);
        }
        for (host, requests) in layout.hosts.iter().zip(&mut requests.hosts) {
            let node = &network.nodes[*host];
            if let Some(gateway) = node.gateway {
                let doing = format!("setting the gateway of {} to {gateway}", node.name);
                requests.push(address::add_default_route(gateway, doing));
            }
        }
        requests
    }

    fn add_cable(
        &mut self,
        network: &Network,
        link: &Link,
        cable: &Cable,
        namespaces: &[BorrowedFd<'_>],
    ) {
        let name = |end: &End| network.nodes[end.node].name.as_str();
        let doing = format!("creating the link between {} and {}", name(&link.a), name(&link.b));
        if let Cable::Shaped { bridge: (bridge, index), .. } = cable {
            self.stage.push(link::add_bridge(bridge, *index, doing.clone()));
        }
        for pair in cable.pairs() {
            self.add_pair(link, pair, namespaces, &doing);
        }
        let doing = format!("shaping the link between {} and {}", name(&link.a), name(&link.b));
        for port in cable.ports() {
            self.stage.extend(qdisc::stack(&port.disciplines, port.index, &doing));
        }
        for end in [&link.a, &link.b] {
            let port = cable.ends().into_iter().find(|port| port.name == end.interface);
            if let Some((port, Place::Host(host))) = port.map(|port| (port, port.place)) {
                self.hosts[host].extend(settings(link, end, port));
            }
        }
    }

    fn add_pair(&mut self, link: &Link, pair: &Pair, namespaces: &[BorrowedFd<'_>], doing: &str) {
        let end = |port: &Port| {
            let end = [&link.a, &link.b].into_iter().find(|end| end.interface == port.name);
            end.and_then(|end| end.mac)
        };
        let veth = Veth {
            near: VethEnd { name: &pair.near.name, index: pair.near.index, mac: end(&pair.near) },
            master: pair.near.master,
            far: VethEnd { name: &pair.far.name, index: pair.far.index, mac: end(&pair.far) },
            far_namespace: match pair.far.place {
                Place::Stage => None,
                Place::Host(host) => Some(namespaces[host]),
            },
            mtu: link.mtu,
        };
        let requests = match pair.near.place {
            Place::Stage => &mut self.stage,
            Place::Host(host) => &mut self.links[host],
        };
        requests.push(link::add_veth(&veth, doing.to_owned()));
        if let (Place::Stage, Some(master)) = (pair.far.place, pair.far.master) {
            requests.push(link::set_master_and_up(pair.far.index, master, doing.to_owned()));
        }
    }
}

/// What a host's interface gets after it is there.
fn settings(link: &Link, end: &End, port: &Port) -> Vec<Request> {
    let name = &port.name;
    let mut requests = Vec::with_capacity(3);
    if let Some(ip) = end.ip {
        requests.push(address::add_address(port.index, ip, format!("giving {ip} to {name}")));
    }
    if link.shape.needs_netem() {
        let doing = format!("limiting {name} to single packets");
        requests.push(link::set_no_trains(port.index, doing));
    }
    requests.push(link::set_up(port.index, format!("bringing up {name}")));
    requests
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use lab_scenario::topology::{LinkRequest, NetworkBuilder, Shape, SwitchKind, single};

    use super::*;

    fn doings(requests: &[Request]) -> Vec<&str> {
        requests.iter().map(|request| request.doing.as_str()).collect()
    }

    fn requests_of(network: &Network) -> Requests {
        let layout = Layout::of(network).unwrap();
        let stdin = std::io::stdin();
        let namespaces = vec![stdin.as_fd(); layout.hosts.len()];
        Requests::of(network, &layout, &namespaces)
    }

    #[test]
    fn a_star_is_one_request_a_link_and_three_a_host() {
        let requests = requests_of(&single(2, SwitchKind::Bridge).unwrap());
        assert_eq!(
            doings(&requests.stage),
            [
                "creating the switch s1",
                "creating the link between h1 and s1",
                "creating the link between h2 and s1",
            ]
        );
        assert_eq!(
            doings(&requests.hosts[1]),
            [
                "bringing up the loopback interface of h2",
                "giving 10.0.0.2/8 to h2-eth0",
                "bringing up h2-eth0",
            ]
        );
    }

    #[test]
    fn gateways_come_last_and_links_between_hosts_first() {
        let mut builder = NetworkBuilder::new();
        builder.host("h1", false, None, None, Some("10.0.0.2".parse().unwrap())).unwrap();
        builder.host("r1", true, None, None, None).unwrap();
        builder.link("h1", "r1", LinkRequest::default()).unwrap();
        let requests = requests_of(&builder.finish().unwrap());
        assert!(requests.stage.is_empty());
        assert_eq!(doings(&requests.links[0]), ["creating the link between h1 and r1"]);
        assert_eq!(
            doings(&requests.hosts[0]).last(),
            Some(&"setting the gateway of h1 to 10.0.0.2")
        );
    }

    #[test]
    fn shaped_links_have_a_bridge_and_disciplines() {
        let mut builder = NetworkBuilder::new();
        builder.host("h1", false, None, None, None).unwrap();
        builder.switch("s1", SwitchKind::Bridge).unwrap();
        let shape = Shape { bw: Some(10.0), ..Shape::default() };
        builder.link("h1", "s1", LinkRequest { shape, ..LinkRequest::default() }).unwrap();
        let requests = requests_of(&builder.finish().unwrap());
        // The switch; the bridge, two pairs and the far end's master; on both
        // ports a bucket with a queue inside.
        assert_eq!(requests.stage.len(), 1 + 4 + 4);
        assert_eq!(doings(&requests.stage).last(), Some(&"shaping the link between h1 and s1"));
    }
}
