//! The same scenario files give the same verdict on every backend.

use std::path::Path;

use super::harness::{Lab, checkout, files_below, labrun, skip_for_want_of_mininet};

/// Runs on each backend; a missing Mininet is skipped loudly, but is a failure
/// where the environment says that it should be there.
pub(super) fn on_each_backend(test: impl Fn(&str)) {
    test("netns");
    if mininet_is_there() {
        test("mininet");
    } else {
        skip_for_want_of_mininet("the half of a test that needs Mininet");
    }
}

pub(super) fn mininet_is_there() -> bool {
    let output = labrun().arg("doctor").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().any(|line| line.trim_start().starts_with("yes  mininet"))
}

/// `labrun run labs`, whole, with the arguments that the README promises.
#[test]
fn the_labs_pass_on_both() {
    on_each_backend(|backend| {
        let results = tempfile::tempdir().unwrap();
        let output = labrun()
            .current_dir(checkout())
            .args(["run", "labs", "--backend", backend, "--results"])
            .arg(results.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{backend}:\n{text}{errors}");
        let runs = files_below(results.path());
        let count = runs.iter().filter(|file| file.ends_with("run.json")).count();
        assert_eq!(count, scenarios(&checkout().join("labs")), "{backend}:\n{text}");
    });
}

/// How many scenarios there are below a folder.
fn scenarios(labs: &Path) -> usize {
    let is_scenario = |file: &std::path::PathBuf| {
        file.extension().is_some_and(|end| end == "yaml") && !file.ends_with("lab.yaml")
    };
    files_below(labs).iter().filter(|file| is_scenario(file)).count()
}

#[test]
fn a_failure_is_the_same_failure_on_both() {
    on_each_backend(|backend| {
        let scenario = "topology: {single: 3}\nprocesses:\n  p: {host: h3, run: cat}\n\
                        steps:\n  - send: {to: p, line: one}\n  \
                        - expect: {from: p, output: two, within: 200ms}\n";
        let outcome = Lab::new().file("scenario.yaml", scenario).run(&["--backend", backend]);
        outcome.fails_saying("p did not say `two` within 200 ms");
        assert_eq!(outcome.run["backend"], backend);
    });
}

#[test]
fn a_host_knows_its_name_its_address_and_the_others() {
    let script = "hostname; cat /etc/hosts; ip -o -4 addr show dev h2-eth0; ip -o link";
    let scenario = "topology: {linear: 3}\nprocesses:\n  p: {host: h2, run: ./p.sh}\nsteps:\n  \
                    - dialogue: |\n      p< h2\n      p< /10.0.0.1\\s+h1\\n/\n      p< /10.0.0.3\\s+h3\\n/\n      \
                    p< 10.0.0.2/8\n      p< 00:00:00:00:00:02\n";
    on_each_backend(|backend| {
        Lab::new()
            .script("p.sh", script)
            .file("scenario.yaml", scenario)
            .run(&["--backend", backend])
            .passes();
    });
}

/// Open vSwitch lives only on Mininet.
#[test]
fn open_vswitch_is_mininets() {
    let scenario = "topology: {single: 2, switch: ovs}\nprocesses:\n  p: {host: h1, run: cat}\n\
                    steps:\n  - send: {to: p, line: x}\n  - expect: {from: p, output: x}\n";
    let lab = Lab::new().file("scenario.yaml", scenario);
    lab.run(&["--backend", "netns"]).says("only the mininet backend has Open vSwitch");
    if mininet_is_there() {
        lab.run(&["--backend", "mininet"]).passes();
    } else {
        skip_for_want_of_mininet("Open vSwitch on Mininet");
    }
}

#[test]
fn a_custom_mininet_topology_is_one_as_for_mn() {
    if !mininet_is_there() {
        skip_for_want_of_mininet("a custom topology");
        return;
    }
    let topology = checkout().join("topologies/chat.py");
    let scenario = format!(
        "topology: {{mininet: {}, topo: chat}}\nbackend: mininet\nprocesses:\n  \
         p: {{host: h4, shell: \"echo I am ${{h4.ip}}; exec cat\"}}\nsteps:\n  \
         - expect: {{from: p, output: I am 10.0.0.4}}\n",
        topology.display()
    );
    Lab::new().file("scenario.yaml", &scenario).run(&[]).passes();
}
