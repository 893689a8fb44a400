//! The language as it is written: one type for each mapping of a file.
//!
//! Nothing is checked here but which keys there are and whether a value is a
//! text, a list or a mapping. Texts are not yet numbers, durations or names.

mod addition;
mod capture;
mod check;
mod fault;
mod lab;
mod process;
mod scenario;
mod step;
mod topology;

pub(crate) use addition::*;
pub(crate) use capture::*;
pub(crate) use check::*;
pub(crate) use fault::*;
pub(crate) use lab::*;
pub(crate) use process::*;
pub(crate) use scenario::*;
pub(crate) use step::*;
pub(crate) use topology::*;
