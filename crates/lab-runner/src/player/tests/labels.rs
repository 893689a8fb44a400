//! What is before a named moment and what after it, however little time passes.

use lab_scenario::plan::Typed;

use super::*;

fn looks_at(check: Check, after: Option<&str>, before: Option<&str>) -> Check {
    let name = |label: &str| label.to_owned();
    let window = Window { after: after.map(name), before: before.map(name), lasting: None };
    Check { window, ..check }
}

#[test]
fn the_order_of_steps_decides_and_not_the_clock() {
    let mut plan = plan([
        expect(BOB, "one"),
        Action::Label("here".into()),
        send(BOB, "two"),
        expect(BOB, "two"),
        Action::Label("there".into()),
    ]);
    let delivered = |number| {
        let sent = Typed { into: BOB, text: literal("two") };
        let times = Times { at_least: number, at_most: Some(number) };
        check(Assertion::Delivered { sent, to: vec![BOB], times, never: vec![] })
    };
    plan.checks = vec![
        looks_at(count(BOB, "one", 1), None, Some("here")),
        looks_at(count(BOB, "one", 0), Some("here"), None),
        looks_at(count(BOB, "two", 0), None, Some("here")),
        looks_at(count(BOB, "two", 1), Some("here"), Some("there")),
        looks_at(delivered(1), Some("here"), Some("there")),
    ];
    let mut play = Play::begin(&plan);
    play.says(BOB, "one\n", 5 * MS);
    play.player.typed(BOB, &Ok(()), 5 * MS);
    // As soon as that, but after it was typed.
    play.says(BOB, "two\n", 5 * MS);
    assert_eq!(play.end(5 * MS), (Verdict::Pass, None));
}
