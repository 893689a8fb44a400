//! The options of `chat-server accounts`.

use crate::args::ServeArgs;
use chat_proto::accounts::Options;
use chat_proto::units::{parse_duration, parse_positive_duration, parse_size};
use clap::Subcommand;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// `chat-server accounts`, with or without `user`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct AccountsArgs {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// The file that holds accounts, messages and blacklists; made if it is not there
    #[arg(long, value_name = "PATH", required = true)]
    pub(super) store: Option<PathBuf>,

    #[command(flatten)]
    pub(super) serve: AccountsServeArgs,
}

/// What else there is to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds, removes and lists accounts, while no server runs
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

/// What may be done with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Adds an account; asks for its password
    Add {
        /// The user's name: no blank, `,` or `:`
        name: String,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Removes an account and everything that belongs to it
    Remove {
        /// The user's name
        name: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Shows all names, one on a line
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Gives an account another password, and lifts a lockout
    Passwd {
        /// The user's name
        name: String,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Adds the accounts of a file, a line `NAME PASSWORD` each; those that exist are left alone
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct StoreArgs {
    /// The file that holds accounts, messages and blacklists; made if it is not there
    #[arg(long = "store", value_name = "PATH")]
    pub(super) path: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct PasswordArgs {
    /// Take the password from the first line of standard input, without asking
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// The options for serving.
#[derive(Debug, clap::Args)]
pub(super) struct AccountsServeArgs {
    #[command(flatten)]
    pub(super) serve: ServeArgs,

    /// Wrong passwords in a row before a user is locked out
    #[arg(long, value_name = "N", default_value = "3")]
    max_tries: NonZeroU32,

    /// How long a user is locked out, from any address
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    lockout: Duration,

    /// Silence after which a user counts as offline; clients send a heartbeat every 30s
    #[arg(long, value_name = "TIME", default_value = "31s", value_parser = parse_positive_duration)]
    heartbeat_timeout: Duration,

    /// The pause that ends a request of an old client, which does not end its lines
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = parse_positive_duration)]
    pub(super) pause: Duration,

    /// How long a client may take to accept what is pushed to it
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_positive_duration)]
    pub(super) push_timeout: Duration,

    /// Bytes that may wait for one user
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = parse_size)]
    max_mailbox: usize,

    /// Passwords that may wait to be checked; a quarter of them from one address
    #[arg(long, value_name = "N", default_value = "1024")]
    max_logins: NonZeroUsize,

    /// Threads that check passwords; each takes 19 MiB and a core while it does
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) hash_threads: u16,

    /// Believe who a request says it is from, as the original did: anybody may then write in
    /// anybody's name
    #[arg(long)]
    trust_clients: bool,
}

impl AccountsServeArgs {
    /// What the hub is held to.
    pub(super) fn options(&self) -> Options {
        Options {
            max_tries: self.max_tries.get(),
            lockout: self.lockout,
            silence: self.heartbeat_timeout,
            max_text: self.serve.max_frame,
            max_mailbox: self.max_mailbox,
            max_checks: self.max_logins.get(),
            trust_clients: self.trust_clients,
            ..Options::default()
        }
    }
}
