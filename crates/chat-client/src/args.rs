//! The command line.

use chat_net::{Config, PeerTimeout};
use chat_proto::address::ServerAddress;
use chat_proto::units::parse_positive_duration;
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::time::Duration;

/// The TCP clients of the chat labs
///
/// On a terminal, what arrives is shown above the line being typed. With standard
/// input a pipe or a file: one line in, one message; what arrives goes to standard
/// output, one line each; the end of the input leaves, after everything was sent
/// and answered.
///
/// Exit codes: 0 left (as the dialect says, end of input, Ctrl-C, SIGTERM), 1 the server cannot
/// be reached, went away or refused the name, 2 bad usage.
#[derive(Debug, Parser)]
#[command(name = "chat-client", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) dialect: Dialect,
}

/// What is spoken.
#[derive(Debug, Subcommand)]
pub(crate) enum Dialect {
    /// Messages by name over TCP (port 12345): type `To NAME:TEXT`
    ///
    /// Type `To NAME:TEXT` to write to NAME, `exit` to leave. A message to you is shown as
    /// `TEXT From SENDER`.
    Direct(crate::direct::DirectArgs),

    /// One room for all, plain lines over TCP (port 7777)
    ///
    /// Whatever is typed goes to everybody in the room. An empty line leaves.
    Room(crate::room::RoomArgs),

    /// Clemson Relay Chat, through a tree of servers (port 34300): type `message ID_OR_NAME TEXT`
    ///
    /// Type `message ID_OR_NAME TEXT` to write to somebody, `users` to see who is there, `state`
    /// for all of it as one line of JSON, `quit` or `quit TEXT` to leave. A message to you is
    /// shown as `NAME: TEXT`, what the server says as `status CODE: TEXT`.
    Relay(crate::relay::RelayArgs),

    /// Accounts, blacklists, offline messages, private talk after consent (port 4119)
    ///
    /// Asks for a name and a password. Then type `message USER TEXT`, `broadcast TEXT`, `online`,
    /// `block USER`, `unblock USER`, `getaddress USER`, `Y USER`, `N USER`, `private USER TEXT`,
    /// `logout`. Ctrl-C leaves.
    Accounts(crate::accounts::AccountsArgs),

    /// A registry, private chats from peer to peer, group chats (port 6234): type `CHAT REQUEST x`
    ///
    /// Type `SEARCH x`, `CHAT REQUEST x`, `OK x`, `REJECT x`, `EXIT`, `GROUP CHAT a b c`, `OK GROUP k`,
    /// `REJECT GROUP k`, `EXIT GROUP` or `LOGOUT`. Anything else is a message to the chat you are
    /// in. What the registry says is shown as `server: TEXT`, a message as `NAME: TEXT`.
    Registry(crate::registry::RegistryArgs),
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
