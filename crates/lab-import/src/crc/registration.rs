//! What the files on connections expect: the bytes that a server was sent, in
//! hexadecimal. They are registrations, which say who is there.

/// The bytes of a registration before its name.
const HEADER: usize = 12;

/// Somebody who registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registration {
    /// Whether it is a server, or a client.
    pub(super) is_server: bool,
    pub(super) id: u32,
    /// 0 of a neighbour, else who passed it on.
    pub(super) last_hop: u32,
    pub(super) name: String,
    pub(super) info: String,
}

impl Registration {
    /// The word for its kind in the answer to `state`.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_server { "server" } else { "client" }
    }
}

/// Reads the registrations in some bytes, or says why there are none.
pub(super) fn read(hex: &str) -> Result<Vec<Registration>, &'static str> {
    let bytes = bytes(hex).ok_or("not bytes in hexadecimal")?;
    let mut rest = bytes.as_slice();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (registration, length) = one(rest)?;
        found.push(registration);
        rest = &rest[length..];
    }
    if found.is_empty() { Err("no bytes") } else { Ok(found) }
}

/// The registration that some bytes begin with, and its length.
fn one(bytes: &[u8]) -> Result<(Registration, usize), &'static str> {
    const CUT: &str = "a registration that is cut off";
    let is_server = match bytes.first() {
        Some(0x00) => true,
        Some(0x80) => false,
        _ => return Err("not a registration (type 00 or 80)"),
    };
    let header: &[u8; HEADER] = bytes.first_chunk().ok_or(CUT)?;
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let name_end = HEADER + usize::from(header[9]);
    let end = name_end + usize::from(u16::from_be_bytes([header[10], header[11]]));
    let text = |range: std::ops::Range<usize>| {
        let part = bytes.get(range).ok_or(CUT)?;
        String::from_utf8(part.to_vec()).map_err(|_| "a registration whose texts are not UTF-8")
    };
    let registration = Registration {
        is_server,
        id: number(1),
        last_hop: number(5),
        name: text(HEADER..name_end)?,
        info: text(name_end..end)?,
    };
    Ok((registration, end))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_a_row() {
        let hex = "00 00000007 00000000 02 0003 6869 22aa22".replace(' ', "").replace("aa", "61")
            + "8000000065000000070100007a";
        let found = read(&hex).unwrap();
        let [server, client] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((server.id, server.last_hop, server.kind()), (7, 0, "server"));
        assert_eq!((server.name.as_str(), server.info.as_str()), ("hi", "\"a\""));
        assert_eq!((client.id, client.last_hop, client.kind()), (101, 7, "client"));
        assert_eq!((client.name.as_str(), client.info.as_str()), ("z", ""));
    }

    #[test]
    fn what_is_no_registration_is_refused() {
        for hex in [
            "",
            "0",
            "zz",
            "01",
            "00",
            "0000000007000000000200036869",
            "000000000700000000010000ff",
        ] {
            assert!(read(hex).is_err(), "{hex}");
        }
    }
}
