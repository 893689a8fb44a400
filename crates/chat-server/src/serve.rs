//! What all servers do before they serve, and what they log of a connection's end.

use crate::args::ServeArgs;
use crate::logging;
use anyhow::Context as _;
use chat_net::{Closed, Config, Pool};
use std::net::SocketAddr;
use tracing::{info, warn};

/// Descriptors that are not connections: epoll instances, wakers, standard streams, …
const OTHER_FILES: u64 = 64;

/// Sets up the log, makes a pool, and listens. The first line of the log says where.
pub(crate) fn listen<M: Send + 'static>(
    args: &ServeArgs,
    default_port: u16,
) -> anyhow::Result<Pool<M>> {
    listen_with(args.config(), args, default_port)
}

/// The same with a configuration other than that of the options.
pub(crate) fn listen_with<M: Send + 'static>(
    config: Config,
    args: &ServeArgs,
    default_port: u16,
) -> anyhow::Result<Pool<M>> {
    logging::init(args);
    let address = args.address(default_port)?;
    let files = chat_net::raise_file_limit();
    let max_connections = config.max_connections;
    let mut pool = Pool::new(config).context("cannot start")?;
    let (_, listening) = pool.listen(address).with_context(|| {
        format!(
            "cannot listen on {address} (is another server running there? try `--listen {}:0`)",
            address.ip()
        )
    })?;
    info!("listening on {listening}");
    if files.is_some_and(|files| files < max_connections as u64 + OTHER_FILES) {
        warn!(
            max_connections,
            open_files = files,
            "fewer files may be open than connections; raise `ulimit -n`"
        );
    }
    Ok(pool)
}

/// Logs that a connection was lost or cut, and why; `user` is whose it was, if known.
pub(crate) fn log_loss(why: &Closed, user: Option<&str>, peer: SocketAddr) {
    // Written with `?`, so that a control character in a name cannot forge or hide a line.
    let user = user.map(tracing::field::debug);
    match why {
        Closed::Asked => {}
        Closed::SlowReader { queued } => {
            warn!(user, %peer, queued, "dropped: does not read what is sent to it");
        }
        Closed::Lost(error) | Closed::Failed(error) => {
            info!(user, %peer, %error, "connection lost");
        }
    }
}
