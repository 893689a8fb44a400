//! `chat-server accounts`: requests over connections of their own, pushes, and a store.
//!
//! Every reactor thread reads lines; the first one also has the hub, to which all
//! lines go. Two other threads do what would block it: one commits changes to the
//! store, the others check passwords.

mod admin;
mod app;
mod args;
mod center;
mod hasher;
mod journal;
mod notes;
mod pushes;
mod store;

pub(crate) use args::AccountsArgs;

use crate::serve;
use anyhow::Context as _;
use app::{Accounts, Message};
use args::{AccountsServeArgs, Command};
use center::Center;
use chat_net::{Config, PeerTimeout};
use chat_proto::accounts::DEFAULT_PORT;
use hasher::Hasher;
use journal::Journal;
use std::path::Path;
use std::sync::mpsc::channel;
use store::Store;
use tracing::{info, warn};

/// Does what the command line asks for.
pub(crate) fn run(args: AccountsArgs) -> anyhow::Result<()> {
    match (args.command, args.store) {
        (Some(Command::User { command }), _) => admin::run(&command),
        (None, Some(store)) => run_server(&store, &args.serve),
        // The parser lets only one of the two be missing.
        (None, None) => anyhow::bail!("give the store: `--store PATH`"),
    }
}

fn config(args: &AccountsServeArgs) -> Config {
    Config {
        // A machine that does not acknowledge a push must be found out before the push's time is
        // over (`chat_proto::accounts::Delivery`).
        connected_timeout: Some(PeerTimeout::new(args.push_timeout / 2, None)),
        reset_unless_closed: true,
        ..args.serve.config()
    }
}

/// Serves until a signal comes.
fn run_server(store: &Path, args: &AccountsServeArgs) -> anyhow::Result<()> {
    let store = Store::open(store)?;
    let records = store.load().context("cannot read the store")?;
    let pool = serve::listen_with(config(args), &args.serve, DEFAULT_PORT)?;
    if records.is_empty() {
        warn!("there are no accounts; add some with `chat-server accounts user add`");
    }
    let (sender, safe) = channel();
    let remote = pool.remote(0);
    let journal = Journal::start(store, move |entries| {
        // Without a center there is nobody left to act on it.
        let _ = sender.send(entries);
        remote.post(Message::Safe);
    })
    .context("cannot start")?;
    let remote = pool.remote(0);
    let hasher = Hasher::start(usize::from(args.hash_threads), move |ticket, matches| {
        remote.post(Message::Checked { ticket, matches });
    })
    .context("cannot start")?;
    let nonce = getrandom::u64().context("the system gives no random numbers")?;
    let options = args.options();
    let mut center =
        Some(Center::new(options, nonce, records, journal, safe, hasher, args.push_timeout));
    pool.run(|_| {
        Accounts::new(args.serve.max_frame, args.pause, args.serve.name_timeout, center.take())
    })?;
    info!("stopped");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use std::time::Duration;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: AccountsArgs,
    }

    #[test]
    fn requests_and_pushes_have_each_their_own_timeout() {
        let times = ["--peer-timeout", "40s", "--push-timeout", "6s"];
        let cli = Cli::try_parse_from(["x", "--store", "s"].into_iter().chain(times)).unwrap();
        let config = config(&cli.args.serve);
        let timeout = |of: Option<PeerTimeout>| of.map(|limits| limits.timeout);
        assert_eq!(timeout(config.peer_timeout), Some(Duration::from_secs(40)));
        assert_eq!(timeout(config.connected_timeout), Some(Duration::from_secs(3)));
    }
}
