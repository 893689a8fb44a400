//! `labrun measure`: what `iperf`, `pingall` and `capture` at a prompt run on hosts.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use lab_network::capture::{Capture, Spool};
use lab_report::words;
use lab_session::measure;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::exit::Exit;

/// Measure what a network does
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
    /// Ping each once
    #[command(name = measure::PING)]
    Ping { addresses: Vec<IpAddr> },
    /// Write packets into a file until the end of standard input
    #[command(name = measure::CAPTURE)]
    Capture { interface: String, file: PathBuf },
}

pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    match &args.side {
        Side::Receive => measure::receive()?,
        Side::Send { address, port } => measure::send(SocketAddr::new(*address, *port))?,
        Side::Ping { addresses } => measure::ping(addresses)?,
        Side::Capture { interface, file } => capture(interface, file)?,
    }
    Ok(Exit::Pass)
}

/// Of the network namespace that this process is in. What the file holds is whole at any
/// time, so there is nothing to do when a signal ends this. Says that it captures, and at the end
/// how much it did.
fn capture(interface: &str, file: &Path) -> anyhow::Result<()> {
    let here = File::open("/proc/self/ns/net").context("cannot see the network")?;
    let capture = Capture::open(here.as_fd(), Some(interface))
        .with_context(|| format!("cannot capture at {interface}"))?;
    let to = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let mut spool = Spool::start(capture, to)?;
    println!("capturing");
    loop {
        let stdin = io::stdin();
        let mut fds = [PollFd::new(&spool, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let is_asked_to_end = !fds[1].revents().is_empty();
        spool.copy()?;
        if is_asked_to_end {
            break;
        }
    }
    let packets = usize::try_from(spool.packets()).unwrap_or(usize::MAX);
    let packets = words::count(packets, "packet");
    match spool.lost()? {
        0 => println!("{packets}"),
        lost => println!("{packets} ({lost} more came too fast)"),
    }
    Ok(())
}
