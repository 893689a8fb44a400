//! Steps inside of steps, groups, saved values, faults, and checks that look back:
//! what becomes of them in a plan.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lab_scenario::PlanOptions;
use lab_scenario::plan::{Action, Assertion, Check, Input, Plan, Step, Window};

fn plans() -> Vec<Plan> {
    let scenario = support::scenario(include_str!("steps_and_checks.yaml"));
    scenario.plans(&PlanOptions { seed: 42, ..PlanOptions::default() }).unwrap()
}

#[test]
fn combinations_are_left_out_and_added() {
    let variants: Vec<String> = plans().iter().map(|plan| plan.identity.label()).collect();
    assert_eq!(
        variants.map_labels(),
        ["size=1 mode=a", "size=1 mode=b", "size=2 mode=a", "size=3 mode=2"]
    );
    let scenario = support::scenario(include_str!("steps_and_checks.yaml"));
    assert_eq!(scenario.variants(), 4);
    let vars = [("size".to_owned(), "3".to_owned())].into();
    let one = scenario.plans(&PlanOptions { vars, ..PlanOptions::default() }).unwrap();
    let variants: Vec<String> = one.iter().map(|plan| plan.identity.label()).collect();
    assert_eq!(variants.map_labels(), ["size=3 mode=a", "size=3 mode=b", "size=3 mode=2"]);
}

trait Labels {
    fn map_labels(&self) -> Vec<&str>;
}

impl Labels for Vec<String> {
    /// What stands between the brackets.
    fn map_labels(&self) -> Vec<&str> {
        let inside = |label: &'_ String| {
            let start = label.find('[').map_or(0, |at| at + 1);
            (start, label.find(']').unwrap_or(label.len()))
        };
        self.iter().map(|label| (label, inside(label))).map(|(l, (a, b))| &l[a..b]).collect()
    }
}

#[test]
fn members_of_groups() {
    let plan = plans().remove(0);
    let shown: Vec<String> = plan
        .processes
        .iter()
        .map(|process| {
            let env: Vec<_> = process.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{} on {}: {:?} {env:?}", process.name, process.host, process.ready)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r##"
    server on h1: Some(All([Output(Literal(Template { parts: [Text("listening")] })), Any([Tcp(80), Exit(3)])])) []
    users-1 on h2: None ["NUMBER=1"]
    users-2 on h3: None ["NUMBER=2"]
    late on h4: None []
    "##);
}

#[test]
fn steps_are_laid_out() {
    let plan = plans().remove(0);
    let name = |id: &lab_scenario::plan::ProcessId| plan.processes[id.0].name.clone();
    let shown = |(index, step): (usize, &Step)| {
        let what = match &step.action {
            Action::Start(id) => format!("start {}", name(id)),
            Action::Stop(id) => format!("stop {}", name(id)),
            Action::Kill(id) => format!("kill {}", name(id)),
            Action::Send { to, input } => match input {
                Input::Line(text) => format!("{} > {:?}", name(to), text.to_string()),
                other => format!("{} > {other:?}", name(to)),
            },
            Action::Expect { from, output, without, save } => {
                let without: Vec<_> = without.iter().map(ToString::to_string).collect();
                format!("{} < {:?} !< {without:?} save {save:?}", name(from), output.to_string())
            }
            Action::Parallel { branches } => format!("parallel {branches:?}"),
            Action::Retry { body, every } => format!("retry {body:?} every {every:?}"),
            Action::Exec { host, save, .. } => format!("exec on {host} save {save:?}"),
            other => format!("{other:?}"),
        };
        let optional = if step.optional { " optional" } else { "" };
        format!("{index} {what} ({:?}{optional})", step.within)
    };
    let steps: Vec<_> = plan.steps.iter().enumerate().map(shown).collect();
    insta::assert_snapshot!(steps.join("\n"), @r##"
    0 start server (3s)
    1 parallel [2..3, 3..4] (3s)
    2 start users-1 (3s)
    3 start users-2 (3s)
    4 server < "/port (\\d+)/" !< ["error", "/fatal/"] save ["port"] (5s)
    5 start late (5s)
    6 users-1 > "hello from 1\nand more" (2s)
    7 users-2 > "hello from 2\nand more" (2s)
    8 users-1 < "welcome\n1" !< ["error"] save [] (2s)
    9 users-2 < "welcome\n2" !< ["error"] save [] (2s)
    10 users-2 > Key(3) (2s)
    11 users-1 > Eof (2s)
    12 parallel [13..14, 14..16] (86400s)
    13 Wait(10ms) (10ms)
    14 late > "one" (5s)
    15 late < "one" !< [] save [] (5s optional)
    16 parallel [17..18] (1s optional)
    17 Wait(1ms) (1ms)
    18 users-1 > "turn 1 of 1" (5s)
    19 users-2 > "turn 1 of 2" (5s)
    20 users-1 > "turn 2 of 1" (5s)
    21 users-2 > "turn 2 of 2" (5s)
    22 retry 23..24 every 20ms (2s optional)
    23 exec on h1 save ["one", "five"] (5s optional)
    24 exec on h1 save ["name"] (5s)
    25 Assert { left: Template { parts: [Late(Saved("one"))] }, comparison: AtMost, right: Template { parts: [Text("5")] } } (0ns)
    26 Label("cut") (0ns)
    27 Fault(Link { between: ["h1", "s1"], change: Shape(Shape { bw: Some(10.0), delay: Some(5ms), jitter: Some(1ms), loss: Some(1.0), max_queue_size: Some(10) }) }) (1s)
    28 Fault(Partition([["h1", "h2"], ["h3", "h4"]])) (5s)
    29 Fault(Heal) (5s)
    30 Label("healed") (0ns)
    31 Fault(Pause("h2")) (5s)
    32 Fault(Pause("h3")) (5s)
    33 Fault(Resume("h2")) (5s)
    34 Fault(Resume("h3")) (5s)
    35 stop server (4s)
    36 start server (2s)
    37 kill late (2s)
    38 Fault(HostDown { host: "h4", neighbours: ["s1"] }) (1s)
    39 Fault(HostUp { host: "h4", neighbours: ["s1"] }) (5s)
    40 Signal { to: ProcessId(1), signal: Signal(15) } (1s)
    41 Exit { of: ProcessId(1), status: None } (5s optional)
    42 stop users-2 (4s)
    "##);
}

#[test]
fn checks_look_back() {
    let plan = plans().remove(0);
    let shown = |check: &Check| {
        let Window { after, before, lasting } = &check.window;
        let window = format!("{after:?}..{before:?} for {lasting:?}");
        let what = match &check.assertion {
            Assertion::Count { of, output, times, .. } => format!("{of:?} {output} {times:?}"),
            other => format!("{:?}", other.subjects()),
        };
        format!("{}: {what} {window} {:?} {}", check.name, check.hint, check.hidden)
    };
    let checks: Vec<_> = plan.checks.iter().map(shown).collect();
    insta::assert_snapshot!(checks.join("\n"), @r##"
    one: [ProcessId(1), ProcessId(2), ProcessId(0)] ${port} Times { at_least: 1, at_most: None } None..None for None Some("not ${name}") true
    users-1 and users-2 puts out `error` never: [ProcessId(1), ProcessId(2)] error Times { at_least: 0, at_most: Some(0) } Some("cut")..Some("healed") for None None false
    late puts out `x`: [ProcessId(3)] x Times { at_least: 1, at_most: None } Some("healed")..None for Some(2s) None false
    first `one` of server, then /two/ of server: [ProcessId(0), ProcessId(0)] None..Some("cut") for None None false
    first `one` of server, then `two` of users-1: [ProcessId(0), ProcessId(1)] None..None for None None false
    users-1 and users-2 saw /says (\d+)/ in the same order: [ProcessId(1), ProcessId(2)] None..None for None None false
    what users-1 sends like /turn (.*)/, at users-2: [ProcessId(2), ProcessId(0), ProcessId(1)] Some("cut")..None for None None false
    how long /turn (.*)/ takes from users-1 to users-1 and users-2: [ProcessId(1), ProcessId(2), ProcessId(1)] None..None for None None false
    ${one} < ${five}: [] None..None for None None false
    "##);
}

/// What one member says while another is listened to is heard.
#[test]
fn a_group_is_silent_together() {
    let text = "topology: {single: 1}\ntimeout: 5s\nprocesses:\n  users: {count: 3, host: h1, run: cat}\nsteps:\n  \
        - silence: {from: users, for: 2s, output: \"from ${i}\"}\n  \
        - silence: {from: users-2, for: 2s}\n";
    let scenario = support::scenario(text);
    // Once for all of them.
    assert!(scenario.warnings().is_empty(), "{}", scenario.warnings());
    let plan = scenario.plans(&PlanOptions::default()).unwrap().remove(0);
    let shown = |step: &Step| match &step.action {
        Action::Parallel { branches } => format!("parallel {branches:?}"),
        Action::Silence { from, output, lasting } => {
            let output = output.as_ref().map(ToString::to_string);
            format!("{} {output:?} {lasting:?}", from.0)
        }
        other => format!("{other:?}"),
    };
    let steps: Vec<String> = plan.steps[4..].iter().map(shown).collect();
    insta::assert_snapshot!(steps.join("\n"), @r##"
    parallel [5..6, 6..7, 7..8]
    0 Some("from 1") 2s
    1 Some("from 2") 2s
    2 Some("from 3") 2s
    1 None 2s
    "##);
    let longer = text.replace("for: 2s}", "for: 3s}");
    let codes = |text: &str| -> Vec<String> {
        support::scenario(text).warnings().iter().map(|one| one.code.to_string()).collect()
    };
    assert_eq!(codes(&longer), ["W0003"]);
}

#[test]
fn a_hidden_check_without_a_name_tells_nothing() {
    let text = "topology: {single: 1}\nprocesses: {a: {host: h1, run: cat}}\nchecks:\n  \
        - contains: {in: a, output: shown}\n  \
        - {hidden: true, contains: {in: a, output: secret}}\n  \
        - {hidden: true, name: the end, exit: {of: a, code: 0}}\n  \
        - {hidden: false, exit: {of: a, code: 0}}\n";
    let plan = support::scenario(text).plans(&PlanOptions::default()).unwrap().remove(0);
    let names: Vec<&str> = plan.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["a puts out `shown`", "hidden check 2", "the end", "how a ends"]);
}

#[test]
fn a_combination_that_is_there_anyway_counts_once() {
    let text = "topology: {single: 1}\nmatrix: {x: [a, b], include: [{x: a}, {x: c}, {x: c}]}\n\
        processes: {p: {host: h1, run: \"echo ${x}\"}}\nsteps: [{expect: {from: p, output: \"${x}\"}}]\n";
    let scenario = support::scenario(text);
    assert_eq!(scenario.variants(), 3);
    assert_eq!(scenario.plans(&PlanOptions::default()).unwrap().len(), 3);
}
