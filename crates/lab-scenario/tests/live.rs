//! Scenarios that grow while they are played.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lab_scenario::plan::{Action, BackendKind, Plan};
use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, Live, PlanOptions};
use proptest::prelude::*;
use support::{files, test_lab};

const TWO: &str = "\
topology: {single: 3}
vars: {port: 4000}
processes:
  server: {host: h3, run: \"${program.server} ${port}\", ready: {tcp: 4000}}
  alice: {host: h1, run: cat}
  users: {count: 2, hosts: [h1, h2], run: \"cat ${i}\"}
steps:
  - expect: {from: server, output: up}
";

fn try_live(text: &str, options: &PlanOptions, bare: bool) -> Result<Live, Diagnostics> {
    let source = Source { path: "lab/scenario.yaml".into(), text: text.into() };
    Live::of_scenario(source, &test_lab(), &files, options, bare)
}

fn live(text: &str) -> Live {
    try_live(text, &PlanOptions::default(), false).unwrap()
}

/// The steps, those inside of others behind them, in the words of people.
fn told(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.text.as_str()).collect()
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.processes.iter().map(|process| process.name.as_str()).collect()
}

/// Whether a plan begins with all of another.
fn begins_with(plan: &Plan, before: &Plan) -> bool {
    let rest = |plan: &Plan| Plan { processes: Vec::new(), steps: Vec::new(), ..plan.clone() };
    plan.processes.starts_with(&before.processes)
        && plan.steps.starts_with(&before.steps)
        && rest(plan) == rest(before)
}

#[test]
fn every_process_is_started_and_nothing_else_happens() {
    let live = live(TWO);
    let plan = live.plan();
    assert_eq!(
        told(plan),
        ["start: server", "start: alice", "start: users", "start: users-1", "start: users-2"]
    );
    assert!(plan.checks.is_empty());
    assert_eq!(live.added().count(), 0);
    assert_eq!(plan.identity.scenario, "scenario");
}

#[test]
fn they_are_started_in_the_order_of_the_scenarios_own_steps() {
    let text = TWO.replace(
        "  - expect",
        "  - start: users\n  - parallel: [[{start: server}]]\n  - stop: server\n  - start: server\n  - expect",
    );
    let live = live(&text);
    assert_eq!(
        told(live.plan()),
        ["start: users", "start: users-1", "start: users-2", "start: server", "start: alice"]
    );
}

#[test]
fn what_comes_after_others_waits_for_them() {
    let live = live(&TWO.replace("{host: h1, run: cat}", "{host: h1, run: cat, after: users}"));
    let told = told(live.plan());
    assert_eq!(told[0], "start: all");
    let alice = told.iter().position(|text| *text == "start: alice").unwrap();
    assert_eq!(told[alice - 2..alice], ["until ready: users-1", "until ready: users-2"]);
}

#[test]
fn a_bare_one_knows_its_processes_but_starts_none() {
    let mut live = try_live(TWO, &PlanOptions::default(), true).unwrap();
    assert!(live.plan().steps.is_empty());
    assert_eq!(names(live.plan()).len(), 4);
    live.add("start: server").unwrap();
    assert_eq!(told(live.plan()), ["start: server"]);
}

#[test]
fn what_waits_for_a_saved_value_is_left_to_people() {
    let text = TWO.replace("run: cat}", "run: \"cat ${token}\"}").replace(
        "output: up}",
        "output: \"/up (.*)/\", save: token}\n  - start: [server, alice, users]",
    );
    let text = text
        .replace("  - expect", "  - start: server\n  - expect")
        .replace("[server, alice, users]", "[alice, users]");
    let mut live = live(&text);
    assert_eq!(live.waiting().collect::<Vec<_>>(), [("alice", "token")]);
    assert!(!told(live.plan()).contains(&"start: alice"));
    let error = live.add("assert: \"${token} == 1\"").unwrap_err().to_string();
    assert!(error.contains("`${token}` is not saved by then"), "{error}");
    live.add("expect: {from: server, output: \"/up (.*)/\", save: token}").unwrap();
    live.add("start: alice").unwrap();
    live.add("assert: \"${token} == 1\"").unwrap();
}

#[test]
fn a_step_adds_itself() {
    let mut live = live(TWO);
    let before = live.plan().clone();
    let added = live.add("send: {to: users, line: \"hello ${i}, port ${port}\"}").unwrap();
    assert_eq!((added.steps.clone(), added.processes.clone()), (5..7, 4..4));
    assert_eq!(added.text(), "send: {to: users, line: \"hello ${i}, port ${port}\"}");
    assert!(begins_with(live.plan(), &before));
    let Action::Send { input, .. } = &live.plan().steps[6].action else { panic!() };
    assert!(format!("{input:?}").contains("hello"), "{input:?}");
    let place = live.plan().steps[6].place;
    let source = live.source_of_step(6);
    assert_eq!(&source.text[place.start..place.end], source.text);
    assert_eq!(live.source_of_step(0).path.to_str(), Some("lab/scenario.yaml"));
}

#[test]
fn steps_inside_of_others_have_the_plans_numbers() {
    let mut live = live(TWO);
    live.add("- kill: alice\n- parallel: [{wait: 1s}, [{heal: }, {label: here}]]").unwrap();
    let Action::Parallel { branches } = &live.plan().steps[6].action else { panic!() };
    assert_eq!(branches, &[7..8, 8..10]);
    let error = live.add("label: here").unwrap_err().to_string();
    assert!(error.contains("two moments are called `here`"), "{error}");
}

#[test]
fn a_process_is_started_unless_a_step_does_that() {
    let mut live = live(TWO);
    live.add("processes: {bob: {host: h2, run: \"cat ${port}\"}}").unwrap();
    assert_eq!(told(live.plan()).last(), Some(&"start: bob"));
    assert_eq!(
        live.source_of_process(4).text,
        "processes: {bob: {host: h2, run: \"cat ${port}\"}}"
    );
    let text = "processes:\n  a: {host: h1, run: cat}\n  b: {host: h2, run: cat, after: a}\n\
                steps:\n  - send: {to: bob, line: x}\n";
    live.add(text).unwrap();
    let last = told(live.plan()).split_off(6);
    assert_eq!(
        last,
        ["start: all", "start: a", "until ready: a", "start: b", "send: {to: bob, line: x}"]
    );
    let text = "{processes: {c: {host: h1, run: cat}}, steps: [{start: alice}]}";
    let added = live.add(text).unwrap();
    assert_eq!(added.steps.len(), 1);
    live.add("dialogue: |\n  bob> hi\n  bob< hi\n").unwrap();
}

#[test]
fn what_is_wrong_is_said_of_what_was_typed() {
    let mut live = live(TWO);
    let before = live.plan().clone();
    let table = [
        ("sned: {to: alice, line: x}", "did you mean `send`?"),
        ("send: {to: alcie, line: x}", "did you mean `alice`?"),
        ("send: {to: alice, line: \"${prot}\"}", "did you mean `${port}`?"),
        ("processes: {alice: {host: h1, run: cat}}", "lab/scenario.yaml"),
        ("processes: {bob: {host: h9, run: cat}}", "there is no host `h9`"),
        ("proceses: {bob: {host: h1, run: cat}}", "is not a verb of a step"),
        ("{processes: {bob: {host: h1, run: cat}}, step: []}", "unknown key `step`"),
        ("link: {between: [h1, s2], state: down}", "s2"),
        ("kill alice", "with a colon"),
        ("send: {to: alice", "<prompt>"),
        ("wait: soon", "<prompt>:1:7"),
        ("", "write a step, such as `kill: server`"),
    ];
    for (text, expected) in table {
        let error = live.add(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(error.contains("<prompt>"), "{text}: {error}");
    }
    assert_eq!(live.plan(), &before);
    assert_eq!(live.added().count(), 0);
    // A name that was refused with its process is free.
    live.add("processes: {bob: {host: h2, run: cat}}").unwrap();
}

#[test]
fn a_warning_does_not_refuse() {
    let mut live = live(TWO);
    let added = live.add("exec: {host: h1, run: \"ls | wc\"}").unwrap();
    assert_eq!(added.warnings.len(), 1);
    assert!(added.warnings.to_string().contains("`run` uses no shell"));
}

#[test]
fn one_combination_is_played() {
    let text = TWO.replace(
        "vars: {port: 4000}",
        "matrix: {port: [1, 2], size: [a, b], exclude: [{port: 1, size: a}]}",
    );
    let text = text.replace("${port}", "${port} ${size}");
    let variant = |options: &PlanOptions| {
        let live = try_live(&text, options, false).unwrap();
        (live.combinations(), live.plan().identity.variant.clone())
    };
    let pairs = |port: &str, size: &str| {
        vec![("port".to_owned(), port.to_owned()), ("size".to_owned(), size.to_owned())]
    };
    assert_eq!(variant(&PlanOptions::default()), (3, pairs("1", "b")));
    let vars = [("port".to_owned(), "2".to_owned())].into();
    let options = PlanOptions { vars, ..PlanOptions::default() };
    assert_eq!(variant(&options), (3, pairs("2", "a")));
    let mut live = try_live(&text, &options, false).unwrap();
    live.add("exec: {host: h1, run: \"echo ${port}${size}\"}").unwrap();
    let last = live.plan().steps.last().unwrap();
    assert!(format!("{:?}", last.action).contains('2'), "{last:?}");
}

#[test]
fn what_is_wrong_with_the_scenario_is_said() {
    let error =
        try_live(&TWO.replace("from: server", "from: sever"), &PlanOptions::default(), true);
    assert!(error.unwrap_err().to_string().contains("did you mean `server`?"));
    let vars = [("prot".to_owned(), "2".to_owned())].into();
    let options = PlanOptions { vars, ..PlanOptions::default() };
    assert!(try_live(TWO, &options, false).unwrap_err().to_string().contains("`prot`"));
}

#[test]
fn a_network_alone_is_enough() {
    let options = PlanOptions::default();
    let mut live = Live::of_words("tree,2,2", &Lab::bare("/repo/lab"), &options).unwrap();
    assert_eq!(live.plan().identity.label(), "lab/tree-2-2");
    assert!(live.plan().steps.is_empty());
    live.add("processes: {pinger: {host: h4, run: \"ping ${h1.ip}\"}}").unwrap();
    live.add("partition: [[h1, h2], [h3, h4]]").unwrap();
    assert_eq!(told(live.plan()), ["start: pinger", "partition: [[h1, h2], [h3, h4]]"]);
    let error = Live::of_words("tree,2,x", &Lab::bare("/repo/lab"), &options).unwrap_err();
    assert!(error.to_string().contains("<command line>:1:8"), "{error}");
    let error = Live::of_words("singel,2", &Lab::bare("/repo/lab"), &options).unwrap_err();
    assert!(error.to_string().contains("did you mean `single`?"), "{error}");
}

#[test]
fn a_topology_file_is_a_network() {
    let text = "hosts: [a, b]\nlinks: [{between: [a, b]}]\n";
    let source = Source { path: "pair.yaml".into(), text: text.into() };
    let lab = Lab::bare("/repo/lab");
    let options = PlanOptions::default();
    let live = Live::of_file(source, &lab, &files, &options, false).unwrap();
    assert_eq!(live.plan().identity.label(), "lab/pair");
    let source = Source { path: "pair.yaml".into(), text: text.replace("hosts", "hots") };
    let error = Live::of_file(source, &lab, &files, &options, false);
    assert!(error.unwrap_err().to_string().contains("did you mean `hosts`?"));
    let source = Source { path: "lab/scenario.yaml".into(), text: TWO.into() };
    let live = Live::of_file(source, &lab, &files, &options, false);
    assert!(live.unwrap_err().to_string().contains("the lab has no program `server`"));
}

#[test]
fn a_custom_topology_is_for_mininet() {
    let lab = Lab::bare("/repo/lab");
    let options = PlanOptions::default();
    let custom = |file: &str, topo: &str, options: &PlanOptions| {
        Live::of_custom(file.as_ref(), topo, &lab, &files, options)
    };
    let mut live = custom("/repo/lab/campus.py", "campus,3", &options).unwrap();
    assert_eq!(live.backend(), BackendKind::Mininet);
    // Which hosts there are is not known yet.
    live.add("exec: {host: somewhere, run: \"ping ${elsewhere.ip}\"}").unwrap();
    let missing = custom("/repo/lab/other.py", "campus", &options).unwrap_err();
    assert!(missing.to_string().contains("there is no file"), "{missing}");
    assert!(custom("/repo/lab/campus.py", "", &options).is_err());
    let options = PlanOptions { backend: Some(BackendKind::Netns), ..options };
    assert!(custom("/repo/lab/campus.py", "campus", &options).is_err());
}

fn addition() -> impl Strategy<Value = String> {
    let host = prop_oneof!["h1", "h2", "h3", "h9"];
    let name = prop_oneof!["alice", "users", "users-1", "bob", "carol", "dan"];
    prop_oneof![
        name.clone().prop_map(|name| format!("send: {{to: {name}, line: \"x ${{port}}\"}}")),
        (name.clone(), host.clone()).prop_map(|(name, host)| format!(
            "processes: {{{name}: {{host: {host}, run: cat, count: 2}}}}"
        )),
        (name.clone(), name.clone(), host).prop_map(|(name, other, host)| format!(
            "processes: {{{name}: {{host: {host}, run: cat, after: {other}}}}}"
        )),
        (name.clone(), name.clone()).prop_map(|(name, other)| format!(
            "parallel: [{{kill: {name}}}, [{{start: {other}}}, {{label: {name}}}]]"
        )),
        name.clone().prop_map(|name| format!("repeat: {{times: 3, steps: [{{stop: {name}}}]}}")),
        name.prop_map(|name| format!("expect: {{from: alice, output: x, save: {name}}}")),
        "[a-z:{}\\[\\] ${]{0,20}",
    ]
}

proptest! {
    #[test]
    fn each_plan_begins_with_the_one_before(texts in prop::collection::vec(addition(), 1..12)) {
        let mut live = live(TWO);
        for text in texts {
            let before = live.plan().clone();
            let count = live.added().count();
            let result = live.add(&text).map(|added| (added.processes.clone(), added.steps.clone()));
            match result {
                Ok((processes, steps)) => {
                    prop_assert!(begins_with(live.plan(), &before));
                    prop_assert_eq!(processes, before.processes.len()..live.plan().processes.len());
                    prop_assert_eq!(steps.clone(), before.steps.len()..live.plan().steps.len());
                    prop_assert_eq!(live.added().last().map(lab_scenario::Added::text), Some(text.as_str()));
                    for index in steps {
                        let step = &live.plan().steps[index];
                        let text = &live.source_of_step(index).text;
                        prop_assert!(text.get(step.place.start..step.place.end).is_some());
                        prop_assert!(step.action.next(index) <= live.plan().steps.len());
                    }
                }
                Err(problems) => {
                    prop_assert!(problems.has_errors());
                    prop_assert_eq!(live.plan(), &before);
                    prop_assert_eq!(live.added().count(), count);
                    prop_assert!(!problems.render(true).is_empty());
                }
            }
        }
    }
}
