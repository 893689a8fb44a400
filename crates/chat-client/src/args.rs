//! Options that all dialects have.

use chat_net::{Config, PeerTimeout};
use chat_proto::address::ServerAddress;
use chat_proto::units::parse_positive_duration;
use std::net::SocketAddr;
use std::time::Duration;

/// The options every client has.
#[derive(Debug, clap::Args)]
pub(crate) struct ConnectArgs {
    /// The server: HOST, HOST:PORT or [IPv6]:PORT; without a port, the dialect's
    #[arg(value_name = "HOST:PORT", value_parser = ServerAddress::parse)]
    server: ServerAddress,

    /// How long to try to connect, for each address of the host
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_positive_duration)]
    pub(crate) connect_timeout: Duration,

    /// How long to wait for the server's last answers after leaving; ends at once when it closes
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = chat_proto::units::parse_duration)]
    pub(crate) linger: Duration,

    /// When a server that no longer answers counts as gone (TCP_USER_TIMEOUT and keepalive)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_positive_duration)]
    peer_timeout: Duration,
}

impl ConnectArgs {
    /// The server's addresses, and how it is written in messages.
    pub(crate) fn resolve(&self, default_port: u16) -> anyhow::Result<(Vec<SocketAddr>, String)> {
        let ServerAddress { host, port } = &self.server;
        let port = port.unwrap_or(default_port);
        let shown = ServerAddress { host: host.clone(), port: Some(port) }.to_string();
        Ok((chat_net::resolve(host, port)?, shown))
    }

    /// The reactor's configuration: one thread, and no limit for what is queued,
    /// since lines are only read as fast as they are sent.
    pub(crate) fn config(&self) -> Config {
        Config {
            threads: 1,
            max_queue: usize::MAX,
            peer_timeout: Some(PeerTimeout::new(self.peer_timeout, None)),
            ..Config::default()
        }
    }
}
