//! Checks on those who said more than is kept.

use super::delivery::{delivered, latency};
use super::*;

fn same(partial: bool) -> Assertion {
    Assertion::SameOrder { of: vec![ALICE, BOB], output: pattern(r"/says (\d)/"), partial }
}

fn order(outputs: [&str; 2]) -> Assertion {
    Assertion::Order(outputs.map(|output| Said { by: BOB, output: pattern(output) }).to_vec())
}

#[test]
fn what_was_lost_shows_nothing() {
    let story = |loud| Story {
        said: [
            vec![(20, "says 1 says 2 says 3\n")],
            vec![(21, "\nsays 1\n"), (22, "says 2 says 3\n")],
            vec![],
        ],
        typed: vec![(2, "To bob:gone\n"), (15, "To bob:says 1\n")],
        labels: vec![(10, "later")],
        loud,
        ..Story::default()
    };
    let count = |at_least, at_most| Assertion::Count {
        of: vec![BOB],
        output: pattern("says"),
        times: times(at_least, at_most),
        together: false,
    };
    let matches = |line| Assertion::Matches { of: vec![BOB], line: pattern(line) };
    let (pass, fail) = (Verdict::Pass, Verdict::Fail);
    let unknown = Verdict::Inconclusive;
    let whole = || Window::default();
    let later = || Window { after: Some("later".into()), ..Window::default() };
    // What it is if nothing is lost, and if the beginning is.
    let table = [
        (count(3, None), whole(), pass, pass),
        (count(4, None), whole(), fail, unknown),
        (count(0, Some(3)), whole(), pass, unknown),
        (count(0, Some(2)), whole(), fail, fail),
        (matches("/^(says \\d ?)*$/"), whole(), pass, unknown),
        (matches("1"), whole(), fail, fail),
        (order(["says 1", "says 2"]), whole(), pass, pass),
        (order(["says 3", "says 2"]), whole(), fail, unknown),
        (order(["says 0", "says 2"]), whole(), fail, unknown),
        (same(false), whole(), pass, unknown),
        (same(true), whole(), pass, unknown),
        (delivered(&[BOB], &[], times(1, Some(1))), whole(), fail, unknown),
        (delivered(&[BOB], &[], times(0, None)), whole(), pass, pass),
        (delivered(&[BOB], &[], times(0, Some(1))), whole(), pass, unknown),
        (delivered(&[], &[BOB], times(0, None)), whole(), fail, fail),
        (latency(9, 9), whole(), fail, unknown),
        // It was lost before that.
        (count(0, Some(3)), later(), pass, pass),
        (count(4, None), later(), fail, fail),
        (order(["says 3", "says 2"]), later(), fail, fail),
        (same(false), later(), pass, pass),
    ];
    for (assertion, window, kept, lost) in table {
        for (loud, verdict) in [(None, kept), (Some(BOB), lost)] {
            let judged = story(loud).judge(&assertion, &window);
            assert_eq!(judged.0, verdict, "{loud:?} {assertion:?} {window:?}: {}", judged.1);
            let told =
                judged.1.ends_with("in what was kept, but the beginning of bob's output was not");
            assert_eq!(told, verdict == unknown, "{}", judged.1);
        }
    }
}
