//! Packets that pass by hosts: in files that others read too, and judged.

use std::process::Command;

use lab_network::capture::{Frame, pcap};

use super::backends::on_each_backend;
use super::harness::{Lab, Outcome};

/// h1 says this to h2 by ping, in hexadecimal.
const HELLO: &str = "68656c6c6f";

/// h1 pings h2 with `hello`, while h2 and h3 are watched.
fn scenario(steps: &str, checks: &str) -> Lab {
    let scenario = format!(
        "topology: {{single: 3}}\ncaptures:\n  at-h2: h2\n  at-h3: {{host: h3, interface: h3-eth0}}\n\
         steps:\n  - exec: {{host: h3, run: ping -c1 h1}}\n  - label: talk\n  \
         - exec: {{host: h1, run: ping -c1 -p {HELLO} h2}}\n{steps}checks:\n{checks}"
    );
    Lab::new().file("scenario.yaml", &scenario)
}

fn file(outcome: &Outcome, name: &str) -> Vec<u8> {
    std::fs::read(outcome.run_folder.join(format!("captures/{name}.pcap"))).unwrap()
}

/// The packets of a file that hold this, as `from > to`.
fn holding(file: &[u8], wanted: &str) -> Vec<String> {
    let frames = pcap::packets(file).unwrap().into_iter().map(|packet| Frame::read(packet.bytes));
    let holds = |frame: &Frame<'_>| {
        frame.payload.windows(wanted.len()).any(|window| window == wanted.as_bytes())
    };
    let way = |frame: Frame<'_>| {
        format!("{} > {}", frame.from.unwrap().address, frame.to.unwrap().address)
    };
    frames.filter(holds).map(way).collect()
}

#[test]
fn packets_are_judged_and_kept() {
    let checks = "  - contains: {capture: at-h2, output: hello, from: h1, to: h2}\n  \
                  - count: {capture: at-h2, output: /(hello)+/, is: 2, after: talk}\n  \
                  - absent: {capture: at-h2, output: hello, before: talk}\n  \
                  - absent: {capture: at-h2, output: hello, from: h3}\n  \
                  - absent: {capture: at-h3, output: hello}\n";
    on_each_backend(|backend| {
        let lab = scenario("", checks);
        let outcome = lab.run(&["--backend", backend]);
        outcome.passes();
        let there = file(&outcome, "at-h2");
        assert_eq!(
            holding(&there, "hello"),
            ["10.0.0.1 > 10.0.0.2", "10.0.0.2 > 10.0.0.1"],
            "{backend}"
        );
        assert_eq!(holding(&file(&outcome, "at-h3"), "hello"), [""; 0]);
        let account = &outcome.run["captures"][0];
        assert_eq!(account["packets"], pcap::packets(&there).unwrap().len());
        assert_eq!(account["file"], "captures/at-h2.pcap");
        assert_eq!((account["lost"].as_u64(), account["full"].as_bool()), (Some(0), Some(false)));
        tcpdump_agrees(&outcome, "at-h2");
    });
}

/// tcpdump reads the file, all of it, and understands it, where there is one.
fn tcpdump_agrees(outcome: &Outcome, name: &str) {
    let path = outcome.run_folder.join(format!("captures/{name}.pcap"));
    let Ok(output) = Command::new("tcpdump").args(["-nn", "-r"]).arg(&path).output() else {
        assert!(std::env::var_os("LABRUN_CI").is_none(), "tcpdump is missing in CI");
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: reading packets by tcpdump");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let file = file(outcome, name);
    assert_eq!(text.lines().count(), pcap::packets(&file).unwrap().len(), "{text}");
    let echo = "10.0.0.1 > 10.0.0.2: ICMP echo request";
    assert_eq!(text.lines().filter(|line| line.contains(echo)).count(), 1, "{text}");
}

#[test]
fn what_passed_by_after_all_fails() {
    let checks = "  - absent: {capture: at-h2, output: hello, to: h2}\n";
    on_each_backend(|backend| {
        let outcome = scenario("", checks).run(&["--backend", backend]);
        outcome.fails_saying("the check `at-h2 carries `hello` to h2 never` did not hold");
        outcome.says("in one packet, at ").says("from 10.0.0.1 to 10.0.0.2");
    });
}

#[test]
fn silence_shows_nothing() {
    let scenario = "topology: {single: 2}\ncaptures: {wire: h2}\n\
                    checks:\n  - absent: {capture: wire, output: hello}\n";
    on_each_backend(|backend| {
        let outcome = Lab::new().file("scenario.yaml", scenario).run(&["--backend", backend]);
        assert_eq!(outcome.code, Some(3), "{}", outcome.text());
        assert_eq!(outcome.run["verdict"], "inconclusive");
        outcome.says("no host was heard at all, so this shows nothing");
    });
}

/// The link of a capture may be cut and mended.
#[test]
fn a_capture_outlives_its_link() {
    let steps = format!(
        "  - link: {{between: [h2, s1], state: down}}\n  - link: {{between: [h2, s1], state: up}}\n  \
         - label: mended\n  - retry: {{steps: [exec: {{host: h1, run: ping -c1 -W1 -p {HELLO} h2}}]}}\n"
    );
    let checks = "  - contains: {capture: at-h2, output: hello, before: mended}\n  \
                  - contains: {capture: at-h2, output: hello, after: mended}\n";
    on_each_backend(|backend| {
        scenario(&steps, checks).run(&["--backend", backend]).passes();
    });
}

/// A flood fills the file to its bound; it is said that there was more, and what is there
/// is whole.
#[test]
fn a_file_is_bounded() {
    let steps = "  - exec: {host: h1, run: ping -q -i 0.002 -c 1000 -s 60000 h2, within: 20s}\n";
    let checks = "  - absent: {capture: at-h2, output: never sent}\n  \
                  - contains: {capture: at-h2, output: hello}\n";
    let lab = scenario(steps, checks);
    let outcome = lab.run(&[]);
    assert_eq!(outcome.code, Some(3), "{}", outcome.text());
    outcome.says("the capture was full before the end");
    let file = file(&outcome, "at-h2");
    assert!((15 << 20..=16 << 20).contains(&file.len()), "{} bytes", file.len());
    pcap::packets(&file).unwrap();
    assert_eq!(outcome.run["captures"][0]["full"], true);
    let warnings = outcome.run["warnings"].to_string();
    assert!(warnings.contains("the capture at-h2 is full"), "{warnings}");
}

/// Whoever is killed: what has passed by so far can be read.
#[test]
fn the_file_of_a_run_that_was_killed_is_whole() {
    use super::harness::{files_below, labrun};
    let lab = scenario("  - wait: 60s\n", "  - contains: {capture: at-h2, output: hello}\n");
    let results = lab.path().join("results");
    let mut child = labrun()
        .arg("run")
        .arg(lab.path().join("scenario.yaml"))
        .arg("--results")
        .arg(&results)
        .args(["--timeout", "90s"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let found = loop {
        let files = files_below(&results);
        let file = files.iter().find(|file| file.ends_with("captures/at-h2.pcap"));
        let bytes = file.map(|file| std::fs::read(file).unwrap()).unwrap_or_default();
        let is_there = pcap::packets(&bytes).is_ok_and(|_| !holding(&bytes, "hello").is_empty());
        if is_there || std::time::Instant::now() > patience {
            break file.cloned();
        }
        std::thread::yield_now();
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let file = std::fs::read(found.unwrap()).unwrap();
    assert!(!holding(&file, "hello").is_empty());
}

/// Only Mininet knows the hosts of a custom topology, so they are looked for in the stage.
#[test]
fn a_capture_that_cannot_be_made_says_why() {
    use super::backends::mininet_is_there;
    if !mininet_is_there() {
        super::harness::skip_for_want_of_mininet("captures in a custom topology");
        return;
    }
    let topology = super::harness::checkout().join("topologies/chat.py");
    let scenario = |capture: &str| {
        format!(
            "topology: {{mininet: {}, topo: chat}}\nbackend: mininet\ncaptures: {{wire: {capture}}}\n\
             steps:\n  - exec: {{host: h1, run: \"ping -c1 -p {HELLO} ${{h2.ip}}\"}}\n\
             checks:\n  - contains: {{capture: wire, output: hello, from: h1}}\n",
            topology.display()
        )
    };
    let run = |capture: &str| Lab::new().file("scenario.yaml", &scenario(capture)).run(&[]);
    run("h2").passes();
    let outcome = run("h99");
    outcome.says("the capture wire cannot be made: there is no host `h99` in this network");
    assert_eq!(outcome.run["verdict"], "invalid");
    run("{host: h2, interface: h2-eth9}").says("h2 has no interface `h2-eth9`");
}
