//! Options that all dialects have.

use anyhow::Context as _;
use chat_net::{Config, PeerTimeout};
use chat_proto::units::{parse_positive_duration, parse_size};
use clap::ValueEnum;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

/// The options every server has.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Where to listen: IP:PORT, an IP, or a PORT; port 0 lets the system choose [default: all
    /// IPv4 interfaces, the dialect's port]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<String>,

    /// Reactor threads [default: the number of cores; `room`: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// The longest content of a frame, in bytes
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    pub(crate) max_frame: usize,

    /// Connections at one time; one more is told so and closed
    #[arg(long, value_name = "N", default_value = "10000")]
    max_connections: NonZeroUsize,

    /// Bytes queued for one connection that does not read; with more it is dropped
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_size)]
    max_queue: usize,

    /// Time for a new connection to say who it is
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_positive_duration)]
    pub(crate) name_timeout: Duration,

    /// When a peer that no longer answers counts as gone: sets TCP_USER_TIMEOUT for pending data,
    /// and keepalive probes from half of it on for silent peers (whole seconds, at least 1s)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_positive_duration)]
    peer_timeout: Duration,

    /// Silence before the first keepalive probe, rounded to whole seconds, at least 1s [default:
    /// half of --peer-timeout]
    #[arg(long, value_name = "TIME", value_parser = parse_positive_duration)]
    keepalive: Option<Duration>,

    /// How long a connection that we close may take to read our last frame
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_positive_duration)]
    linger: Duration,

    /// The form of log lines
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,

    /// What to log: error, warn, info, debug (every message too) or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: tracing::level_filters::LevelFilter,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// TIME LEVEL EVENT WHO
    Text,
    /// One JSON object per line
    Json,
}

impl ServeArgs {
    /// The reactor's configuration.
    pub(crate) fn config(&self) -> Config {
        let defaults = Config::default();
        Config {
            threads: self.threads.map_or(defaults.threads, usize::from),
            max_connections: self.max_connections.get(),
            max_queue: self.max_queue,
            linger: self.linger,
            peer_timeout: Some(PeerTimeout::new(self.peer_timeout, self.keepalive)),
            ..defaults
        }
    }

    /// As [`config`](Self::config), with one reactor thread if no number was asked for.
    pub(crate) fn config_for_one_thread(&self) -> Config {
        Config { threads: self.threads.map_or(1, usize::from), ..self.config() }
    }

    /// Bytes that may be queued for one connection.
    pub(crate) fn max_queue(&self) -> usize {
        self.max_queue
    }

    /// Where to listen, with the dialect's port if none was given.
    pub(crate) fn address(&self, default_port: u16) -> anyhow::Result<SocketAddr> {
        parse_listen("--listen", self.listen.as_deref(), default_port)
    }
}

/// Reads the value of `option`: IP:PORT, an IP, or a port.
pub(crate) fn parse_listen(
    option: &str,
    text: Option<&str>,
    default_port: u16,
) -> anyhow::Result<SocketAddr> {
    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let Some(text) = text else { return Ok((everywhere, default_port).into()) };
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok((ip, default_port).into());
    }
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((everywhere, port).into());
    }
    let error =
        anyhow::anyhow!("write IP:PORT, as in `0.0.0.0:{default_port}` or `[::]:{default_port}`");
    Err(error).with_context(|| format!("{option}: `{text}` is not an address to listen on"))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn forms_of_listen() {
        for (text, address) in [
            (None, "0.0.0.0:12345"),
            (Some("127.0.0.1:0"), "127.0.0.1:0"),
            (Some("10.0.0.4"), "10.0.0.4:12345"),
            (Some(":99"), "0.0.0.0:99"),
            (Some("99"), "0.0.0.0:99"),
            (Some("[::1]:99"), "[::1]:99"),
            (Some("[::1]"), "[::1]:12345"),
            (Some("::"), "[::]:12345"),
        ] {
            assert_eq!(
                parse_listen("--listen", text, 12345).unwrap(),
                address.parse().unwrap(),
                "{text:?}"
            );
        }
        assert!(parse_listen("--listen", Some("h4:1"), 12345).is_err());
        assert!(parse_listen("--listen", Some("99999"), 12345).is_err());
    }
}
