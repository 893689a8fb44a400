//! labrun as its users run it: scenarios in files, real programs, real networks,
//! on every backend that this machine has.

mod backends;
mod documents;
mod harness;
mod programs;
