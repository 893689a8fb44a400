//! Runs that wait for people.

use super::*;

fn at_end() -> Hold {
    Hold { at_end: true, on_failure: true, at_label: None }
}

impl<'p> Play<'p> {
    /// Begins with both processes started.
    fn begin_held(plan: &'p Plan, hold: Hold) -> Self {
        let mut play = Self::raise_held(plan, hold);
        for process in [ALICE, BOB] {
            play.player.spawned(process, Ok((7, vec![])), 0);
        }
        play
    }

    fn held(&mut self) -> Option<HeldBecause> {
        self.orders().iter().find_map(|order| match order {
            Order::Emit(Event::Held { because }) => Some(because.clone()),
            _ => None,
        })
    }

    fn failed_steps(&mut self) -> Vec<(usize, String)> {
        let failed = self.orders().iter().filter_map(|order| match order {
            Order::Emit(Event::StepFailed { step, failure }) => {
                Some((*step, failure.summary.clone()))
            }
            _ => None,
        });
        failed.collect()
    }

    fn extend(&mut self, plan: &'p Plan, at: Nanos) -> Result<(), String> {
        self.player.extend(plan, Script::compile(plan, |_| None).unwrap(), at)
    }
}

#[test]
fn what_nobody_wants_any_more_is_given_up() {
    let plan = plan([]);
    let added = longer(&plan, [send(ALICE, "hi"), expect(BOB, "never")]);
    let beside = longer(&added, [expect(BOB, "hm")]);
    let mut play = Play::begin_held(&plan, at_end());
    play.extend(&added, 1000 * MS).unwrap();
    play.extend(&beside, 1001 * MS).unwrap();
    play.player.typed(ALICE, &Ok(()), 1002 * MS);
    play.player.give_up(&(2..4), 1500 * MS);
    assert_eq!(play.failed_steps(), [(3, "it was interrupted".to_owned())]);
    // Once is enough, and the others go on.
    play.player.give_up(&(2..4), 1501 * MS);
    play.says(BOB, "never hm", 1502 * MS);
    play.player.tick(9000 * MS);
    assert_eq!(play.failed_steps(), [(3, "it was interrupted".to_owned())]);
    assert_eq!(play.passed(), 4);
}

/// A plan with more steps.
fn longer(plan: &Plan, actions: impl IntoIterator<Item = Action>) -> Plan {
    let mut plan = plan.clone();
    let step = Step { action: Action::Await(ALICE), ..plan.steps[0].clone() };
    plan.steps.extend(actions.into_iter().map(|action| Step { action, ..step.clone() }));
    plan
}

#[test]
fn at_its_end_it_waits_and_nothing_that_happens_then_is_judged() {
    let plan = plan([]);
    let mut play = Play::begin_held(&plan, at_end());
    assert_eq!(play.held(), Some(HeldBecause::Done));
    play.dies(ALICE, ExitStatus::Code(1), 500_000 * MS);
    play.player.tick(900_000 * MS);
    assert!(!play.player.is_over(), "no timeout and no death ends it");
    play.player.go_on(900_001 * MS);
    assert_eq!(play.end(900_001 * MS), (Verdict::Pass, None));
}

#[test]
fn what_is_added_is_played_and_decides_nothing() {
    let plan = plan([]);
    let added = longer(&plan, [send(ALICE, "hi"), expect(BOB, "hi")]);
    let beside = longer(&added, [expect(BOB, "never")]);
    let mut play = Play::begin_held(&plan, at_end());
    play.extend(&added, 1000 * MS).unwrap();
    assert!(play.orders().contains(&Order::Type(ALICE, b"hi\n".to_vec())));
    play.extend(&beside, 1001 * MS).unwrap();
    play.player.typed(ALICE, &Ok(()), 1002 * MS);
    play.says(BOB, "hi", 1003 * MS);
    assert_eq!(play.passed(), 4);
    assert_eq!(play.player.wake_at(), Some(2001 * MS));
    play.player.tick(2001 * MS);
    let failed = (4, "bob did not say `never` within 1 s".to_owned());
    assert_eq!(play.failed_steps(), [failed]);
    play.player.end(3000 * MS);
    assert_eq!(play.end(3000 * MS), (Verdict::Pass, None));
}

#[test]
fn a_process_that_is_added_may_not_start() {
    let plan = plan([]);
    let mut added = longer(&plan, [Action::Start(ProcessId(2))]);
    added.processes.push(process("carol"));
    let mut play = Play::begin_held(&plan, at_end());
    play.extend(&added, MS).unwrap();
    assert!(play.orders().contains(&Order::Spawn(ProcessId(2))));
    let failure = SpawnFailure { cause: "there is no carol".into(), help: None };
    play.player.spawned(ProcessId(2), Err(failure), 2 * MS);
    let failed = (2, "cannot start carol: there is no carol".to_owned());
    assert_eq!(play.failed_steps(), [failed]);
    assert!(!play.player.is_over());
}

#[test]
fn only_a_longer_plan_is_taken_and_only_while_it_waits() {
    let plan = plan([expect(BOB, "later")]);
    let other = self::plan([expect(ALICE, "a"), expect(ALICE, "b")]);
    let mut play = Play::begin_held(&plan, at_end());
    assert!(play.extend(&plan, MS).unwrap_err().contains("does not wait"));
    play.says(BOB, "later", 2 * MS);
    assert_eq!(play.held(), Some(HeldBecause::Done));
    assert!(play.extend(&other, 3 * MS).unwrap_err().contains("another"));
}

#[test]
fn a_failure_is_kept_while_people_look_at_it() {
    let mut plan = plan([expect(BOB, "never")]);
    plan.checks = vec![count(BOB, "late", 0)];
    let hold = Hold { on_failure: true, ..Hold::default() };
    let mut play = Play::begin_held(&plan, hold);
    play.says(BOB, "early", MS);
    play.player.tick(1000 * MS);
    let Some(HeldBecause::Failed(failure)) = play.held() else { panic!("it is not held") };
    play.says(BOB, "late", 2000 * MS);
    play.player.go_on(3000 * MS);
    assert_eq!(play.end(3000 * MS), (Verdict::Fail, Some(*failure)));
    let check = play.orders().iter().find_map(|order| match order {
        Order::Emit(Event::CheckFinished { outcome, .. }) => Some(outcome.verdict),
        _ => None,
    });
    assert_eq!(check, Some(Verdict::Pass), "what came while it was held is not judged");
}

#[test]
fn at_a_label_the_time_of_the_run_stands_still() {
    let plan = plan([
        Action::Parallel { branches: vec![3..4, 4..5] },
        expect(BOB, "answer"),
        Action::Label("here".into()),
        expect(BOB, "more"),
    ]);
    let hold = Hold { at_label: Some("here".into()), ..Hold::default() };
    let mut play = Play::begin_held(&plan, hold);
    assert_eq!(play.held(), Some(HeldBecause::Label("here".into())));
    assert_eq!(play.player.wake_at(), None);
    play.player.tick(600_000 * MS);
    play.player.go_on(600_000 * MS);
    assert_eq!(play.player.wake_at(), Some(601_000 * MS), "the step has its second still");
    play.says(BOB, "answer more", 600_500 * MS);
    assert_eq!(play.end(600_500 * MS), (Verdict::Pass, None));
}

#[test]
fn when_nobody_is_there_any_more_it_ends() {
    let plan = plan([]);
    let mut play = Play::begin_held(&plan, at_end());
    play.player.abort("the run was interrupted".into(), MS);
    assert_eq!(play.end(2 * MS).0, Verdict::Invalid);
    let mut play = Play::raise_held(&plan, at_end());
    play.player.end(MS);
    assert_eq!(play.end(2 * MS).0, Verdict::Invalid, "it had not come to its end");
}
