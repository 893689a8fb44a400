//! `labrun doctor`: what can this machine do?

use crate::exit::Exit;

/// Say what this machine can do, and how to get what it cannot
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn main(_: &Args) -> anyhow::Result<Exit> {
    Ok(Exit::Pass)
}
