//! `labrun reference`: every key of every file, to read.

use crate::exit::Exit;
use crate::terminal;

/// Print every key that scenarios, topologies and `lab.yaml` may have, as Markdown
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Prints it.
pub(crate) fn main(_: &Args) -> anyhow::Result<Exit> {
    terminal::print(&lab_scenario::reference())?;
    Ok(Exit::Pass)
}
