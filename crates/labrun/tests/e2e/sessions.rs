//! Sessions: networks that are held for people, who come from any terminal.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::harness::{Lab, labrun};
use super::tmux::Tmux;

/// How long anything may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// A name that no other test, and no other run of the tests, has.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A detached session, which goes with the test.
pub(crate) struct Session {
    pub(crate) name: String,
    results: TempDir,
}

impl Session {
    /// Brings something up.
    pub(crate) fn up(arguments: &[&str]) -> Self {
        let (name, results) = (unique(), tempfile::tempdir().unwrap());
        let output = labrun()
            .args(["up", "--detach", "--name", &name, "--results"])
            .arg(results.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{name}\n"));
        Self { name, results }
    }

    /// `labrun exec SESSION HOST -- COMMAND`
    pub(crate) fn exec(&self, host: &str, command: &[&str]) -> Output {
        let mut exec = self.command(host, command);
        exec.stdin(Stdio::null()).output().unwrap()
    }

    fn command(&self, host: &str, command: &[&str]) -> Command {
        let mut exec = labrun();
        exec.args(["exec", &self.name, host, "--"]).args(command);
        exec
    }

    fn is_there(&self) -> bool {
        is_there(&self.name)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = labrun().args(["down", &self.name]).output();
    }
}

/// Whether there is a session of that name.
pub(crate) fn is_there(name: &str) -> bool {
    let output = labrun().arg("sessions").output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().any(|line| line.starts_with(name))
}

fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// Processes with such a word in their arguments.
fn processes(word: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let is_one = |pid: &str| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    };
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|pid| is_one(pid))
        .count()
}

#[test]
fn commands_run_on_hosts_from_any_terminal() {
    let session = Session::up(&["single,2"]);
    let output = session.exec("h1", &["sh", "-c", "hostname; ping -c1 -W2 h2 >&2; exit 7"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "h1\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 received"));
    let killed = session.exec("h1", &["sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.status.code(), Some(128 + 9));

    let mut cat = session.command("h2", &["cat"]);
    let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    cat.stdin
        .take()
        .unwrap()
        .write_all(&[b"x\xff\n".as_slice(), &[b'y'; 300_000]].concat())
        .unwrap();
    let output = cat.wait_with_output().unwrap();
    assert_eq!(output.stdout.len(), 300_003, "every byte comes back, then the end");

    let unknown = session.exec("h9", &["true"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown).contains("its hosts are h1, h2"), "{}", text(&unknown));
    let nobody = labrun().args(["exec", "no-such-session", "h1", "--", "true"]).output().unwrap();
    assert!(text(&nobody).contains("there is no session `no-such-session`"), "{}", text(&nobody));

    let down = labrun().args(["down", &session.name]).output().unwrap();
    assert!(down.status.success() && !session.is_there(), "{}", text(&down));
    let casts = Command::new("find")
        .args([session.results.path().as_os_str(), "-name".as_ref(), "*.cast".as_ref()])
        .output()
        .unwrap();
    let casts = String::from_utf8_lossy(&casts.stdout).into_owned();
    assert_eq!(casts.lines().count(), 3, "a recording of each that ran:\n{casts}");
}

#[test]
fn sixteen_at_once() {
    let session = Session::up(&["single,16"]);
    let mut people: Vec<_> = (1..=16)
        .map(|number| {
            let script = "while read -r line; do echo \"$(hostname) heard $line\"; done";
            let mut shell = session.command(&format!("h{number}"), &["sh", "-c", script]);
            shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for round in 0..20 {
        for person in &mut people {
            let mut input = person.stdin.as_ref().unwrap();
            writeln!(input, "{round}").unwrap();
        }
    }
    for (index, mut person) in people.into_iter().enumerate() {
        drop(person.stdin.take());
        let output = person.wait_with_output().unwrap();
        let heard = (0..20).map(|round| format!("h{} heard {round}\n", index + 1));
        assert_eq!(String::from_utf8_lossy(&output.stdout), heard.collect::<String>());
    }
}

#[test]
fn a_shell_is_a_terminal_on_the_host() {
    let session = Session::up(&["single,2"]);
    let line = format!("{} shell {} h1", env!("CARGO_BIN_EXE_labrun"), session.name);
    let Some(tmux) = Tmux::open(&line) else { return };
    tmux.shows(|shown| shown.contains("h1:"));
    tmux.press(&["stty size; echo $TERM $HOSTNAME", "Enter"]);
    tmux.shows(|shown| shown.contains("24 80\n") && shown.contains(" h1\n"));
    tmux.command(&["resize-window", "-x", "100", "-y", "30"]);
    tmux.press(&["stty size", "Enter"]);
    tmux.shows(|shown| shown.contains("30 100"));
    // Ctrl-C is for the program, not for who passes it on.
    tmux.press(&["sleep 1000", "Enter"]);
    until("sleep runs", || processes("1000") > 0);
    tmux.press(&["C-c", "echo after: $?", "Enter"]);
    tmux.shows(|shown| shown.contains("after: 130"));
    tmux.press(&["exit 3", "Enter"]);
    tmux.shows(|shown| shown.contains("ended with 3"));
    tmux.is_given_back();
}

#[test]
fn it_goes_with_its_terminal_unless_it_is_detached() {
    let (attached, detached) = (unique(), Session::up(&["single,1"]));
    let results = tempfile::tempdir().unwrap();
    let line = format!(
        "{} up single,1 --name {attached} --results '{}'",
        env!("CARGO_BIN_EXE_labrun"),
        results.path().display()
    );
    let Some(tmux) = Tmux::open(&line) else { return };
    tmux.shows(|shown| shown.contains("is up"));
    assert!(is_there(&attached));
    drop(tmux);
    until("the session is gone", || !is_there(&attached));
    assert!(detached.is_there());
}

/// What is killed, nothing of the session stays; and who is killed at a terminal takes only
/// the program there along.
#[test]
fn whoever_is_killed_nothing_stays() {
    for victim in ["keeper", "visitor", "stage"] {
        let session = Session::up(&["single,2"]);
        let mark = format!("{}987", session.name.replace(|c: char| !c.is_ascii_digit(), ""));
        let mut visitor = session.command("h1", &["sleep", &mark]);
        let mut visitor = visitor.stdin(Stdio::piped()).spawn().unwrap();
        // labrun exec has it among its arguments as well.
        until("the program runs", || processes(&mark) == 2);
        let kill = |pid: u32| {
            let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
        };
        match victim {
            "keeper" => kill(keeper_of(&session.name)),
            "visitor" => kill(visitor.id()),
            _ => kill(child_of(keeper_of(&session.name))),
        }
        let _ = visitor.wait();
        until("all of it is gone", || processes(&mark) == 0);
        if victim == "visitor" {
            assert!(session.is_there(), "the session is not theirs");
            assert!(session.exec("h1", &["true"]).status.success());
        } else {
            until("the session is gone", || !session.is_there());
        }
    }
}

/// The process that keeps a session: the labrun that is not only a visitor.
pub(crate) fn keeper_of(session: &str) -> u32 {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_keeper = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let has = |word: &str| words.contains(&word.as_bytes());
        has(session) && has("up") && (has("--keep") || !has("--detach"))
    };
    pids.into_iter().find(is_keeper).unwrap()
}

/// The stage that it has started.
fn child_of(pid: u32) -> u32 {
    let children = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let of_thread = |entry: std::fs::DirEntry| {
        std::fs::read_to_string(entry.path().join("children")).unwrap_or_default()
    };
    let all: String = children.map(of_thread).collect();
    all.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_run_that_fails_waits_for_people() {
    let lab = Lab::of_program(
        "echo hello; exec cat",
        "",
        "steps:\n  - label: here\n  - expect: {from: p, output: never, within: 300ms}\n",
    );
    let results = lab.path().join("results");
    let start = |arguments: &[&str]| {
        let mut run = labrun();
        run.arg("run").arg(lab.path().join("scenario.yaml")).arg("--results").arg(&results);
        run.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        run.spawn().unwrap()
    };
    let folder = lab.path().file_name().unwrap().to_string_lossy().into_owned();
    let session = &format!("{folder}-scenario");
    let run = start(&["--pause-on-failure", "--pause-at", "here"]);
    until("it waits at the label", || {
        labrun().args(["continue", session]).output().unwrap().status.success()
    });
    until("it waits since it has failed", || {
        let output =
            labrun().args(["exec", session, "h1", "--", "cat", "/proc/self/comm"]).output();
        output.unwrap().stdout == b"cat\n"
    });
    until("it goes on", || {
        labrun().args(["continue", session]).output().unwrap();
        !is_there(session)
    });
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("waits at the label here"), "{said}");
    assert!(said.contains("has failed and waits: p did not say `never`"), "{said}");

    let output = start(&["--pause-at", "hre"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("did you mean `here`?"), "{}", text(&output));
}
