//! One file for each subcommand.

pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod stage;
