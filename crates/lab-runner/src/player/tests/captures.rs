//! Runs with captures.

use lab_scenario::plan::Capture;
use lab_scenario::source::Place;

use super::*;
use crate::traffic::datagram;

const WIRE: CaptureId = CaptureId(0);

fn plan_with_capture() -> Plan {
    let mut plan = plan([expect(BOB, "hello")]);
    let (name, host) = ("wire".to_owned(), "h1".to_owned());
    plan.captures = vec![Capture { name, host, interface: None, place: Place::default() }];
    let (output, times) = (literal("hello"), Times { at_least: 1, at_most: None });
    plan.checks = vec![check(Assertion::Packets { of: WIRE, from: None, to: None, output, times })];
    plan
}

fn begin(plan: &Plan) -> Play<'_> {
    let mut play = Play::begin(plan);
    play.player.script.addresses.insert("h1".into(), vec![[10, 0, 0, 1].into()]);
    play
}

/// What bob said came to him by a packet, which may be read later than he is.
#[test]
fn checks_wait_for_the_packets_that_have_passed_by() {
    let plan = plan_with_capture();
    let mut play = begin(&plan);
    play.says(BOB, "hello\n", MS);
    play.player.tick(10 * MS);
    // Before anybody is asked to end, who would say something.
    let first = |orders: &[Order], wanted: fn(&Order) -> bool| orders.iter().position(wanted);
    let orders = play.orders();
    let read = first(orders, |order| matches!(order, Order::ReadCaptures));
    let stops = first(orders, |order| matches!(order, Order::Signal(..)));
    assert!(read.is_some() && read < stops, "{orders:?}");
    for id in [ALICE, BOB] {
        play.dies(id, ExitStatus::Signal(Signal::TERM), 10 * MS);
    }
    assert!(!play.player.is_over());
    play.player.packet(WIRE, &datagram(1, 2, "hello"), MS);
    play.player.captures_read(&[Gap::default()], 11 * MS);
    assert_eq!(play.end(12 * MS).0, Verdict::Pass);
}

#[test]
fn packets_that_come_while_programs_are_stopped_are_not_judged() {
    let plan = plan_with_capture();
    let mut play = begin(&plan);
    play.says(BOB, "hello\n", MS);
    play.player.tick(10 * MS);
    play.player.packet(WIRE, &datagram(1, 2, "something else"), MS);
    play.player.captures_read(&[Gap::default()], 11 * MS);
    play.player.packet(WIRE, &datagram(1, 2, "hello"), 11 * MS);
    assert_eq!(play.end(12 * MS).0, Verdict::Fail);
}

#[test]
fn what_is_lost_makes_a_check_inconclusive() {
    let plan = plan_with_capture();
    let mut play = begin(&plan);
    play.says(BOB, "hello\n", MS);
    play.player.tick(10 * MS);
    play.player.packet(WIRE, &datagram(1, 2, "something else"), MS);
    play.player.captures_read(&[Gap { lost: 3, is_full: false }], 11 * MS);
    assert_eq!(play.end(12 * MS).0, Verdict::Inconclusive);
}
