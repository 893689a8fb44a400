//! Runs plans.
//!
//! A stage is one run: a process of its own, in namespaces of its own,
//! that builds the network, starts the programs, plays the steps, records and
//! decides; or several runs, one after the other, that share a network. The dispatcher schedules plans, one stage each, and forwards
//! what they say. Both speak [`event`]s and nothing else.

pub mod assignment;
pub mod bytes;
mod checks;
pub mod dispatcher;
pub mod event;
mod matcher;
pub mod mutation;
mod player;
pub mod request;
mod script;
mod scroll;
pub mod stage;
mod traffic;
