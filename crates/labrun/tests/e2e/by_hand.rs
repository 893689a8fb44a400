//! A lab done by hand, as its users do it: in terminals, with keys; and what comes of it.

use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use super::harness::labrun;
use super::sessions::{is_there, keeper_of, unique, until};
use super::tmux::Tmux;

/// The folder of the programs that the tests were built with.
fn programs() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_labrun")).parent().unwrap();
    assert!(folder.join("chat-server").exists(), "build the workspace first");
    folder.display().to_string()
}

/// The lab of direct messages: a server and two people, who write to each other, ask for
/// somebody who isn't there, pull a cable and leave. What they did is written as a scenario,
/// and that passes, 20 times in a row.
#[test]
fn what_is_done_by_hand_is_a_scenario() {
    let (name, folder) = (unique(), tempfile::tempdir().unwrap());
    let here = folder.path().display();
    let lab = format!("path: [{}]\n", programs());
    std::fs::write(folder.path().join("lab.yaml"), lab).unwrap();
    std::fs::write(folder.path().join("net.yaml"), "single: 4\n").unwrap();
    let labrun_path = env!("CARGO_BIN_EXE_labrun");
    let up = format!(
        "cd {here} && {labrun_path} record net.yaml --name {name} -o done.yaml --results results"
    );
    let Some(prompt) = Tmux::open(&up) else { return };
    prompt.shows(|shown| shown.contains("is up"));
    prompt.press(&["capture h4-eth0", "Enter"]);
    prompt.shows(|shown| shown.contains("capturing into"));
    let shell = |host: &str| {
        let tmux = Tmux::open(&format!("{labrun_path} shell {name} {host}")).unwrap();
        tmux.shows(|shown| shown.contains(&format!("{host}:")));
        tmux
    };
    let [server, alice, bob] = ["h4", "h1", "h2"].map(shell);
    let says = |tmux: &Tmux, keys: &[&str], answer: &str| {
        tmux.press(keys);
        tmux.shows(|shown| shown.contains(answer));
    };
    says(&server, &["chat-server direct --listen 0.0.0.0:12345", "Enter"], "listening on");
    for (tmux, who) in [(&alice, "alice"), (&bob, "bob")] {
        says(tmux, &["chat-client direct 10.0.0.4:12345", "Enter"], "Enter your username:");
        tmux.press(&[who, "Enter"]);
        server.shows(|shown| shown.contains(&format!("joined user=\"{who}\"")));
    }
    alice.press(&["To bob:hello, bob", "Enter"]);
    bob.shows(|shown| shown.contains("hello, bob From alice"));
    bob.press(&["To alice:hx", "BSpace", "i", "Enter"]);
    alice.shows(|shown| shown.contains("hi From bob"));
    bob.press(&["C-c"]);
    server.shows(|shown| shown.contains("left user=\"bob\""));
    let ping = labrun().args(["exec", &name, "h3", "--", "ping", "-c1", "-W2", "h4"]).output();
    assert!(ping.unwrap().status.success());

    assert!(labrun().args(["down", &name]).output().unwrap().status.success());
    let shown = prompt.shows(|shown| shown.contains("ended with"));
    assert!(shown.contains("is written, and passes"), "{shown}");
    assert!(!is_there(&name));
    let scenario = std::fs::read_to_string(folder.path().join("done.yaml")).unwrap();
    for part in [
        "topology: \"net.yaml\"",
        "captures:\n  h4-eth0: {host: h4, interface: h4-eth0}\n",
        "chat-client-2: {host: h2, run: \"chat-client direct ${h4.ip}:12345\"}",
        "chat-client> To bob:hello, bob",
        "chat-client-2< hello, bob From alice",
        "chat-client-2> To alice:hi",
        "chat-client-2> ^C",
        "exit: {of: chat-client-2, code: 0}",
        "exec: {host: h3, run: \"ping -c1 -W2 h4\"}",
    ] {
        assert!(scenario.contains(part), "{part} is not in:\n{scenario}");
    }
    let output = labrun()
        .arg("run")
        .arg(folder.path().join("done.yaml"))
        .args(["--repeat", "20", "--jobs", "2", "--retry-invalid", "5", "--results"])
        .arg(folder.path().join("results"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{scenario}");
}

/// A display that only the test has.
struct Display {
    server: std::process::Child,
    name: String,
}

impl Display {
    /// Nothing if this machine lacks what it takes; where it must have it, in CI, the test fails.
    fn open() -> Option<Self> {
        let has = |program: &str| Command::new(program).arg("-version").output().is_ok();
        if !["Xvfb", "xterm", "xdotool"].into_iter().all(has) {
            use std::io::Write as _;
            assert!(
                std::env::var_os("LABRUN_CI").is_none(),
                "xterm, Xvfb or xdotool is missing in CI"
            );
            let why = "SKIPPED: xterms on a display (scripts/install-test-tools.sh)";
            let _ = writeln!(std::io::stderr(), "{why}");
            return None;
        }
        // It chooses a number that is free, and tells it when it is ready.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1200x800x24", "-nolisten", "tcp"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        use std::io::BufRead as _;
        let stdout = server.stdout.take().unwrap();
        std::io::BufReader::new(stdout).read_line(&mut number).unwrap();
        Some(Self { server, name: format!(":{}", number.trim()) })
    }

    fn xdotool(&self, arguments: &[&str]) -> String {
        let mut xdotool = Command::new("xdotool");
        let output = xdotool.args(arguments).env("DISPLAY", &self.name).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn an_xterm_for_each_host() {
    let Some(display) = Display::open() else { return };
    let (name, folder) = (unique(), tempfile::tempdir().unwrap());
    let here = folder.path().display();
    let line = format!(
        "cd {here} && DISPLAY={} {} up single,3 --xterm=h1,h3 --name {name} --results {here}/results",
        display.name,
        env!("CARGO_BIN_EXE_labrun")
    );
    let Some(prompt) = Tmux::open(&line) else { return };
    prompt.shows(|shown| shown.contains("is up"));
    let window = |host: &str| display.xdotool(&["search", "--name", &format!("^{host}$")]);
    until("two windows are there", || !window("h1").is_empty() && !window("h3").is_empty());
    assert_eq!(window("h2"), "", "nobody asked for it");
    prompt.press(&["xterm h2", "Enter"]);
    until("somebody asked at the prompt", || !window("h2").is_empty());
    let file = folder.path().join("typed");
    // Without a window manager, keys go where the pointer is; the shell may not read yet.
    let id = window("h3");
    until("what is typed reaches the host", || {
        display.xdotool(&["windowfocus", "--sync", &id]);
        let line = format!("hostname > {}", file.display());
        display.xdotool(&["type", "--window", &id, "--delay", "2", &line]);
        display.xdotool(&["key", "--window", &id, "Return"]);
        let begun = std::time::Instant::now();
        while begun.elapsed() < std::time::Duration::from_secs(2) {
            if std::fs::read_to_string(&file).is_ok_and(|text| text == "h3\n") {
                return true;
            }
        }
        false
    });
    kill_keeper(&name);
    until("the windows are gone", || ["h1", "h2", "h3"].into_iter().all(|h| window(h).is_empty()));
    until("and so is the session", || !is_there(&name));
}

/// Kills the labrun that keeps a session, at once.
fn kill_keeper(session: &str) {
    let pid = keeper_of(session);
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

/// A labrun in the tmux of the test, and the tmux server of its own that it uses.
struct Nested {
    folder: tempfile::TempDir,
    name: String,
    outer: Tmux,
}

impl Nested {
    /// `labrun up` with these arguments; nothing if there is no tmux.
    fn up(arguments: &str) -> Option<Self> {
        let (name, folder) = (unique(), tempfile::tempdir().unwrap());
        let here = folder.path().display();
        let line = format!(
            "cd {here} && unset TMUX && TMUX_TMPDIR={here} {} up {arguments} --name {name} \
             --results results",
            env!("CARGO_BIN_EXE_labrun")
        );
        let outer = Tmux::open(&line)?;
        Some(Self { folder, name, outer })
    }

    /// The titles of its panes.
    fn titles(&self) -> Vec<String> {
        let mut tmux = Command::new("tmux");
        tmux.env("TMUX_TMPDIR", self.folder.path()).env_remove("TMUX");
        let output = tmux.args(["list-panes", "-a", "-F", "#{pane_title}"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_whitespace().map(str::to_owned).collect()
    }
}

#[test]
fn a_pane_for_each_host() {
    let Some(lab) = Nested::up("single,3 --tmux") else { return };
    until("all panes are there", || lab.titles() == ["h1", "h2", "h3", "prompt"]);
    lab.outer.shows(|shown| ["h1:", "h2:", "h3:"].iter().all(|prompt| shown.contains(prompt)));
    // The last pane has the keys: the prompt, which ends everything.
    lab.outer.press(&["exit", "Enter"]);
    lab.outer.shows(|shown| shown.contains("ended with"));
    assert!(!is_there(&lab.name));
    until("tmux is gone", || lab.titles().is_empty());
}

#[test]
fn panes_that_are_opened_at_the_prompt_lead_back_to_it() {
    let Some(lab) = Nested::up("single,2") else { return };
    let at_prompt = |shown: &str| shown.trim_end().ends_with("labrun>");
    lab.outer.shows(|shown| shown.contains("is up") && at_prompt(shown));
    lab.outer.press(&["tmux h2", "Enter"]);
    until("the panes are there", || lab.titles() == ["h2", "prompt"]);
    lab.outer.shows(|shown| shown.contains("h2:") && shown.contains("labrun>"));
    lab.outer.press(&["exit", "Enter"]);
    lab.outer.shows(|shown| shown.contains("is up") && at_prompt(shown));
    until("tmux is gone", || lab.titles().is_empty());
    assert!(is_there(&lab.name), "only tmux was left");
    // Away for a moment, and back to the same panes.
    lab.outer.press(&["tmux h1", "Enter"]);
    lab.outer.shows(|shown| shown.contains("h1:"));
    lab.outer.press(&["C-b", "d"]);
    lab.outer.shows(|shown| shown.contains("is up") && at_prompt(shown));
    lab.outer.press(&["tmux", "Enter"]);
    lab.outer.shows(|shown| shown.contains("h1:"));
    assert_eq!(lab.titles(), ["h1", "prompt"]);
    kill_keeper(&lab.name);
    until("tmux is gone", || lab.titles().is_empty());
    until("and so is the session", || !is_there(&lab.name));
}
