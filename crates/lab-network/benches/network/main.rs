//! How long networks take to come up and go: labrun's own, the same requests
//! in a bare loop, and Mininet's.
//!
//! Machines have slow spells, so everything is measured in turns within one run
//! and compared by medians. Every measurement is a process in a sandbox of its
//! own (`--measure WHAT HOSTS`). It says when the network is up and then ends: "down"
//! is from there until the process that a dispatcher would wait for has gone.
//!
//! The kernel takes a network apart in the background, for up to half a second after
//! that ("gone"), and holds its big network lock much of the time. The next
//! measurement begins only then, or it would measure the one before. A veth into the
//! network tells: it goes when the network has gone.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail where it stands")]

mod bare;
mod mininet;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab_network::{Backend as _, Mininet, Netns, isolation, probe};
use lab_scenario::topology::{SwitchKind, Topology, single};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The netns backend.
    Netns,
    /// The same requests, one at a time, without waiting or looking afterwards.
    Bare,
    /// The Mininet backend, Python's start included.
    Driven,
    /// Mininet's own `start` and `stop`, after Python and Mininet are loaded.
    Mininet,
}

impl Subject {
    const ALL: [Self; 4] = [Self::Bare, Self::Netns, Self::Mininet, Self::Driven];

    fn name(self) -> &'static str {
        match self {
            Self::Netns => "netns backend",
            Self::Bare => "bare netlink loop",
            Self::Driven => "mininet backend",
            Self::Mininet => "Mininet by itself",
        }
    }

    fn is_mininets(self) -> bool {
        matches!(self, Self::Driven | Self::Mininet)
    }
}

/// Hosts of a star; how often our own is measured, and how often Mininet.
const SIZES: [(u32, usize, usize); 3] = [(4, 21, 3), (64, 11, 3), (256, 7, 0)];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, subject, hosts] = words.as_slice()
        && flag == "--measure"
    {
        return measure(subject, hosts.parse().unwrap());
    }
    // `cargo test --benches` only wants to see that it starts.
    if words.iter().any(|word| word == "--test") {
        return ExitCode::SUCCESS;
    }
    // A sandbox for the interfaces that watch.
    let _sandbox = isolation::isolate(None).unwrap();
    compare();
    ExitCode::SUCCESS
}

/// A veth that goes when a network has gone.
struct Watch;

impl Watch {
    const INTERFACE: &str = "/sys/class/net/watch";

    /// Into the network namespace of that process.
    fn set(pid: u32) -> Self {
        let peer = ["peer", "name", "watched", "netns", &pid.to_string()];
        let arguments = ["link", "add", "watch", "type", "veth"].into_iter().chain(peer);
        assert!(Command::new("ip").args(arguments).status().unwrap().success());
        Self
    }

    fn wait(self) {
        let began = Instant::now();
        while Path::new(Self::INTERFACE).exists() {
            assert!(began.elapsed() < Duration::from_secs(60), "the network does not go");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The child's side.
fn measure(subject: &str, hosts: u32) -> ExitCode {
    let _sandbox = isolation::isolate(None).unwrap();
    let subject = Subject::ALL.into_iter().find(|each| each.name() == subject).unwrap();
    let topology = Topology::Described(single(hosts, SwitchKind::Bridge).unwrap());
    let began = Instant::now();
    let up = match subject {
        Subject::Netns => {
            let network = Netns.up(&topology).unwrap();
            let up = began.elapsed();
            std::mem::forget(network);
            up
        }
        Subject::Driven => {
            let network = Mininet.up(&topology).unwrap();
            let up = began.elapsed();
            std::mem::forget(network);
            up
        }
        Subject::Bare => {
            std::mem::forget(bare::up(hosts));
            began.elapsed()
        }
        Subject::Mininet => {
            let (up, down) = mininet::up_and_down(hosts);
            println!("{} {}", up.as_micros(), down.as_micros());
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            return ExitCode::SUCCESS;
        }
    };
    println!("{}", up.as_micros());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    ExitCode::SUCCESS
}

/// Times of one network.
#[derive(Debug, Clone, Copy)]
struct Times {
    up: Duration,
    down: Duration,
    gone: Duration,
}

/// The parent's side.
fn once(subject: Subject, hosts: u32, python: Option<&PathBuf>) -> Times {
    let mut child = Command::new("/proc/self/exe")
        // As a dispatcher does: not to look for it each time.
        .envs(python.map(|python| ("LABRUN_PYTHON", python)))
        .args(["--measure", subject.name(), &hosts.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let mut times = line.split_whitespace().map(|us| Duration::from_micros(us.parse().unwrap()));
    let up = times.next().expect("a time");
    let watch = Watch::set(child.id());
    let began = Instant::now();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let down = times.next().unwrap_or_else(|| began.elapsed());
    watch.wait();
    Times { up, down, gone: began.elapsed() }
}

fn compare() {
    let python = probe::mininet_python();
    let subjects: Vec<Subject> = Subject::ALL
        .into_iter()
        .filter(|subject| !subject.is_mininets() || python.is_some())
        .collect();
    println!(
        "{:>5}  {:<18} {:>9} {:>9} {:>9} {:>9}  against bare (up)  against netns (both)",
        "hosts", "", "up, ms", "down, ms", "both, ms", "gone, ms"
    );
    for (hosts, rounds, rounds_of_mininet) in SIZES {
        let mut times: Vec<Vec<Times>> = vec![Vec::new(); subjects.len()];
        for round in 0..rounds {
            for (subject, times) in subjects.iter().zip(&mut times) {
                if !subject.is_mininets() || round < rounds_of_mininet {
                    times.push(once(*subject, hosts, python.as_ref()));
                }
            }
        }
        let medians: Vec<_> = times.iter().map(|times| medians(times)).collect();
        let of = |wanted| {
            let position = subjects.iter().position(|subject| *subject == wanted)?;
            medians[position]
        };
        for (subject, median) in subjects.iter().zip(&medians) {
            let (Some(Medians { up, down, both, gone }), Some(bare), Some(netns)) =
                (*median, of(Subject::Bare), of(Subject::Netns))
            else {
                continue;
            };
            println!(
                "{hosts:>5}  {:<18} {up:>9.1} {down:>9.1} {both:>9.1} {gone:>9.1} {:>18.2} {:>21.1}",
                subject.name(),
                up / bare.up,
                both / netns.both,
            );
        }
    }
}

/// In milliseconds.
#[derive(Debug, Clone, Copy)]
struct Medians {
    up: f64,
    down: f64,
    both: f64,
    gone: f64,
}

fn medians(times: &[Times]) -> Option<Medians> {
    let median = |pick: fn(&Times) -> Duration| {
        let mut times: Vec<_> = times.iter().map(pick).collect();
        times.sort();
        Some(times.get(times.len() / 2)?.as_secs_f64() * 1e3)
    };
    Some(Medians {
        up: median(|times| times.up)?,
        down: median(|times| times.down)?,
        both: median(|times| times.up + times.down)?,
        gone: median(|times| times.gone)?,
    })
}
