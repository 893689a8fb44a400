//! What is in a frame: who sent it to whom, and the payload.
//!
//! Frames come from programs under test, so nothing of them is believed: a header that
//! is cut off, or says of itself what cannot be, is payload, and so is all that follows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An Ethernet frame, taken apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Who sent it, where it is of IPv4 or IPv6.
    pub from: Option<Endpoint>,
    /// Whom it is for, likewise.
    pub to: Option<Endpoint>,
    /// What it carries: what comes after the header of TCP or UDP, or else after the
    /// innermost header that is known here.
    pub payload: &'a [u8],
}

/// An end of the way that a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// The port, of TCP and UDP.
    pub port: Option<u16>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.port) {
            (address, None) => write!(f, "{address}"),
            (IpAddr::V4(address), Some(port)) => write!(f, "{address}:{port}"),
            (IpAddr::V6(address), Some(port)) => write!(f, "[{address}]:{port}"),
        }
    }
}

/// Bytes of an Ethernet header: two addresses and a type (IEEE 802.3).
const ETHERNET: usize = 14;
/// Bytes of a tag that tells a virtual network (IEEE 802.1Q).
const TAG: usize = 4;

impl<'a> Frame<'a> {
    /// Takes a frame apart.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut header = ETHERNET;
        loop {
            let Some((head, rest)) = bytes.split_at_checked(header) else {
                return Self { payload: bytes, ..Self::default() };
            };
            match number(head, header - 2) {
                Some(0x8100 | 0x88a8) => header += TAG,
                Some(0x0800) => return Self::ipv4(rest),
                Some(0x86dd) => return Self::ipv6(rest),
                _ => return Self { payload: rest, ..Self::default() },
            }
        }
    }

    /// RFC 791.
    fn ipv4(bytes: &'a [u8]) -> Self {
        let unknown = Self { payload: bytes, ..Self::default() };
        let length = bytes.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
        let is_ipv4 = bytes.first().is_some_and(|first| first >> 4 == 4) && length >= 20;
        let (Some((header, rest)), true) = (bytes.split_at_checked(length), is_ipv4) else {
            return unknown;
        };
        let (Some(from), Some(to)) = (array::<4>(header, 12), array::<4>(header, 16)) else {
            return unknown;
        };
        let [from, to] = [from, to].map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
        // A short frame is padded. One of more than 64 KiB cannot say how long it is.
        let total = usize::from(number(header, 2).unwrap_or(0));
        let rest = total.checked_sub(length).and_then(|inner| rest.get(..inner)).unwrap_or(rest);
        let is_first = number(header, 6).is_some_and(|fragment| fragment & 0x1fff == 0);
        let protocol = header.get(9).copied().filter(|_| is_first);
        Self::transport(protocol, [from, to], rest)
    }

    /// RFC 8200.
    fn ipv6(bytes: &'a [u8]) -> Self {
        let unknown = Self { payload: bytes, ..Self::default() };
        let is_ipv6 = bytes.first().is_some_and(|first| first >> 4 == 6);
        let (Some((header, rest)), true) = (bytes.split_at_checked(40), is_ipv6) else {
            return unknown;
        };
        let (Some(from), Some(to)) = (array::<16>(header, 8), array::<16>(header, 24)) else {
            return unknown;
        };
        let [from, to] = [from, to].map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
        // 0 is a jumbogram (RFC 2675).
        let length = usize::from(number(header, 4).unwrap_or(0));
        let mut rest = rest.get(..length).filter(|_| length > 0).unwrap_or(rest);
        let mut next = header.get(6).copied();
        // Each of these headers begins with the type of the next, so each turn shortens
        // the rest.
        while let Some(kind @ (0 | 43 | 44 | 60)) = next {
            let length = match (kind, rest.get(1)) {
                (44, _) => 8,
                (_, Some(eights)) => (usize::from(*eights) + 1) * 8,
                (_, None) => break,
            };
            let Some((header, inner)) = rest.split_at_checked(length) else { break };
            let is_later_fragment =
                kind == 44 && number(header, 2).is_some_and(|offset| offset & 0xfff8 != 0);
            next = header.first().copied().filter(|_| !is_later_fragment);
            rest = inner;
        }
        Self::transport(next, [from, to], rest)
    }

    /// What is in a packet of IP; `protocol` is not given where its header is in another
    /// fragment.
    fn transport(protocol: Option<u8>, ends: [IpAddr; 2], bytes: &'a [u8]) -> Self {
        let header = match protocol {
            // RFC 9293
            Some(6) => bytes.get(12).map(|offset| usize::from(offset >> 4) * 4),
            // RFC 768
            Some(17) => Some(8),
            _ => None,
        };
        let least = if protocol == Some(6) { 20 } else { 8 };
        let inner = header.filter(|&length| length >= least).and_then(|length| bytes.get(length..));
        let (payload, ports) = match inner {
            Some(payload) => (payload, [number(bytes, 0), number(bytes, 2)]),
            None => (bytes, [None, None]),
        };
        let [from, to] = [0, 1].map(|at| Endpoint { address: ends[at], port: ports[at] });
        Self { from: Some(from), to: Some(to), payload }
    }
}

/// The number of two bytes at a place.
fn number(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TO_ALL: [u8; 12] = [0xff; 12];

    fn ethernet(kind: u16, inner: &[u8]) -> Vec<u8> {
        [&TO_ALL[..], &kind.to_be_bytes(), inner].concat()
    }

    fn ipv4(protocol: u8, fragment: u16, inner: &[u8]) -> Vec<u8> {
        let mut header = vec![0x46, 0];
        header.extend((24 + inner.len() as u16).to_be_bytes());
        header.extend([0, 0]);
        header.extend(fragment.to_be_bytes());
        header.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        // A header may be longer than it must.
        header.extend([0; 4]);
        header.extend(inner);
        header
    }

    fn ipv6(next: u8, inner: &[u8]) -> Vec<u8> {
        let mut header = vec![0x60, 0, 0, 0];
        header.extend((inner.len() as u16).to_be_bytes());
        header.extend([next, 64]);
        for last in [1, 2] {
            header.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        }
        header.extend(inner);
        header
    }

    fn tcp(payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x04, 0x00, 0, 80];
        header.extend([0; 8]);
        header.extend([0x60, 0x18]);
        header.extend([0; 10]);
        header.extend(payload);
        header
    }

    fn udp(payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0x04, 0x00, 0, 53];
        header.extend((8 + payload.len() as u16).to_be_bytes());
        header.extend([0, 0]);
        header.extend(payload);
        header
    }

    /// As `from > to payload`.
    fn told(bytes: &[u8]) -> String {
        let frame = Frame::read(bytes);
        let end = |end: Option<Endpoint>| end.map_or("?".to_owned(), |end| end.to_string());
        let payload = String::from_utf8_lossy(frame.payload);
        format!("{} > {} {payload}", end(frame.from), end(frame.to))
    }

    #[test]
    fn frames() {
        let fragment = [&[17, 0, 0, 8, 0, 0, 0, 1][..], b"later"].concat();
        let first = [&[6, 0, 0, 1, 0, 0, 0, 1][..], &tcp(b"begin")].concat();
        let options = [&[17, 0, 0, 0, 0, 0, 0, 0][..], &udp(b"hidden")].concat();
        let padded = [ethernet(0x0800, &ipv4(17, 0, &udp(b"x"))), vec![0; 20]].concat();
        let tagged = [&[0, 7, 0x08, 0x00][..], &ipv4(6, 0, &tcp(b"tag"))].concat();
        let table = [
            (ethernet(0x0800, &ipv4(6, 0x4000, &tcp(b"hi"))), "10.0.0.1:1024 > 10.0.0.2:80 hi"),
            (ethernet(0x0800, &ipv4(17, 0, &udp(b"hi"))), "10.0.0.1:1024 > 10.0.0.2:53 hi"),
            (padded, "10.0.0.1:1024 > 10.0.0.2:53 x"),
            (ethernet(0x8100, &tagged), "10.0.0.1:1024 > 10.0.0.2:80 tag"),
            (ethernet(0x0800, &ipv4(1, 0, b"echo")), "10.0.0.1 > 10.0.0.2 echo"),
            (ethernet(0x0800, &ipv4(6, 3, b"later")), "10.0.0.1 > 10.0.0.2 later"),
            (ethernet(0x0800, &ipv4(6, 0, b"cut")), "10.0.0.1 > 10.0.0.2 cut"),
            (ethernet(0x86dd, &ipv6(6, &tcp(b"six"))), "[fe80::1]:1024 > [fe80::2]:80 six"),
            (ethernet(0x86dd, &ipv6(60, &options)), "[fe80::1]:1024 > [fe80::2]:53 hidden"),
            (ethernet(0x86dd, &ipv6(44, &first)), "[fe80::1]:1024 > [fe80::2]:80 begin"),
            (ethernet(0x86dd, &ipv6(44, &fragment)), "fe80::1 > fe80::2 later"),
            (ethernet(0x0806, b"who has"), "? > ? who has"),
            (ethernet(0x0800, b"no ip"), "? > ? no ip"),
            (b"short".to_vec(), "? > ? short"),
            (vec![], "? > ? "),
        ];
        for (bytes, expected) in table {
            assert_eq!(told(&bytes), expected);
        }
    }

    #[test]
    fn a_header_that_lies_hides_nothing() {
        let mut lying = ipv4(6, 0, &tcp(b"secret"));
        // Longer than there is, and then shorter than its own header.
        for total in [u16::MAX, 1] {
            lying[2..4].copy_from_slice(&total.to_be_bytes());
            assert_eq!(Frame::read(&ethernet(0x0800, &lying)).payload, b"secret");
        }
        let mut offset = tcp(b"secret");
        offset[12] = 0xf0;
        let bytes = ethernet(0x0800, &ipv4(6, 0, &offset));
        assert!(Frame::read(&bytes).payload.ends_with(b"secret"));
    }

    proptest! {
        #[test]
        fn the_payload_is_the_end_of_any_frame(
            kind in prop_oneof![Just(0x0800_u16), Just(0x86dd), Just(0x8100), any::<u16>()],
            inner in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = ethernet(kind, &inner);
            let frame = Frame::read(&bytes);
            // Padding may follow, but nothing else is invented.
            let at = bytes.as_ptr_range();
            let payload = frame.payload.as_ptr_range();
            prop_assert!(at.start <= payload.start && payload.end <= at.end);
            prop_assert_eq!(frame.from.is_some(), frame.to.is_some());
        }

        #[test]
        fn what_is_put_in_comes_out(
            payload in prop::collection::vec(any::<u8>(), 0..1500),
            six: bool,
            is_tcp: bool,
        ) {
            let segment = if is_tcp { tcp(&payload) } else { udp(&payload) };
            let protocol = if is_tcp { 6 } else { 17 };
            let bytes = match six {
                true => ethernet(0x86dd, &ipv6(protocol, &segment)),
                false => ethernet(0x0800, &ipv4(protocol, 0, &segment)),
            };
            prop_assert_eq!(Frame::read(&bytes).payload, &payload[..]);
        }
    }
}
