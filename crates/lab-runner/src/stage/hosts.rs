//! The hosts of the running network, as texts and programs need them.

use std::net::IpAddr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use lab_network::{Host, Interface, Link};
use lab_scenario::template::Reference;

use crate::event::{Event, HostAddress, HostDescription, InterfaceDescription, LinkDescription};
use crate::script::Addresses;

/// What is kept of a host.
struct Known {
    name: String,
    namespace: OwnedFd,
    /// The one whose address is the host's, or the first one.
    interface: Option<Interface>,
    /// All but the loopback.
    interfaces: Vec<Interface>,
}

/// All hosts, and what is known of the run.
pub(super) struct Hosts {
    hosts: Vec<Known>,
    run_dir: Option<PathBuf>,
    repetition: u32,
}

impl Hosts {
    /// Takes note of a network's hosts.
    ///
    /// # Errors
    /// Too many open files.
    pub(super) fn new(
        hosts: &[Host],
        run_dir: Option<PathBuf>,
        repetition: u32,
    ) -> std::io::Result<Self> {
        let know = |host: &Host| {
            let addressed = host.interfaces.iter().find(|interface| interface.ip.is_some());
            Ok(Known {
                name: host.name.clone(),
                namespace: host.namespace.try_clone()?,
                interface: addressed.or(host.interfaces.first()).cloned(),
                interfaces: host.interfaces.clone(),
            })
        };
        let hosts = hosts.iter().map(know).collect::<std::io::Result<_>>()?;
        Ok(Self { hosts, run_dir, repetition })
    }

    /// The network namespace of a host.
    pub(super) fn namespace(&self, name: &str) -> Option<BorrowedFd<'_>> {
        self.find(name).map(|host| host.namespace.as_fd())
    }

    /// What a `${…}` stands for that only the running network knows.
    pub(super) fn lookup(&self, reference: &Reference) -> Option<String> {
        let interface = |name: &str| self.find(name)?.interface.as_ref();
        match reference {
            Reference::RunDir => Some(self.run_dir.as_ref()?.to_string_lossy().into_owned()),
            Reference::Repetition => Some(self.repetition.to_string()),
            Reference::HostIp(host) => Some(interface(host)?.ip?.address.to_string()),
            Reference::HostBroadcast(host) => Some(interface(host)?.ip?.broadcast().to_string()),
            Reference::HostMac(host) => Some(interface(host)?.mac.to_string()),
            Reference::HostInterface(host) => Some(interface(host)?.name.clone()),
            Reference::Saved(_) => None,
        }
    }

    /// Each host's address.
    pub(super) fn addresses(&self) -> Vec<HostAddress> {
        let address = |host: &Known| {
            let ip = host.interface.as_ref().and_then(|interface| interface.ip);
            HostAddress { name: host.name.clone(), ip: ip.map(|ip| ip.address.to_string()) }
        };
        self.hosts.iter().map(address).collect()
    }

    /// All there is to know of a network.
    pub(super) fn describe(hosts: &[Host], links: Vec<Link>) -> Event {
        let interface = |interface: &Interface| InterfaceDescription {
            name: interface.name.clone(),
            ip: interface.ip.map(|ip| ip.to_string()),
            mac: interface.mac.to_string(),
        };
        let host = |host: &Host| HostDescription {
            name: host.name.clone(),
            interfaces: host.interfaces.iter().map(interface).collect(),
        };
        let link = |link: Link| {
            let Link { nodes, interfaces, state, shape } = link;
            LinkDescription { nodes, interfaces, state, shape }
        };
        Event::NetworkDescribed {
            hosts: hosts.iter().map(host).collect(),
            links: links.into_iter().map(link).collect(),
        }
    }

    /// All addresses of each.
    pub(super) fn all_addresses(&self) -> Addresses {
        let of = |host: &Known| {
            let ips = host.interfaces.iter().filter_map(|interface| interface.ip);
            (host.name.clone(), ips.map(|ip| IpAddr::V4(ip.address)).collect())
        };
        self.hosts.iter().map(of).collect()
    }

    /// Names of the interfaces of a host, for a message about one that is not among them.
    pub(super) fn interfaces(&self, name: &str) -> String {
        let interfaces = self.find(name).map_or(&[][..], |host| &host.interfaces);
        let names: Vec<_> = interfaces.iter().map(|interface| interface.name.as_str()).collect();
        names.join(", ")
    }

    /// Their names, for a message about one that is not among them.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.hosts.iter().map(|host| host.name.as_str()).collect();
        names.join(", ")
    }

    fn find(&self, name: &str) -> Option<&Known> {
        self.hosts.iter().find(|host| host.name == name)
    }
}
