//! `chat-sim`: what the relay costs at a size, as one line of a table.
#![forbid(unsafe_code)]

use anyhow::Context as _;
use chat_proto::relay::{Directory as _, Hosts, Id, Kind, Limits, Profile, Registration};
use chat_sim::{Counts, Network, Packed, Profiles, Random};
use clap::Parser;
use std::io::Write as _;
use std::process::ExitCode;
use std::rc::Rc;

/// Runs a relay network of any size in memory and says what it costs
///
/// All servers start at once, each hanging on a random earlier one. Then clients join at
/// random servers, one after the other, so that each join can be measured. At last the link is
/// cut that has the most on its far side. The same seed gives the same network.
#[derive(Debug, Parser)]
#[command(name = "chat-sim", version)]
struct Args {
    /// Servers
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(2..))]
    servers: u32,

    /// Clients
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,

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

const NAME: &str = "machine-000000";
const INFO: &str = "somewhere in the simulation";

/// The columns, tab-separated.
const COLUMNS: &str = "servers\tclients\tdepth\tstorm ms\tstorm frames\tjoin ms p50\tjoin ms p99\tjoin ms max\tserver frames/join\tclient frames/join\tbytes told to the last client\tstate bytes/server\tcut ms\tcut burst bytes\tcut frames";

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
    let machines = args.servers.checked_add(args.clients).context("too many machines")?;
    let (name, info) = (NAME.to_owned(), INFO.to_owned());
    let profiles = Rc::new(Profiles { servers: args.servers, machines, name, info });
    let mut random = Random::new(args.seed);
    let delays = [args.least_delay, args.largest_delay].map(|ms| u64::from(ms) * 1000);
    let limits = Limits::default();
    let mut network = Network::new(random.draw(), (delays[0], delays[1]), limits, false);

    let tree = Tree::random(args.servers as usize, &mut random);
    for (server, parent) in tree.parents.iter().enumerate() {
        network.add_server(profile(server as u32 + 1), Packed::new(profiles.clone()), *parent);
    }
    while network.step() {}
    let (storm, storm_counts) = (network.last_news(), network.take_counts());

    let mut joins = Vec::new();
    let mut counts = Counts::default();
    let mut last_told = 0;
    for client in 0..args.clients {
        let (before, server) = (network.now(), random.below(args.servers as usize));
        network.add_client(&profile(args.servers + client + 1), server);
        while network.step() {}
        joins.push(network.last_news() - before);
        let join = network.take_counts();
        counts.to_servers += join.to_servers;
        counts.to_clients += join.to_clients;
        last_told = join.client_bytes;
    }
    joins.sort_unstable();

    let before = network.now();
    // Server `n` made link `n - 1`; its far side is what hangs on it.
    network.cut(tree.heaviest() - 1);
    network.end_retries();
    while network.step() {}
    let (cut, cut_counts) = (network.now() - before, network.take_counts());

    let ms = |us: u64| us as f64 / 1000.0;
    let rank = |part: usize| ms(joins[(joins.len() - 1) * part / 100]);
    let per_join = |count: u64| count / u64::from(args.clients);
    // One join tells every client of one, and one client of all.
    let told = last_told.saturating_sub(u64::from(args.clients - 1) * frame_length());
    let mut out = std::io::stdout().lock();
    if args.header {
        writeln!(out, "{COLUMNS}")?;
    }
    writeln!(
        out,
        "{}\t{}\t{}\t{:.0}\t{}\t{:.0}\t{:.0}\t{:.0}\t{}\t{}\t{told}\t{}\t{:.0}\t{}\t{}",
        args.servers,
        args.clients,
        tree.depth(),
        ms(storm),
        storm_counts.to_servers,
        rank(50),
        rank(99),
        rank(100),
        per_join(counts.to_servers),
        per_join(counts.to_clients),
        state_bytes(machines),
        ms(cut),
        cut_counts.largest_burst,
        cut_counts.to_servers + cut_counts.to_clients,
    )?;
    Ok(())
}

fn profile(id: u32) -> Profile {
    Profile { id: Id(id), name: NAME.to_owned(), info: INFO.to_owned() }
}

/// The bytes of a registration.
fn frame_length() -> u64 {
    12 + (NAME.len() + INFO.len()) as u64
}

/// What a real server that knows all others keeps of them.
fn state_bytes(machines: u32) -> usize {
    let mut hosts = Hosts::default();
    for id in 1..machines {
        let (kind, source, last_hop) = (Kind::Client, Id(id), Id::NONE);
        hosts.insert(&Registration { kind, source, last_hop, name: NAME, info: INFO }, Id(1));
    }
    hosts.bytes()
}

/// Who hangs on whom.
struct Tree {
    /// Of each server; none for the first.
    parents: Vec<Option<usize>>,
}

impl Tree {
    /// Each server but the first hangs on a random earlier one that has fewer than 16 neighbours.
    fn random(servers: usize, random: &mut Random) -> Self {
        let mut parents = vec![None];
        let mut neighbours = vec![0u8; servers];
        for server in 1..servers {
            let mut parent = random.below(server);
            while neighbours[parent] >= 16 {
                parent = random.below(server);
            }
            neighbours[parent] += 1;
            neighbours[server] += 1;
            parents.push(Some(parent));
        }
        Self { parents }
    }

    /// The most links between a server and the first one.
    fn depth(&self) -> usize {
        let mut depths = vec![0; self.parents.len()];
        for (server, parent) in self.parents.iter().enumerate() {
            depths[server] = parent.map_or(0, |parent| depths[parent] + 1);
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The server, not the first, whose link to its parent parts the network most evenly.
    fn heaviest(&self) -> usize {
        let count = self.parents.len();
        let mut weights = vec![1usize; count];
        for server in (1..count).rev() {
            if let Some(parent) = self.parents[server] {
                weights[parent] += weights[server];
            }
        }
        (1..count).min_by_key(|server| weights[*server].abs_diff(count / 2)).unwrap_or(1)
    }
}
