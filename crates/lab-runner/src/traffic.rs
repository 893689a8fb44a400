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
