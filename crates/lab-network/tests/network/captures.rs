//! Captures on networks that are up.

use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::time::{SystemTime, UNIX_EPOCH};

use lab_network::capture::{Capture, Frame, Spool, pcap};
use lab_network::isolation::Sandbox;
use lab_network::{Host, Network};
use lab_scenario::plan::LinkState;
use lab_scenario::topology::single;

use crate::harness::{Case, Setup};
use crate::lab::{NO_RETRY, address, host, reaches, tcp_carries, udp};

pub(crate) const ALL: &[Case] = &[
    Case { name: "capture_between_hosts", setups: Setup::ALL, run: between_hosts },
    Case { name: "capture_of_a_cut_link", setups: Setup::ALL, run: of_a_cut_link },
    Case { name: "capture_of_a_stream", setups: Setup::BRIDGES, run: of_a_stream },
    Case { name: "capture_of_the_loopback", setups: Setup::BRIDGES, run: of_the_loopback },
    Case { name: "capture_that_nobody_reads", setups: &[Setup::Netns], run: that_nobody_reads },
    Case { name: "capture_of_nothing", setups: &[Setup::Netns], run: of_nothing },
];

fn open(host: &Host, interface: Option<&str>) -> Capture {
    Capture::open(host.namespace.as_fd(), interface).unwrap()
}

/// What passed by with this in its payload, as `from > to`.
fn seen(capture: &mut Capture, wanted: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(packet) = capture.next().unwrap() {
        assert_eq!(packet.length, packet.bytes.len());
        let frame = Frame::read(packet.bytes);
        if frame.payload == wanted {
            let [from, to] = [frame.from, frame.to].map(|end| end.unwrap().address);
            seen.push(format!("{from} > {to}"));
        }
    }
    seen
}

/// `reaches` sends this.
const SENT: &[u8] = b"first";

fn say(network: &dyn Network, from: &str, to: &str) {
    let (from, to) = (host(network, from), host(network, to));
    assert!(reaches(from, to, address(to), NO_RETRY));
}

fn between_hosts(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(3, setup.switch()).unwrap());
    let [mut h1, mut h2, mut h3] = ["h1", "h2", "h3"].map(|name| open(host(&*network, name), None));
    let mut port = open(host(&*network, "h2"), Some("h2-eth0"));
    say(&*network, "h1", "h2");
    say(&*network, "h2", "h1");
    let both = ["10.0.0.1 > 10.0.0.2", "10.0.0.2 > 10.0.0.1"];
    for capture in [&mut h1, &mut h2, &mut port] {
        assert_eq!(seen(capture, SENT), both);
        assert_eq!(capture.lost().unwrap(), 0);
    }
    assert_eq!(seen(&mut h3, SENT), [""; 0], "what is said to others does not come here");
}

fn of_a_cut_link(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(single(2, setup.switch()).unwrap());
    let mut all = open(host(&*network, "h2"), None);
    let mut port = open(host(&*network, "h2"), Some("h2-eth0"));
    say(&*network, "h1", "h2");
    for state in [LinkState::Down, LinkState::Up] {
        network.set_link("h2", "s1", state).unwrap();
        // It is no error that it was down.
        assert_eq!(seen(&mut all, b"nothing like it").len(), 0);
    }
    let mut fresh = open(host(&*network, "h2"), Some("h2-eth0"));
    say(&*network, "h1", "h2");
    assert_eq!(seen(&mut port, SENT), ["10.0.0.1 > 10.0.0.2"; 2]);
    for capture in [&mut all, &mut fresh] {
        assert_eq!(seen(capture, SENT), ["10.0.0.1 > 10.0.0.2"]);
    }
}

/// A stream by TCP, in a file: everything is there, with times.
fn of_a_stream(setup: Setup, _: &Sandbox) {
    const BYTES: usize = 300_000;
    let nanos = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let network = setup.up(single(2, setup.switch()).unwrap());
    let [h1, h2] = ["h1", "h2"].map(|name| host(&*network, name));
    let mut file = Vec::new();
    let before = nanos();
    let mut spool = Spool::start(open(h2, None), &mut file).unwrap();
    tcp_carries(h1, h2, BYTES);
    spool.copy().unwrap();
    assert_eq!(spool.lost().unwrap(), 0);
    let count = spool.packets();
    drop(spool);
    let packets = pcap::packets(&file).unwrap();
    assert_eq!(packets.len() as u64, count);
    // Not always one after the other: the kernel reads the clock before it queues the packet, and
    // on another processor that may take longer.
    let while_it_ran = before..=nanos();
    assert!(packets.iter().all(|packet| while_it_ran.contains(&packet.time)));
    let h1 = address(h1);
    let payloads = packets.iter().map(|packet| Frame::read(packet.bytes));
    let there = payloads.filter(|frame| frame.from.is_some_and(|end| end.address == h1));
    let carried: usize = there.map(|frame| frame.payload.len()).sum();
    assert!(carried >= BYTES, "{carried} bytes are in the file");
}

fn of_the_loopback(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(1, setup.switch()).unwrap());
    let h1 = host(&*network, "h1");
    let mut loopback = open(h1, Some("lo"));
    let mut others = open(h1, None);
    assert!(reaches(h1, h1, Ipv4Addr::LOCALHOST, NO_RETRY));
    assert_eq!(seen(&mut loopback, SENT), ["127.0.0.1 > 127.0.0.1"], "once, not twice");
    assert_eq!(seen(&mut others, SENT), [""; 0]);
}

/// More than any buffer takes: it is told what is lost.
fn that_nobody_reads(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(1, setup.switch()).unwrap());
    let h1 = host(&*network, "h1");
    let mut capture = open(h1, Some("lo"));
    let sink = udp(h1, Ipv4Addr::LOCALHOST);
    let source = udp(h1, Ipv4Addr::LOCALHOST);
    let large = [7; 60_000];
    let sent = 600;
    for _ in 0..sent {
        source.send_to(&large, sink.local_addr().unwrap()).unwrap();
    }
    let kept = seen(&mut capture, &large).len() as u64;
    let lost = capture.lost().unwrap();
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
    // Each passes twice, but only those that come in are wanted.
    assert!(kept + lost >= sent, "{kept} kept, {lost} lost");
    assert_eq!(capture.lost().unwrap(), lost, "it does not forget");
}

fn of_nothing(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(1, setup.switch()).unwrap());
    let h1 = host(&*network, "h1");
    let error = Capture::open(h1.namespace.as_fd(), Some("h1-eth7")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::NODEV.raw_os_error()));
    let mut capture = open(h1, None);
    assert_eq!(seen(&mut capture, SENT), [""; 0]);
}
