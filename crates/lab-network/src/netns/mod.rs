//! The backend of labrun's own: Linux namespaces, veth pairs and bridges, by
//! netlink. It needs nothing but the kernel.
//!
//! * A host is a network namespace, a router one that forwards.
//! * A switch is a bridge in the stage's namespace, without spanning tree and
//!   multicast snooping, so that it forwards from the first packet on.
//! * A link is a veth pair, born in place. One with limits that ends at a host
//!   has a bridge of two ports in its middle, on whose ports the limits sit: on
//!   the host's own interface they would push back on the sender's socket and
//!   change what is measured.
//!
//! [`layout`] decides what there will be and numbers it, [`requests`] puts it
//! into messages, both without touching the machine; [`build`] sends them.

mod build;
mod layout;
mod requests;
mod verify;

use lab_scenario::plan::LinkState;
use lab_scenario::topology::{Shape, Topology};

use crate::{Backend, Host, Link, Network, NetworkError, Picture};
use build::Built;

/// Builds networks out of namespaces.
#[derive(Debug, Default)]
pub struct Netns;

impl Backend for Netns {
    fn up(&mut self, topology: &Topology) -> Result<Box<dyn Network>, NetworkError> {
        let network = match topology {
            Topology::Described(network) => network,
            Topology::Mininet(_) => {
                return Err(NetworkError::Unsupported {
                    backend: "netns",
                    cannot: "cannot read Mininet's custom topologies",
                    help: "use `--backend mininet`",
                });
            }
        };
        let layout = layout::Layout::of(network)?;
        let built = build::build(network, &layout)?;
        Ok(Box::new(Namespaces { built, version: version() }))
    }
}

fn version() -> String {
    let system = rustix::system::uname();
    format!("Linux {}", system.release().to_string_lossy())
}

/// A network of namespaces.
struct Namespaces {
    built: Built,
    version: String,
}

impl Network for Namespaces {
    fn hosts(&self) -> &[Host] {
        &self.built.hosts
    }

    fn faults(&self) -> &[String] {
        &self.built.faults
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn set_link(&mut self, a: &str, b: &str, state: LinkState) -> Result<(), NetworkError> {
        self.built.fabric.set_link(a, b, state)
    }

    fn shape_link(&mut self, a: &str, b: &str, shape: &Shape) -> Result<(), NetworkError> {
        self.built.fabric.shape_link(a, b, shape)
    }

    fn partition(&mut self, groups: &[Vec<String>]) -> Result<(), NetworkError> {
        self.built.fabric.partition(&self.built.hosts, groups)
    }

    fn heal(&mut self) -> Result<(), NetworkError> {
        self.built.fabric.heal()
    }

    fn links(&self) -> Vec<Link> {
        self.built.fabric.links()
    }

    fn strays(&mut self) -> Vec<String> {
        self.built.fabric.strays()
    }

    fn picture(&mut self) -> Result<Picture, NetworkError> {
        self.built.fabric.picture(&self.built.hosts)
    }

    fn renew(&mut self, as_it_was: &Picture) -> Result<(), NetworkError> {
        self.built.fabric.renew(&self.built.hosts, as_it_was)
    }
}
