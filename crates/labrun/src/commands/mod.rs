//! One file for each subcommand.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod measure;
pub(crate) mod mutate;
pub(crate) mod new;
mod pause;
pub(crate) mod record;
pub(crate) mod reference;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod sessions;
pub(crate) mod stage;
pub(crate) mod up;
