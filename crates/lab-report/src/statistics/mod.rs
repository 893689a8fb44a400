//! What repetitions of a scenario say together: how often it passes, how sure
//! that is, and in which ways it fails.
//!
//! Runs of one scenario with the same values of its matrix are repetitions of
//! one experiment. Only passed and failed ones are trials: an invalid run says
//! nothing of the programs.

mod interval;
mod signature;
mod tally;

pub use interval::{CONFIDENCE, Interval};
pub use signature::Signature;
pub(crate) use tally::{Document, Place, label};
pub use tally::{Group, Tallies, Tally};
