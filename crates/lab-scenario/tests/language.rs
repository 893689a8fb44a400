//! What becomes of each construct of the language.

mod support;

use std::time::Duration;

use lab_scenario::answer::Claim;
use lab_scenario::plan::{
    Action, Answer, Assertion, Command, ExitStatus, Input, Plan, ProcessId, Ready, Signal, Stdio,
};
use lab_scenario::template::Template;
use lab_scenario::topology::{NodeKind, SwitchKind, Topology};
use lab_scenario::{Lab, PlanOptions};

fn plans() -> Vec<Plan> {
    let scenario = support::scenario(include_str!("whole_language.yaml"));
    assert!(scenario.warnings().is_empty(), "{}", scenario.warnings());
    assert_eq!(scenario.description(), Some("For the tests."));
    assert_eq!(scenario.requires(), ["python3", "netem"]);
    let options = PlanOptions { seed: 42, ..PlanOptions::default() };
    scenario.plans(&options).unwrap_or_else(|problems| panic!("{problems}"))
}

fn plan() -> Plan {
    plans().swap_remove(0)
}

fn words(command: &Command) -> Vec<String> {
    match command {
        Command::Words(words) => words.iter().map(ToString::to_string).collect(),
        Command::Shell(line) => vec!["sh -c".to_owned(), line.to_string()],
    }
}

#[test]
fn the_matrix_is_a_product_whose_last_key_changes_fastest() {
    let labels: Vec<_> = plans().iter().map(|plan| plan.identity.label()).collect();
    assert_eq!(
        labels,
        [
            "lab/scenario [threads=1 mode=fast]",
            "lab/scenario [threads=1 mode=slow]",
            "lab/scenario [threads=2 mode=fast]",
            "lab/scenario [threads=2 mode=slow]",
        ]
    );
}

#[test]
fn a_variable_of_the_command_line_takes_the_place_of_a_matrix() {
    let scenario = support::scenario(include_str!("whole_language.yaml"));
    let vars = [("mode".to_owned(), "odd ${x}".to_owned())].into();
    let options = PlanOptions {
        vars,
        repeat: 2,
        timeout: Some(Duration::from_secs(1)),
        ..PlanOptions::default()
    };
    let plans = scenario.plans(&options).unwrap_or_else(|problems| panic!("{problems}"));
    let labels: Vec<_> = plans.iter().map(|plan| plan.identity.label()).collect();
    assert_eq!(labels[1], "lab/scenario [threads=1 mode=odd ${x}] #2");
    assert_eq!((plans.len(), plans[3].timeout), (4, Duration::from_secs(1)));
    assert_ne!(plans[0].identity.seed, plans[1].identity.seed);
}

#[test]
fn networks() {
    let Topology::Described(network) = plan().topology else { panic!("not described") };
    let nodes: Vec<_> = network.nodes.iter().map(|node| (node.name.as_str(), node.kind)).collect();
    let bridge = NodeKind::Switch(SwitchKind::Bridge);
    assert_eq!(
        nodes,
        [
            ("h1", NodeKind::Host),
            ("h2", NodeKind::Host),
            ("r1", NodeKind::Router),
            ("s1", bridge),
            ("s2", bridge)
        ]
    );
    let link = &network.links[0];
    assert_eq!((link.mtu, link.shape.bw, link.shape.loss), (Some(1400), Some(10.0), Some(0.5)));
    assert_eq!(link.shape.delay, Some(Duration::from_millis(5)));
    assert_eq!(link.shape.max_queue_size, Some(100));
    assert_eq!(network.links[3].a.ip.map(|ip| ip.to_string()).as_deref(), Some("10.0.2.254/24"));
    assert_eq!(network.nodes[0].gateway.map(|ip| ip.to_string()).as_deref(), Some("10.0.1.254"));
}

#[test]
fn processes() {
    let plan = plan();
    let [server, alice, bob, beacon, once, quiet] = plan.processes.as_slice() else {
        panic!("not six")
    };
    assert_eq!(
        words(&server.command),
        [
            "chat-server",
            "direct",
            "--port",
            "4000",
            "--threads",
            "1",
            "--mode=fast",
            "--title",
            "two words"
        ]
    );
    assert_eq!(server.ready, Some(Ready::Tcp(4000)));
    assert_eq!(
        (server.ready_within, server.grace),
        (Duration::from_secs(4), Duration::from_millis(500))
    );
    assert_eq!((server.stop, alice.stop), (Signal::TERM, Signal(2)));
    assert_eq!(server.env, [("WHO".to_owned(), server.env[0].1.clone())]);
    assert_eq!(server.env[0].1.known().as_deref(), Some("10.0.1.1"));
    assert_eq!(words(&alice.command), ["sh -c", "exec cat | sed s/a/b/"]);
    assert_eq!((alice.stdio, server.stdio), (Stdio::Pipe, Stdio::Pty));
    assert_eq!((&bob.command, &bob.name), (&alice.command, &"bob".to_owned()));
    assert_eq!((&beacon.ready, &once.ready), (&Some(Ready::Udp(9)), &Some(Ready::Exit(0))));
    assert_eq!(words(&quiet.command), ["sleep", "9", "${not}"]);
    assert_eq!(quiet.ready, None);
    let env: Vec<_> = plan.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["LOG=${run.dir}/log", "SEED=42"]);
    assert_eq!(plan.path, [std::path::Path::new("/repo/lab/bin")]);
}

/// `path Wanted`, with all texts filled in.
fn shown_claim(claim: &Claim<Template>) -> String {
    match claim.map(&mut |text| text.known().ok_or("a text is not known")) {
        Ok(claim) => format!("{} {:?}", claim.path.join("."), claim.wanted),
        Err(why) => why.to_owned(),
    }
}

#[test]
fn steps() {
    let plan = plan();
    let shown = |step: &lab_scenario::plan::Step| {
        let within = step.within;
        let what = match &step.action {
            Action::Start(ProcessId(id)) => format!("start {id}"),
            Action::Stop(ProcessId(id)) => format!("stop {id}"),
            Action::Send { to, input } => match input {
                Input::Line(text) => format!("{} line {:?}", to.0, text.to_string()),
                Input::Text(text) => format!("{} text {:?}", to.0, text.to_string()),
                Input::Key(byte) => format!("{} key {byte}", to.0),
                Input::Eof => format!("{} eof", to.0),
            },
            Action::Expect { from, output, .. } => format!("{} expect {output}", from.0),
            Action::Ask { of, line, answer, every } => {
                let answer = match answer {
                    Answer::Output(output) => output.to_string(),
                    Answer::Json(claims) => {
                        claims.iter().map(shown_claim).collect::<Vec<_>>().join(", ")
                    }
                };
                format!("{} ask {line} {every:?}: {answer}", of.0)
            }
            Action::Silence { from, output, lasting } => {
                let output = output.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} silence {lasting:?} {output}", from.0)
            }
            Action::Exec { host, command, exit, output, .. } => {
                let output = output.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{host} exec {:?} {exit} {output}", words(command))
            }
            Action::Signal { to, signal } => format!("{} signal {signal}", to.0),
            Action::Exit { of, status } => {
                format!("{} {}", of.0, status.map(|s| s.to_string()).unwrap_or_default())
            }
            Action::Wait(time) => format!("wait {time:?}"),
            Action::Fault(fault) => fault.to_string(),
            other => panic!("{other:?}"),
        };
        format!("{what} ({within:?})")
    };
    let steps: Vec<_> = plan.steps.iter().map(shown).collect();
    insta::assert_snapshot!(steps.join("\n"), @r##"
    start 0 (4s)
    start 1 (3s)
    start 2 (3s)
    start 3 (3s)
    start 4 (3s)
    start 5 (3s)
    1 line "hello from 10.0.1.1" (3s)
    2 expect /^10.0.1.1.*$/ (3s)
    1 line "" (3s)
    2 expect #1 (3s)
    1 line "one\ntwo" (3s)
    1 line "one\ntwo" (3s)
    1 text "no enter" (1s)
    1 key 3 (3s)
    2 eof (3s)
    1 expect a: b (250ms)
    1 ask state None: users.*.id List([Plain("1"), Plain("2")]), log List([]) (1s)
    2 ask state 10.0.1.1 Some(5ms): name Plain("bob"), up Plain("true"), note Null, hosts Contains([Map([("id", Plain("7")), ("name", Text("10.0.1.1"))])]) (3s)
    2 ask who None: /^10.0.1.1$/ (3s)
    1 silence 100ms  (100ms)
    1 silence 100ms /error/ (100ms)
    h1 exec ["ping", "-c1", "10.0.2.1"] 0 1 received (3s)
    h2 exec ["sh -c", "ip link show h2-eth0 | grep 00:00:00:00:00:02"] 1  (9s)
    link s1–h1 down (3s)
    wait 10ms (10ms)
    link h1–s1 up (3s)
    0 signal SIGUSR1 (3s)
    4  (3s)
    2 ended with code 0 (7s)
    stop 1 (3s)
    stop 5 (3s)
    start 1 (3s)
    0 was killed by SIGKILL (3s)
    "##);
    let texts: Vec<_> = plan.steps.iter().map(|step| step.text.as_str()).collect();
    insta::assert_snapshot!(texts.join("\n"), @r##"
    start: server
    start: alice
    start: bob
    start: beacon
    start: once
    start: quiet
    alice> ${greeting}
    bob<   /^${who}.*$/
    alice>
    bob <  #1
    send: {to: alice, line: "one\ntwo"}
    send: {to: alice, line: "one\ntwo\n"}
    send: {to: alice, text: no enter, within: 1s}
    send: {to: alice, key: ^C}
    send: {to: bob, eof: true}
    expect: {from: alice, output: "a: b", within: 250ms}
    ask: {of: alice, line: state, json: {users.*.id: [1, 2], "log": []}, within: 1s}
    ask: {of: bob, line: "state ${who}", json: {name: bob, up: true, note: ~, hosts: {contains: [{id: 7, name: "${who}"}]}}, every: 5ms}
    ask: {of: bob, line: who, output: '/^${who}$/'}
    silence: {from: alice, for: 100ms}
    silence: {from: alice, for: 100ms, output: /error/}
    exec: {host: h1, run: "ping -c1 ${h2.ip}", output: 1 received}
    exec: {host: h2, shell: "ip link show ${h2.interface} | grep ${h2.mac}", exit: 1, within: 9s}
    link: {between: [s1, h1], state: down}
    wait: 10ms
    link: {between: [h1, s1], state: up}
    signal: {to: server, signal: USR1}
    exit: {of: once}
    exit: {of: bob, code: 0, within: 7s}
    stop: alice
    stop: quiet
    start: alice
    exit: {of: server, signal: SIGKILL}
    "##);
}

#[test]
fn checks() {
    let plan = plan();
    let shown = |check: &lab_scenario::plan::Check| {
        let what = match &check.assertion {
            Assertion::Count { of, output, times, together } => {
                let verb = if *together { "together count" } else { "count" };
                format!("{of:?} {verb} {output} {}..={:?}", times.at_least, times.at_most)
            }
            Assertion::Matches { of, line } => format!("{of:?} matches {line}"),
            Assertion::Packets { of, from, to, output, times } => {
                let way = format!("{from:?} to {to:?}");
                format!("{of:?} {way} count {output} {}..={:?}", times.at_least, times.at_most)
            }
            Assertion::Exit { of, status } => format!("{} {status}", of.0),
            other => panic!("{other:?}"),
        };
        format!("{} ({}): {what}", check.name, check.points)
    };
    let checks: Vec<_> = plan.checks.iter().map(shown).collect();
    insta::assert_snapshot!(checks.join("\n"), @r##"
    three times (3): [ProcessId(1)] count x 3..=Some(3)
    alice puts out /y/ 1 to ${port} times (0): [ProcessId(1)] count /y/ 1..=Some(4000)
    bob puts out `hello from` (0): [ProcessId(2)] count hello from 1..=None
    every line of bob matches /^.*$/ (0): [ProcessId(2)] matches /^.*$/
    wire carries `${words}` (0): CaptureId(0) None to None count two words 1..=None
    far carries /secret/ from h1 to h2 never (0): CaptureId(1) Some("h1") to Some("h2") count /secret/ 0..=Some(0)
    how server ends (0): 0 ended with code 0
    how alice ends (0): 1 was killed by SIGKILL
    "##);
    assert!(matches!(
        plan.checks[6].assertion,
        Assertion::Exit { of: ProcessId(0), status: ExitStatus::Code(0) }
    ));
}

#[test]
fn captures() {
    let shown: Vec<String> = plan()
        .captures
        .iter()
        .map(|capture| format!("{} {} {:?}", capture.name, capture.host, capture.interface))
        .collect();
    assert_eq!(shown, ["wire h1 None", "far r1 Some(\"r1-eth1\")"]);
}

/// Windows' line ends, a byte order mark, and the other way to write YAML.
#[test]
fn the_same_in_other_clothes() {
    let text = include_str!("whole_language.yaml");
    let plan_of = |text: &str| {
        let mut plan =
            support::scenario(text).plans(&PlanOptions::default()).map(|mut plans| plans.remove(0));
        if let Ok(plan) = &mut plan {
            plan.processes.iter_mut().for_each(|process| process.place = Default::default());
            plan.captures.iter_mut().for_each(|capture| capture.place = Default::default());
            plan.steps.iter_mut().for_each(|step| step.place = Default::default());
            plan.checks.iter_mut().for_each(|check| check.place = Default::default());
        }
        plan
    };
    let expected = plan_of(text);
    assert_eq!(plan_of(&text.replace('\n', "\r\n")), expected);
    assert_eq!(plan_of(&format!("\u{feff}{text}")), expected);
    assert_eq!(plan_of(&format!("%YAML 1.2\n---\n{text}...\n")), expected);
}

#[test]
fn topologies_by_name_path_and_kind() {
    let hosts = |topology: &str| {
        let scenario = support::scenario(&format!("topology: {topology}\n"));
        match scenario.topology() {
            Topology::Described(network) => {
                network.hosts().map(|(_, node)| node.name.clone()).collect::<Vec<_>>().join(" ")
            }
            Topology::Mininet(custom) => {
                format!("{} {} {:?}", custom.file.display(), custom.topo, custom.switch)
            }
        }
    };
    let table = [
        ("star-4", "h1 h2 h3 h4"),
        ("../topologies/star-4.yaml", "h1 h2 h3 h4"),
        ("{single: 3}", "h1 h2 h3"),
        ("{linear: 2}", "h1 h2"),
        ("{linear: {switches: 2, hosts: 2}}", "h1s1 h1s2 h2s1 h2s2"),
        ("{tree: {depth: 2, fanout: 2}, switch: ovs}", "h1 h2 h3 h4"),
        ("{hosts: [a, b], links: [{between: [a, b]}]}", "a b"),
        (
            "{mininet: campus.py, topo: \"campus,3\", switch: ovs}",
            "/repo/lab/campus.py campus,3 Ovs",
        ),
    ];
    for (topology, expected) in table {
        assert_eq!(hosts(topology), expected, "{topology}");
    }
}

/// What is not known before such a network is up stays to be filled in.
#[test]
fn hosts_of_custom_topologies() {
    let scenario = support::scenario(
        "topology: {mininet: campus.py, topo: campus}\nprocesses:\n  a: {host: gate, run: \"x ${gate.ip}\"}\nsteps:\n  - expect: {from: a, output: \"/from ${gate.ip}/\"}\n  - link: {between: [gate, core], state: down}\n",
    );
    let plan = scenario.plans(&PlanOptions::default()).unwrap_or_default().remove(0);
    assert_eq!(plan.backend, lab_scenario::plan::BackendKind::Mininet);
    assert_eq!(words(&plan.processes[0].command), ["x", "${gate.ip}"]);
    let Command::Words(command) = &plan.processes[0].command else { panic!("no words") };
    assert_eq!(command[1].known(), None);
    assert!(matches!(&plan.steps[1].action, Action::Expect { output, .. }
        if output.to_string() == "/from ${gate.ip}/"));
}

#[test]
fn a_value_in_a_pattern_is_literal() {
    let scenario = support::scenario(
        "topology: {single: 1}\nvars: {x: \"a.b\"}\nprocesses: {p: {host: h1, run: cat}}\nsteps: [{expect: {from: p, output: \"/^${x}${h1.ip}$/\"}}]\n",
    );
    let plan = scenario.plans(&PlanOptions::default()).unwrap_or_default().remove(0);
    let Action::Expect { output, .. } = &plan.steps[1].action else { panic!("no expect") };
    let Ok(lab_scenario::pattern::Pattern::Regex(regex)) = output.compile(|_| None) else {
        panic!("no regex")
    };
    assert!(regex.is_match(b"a.b10.0.0.1") && !regex.is_match(b"axb10.0.0.1"));
}

#[test]
fn files_of_a_lab() {
    let names = ["b.yaml", "lab.yaml", "a.yml", "README.md", ".hidden.yaml"].map(str::to_owned);
    assert_eq!(Lab::bare("/x/my-lab").scenario_files(&names), ["a.yml", "b.yaml"]);
    assert_eq!(Lab::bare("/x/my-lab").title, "my-lab");
    let lab = Lab { scenarios: Some(vec!["b.yaml".into()]), ..Lab::default() };
    assert_eq!(lab.scenario_files(&names), ["b.yaml"]);
}

#[test]
fn templates_survive_the_wire() {
    for plan in plans() {
        let json = serde_json::to_string(&plan).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Plan>(&json).ok(), Some(plan));
    }
    assert_eq!(
        serde_json::to_string(&Template::literal("x")).ok().as_deref(),
        Some("[{\"text\":\"x\"}]")
    );
}
