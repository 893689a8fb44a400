//! Asking until the answer is as it should be.

use lab_scenario::answer::{Claim, Wanted};
use lab_scenario::plan::Answer;

use super::*;

/// Asks bob for `ids`, which must be 1 and 2.
fn ask() -> Action {
    let number = |digit: &str| Wanted::Plain(Template::literal(digit));
    let wanted = Wanted::List(vec![number("1"), number("2")]);
    let claim = Claim { path: vec!["ids".into()], wanted };
    ask_for(Answer::Json(vec![claim]))
}

fn ask_for(answer: Answer) -> Action {
    Action::Ask { of: BOB, line: Template::literal("state"), answer, every: None }
}

impl Play<'_> {
    /// How often bob was asked.
    fn asked(&mut self) -> usize {
        let typed = Order::Type(BOB, b"state\n".to_vec());
        self.orders().iter().filter(|order| **order == typed).count()
    }

    /// What was typed goes in.
    fn typed(&mut self, at: Nanos) {
        self.player.typed(BOB, &Ok(()), at);
    }

    /// Lets time go by until something is to be done.
    fn wait(&mut self) -> Nanos {
        let at = self.player.wake_at().unwrap();
        self.player.tick(at);
        at
    }
}

#[test]
fn it_is_asked_again_after_a_pause_that_grows() {
    let plan = plan([ask()]);
    let mut play = Play::begin(&plan);
    play.typed(MS);
    play.says(BOB, "{\"ids\": [2]}\n", 2 * MS);
    assert_eq!(play.asked(), 1);
    let mut pauses = vec![];
    let mut answered = 2 * MS;
    for round in 2..=9 {
        let at = play.wait();
        assert_eq!(play.asked(), round);
        pauses.push((at - answered) / MS);
        answered = at + MS;
        play.typed(at);
        play.says(BOB, "{\"ids\": []}\n", answered);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 50, 50]);
    let at = play.wait();
    play.says(BOB, "{\"ids\": [2, 1], \"more\": 0}\n", at);
    assert_eq!(play.passed(), 2, "what came before the line was typed in is no answer yet");
    play.typed(at);
    assert_eq!(play.end(at).0, Verdict::Pass);
}

#[test]
fn an_answer_is_a_whole_line_that_came_after_the_question() {
    let plan = plan([ask(), expect(BOB, "later")]);
    let mut play = Play::raise(&plan);
    play.player.spawned(ALICE, Ok((7, vec![])), 0);
    play.says(BOB, "{\"ids\": [1, 2]}\n", 0);
    play.player.spawned(BOB, Ok((7, vec![])), 0);
    play.typed(MS);
    for other in ["hello\n", "[1, 2]\n", "{ids}\n", "state: {}\n", "{\"ids\": [1,"] {
        play.says(BOB, other, MS);
    }
    assert_eq!((play.passed(), play.asked()), (2, 1));
    play.says(BOB, "2]}\nlater", 2 * MS);
    assert_eq!(play.end(2 * MS), (Verdict::Pass, None));
}

#[test]
fn the_last_answer_is_compared_in_the_failure() {
    let plan = plan([ask()]);
    let mut play = Play::begin(&plan);
    play.typed(MS);
    play.says(BOB, "{\"ids\": [3]}\n", 2 * MS);
    let at = play.wait();
    play.typed(at);
    play.says(BOB, "{\"ids\": [1, 7]}\n", at);
    let (verdict, failure) = play.end(at);
    let failure = failure.unwrap();
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(
        failure.summary,
        "bob did not answer `state` as it should within 1 s (asked 3 times)"
    );
    assert_eq!(failure.detail.as_deref(), Some("ids: missing 2; too many: 7"));
}

#[test]
fn nobody_answers() {
    let silent = plan([ask()]);
    let mut play = Play::begin(&silent);
    play.typed(MS);
    play.says(BOB, "what?\n", MS);
    let failure = play.end(MS).1.unwrap();
    assert_eq!(
        failure.summary,
        "bob did not answer `state` by a line of JSON within 1 s (asked once)"
    );

    let mut play = Play::begin(&silent);
    play.typed(MS);
    play.dies(BOB, ExitStatus::Code(0), 2 * MS);
    let failure = play.end(2 * MS).1.unwrap();
    assert_eq!(
        failure.summary,
        "bob ended with code 0 before it answered `state` by a line of JSON"
    );
}

#[test]
fn a_pattern_is_asked_for_until_it_comes() {
    let plan = plan([expect(BOB, "go"), ask_for(Answer::Output(literal("3 users")))]);
    let mut play = Play::begin(&plan);
    play.says(BOB, "go: 3 users\n", 0);
    play.typed(0);
    play.says(BOB, "2 users\n", 0);
    for round in 2..=4 {
        let at = play.wait();
        assert_eq!(play.asked(), round);
        play.typed(at);
    }
    play.says(BOB, "3 users\n", 9 * MS);
    assert_eq!(play.end(9 * MS).0, Verdict::Pass);
}
