//! `share: topology`: scenarios of a lab on one network, one after the other, that
//! must not notice.

use std::path::Path;

use serde_json::Value;

use super::backends::on_each_backend;
use super::harness::{Lab, files_below, labrun};

/// What became of the scenarios of a lab: by name, the verdict, the complaint, and whether
/// the network was an earlier run's.
type Told = Vec<(String, String, Value, bool)>;

fn run(lab: &Path, backend: &str, arguments: &[&str]) -> Told {
    let results = tempfile::tempdir().unwrap();
    let output = labrun()
        .arg("run")
        .arg(lab)
        .args(["--backend", backend, "--jobs", "1", "--retry-invalid", "5", "--results"])
        .arg(results.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut told = Told::new();
    for file in files_below(results.path()).iter().filter(|file| file.ends_with("run.json")) {
        let run: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let verdict = run["verdict"].as_str().unwrap().to_owned();
        if verdict == "invalid" {
            continue;
        }
        let events = std::fs::read_to_string(file.with_file_name("events.jsonl")).unwrap();
        let shared = events.lines().any(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            record["event"]["network_up"]["shared"] == true
        });
        let name = run["scenario"].as_str().unwrap().to_owned();
        told.push((name, verdict, run["failure"]["summary"].clone(), shared));
    }
    assert!(!told.is_empty(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    told.sort_by(|a, b| a.0.cmp(&b.0));
    told
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
        let alone = run(messy("nothing").path(), backend, &[]);
        let together = run(messy("topology").path(), backend, &[]);
        let verdicts = |told: &Told| {
            let tell = |(name, verdict, complaint, _): &(String, String, Value, bool)| {
                format!("{name} {verdict} {complaint}")
            };
            told.iter().map(tell).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&alone), verdicts(&together), "{backend}");
        let failed = together.iter().filter(|told| told.1 == "fail").map(|told| told.0.as_str());
        assert_eq!(failed.collect::<Vec<_>>(), ["3-cuts-and-dies"], "{backend}: {together:?}");
        assert!(alone.iter().all(|told| !told.3));
        // The first has to build it; after a change of address nobody else gets it. A run
        // that was disturbed, on a busy machine, costs a network as well.
        assert!(!together[0].3 && !together[7].3, "{backend}: {together:?}");
        assert!(together.iter().any(|told| told.3), "{backend}: {together:?}");
    });
}

#[test]
fn only_the_same_network_is_shared() {
    let other = "topology: {single: 3}\nprocesses:\n  p: {host: h3, shell: echo hello; cat}\n\
                 steps:\n  - expect: {from: p, output: hello}\n";
    let lab = lab("topology").file("a.yaml", other).file("b.yaml", &other.replace("3", "2"));
    assert!(run(lab.path(), "netns", &[]).iter().all(|told| !told.3 && told.1 == "pass"));
}

#[test]
fn repetitions_share_and_each_has_its_own_clock_and_folder() {
    let scenario = "topology: {single: 2}\nprocesses:\n  \
                    p: {host: h1, shell: 'echo in ${run.dir}; cat'}\n\
                    steps:\n  - expect: {from: p, output: in /}\n";
    let lab = lab("topology").file("a.yaml", scenario);
    let results = lab.path().join("results");
    let output = labrun()
        .args(["run", "--jobs", "1", "--repeat", "4", "--retry-invalid", "5", "--results"])
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
