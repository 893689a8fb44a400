//! The prompt of a session, by script.

use std::io::Write as _;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use super::backends::on_each_backend;
use super::harness::{files_below, labrun};
use super::sessions::{Session, unique};
use super::tmux::Tmux;

/// What came of a script at the prompt of `labrun up`.
struct Played {
    output: Output,
    results: TempDir,
}

fn play(arguments: &[&str], script: &str) -> Played {
    let results = tempfile::tempdir().unwrap();
    let mut labrun = labrun();
    labrun.arg("up").args(arguments).arg("--results").arg(results.path());
    let labrun = labrun.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = labrun.spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Played { output: child.wait_with_output().unwrap(), results }
}

impl Played {
    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    #[track_caller]
    fn ends_with(&self, code: i32) -> String {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        assert_eq!(self.output.status.code(), Some(code), "{}{stderr}", self.stdout());
        self.stdout()
    }
}

#[test]
fn what_users_of_mininet_type() {
    on_each_backend(|backend| {
        let script = "\
            nodes\n\
            net\n\
            h1 ping -c1 -W2 h2 >/dev/null && echo reached\n\
            pingall\n\
            link s2 h2 down\n\
            links\n\
            link s2 h2 up\n\
            topology\n";
        let played = play(&["linear,2", "--backend", backend], script);
        assert_eq!(
            played.ends_with(0),
            "hosts     h1 h2\n\
             switches  s1 s2\n\
             h1 h1-eth0:s1-eth1\n\
             h2 h2-eth0:s2-eth1\n\
             s1 s1-eth1:h1-eth0 s1-eth2:s2-eth2\n\
             s2 s2-eth1:h2-eth0 s2-eth2:s1-eth2\n\
             reached\n\
             h1 -> h2\n\
             h2 -> h1\n\
             *** Results: 0% dropped (2/2 received)\n\
             h1-eth0<->s1-eth1 (up)\n\
             h2-eth0<->s2-eth1 (down)\n\
             s2-eth2<->s1-eth2 (up)\n\
             s1\n\
             ├─ h1  10.0.0.1/8\n\
             └─ s2\n   \
                └─ h2  10.0.0.2/8\n"
        );
    });
}

#[test]
fn processes_are_started_and_spoken_to() {
    let script = "\
        # each line as in a scenario, but shorter\n\
        run h1 echo: cat\n\
        send echo: hello ${h2.ip}\n\
        expect echo: /hello ([0-9.]+)/\n\
        echo> again\n\
        echo< again\n\
        dialogue: |\n  echo> two\n  echo< two\n\n\
        h2 sleep 1000 &\n\
        processes\n\
        kill sleep\n\
        stop echo\n\
        processes\n\
        transcript echo 1\n";
    let played = play(&["single,2"], script);
    assert_eq!(
        played.ends_with(0),
        "it is the process `sleep`: `transcript sleep`, `kill sleep`\n\
         echo   h1  running\n\
         sleep  h2  running\n\
         echo   h1  ended by SIGTERM\n\
         sleep  h2  ended by SIGKILL\n\
         two\n"
    );
    // What was started by hand is in the record, like everything else.
    let files = files_below(played.results.path());
    let named = |end: &str| files.iter().any(|file| file.to_string_lossy().ends_with(end));
    assert!(named("echo.cast") && named("sleep.cast"), "{files:?}");
}

#[test]
fn what_goes_wrong_in_a_script_is_said_and_counts() {
    let script = "\
        run h1 echo: cat\n\
        ndoes\n\
        send ehco: x\n\
        expect: {from: echo, output: never, within: 50ms}\n\
        h1\n\
        py net\n\
        link s1 h1 down\n\
        pingall\n\
        exit\n\
        nodes\n";
    let said = play(&["single,2"], script).ends_with(1);
    for words in [
        "did you mean `nodes`?",
        "there is no process `ehco`",
        "  |\n1 | send: {to: ehco, line: \"x\"}\n",
        "error: echo did not say `never` within 50 ms",
        "write `h1 COMMAND`",
        "labrun has no `py`",
        "h1 -> X\nh2 -> X\n*** Results: 100% dropped (0/2 received)",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("hosts     h1"), "nothing is done behind `exit`: {said}");
}

#[test]
fn packets_are_captured() {
    on_each_backend(|backend| {
        let ping = "h2 ping -c2 -i0.2 -W2 h1 >/dev/null && echo there";
        let script = format!(
            "capture h1-eth0\n{ping}\ncapture h1\ncapture h1-eth0\ncapture h1-eth0 off\n\
             capture h1-eth0 off\n{ping}\ncapture h1-eth0\n{ping}\n"
        );
        let played = play(&["single,2", "--backend", backend], &script);
        let said = played.ends_with(1);
        assert!(said.contains("h1-eth0.pcap\nthere\n"), "{said}");
        assert!(said.contains("error: h1-eth0 goes into "), "{said}");
        assert!(said.contains(" packets in "), "{said}");
        assert!(said.contains("error: h1-eth0 is not captured at this prompt\n"), "{said}");
        let (_, last) = said.trim_end().rsplit_once('\n').unwrap();
        assert!(last.ends_with("h1-eth0-2.pcap"), "the second ends with the prompt: {said}");
        assert!(said.contains("write `capture h1-eth0`"), "{said}");
        let files = files_below(played.results.path());
        for name in ["h1-eth0.pcap", "h1-eth0-2.pcap"] {
            let file = files.iter().find(|file| file.ends_with(name)).unwrap();
            let bytes = std::fs::read(file).unwrap();
            let packets = lab_network::capture::pcap::packets(&bytes).unwrap();
            // RFC 894, RFC 791: Ethernet's type is IPv4, and IPv4's protocol is ICMP.
            let is_icmp = |bytes: &[u8]| bytes[12..14] == [8, 0] && bytes[23] == 1;
            let pings = packets.iter().filter(|packet| is_icmp(packet.bytes)).count();
            assert_eq!(pings, 4, "two questions and two answers, and none while it was off");
        }
    });
}

#[test]
fn a_capture_at_a_paused_host_holds_nobody_up() {
    let script = "capture h1-eth0\npause h1\ncapture h1-eth0 off\ncapture h1-eth0\ndown\n";
    let said = play(&["single,2"], script).ends_with(1);
    assert!(said.contains("error: the capture of h1-eth0 does not end"), "{said}");
    assert!(said.contains("help: a host that is paused needs `resume` first"), "{said}");
}

#[test]
fn what_tcp_carries_is_measured() {
    let said = play(&["single,2"], "link s1 h2 bw=10\niperf h1 h2\nlink s1 h2 down\n").ends_with(0);
    let rate = said.split_once("h1 -> h2  ").and_then(|(_, rest)| rest.split_once(" Mbit/s"));
    let (rate, _) = rate.unwrap_or_else(|| panic!("{said}"));
    let rate: f64 = rate.parse().unwrap();
    // Half of it and more is a link of that width; anything else has none.
    assert!((1.0..=12.0).contains(&rate), "{said}");
}

#[test]
fn at_a_terminal() {
    let (name, results) = (unique(), tempfile::tempdir().unwrap());
    let line = format!(
        "XDG_STATE_HOME='{0}' {1} up single,2 --name {name} --results '{0}'",
        results.path().display(),
        env!("CARGO_BIN_EXE_labrun"),
    );
    let Some(tmux) = Tmux::open(&line) else { return };
    let prompt = |shown: &str| shown.trim_end().ends_with("labrun>");
    tmux.shows(prompt);

    // Ctrl-C is for the command.
    tmux.press(&["h1 ping h2", "Enter"]);
    tmux.shows(|shown| shown.contains("icmp_seq=2"));
    tmux.press(&["C-c"]);
    tmux.shows(|shown| shown.contains("packets transmitted") && prompt(shown));
    tmux.press(&["run h1 talker: cat", "Enter", "expect talker: never", "Enter"]);
    tmux.shows(|shown| shown.trim_end().ends_with("expect talker: never"));
    tmux.press(&["C-c"]);
    tmux.shows(|shown| shown.contains("expect talker: never\n^C\n") && prompt(shown));
    tmux.press(&["C-c"]);
    tmux.shows(|shown| shown.contains("`exit` or Ctrl-D leaves"));

    // Somebody at another prompt does something, while half a line is typed here.
    tmux.press(&["transcript ta", "Tab", "ha"]);
    tmux.shows(|shown| shown.trim_end().ends_with("labrun> transcript talker ha"));
    let other = labrun().args(["prompt", &name]).stdin(Stdio::piped()).spawn();
    let mut other = other.unwrap();
    other.stdin.take().unwrap().write_all(b"kill talker\n").unwrap();
    assert!(other.wait().unwrap().success());
    let told = "* talker was killed by SIGKILL\nlabrun> transcript talker ha";
    tmux.shows(|shown| shown.trim_end().ends_with(told));

    // A step of several lines, and what was typed before.
    tmux.press(&["C-u", "exec:", "Enter", "  host: h1", "Enter", "  run: echo one two", "Enter"]);
    tmux.press(&["Enter"]);
    tmux.shows(|shown| shown.contains("\none two\n") && prompt(shown));
    tmux.press(&["C-d"]);
    tmux.shows(|shown| shown.contains("ended with 0"));
    tmux.is_given_back();
    let history = std::fs::read_to_string(results.path().join("labrun/history")).unwrap();
    assert!(history.contains("h1 ping h2\n"), "{history}");
    let files = files_below(results.path());
    let events = files.iter().find(|file| file.ends_with("events.jsonl")).unwrap();
    let events = std::fs::read_to_string(events).unwrap();
    assert!(events.contains("it was interrupted"), "the step was not given up: {events}");
}

#[test]
fn a_prompt_ends_with_its_session() {
    let session = Session::up(&["single,2"]);
    let line = format!("{} prompt {}", env!("CARGO_BIN_EXE_labrun"), session.name);
    let Some(tmux) = Tmux::open(&line) else { return };
    tmux.shows(|shown| shown.contains("labrun>"));
    drop(session);
    tmux.shows(|shown| shown.contains("the session has ended") && shown.contains("ended with 0"));
    tmux.is_given_back();
}
