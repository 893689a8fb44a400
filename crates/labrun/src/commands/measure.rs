//! `labrun measure`: what `iperf` at a prompt runs on the two hosts.

use std::net::{IpAddr, SocketAddr};

use clap::Subcommand;
use lab_session::measure;

use crate::exit::Exit;

/// Measure how much TCP carries
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    side: Side,
}

#[derive(Debug, Subcommand)]
enum Side {
    /// Say a port, and count what comes
    #[command(name = measure::RECEIVE)]
    Receive,
    /// Send as fast as it goes
    #[command(name = measure::SEND)]
    Send { address: IpAddr, port: u16 },
}

pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    match args.side {
        Side::Receive => measure::receive()?,
        Side::Send { address, port } => measure::send(SocketAddr::new(address, port))?,
    }
    Ok(Exit::Pass)
}
