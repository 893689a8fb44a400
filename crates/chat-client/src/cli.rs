//! The command line: one subcommand for each dialect.

use clap::{Parser, Subcommand};

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
