//! Addresses of interfaces.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `A.B.C.D/N`.
    #[error("not an IPv4 address with a prefix length, such as 10.0.0.1/8")]
    Ip,
    /// Not six bytes in hexadecimal.
    #[error("not a MAC address, such as 00:00:00:00:00:01")]
    Mac,
    /// A group address cannot be an interface's own.
    #[error("a multicast MAC address cannot be an interface's own (its first byte is odd)")]
    MacIsMulticast,
}

/// An IPv4 address and the length of its network's prefix, as in `10.0.0.1/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InterfaceAddress {
    /// The address.
    pub address: Ipv4Addr,
    /// Bits of the network's prefix, 0 to 32.
    pub prefix: u8,
}

impl InterfaceAddress {
    /// The mask of the network: `/8` is `255.0.0.0`.
    #[must_use]
    pub fn mask(self) -> Ipv4Addr {
        let bits = u32::MAX.checked_shl(32 - u32::from(self.prefix));
        Ipv4Addr::from_bits(bits.unwrap_or(0))
    }

    /// The address that all hosts of the network hear.
    #[must_use]
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.to_bits() | !self.mask().to_bits())
    }
}

impl FromStr for InterfaceAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, prefix) = text.split_once('/').ok_or(AddressError::Ip)?;
        let address = address.parse().map_err(|_| AddressError::Ip)?;
        let prefix = prefix.parse().map_err(|_| AddressError::Ip)?;
        if prefix > 32 {
            return Err(AddressError::Ip);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// The address with that number in its last bytes, as Mininet's
    /// `--mac` gives them.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        let [a, b, c, d] = number.to_be_bytes();
        Self([0, 0, a, b, c, d])
    }
}

impl FromStr for MacAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or(AddressError::Mac)?;
            if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(AddressError::Mac);
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| AddressError::Mac)?;
        }
        if parts.next().is_some() {
            return Err(AddressError::Mac);
        }
        if bytes[0] & 1 == 1 {
            return Err(AddressError::MacIsMulticast);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_print_alike() {
        for text in ["10.0.0.1/8", "192.168.1.7/24", "0.0.0.0/0", "10.9.8.7/32"] {
            assert_eq!(text.parse::<InterfaceAddress>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1", "10.0.0/8", "10.0.0.1/33", "10.0.0.1/", "/8", "::1/64"] {
            assert_eq!(text.parse::<InterfaceAddress>(), Err(AddressError::Ip), "{text}");
        }
    }

    #[test]
    fn broadcast_and_mask() {
        let table = [
            ("10.0.0.1/8", "255.0.0.0", "10.255.255.255"),
            ("10.0.1.9/30", "255.255.255.252", "10.0.1.11"),
            ("10.0.1.9/32", "255.255.255.255", "10.0.1.9"),
            ("10.0.1.9/0", "0.0.0.0", "255.255.255.255"),
        ];
        for (text, mask, broadcast) in table {
            let address: InterfaceAddress = text.parse().unwrap();
            assert_eq!(address.mask().to_string(), mask);
            assert_eq!(address.broadcast().to_string(), broadcast);
        }
    }

    #[test]
    fn macs() {
        assert_eq!(MacAddress::numbered(1).to_string(), "00:00:00:00:00:01");
        assert_eq!(MacAddress::numbered(300).to_string(), "00:00:00:00:01:2c");
        assert_eq!(
            "02:AB:00:00:00:ff".parse::<MacAddress>().unwrap().to_string(),
            "02:ab:00:00:00:ff"
        );
        for text in
            ["", "00:00:00:00:00", "00:00:00:00:00:00:00", "0:0:0:0:0:1", "00:00:00:00:00:+1"]
        {
            assert_eq!(text.parse::<MacAddress>(), Err(AddressError::Mac), "{text}");
        }
        assert_eq!("01:00:00:00:00:01".parse::<MacAddress>(), Err(AddressError::MacIsMulticast));
    }
}
