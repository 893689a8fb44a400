//! `share: topology`: scenarios of a lab on one network, one after the other, that
//! must not notice.

use std::path::Path;

use serde_json::Value;

use super::backends::{mininet_is_there, on_each_backend};
use super::harness::{Lab, files_below, labrun, skip_for_want_of_mininet};

/// What became of a scenario.
#[derive(Debug)]
struct Told {
    name: String,
    verdict: String,
    complaint: Value,
    /// Whether the network was an earlier run's.
    shared: bool,
    /// Why it could not be.
    not_shared: Option<String>,
}

/// Runs a lab, and returns what was printed and what became of its scenarios, by name.
fn run(lab: &Path, backend: &str) -> (String, Vec<Told>) {
    let results = tempfile::tempdir().unwrap();
    let output = labrun()
        .arg("run")
        .arg(lab)
        .args(["--backend", backend, "--jobs", "1", "--retry-invalid", "5", "--results"])
        .arg(results.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut told = Vec::new();
    for file in files_below(results.path()).iter().filter(|file| file.ends_with("run.json")) {
        let run: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let verdict = run["verdict"].as_str().unwrap().to_owned();
        if verdict == "invalid" {
            continue;
        }
        let events = std::fs::read_to_string(file.with_file_name("events.jsonl")).unwrap();
        let records = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut networks = records.map(|record| record["event"]["network_up"].clone());
        let network = networks.find(Value::is_object).unwrap();
        told.push(Told {
            name: run["scenario"].as_str().unwrap().to_owned(),
            verdict,
            complaint: run["failure"]["summary"].clone(),
            shared: network["shared"] == true,
            not_shared: network["not_shared"].as_str().map(str::to_owned),
        });
    }
    assert!(!told.is_empty(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    told.sort_by(|a, b| a.name.cmp(&b.name));
    (text, told)
}

fn lab(share: &str) -> Lab {
    Lab::new().file("lab.yaml", &format!("name: shared\nshare: {share}\n"))
}

const HEAD: &str = "topology: {single: 2}\ntimeout: 30s\nprocesses:\n";

/// Tells on h2 what comes from h1.
const TALK: &str = "  server: {host: h2, run: python3 -u ./server.py, ready: {tcp: 7000}}\n  \
    client: {host: h1, after: [server], shell: 'python3 ./client.py'}\n\
    steps:\n  - expect: {from: server, output: heard hello}\n";

/// Closes its connections first, and wants its port again at once, without `SO_REUSEADDR`.
const SERVER: &str = "import socket\n\
    s = socket.socket()\ns.bind(('10.0.0.2', 7000))\ns.listen()\nc, _ = s.accept()\n\
    print('heard', c.recv(100).decode())\nc.close()\nimport time\ntime.sleep(100)\n";

const CLIENT: &str = "import socket\n\
    s = socket.create_connection(('10.0.0.2', 7000))\ns.send(b'hello')\ns.recv(1)\ns.close()\n\
    import time\ntime.sleep(100)\n";

/// Scenarios that leave behind what they can, and each time one that would notice.
fn messy(share: &str) -> Lab {
    let stays = "(trap '' HUP TERM; setsid sleep 1000 >/dev/null 2>&1 &) ; echo away; cat";
    let nobody = "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c '/sleep$'; cat";
    let cut = "  p: {host: h1, run: cat}\nsteps:\n  \
               - link: {between: [h1, s1], state: down}\n  \
               - partition: [[h1], [h2]]\n  \
               - link: {between: [h2, s1], bw: 0.1}\n  \
               - expect: {from: p, output: nothing, within: 50ms}\n";
    let address = "ip address add 10.5.5.5/24 dev h1-eth0; echo done; cat";
    let no_address = "ip address show dev h1-eth0 | grep -c 10.5.5.5; cat";
    let says = |run: &str, words: &str| {
        format!(
            "{HEAD}  p: {{host: h1, shell: \"{run}\"}}\nsteps:\n  \
             - expect: {{from: p, output: {words}}}\n"
        )
    };
    lab(share)
        .file("server.py", SERVER)
        .file("client.py", CLIENT)
        .file("1-talks.yaml", &format!("{HEAD}{TALK}"))
        .file("2-talks-again.yaml", &format!("{HEAD}{TALK}"))
        .file("3-cuts-and-dies.yaml", &format!("{HEAD}{cut}"))
        .file("4-talks-again.yaml", &format!("{HEAD}{TALK}"))
        .file("5-stays.yaml", &says(stays, "away"))
        .file("6-is-alone.yaml", &says(nobody, "\"0\""))
        .file("7-new-address.yaml", &says(address, "done"))
        .file("8-has-it-not.yaml", &says(no_address, "\"0\""))
}

#[test]
fn the_same_verdicts_with_and_without() {
    on_each_backend(|backend| {
        let (_, alone) = run(messy("nothing").path(), backend);
        let (text, together) = run(messy("topology").path(), backend);
        let verdicts = |told: &[Told]| {
            let tell = |told: &Told| format!("{} {} {}", told.name, told.verdict, told.complaint);
            told.iter().map(tell).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&alone), verdicts(&together), "{backend}");
        let failed = together.iter().filter(|told| told.verdict == "fail");
        let failed: Vec<_> = failed.map(|told| told.name.as_str()).collect();
        assert_eq!(failed, ["3-cuts-and-dies"], "{backend}: {together:?}");
        assert!(alone.iter().all(|told| !told.shared && told.not_shared.is_none()), "{alone:?}");
        if backend == "netns" {
            assert!(together.iter().all(|told| !told.shared), "{together:?}");
            return;
        }
        // The first has to build it; after a change of address nobody else gets it. A run
        // that was disturbed, on a busy machine, costs a network as well.
        let [first, .., last] = together.as_slice() else { panic!("{together:?}") };
        assert!(!first.shared && !last.shared, "{together:?}");
        assert!(together.iter().any(|told| told.shared), "{together:?}");
        assert_eq!(first.not_shared, None);
        let why = last.not_shared.as_deref().unwrap();
        let disturbed = "the run was disturbed";
        assert!(why == disturbed || why.starts_with("h1's ") && why.ends_with(" changed"), "{why}");
        let note = format!("7-new-address: {why}");
        assert!(text.contains("note: not shared after ") && text.contains(&note), "{text}");
    });
}

#[test]
fn only_the_same_network_is_shared() {
    if !mininet_is_there() {
        return skip_for_want_of_mininet("that only the same network is shared");
    }
    let other = "topology: {single: 3}\nprocesses:\n  p: {host: h3, shell: echo hello; cat}\n\
                 steps:\n  - expect: {from: p, output: hello}\n";
    let lab = lab("topology").file("a.yaml", other).file("b.yaml", &other.replace("3", "2"));
    let (text, told) = run(lab.path(), "mininet");
    assert!(told.iter().all(|told| !told.shared && told.verdict == "pass"), "{told:?}");
    assert!(!text.contains("not shared"), "{text}");
}

#[test]
fn repetitions_share_and_each_has_its_own_clock_and_folder() {
    if !mininet_is_there() {
        return skip_for_want_of_mininet("that repetitions share a network");
    }
    let scenario = "topology: {single: 2}\nprocesses:\n  \
                    p: {host: h1, shell: 'echo in ${run.dir}; cat'}\n\
                    steps:\n  - expect: {from: p, output: in /}\n";
    let lab = lab("topology").file("a.yaml", scenario);
    let results = lab.path().join("results");
    let output = labrun()
        .args(["run", "--backend", "mininet", "--jobs", "1", "--repeat", "4"])
        .args(["--retry-invalid", "5", "--results"])
        .args([&results, &lab.path().join("a.yaml")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    for file in files_below(&results).iter().filter(|file| file.ends_with("events.jsonl")) {
        let text = std::fs::read_to_string(file).unwrap();
        let folder = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert!(text.contains(folder), "{folder} is not in {text}");
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert!(first["event"]["run_started"].is_object(), "{first}");
        assert!(first["at"].as_u64().unwrap() < 1_000_000_000, "{first}");
        assert_eq!(text.matches("run_finished").count(), 1);
        assert!(!text.contains("stage_ready"), "{text}");
    }
}
