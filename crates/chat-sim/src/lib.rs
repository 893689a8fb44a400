//! The relay network in one process: every server is the state machine that `chat-server relay`
//! runs, links are queues with a delay, and time is a number.
//!
//! * [`Network`] — servers, clients, links, and what is on its way
//! * [`Packed`] — a directory small enough to have ten thousand of
//! * [`Size`] — what the protocol costs in a network of a given size
//! * [`play`] — anything in any order, for the tests and the fuzz target
//! * [`Random`] — everything by chance comes from one seed
//!
//! The program `chat-sim` measures with it what the protocol costs at a size that no lab has;
//! ARCHITECTURE.md has the table. The tests and the fuzz target let servers and strangers do
//! anything in any order and look whether the views are what there is.
#![forbid(unsafe_code)]

mod agenda;
mod deeds;
mod measure;
mod network;
mod packed;
mod random;
mod tree;

pub use deeds::play;
pub use measure::{Measured, Size};
pub use network::{Counts, End, Network, Seat};
pub use packed::{Packed, Profiles};
pub use random::Random;
