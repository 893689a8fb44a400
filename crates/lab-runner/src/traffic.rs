//! The packets of a capture, as checks look at them.

use std::ops::Range;

use lab_network::capture::{Endpoint, Frame};

use crate::scroll::Nanos;

/// Packets that passed by, in order. Whoever fills it bounds it.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    packets: Vec<Passed>,
    /// The payloads of all of them.
    payloads: Vec<u8>,
    gap: Gap,
}

/// A packet without its payload.
#[derive(Debug)]
struct Passed {
    at: Nanos,
    from: Option<Endpoint>,
    to: Option<Endpoint>,
    payload: Range<usize>,
}

/// A packet that passed by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet<'t> {
    pub(crate) at: Nanos,
    pub(crate) from: Option<Endpoint>,
    pub(crate) to: Option<Endpoint>,
    pub(crate) payload: &'t [u8],
}

/// What is missing of a capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Packets that came faster than they were read.
    pub(crate) lost: u64,
    /// Whether it had to end before the run did.
    pub(crate) is_full: bool,
}

impl Gap {
    /// In words, if anything is.
    pub(crate) fn words(self) -> Option<String> {
        match self {
            Self { lost: 0, is_full: false } => None,
            Self { is_full: true, .. } => Some("the capture was full before the end".to_owned()),
            Self { lost: 1, .. } => Some("one packet was lost".to_owned()),
            Self { lost, .. } => Some(format!("{lost} packets were lost")),
        }
    }
}

impl Traffic {
    /// Adds a packet: its bytes with the Ethernet header.
    pub(crate) fn push(&mut self, bytes: &[u8], at: Nanos) {
        let Frame { from, to, payload } = Frame::read(bytes);
        let start = self.payloads.len();
        self.payloads.extend_from_slice(payload);
        self.packets.push(Passed { at, from, to, payload: start..self.payloads.len() });
    }

    /// Takes note of what is missing.
    pub(crate) fn missing(&mut self, gap: Gap) {
        self.gap = gap;
    }

    pub(crate) fn gap(&self) -> Gap {
        self.gap
    }

    pub(crate) fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        self.packets.iter().map(|Passed { at, from, to, payload }| Packet {
            at: *at,
            from: *from,
            to: *to,
            payload: &self.payloads[payload.clone()],
        })
    }
}

/// A datagram between the hosts 10.0.0.FROM and 10.0.0.TO, with its Ethernet header.
#[cfg(test)]
pub(crate) fn datagram(from: u8, to: u8, payload: &str) -> Vec<u8> {
    let length = 28 + payload.len() as u8;
    let ethernet = [0, 0, 0, 0, 0, to, 0, 0, 0, 0, 0, from, 8, 0];
    let ip = [0x45, 0, 0, length, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    let udp = [0, 9, 0, 7, 0, length - 20, 0, 0];
    [&ethernet[..], &ip, &udp, payload.as_bytes()].concat()
}
