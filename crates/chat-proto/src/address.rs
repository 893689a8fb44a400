//! A server's address as a person types it: `HOST`, `HOST:PORT`, `[IPv6]:PORT`.

use std::fmt;
use std::net::Ipv6Addr;

/// A host, by name or number, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The TCP port, if one was given.
    pub port: Option<u16>,
}

impl ServerAddress {
    /// Reads `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT` or a bare IPv6 address.
    ///
    /// # Errors
    /// A sentence fragment that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or("the closing `]` is missing")?;
            if without_zone(host).parse::<Ipv6Addr>().is_err() {
                return Err(format!("`{host}` is not an IPv6 address"));
            }
            match after {
                "" => (host, None),
                _ => (
                    host,
                    Some(after.strip_prefix(':').ok_or("after `]` only `:PORT` may follow")?),
                ),
            }
        } else if without_zone(text).parse::<Ipv6Addr>().is_ok() {
            (text, None)
        } else {
            match text.split_once(':') {
                Some((_, port)) if port.contains(':') => {
                    return Err(
                        "more than one `:`; write an IPv6 address as `[ADDRESS]:PORT`".into()
                    );
                }
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err("the host is missing; write HOST:PORT, as in `10.0.0.4:12345`".into());
        }
        let port = port.map(parse_port).transpose()?;
        Ok(Self { host: host.to_owned(), port })
    }
}

fn without_zone(host: &str) -> &str {
    host.split_once('%').map_or(host, |(address, _)| address)
}

fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port),
        _ => Err(format!("`{text}` is not a port: a number from 1 to 65535")),
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, host, port) in [
            ("h4", "h4", None),
            ("10.0.0.4:7", "10.0.0.4", Some(7)),
            ("localhost:12345", "localhost", Some(12345)),
            ("[::1]:99", "::1", Some(99)),
            ("[::1]", "::1", None),
            ("fe80::1%h1-eth0", "fe80::1%h1-eth0", None),
        ] {
            let address = ServerAddress { host: host.into(), port };
            assert_eq!(ServerAddress::parse(text), Ok(address), "{text}");
        }
        for text in
            ["", ":1", "h:", "h:0", "h:65536", "h:+1", "h:1:2", "[::1", "[::1]x", "[h]:1", "a b:1"]
        {
            assert!(ServerAddress::parse(text).is_err(), "{text}");
        }
    }
}
