//! Turns a [`Topology`] into a running network, and gives each run a sandbox of
//! namespaces in which that network lives and dies.
//!
//! Two backends do the same: [`Netns`], which is ours and needs only the
//! kernel, and [`Mininet`], which drives the real Mininet. What starts processes on the hosts
//! is the business of the `lab-runner` crate: it gets each host's network
//! namespace as a file descriptor.
//!
//! ```no_run
//! use lab_network::{Backend as _, Netns, isolation};
//! use lab_scenario::topology::{SwitchKind, Topology, single};
//!
//! // First thing in `main`: what follows runs in a sandbox of its own.
//! let sandbox = isolation::isolate(None)?;
//! let topology = Topology::Described(single(4, SwitchKind::Bridge)?);
//! let network = Netns.up(&topology)?;
//! sandbox.set_hosts_file(&lab_network::hosts_file(network.hosts()))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod capture;
mod descriptors;
mod error;
mod fabric;
pub mod isolation;
mod mininet;
mod namespace;
mod netlink;
mod netns;
mod offload;
pub mod probe;
mod scratch;
mod shaping;

pub use error::NetworkError;
pub use fabric::Picture;
pub use mininet::Mininet;
pub use netns::Netns;

use std::os::fd::OwnedFd;

use lab_scenario::plan::{BackendKind, LinkState};
use lab_scenario::topology::{InterfaceAddress, MacAddress, Shape, Topology};

/// Builds networks.
pub trait Backend {
    /// Builds a network in the network namespace of the calling thread, which
    /// should be a sandbox's ([`isolation::isolate`]), and returns when it carries
    /// packets.
    ///
    /// # Errors
    /// What could not be built and why; nothing of it is left that the end of
    /// the stage would not take away.
    fn up(&mut self, topology: &Topology) -> Result<Box<dyn Network>, NetworkError>;
}

/// The backend of that kind.
#[must_use]
pub fn backend(kind: BackendKind) -> Box<dyn Backend> {
    match kind {
        BackendKind::Netns => Box::new(Netns),
        BackendKind::Mininet => Box::new(Mininet),
    }
}

/// A network that is up. Dropping it does not take it down: it goes with the
/// namespaces of its stage.
pub trait Network {
    /// Hosts and routers, in the order of the topology.
    fn hosts(&self) -> &[Host];

    /// In which ways the network is not what was asked for. A run on such a
    /// network is invalid.
    fn faults(&self) -> &[String];

    /// What built it, with its version: `Linux 6.12.9`, `Mininet 2.3.0`.
    fn version(&self) -> &str;

    /// Cuts or mends all links between two nodes and returns when both ends
    /// have seen it. Mending what is not cut, and the reverse, changes nothing.
    ///
    /// # Errors
    /// No such link, or the kernel's refusal.
    fn set_link(&mut self, a: &str, b: &str, state: LinkState) -> Result<(), NetworkError>;

    /// Gives all links between two nodes these limits, both ways, in place of
    /// those they had.
    ///
    /// # Errors
    /// No such link, limits that this kernel cannot keep, or its refusal.
    fn shape_link(&mut self, a: &str, b: &str, shape: &Shape) -> Result<(), NetworkError>;

    /// Lets no packet pass between hosts of different groups from now on. Hosts
    /// in no group reach everybody. Takes the place of a partition before.
    ///
    /// # Errors
    /// A host that there is not, or the kernel's refusal.
    fn partition(&mut self, groups: &[Vec<String>]) -> Result<(), NetworkError>;

    /// Ends the partition, if there is one.
    ///
    /// # Errors
    /// The kernel's refusal.
    fn heal(&mut self) -> Result<(), NetworkError>;

    /// The links as they are now, in the order of the topology.
    fn links(&self) -> Vec<Link>;

    /// Links that are not as [`Network::set_link`] left them, one sentence each:
    /// somebody else has cut or mended them, or taken an interface away. Empty as
    /// well if the kernel does not say.
    fn strays(&mut self) -> Vec<String>;

    /// What the network is now: to be taken when it is up, before anything runs
    /// on it, for [`Network::renew`].
    ///
    /// # Errors
    /// The kernel does not say, or the network is of a sort that cannot be made new
    /// again.
    fn picture(&mut self) -> Result<Picture, NetworkError>;

    /// Makes the network as it was: undoes what was done to it by the methods above,
    /// ends the connections that the kernel still keeps, lets hosts and switches forget
    /// each other, and compares. No program may be left on it.
    ///
    /// # Errors
    /// What is still not as it was, or the kernel's refusal: the network must not be
    /// used again.
    fn renew(&mut self, as_it_was: &Picture) -> Result<(), NetworkError>;
}

/// A link of a running network.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The names of its two nodes.
    pub nodes: [String; 2],
    /// Its interface at each.
    pub interfaces: [String; 2],
    /// As [`Network::set_link`] left it.
    pub state: LinkState,
    /// Its limits.
    pub shape: Shape,
}

/// A host of a running network.
#[derive(Debug)]
pub struct Host {
    /// As in the scenario.
    pub name: String,
    /// Its network namespace, for `setns`.
    pub namespace: OwnedFd,
    /// Its interfaces but `lo`, in order.
    pub interfaces: Vec<Interface>,
}

impl Host {
    /// Its first address: what `${h1.ip}` stands for.
    #[must_use]
    pub fn address(&self) -> Option<InterfaceAddress> {
        self.interfaces.iter().find_map(|interface| interface.ip)
    }
}

/// An interface of a [`Host`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Such as `h1-eth0`.
    pub name: String,
    /// Its address, if it has one.
    pub ip: Option<InterfaceAddress>,
    /// Its hardware address.
    pub mac: MacAddress,
}

/// An `/etc/hosts` that knows every host's name.
#[must_use]
pub fn hosts_file(hosts: &[Host]) -> String {
    use std::fmt::Write as _;
    let mut text =
        String::from("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for host in hosts {
        if let Some(ip) = host.address() {
            let _ = writeln!(text, "{}\t{}", ip.address, host.name);
        }
    }
    text
}
