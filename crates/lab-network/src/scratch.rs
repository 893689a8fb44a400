//! Trying out what the kernel can do, on things that nobody uses: by version
//! or configuration it cannot be told.

use std::io;

use netlink_packet_route::tc::TcHandle;

use crate::NetworkError;
use crate::namespace;
use crate::netlink::link::{self, Veth, VethEnd};
use crate::netlink::qdisc::{Netem, Qdisc};
use crate::netlink::request::lacks_module;
use crate::netlink::{Channel, Refusal, Request};

/// The kernel has the network emulator.
pub(crate) fn require_netem() -> Result<(), NetworkError> {
    require(&Qdisc::Netem(Netem { limit: 1000, ..Netem::default() }))
}

/// The kernel has the hierarchical token bucket, which Mininet uses for `bw`.
pub(crate) fn require_htb() -> Result<(), NetworkError> {
    require(&Qdisc::Htb)
}

fn require(qdisc: &Qdisc) -> Result<(), NetworkError> {
    match has_qdisc(qdisc) {
        Ok(true) => Ok(()),
        Ok(false) => Err(lacks_module(qdisc.module())),
        Err(error) => Err(NetworkError::doing(format!("trying {}", qdisc.kind()))(error)),
    }
}

/// Whether a discipline can be put on an interface. Needs the right to make
/// network namespaces.
pub(crate) fn has_qdisc(qdisc: &Qdisc) -> io::Result<bool> {
    let root = TcHandle { major: 1, minor: 0 };
    let index = 65;
    try_out(&[
        veth(index),
        qdisc.add(index, TcHandle::ROOT, root, format!("trying {}", qdisc.kind())),
    ])
}

/// Whether veth pairs can be made.
pub(crate) fn has_veth() -> io::Result<bool> {
    try_out(&[veth(65)])
}

/// Whether bridges can be made.
pub(crate) fn has_bridge() -> io::Result<bool> {
    try_out(&[link::add_bridge("scratch", 64, "trying a bridge".to_owned())])
}

fn veth(index: u32) -> Request {
    let end = |name, index| VethEnd { name, index, mac: None };
    let veth = Veth {
        near: end("scratch-a", index),
        master: None,
        far: end("scratch-b", index + 1),
        far_namespace: None,
        mtu: None,
    };
    link::add_veth(&veth, "trying a veth pair".to_owned())
}

/// Does requests in a namespace that goes right after. (Deleting an interface
/// by name would take longer than all the rest.)
fn try_out(requests: &[Request]) -> io::Result<bool> {
    namespace::in_new(|| {
        let mut channel = Channel::open()?;
        match channel.apply(requests) {
            Ok(()) => Ok(true),
            Err(refusal) if refusal.missing_module().is_some() => Ok(false),
            Err(Refusal { source, .. }) => Err(source),
        }
    })
}
