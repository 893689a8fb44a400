//! The scenario of the handbook becomes the plan that it should.

use std::io;
use std::path::Path;
use std::time::Duration;

use lab_scenario::plan::{
    Action, Assertion, BackendKind, Command, ExitStatus, Fault, Input, LinkChange, LinkState,
    ProcessId, Ready, Signal, Times,
};
use lab_scenario::source::Source;
use lab_scenario::template::Template;
use lab_scenario::{Lab, PlanOptions, parse_lab, parse_scenario};

const SCENARIO: &str = r#"
name: three users chat through the server
topology: star-4                  # topologies/star-4.yaml
timeout: 20s
vars:   {port: 12345}
matrix: {threads: [1, 2]}         # one run for each combination

processes:
  server: {host: h4, run: "chat-server direct --listen 0.0.0.0:${port} --threads ${threads}", ready: {output: listening}}
  alice:  {host: h1, run: "chat-client direct ${h4.ip}:${port} --name alice"}
  bob:    {host: h2, run: "chat-client direct ${h4.ip}:${port} --name bob"}

steps:                            # without a `start`, all processes start first
  - dialogue: |                   # the readable way
      alice> To bob:hello
      bob<   hello From alice
      alice> nonsense
      alice< /Format error.*/     # /…/ is a regular expression
  - silence: {from: bob, for: 300ms}
  - link: {between: [h2, s1], state: down}
  - send: {to: alice, line: "To bob:lost?"}
  - expect: {from: alice, output: "cannot be reached", within: 5s}
  - exec: {host: h1, run: "ping -c1 -W1 h2", exit: 1}
  - signal: {to: server, signal: SIGTERM}
  - exit: {of: server, code: 0}

checks:                           # on the whole record, after the steps
  - name: bob heard alice exactly once
    points: 2
    count: {in: bob, output: "hello From alice", is: 1}
"#;

const TOPOLOGY: &str = "
hosts: [h1, h2, h3, h4]
switches: [s1]
links:
  - between: [h1, s1]
  - between: [h2, s1]
  - between: [h3, s1]
  - between: [h4, s1]
";

fn files(path: &Path) -> io::Result<Vec<u8>> {
    match path.to_str() {
        Some("/repo/topologies/star-4.yaml") => Ok(TOPOLOGY.into()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}

fn known(words: &[Template]) -> Vec<String> {
    words.iter().filter_map(Template::known).collect()
}

#[test]
fn the_example_becomes_two_plans() {
    let lab = Lab::bare("/repo/labs/direct-chat");
    let scenario =
        parse_scenario(source("labs/direct-chat/three.yaml", SCENARIO), &lab, &files).unwrap();
    assert_eq!(scenario.title(), "three users chat through the server");
    assert_eq!((scenario.id(), scenario.variants()), ("three", 2));
    assert!(scenario.warnings().is_empty());
    let plans = scenario.plans(&PlanOptions::default()).unwrap();
    let labels: Vec<_> = plans.iter().map(|plan| plan.identity.label()).collect();
    assert_eq!(labels, ["direct-chat/three [threads=1]", "direct-chat/three [threads=2]"]);

    let plan = &plans[1];
    assert_eq!((plan.backend, plan.timeout), (BackendKind::Netns, Duration::from_secs(20)));
    assert_eq!(plan.directory, Path::new("/repo/labs/direct-chat"));
    let [server, alice, bob] = plan.processes.as_slice() else { panic!("not three") };
    let Command::Words(words) = &server.command else { panic!("no words") };
    assert_eq!(
        known(words),
        ["chat-server", "direct", "--listen", "0.0.0.0:12345", "--threads", "2"]
    );
    assert!(
        matches!(&server.ready, Some(Ready::Output(pattern)) if pattern.to_string() == "listening")
    );
    let Command::Words(words) = &alice.command else { panic!("no words") };
    assert_eq!(known(words)[2], "10.0.0.4:12345");
    assert_eq!((bob.host.as_str(), bob.place.line, bob.place.column), ("h2", 11, 3));

    let steps: Vec<_> = plan.steps.iter().map(|step| step.text.as_str()).collect();
    assert_eq!(
        steps,
        [
            "start: server",
            "start: alice",
            "start: bob",
            "alice> To bob:hello",
            "bob<   hello From alice",
            "alice> nonsense",
            "alice< /Format error.*/",
            "silence: {from: bob, for: 300ms}",
            "link: {between: [h2, s1], state: down}",
            "send: {to: alice, line: \"To bob:lost?\"}",
            "expect: {from: alice, output: \"cannot be reached\", within: 5s}",
            "exec: {host: h1, run: \"ping -c1 -W1 h2\", exit: 1}",
            "signal: {to: server, signal: SIGTERM}",
            "exit: {of: server, code: 0}",
        ]
    );
    let line = &plan.steps[4];
    assert_eq!(&SCENARIO[line.place.start..line.place.end], line.text);
    assert_eq!((line.place.line, line.place.column), (16, 7));
    let alice = ProcessId(1);
    let typed = Input::Line(Template::literal("To bob:hello"));
    assert_eq!(plan.steps[3].action, Action::Send { to: alice, input: typed });
    assert!(matches!(&plan.steps[6].action, Action::Expect { from: ProcessId(1), output, .. }
        if output.to_string() == "/Format error.*/"));
    assert_eq!(
        plan.steps[8].action,
        Action::Fault(Fault::Link {
            between: ["h2".into(), "s1".into()],
            change: LinkChange::State(LinkState::Down)
        })
    );
    assert_eq!(plan.steps[12].action, Action::Signal { to: ProcessId(0), signal: Signal::TERM });
    assert_eq!(
        plan.steps[13].action,
        Action::Exit { of: ProcessId(0), status: Some(ExitStatus::Code(0)) }
    );
    assert_eq!(plan.checks[0].points, 2);
    assert!(matches!(
        &plan.checks[0].assertion,
        Assertion::Count { of, times: Times { at_least: 1, at_most: Some(1) }, .. }
            if of == &[ProcessId(2)]
    ));
}

#[test]
fn a_lab_gives_programs_and_paths() {
    let lab = parse_lab(
        source(
            "lab.yaml",
            "name: Chat directly\nbuild: cargo build\npath: ../../target/release\n\
             programs:\n  server: chat-server direct\nenv: {LOG: \"${run.dir}/log\"}\n\
             requires: [python3]\nscenarios: [three.yaml]\n",
        ),
        "/repo/labs/direct-chat",
    )
    .unwrap();
    assert_eq!((lab.id.as_str(), lab.title.as_str()), ("direct-chat", "Chat directly"));
    let text = "
topology: {single: 2}
processes:
  server: {host: h1, run: \"${program.server} --port ${port}\"}
vars: {port: 1}
";
    let scenario = parse_scenario(source("one.yaml", text), &lab, &files).unwrap();
    assert_eq!(scenario.requires(), ["python3"]);
    let mut options = PlanOptions { repeat: 2, seed: 7, ..PlanOptions::default() };
    options.programs.insert("server".into(), "python3 '../my server.py'".into());
    options.vars.insert("port".into(), "99".into());
    let plans = scenario.plans(&options).unwrap();
    assert_eq!(plans.len(), 2);
    assert_eq!((plans[0].identity.seed, plans[1].identity.repetition), (7, (2, 2)));
    let Command::Words(words) = &plans[0].processes[0].command else { panic!("no words") };
    assert_eq!(known(words), ["python3", "../my server.py", "--port", "99"]);
    assert_eq!(plans[0].path, [Path::new("/repo/labs/direct-chat/../../target/release")]);
    assert_eq!(plans[0].env[0].1.to_string(), "${run.dir}/log");
}
