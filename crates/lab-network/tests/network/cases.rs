//! The cases that run inside a sandbox.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use lab_network::isolation::Sandbox;
use lab_network::{Network, hosts_file};
use lab_scenario::plan::LinkState;
use lab_scenario::topology::{
    self, LinkRequest, MininetTopology, NetworkBuilder, Shape, SwitchKind, Topology, linear,
    single, tree,
};

use crate::harness::{Case, Setup};
use crate::lab::{
    NO_RETRY, NOTHING, address, all_reach_all, host, ip, on, reaches, tcp_carries, udp,
};

pub(crate) const ALL: &[Case] = &[
    Case { name: "star", setups: Setup::ALL, run: star },
    Case { name: "linear", setups: Setup::ALL, run: line },
    Case { name: "tree", setups: Setup::BRIDGES, run: branches },
    Case { name: "as_described", setups: Setup::ALL, run: as_described },
    Case { name: "two_links", setups: Setup::BRIDGES, run: two_links },
    Case { name: "router", setups: Setup::BRIDGES, run: router },
    Case { name: "hosts_do_not_forward", setups: Setup::BRIDGES, run: hosts_do_not_forward },
    Case { name: "cut_and_mend", setups: Setup::ALL, run: cut_and_mend },
    Case { name: "strays_are_noticed", setups: Setup::ALL, run: strays_are_noticed },
    Case { name: "renewed", setups: Setup::BRIDGES, run: renewed },
    Case { name: "not_as_new", setups: Setup::BRIDGES, run: not_as_new },
    Case { name: "who_learns_is_not_renewed", setups: &[Setup::Ovs], run: who_learns },
    Case { name: "mending_restores_routes", setups: Setup::BRIDGES, run: mending_restores_routes },
    Case { name: "switches_can_be_cut_apart", setups: Setup::ALL, run: switches_can_be_cut_apart },
    Case { name: "bandwidth", setups: Setup::BRIDGES, run: bandwidth },
    Case { name: "bandwidth_between_switches", setups: Setup::BRIDGES, run: between_switches },
    Case { name: "loss_or_a_clear_word", setups: Setup::BRIDGES, run: loss },
    Case { name: "multicast", setups: Setup::BRIDGES, run: multicast },
    Case { name: "many", setups: Setup::ALL, run: many },
    Case { name: "custom_file", setups: &[Setup::Mininet, Setup::Ovs], run: custom_file },
    Case { name: "custom_file_with_faults", setups: &[Setup::Mininet], run: custom_faults },
    Case { name: "custom_file_that_fails", setups: &[Setup::Mininet], run: custom_fails },
    Case { name: "unsupported", setups: &[Setup::Netns], run: unsupported },
    Case { name: "sandbox", setups: &[Setup::Netns], run: sandbox },
    Case { name: "hold", setups: Setup::ALL, run: hold },
    Case { name: "exit_with_5", setups: &[], run: |_, _| std::process::exit(5) },
];

fn star(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(4, setup.switch()).unwrap());
    let names: Vec<_> = network.hosts().iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["h1", "h2", "h3", "h4"]);
    all_reach_all(&*network);
    tcp_carries(host(&*network, "h1"), host(&*network, "h4"), 300_000);
}

fn line(setup: Setup, _: &Sandbox) {
    let network = setup.up(linear(3, 1, setup.switch()).unwrap());
    all_reach_all(&*network);
    tcp_carries(host(&*network, "h1"), host(&*network, "h3"), 300_000);
}

fn branches(setup: Setup, _: &Sandbox) {
    let network = setup.up(tree(2, 2, setup.switch()).unwrap());
    all_reach_all(&*network);
}

fn as_described(setup: Setup, _: &Sandbox) {
    let mut builder = NetworkBuilder::new();
    let given = Some("192.168.7.1/24".parse().unwrap());
    let mac = Some("02:00:00:00:07:01".parse().unwrap());
    builder.host("database-primary.campus", false, given, mac, None).unwrap();
    let given = Some("192.168.7.2/24".parse().unwrap());
    builder.host("db", false, given, None, None).unwrap();
    builder.switch("backbone-switch", setup.switch()).unwrap();
    let link = LinkRequest { mtu: Some(1400), ..LinkRequest::default() };
    builder.link("database-primary.campus", "backbone-switch", link.clone()).unwrap();
    builder.link("db", "backbone-switch", link).unwrap();
    let network = setup.up(builder.finish().unwrap());

    let primary = host(&*network, "database-primary.campus");
    let interface = &primary.interfaces[0];
    assert_eq!(interface.name, "databas1-eth0");
    assert_eq!(interface.ip.unwrap().to_string(), "192.168.7.1/24");
    assert_eq!(interface.mac.to_string(), "02:00:00:00:07:01");
    assert_eq!(host(&*network, "db").interfaces[0].mac.to_string(), "00:00:00:00:00:02");
    let seen = ip(primary, &["address", "show", "dev", "databas1-eth0"]);
    let seen = &seen[0];
    assert_eq!(seen["mtu"], 1400);
    assert_eq!(seen["address"], "02:00:00:00:07:01");
    assert_eq!(seen["operstate"], "UP");
    assert_eq!(seen["addr_info"][0]["local"], "192.168.7.1");
    assert_eq!(seen["addr_info"][0]["prefixlen"], 24);
    assert_eq!(seen["addr_info"][0]["broadcast"], "192.168.7.255");
    assert_eq!(
        ip(primary, &["address", "show", "dev", "lo"])[0]["addr_info"][0]["local"],
        "127.0.0.1"
    );
    all_reach_all(&*network);
}

/// Two hosts with two links between them, each a network of its own.
fn two_links(setup: Setup, _: &Sandbox) {
    let mut builder = NetworkBuilder::new();
    builder.host("h1", false, None, None, None).unwrap();
    builder.host("h2", false, None, None, None).unwrap();
    builder.link("h1", "h2", LinkRequest::default()).unwrap();
    let ip = ["172.16.0.1/24", "172.16.0.2/24"].map(|ip| Some(ip.parse().unwrap()));
    builder.link("h1", "h2", LinkRequest { ip, ..LinkRequest::default() }).unwrap();
    let mut network = setup.up(builder.finish().unwrap());
    let first = Ipv4Addr::new(10, 0, 0, 2);
    let second = Ipv4Addr::new(172, 16, 0, 2);
    let reach = |network: &dyn Network, address| {
        reaches(host(network, "h1"), host(network, "h2"), address, NO_RETRY)
    };
    assert!(reach(&*network, first));
    assert!(reach(&*network, second));
    assert_eq!(host(&*network, "h1").interfaces.len(), 2);
    network.set_link("h2", "h1", LinkState::Down).unwrap();
    let seen = ip_links(host(&*network, "h1"));
    assert!(seen.iter().all(|(_, state)| state == "DOWN"), "{seen:?}");
    network.set_link("h1", "h2", LinkState::Up).unwrap();
    assert!(reach(&*network, first));
    assert!(reach(&*network, second));
}

fn ip_links(host: &lab_network::Host) -> Vec<(String, String)> {
    let links = ip(host, &["link", "show"]);
    let links = links.as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    links
        .map(|link| (text(&link["ifname"]), text(&link["operstate"])))
        .filter(|(name, _)| name != "lo")
        .collect()
}

/// h1 – s1 – r1 – s2 – h2
fn routed(setup: Setup, forwards: bool) -> topology::Network {
    let mut builder = NetworkBuilder::new();
    let ip = |text: &str| Some(text.parse().unwrap());
    let gateway = |text: &str| Some(text.parse().unwrap());
    builder.host("h1", false, ip("10.1.0.1/24"), None, gateway("10.1.0.254")).unwrap();
    builder.host("h2", false, ip("10.2.0.1/24"), None, gateway("10.2.0.254")).unwrap();
    builder.host("r1", forwards, ip("10.1.0.254/24"), None, None).unwrap();
    builder.switch("s1", setup.switch()).unwrap();
    builder.switch("s2", setup.switch()).unwrap();
    builder.link("h1", "s1", LinkRequest::default()).unwrap();
    builder.link("h2", "s2", LinkRequest::default()).unwrap();
    builder.link("r1", "s1", LinkRequest::default()).unwrap();
    let second = [ip("10.2.0.254/24"), None];
    builder.link("r1", "s2", LinkRequest { ip: second, ..LinkRequest::default() }).unwrap();
    builder.finish().unwrap()
}

fn router(setup: Setup, _: &Sandbox) {
    let network = setup.up(routed(setup, true));
    let (h1, h2) = (host(&*network, "h1"), host(&*network, "h2"));
    assert!(reaches(h1, h2, address(h2), NO_RETRY));
    assert!(reaches(h2, h1, address(h1), NO_RETRY));
    tcp_carries(h1, h2, 300_000);
}

fn hosts_do_not_forward(setup: Setup, _: &Sandbox) {
    let network = setup.up(routed(setup, false));
    let (h1, h2) = (host(&*network, "h1"), host(&*network, "h2"));
    assert!(!reaches(h1, h2, address(h2), NOTHING));
}

fn cut_and_mend(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(single(3, setup.switch()).unwrap());
    let reach = |network: &dyn Network, patience| {
        let (h1, h2) = (host(network, "h1"), host(network, "h2"));
        (reaches(h1, h2, address(h2), patience), reaches(h2, h1, address(h1), patience))
    };
    assert_eq!(reach(&*network, NO_RETRY), (true, true));
    for _ in 0..2 {
        network.set_link("h1", "s1", LinkState::Down).unwrap();
        // Cutting what is cut changes nothing.
        network.set_link("s1", "h1", LinkState::Down).unwrap();
        assert_eq!(reach(&*network, NOTHING), (false, false));
        assert_eq!(ip_links(host(&*network, "h1")), [("h1-eth0".into(), "DOWN".into())]);
        let (h2, h3) = (host(&*network, "h2"), host(&*network, "h3"));
        assert!(reaches(h2, h3, address(h3), NO_RETRY), "others are not concerned");
        network.set_link("h1", "s1", LinkState::Up).unwrap();
        assert_eq!(reach(&*network, NO_RETRY), (true, true));
    }
    let error = network.set_link("h1", "h2", LinkState::Down).unwrap_err();
    assert_eq!(error.to_string(), "there is no link between h1 and h2");
}

fn strays_are_noticed(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(single(2, setup.switch()).unwrap());
    let set = |network: &dyn Network, state: &str| {
        let words = ["link", "set", "h1-eth0", state];
        let status = on(host(network, "h1"), || Command::new("ip").args(words).status());
        assert!(status.unwrap().success());
    };
    assert_eq!(network.strays(), [""; 0]);
    set(&*network, "down");
    assert_eq!(network.strays(), ["the link between h1 and s1 is down, and no step cut it"]);
    set(&*network, "up");
    network.set_link("h1", "s1", LinkState::Down).unwrap();
    assert_eq!(network.strays(), [""; 0]);
    network.set_link("h1", "s1", LinkState::Up).unwrap();
    assert_eq!(network.strays(), [""; 0]);
}

fn mending_restores_routes(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(routed(setup, true));
    let h1 = host(&*network, "h1");
    // Such as a student's own.
    let add = |words: &[&str]| on(h1, || Command::new("ip").args(words).status()).unwrap();
    assert!(add(&["route", "add", "10.9.0.0/16", "via", "10.1.0.77", "metric", "7"]).success());
    assert!(add(&["route", "add", "10.9.0.0/16", "via", "10.1.0.78", "metric", "9"]).success());
    assert!(add(&["-6", "address", "add", "fd00:7::1/64", "dev", "h1-eth0"]).success());
    let look = |network: &dyn Network| {
        let h1 = host(network, "h1");
        let globals = ip(h1, &["-6", "address", "show", "scope", "global"]);
        let global = globals[0]["addr_info"][0]["local"].clone();
        (ip(h1, &["route", "show", "table", "all"]), global)
    };
    let before = look(&*network);
    assert!(before.0.to_string().contains("10.1.0.254"), "{before:?}");
    network.set_link("h1", "s1", LinkState::Down).unwrap();
    let cut = look(&*network);
    assert!(!cut.0.to_string().contains("10.1.0.254"), "{cut:?}");
    network.set_link("h1", "s1", LinkState::Up).unwrap();
    assert_eq!(look(&*network), before);
    let (h1, h2) = (host(&*network, "h1"), host(&*network, "h2"));
    assert!(reaches(h1, h2, address(h2), NO_RETRY));
}

fn switches_can_be_cut_apart(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(linear(2, 1, setup.switch()).unwrap());
    let reach = |network: &dyn Network, patience| {
        let (h1, h2) = (host(network, "h1"), host(network, "h2"));
        reaches(h1, h2, address(h2), patience)
    };
    assert!(reach(&*network, NO_RETRY));
    network.set_link("s1", "s2", LinkState::Down).unwrap();
    assert!(!reach(&*network, NOTHING));
    network.set_link("s1", "s2", LinkState::Up).unwrap();
    assert!(reach(&*network, NO_RETRY));
}

fn shaped(shape: Shape) -> LinkRequest {
    LinkRequest { shape, ..LinkRequest::default() }
}

fn bandwidth(setup: Setup, _: &Sandbox) {
    let mut builder = NetworkBuilder::new();
    builder.host("h1", false, None, None, None).unwrap();
    builder.host("h2", false, None, None, None).unwrap();
    builder.switch("s1", setup.switch()).unwrap();
    let ten = Shape { bw: Some(10.0), ..Shape::default() };
    builder.link("h1", "s1", shaped(ten)).unwrap();
    builder.link("h2", "s1", LinkRequest::default()).unwrap();
    let mut network = setup.up(builder.finish().unwrap());
    let both = |network: &dyn Network| {
        let (h1, h2) = (host(network, "h1"), host(network, "h2"));
        for (from, to) in [(h1, h2), (h2, h1)] {
            let rate = mbit_per_second(from, to);
            assert!((7.0..13.0).contains(&rate), "{} to {}: {rate} Mbit/s", from.name, to.name);
        }
    };
    both(&*network);
    // Mended, a link has its limits still.
    network.set_link("h1", "s1", LinkState::Down).unwrap();
    network.set_link("h1", "s1", LinkState::Up).unwrap();
    both(&*network);
}

fn between_switches(setup: Setup, _: &Sandbox) {
    let mut builder = NetworkBuilder::new();
    for (host, switch) in [("h1", "s1"), ("h2", "s2")] {
        builder.host(host, false, None, None, None).unwrap();
        builder.switch(switch, setup.switch()).unwrap();
        builder.link(host, switch, LinkRequest::default()).unwrap();
    }
    builder.link("s1", "s2", shaped(Shape { bw: Some(10.0), ..Shape::default() })).unwrap();
    let network = setup.up(builder.finish().unwrap());
    let rate = mbit_per_second(host(&*network, "h1"), host(&*network, "h2"));
    assert!((7.0..13.0).contains(&rate), "{rate} Mbit/s");
}

/// Counts what comes in 0.3 s of more than fits.
fn mbit_per_second(from: &lab_network::Host, to: &lab_network::Host) -> f64 {
    const WINDOW: Duration = Duration::from_millis(300);
    // Before the hardware address is known, only some ninety packets can wait.
    assert!(reaches(from, to, address(to), NO_RETRY));
    let sink = udp(to, address(to));
    sink.set_read_timeout(Some(NO_RETRY)).unwrap();
    let target = sink.local_addr().unwrap();
    let source = udp(from, address(from));
    let blast = std::thread::spawn(move || {
        let packet = [0; 1400];
        // Twice what fits, and less than what waits at the bottleneck.
        for _ in 0..600 {
            source.send_to(&packet, target).unwrap();
        }
    });
    let mut buffer = [0; 2048];
    let mut bits = 0;
    let mut began = None;
    loop {
        let bytes = sink.recv(&mut buffer).expect("packets for a third of a second");
        let began = *began.get_or_insert_with(Instant::now);
        if began.elapsed() > WINDOW {
            break;
        }
        // On the wire: UDP, IP and Ethernet as well.
        bits += (bytes + 8 + 20 + 14) * 8;
    }
    blast.join().unwrap();
    bits as f64 / WINDOW.as_secs_f64() / 1e6
}

/// Loss needs the network emulator: there it works, elsewhere it is said.
fn loss(setup: Setup, _: &Sandbox) {
    let mut builder = NetworkBuilder::new();
    builder.host("h1", false, None, None, None).unwrap();
    builder.host("h2", false, None, None, None).unwrap();
    let all = Shape { loss: Some(100.0), ..Shape::default() };
    builder.link("h1", "h2", shaped(all)).unwrap();
    match setup.try_up(&Topology::Described(builder.finish().unwrap())) {
        Ok(network) => {
            assert_eq!(network.faults(), [""; 0]);
            let (h1, h2) = (host(&*network, "h1"), host(&*network, "h2"));
            assert!(!reaches(h1, h2, address(h2), NOTHING));
        }
        Err(error) => {
            assert!(error.is_lack(), "{error}");
            assert_eq!(error.to_string(), "this machine lacks the kernel module sch_netem");
            assert!(error.help().unwrap().contains("modprobe sch_netem"));
        }
    }
}

/// Multicast and broadcast reach all from the first packet on.
fn multicast(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(3, setup.switch()).unwrap());
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let sinks: Vec<_> = ["h2", "h3"]
        .map(|name| host(&*network, name))
        .into_iter()
        .map(|host| {
            let own = address(host);
            on(host, || {
                let sink = std::net::UdpSocket::bind("0.0.0.0:4567").unwrap();
                sink.join_multicast_v4(&group, &own).unwrap();
                sink.set_read_timeout(Some(NO_RETRY)).unwrap();
                sink
            })
        })
        .collect();
    let source = udp(host(&*network, "h1"), [10, 0, 0, 1].into());
    source.set_broadcast(true).unwrap();
    let mut buffer = [0; 16];
    for target in [group, Ipv4Addr::new(10, 255, 255, 255)] {
        source.send_to(b"all", (target, 4567)).unwrap();
        for sink in &sinks {
            assert_eq!(sink.recv(&mut buffer).unwrap(), 3, "{target}");
        }
    }
}

/// More than the 58 ports that Mininet's own way with Open vSwitch gets to.
fn many(setup: Setup, _: &Sandbox) {
    let network = setup.up(single(64, setup.switch()).unwrap());
    let hosts = network.hosts();
    for host in &hosts[1..] {
        assert!(reaches(host, &hosts[0], address(&hosts[0]), NO_RETRY), "{} to h1", host.name);
    }
}

fn custom(setup: Setup, text: &str, topo: &str) -> Topology {
    let file = std::path::Path::new("/run/labrun").join("custom.py");
    std::fs::write(&file, text).unwrap();
    Topology::Mininet(MininetTopology { file, topo: topo.to_owned(), switch: setup.switch() })
}

const CAMPUS: &str = "
from mininet.topo import Topo

class Campus(Topo):
    def build(self, hosts, name='lab', bw=None):
        print('this must not be taken for an answer')
        switch = self.addSwitch('s1')
        for number in range(hosts):
            host = self.addHost('%s%d' % (name, number))
            if bw:
                self.addLink(host, switch, bw=bw)
            else:
                self.addLink(host, switch)

class Lossy(Topo):
    def build(self):
        self.addLink(self.addHost('h1'), self.addHost('h2'), bw=10, loss=5)

topos = {'campus': Campus, 'lossy': Lossy}
";

fn custom_file(setup: Setup, _: &Sandbox) {
    let mut network = setup.try_up(&custom(setup, CAMPUS, "campus,3,name=pc,bw=10")).unwrap();
    assert_eq!(network.faults(), [""; 0]);
    assert!(network.version().starts_with("Mininet 2"), "{}", network.version());
    let names: Vec<_> = network.hosts().iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["pc0", "pc1", "pc2"]);
    assert_eq!(host(&*network, "pc1").address().unwrap().to_string(), "10.0.0.2/8");
    assert_eq!(host(&*network, "pc1").interfaces[0].mac.to_string(), "00:00:00:00:00:02");
    all_reach_all(&*network);
    let rate = mbit_per_second(host(&*network, "pc0"), host(&*network, "pc1"));
    assert!((7.0..13.0).contains(&rate), "{rate} Mbit/s");
    network.set_link("pc0", "s1", LinkState::Down).unwrap();
    let (first, second) = (host(&*network, "pc0"), host(&*network, "pc1"));
    assert!(!reaches(first, second, address(second), NOTHING));
}

/// Mininet goes on without a limit that the kernel does not have; we do not.
fn custom_faults(setup: Setup, _: &Sandbox) {
    let network = setup.try_up(&custom(setup, CAMPUS, "lossy")).unwrap();
    let faults = network.faults();
    let by_the_kernel =
        faults.iter().any(|fault| fault == "h1-eth0 should have 5 % of loss but has no netem");
    let by_mininet =
        faults.iter().any(|fault| fault.starts_with("Mininet says, 2 times: *** Error"));
    assert!(faults.is_empty() || (by_the_kernel && by_mininet), "{faults:?}");
}

fn custom_fails(setup: Setup, _: &Sandbox) {
    let fail = |text: &str, topo: &str| {
        let error = setup.try_up(&custom(setup, text, topo)).map(|_| ()).unwrap_err();
        assert!(!error.is_lack());
        error.to_string()
    };
    let text = fail("topos = {'a': lambda: 1/0}", "a");
    assert!(text.starts_with("Mininet, building the network: ZeroDivisionError"), "{text}");
    let text = fail(CAMPUS, "kampus");
    assert!(text.contains("Invalid topo name kampus"), "{text}");
    let text = fail("x = 1", "a");
    assert!(text.contains("has no dictionary `topos`"), "{text}");
    let text = fail("import os; os._exit(3)", "a");
    assert!(text.contains("it ended with exit status: 3"), "{text}");
}

fn unsupported(setup: Setup, _: &Sandbox) {
    let ovs = Topology::Described(single(2, SwitchKind::Ovs).unwrap());
    let custom = custom(setup, CAMPUS, "campus,2");
    for topology in [ovs, custom] {
        let error = setup.try_up(&topology).map(|_| ()).unwrap_err();
        assert!(error.help().unwrap().contains("--backend mininet"), "{error}");
        assert!(!error.is_lack());
    }
}

fn sandbox(setup: Setup, sandbox: &Sandbox) {
    assert_eq!(std::process::id(), 1);
    assert!(rustix::process::geteuid().is_root());
    // The namespace of mounts is ours: nobody else sees what is written here.
    std::fs::write(sandbox.folder().join("note"), "x").unwrap();
    let network = setup.up(single(2, setup.switch()).unwrap());
    sandbox.set_hosts_file("127.0.0.1 localhost\n").unwrap();
    sandbox.set_hosts_file(&hosts_file(network.hosts())).unwrap();
    let text = std::fs::read_to_string("/etc/hosts").unwrap();
    assert!(text.ends_with("10.0.0.1\th1\n10.0.0.2\th2\n"), "{text}");
    let ping = on(host(&*network, "h1"), || Command::new("getent").args(["hosts", "h2"]).output());
    assert!(String::from_utf8_lossy(&ping.unwrap().stdout).starts_with("10.0.0.2"));
    if sandbox.has_fresh_sysfs() {
        assert!(std::path::Path::new("/sys/class/net/s1").exists());
    }
}

/// Says that it is up, and stays until its input ends: for what is looked at
/// from outside.
fn hold(setup: Setup, _: &Sandbox) {
    use std::io::Read as _;
    let network = setup.up(single(4, setup.switch()).unwrap());
    println!("up");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    all_reach_all(&*network);
}

/// Whatever is done to a network by its own means can be undone.
fn renewed(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(single(3, setup.switch()).unwrap());
    let picture = network.picture().unwrap();
    // Nothing has happened yet.
    network.renew(&picture).unwrap();
    for _ in 0..2 {
        all_reach_all(&*network);
        // Who closes first keeps the port for a minute.
        let [h1, h2] = ["h1", "h2"].map(|name| host(&*network, name));
        let listener = on(h2, || std::net::TcpListener::bind((address(h2), 0))).unwrap();
        let target = listener.local_addr().unwrap();
        let stream = on(h1, || std::net::TcpStream::connect_timeout(&target, NO_RETRY)).unwrap();
        drop(listener.accept().unwrap());
        drop((stream, listener));
        assert_eq!(connections(h2), 1, "the test is of no use");

        network.set_link("h1", "s1", LinkState::Down).unwrap();
        network.partition(&[vec!["h2".into()], vec!["h3".into()]]).unwrap();
        let slow = Shape { bw: Some(0.01), ..Shape::default() };
        network.shape_link("h3", "s1", &slow).unwrap();
        let (from, to) = (host(&*network, "h3"), host(&*network, "h2"));
        let socket = udp(from, Ipv4Addr::UNSPECIFIED);
        for _ in 0..20 {
            // It fails when the queue is full.
            let _ = socket.send_to(&[0; 1400], (address(to), 9));
        }
        drop(socket);

        network.renew(&picture).unwrap();
        assert_eq!(connections(host(&*network, "h2")), 0);
        for host in network.hosts() {
            assert_eq!(ip(host, &["neighbour", "show"]).as_array().map_or(0, Vec::len), 0);
        }
        assert_eq!(network.strays(), [""; 0]);
    }
    all_reach_all(&*network);
    tcp_carries(host(&*network, "h1"), host(&*network, "h3"), 300_000);
}

/// TCP connections that the kernel knows of on a host, also those without a program.
fn connections(host: &lab_network::Host) -> usize {
    on(host, || {
        // `sl local remote st …`; 0A is one that listens.
        let text = std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap();
        text.lines().skip(1).filter(|line| !line.contains(" 0A ")).count()
    })
}

/// What somebody else does to it is noticed.
fn not_as_new(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(single(2, setup.switch()).unwrap());
    let picture = network.picture().unwrap();
    // Each with what takes it back.
    let deeds = [
        ("ip address add 10.9.9.9/24 dev h1-eth0", "ip address del 10.9.9.9/24 dev h1-eth0"),
        ("ip route add 10.77.0.0/16 dev h1-eth0", "ip route del 10.77.0.0/16"),
        ("ip link set h1-eth0 mtu 1300", "ip link set h1-eth0 mtu 1500"),
        ("ip link set h1-eth0 promisc on", "ip link set h1-eth0 promisc off"),
        (
            "ip neighbour add 10.0.0.2 lladdr 02:00:00:00:00:99 dev h1-eth0 nud permanent",
            "ip neighbour del 10.0.0.2 dev h1-eth0",
        ),
        ("ip rule add from 10.9.0.0/16 lookup 7", "ip rule del from 10.9.0.0/16 lookup 7"),
        (
            "tc qdisc add dev h1-eth0 root tbf rate 1mbit burst 15k latency 1s",
            "tc qdisc del dev h1-eth0 root",
        ),
        ("sysctl -qw net.ipv4.ip_forward=1", "sysctl -qw net.ipv4.ip_forward=0"),
    ];
    let words = ["addresses", "routes", "interfaces", "interfaces", "neighbours"];
    let words = words.into_iter().chain(["routing rules", "limits", "setting net/ipv4/"]);
    for ((deed, back), what) in deeds.into_iter().zip(words) {
        run_on(host(&*network, "h1"), deed);
        let answer = network.renew(&picture);
        run_on(host(&*network, "h1"), back);
        let said = answer.expect_err(deed).to_string();
        // An interface tells of its discipline as well.
        let mut known = [what, "interfaces"].into_iter();
        let is_known = known.any(|what| said.starts_with(&format!("h1's {what}")));
        assert!(is_known && said.ends_with(" changed"), "{deed}: {said}");
        network.renew(&picture).expect(back);
    }
}

fn run_on(host: &lab_network::Host, line: &str) {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    let status = on(host, || command.args(words).status()).unwrap();
    assert!(status.success(), "{line}");
}

fn who_learns(setup: Setup, _: &Sandbox) {
    let mut network = setup.up(single(2, setup.switch()).unwrap());
    let error = network.picture().unwrap_err();
    assert_eq!(error.to_string(), "an Open vSwitch does not forget what it has learnt");
}
