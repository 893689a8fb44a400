//! Turns a [`Topology`] into a running network, and gives each run a sandbox of
//! namespaces in which that network lives and dies.
//!
//! Two backends do the same: `netns`, which is ours and needs only the kernel, and
//! `mininet`, which drives the real Mininet. What starts processes on the hosts
//! is the business of the `lab-runner` crate: it gets each host's network
//! namespace as a file descriptor.

use std::os::fd::OwnedFd;

use lab_scenario::plan::LinkState;
use lab_scenario::topology::{InterfaceAddress, MacAddress, Topology};

/// Builds networks.
pub trait Backend {
    /// Builds a network and returns when it carries packets.
    ///
    /// # Errors
    /// What could not be built and why; nothing of it is left that the end of
    /// the stage would not take away.
    fn up(&mut self, topology: &Topology) -> Result<Box<dyn Network>, NetworkError>;
}

/// A network that is up. Dropping it does not take it down: it goes with the
/// namespaces of its stage.
pub trait Network {
    /// Hosts and routers, in the order of the topology.
    fn hosts(&self) -> &[Host];

    /// In which ways the network is not what was asked for. A run on such a
    /// network is invalid.
    fn faults(&self) -> &[String];

    /// Cuts or mends all links between two nodes and returns when both ends
    /// have seen it.
    ///
    /// # Errors
    /// No such link, or the kernel's refusal.
    fn set_link(&mut self, a: &str, b: &str, state: LinkState) -> Result<(), NetworkError>;
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

/// Why a network is not up, or did not change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {}
