//! Runs in which something is broken on purpose.

use lab_scenario::plan::Mutation;

use super::*;

const MUTATED: Order = Order::Emit(Event::Mutated {});

fn position(orders: &[Order], wanted: &Order) -> Option<usize> {
    orders.iter().position(|order| order == wanted)
}

#[test]
fn a_process_is_killed_when_it_is_ready_and_nobody_is_surprised() {
    let mut plan = plan([expect(BOB, "hello")]);
    plan.processes[0].ready = Some(Ready::Output(literal("up")));
    plan.mutation = Some(Mutation::Kill(ALICE));
    let mut play = Play::raise(&plan);
    play.player.spawned(ALICE, Ok((7, vec![])), 0);
    let kill = Order::Signal(ALICE, Signal::KILL);
    assert_eq!(position(play.orders(), &kill), None);
    play.says(ALICE, "up\n", MS);
    play.player.spawned(BOB, Ok((8, vec![])), MS);
    assert!(position(play.orders(), &kill).is_some());
    assert_eq!(position(play.orders(), &MUTATED), None, "it may have ended by itself");
    play.dies(ALICE, ExitStatus::Signal(Signal::KILL), 2 * MS);
    assert!(position(play.orders(), &MUTATED).is_some());
    play.says(BOB, "hello\n", 900 * MS);
    assert_eq!(play.end(901 * MS), (Verdict::Pass, None), "it is for the steps to notice");
}

#[test]
fn who_is_killed_at_once_does_not_live_while_others_are_started() {
    let mut plan = plan([expect(BOB, "hello")]);
    plan.processes.iter_mut().for_each(|process| process.ready = None);
    plan.mutation = Some(Mutation::Kill(ALICE));
    let mut play = Play::raise(&plan);
    play.player.spawned(ALICE, Ok((7, vec![])), 0);
    let kill = position(play.orders(), &Order::Signal(ALICE, Signal::KILL));
    let start = position(play.orders(), &Order::Spawn(BOB));
    assert!(kill.is_some() && start.is_none_or(|start| kill < Some(start)), "{:?}", play.orders());
}

#[test]
fn who_ends_before_the_killer_comes_was_not_broken() {
    let mut plan = plan([Action::Exit { of: ALICE, status: None }]);
    plan.mutation = Some(Mutation::Kill(ALICE));
    let mut play = Play::begin(&plan);
    play.dies(ALICE, ExitStatus::Code(0), MS);
    assert_eq!(position(play.orders(), &MUTATED), None);
}

#[test]
fn a_link_is_cut_before_the_first_step_that_is_no_start() {
    let mut plan = plan([Action::Label("begin".into()), send(ALICE, "x"), expect(BOB, "x")]);
    let ends = ["h1".to_owned(), "s1".to_owned()];
    plan.mutation = Some(Mutation::Cut(ends.clone()));
    let mut play = Play::begin(&plan);
    let orders = play.orders();
    let cut = position(orders, &Order::Cut(Box::new(ends))).unwrap();
    let labelled = position(orders, &Order::Emit(Event::StepPassed { step: 2 })).unwrap();
    let typed = position(orders, &Order::Type(ALICE, b"x\n".to_vec())).unwrap();
    assert!(labelled < cut && cut < typed, "{orders:?}");
    let cuts = orders.iter().filter(|order| matches!(order, Order::Cut(_))).count();
    assert_eq!(cuts, 1);
}
