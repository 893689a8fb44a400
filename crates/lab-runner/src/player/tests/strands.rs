//! Steps inside of steps, values that steps save, faults.

use lab_scenario::plan::Fault;
use lab_scenario::quantity::Comparison;
use lab_scenario::template::Part;

use super::*;

fn saved(name: &str) -> Template {
    Template::from_parts(vec![Part::Late(Reference::Saved(name.into()))])
}

fn finds(from: ProcessId, output: &str, save: &[&str]) -> Action {
    let save = save.iter().map(|name| (*name).to_owned()).collect();
    Action::Expect { from, output: regex(output), without: vec![], save }
}

impl Play<'_> {
    fn saved(&mut self) -> Vec<String> {
        let saved = self.orders().iter().filter_map(|order| match order {
            Order::Emit(Event::Saved { name, value, .. }) => Some(format!("{name}={value}")),
            _ => None,
        });
        saved.collect()
    }

    fn missed(&mut self) -> Vec<usize> {
        let missed = self.orders().iter().filter_map(|order| match order {
            Order::Emit(Event::StepMissed { step, .. }) => Some(*step),
            _ => None,
        });
        missed.collect()
    }
}

#[test]
fn branches_go_on_by_themselves() {
    let plan = plan([
        Action::Parallel { branches: vec![3..5, 5..6] },
        expect(ALICE, "one"),
        expect(ALICE, "two"),
        expect(BOB, "three"),
        expect(ALICE, "four"),
    ]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "three", MS);
    play.says(ALICE, "one", 2 * MS);
    assert_eq!(play.passed(), 4, "both starts, and one step of each branch");
    play.says(ALICE, "two four", 3 * MS);
    assert_eq!(play.end(4 * MS).0, Verdict::Pass);
}

#[test]
fn a_branch_that_fails_fails_the_run_and_its_step_is_named() {
    let plan = plan([
        Action::Parallel { branches: vec![3..4, 4..5] },
        expect(ALICE, "never"),
        expect(BOB, "here"),
    ]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "here", MS);
    let (verdict, failure) = play.end(2 * MS);
    let failure = failure.unwrap();
    assert_eq!((verdict, failure.step), (Verdict::Fail, Some(3)));
    assert_eq!(failure.summary, "alice did not say `never` within 1 s");
}

#[test]
fn one_branch_waits_for_what_another_starts() {
    let mut plan = plan([]);
    plan.processes[0].ready = Some(Ready::Output(literal("listening")));
    let mut steps = plan.steps.clone();
    steps[1].action = Action::Start(ALICE);
    let mut awaits = steps[0].clone();
    awaits.action = Action::Await(ALICE);
    let mut bob = steps[0].clone();
    bob.action = Action::Start(BOB);
    steps[0].action = Action::Parallel { branches: vec![1..3, 3..4] };
    let alice = steps[1].clone();
    plan.steps = vec![steps[0].clone(), awaits, bob, alice];
    let mut play = Play::raise(&plan);
    assert!(play.orders().contains(&Order::Spawn(ALICE)));
    play.player.spawned(ALICE, Ok((7, vec![])), 0);
    assert!(!play.orders().contains(&Order::Spawn(BOB)));
    play.says(ALICE, "listening", MS);
    assert!(play.orders().contains(&Order::Spawn(BOB)));
    play.player.spawned(BOB, Ok((8, vec![])), 2 * MS);
    assert_eq!(play.end(3 * MS).0, Verdict::Pass);
}

#[test]
fn tries_end_with_the_first_that_holds() {
    let every = Duration::from_millis(50);
    let mut plan = plan([Action::Retry { body: 3..4, every }, expect(BOB, "ready")]);
    plan.steps[3].within = Duration::from_millis(100);
    let mut play = Play::begin(&plan);
    play.player.tick(100 * MS);
    assert_eq!(play.player.wake_at(), Some(150 * MS), "it pauses");
    play.player.tick(150 * MS);
    play.says(BOB, "ready", 160 * MS);
    assert_eq!(play.end(161 * MS).0, Verdict::Pass);
}

#[test]
fn tries_are_counted_when_none_holds() {
    let every = Duration::from_millis(50);
    let mut plan = plan([Action::Retry { body: 3..4, every }, expect(BOB, "ready")]);
    plan.steps[2].within = Duration::from_millis(400);
    plan.steps[3].within = Duration::from_millis(100);
    let (verdict, failure) = Play::begin(&plan).end(0);
    let failure = failure.unwrap();
    assert_eq!((verdict, failure.step), (Verdict::Fail, Some(3)));
    assert_eq!(
        failure.summary,
        "bob did not say `ready` within 100 ms (tried 3 times within 400 ms)"
    );
}

#[test]
fn a_death_ends_all_tries() {
    let every = Duration::from_millis(50);
    let plan = plan([Action::Retry { body: 3..4, every }, expect(BOB, "ready")]);
    let mut play = Play::begin(&plan);
    play.dies(ALICE, ExitStatus::Code(1), MS);
    let (verdict, failure) = play.end(2 * MS);
    assert_eq!(verdict, Verdict::Fail);
    assert!(failure.unwrap().summary.starts_with("alice died unexpectedly"));
}

#[test]
fn optional_steps_may_fail() {
    let mut plan = plan([expect(BOB, "perhaps"), expect(BOB, "surely")]);
    plan.steps[2].optional = true;
    let mut play = Play::begin(&plan);
    play.says(BOB, "surely", MS);
    play.player.tick(1000 * MS);
    assert_eq!(play.missed(), [2]);
    assert_eq!(play.end(1001 * MS).0, Verdict::Pass);
}

#[test]
fn what_is_found_can_be_used() {
    let typed = Action::Send { to: ALICE, input: Input::Line(saved("port")) };
    let plan = plan([
        finds(BOB, r"port (\d+) of (\w+)", &["port", "host"]),
        typed,
        Action::Expect {
            from: ALICE,
            output: PatternTemplate::Literal(saved("host")),
            without: vec![],
            save: vec![],
        },
    ]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "port 4000 of h3\n", MS);
    assert_eq!(play.saved(), ["port=4000", "host=h3"]);
    assert!(play.orders().contains(&Order::Type(ALICE, b"4000\n".to_vec())));
    play.player.typed(ALICE, &Ok(()), 2 * MS);
    play.says(ALICE, "h3", 3 * MS);
    assert_eq!(play.end(4 * MS).0, Verdict::Pass);
}

#[test]
fn what_was_not_found_cannot_be_used() {
    let typed = Action::Send { to: ALICE, input: Input::Line(saved("port")) };
    let mut plan = plan([finds(BOB, r"port (\d+)", &["port"]), typed]);
    plan.steps[2].optional = true;
    let (verdict, failure) = Play::begin(&plan).end(0);
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(failure.unwrap().summary, "nothing was saved as `port`");
}

#[test]
fn comparisons() {
    let compare = |right: &str| Action::Assert {
        left: saved("rtt"),
        comparison: Comparison::Less,
        right: Template::literal(right),
    };
    for (right, expected) in [
        ("50 ms", None),
        ("1 ms", Some("1.5 ms < 1 ms does not hold")),
        (
            "3",
            Some("`1.5 ms` is a time and `3` is a number without a unit: they cannot be compared"),
        ),
    ] {
        let plan = plan([finds(BOB, r"time=([\d.]+ ms)", &["rtt"]), compare(right)]);
        let mut play = Play::begin(&plan);
        play.says(BOB, "time=1.5 ms\n", MS);
        let failure = play.end(2 * MS).1;
        assert_eq!(failure.map(|failure| failure.summary), expected.map(str::to_owned));
    }
}

#[test]
fn what_may_not_come_before() {
    let greeted = || Action::Expect {
        from: BOB,
        output: literal("hello"),
        without: vec![literal("error")],
        save: vec![],
    };
    for (said, expected) in
        [("hello error", None), ("error hello", Some("bob said `error` before `hello`"))]
    {
        let plan = plan([greeted()]);
        let mut play = Play::begin(&plan);
        play.says(BOB, said, MS);
        let failure = play.end(2 * MS).1;
        assert_eq!(failure.map(|failure| failure.summary), expected.map(str::to_owned), "{said}");
    }
}

#[test]
fn readiness_composes() {
    let mut plan = plan([]);
    plan.processes[0].ready = Some(Ready::All(vec![
        Ready::Output(literal("one")),
        Ready::Any(vec![Ready::Tcp(80), Ready::Output(literal("two"))]),
    ]));
    for second in ["port", "two"] {
        let mut play = Play::raise(&plan);
        play.player.spawned(ALICE, Ok((7, vec![])), 0);
        play.says(ALICE, "one", MS);
        assert!(!play.orders().contains(&Order::Spawn(BOB)), "{second}");
        match second {
            "port" => play.player.port_open(ALICE, Port::Tcp(80), 2 * MS),
            _ => play.says(ALICE, " two", 2 * MS),
        }
        assert!(play.orders().contains(&Order::Spawn(BOB)), "{second}");
        assert!(play.orders().contains(&Order::UnwatchPorts(ALICE)), "{second}");
    }
}

#[test]
fn who_stands_still_is_woken_to_end() {
    let plan = plan([Action::Fault(Fault::Pause("h1".into()))]);
    let mut play = Play::begin(&plan);
    assert!(play.orders().contains(&Order::Apply(2)));
    play.player.fault_applied(2, Ok(()), MS);
    let orders = play.orders();
    let at = |order: &Order| orders.iter().position(|other| other == order);
    let term = at(&Order::Signal(BOB, Signal::TERM)).unwrap();
    assert_eq!(at(&Order::Signal(BOB, Signal::CONT)), Some(term + 1));
}

#[test]
fn nobody_wonders_at_deaths_on_a_host_that_went_down() {
    let down = Fault::HostDown { host: "h1".into(), neighbours: vec!["s1".into()] };
    let plan = plan([Action::Fault(down), Action::Wait(Duration::from_millis(10))]);
    let mut play = Play::begin(&plan);
    play.dies(BOB, ExitStatus::Signal(Signal::KILL), MS);
    play.player.fault_applied(2, Ok(()), 2 * MS);
    assert_eq!(play.end(3 * MS).0, Verdict::Pass);
}
