//! What passes by an interface of a host: a packet socket (packet(7)) in the host's
//! network namespace, the same on every backend.
//!
//! A capture of a host has what the host sends and what comes to it. Frames for others
//! that a switch floods to its port are left out, lest it depend on what the switch has
//! learnt. Packets are as the kernel hands them on: between
//! interfaces of one machine several segments travel as one, larger than any MTU, and their
//! checksums may still be to be written.
//!
//! ```no_run
//! # fn f(network: &dyn lab_network::Network) -> std::io::Result<()> {
//! use std::os::fd::AsFd as _;
//! use lab_network::capture::{Capture, Spool};
//!
//! let h1 = &network.hosts()[0];
//! let capture = Capture::open(h1.namespace.as_fd(), Some("h1-eth0"))?;
//! let mut spool = Spool::start(capture, std::fs::File::create("h1.pcap")?)?;
//! // Whenever its descriptor can be read, and once more at the end:
//! spool.copy()?;
//! # Ok(()) }
//! ```

mod frame;
pub mod pcap;
mod socket;
mod spool;

pub use frame::{Endpoint, Frame};
pub use socket::{Capture, Packet};
pub use spool::Spool;

/// Bytes of one packet that are kept: more than any packet has.
pub const SNAP: usize = 256 << 10;
