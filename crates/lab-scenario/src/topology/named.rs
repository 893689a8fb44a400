//! The topologies that Mininet knows by name: `single`, `linear`, `tree`.
//! Node names and addresses are those of `mn --topo`.

use super::{LinkRequest, Network, NetworkBuilder, SwitchKind, TopologyError};

/// Levels of a tree: a bound on recursion, and on sense.
const MAX_DEPTH: u32 = 64;

/// `single,N`: hosts `h1` … `hN` on switch `s1`.
///
/// # Errors
/// More nodes than a network may have.
pub fn single(hosts: u32, switch: SwitchKind) -> Result<Network, TopologyError> {
    let mut builder = NetworkBuilder::new();
    builder.switch("s1", switch)?;
    for number in 1..=hosts {
        let host = format!("h{number}");
        builder.host(&host, false, None, None, None)?;
        builder.link(&host, "s1", LinkRequest::default())?;
    }
    builder.finish()
}

/// `linear,K,N`: switches `s1` … `sK` in a row, each with N hosts: `h1` … `hK`
/// where N is 1, else `h1s1`, `h2s1`, … (host number, then switch).
///
/// # Errors
/// More nodes than a network may have.
pub fn linear(switches: u32, hosts: u32, kind: SwitchKind) -> Result<Network, TopologyError> {
    let mut builder = NetworkBuilder::new();
    let name = |n, k| if hosts == 1 { format!("h{k}") } else { format!("h{n}s{k}") };
    // Mininet gives addresses in the natural order of the hosts' names.
    for n in 1..=hosts {
        for k in 1..=switches {
            builder.host(&name(n, k), false, None, None, None)?;
        }
    }
    for k in 1..=switches {
        let switch = format!("s{k}");
        builder.switch(&switch, kind)?;
        for n in 1..=hosts {
            builder.link(&name(n, k), &switch, LinkRequest::default())?;
        }
        if k > 1 {
            builder.link(&switch, &format!("s{}", k - 1), LinkRequest::default())?;
        }
    }
    builder.finish()
}

/// `tree,DEPTH,FANOUT`: a tree of switches with hosts for leaves; switches are
/// numbered from the root, depth first.
///
/// # Errors
/// More nodes or levels than a network may have.
pub fn tree(depth: u32, fanout: u32, kind: SwitchKind) -> Result<Network, TopologyError> {
    if depth > MAX_DEPTH {
        return Err(TopologyError::TooDeep);
    }
    let mut tree = Tree { builder: NetworkBuilder::new(), hosts: 0, switches: 0, fanout, kind };
    tree.grow(depth)?;
    tree.builder.finish()
}

struct Tree {
    builder: NetworkBuilder,
    hosts: u32,
    switches: u32,
    fanout: u32,
    kind: SwitchKind,
}

impl Tree {
    /// Adds a subtree and returns the name of its root.
    fn grow(&mut self, depth: u32) -> Result<String, TopologyError> {
        if depth == 0 {
            self.hosts += 1;
            let host = format!("h{}", self.hosts);
            self.builder.host(&host, false, None, None, None)?;
            return Ok(host);
        }
        self.switches += 1;
        let switch = format!("s{}", self.switches);
        self.builder.switch(&switch, self.kind)?;
        for _ in 0..self.fanout {
            let child = self.grow(depth - 1)?;
            self.builder.link(&switch, &child, LinkRequest::default())?;
        }
        Ok(switch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(network: &Network) -> Vec<String> {
        network
            .links
            .iter()
            .map(|link| format!("{}:{}", link.a.interface, link.b.interface))
            .collect()
    }

    #[test]
    fn single_is_mininets() {
        let network = single(3, SwitchKind::Bridge).unwrap();
        assert_eq!(links(&network), ["h1-eth0:s1-eth1", "h2-eth0:s1-eth2", "h3-eth0:s1-eth3"]);
        assert_eq!(network.address_of("h3").unwrap().to_string(), "10.0.0.3/8");
        assert_eq!(network.links[2].a.mac.unwrap().to_string(), "00:00:00:00:00:03");
        assert_eq!(network.links[2].b.mac, None);
    }

    #[test]
    fn linear_is_mininets() {
        let network = linear(2, 1, SwitchKind::Bridge).unwrap();
        assert_eq!(links(&network), ["h1-eth0:s1-eth1", "h2-eth0:s2-eth1", "s2-eth2:s1-eth2"]);
        let network = linear(2, 2, SwitchKind::Bridge).unwrap();
        let hosts: Vec<_> = network.hosts().map(|(_, node)| node.name.as_str()).collect();
        assert_eq!(hosts, ["h1s1", "h1s2", "h2s1", "h2s2"]);
    }

    #[test]
    fn tree_is_mininets() {
        let network = tree(2, 2, SwitchKind::Bridge).unwrap();
        assert_eq!(
            links(&network),
            [
                "s2-eth1:h1-eth0",
                "s2-eth2:h2-eth0",
                "s1-eth1:s2-eth3",
                "s3-eth1:h3-eth0",
                "s3-eth2:h4-eth0",
                "s1-eth2:s3-eth3",
            ]
        );
        assert_eq!(network.hosts().count(), 4);
    }

    #[test]
    fn a_tree_that_would_never_end_is_refused() {
        assert_eq!(tree(u32::MAX, 1, SwitchKind::Bridge), Err(TopologyError::TooDeep));
        assert_eq!(tree(20, 20, SwitchKind::Bridge), Err(TopologyError::TooManyNodes));
    }
}
