//! What was typed and came out elsewhere.

use lab_scenario::plan::{LatencyBounds, Typed};

use super::*;

const ONCE: Times = Times { at_least: 1, at_most: Some(1) };

fn typed() -> Typed {
    Typed { into: ALICE, text: pattern("/^To bob:(.*)$/") }
}

pub(super) fn delivered(to: &[ProcessId], never: &[ProcessId], number: Times) -> Assertion {
    Assertion::Delivered { sent: typed(), to: to.to_vec(), times: number, never: never.to_vec() }
}

pub(super) fn latency(median: u64, max: u64) -> Assertion {
    Assertion::Latency {
        sent: typed(),
        to: vec![BOB],
        bounds: LatencyBounds {
            median: Some(Duration::from_millis(median)),
            max: Some(Duration::from_millis(max)),
            p99: None,
        },
    }
}

#[test]
fn deliveries() {
    let typed = ["To bob:m 1\n", "To bob:m 10\n", "who\n", "To bob:m 1\n"];
    let story = |bob, carol| Story {
        said: [vec![(0, "alice\n")], bob, carol],
        typed: (1..).map(|n| n * 10).zip(typed).collect(),
        ..Story::default()
    };
    let all =
        || vec![(11, "m 1 From alice\n"), (21, "m 10 From alice\n"), (41, "m 1 From alice\n")];
    let (verdict, found) = story(all(), vec![(1, "hi")]).whole(&delivered(&[BOB], &[CAROL], ONCE));
    assert_eq!((verdict, &*found), (Verdict::Pass, "so for all 3 that were sent"));
    let mut lost = all();
    lost.pop();
    let (verdict, found) = story(lost, vec![]).whole(&delivered(&[BOB], &[], ONCE));
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(found, "`m 1`, sent at 0.040 s, never came out of bob");
    let mut doubled = all();
    doubled.push((50, "m 10 From alice\n"));
    assert_eq!(
        story(doubled.clone(), vec![]).whole(&delivered(&[BOB], &[], ONCE)).0,
        Verdict::Fail
    );
    let at_least = times(1, None);
    assert_eq!(story(doubled, vec![]).whole(&delivered(&[BOB], &[], at_least)).0, Verdict::Pass);
    let overheard = story(all(), vec![(12, "m 1\n")]).whole(&delivered(&[BOB], &[CAROL], ONCE));
    let found = "`m 1`, sent at 0.010 s, came out of carol";
    assert_eq!(overheard, (Verdict::Fail, found.into()));
    let deaf = story(all(), vec![]).whole(&delivered(&[], &[CAROL], ONCE));
    assert_eq!(deaf.0, Verdict::Inconclusive);
    let nothing = Story { typed: vec![], ..story(all(), vec![]) };
    assert_eq!(nothing.whole(&delivered(&[BOB], &[], ONCE)).0, Verdict::Inconclusive);
}

#[test]
fn latencies() {
    let story = Story {
        said: [vec![], vec![(12, "a\n"), (23, "b\n"), (36, "c\n")], vec![]],
        typed: vec![(10, "To bob:a\n"), (20, "To bob:b\n"), (30, "To bob:c\n")],
        ..Story::default()
    };
    let (verdict, found) = story.whole(&latency(3, 6));
    assert_eq!(verdict, Verdict::Pass);
    assert_eq!(found, "3 messages: median 3.000 ms, p99 6.000 ms, max 6.000 ms");
    assert_eq!(story.whole(&latency(2, 6)).0, Verdict::Fail);
    assert_eq!(story.whole(&latency(3, 5)).0, Verdict::Fail);
    let lost = Story { said: [vec![], vec![(12, "a\n")], vec![]], ..story };
    let (verdict, found) = lost.whole(&latency(3, 6));
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(found, "`b`, sent at 0.020 s, never came out of bob");
}

/// `ping` is typed before a cut, during it and after it; bob says something.
fn pings(bob: Vec<(Nanos, &'static str)>) -> Story {
    Story {
        said: [vec![], bob, vec![(1, "hello\n")]],
        typed: vec![(10, "To bob:ping\n"), (30, "To bob:ping\n"), (50, "To bob:ping\n")],
        labels: vec![(20, "cut"), (40, "healed")],
        ..Story::default()
    }
}

#[test]
fn what_is_typed_again_is_another_message() {
    let before = Window { before: Some("cut".into()), ..Window::default() };
    let during = Window { after: Some("cut".into()), before: Some("healed".into()), lasting: None };
    let after = Window { after: Some("healed".into()), ..Window::default() };
    // When it came, and which of the three arrived.
    let table: [(&[Nanos], [bool; 3]); 9] = [
        (&[11, 31, 51], [true, true, true]),
        // The one typed during the cut is lost.
        (&[11, 51], [true, false, true]),
        // It only came later.
        (&[11, 45, 51], [true, true, true]),
        (&[11, 51, 52], [true, true, true]),
        (&[11, 45], [true, true, false]),
        // One that came as the next was typed.
        (&[11, 30], [true, true, false]),
        (&[30, 50], [true, true, false]),
        (&[11], [true, false, false]),
        (&[51], [false, false, true]),
    ];
    for (came, arrived) in table {
        let pinged = came.iter().map(|at| (*at, "alice: ping\n"));
        let story = pings([(1, "hello\n")].into_iter().chain(pinged).collect());
        for (window, arrived) in [&before, &during, &after].into_iter().zip(arrived) {
            let judge = |assertion| story.judge(&assertion, window);
            let (heard, lost) = match arrived {
                true => (Verdict::Pass, Verdict::Fail),
                false => (Verdict::Fail, Verdict::Pass),
            };
            let (to, never) =
                (delivered(&[BOB], &[], ONCE), delivered(&[CAROL], &[BOB], times(0, None)));
            assert_eq!(judge(to).0, heard, "{came:?} {window:?}");
            assert_eq!(judge(never).0, lost, "{came:?} {window:?}");
            assert_eq!(judge(latency(25, 25)).0, heard, "{came:?} {window:?}");
        }
    }
    let doubled = pings(vec![(11, "ping\n"), (31, "ping\n"), (32, "ping\n"), (51, "ping\n")]);
    let (verdict, found) = doubled.judge(&delivered(&[BOB], &[], ONCE), &during);
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(found, "`ping`, sent at 0.030 s, came out of bob 2 times, not once");
    assert_eq!(doubled.judge(&delivered(&[BOB], &[], ONCE), &after).0, Verdict::Pass);
}

#[test]
fn messages_inside_of_messages() {
    let hi = ["To bob:hi\n", "To bob:hi bob\n", "To bob:oh, hi bob\n"];
    let story = |typed: &[&'static str], bob| Story {
        said: [vec![], vec![(0, "hello\n"), (99, bob)], vec![]],
        typed: (1..).map(|n| n * 10).zip(typed.iter().copied()).collect(),
        ..Story::default()
    };
    let once = delivered(&[BOB], &[], ONCE);
    let table = [
        (&hi[..], "hi\nhi bob\noh, hi bob\n", "so for all 3 that were sent"),
        (&hi[..], "hi bob\noh, hi bob\n", "`hi`, sent at 0.010 s, never came out of bob"),
        (&hi[..], "hi\noh, hi bob\n", "`hi bob`, sent at 0.020 s, never came out of bob"),
        (&hi[..], "hi\nhi bob\nhi\n", "`hi`, sent at 0.010 s, came out of bob 2 times, not once"),
        (&hi[..2], "oh, hi bob\nalice: hi\n", "so for all 2 that were sent"),
        (&hi[..1], "hi bob\n", "so for all 1 that were sent"),
    ];
    for (typed, bob, expected) in table {
        let (verdict, found) = story(typed, bob).whole(&once);
        let is_well = expected.starts_with("so");
        assert_eq!((verdict == Verdict::Pass, &*found), (is_well, expected), "{bob}");
    }
    // Nothing can be a longer one that was not typed yet.
    let early = Story {
        said: [vec![], vec![(11, "hi bob!\n"), (21, "hi bob\n")], vec![]],
        ..story(&hi[..2], "")
    };
    assert_eq!(early.whole(&once).0, Verdict::Pass);
}

#[test]
fn nothing_is_shown_by_who_never_spoke() {
    let story = |bob, carol| Story {
        said: [vec![], bob, carol],
        typed: vec![(10, "To bob:hi\n")],
        ..Story::default()
    };
    let heard = || vec![(11, "hi\n")];
    let other = || vec![(1, "hello\n")];
    let (none, most) = (times(0, Some(0)), times(0, Some(2)));
    let silent = "carol said nothing at all, so this shows nothing";
    for assertion in [
        delivered(&[CAROL], &[], none),
        delivered(&[CAROL], &[], most),
        delivered(&[BOB, CAROL], &[], most),
        delivered(&[], &[CAROL], ONCE),
        delivered(&[BOB], &[CAROL], ONCE),
    ] {
        let judged = story(heard(), vec![]).whole(&assertion);
        assert_eq!(judged, (Verdict::Inconclusive, silent.into()), "{assertion:?}");
        assert_eq!(story(heard(), other()).whole(&assertion).0, Verdict::Pass, "{assertion:?}");
    }
    // That something must come is not fulfilled by silence, whatever else is in doubt.
    let lost = story(vec![], vec![]).whole(&delivered(&[CAROL, BOB], &[], ONCE));
    assert_eq!(lost, (Verdict::Fail, "`hi`, sent at 0.010 s, never came out of carol".into()));
    let overheard = story(heard(), vec![]).whole(&delivered(&[CAROL, BOB], &[], none));
    assert_eq!(overheard, (Verdict::Fail, "`hi`, sent at 0.010 s, came out of bob".into()));
}
