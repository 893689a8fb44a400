//! A load generator for the chat systems: many connections in one process, few
//! system calls, and every byte that is delivered compared with what must come.
//!
//! * [`fan_out`](mod@fan_out): one sender as fast as the server takes it, many receivers.
//! * [`latency`](mod@latency): many users who write at a steady pace.
//! * [`bare`]: the least a server can do, to compare with.
//! * [`usage`]: what the server under load costs.
//!
//! It speaks the [`Dialect`]s of the servers it is compared with, IRC too.
//! Nothing here is part of the chat: it trusts the server and gives up at the first
//! thing that is not as it must be.
#![forbid(unsafe_code)]

pub mod bare;
mod circle;
mod crowd;
mod dialect;
pub mod fan_out;
mod join;
pub mod latency;
pub mod usage;

pub use dialect::Dialect;
