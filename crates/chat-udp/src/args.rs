//! The command line.

use chat_proto::units::parse_duration;
use clap::Parser;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// Chat by UDP broadcast or multicast, without a server
///
/// Every line typed goes to everybody on the network who uses the same port, `exit`
/// leaves. On a terminal, what arrives is shown above the line being typed. With standard
/// input a pipe or a file: one line in, one datagram; the end of the input leaves.
///
/// When it is ready it says so on standard error: `listening on 0.0.0.0:PORT, sending to
/// ADDRESS:PORT as UUID`.
///
/// Exit codes: 0 left (`exit`, end of input, Ctrl-C, SIGTERM), 1 it cannot start, 2 bad
/// usage.
#[derive(Debug, Parser)]
#[command(name = "chat-udp", version)]
pub(crate) struct Args {
    /// The port to listen on and to send to
    #[arg(long, value_name = "PORT", default_value_t = chat_proto::direct::DEFAULT_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// Send to this broadcast address [default: that of the interface]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "multicast")]
    pub(crate) broadcast: Option<Ipv4Addr>,

    /// Join this group instead of broadcasting; its port, if given, replaces --port
    #[arg(long, value_name = "GROUP[:PORT]", value_parser = parse_group)]
    multicast: Option<(Ipv4Addr, Option<u16>)>,

    /// The interface to use, by name or by its IPv4 address [default: the first that is up, can
    /// broadcast and is not the loopback]
    #[arg(long, value_name = "NAME|IP")]
    pub(crate) interface: Option<String>,

    /// How many routers a multicast datagram may pass, plus one
    #[arg(long, value_name = "N", default_value_t = 1, requires = "multicast", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) ttl: u8,

    /// Keep multicast from other clients on this host
    #[arg(long, requires = "multicast")]
    pub(crate) no_loop: bool,

    /// Show `IP: TEXT` instead of `TEXT`
    #[arg(long)]
    pub(crate) show_sender: bool,

    /// How long to go on showing what arrives after the end of the input or `exit`
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub(crate) linger: Duration,

    /// What to log on standard error: error, warn, info, debug (datagrams that are ignored too)
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    pub(crate) log_level: tracing::level_filters::LevelFilter,
}

impl Args {
    /// The multicast group to join, if any.
    pub(crate) fn group(&self) -> Option<Ipv4Addr> {
        self.multicast.map(|(group, _)| group)
    }

    /// The port to listen on and to send to.
    pub(crate) fn port(&self) -> u16 {
        self.multicast.and_then(|(_, port)| port).unwrap_or(self.port)
    }
}

fn parse_group(text: &str) -> Result<(Ipv4Addr, Option<u16>), String> {
    let (group, port) = match text.parse::<SocketAddrV4>() {
        Ok(address) if address.port() == 0 => return Err("port 0 cannot be sent to".into()),
        Ok(address) => (*address.ip(), Some(address.port())),
        Err(_) => {
            (text.parse().map_err(|_| "write GROUP or GROUP:PORT, as in `239.1.2.3:12345`")?, None)
        }
    };
    if !group.is_multicast() {
        return Err(format!("{group} is not a multicast address (224.0.0.0 to 239.255.255.255)"));
    }
    Ok((group, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn groups() {
        let group = Ipv4Addr::new(239, 1, 2, 3);
        assert_eq!(parse_group("239.1.2.3"), Ok((group, None)));
        assert_eq!(parse_group("239.1.2.3:99"), Ok((group, Some(99))));
        for bad in ["10.0.0.1", "239.1.2.3:0", "239.1.2", "x", "239.1.2.3:99999"] {
            assert!(parse_group(bad).is_err(), "{bad}");
        }
    }
}
