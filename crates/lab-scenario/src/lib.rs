//! The scenario language of labrun.
//!
//! YAML text becomes raw types with spans, those become a checked
//! scenario with all errors collected, and that, with a choice of matrix
//! values, becomes a [`plan::Plan`]: everything a stage needs. The crate is
//! pure: it never looks at the machine, and reads no file but those it is given.

#![forbid(unsafe_code)]

pub mod pattern;
pub mod plan;
mod signal;
pub mod source;
pub mod template;
pub mod topology;
