//! Mutants as people and programs see them.

use lab_runner::event::{Failure, Verdict};
use lab_runner::mutation::{LeftOut, Mutant, Near};
use lab_scenario::plan::{LineChange, Mutation, Plan, ProcessId};

use super::*;
use crate::testing;
use crate::theme::Theme;

fn line(plan: &Plan, change: LineChange) -> Mutant {
    let step = &plan.steps[1];
    Mutant {
        mutation: Mutation::Line {
            of: ProcessId(2),
            text: "hello \u{1b}[31mFrom alice".into(),
            occurrence: 0,
            change,
        },
        near: Some(Near { place: step.place, text: step.text.clone() }),
    }
}

fn trial(plan: &Plan) -> Trial<'_> {
    let mute = Mutant { mutation: Mutation::Mute(ProcessId(1)), near: None };
    let cut = Mutant { mutation: Mutation::Cut(["h1".into(), "s1".into()]), near: None };
    Trial {
        plan,
        mutants: vec![
            (mute, Fate::Killed("bob did not say `hello`".into())),
            (cut, Fate::Void("it was not run".into())),
            (line(plan, LineChange::Drop), Fate::Killed("bob did not say `hello`".into())),
            (line(plan, LineChange::Double), Fate::Survived),
        ],
        controls: Controls { passed: 2, of: 2 },
        left_out: LeftOut { startup: 2, ..LeftOut::default() },
    }
}

#[test]
fn for_people() {
    let plan = testing::plan("labs/direct-chat/two-users.yaml".into());
    let text = draw(&[trial(&plan)], Theme::default(), 100);
    let expected = "
                         mute    kill     cut    drop  double   delay    swap   alter
direct-chat/two-users     1/1       –       –     1/1     0/1       –       –       –

survived in direct-chat/two-users (labs/direct-chat/two-users.yaml):
  double  bob: hello From alice
          line 5: bob< hello From alice

direct-chat/two-users: 1 mutant not counted: it was not run

to tighten:
  double  say how often: `count`, `delivered`, or a dialogue with `!<`

direct-chat: noticed 1 of 1 broken processes and links (100 %), 1 of 2 broken lines (50 %)
  2 runs with nothing broken, all passed
  not broken, since nobody could notice: 2 lines said at the start
";
    assert_eq!(text, expected[1..], "{text}");
}

#[test]
fn what_fails_by_itself_has_noticed_nothing() {
    let plan = testing::plan("labs/direct-chat/two-users.yaml".into());
    let mut slipped = trial(&plan);
    let outcome = Some(testing::outcome(Verdict::Pass, None));
    slipped.controls.add(&Seen { outcome, ..Seen::default() }, 1);
    // One that did not end tells nothing.
    slipped.controls.add(&Seen::default(), 0);
    let text = draw(&[trial(&plan), slipped], Theme::default(), 100);
    let warning = "  of 6 runs with nothing broken 1 failed; what was noticed may be chance: use \
                   fewer --jobs or more --patience\n";
    assert!(text.contains(warning), "{text}");
}

#[test]
fn kinds_that_were_not_tried_are_not_spoken_of() {
    let plan = testing::plan("labs/direct-chat/two-users.yaml".into());
    let mut some = trial(&plan);
    some.mutants.truncate(1);
    let text = draw(&[some.clone()], Theme::default(), 100);
    assert!(
        text.contains("\ndirect-chat: noticed 1 of 1 broken processes and links (100 %)\n"),
        "{text}"
    );
    some.mutants.clear();
    let text = draw(&[some], Theme::default(), 100);
    assert!(text.contains("\ndirect-chat: nothing was broken\n"), "{text}");
}

#[test]
fn for_programs() {
    let plan = testing::plan("labs/direct-chat/two-users.yaml".into());
    let text = lines(&[trial(&plan)]).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[1]["fate"], "void");
    assert_eq!(lines[1]["link"], serde_json::json!(["h1", "s1"]));
    assert_eq!((&lines[3]["kind"], &lines[3]["near"]["line"]), (&"double".into(), &5.into()));
    assert_eq!(lines[4]["lines"], serde_json::json!({"killed": 1, "of": 2, "percent": 50.0}));
    assert_eq!(lines[4]["controls"], serde_json::json!({"passed": 2, "of": 2}));
}

#[test]
fn who_noticed_what() {
    let plan = testing::plan("two-users.yaml".into());
    let seen = |verdict, mutated| {
        let failure = (verdict != Verdict::Pass).then(|| Failure::of_the_run("so".into()));
        let outcome = Some(testing::outcome(verdict, failure));
        Fate::of(&Seen { mutated, outcome, ..Seen::default() })
    };
    assert_eq!(seen(Verdict::Pass, true), Fate::Survived);
    assert_eq!(seen(Verdict::Fail, true), Fate::Killed("so".into()));
    assert_eq!(seen(Verdict::Inconclusive, true), Fate::Killed("so".into()));
    // What the machine did, or what failed by itself, is no merit of the scenario.
    assert_eq!(seen(Verdict::Invalid, true), Fate::Void("so".into()));
    assert!(matches!(seen(Verdict::Fail, false), Fate::Void(_)));
    assert!(matches!(Fate::of(&Seen::default()), Fate::Void(_)));
    assert_eq!(labs(&[trial(&plan), trial(&plan)]).len(), 1);
}
