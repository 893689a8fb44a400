//! Files of packets, as tcpdump(1) and Wireshark read them: pcap-savefile(5), with times
//! in nanoseconds, all numbers least byte first.
//!
//! A file is whole after each record, so one that is written as packets come can be read
//! whatever happens to its writer.

use super::SNAP;

/// Says that times are in nanoseconds, and by its order that of all bytes.
const MAGIC: u32 = 0xa1b2_3c4d;
/// Frames with an Ethernet header (`LINKTYPE_ETHERNET`).
const ETHERNET: u32 = 1;
/// Bytes before the first record.
const HEADER: usize = 24;
/// Bytes of a record before its packet.
pub const RECORD: usize = 16;

const SECOND: u64 = 1_000_000_000;

/// What a file begins with.
#[must_use]
pub fn header() -> [u8; HEADER] {
    let numbers = [MAGIC, 2 | 4 << 16, 0, 0, SNAP as u32, ETHERNET];
    let mut header = [0; HEADER];
    for (to, from) in header.chunks_exact_mut(4).zip(numbers) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    header
}

/// A packet as it stands in a file. `time` is in nanoseconds since 1970, `length` what the
/// packet had on the wire, of which `bytes` are kept.
#[must_use]
pub fn record(time: u64, length: u32, bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.get(..SNAP).unwrap_or(bytes);
    // Seconds of 32 bits last until 2106.
    let numbers = [(time / SECOND) as u32, (time % SECOND) as u32, bytes.len() as u32, length];
    let mut record = Vec::with_capacity(RECORD + bytes.len());
    record.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
    record.extend_from_slice(bytes);
    record
}

/// A packet in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded<'f> {
    /// When it passed, in nanoseconds since 1970.
    pub time: u64,
    /// Its bytes on the wire.
    pub length: u32,
    /// Those of them that were kept.
    pub bytes: &'f [u8],
}

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PcapError {
    /// It is something else, or a file of another kind of pcap than is written here.
    #[error("not a pcap file with nanoseconds, least byte first, of Ethernet frames")]
    NotPcap,
    /// A record is cut off, or says of itself what cannot be.
    #[error("the record at byte {at} is not whole")]
    NotWhole {
        /// Where it begins.
        at: usize,
    },
}

/// All packets of a file.
///
/// # Errors
/// It is no such file, or does not end where a record does.
pub fn packets(file: &[u8]) -> Result<Vec<Recorded<'_>>, PcapError> {
    let is_ours = |at: usize| match at {
        // Readers have never cared for the zone and the accuracy; the size is but a hint.
        8..20 => true,
        _ => file.get(at) == header().get(at),
    };
    if file.len() < HEADER || !(0..HEADER).all(is_ours) {
        return Err(PcapError::NotPcap);
    }
    let mut packets = Vec::new();
    let mut at = HEADER;
    while at < file.len() {
        let whole = packet(&file[at..]).ok_or(PcapError::NotWhole { at })?;
        at += RECORD + whole.bytes.len();
        packets.push(whole);
    }
    Ok(packets)
}

fn packet(rest: &[u8]) -> Option<Recorded<'_>> {
    let (head, rest) = rest.split_at_checked(RECORD)?;
    let mut numbers = head
        .chunks_exact(4)
        .map(|bytes| bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)));
    let [seconds, nanos, kept, length] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
    let bytes = rest.get(..kept as usize).filter(|bytes| bytes.len() <= SNAP)?;
    let nanos = Some(nanos).filter(|nanos| u64::from(*nanos) < SECOND)?;
    Some(Recorded { time: u64::from(seconds) * SECOND + u64::from(nanos), length, bytes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_as_the_manual_page_has_it() {
        let file = [&header()[..], &record(1_700_000_000_123_456_789, 1500, b"abc")].concat();
        let expected = [
            0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
            0x00, 0xf1, 0x53, 0x65, 0x15, 0xcd, 0x5b, 0x07, 3, 0, 0, 0, 0xdc, 5, 0, 0, b'a', b'b',
            b'c',
        ];
        assert_eq!(file, expected);
    }

    #[test]
    fn what_is_none_is_refused() {
        let file = [&header()[..], &record(1, 3, b"abc")].concat();
        assert_eq!(packets(b"no"), Err(PcapError::NotPcap));
        assert_eq!(packets(&file[1..]), Err(PcapError::NotPcap));
        assert_eq!(packets(&file[..file.len() - 1]), Err(PcapError::NotWhole { at: 24 }));
        assert_eq!(packets(&file[..30]), Err(PcapError::NotWhole { at: 24 }));
        let mut long = file.clone();
        long[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(packets(&long), Err(PcapError::NotWhole { at: 24 }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            all in prop::collection::vec(
                (0_u64..u64::from(u32::MAX) * SECOND, any::<u32>(), prop::collection::vec(any::<u8>(), 0..99)),
                0..9,
            ),
        ) {
            let mut file = header().to_vec();
            for (time, length, bytes) in &all {
                file.extend(record(*time, *length, bytes));
            }
            let read = packets(&file).unwrap();
            let read: Vec<_> = read.iter().map(|p| (p.time, p.length, p.bytes.to_vec())).collect();
            prop_assert_eq!(read, all);
        }

        #[test]
        fn any_bytes_are_read_or_refused(rest in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = packets(&[&header()[..], &rest].concat());
            let _ = packets(&rest);
        }
    }
}
