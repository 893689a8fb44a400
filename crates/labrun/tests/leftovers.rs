//! Whatever is killed, and whenever: nothing stays behind.
//!
//! labrun and its stages are killed with SIGKILL at random moments of a run with 16
//! hosts, on each backend. Then there must be no process, no interface, no
//! namespace, no temporary folder and no half-written JSON. A test binary of its
//! own, whose tests take turns: it looks at the machine as a whole.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// How long the kernel may take to be rid of everything.
const PATIENCE: Duration = Duration::from_secs(20);

static TURN: Mutex<()> = Mutex::new(());

fn take_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whom to kill.
#[derive(Debug, Clone, Copy)]
enum Victim {
    /// The command itself.
    Labrun,
    /// The process that waits outside the sandbox.
    Waiter,
    /// Process 1 of the sandbox.
    First,
}

#[test]
fn netns_labrun_killed() {
    kill_at_random_moments("netns", &[Victim::Labrun], 20, Duration::from_millis(120));
}

#[test]
fn netns_stage_killed() {
    kill_at_random_moments(
        "netns",
        &[Victim::Waiter, Victim::First],
        20,
        Duration::from_millis(120),
    );
}

#[test]
fn mininet_labrun_killed() {
    if mininet_is_there() {
        kill_at_random_moments("mininet", &[Victim::Labrun], 6, Duration::from_millis(1500));
    }
}

#[test]
fn mininet_stage_killed() {
    if mininet_is_there() {
        let victims = [Victim::Waiter, Victim::First];
        kill_at_random_moments("mininet", &victims, 6, Duration::from_millis(1500));
    }
}

#[test]
fn ctrl_c_ends_a_run_in_order() {
    let _turn = take_turn();
    let bench = Bench::new();
    let before = Machine::look(&bench.mark());
    let mut labrun = bench.start("netns");
    bench.wait_for_run(&mut labrun);
    let alive = Machine::look(&bench.mark()).added_to(&before);
    assert!(alive.len() > 16, "this test would not see what is left: {alive:#?}");
    kill_process(Pid::from_child(&labrun), Signal::INT).unwrap();
    let status = labrun.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    bench.leaves_nothing(&before, "Ctrl-C");
    let json = bench.results();
    assert!(json.iter().any(|file| file.ends_with("run.json")), "the run was not recorded");
}

fn mininet_is_there() -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_labrun")).arg("doctor").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
    let there = text.lines().any(|line| line.trim_start().starts_with("yes  mininet"));
    if !there {
        assert!(std::env::var_os("LABRUN_CI").is_none(), "Mininet is missing in CI");
        // Past the test runner, which would keep it to itself.
        let why = "SKIPPED: a test of what Mininet leaves behind (scripts/install-mininet.sh)";
        let _ = writeln!(std::io::stderr(), "{why}");
    }
    there
}

fn kill_at_random_moments(backend: &str, victims: &[Victim], times: u32, span: Duration) {
    let _turn = take_turn();
    for round in 0..times {
        let victim = victims[round as usize % victims.len()];
        let bench = Bench::new();
        let before = Machine::look(&bench.mark());
        let mut labrun = bench.start(backend);
        let mut met = None;
        eventually("the victim is there", || {
            met = find(victim, labrun.id());
            assert!(labrun.try_wait().unwrap().is_none(), "labrun ended");
            met.is_some()
        });
        // Spread over the span, with a random part: the moment is what is tested.
        let share = span * round / times;
        let moment = share + span.mul_f64(random()) / times;
        std::thread::sleep(moment);
        let context = format!("{backend}: {victim:?} killed {moment:?} after it came");
        assert_eq!(find(victim, labrun.id()), met, "{context}: it is gone");
        kill_process(met.unwrap(), Signal::KILL).unwrap();
        // A killed stage ends the run, which ends labrun by itself.
        let status = wait(&mut labrun, &context);
        assert!(!status.success(), "{context}: {status}");
        bench.leaves_nothing(&before, &context);
    }
}

fn find(victim: Victim, labrun: u32) -> Option<Pid> {
    let pid = match victim {
        Victim::Labrun => labrun,
        Victim::Waiter => stage_below(labrun)?,
        Victim::First => stage_below(stage_below(labrun)?)?,
    };
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// The child that is a stage. There may be others: labrun asks for Mininet first.
fn stage_below(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).find(|child: &u32| {
        let command = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        command.split(|&byte| byte == 0).nth(1) == Some(b"stage")
    })
}

/// Waits for the end of a process, but not for ever.
fn wait(child: &mut Child, context: &str) -> std::process::ExitStatus {
    let handle = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).unwrap();
    let mut fds = [rustix::event::PollFd::new(&handle, rustix::event::PollFlags::IN)];
    let timeout = PATIENCE.try_into().unwrap();
    let ended = rustix::event::poll(&mut fds, Some(&timeout)).unwrap();
    assert_eq!(ended, 1, "{context}: labrun goes on");
    child.wait().unwrap()
}

/// Between 0 and 1. Where it fell is part of every message.
fn random() -> f64 {
    let mut bytes = [0; 4];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

/// A scenario with 16 busy hosts, and a folder for everything temporary.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        use std::fmt::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let mut text = "topology: {single: 16}\ntimeout: 50s\nprocesses:\n".to_owned();
        for host in 1..=16 {
            let busy = "while :; do echo tick; read -t 0.01 x; sleep 0.01; done";
            let stdio = if host % 2 == 0 { "pty" } else { "pipe" };
            let _ =
                writeln!(text, "  p{host}: {{host: h{host}, stdio: {stdio}, shell: \"{busy}\"}}");
        }
        text.push_str("steps:\n  - expect: {from: p16, output: never, within: 40s}\n");
        fs::write(folder.path().join("scenario.yaml"), text).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { folder }
    }

    /// What is in the environment of all that it starts.
    fn mark(&self) -> String {
        self.folder.path().join("tmp").display().to_string()
    }

    fn start(&self, backend: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_labrun"))
            .args(["run", "scenario.yaml", "--backend", backend, "--results", "results"])
            .current_dir(self.folder.path())
            .env("TMPDIR", self.mark())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Waits until programs speak in the run.
    fn wait_for_run(&self, labrun: &mut Child) {
        eventually("the run begins", || {
            assert!(labrun.try_wait().unwrap().is_none(), "labrun ended");
            let events = self.results().into_iter().find(|file| file.ends_with("events.jsonl"));
            events.is_some_and(|file| {
                fs::read_to_string(file).is_ok_and(|text| text.contains("tick"))
            })
        });
    }

    fn results(&self) -> Vec<PathBuf> {
        files_below(&self.folder.path().join("results"))
    }

    #[track_caller]
    fn leaves_nothing(&self, before: &Machine, context: &str) {
        let look = || Machine::look(&self.mark()).added_to(before);
        let clean = || look().is_empty();
        if !try_eventually(clean) {
            panic!("{context}: left behind: {:#?}", look());
        }
        let temporary: Vec<_> = fs::read_dir(self.folder.path().join("tmp")).unwrap().collect();
        assert!(temporary.is_empty(), "{context}: {temporary:?}");
        for file in self.results() {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".json") {
                assert!(json(&text), "{context}: {}: {text}", file.display());
            } else if name.ends_with(".jsonl") || name.ends_with(".cast") {
                assert!(text.is_empty() || text.ends_with('\n'), "{context}: {}", file.display());
                for line in text.lines() {
                    assert!(json(line), "{context}: {}: {line}", file.display());
                }
            }
            let half = name.starts_with('.') || name.ends_with("tmp") || name.ends_with("partial");
            assert!(!half, "{context}: {}", file.display());
        }
    }
}

fn json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// What a run could leave on a machine. One item per line, so that a difference can
/// be read.
struct Machine {
    things: BTreeSet<String>,
}

impl Machine {
    /// `mark`: what the environment of a run's processes holds.
    fn look(mark: &str) -> Self {
        let mut things = BTreeSet::new();
        let names = |folder: &str| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        things.extend(names("/sys/class/net").into_iter().map(|name| format!("interface {name}")));
        things
            .extend(names("/run/netns").into_iter().map(|name| format!("named namespace {name}")));
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let mounts = mounts.lines().filter(|line| line.contains("nsfs"));
        things.extend(mounts.map(|line| format!("namespace mounted: {line}")));
        for pid in names("/proc").into_iter().filter(|name| name.parse::<u32>().is_ok()) {
            // Whatever a run starts inherits its environment, and with it the
            // folder that no other run has.
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            if String::from_utf8_lossy(&environment).contains(mark) {
                let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let command = String::from_utf8_lossy(&command).replace('\0', " ");
                things.insert(format!("process {pid}: {command}"));
            }
        }
        Self { things }
    }

    fn added_to(&self, before: &Self) -> Vec<String> {
        self.things.difference(&before.things).cloned().collect()
    }
}

/// Looks until it is so. The kernel tells nobody when a namespace is gone.
fn try_eventually(mut so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !so() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

#[track_caller]
fn eventually(what: &str, so: impl FnMut() -> bool) {
    assert!(try_eventually(so), "in vain: {what}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}
