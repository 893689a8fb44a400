//! From a host's name to its addresses.

use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, ToSocketAddrs as _};

/// The addresses of a host that is given by name or number; at least one. Blocks while the
/// name is looked up, so this is for before a pool runs.
///
/// # Errors
/// The host is not known, or has no address. The text says which host, and what to do.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs().map_err(|error| {
        let advice = "give its IP address, or see /etc/hosts";
        Error::new(error.kind(), format!("cannot find the host `{host}` ({advice}): {error}"))
    })?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, format!("the host `{host}` has no address")));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_addresses_and_an_unknown_host_is_named() -> Result<()> {
        assert_eq!(resolve("127.0.0.1", 7)?, [SocketAddr::from(([127, 0, 0, 1], 7))]);
        assert_eq!(resolve("::1", 7)?, [SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 7))]);
        // No name can hold a NUL, so nobody is asked.
        let error = resolve("no\0host", 7).expect_err("there is none").to_string();
        assert!(
            error.starts_with("cannot find the host `no\0host` (give its IP address"),
            "{error}"
        );
        Ok(())
    }
}
