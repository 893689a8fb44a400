//! What is said between us and the driver: one JSON object a line, each way.

use std::path::Path;

use lab_scenario::topology::{InterfaceAddress, Network, NodeKind, Shape, SwitchKind};
use serde::{Deserialize, Serialize};

/// The version of this protocol. The driver is part of this program, so another can
/// only come from a mistake.
pub(super) const PROTOCOL: u32 = 1;

/// To the driver.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Command<'a> {
    Up { switch: &'static str, topology: Topology<'a> },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Topology<'a> {
    Described(Described<'a>),
    Custom { file: &'a Path, topo: &'a str },
}

/// A network with Mininet's words. Nodes go by their device names.
#[derive(Debug, Serialize)]
pub(super) struct Described<'a> {
    hosts: Vec<DescribedHost<'a>>,
    switches: Vec<&'a str>,
    links: Vec<DescribedLink<'a>>,
}

#[derive(Debug, Serialize)]
struct DescribedHost<'a> {
    name: &'a str,
    /// Of its first interface.
    ip: Option<String>,
    gateway: Option<std::net::Ipv4Addr>,
}

#[derive(Debug, Serialize)]
struct DescribedLink<'a> {
    ends: [DescribedEnd<'a>; 2],
    mtu: Option<u32>,
    shape: TcShape,
}

#[derive(Debug, Serialize)]
struct DescribedEnd<'a> {
    node: &'a str,
    interface: &'a str,
    /// Number of the interface among those of its node.
    port: usize,
    mac: Option<String>,
    /// Of a host's second interface, or a later one.
    ip: Option<String>,
}

/// Parameters of Mininet's `TCLink`.
#[derive(Debug, Default, PartialEq, Serialize)]
struct TcShape {
    bw: Option<f64>,
    delay: Option<String>,
    jitter: Option<String>,
    loss: Option<f64>,
    max_queue_size: Option<u32>,
}

impl From<&Shape> for TcShape {
    fn from(shape: &Shape) -> Self {
        let time = |time: std::time::Duration| format!("{}us", time.as_micros());
        Self {
            bw: shape.bw,
            // Mininet forgets a jitter that comes without a delay.
            delay: shape.delay.or(shape.jitter.map(|_| std::time::Duration::ZERO)).map(time),
            jitter: shape.jitter.map(time),
            loss: shape.loss,
            max_queue_size: shape.max_queue_size,
        }
    }
}

impl<'a> From<&'a Network> for Described<'a> {
    fn from(network: &'a Network) -> Self {
        let mut used = vec![0; network.nodes.len()];
        let is_switch = |node: usize| matches!(network.nodes[node].kind, NodeKind::Switch(_));
        let links = network.links.iter().map(|link| DescribedLink {
            ends: [&link.a, &link.b].map(|end| {
                let order = used[end.node];
                used[end.node] += 1;
                DescribedEnd {
                    node: &network.nodes[end.node].device,
                    interface: &end.interface,
                    // Mininet's switches keep port 0 for themselves.
                    port: if is_switch(end.node) { order + 1 } else { order },
                    mac: end.mac.map(|mac| mac.to_string()),
                    ip: end.ip.filter(|_| order > 0).map(|ip| ip.to_string()),
                }
            }),
            mtu: link.mtu,
            shape: TcShape::from(&link.shape),
        });
        let links = links.collect();
        let hosts = network.hosts().map(|(index, node)| DescribedHost {
            name: &node.device,
            ip: network.ends_of(index).next().and_then(|end| end.ip).map(|ip| ip.to_string()),
            gateway: node.gateway,
        });
        let switches = network.nodes.iter().enumerate().filter(|(index, _)| is_switch(*index));
        Self {
            hosts: hosts.collect(),
            switches: switches.map(|(_, node)| node.device.as_str()).collect(),
            links,
        }
    }
}

/// The driver's name for a kind of switch.
pub(super) fn switch_name(kind: SwitchKind) -> &'static str {
    match kind {
        SwitchKind::Bridge => "bridge",
        SwitchKind::Ovs => "ovs",
    }
}

/// From the driver.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// It has imported Mininet.
    Hello { protocol: u32, mininet: String, python: String },
    /// It has not.
    CannotImport { message: String },
    /// The network is there.
    Up(Report),
    /// A program is missing, which a package has.
    Lacks { what: String, package: String },
    /// It went wrong.
    Failed { message: String },
}

impl Answer {
    /// Reads a line.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| {
            let shown: String = String::from_utf8_lossy(line).chars().take(200).collect();
            format!("an answer that cannot be read ({error}): {shown}")
        })
    }
}

/// What Mininet says of the network that it has made.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Report {
    pub(super) hosts: Vec<ReportedHost>,
    pub(super) switches: Vec<ReportedSwitch>,
    pub(super) links: Vec<ReportedLink>,
    /// What it logged as errors.
    pub(super) complaints: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ReportedHost {
    pub(super) name: String,
    /// Of its shell, which is in its namespace.
    pub(super) pid: u32,
    pub(super) interfaces: Vec<ReportedInterface>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ReportedInterface {
    pub(super) name: String,
    ip: Option<String>,
}

impl ReportedInterface {
    pub(super) fn ip(&self) -> Option<InterfaceAddress> {
        self.ip.as_deref()?.parse().ok()
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ReportedSwitch {
    pub(super) name: String,
    /// It is a bridge of the kernel.
    pub(super) bridge: bool,
    /// The ports that it has, if it is Open vSwitch.
    pub(super) ports: Option<Vec<String>>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ReportedLink {
    pub(super) nodes: [String; 2],
    pub(super) interfaces: [String; 2],
    pub(super) shape: [ReportedShape; 2],
    /// It exists inside Open vSwitch only.
    pub(super) patch: bool,
}

/// Times are in microseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct ReportedShape {
    bw: Option<f64>,
    delay: Option<f64>,
    jitter: Option<f64>,
    loss: Option<f64>,
    max_queue_size: Option<u32>,
}

impl From<ReportedShape> for Shape {
    fn from(reported: ReportedShape) -> Self {
        let time = |us: f64| std::time::Duration::try_from_secs_f64(us / 1e6).ok();
        Self {
            bw: reported.bw,
            delay: reported.delay.and_then(time),
            jitter: reported.jitter.and_then(time),
            loss: reported.loss,
            max_queue_size: reported.max_queue_size,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lab_scenario::topology::{LinkRequest, NetworkBuilder, single};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_in_mininets_words() {
        let network = single(1, SwitchKind::Bridge).unwrap();
        let described = Topology::Described(Described::from(&network));
        let command = Command::Up { switch: "bridge", topology: described };
        let shape = json!({"bw": null, "delay": null, "jitter": null, "loss": null, "max_queue_size": null});
        assert_eq!(
            serde_json::to_value(&command).unwrap(),
            json!({"up": {"switch": "bridge", "topology": {"described": {
                "hosts": [{"name": "h1", "ip": "10.0.0.1/8", "gateway": null}],
                "switches": ["s1"],
                "links": [{
                    "ends": [
                        {"node": "h1", "interface": "h1-eth0", "port": 0, "mac": "00:00:00:00:00:01", "ip": null},
                        {"node": "s1", "interface": "s1-eth1", "port": 1, "mac": null, "ip": null},
                    ],
                    "mtu": null,
                    "shape": shape,
                }],
            }}}})
        );
    }

    #[test]
    fn second_interfaces_carry_their_address_and_jitter_its_delay() {
        let mut builder = NetworkBuilder::new();
        builder.host("h1", false, None, None, None).unwrap();
        builder.host("h2", false, None, None, None).unwrap();
        builder.link("h1", "h2", LinkRequest::default()).unwrap();
        let shape = Shape { jitter: Some(Duration::from_millis(2)), ..Shape::default() };
        let ip = [Some("10.1.0.1/24".parse().unwrap()), None];
        builder.link("h1", "h2", LinkRequest { ip, shape, ..LinkRequest::default() }).unwrap();
        let network = builder.finish().unwrap();
        let described = Described::from(&network);
        let second = &described.links[1];
        assert_eq!(second.ends[0].ip.as_deref(), Some("10.1.0.1/24"));
        assert_eq!((second.ends[0].port, second.ends[1].port), (1, 1));
        assert_eq!(second.shape.delay.as_deref(), Some("0us"));
        assert_eq!(second.shape.jitter.as_deref(), Some("2000us"));
    }

    #[test]
    fn answers_are_read() {
        let table = [
            (
                r#"{"hello": {"protocol": 1, "mininet": "2.3.0", "python": "3.11.2"}}"#,
                Answer::Hello { protocol: 1, mininet: "2.3.0".into(), python: "3.11.2".into() },
            ),
            (
                r#"{"lacks": {"what": "brctl", "package": "bridge-utils"}}"#,
                Answer::Lacks { what: "brctl".into(), package: "bridge-utils".into() },
            ),
            (
                r#"{"up": {"hosts": [], "switches": [], "links": [], "complaints": ["*** Error: x"]}}"#,
                Answer::Up(Report {
                    hosts: vec![],
                    switches: vec![],
                    links: vec![],
                    complaints: vec!["*** Error: x".into()],
                }),
            ),
        ];
        for (line, answer) in table {
            assert_eq!(Answer::parse(line.as_bytes()).unwrap(), answer);
        }
    }

    #[test]
    fn what_is_no_answer_is_shown() {
        let error = Answer::parse(b"Traceback (most recent call last):").unwrap_err();
        assert!(error.contains("Traceback"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(line: Vec<u8>) {
            let _ = Answer::parse(&line);
        }
    }
}
