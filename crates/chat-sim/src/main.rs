//! `chat-sim`: what the relay costs at a size, as one line of a table.
#![forbid(unsafe_code)]

use anyhow::Context as _;
use chat_sim::{Packed, Size};
use clap::Parser;
use std::io::Write as _;
use std::process::ExitCode;
use std::rc::Rc;

/// Runs a relay network of any size in memory and says what it costs
///
/// All servers start at once, each hanging on a random earlier one. Then clients join at
/// random servers, the last one when all others are known everywhere. At last the link is cut that
/// parts the network most evenly. After each of these the views of some servers are compared with
/// what there is. The same seed gives the same network.
#[derive(Debug, Parser)]
#[command(name = "chat-sim", version)]
struct Args {
    /// Servers
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(2..))]
    servers: u32,

    /// Clients
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,

    /// Clients that join in a second
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    joins_per_second: u32,

    /// Servers whose views are looked at; the more, the longer it takes
    #[arg(long, value_name = "N", default_value = "20")]
    looks: usize,

    /// Where chance comes from
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// The least delay of a link, in milliseconds
    #[arg(long, value_name = "MS", default_value = "1")]
    least_delay: u32,

    /// The largest
    #[arg(long, value_name = "MS", default_value = "50")]
    largest_delay: u32,

    /// Prints the names of the columns first
    #[arg(long)]
    header: bool,
}

/// The columns, tab-separated.
const COLUMNS: &str = "servers\tclients\tdepth\tstorm ms\tstorm messages\tjoin ms p50\tjoin ms p99\tjoin ms max\tto servers/join\tto clients/join\tbytes told to the last client\tstate bytes/server\tcut ms\tcut burst bytes\tcut messages";

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    anyhow::ensure!(args.least_delay <= args.largest_delay, "the least delay is the larger one");
    args.servers.checked_add(args.clients).context("too many machines")?;
    let delays = [args.least_delay, args.largest_delay].map(|ms| u64::from(ms) * 1000);
    let size = Size {
        servers: args.servers,
        clients: args.clients,
        delays: (delays[0], delays[1]),
        join_pause: 1_000_000 / u64::from(args.joins_per_second),
        looks: args.looks,
        seed: args.seed,
    };
    let profiles = Rc::new(size.profiles());
    let measured = size
        .measure(
            || Packed::new(profiles.clone()),
            |reached| eprintln!("{reached}, and {} servers see exactly that", args.looks),
        )
        .map_err(anyhow::Error::msg)?;

    let ms = |us: u64| us as f64 / 1000.0;
    let rank = |part: usize| ms(measured.joins[(measured.joins.len() - 1) * part / 100]);
    let mut out = std::io::stdout().lock();
    if args.header {
        writeln!(out, "{COLUMNS}")?;
    }
    writeln!(
        out,
        "{}\t{}\t{}\t{:.0}\t{}\t{:.0}\t{:.0}\t{:.0}\t{}\t{}\t{}\t{}\t{:.0}\t{}\t{}",
        args.servers,
        args.clients,
        measured.depth,
        ms(measured.storm),
        measured.storm_messages,
        rank(50),
        rank(99),
        rank(100),
        measured.to_servers,
        measured.to_clients,
        measured.told,
        size.state_bytes(),
        ms(measured.cut),
        measured.cut_burst,
        measured.cut_messages,
    )?;
    Ok(())
}
