//! The player's rules, told as little plays: what happens is fed in with its
//! time, what it orders is compared. No processes, no clock.

use std::time::Duration;

use lab_scenario::pattern::PatternTemplate;
use lab_scenario::plan::{
    Action, Assertion, BackendKind, Check, Command, Fault, Identity, Input, LinkChange, LinkState,
    PLAN_VERSION, Ready, Signal, Stdio, Step, Times, Window,
};
use lab_scenario::template::Template;
use lab_scenario::topology::{SwitchKind, Topology, single};

use super::*;

mod ask;
mod broken;
mod captures;
mod causes;
mod held;
mod labels;
mod strands;

const MS: Nanos = 1_000_000;
const ALICE: ProcessId = ProcessId(0);
const BOB: ProcessId = ProcessId(1);

fn literal(text: &str) -> PatternTemplate {
    PatternTemplate::Literal(Template::literal(text))
}

fn regex(text: &str) -> PatternTemplate {
    PatternTemplate::Regex(Template::literal(text))
}

fn process(name: &str) -> Process {
    Process {
        name: name.into(),
        host: "h1".into(),
        command: Command::Words(vec![Template::literal(name)]),
        stdio: Stdio::Pty,
        ready: None,
        ready_within: Duration::from_secs(5),
        env: vec![],
        stop: Signal::TERM,
        grace: Duration::from_secs(2),
        place: lab_scenario::source::Place::default(),
    }
}

/// A plan with alice and bob, who are started first.
fn plan(actions: impl IntoIterator<Item = Action>) -> Plan {
    let start = [Action::Start(ALICE), Action::Start(BOB)];
    let step = |action| Step {
        action,
        within: Duration::from_secs(1),
        optional: false,
        place: lab_scenario::source::Place::default(),
        text: String::new(),
    };
    Plan {
        version: PLAN_VERSION,
        identity: Identity {
            lab: "lab".into(),
            scenario: "scenario".into(),
            title: "a scenario".into(),
            file: "scenario.yaml".into(),
            variant: vec![],
            repetition: (1, 1),
            seed: 0,
        },
        backend: BackendKind::Netns,
        topology: Topology::Described(single(1, SwitchKind::Bridge).unwrap()),
        share_topology: false,
        timeout: Duration::from_secs(60),
        directory: "/".into(),
        path: vec![],
        env: vec![],
        processes: vec![process("alice"), process("bob")],
        captures: vec![],
        steps: start.into_iter().chain(actions).map(step).collect(),
        checks: vec![],
        mutation: None,
    }
}

fn expect(from: ProcessId, output: &str) -> Action {
    Action::Expect { from, output: literal(output), without: vec![], save: vec![] }
}

fn send(to: ProcessId, line: &str) -> Action {
    Action::Send { to, input: Input::Line(Template::literal(line)) }
}

fn check(assertion: Assertion) -> Check {
    Check {
        name: "the check".into(),
        points: 1,
        hint: None,
        hidden: false,
        assertion,
        window: Window::default(),
        place: lab_scenario::source::Place::default(),
    }
}

fn count(within: ProcessId, output: &str, number: u64) -> Check {
    let output = literal(output);
    let times = Times { at_least: number, at_most: Some(number) };
    check(Assertion::Count { of: vec![within], output, times, together: false })
}

/// A player and what it ordered so far.
struct Play<'p> {
    player: Player<'p>,
    orders: Vec<Order>,
}

impl<'p> Play<'p> {
    /// Begins at time 0 with both processes started.
    fn begin(plan: &'p Plan) -> Self {
        let mut play = Self::raise(plan);
        for process in [ALICE, BOB] {
            play.player.spawned(process, Ok((7, vec![])), 0);
        }
        play
    }

    /// Begins at time 0.
    fn raise(plan: &'p Plan) -> Self {
        Self::raise_held(plan, Hold::default())
    }

    /// Begins at time 0, to wait for people.
    fn raise_held(plan: &'p Plan, hold: Hold) -> Self {
        let script = Script::compile(plan, |_| None).unwrap();
        Self { player: Player::new(plan, script, hold, 0), orders: vec![] }
    }

    fn says(&mut self, process: ProcessId, text: &str, at: Nanos) {
        self.player.output(process, Stream::Terminal, text.as_bytes(), at);
    }

    fn dies(&mut self, process: ProcessId, status: ExitStatus, at: Nanos) {
        self.player.exited(process, status, at);
        self.player.output_ended(process, Stream::Terminal, at);
    }

    fn orders(&mut self) -> &[Order] {
        while let Some(order) = self.player.next_order() {
            self.orders.push(order);
        }
        &self.orders
    }

    fn passed(&mut self) -> usize {
        let is_pass = |order: &&Order| matches!(order, Order::Emit(Event::StepPassed { .. }));
        self.orders().iter().filter(is_pass).count()
    }

    /// Lets time go by until the run is over, everybody ending when asked to.
    fn end(&mut self, from: Nanos) -> (Verdict, Option<Failure>) {
        let mut now = from;
        let mut seen = 0;
        for _ in 0..1000 {
            self.orders();
            let asked: Vec<_> = self.orders[seen..]
                .iter()
                .filter_map(|order| match order {
                    Order::Signal(process, signal) => Some((*process, *signal)),
                    _ => None,
                })
                .collect();
            seen = self.orders.len();
            for (process, signal) in asked {
                self.dies(process, ExitStatus::Signal(signal), now);
            }
            if self.player.is_over() {
                break;
            }
            now = self.player.wake_at().unwrap_or(now).max(now);
            self.player.tick(now);
        }
        let over = self.orders().iter().find_map(|order| match order {
            Order::Emit(Event::RunFinished { verdict, failure }) => {
                Some((*verdict, failure.clone()))
            }
            _ => None,
        });
        over.expect("the run does not end")
    }
}

#[test]
fn a_conversation_passes() {
    let plan = plan([send(ALICE, "hi"), expect(BOB, "hi"), expect(BOB, "hi")]);
    let mut play = Play::begin(&plan);
    assert!(play.orders().contains(&Order::Type(ALICE, b"hi\n".to_vec())));
    assert_eq!(play.passed(), 2);
    play.player.typed(ALICE, &Ok(()), MS);
    play.says(BOB, "hi from al", 2 * MS);
    assert_eq!(play.passed(), 4, "a line need not be complete");
    play.says(BOB, "ice\nh", 3 * MS);
    assert_eq!(play.passed(), 4, "one occurrence is not two");
    play.says(BOB, "i", 4 * MS);
    let (verdict, failure) = play.end(5 * MS);
    assert_eq!((verdict, failure), (Verdict::Pass, None));
}

#[test]
fn what_came_before_the_step_counts() {
    let plan = plan([send(ALICE, "x"), expect(BOB, "early")]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "early bird", 0);
    play.player.typed(ALICE, &Ok(()), MS);
    assert_eq!(play.passed(), 4);
}

#[test]
fn what_does_not_come_in_time_fails_with_the_likeliest_reason() {
    let table = [
        ("Hello  World\n", "", "this came, which differs only in case or blanks: `Hello  World`"),
        ("", "hello world\n", "alice said it"),
    ];
    for (bob, alice, help) in table {
        let plan = plan([expect(BOB, "hello world")]);
        let mut play = Play::begin(&plan);
        play.says(ALICE, alice, MS);
        play.says(BOB, bob, MS);
        assert_eq!(play.player.wake_at(), Some(1000 * MS));
        let (verdict, failure) = play.end(MS);
        let failure = failure.unwrap();
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(failure.summary, "bob did not say `hello world` within 1 s");
        assert_eq!(failure.help.as_deref(), Some(help));
        assert_eq!((failure.step, failure.subject), (Some(2), Some(BOB)));
        assert_eq!(failure.last_words[0].process, BOB);
        assert_eq!(&*failure.last_words[0].output, bob.as_bytes());
        assert_eq!(failure.timeline[0].at, MS);
    }
}

#[test]
fn an_expectation_that_moved_past_it_is_named() {
    let plan = plan([expect(BOB, "b"), expect(BOB, "a")]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "a b\n", 30 * MS);
    let (_, failure) = play.end(MS);
    let help = failure.unwrap().help.unwrap();
    assert_eq!(help, "it came before, at 0.030 s, and an earlier expectation has moved past it");
}

#[test]
fn a_death_is_named_at_once() {
    let plan = plan([expect(BOB, "hello")]);
    let mut play = Play::begin(&plan);
    play.says(ALICE, "panic: oh no\n", MS);
    play.dies(ALICE, ExitStatus::Code(101), 2 * MS);
    let (verdict, failure) = play.end(2 * MS);
    let failure = failure.unwrap();
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(failure.summary, "alice died unexpectedly: it ended with code 101");
    assert_eq!(&*failure.last_words[0].output, b"panic: oh no\n");
}

#[test]
fn last_words_are_waited_for() {
    let plan = plan([expect(BOB, "bye")]);
    let mut play = Play::begin(&plan);
    play.player.exited(BOB, ExitStatus::Code(1), MS);
    play.says(BOB, "bye", 2 * MS);
    assert_eq!(play.passed(), 3);
    // The step holds, the death does not.
    play.player.output_ended(BOB, Stream::Terminal, 3 * MS);
    assert_eq!(play.end(3 * MS).0, Verdict::Fail);
}

#[test]
fn an_end_that_the_scenario_foresees_is_no_surprise() {
    let ends = |status| Action::Exit { of: BOB, status };
    let wanted = Some(ExitStatus::Code(1));
    let plan = plan([expect(ALICE, "x"), ends(wanted), expect(ALICE, "y")]);
    let mut play = Play::begin(&plan);
    play.dies(BOB, ExitStatus::Code(1), MS);
    assert_eq!(play.passed(), 2);
    play.says(ALICE, "x", 2 * MS);
    assert_eq!(play.passed(), 4);
    play.player.tick(900 * MS);
    play.says(ALICE, "y", 901 * MS);
    assert_eq!(play.end(901 * MS).0, Verdict::Pass);

    let mut play = Play::begin(&plan);
    play.dies(BOB, ExitStatus::Code(2), MS);
    play.says(ALICE, "x", 2 * MS);
    let failure = play.end(2 * MS).1.unwrap();
    assert_eq!(failure.summary, "bob was to end with code 1, but it ended with code 2");
}

#[test]
fn a_program_that_ends_well_fails_only_who_waits_for_it() {
    let plan = plan([expect(ALICE, "x"), expect(BOB, "y")]);
    let mut play = Play::begin(&plan);
    play.dies(BOB, ExitStatus::Code(0), MS);
    play.says(ALICE, "x", 5 * MS);
    let failure = play.end(5 * MS).1.unwrap();
    assert_eq!(failure.summary, "bob ended with code 0 without saying `y`");
}

#[test]
fn who_closes_its_output_will_not_say_it() {
    let plan = plan([expect(BOB, "y")]);
    let mut play = Play::begin(&plan);
    play.player.output_ended(BOB, Stream::Terminal, MS);
    let failure = play.end(MS).1.unwrap();
    assert_eq!(failure.summary, "bob closed its output without saying `y`");
}

#[test]
fn a_background_child_may_still_speak_after_a_clean_end() {
    let plan = plan([expect(BOB, "y")]);
    let mut play = Play::begin(&plan);
    play.player.exited(BOB, ExitStatus::Code(0), MS);
    play.player.tick(500 * MS);
    play.says(BOB, "y", 501 * MS);
    assert_eq!(play.end(501 * MS).0, Verdict::Pass);
}

#[test]
fn silence_looks_only_at_what_comes_from_now_on() {
    let silence = Action::Silence { from: BOB, output: None, lasting: Duration::from_millis(300) };
    let plan = plan([expect(BOB, "a"), silence]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "a and more", MS);
    assert_eq!(play.player.wake_at(), Some(301 * MS));
    assert_eq!(play.end(MS).0, Verdict::Pass);

    let mut play = Play::begin(&plan);
    play.says(BOB, "a", MS);
    play.says(BOB, "!", 300 * MS);
    let failure = play.end(300 * MS).1.unwrap();
    assert_eq!(failure.summary, "bob was to be silent but said something");
}

#[test]
fn silence_about_something_lets_other_things_pass() {
    let output = Some(regex("lost.?"));
    let silence = Action::Silence { from: BOB, output, lasting: Duration::from_millis(300) };
    let plan = plan([silence]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "lo", MS);
    assert_eq!(play.end(MS).0, Verdict::Pass);
    let mut play = Play::begin(&plan);
    play.says(BOB, "lost", 299 * MS);
    assert_eq!(play.end(299 * MS).0, Verdict::Fail, "what is there at the end counts");
}

#[test]
fn a_regex_at_the_end_of_output_counts_after_a_pause() {
    let plan = plan([Action::Expect {
        from: BOB,
        output: regex("name: $"),
        without: vec![],
        save: vec![],
    }]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "name: ", 10 * MS);
    assert_eq!(play.passed(), 2);
    let wake = play.player.wake_at().unwrap();
    assert_eq!(wake, 30 * MS);
    play.player.tick(wake);
    assert_eq!(play.passed(), 3);
}

#[test]
fn readiness_is_observed() {
    let mut plan = plan([]);
    plan.processes[0].ready = Some(Ready::Output(literal("listening")));
    plan.processes[1].ready = Some(Ready::Tcp(80));
    let mut play = Play::raise(&plan);
    play.player.spawned(ALICE, Ok((7, vec![])), 0);
    assert!(!play.orders().contains(&Order::Spawn(BOB)));
    play.says(ALICE, "listening on", MS);
    assert!(play.orders().contains(&Order::Spawn(BOB)));
    assert!(play.orders().contains(&Order::WatchPort(BOB, Port::Tcp(80))));
    play.player.spawned(BOB, Ok((8, vec![])), 2 * MS);
    assert_eq!(play.passed(), 1);
    play.player.port_open(BOB, Port::Tcp(80), 3 * MS);
    assert_eq!(play.end(3 * MS).0, Verdict::Pass);
}

#[test]
fn who_ends_before_it_is_ready_is_named_at_once() {
    let mut plan = plan([]);
    plan.processes[0].ready = Some(Ready::Tcp(80));
    let mut play = Play::raise(&plan);
    play.player.spawned(ALICE, Ok((7, vec![])), 0);
    play.says(ALICE, "Address already in use\n", MS);
    play.dies(ALICE, ExitStatus::Code(1), 2 * MS);
    let failure = play.end(2 * MS).1.unwrap();
    assert_eq!(failure.summary, "alice was to listen on TCP port 80, but it ended with code 1");
}

#[test]
fn a_program_that_cannot_be_started_fails_the_run_with_the_cause() {
    let plan = plan([]);
    let mut play = Play::raise(&plan);
    let failure = SpawnFailure { cause: "no such program".into(), help: Some("install it".into()) };
    play.player.spawned(ALICE, Err(failure), MS);
    let (verdict, failure) = play.end(MS);
    let failure = failure.unwrap();
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(failure.summary, "cannot start alice: no such program");
    assert_eq!(failure.help.as_deref(), Some("install it"));
}

#[test]
fn a_process_can_be_started_again() {
    let exit = Action::Exit { of: BOB, status: None };
    let mut plan = plan([exit, Action::Start(BOB), expect(BOB, "second life")]);
    plan.processes[1].ready = Some(Ready::Output(literal("ready")));
    let mut play = Play::begin(&plan);
    play.says(BOB, "ready", MS);
    play.dies(BOB, ExitStatus::Code(0), 2 * MS);
    assert_eq!(play.passed(), 3);
    play.player.spawned(BOB, Ok((9, vec![])), 3 * MS);
    assert_eq!(play.passed(), 3, "what it said in its first life does not make it ready");
    play.says(BOB, "ready for my second life", 4 * MS);
    assert_eq!(play.end(5 * MS).0, Verdict::Pass);
}

#[test]
fn who_ignores_the_stop_signal_is_killed() {
    let mut plan = plan([Action::Stop(BOB)]);
    plan.steps[2].within = Duration::from_secs(4);
    let mut play = Play::begin(&plan);
    assert!(play.orders().contains(&Order::Signal(BOB, Signal::TERM)));
    play.player.tick(1999 * MS);
    assert!(!play.orders().contains(&Order::Signal(BOB, Signal::KILL)));
    play.player.tick(2000 * MS);
    assert!(play.orders().contains(&Order::Signal(BOB, Signal::KILL)));
    let message = "bob ignored SIGTERM for 2 s and was killed".to_owned();
    assert!(play.orders().contains(&Order::Emit(Event::Warning { message })));
    play.dies(BOB, ExitStatus::Signal(Signal::KILL), 2001 * MS);
    assert_eq!(play.end(2001 * MS).0, Verdict::Pass);
}

#[test]
fn the_end_of_input_needs_two_keys_in_the_middle_of_a_line() {
    let text = Action::Send { to: BOB, input: Input::Text(Template::literal("half")) };
    let eof = || Action::Send { to: BOB, input: Input::Eof };
    let plan = plan([text, eof()]);
    let mut play = Play::begin(&plan);
    play.player.typed(BOB, &Ok(()), MS);
    assert!(play.orders().contains(&Order::Type(BOB, vec![4, 4])));

    let mut plan = self::plan([eof()]);
    let mut play = Play::begin(&plan);
    assert!(play.orders().contains(&Order::Type(BOB, vec![4])));
    plan.processes[1].stdio = Stdio::Pipe;
    let mut play = Play::begin(&plan);
    assert!(play.orders().contains(&Order::CloseInput(BOB)));
}

#[test]
fn a_line_that_a_terminal_would_cut_is_refused() {
    let plan = plan([send(BOB, &"x".repeat(4096))]);
    let failure = Play::begin(&plan).end(0).1.unwrap();
    assert!(failure.summary.contains("4096 bytes does not go through a terminal"));
}

#[test]
fn steps_on_who_is_gone_fail_at_once() {
    for action in [send(BOB, "x"), Action::Signal { to: BOB, signal: Signal::TERM }] {
        let plan = plan([expect(ALICE, "x"), action]);
        let mut play = Play::begin(&plan);
        play.dies(BOB, ExitStatus::Code(0), MS);
        play.says(ALICE, "x", 2 * MS);
        let summary = play.end(2 * MS).1.unwrap().summary;
        assert!(
            summary.ends_with("bob is not running any more: it ended with code 0"),
            "{summary}"
        );
    }
}

#[test]
fn a_link_that_cannot_be_changed_makes_the_run_invalid() {
    let between = ["h1".to_owned(), "s1".to_owned()];
    let plan =
        plan([Action::Fault(Fault::Link { between, change: LinkChange::State(LinkState::Down) })]);
    let mut play = Play::begin(&plan);
    play.player.fault_applied(2, Err("no such link".into()), MS);
    let (verdict, failure) = play.end(MS);
    assert_eq!((verdict, failure.unwrap().summary.as_str()), (Verdict::Invalid, "no such link"));
}

#[test]
fn a_command_is_judged_by_its_end_and_its_output() {
    let exec = Action::Exec {
        host: "h1".into(),
        command: Command::Shell(Template::literal("ping")),
        exit: 1,
        output: Some(literal("100% packet loss")),
        save: vec![],
    };
    let plan = plan([exec]);
    for (code, output, expected) in [
        (1, "100% packet loss", None),
        (1, "0% packet loss", Some("the command did not say `100% packet loss`")),
        (
            0,
            "100% packet loss",
            Some("the command was to end with code 1, but it ended with code 0"),
        ),
    ] {
        let mut play = Play::begin(&plan);
        let result = (ExitStatus::Code(code), output.as_bytes().to_vec());
        play.player.exec_finished(2, Ok(result), MS);
        let failure = play.end(MS).1;
        assert_eq!(failure.map(|f| f.summary).as_deref(), expected);
    }
}

#[test]
fn the_whole_run_has_a_timeout() {
    let mut plan = plan([Action::Wait(Duration::from_secs(100))]);
    plan.timeout = Duration::from_secs(3);
    let failure = Play::begin(&plan).end(0).1.unwrap();
    assert_eq!(failure.summary, "the whole run took longer than its timeout of 3 s");
}

#[test]
fn checks_look_at_the_whole_record_and_do_not_hide_each_other() {
    let mut plan = plan([expect(BOB, "b")]);
    plan.checks = vec![count(BOB, "a", 2), count(BOB, "a", 1), count(BOB, "b", 1)];
    let mut play = Play::begin(&plan);
    play.says(BOB, "a b\n", MS);
    let (verdict, failure) = play.end(MS);
    assert_eq!(verdict, Verdict::Fail);
    let failure = failure.unwrap();
    assert_eq!(failure.summary, "the check `the check` did not hold");
    assert_eq!(failure.detail.as_deref(), Some("found once, at 0.001 s"));
    let verdicts: Vec<_> = play
        .orders()
        .iter()
        .filter_map(|order| match order {
            Order::Emit(Event::CheckFinished { outcome, .. }) => Some(outcome.verdict),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts, [Verdict::Fail, Verdict::Pass, Verdict::Pass]);
}

#[test]
fn the_absence_of_something_in_nothing_shows_nothing() {
    let mut plan = plan([expect(ALICE, "a")]);
    plan.checks = vec![count(BOB, "secret", 0)];
    let mut play = Play::begin(&plan);
    play.says(ALICE, "a", MS);
    assert_eq!(play.end(MS).0, Verdict::Inconclusive);
    let mut play = Play::begin(&plan);
    play.says(BOB, "hello", MS);
    play.says(ALICE, "a", MS);
    assert_eq!(play.end(MS).0, Verdict::Pass);
}

#[test]
fn an_exit_check_sees_how_it_ended_when_stopped() {
    let mut plan = plan([]);
    let status = ExitStatus::Signal(Signal::TERM);
    plan.checks = vec![check(Assertion::Exit { of: BOB, status })];
    assert_eq!(Play::begin(&plan).end(0).0, Verdict::Pass);
    let status = ExitStatus::Code(0);
    plan.checks = vec![check(Assertion::Exit { of: BOB, status })];
    assert_eq!(Play::begin(&plan).end(0).0, Verdict::Fail);
}

#[test]
fn an_interrupted_run_is_invalid() {
    let plan = plan([expect(BOB, "x")]);
    let mut play = Play::begin(&plan);
    play.player.abort("the run was interrupted".into(), MS);
    assert_eq!(play.end(MS).0, Verdict::Invalid);
}
