//! Blocking rtnetlink: requests are sent many at a time, and each answer is
//! matched to the request it belongs to.
//!
//! Messages are built with the types of `netlink-packet-route`. What the kernel
//! says is read leniently, attribute by attribute, because a newer kernel may say
//! more than that crate knows.

pub(crate) mod address;
mod channel;
pub(crate) mod filter;
pub(crate) mod link;
pub(crate) mod qdisc;
pub(crate) mod request;
pub(crate) mod saved;
pub(crate) mod sockets;

pub(crate) use channel::{Channel, Notice};
pub(crate) use request::{Refusal, Request};
