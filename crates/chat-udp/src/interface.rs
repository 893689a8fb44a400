//! Which interface to use, and what its broadcast address is.

use anyhow::Context as _;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;
use std::net::Ipv4Addr;

/// One IPv4 address of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    /// Where a datagram for everybody on its network goes.
    pub(crate) broadcast: Option<Ipv4Addr>,
    up: bool,
    loopback: bool,
}

/// The IPv4 addresses of this host, in the system's order.
pub(crate) fn list() -> anyhow::Result<Vec<Interface>> {
    let addresses = getifaddrs().context("cannot list the network interfaces")?;
    Ok(addresses.filter_map(|address| from_system(&address)).collect())
}

fn from_system(entry: &InterfaceAddress) -> Option<Interface> {
    let ip = |address: &Option<nix::sys::socket::SockaddrStorage>| {
        Some(address.as_ref()?.as_sockaddr_in()?.ip())
    };
    let address = ip(&entry.address)?;
    let has = |flag| entry.flags.contains(flag);
    let loopback = has(InterfaceFlags::IFF_LOOPBACK);
    let mask = ip(&entry.netmask);
    // Only this flag tells whether the system's third address is a broadcast address.
    let given = if has(InterfaceFlags::IFF_BROADCAST) { ip(&entry.broadcast) } else { None };
    let capable = has(InterfaceFlags::IFF_BROADCAST) || loopback;
    Some(Interface {
        name: entry.interface_name.clone(),
        address,
        broadcast: if capable { broadcast(address, mask, given) } else { None },
        up: has(InterfaceFlags::IFF_UP),
        loopback,
    })
}

/// The broadcast address the system gives, else (`ip addr add` without `brd +` sets
/// none) the last address of the network. A network of one or two has none.
fn broadcast(
    address: Ipv4Addr,
    mask: Option<Ipv4Addr>,
    given: Option<Ipv4Addr>,
) -> Option<Ipv4Addr> {
    let given = given.filter(|given| !given.is_unspecified() && *given != address);
    given.or_else(|| {
        let mask = mask.filter(|mask| mask.to_bits().count_zeros() > 1)?;
        Some(Ipv4Addr::from_bits(address.to_bits() | !mask.to_bits()))
    })
}

/// The interface called `wanted` (or having that address), else the first one that
/// is up, is not the loopback and can broadcast, else the loopback.
pub(crate) fn choose<'a>(
    all: &'a [Interface],
    wanted: Option<&str>,
) -> anyhow::Result<Option<&'a Interface>> {
    if let Some(wanted) = wanted {
        let ip = wanted.parse::<Ipv4Addr>().ok();
        let found =
            all.iter().find(|interface| interface.name == wanted || Some(interface.address) == ip);
        let found = found.with_context(|| {
            let known: Vec<String> =
                all.iter().map(|known| format!("{} ({})", known.name, known.address)).collect();
            format!("no interface `{wanted}` has an IPv4 address; there are: {}", known.join(", "))
        })?;
        return Ok(Some(found));
    }
    let usable = |interface: &&Interface| {
        interface.up && !interface.loopback && interface.broadcast.is_some()
    };
    Ok(all.iter().find(usable).or_else(|| all.iter().find(|interface| interface.loopback)))
}

impl Interface {
    /// True for the loopback: nobody outside this host is reached.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, address: [u8; 4], broadcast: Option<[u8; 4]>, up: bool) -> Interface {
        let loopback = name == "lo";
        Interface {
            name: name.into(),
            address: address.into(),
            broadcast: broadcast.map(Into::into),
            up,
            loopback,
        }
    }

    #[test]
    fn broadcast_addresses() {
        let compute = |address: [u8; 4], mask: [u8; 4], given: Option<[u8; 4]>| {
            broadcast(address.into(), Some(mask.into()), given.map(Into::into))
                .map(|found| found.octets())
        };
        for (address, mask, given, expected) in [
            ([10, 0, 0, 1], [255, 0, 0, 0], Some([10, 255, 255, 255]), Some([10, 255, 255, 255])),
            ([10, 0, 0, 1], [255, 0, 0, 0], None, Some([10, 255, 255, 255])),
            ([10, 0, 0, 1], [255, 255, 255, 0], Some([0, 0, 0, 0]), Some([10, 0, 0, 255])),
            // `ip addr add 10.0.0.1/24` makes getifaddrs report the address itself.
            ([10, 0, 0, 1], [255, 255, 255, 0], Some([10, 0, 0, 1]), Some([10, 0, 0, 255])),
            ([10, 0, 0, 1], [255, 255, 255, 254], None, None),
            ([10, 0, 0, 1], [255, 255, 255, 255], None, None),
        ] {
            assert_eq!(compute(address, mask, given), expected, "{address:?}/{mask:?}");
        }
    }

    #[test]
    fn the_first_usable_interface_is_chosen() {
        let all = [
            interface("lo", [127, 0, 0, 1], Some([127, 255, 255, 255]), true),
            interface("down", [10, 1, 0, 1], Some([10, 1, 255, 255]), false),
            interface("tun0", [10, 2, 0, 1], None, true),
            interface("h1-eth0", [10, 0, 0, 1], Some([10, 255, 255, 255]), true),
        ];
        let name = |all: &[Interface], wanted| {
            choose(all, wanted).unwrap().map(|found| found.name.clone())
        };
        assert_eq!(name(&all, None).as_deref(), Some("h1-eth0"));
        assert_eq!(name(&all, Some("tun0")).as_deref(), Some("tun0"));
        assert_eq!(name(&all, Some("10.1.0.1")).as_deref(), Some("down"));
        assert_eq!(name(&all[..3], None).as_deref(), Some("lo"));
        assert_eq!(name(&[], None), None);
        assert!(choose(&all, Some("eth9")).unwrap_err().to_string().contains("h1-eth0 (10.0.0.1)"));
    }
}
