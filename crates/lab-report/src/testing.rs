//! A plan and events to report on, for tests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_runner::bytes::Bytes;
use lab_runner::dispatcher::{Job, RunOutcome};
use lab_runner::event::{Event, Failure, LastWords, Moment, Record, Verdict};
use lab_scenario::pattern::PatternTemplate;
use lab_scenario::plan::{
    Action, Assertion, BackendKind, Check, Command, ExitStatus, Identity, Input, PLAN_VERSION,
    Plan, Process, ProcessId, Signal, Stdio, Step, Times, Window,
};
use lab_scenario::source::Place;
use lab_scenario::template::Template;
use lab_scenario::topology::{Network, Topology};

/// What the plan was made of.
pub(crate) const SCENARIO: &str = "\
name: two users chat
steps:
  - dialogue: |
      alice> To bob:hello
      bob<   hello From alice
checks:
  - name: bob heard alice exactly once
    count: {in: bob, output: hello, is: 1}
";

/// Writes the scenario into a folder and makes its plan.
pub(crate) fn plan_in(folder: &Path) -> Plan {
    let file = folder.join("two-users.yaml");
    std::fs::write(&file, SCENARIO).unwrap();
    plan(file)
}

pub(crate) fn plan(file: PathBuf) -> Plan {
    let place = |text: &str| {
        let start = SCENARIO.find(text).unwrap();
        Place::of(SCENARIO, start, start + text.len())
    };
    let step = |action, text: &str, at: &str| Step {
        action,
        within: Duration::from_secs(2),
        optional: false,
        place: place(at),
        text: text.into(),
    };
    let process = |name: &str, host: &str| Process {
        name: name.into(),
        host: host.into(),
        command: Command::Shell(Template::literal("true")),
        stdio: Stdio::Pty,
        ready: None,
        ready_within: Duration::from_secs(1),
        env: vec![],
        stop: Signal::TERM,
        grace: Duration::from_secs(1),
        place: Place::default(),
    };
    let hello = || PatternTemplate::Literal(Template::literal("hello From alice"));
    Plan {
        version: PLAN_VERSION,
        identity: Identity {
            lab: "direct-chat".into(),
            scenario: "two-users".into(),
            title: "two users chat".into(),
            file,
            variant: vec![],
            repetition: (1, 1),
            seed: 42,
        },
        backend: BackendKind::Netns,
        topology: Topology::Described(Network::default()),
        share_topology: false,
        timeout: Duration::from_secs(20),
        directory: ".".into(),
        path: vec![],
        env: vec![],
        processes: vec![process("server", "h4"), process("alice", "h1"), process("bob", "h2")],
        captures: vec![],
        steps: vec![
            step(
                Action::Send {
                    to: ProcessId(1),
                    input: Input::Line(Template::literal("To bob:hello")),
                },
                "alice> To bob:hello",
                "alice> To bob:hello",
            ),
            step(
                Action::Expect {
                    from: ProcessId(2),
                    output: hello(),
                    without: vec![],
                    save: vec![],
                },
                "bob< hello From alice",
                "bob<   hello From alice",
            ),
        ],
        checks: vec![Check {
            name: "bob heard alice exactly once".into(),
            points: 2,
            hint: None,
            hidden: false,
            assertion: Assertion::Count {
                of: vec![ProcessId(2)],
                output: hello(),
                times: Times { at_least: 1, at_most: None },
                together: false,
            },
            window: Window::default(),
            place: place("{in: bob, output: hello, is: 1}"),
        }],
        mutation: None,
    }
}

pub(crate) fn job(plan: Plan) -> Job {
    Job { plan, missing: vec![] }
}

pub(crate) fn outcome(verdict: Verdict, failure: Option<Failure>) -> RunOutcome {
    RunOutcome {
        verdict,
        failure,
        duration: Duration::from_millis(214),
        points: None,
        checks: vec![],
        lacking: false,
        cut_short: false,
        disturbances: vec![],
        diagnostics: vec![],
    }
}

/// An expectation that did not hold.
pub(crate) fn failure(plan: &Plan) -> Failure {
    let said = |process, output: &[u8], unmatched_from, ended| LastWords {
        process: ProcessId(process),
        output: Bytes::from(output),
        whole: true,
        unmatched_from,
        ended,
    };
    let moment = |at, text: &str| Moment { at, text: text.into() };
    Failure {
        step: Some(1),
        place: Some(plan.steps[1].place),
        summary: "bob did not say `hello From alice` within 2 s".into(),
        detail: Some("bob said one line since what was matched before".into()),
        help: Some("this came, which differs only in case or blanks: `Hello from Alice`".into()),
        subject: Some(ProcessId(2)),
        last_words: vec![
            said(2, b"connected to \x1b[1m10.0.0.4\x1b[0m\r\n\x1b]0;evil\x07Hello from Alice\r\n\xff?\r\n", 32, None),
            said(0, b"listening on 0.0.0.0:12345\nalice is here\nbob is here\nalice: hello\n", 0, None),
            said(1, b"", 0, Some(ExitStatus::Code(1))),
        ],
        at: 2_120_000_000,
        doubts: vec![],
        since: 120_000_000,
        timeline: vec![
            moment(123_000_000, "bob< Hello from Alice"),
            moment(124_500_000, "alice ended with code 1"),
        ],
    }
}

pub(crate) fn record(at: u64, event: Event) -> (Record, Vec<u8>) {
    let record = Record { at, event };
    let mut line = serde_json::to_vec(&record).unwrap();
    line.push(b'\n');
    (record, line)
}
