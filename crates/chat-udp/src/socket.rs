//! The one socket: where it listens, and where it sends to.

use crate::args::Args;
use crate::interface::{self, Interface};
use anyhow::Context as _;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

/// Where datagrams go.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) address: SocketAddrV4,
    /// Something the user should know about it.
    pub(crate) note: Option<String>,
    /// It was found by looking at the interfaces, and only the loopback was there.
    fallback: bool,
}

impl Destination {
    /// Chosen by the options, or from the interfaces.
    pub(crate) fn find(args: &Args) -> anyhow::Result<(Self, Option<Interface>)> {
        let port = args.port();
        let to = |ip| Self { address: SocketAddrV4::new(ip, port), note: None, fallback: false };
        if let Some(broadcast) = args.broadcast {
            return Ok((to(broadcast), None));
        }
        let all = interface::list()?;
        let chosen = interface::choose(&all, args.interface.as_deref())?.cloned();
        if let Some(group) = args.group() {
            return Ok((to(group), chosen));
        }
        let Some(interface) = &chosen else {
            return Ok((Self::loopback(port), None));
        };
        match interface.broadcast {
            _ if interface.is_loopback() && args.interface.is_none() => {
                Ok((Self::loopback(port), chosen))
            }
            Some(broadcast) => Ok((to(broadcast), chosen)),
            None => anyhow::bail!(
                "the interface {} has no broadcast address; give one with --broadcast",
                interface.name
            ),
        }
    }

    fn loopback(port: u16) -> Self {
        let note =
            "no interface but the loopback can broadcast: only clients on this host will hear you";
        let address = SocketAddrV4::new(Ipv4Addr::new(127, 255, 255, 255), port);
        Self { address, note: Some(note.into()), fallback: true }
    }

    /// Looks again if only the loopback was there before: a network may have come up.
    pub(crate) fn refresh(&mut self, args: &Args) {
        if self.fallback
            && let Ok((found, _)) = Self::find(args)
            && !found.fallback
        {
            *self = Self {
                note: Some(format!("a network is up: sending to {} now", found.address)),
                ..found
            };
        }
    }
}

/// A socket that hears every broadcast to the port, also beside other clients on
/// this host, or that has joined the group.
pub(crate) fn open(args: &Args, interface: Option<&Interface>) -> anyhow::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
        .context("cannot make a socket")?;
    // Datagrams for everybody reach every socket that shares the port this way.
    socket.set_reuse_address(true)?;
    socket.set_broadcast(true)?;
    let everywhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, args.port());
    socket.bind(&everywhere.into()).with_context(|| {
        format!("cannot listen on {everywhere} (does another program use the port? try `--port`)")
    })?;
    if let Some(group) = args.group() {
        let interface =
            interface.context("no interface has an IPv4 address; multicast needs one")?;
        join(&socket, group, interface, args).with_context(|| {
            format!("cannot join {group} on {} ({})", interface.name, interface.address)
        })?;
    }
    Ok(socket.into())
}

/// Joins on one interface and sends through the same, so that no route is needed.
fn join(
    socket: &Socket,
    group: Ipv4Addr,
    interface: &Interface,
    args: &Args,
) -> std::io::Result<()> {
    socket.join_multicast_v4(&group, &interface.address)?;
    socket.set_multicast_if_v4(&interface.address)?;
    socket.set_multicast_ttl_v4(args.ttl.into())?;
    socket.set_multicast_loop_v4(!args.no_loop)?;
    // Not the groups that other programs on this host have joined.
    socket.set_multicast_all_v4(false)
}
