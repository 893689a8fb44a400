//! The command line.

use chat_load::Dialect;
use chat_load::fan_out::FanOut;
use chat_load::latency::Latency;
use chat_proto::units::{parse_positive_duration, parse_size};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::time::Duration;

/// Puts chat servers under load, and verifies every line that they deliver
///
/// Exit codes: 0 every line was delivered, 1 it was not, or the server cannot be reached, 2 bad
/// usage.
#[derive(Debug, Parser)]
#[command(name = "chat-load", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be the bare loop that servers are compared with: what one sends goes to all others
    Bare(BareArgs),
    /// One sender as fast as the server takes it, many receivers
    FanOut(FanOutArgs),
    /// Many users at a steady pace: how long until a line is delivered
    Latency(LatencyArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BareArgs {
    /// Where to listen
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

/// What both loads need to know.
#[derive(Debug, clap::Args)]
struct ServerArgs {
    /// The server
    #[arg(value_name = "IP:PORT")]
    server: SocketAddr,

    /// What it speaks
    #[arg(long, value_name = "DIALECT", default_value = "room")]
    dialect: Dialect,

    /// Bytes of a line, with its line end
    #[arg(long, value_name = "SIZE", default_value = "100", value_parser = parse_size)]
    length: usize,

    /// How long lines are sent
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_positive_duration)]
    time: Duration,

    /// The server's process on this machine, to say what it uses
    #[arg(long, value_name = "PID")]
    process: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FanOutArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// How many hear what one says
    #[arg(long, value_name = "N", default_value_t = 100)]
    receivers: usize,

    /// Lines that may be on their way to the slowest receiver [default: no limit]
    #[arg(long, value_name = "N")]
    window: Option<u64>,

    /// Threads that receive
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,

    /// Count what arrives, but leave it in the kernel instead of comparing it
    #[arg(long)]
    count_only: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LatencyArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// How many write
    #[arg(long, value_name = "N", default_value_t = 100)]
    users: usize,

    /// Lines that each writes in a second
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    pace: f64,

    /// More connections that only listen
    #[arg(long, value_name = "N", default_value_t = 0)]
    idle: usize,
}

impl FanOutArgs {
    pub(crate) fn load(&self) -> FanOut {
        let ServerArgs { server, dialect, length, time, process } = self.server;
        let Self { receivers, window, threads, count_only, .. } = *self;
        FanOut { server, dialect, receivers, length, time, window, threads, count_only, process }
    }
}

impl LatencyArgs {
    pub(crate) fn load(&self) -> Latency {
        let ServerArgs { server, dialect, length, time, process } = self.server;
        let Self { users, pace, idle, .. } = *self;
        Latency { server, dialect, users, pace, length, time, idle, process }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
