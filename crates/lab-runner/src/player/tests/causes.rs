//! What came before what, and what excuses what.

use lab_scenario::template::Part;

use super::*;

/// When the last byte of a process's first stream came.
fn last_time(play: &Play<'_>, process: ProcessId) -> Nanos {
    let scroll = &play.player.actors[process.0].scrolls[0];
    scroll.time_of(scroll.end() - 1)
}

#[test]
fn an_answer_is_later_than_its_question_however_soon_it_comes() {
    let plan = plan([expect(BOB, "ready"), send(BOB, "x"), expect(BOB, "got x")]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "ready\n", MS);
    play.orders();
    let typed = play.player.actors[BOB.0].typed[0].0;
    play.says(BOB, "got x\n", MS + 90_000);
    assert!(typed < last_time(&play, BOB));
}

#[test]
fn who_repeats_something_says_it_later_than_who_said_it() {
    let plan = plan([expect(BOB, "b")]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "before\n", MS);
    play.says(ALICE, "a\n", MS + 40_000);
    play.says(BOB, "b\n", MS + 60_000);
    assert_eq!(last_time(&play, ALICE), MS + 40_000);
    assert_eq!(last_time(&play, BOB), MS + 60_000);
}

#[test]
fn branches_do_not_move_each_other_back() {
    let branches = Action::Parallel { branches: vec![3..4, 4..5] };
    let plan = plan([branches, expect(BOB, "two"), expect(BOB, "one"), expect(BOB, "two")]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "one\ntwo\n", MS);
    let failure = play.end(2 * MS).1.expect("there was one `two`");
    assert!(failure.summary.contains("bob did not say `two`"), "{}", failure.summary);
}

#[test]
fn a_signal_excuses_only_the_end_that_it_asks_for() {
    const SEGV: Signal = Signal(11);
    const USR1: Signal = Signal(10);
    let table = [
        (Signal::HUP, ExitStatus::Signal(SEGV), true),
        (Signal::HUP, ExitStatus::Signal(Signal::HUP), false),
        (Signal::HUP, ExitStatus::Code(129), false),
        (Signal::TERM, ExitStatus::Code(1), false),
        (Signal::TERM, ExitStatus::Signal(SEGV), true),
        (USR1, ExitStatus::Code(1), true),
        (USR1, ExitStatus::Signal(USR1), false),
        (Signal::KILL, ExitStatus::Signal(Signal::KILL), false),
    ];
    for (signal, status, is_surprise) in table {
        let plan = plan([Action::Signal { to: BOB, signal }, expect(ALICE, "later")]);
        let mut play = Play::begin(&plan);
        play.dies(BOB, status, MS);
        play.says(ALICE, "later", 2 * MS);
        let failure = play.end(2 * MS).1.map(|failure| failure.summary);
        let expected = is_surprise.then(|| format!("bob died unexpectedly: it {status}"));
        assert_eq!(failure, expected, "{signal}, then {status}");
    }
}

#[test]
fn what_the_other_pipe_said_before_the_last_match_is_over() {
    let after = Action::Expect {
        from: BOB,
        output: literal("got a"),
        without: vec![literal("error")],
        save: vec![],
    };
    let mut plan = plan([expect(BOB, "ready"), after]);
    plan.processes[BOB.0].stdio = Stdio::Pipe;
    for (error_at, expected) in
        [(MS, None), (3 * MS, Some("bob said `error` before `got a`")), (5 * MS, None)]
    {
        let mut play = Play::begin(&plan);
        let mut said = [
            (error_at, Stream::Stderr, "error\n"),
            (2 * MS, Stream::Stdout, "ready\n"),
            (4 * MS, Stream::Stdout, "got a\n"),
        ];
        said.sort_by_key(|&(at, ..)| at);
        for (at, stream, text) in said {
            play.player.output(BOB, stream, text.as_bytes(), at);
        }
        let failure = play.end(6 * MS).1.map(|failure| failure.summary);
        assert_eq!(failure.as_deref(), expected, "{error_at}");
    }
}

#[test]
fn a_saved_value_of_nothing_is_not_looked_for() {
    let save = |text| Action::Expect {
        from: BOB,
        output: regex(text),
        without: vec![],
        save: vec!["x".into()],
    };
    let late = |reference| Template::from_parts(vec![Part::Late(reference)]);
    let saved = late(Reference::Saved("x".into()));
    let looks = |output| Action::Expect { from: ALICE, output, without: vec![], save: vec![] };
    for output in [PatternTemplate::Literal(saved.clone()), PatternTemplate::Regex(saved)] {
        let plan = plan([save("x=(.*)"), looks(output)]);
        let mut play = Play::begin(&plan);
        play.says(BOB, "x=\n", MS);
        let failure = play.end(2 * MS).1.unwrap();
        assert!(failure.summary.contains("nothing to look for"), "{}", failure.summary);
    }
    // The address of a host that has none.
    let output = PatternTemplate::Literal(late(Reference::HostIp("h1".into())));
    let times = Times { at_least: 0, at_most: None };
    let mut plan = plan([]);
    plan.checks = vec![check(Assertion::Count { of: vec![BOB], output, times, together: false })];
    let refused = Script::compile(&plan, |_| Some(String::new())).unwrap_err();
    assert!(refused.to_string().contains("nothing to look for"), "{refused}");
}
