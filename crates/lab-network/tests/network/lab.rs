//! What cases do on a network that is up: sockets on hosts, and looking.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::process::Command;
use std::time::Duration;

use lab_network::{Host, Network, NetworkError, backend};
use lab_scenario::plan::BackendKind;
use lab_scenario::topology::{self, SwitchKind, Topology};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::harness::{Setup, skip};

/// Longer than any packet takes, shorter than the second after which the kernel
/// asks again for a hardware address: a first packet that was lost shows.
pub(crate) const NO_RETRY: Duration = Duration::from_millis(900);

/// Long enough for a packet that should not come to have come.
pub(crate) const NOTHING: Duration = Duration::from_millis(150);

impl Setup {
    pub(crate) fn kind(self) -> BackendKind {
        match self {
            Self::Netns => BackendKind::Netns,
            Self::Mininet | Self::Ovs => BackendKind::Mininet,
        }
    }

    pub(crate) fn switch(self) -> SwitchKind {
        match self {
            Self::Netns | Self::Mininet => SwitchKind::Bridge,
            Self::Ovs => SwitchKind::Ovs,
        }
    }

    /// Builds a network, or ends the case where the machine lacks Mininet.
    pub(crate) fn up(self, network: topology::Network) -> Box<dyn Network> {
        let network = self.try_up(&Topology::Described(network)).expect("a network");
        assert_eq!(network.faults(), [""; 0]);
        network
    }

    pub(crate) fn try_up(self, topology: &Topology) -> Result<Box<dyn Network>, NetworkError> {
        match backend(self.kind()).up(topology) {
            Err(error) if error.is_lack() && !error.to_string().contains("kernel module") => {
                skip(&format!("{error}; {}", error.help().unwrap_or_default()))
            }
            answer => answer,
        }
    }
}

/// Does something on a host. A socket that it returns stays there.
pub(crate) fn on<T: Send>(host: &Host, work: impl FnOnce() -> T + Send) -> T {
    let namespace = host.namespace.as_fd();
    let work = move || {
        move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(work).join().expect("work on a host"))
}

pub(crate) fn host<'a>(network: &'a dyn Network, name: &str) -> &'a Host {
    network.hosts().iter().find(|host| host.name == name).expect("a host of that name")
}

pub(crate) fn address(host: &Host) -> Ipv4Addr {
    host.address().expect("an address").address
}

/// A bound UDP socket on a host.
pub(crate) fn udp(host: &Host, address: Ipv4Addr) -> UdpSocket {
    on(host, || UdpSocket::bind((address, 0))).unwrap()
}

/// Sends one packet and says whether it came.
pub(crate) fn reaches(from: &Host, to: &Host, address: Ipv4Addr, patience: Duration) -> bool {
    let sink = udp(to, address);
    let source = udp(from, Ipv4Addr::UNSPECIFIED);
    sink.set_read_timeout(Some(patience)).unwrap();
    // Refused at once, where there is no route.
    if source.send_to(b"first", sink.local_addr().unwrap()).is_err() {
        return false;
    }
    let mut buffer = [0; 16];
    sink.recv(&mut buffer).is_ok_and(|count| &buffer[..count] == b"first")
}

/// The very first packet from each host to each other arrives.
pub(crate) fn all_reach_all(network: &dyn Network) {
    for from in network.hosts() {
        for to in network.hosts() {
            if from.name != to.name {
                assert!(
                    reaches(from, to, address(to), NO_RETRY),
                    "the first packet from {} to {} is lost",
                    from.name,
                    to.name
                );
            }
        }
    }
}

/// Sends so many bytes by TCP, back and forth.
pub(crate) fn tcp_carries(from: &Host, to: &Host, bytes: usize) {
    let listener = on(to, || TcpListener::bind((address(to), 0))).unwrap();
    let target: SocketAddr = listener.local_addr().unwrap();
    assert_eq!(target.ip(), IpAddr::V4(address(to)));
    let echo = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        stream.write_all(&received).unwrap();
    });
    let mut stream = on(from, || TcpStream::connect_timeout(&target, NO_RETRY)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let sent: Vec<u8> = (0..bytes).map(|number| number as u8).collect();
    stream.write_all(&sent).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    echo.join().unwrap();
    assert!(received == sent, "{} of {bytes} bytes came back", received.len());
}

/// What `ip` says on a host, as JSON.
pub(crate) fn ip(host: &Host, words: &[&str]) -> serde_json::Value {
    let output = on(host, || Command::new("ip").arg("-j").args(words).output()).unwrap();
    assert!(output.status.success(), "ip {words:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}
