//! What labrun itself costs: `cargo bench -p labrun`.
//!
//! Four figures, each beside something measured in the same run, for machines
//! differ and have slow spells:
//!
//! * how soon an expectation is noticed after a program printed, beside a bare loop
//!   that reads a terminal; and the same while 64 programs chatter;
//! * the processor time of a run that only waits;
//! * `labrun run` of the three-users scenario, from end to end;
//! * 20 copies of it with `--jobs 8`, beside one.
//!
//! The programs of the labs must be built: `cargo build --release --workspace`.
//! The table is printed and kept in `results/bench-run.txt`.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

/// Lines that the program prints; the first ones warm up.
const TICKS: usize = 400;
const WARM_UP: usize = 40;

/// Between two lines: long enough that each is noticed by itself.
const PAUSE: Duration = Duration::from_millis(2);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("tick") => return tick(),
        Some("chatter") => return chatter(),
        _ => {}
    }
    let mut table = String::new();
    let bare = bare_reader();
    let _ = writeln!(table, "noticing a line          median      p99");
    row(&mut table, "  a bare reader", &bare);
    row(&mut table, "  labrun", &noticing(0));
    row(&mut table, "  labrun, 64 chattering", &noticing(64));
    let _ = writeln!(table, "processor time of a run that waits for 3 s: {:?}", waiting());
    let one = three_users(&[]);
    let pauses = Duration::from_millis(100);
    let _ =
        writeln!(table, "three-users, end to end: {one:?}, {:?} beyond its pauses", one - pauses);
    let twenty = three_users(&["--jobs", "8", "--repeat", "20"]);
    let ratio = twenty.as_secs_f64() / one.as_secs_f64();
    let _ = writeln!(table, "20 copies with --jobs 8: {twenty:?}, {ratio:.2} times one");
    print!("{table}");
    let kept = checkout().join("results/bench-run.txt");
    if let Err(error) = fs::write(&kept, table) {
        eprintln!("cannot keep the table in {}: {error}", kept.display());
    }
}

fn row(table: &mut String, name: &str, delays: &[Duration]) {
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    let _ = writeln!(table, "{name:24} {:>7.0?} {:>8.0?}", at(0.5), at(0.99));
}

/// As a program: prints the time, again and again.
fn tick() {
    // The reader is there when it has said so.
    let _ = std::io::stdin().lock().read_line(&mut String::new());
    let mut out = std::io::stdout();
    for number in 0..TICKS {
        std::thread::sleep(PAUSE);
        // One write: the newline comes with the text.
        let line = format!("tick {number} at {}\n", monotonic());
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
    let _ = std::io::stdin().lock().read_line(&mut String::new());
}

/// As a program: prints ten lines a second, at moments of its own.
fn chatter() {
    let mut out = std::io::stdout();
    let offset = Duration::from_micros(u64::from(std::process::id()) * 7919 % 100_000);
    std::thread::sleep(offset);
    while out.write_all(b"chatter, chatter\n").and_then(|()| out.flush()).is_ok() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn monotonic() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// From the line of a program to a blocking read of its terminal, and nothing else.
fn bare_reader() -> Vec<Duration> {
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).expect("a terminal");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("a terminal");
    let theirs = ioctl_tiocgptpeer(&ours, flags).expect("a terminal");
    let mut modes = rustix::termios::tcgetattr(&theirs).expect("modes");
    modes.local_modes.remove(rustix::termios::LocalModes::ECHO);
    rustix::termios::tcsetattr(&theirs, rustix::termios::OptionalActions::Now, &modes)
        .expect("modes");
    let mut program = Command::new(std::env::current_exe().expect("this program"))
        .arg("tick")
        .stdin(Stdio::from(theirs.try_clone().expect("a copy")))
        .stdout(Stdio::from(theirs))
        .spawn()
        .expect("this program");
    rustix::io::write(&ours, b"go\n").expect("a write");
    let mut delays = Vec::new();
    let mut buffer = [0; 4096];
    while delays.len() < TICKS {
        let count = rustix::io::read(&ours, &mut buffer).expect("a line");
        let now = monotonic();
        let text = String::from_utf8_lossy(&buffer[..count]);
        delays.extend(text.lines().filter_map(printed_at).map(|at| Duration::from_nanos(now - at)));
    }
    rustix::io::write(&ours, b"end\n").expect("a write");
    program.wait().expect("its end");
    sorted(delays.split_off(WARM_UP))
}

fn printed_at(line: &str) -> Option<u64> {
    line.trim().rsplit_once(" at ")?.1.parse().ok()
}

fn sorted(mut delays: Vec<Duration>) -> Vec<Duration> {
    delays.sort_unstable();
    delays
}

/// From the line of a program to the step that awaited it having passed.
fn noticing(others: usize) -> Vec<Duration> {
    let program = std::env::current_exe().expect("this program");
    let mut text = format!(
        "topology: {{single: 2}}\nprocesses:\n  p: {{host: h1, run: \"{} tick\"}}\n",
        program.display()
    );
    for other in 0..others {
        let _ = writeln!(text, "  o{other}: {{host: h2, run: \"{} chatter\"}}", program.display());
    }
    text.push_str("steps:\n  - send: {to: p, line: go}\n");
    for number in 0..TICKS {
        let _ = writeln!(text, "  - expect: {{from: p, output: tick {number} at}}");
    }
    text.push_str("  - send: {to: p, line: end}\n");
    let run = Run::of(&text);
    let began =
        run.events().iter().find_map(|event| event["event"]["run_started"]["clock"].as_u64());
    let began = began.expect("the clock");
    // What the program said, and when it was told that the step for it had passed.
    let mut printed = Vec::new();
    let mut delays = Vec::new();
    for record in run.events() {
        let event = &record["event"];
        if event["output"]["process"] == 0 {
            let said = event["output"]["bytes"].as_str().unwrap_or_default();
            printed.extend(said.lines().filter_map(printed_at));
        }
        if event.get("step_passed").is_some() && delays.len() < printed.len() {
            let at = began + record["at"].as_u64().expect("a time");
            delays.push(Duration::from_nanos(at - printed[delays.len()]));
        }
    }
    assert_eq!(delays.len(), TICKS, "every line was noticed by itself");
    sorted(delays.split_off(WARM_UP))
}

/// Processor time of labrun and all its children while nothing happens.
fn waiting() -> Duration {
    let before = children_time();
    Run::of(
        "topology: {single: 2}\nprocesses:\n  p: {host: h1, run: cat}\n\
         steps:\n  - silence: {from: p, for: 3s}\n",
    );
    children_time() - before
}

fn children_time() -> Duration {
    // user and system time of children that were waited for, in clock ticks
    // of 10 ms (proc_pid_stat(5), fields 16 and 17).
    let stat = fs::read_to_string("/proc/self/stat").expect("/proc");
    let after_name = stat.rsplit_once(')').expect("a name").1;
    let fields = after_name.split_ascii_whitespace().skip(13).take(2);
    Duration::from_millis(fields.filter_map(|f| f.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// The median time of `labrun run labs/direct-chat/three-users.yaml`.
fn three_users(arguments: &[&str]) -> Duration {
    let scenario = checkout().join("labs/direct-chat/three-users.yaml");
    let mut times: Vec<_> = (0..7)
        .map(|_| {
            let results = tempfile::tempdir().expect("a folder");
            let began = Instant::now();
            let status = Command::new(env!("CARGO_BIN_EXE_labrun"))
                .arg("run")
                .arg(&scenario)
                .args(["--no-build", "--backend", "netns", "--results"])
                .arg(results.path())
                .args(arguments)
                .stdout(Stdio::null())
                .status()
                .expect("labrun");
            assert!(status.success(), "three-users: {status}");
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// A run of a scenario of ours.
struct Run {
    results: tempfile::TempDir,
}

impl Run {
    fn of(scenario: &str) -> Self {
        let results = tempfile::tempdir().expect("a folder");
        let file = results.path().join("bench.yaml");
        fs::write(&file, scenario).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_labrun"))
            .args(["run", "--results"])
            .arg(results.path())
            .arg(&file)
            .output()
            .expect("labrun");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        Self { results }
    }

    fn events(&self) -> Vec<Value> {
        let file = find(self.results.path(), "events.jsonl").expect("events");
        let text = fs::read_to_string(file).expect("events");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            find(&entry.path(), name)
        } else {
            Some(entry.path()).filter(|p| p.ends_with(name))
        }
    })
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
