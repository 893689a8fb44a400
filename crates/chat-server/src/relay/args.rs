//! The options of `chat-server relay`.

use crate::args::ServeArgs;
use anyhow::Context as _;
use chat_net::ConnId;
use chat_proto::address::ServerAddress;
use chat_proto::relay::{Backoff, DEFAULT_PORT, Id, Limits, Node, Profile, parse_info, parse_name};
use chat_proto::units::{parse_positive_duration, parse_size};
use std::net::SocketAddr;
use std::time::Duration;

/// The options of `chat-server relay`.
#[derive(Debug, clap::Args)]
pub(crate) struct RelayArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,

    /// This server's id, from 1 to 4294967295 [default: random]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    id: Option<u32>,

    /// Its name, at most 255 bytes
    #[arg(long, value_name = "NAME", default_value = "server", value_parser = parse_name, allow_hyphen_values = true)]
    name: String,

    /// What it says of itself, at most 65535 bytes
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = parse_info, allow_hyphen_values = true)]
    info: String,

    /// The server to connect to: HOST, HOST:PORT or [IPv6]:PORT; without it, this is the first one
    #[arg(long, value_name = "HOST:PORT", value_parser = ServerAddress::parse)]
    pub(crate) connect: Option<ServerAddress>,

    /// Try again when that server cannot be reached, refuses us or is lost, after pauses that
    /// double from 100ms to at most this
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "5s", value_parser = parse_positive_duration, requires = "connect")]
    pub(crate) reconnect: Option<Duration>,

    /// How long to try to connect, for each address of that server
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_positive_duration)]
    pub(crate) connect_timeout: Duration,

    /// What this server may keep of all other machines, in bytes; a neighbour that brings
    /// one too many is cut off
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_size)]
    max_directory: usize,
}

impl RelayArgs {
    /// The server that they describe.
    pub(crate) fn node(&self) -> anyhow::Result<Node<ConnId>> {
        let id = self.id.map_or_else(random_id, Ok)?;
        let me = Profile { id: Id(id), name: self.name.clone(), info: self.info.clone() };
        let limits = Limits {
            max_text: self.serve.max_frame,
            name_timeout: self.serve.name_timeout,
            max_directory: self.max_directory,
            portion: (self.serve.max_queue() / 4).clamp(1, Limits::default().portion),
        };
        if self.connect.is_none() {
            return Ok(Node::root(me, limits));
        }
        let seed = getrandom::u64().context("no random numbers")?;
        Ok(Node::child(me, limits, self.reconnect.map(|longest| Backoff::new(longest, seed))))
    }
}

fn random_id() -> anyhow::Result<u32> {
    Ok(getrandom::u32().context("no random numbers; give an `--id`")?.max(1))
}

/// The server to connect to.
pub(crate) struct Parent {
    pub(crate) addresses: Vec<SocketAddr>,
    /// As written in messages.
    pub(crate) shown: String,
}

impl Parent {
    pub(crate) fn resolve(address: &ServerAddress) -> anyhow::Result<Self> {
        let ServerAddress { host, port } = address;
        let port = port.unwrap_or(DEFAULT_PORT);
        let shown = ServerAddress { host: host.clone(), port: Some(port) }.to_string();
        let addresses = chat_net::resolve(host, port).context("--connect")?;
        Ok(Self { addresses, shown })
    }
}
