//! Any bytes as a file of packets: what is read can be written, and is then the same.
#![no_main]

use lab_network::capture::pcap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(packets) = pcap::packets(data) else { return };
    let mut file = pcap::header().to_vec();
    for packet in &packets {
        file.extend(pcap::record(packet.time, packet.length, packet.bytes));
    }
    assert_eq!(pcap::packets(&file).as_deref(), Ok(&packets[..]));
});
