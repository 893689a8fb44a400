//! The command line: one subcommand for each dialect.

use clap::{Parser, Subcommand};

/// The servers of the chat labs
///
/// Log lines go to standard error; the first one says `listening on IP:PORT`.
/// Ctrl-C and SIGTERM stop a server in order.
///
/// Exit codes: 0 stopped by a signal, 1 it cannot serve (the address is in
/// use, …), 2 bad usage.
#[derive(Debug, Parser)]
#[command(name = "chat-server", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) dialect: Dialect,
}

/// What is spoken.
#[derive(Debug, Subcommand)]
pub(crate) enum Dialect {
    /// Messages by name over TCP (port 12345): `To NAME:TEXT`
    ///
    /// The first frame of a client is its user's name, every later one a message `To NAME:TEXT`. A
    /// frame is `N:CONTENT`, with N the number of characters of CONTENT in decimal digits.
    Direct(crate::direct::DirectArgs),

    /// One room for all, plain lines over TCP (port 7777)
    ///
    /// Each line that somebody writes goes to all the others as `[IP:PORT] LINE`, and then back to
    /// its writer. The chat is printed on standard output too. There is one reactor thread
    /// unless `--threads` says otherwise: with more, people who connect at the same moment may enter
    /// in another order.
    Room(crate::room::RoomArgs),

    /// Clemson Relay Chat: a tree of servers that relay for their clients (port 34300)
    ///
    /// A server connects to at most one other (`--connect`), so servers form a tree. Type `state`
    /// for what it knows, as one line of JSON.
    Relay(crate::relay::RelayArgs),

    /// Who is there, private chats from peer to peer, group chats (TCP 6234, UDP 6235)
    ///
    /// A frame is HEADER DATA: the number of characters of DATA in decimal digits, padded with
    /// blanks to five bytes, and DATA. Clients begin with `&&REGISTER&&|NAME|TCP_PORT` and send
    /// `&&HELLO&&|NAME` by UDP now and then. It runs on one thread, whatever --threads says.
    Registry(crate::registry::RegistryArgs),

    /// Accounts, blacklists, offline messages, private talk after consent (port 4119)
    ///
    /// Clients make one connection for each request, a line of words; the server connects to them
    /// to say something. Accounts are made with `chat-server accounts user`. What a client was
    /// told is done survives everything, also `kill -9`.
    Accounts(Box<crate::accounts::AccountsArgs>),
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
