//! Runs in which something is broken on purpose.

use lab_scenario::plan::Mutation;

use super::*;

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
    let orders = play.orders();
    assert!(position(orders, &kill) < position(orders, &Order::Emit(Event::Mutated {})));
    play.dies(ALICE, ExitStatus::Signal(Signal::KILL), 2 * MS);
    play.says(BOB, "hello\n", 900 * MS);
    assert_eq!(play.end(901 * MS), (Verdict::Pass, None), "it is for the steps to notice");
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
