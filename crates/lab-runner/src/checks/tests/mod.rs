//! Checks on records that were never played.

mod delivery;
mod lost;

use std::time::Duration;

use lab_scenario::pattern::PatternTemplate;
use lab_scenario::plan::{CaptureId, Said};
use lab_scenario::template::Template;

use super::*;
use crate::scroll::{MAX_KEPT, Scroll};
use crate::traffic::{Gap, Traffic, datagram};

const ALICE: ProcessId = ProcessId(0);
const BOB: ProcessId = ProcessId(1);
const CAROL: ProcessId = ProcessId(2);
const MS: Nanos = 1_000_000;

fn pattern(text: &str) -> PatternTemplate {
    match text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
        Some(regex) => PatternTemplate::Regex(Template::literal(regex)),
        None => PatternTemplate::Literal(Template::literal(text)),
    }
}

/// What alice, bob and carol said, and what was typed into alice, each with its
/// time in milliseconds.
#[derive(Default)]
struct Story {
    said: [Vec<(Nanos, &'static str)>; 3],
    typed: Vec<(Nanos, &'static str)>,
    labels: Vec<(Nanos, &'static str)>,
    /// Who says so much in the first milliseconds that what came before the third is not kept.
    loud: Option<ProcessId>,
    traffic: Vec<Traffic>,
}

impl Story {
    fn judge(&self, assertion: &Assertion, window: &Window) -> (Verdict, String) {
        let scrolls: [_; 3] = std::array::from_fn(|id| {
            let mut scroll = Scroll::default();
            if self.loud == Some(ProcessId(id)) {
                let chunk = vec![b'x'; MAX_KEPT / 16];
                (0..17).for_each(|turn| scroll.push(&chunk, turn * MS / 4));
            }
            for (at, text) in &self.said[id] {
                scroll.push(text.as_bytes(), at * MS);
            }
            vec![scroll]
        });
        let typed: Vec<_> =
            self.typed.iter().map(|(at, text)| (at * MS, text.as_bytes().to_vec())).collect();
        let labels: Vec<_> =
            self.labels.iter().map(|(at, name)| ((*name).to_owned(), at * MS)).collect();
        let names = ["alice", "bob", "carol"];
        let witnesses = names.into_iter().zip(&scrolls).map(|(name, scrolls)| Witness {
            name,
            scrolls,
            typed: if name == "alice" { &typed } else { &[] },
            started: true,
            status: None,
        });
        let saved = Saved::new();
        let addresses = [("h1", 1), ("h2", 2), ("h3", 3)];
        let addresses =
            addresses.map(|(name, last)| (name.to_owned(), vec![[10, 0, 0, last].into()]));
        let record = Record {
            witnesses: witnesses.collect(),
            labels: &labels,
            saved: &saved,
            traffic: &self.traffic,
            addresses: &addresses.into(),
        };
        let looks = crate::script::looks(assertion);
        let CheckOutcome { verdict, found } = judge(assertion, window, &looks, &record);
        (verdict, found)
    }

    fn whole(&self, assertion: &Assertion) -> (Verdict, String) {
        self.judge(assertion, &Window::default())
    }
}

fn times(at_least: u64, at_most: Option<u64>) -> Times {
    Times { at_least, at_most }
}

fn absent(of: ProcessId, text: &str) -> Assertion {
    Assertion::Count {
        of: vec![of],
        output: pattern(text),
        times: times(0, Some(0)),
        together: false,
    }
}

#[test]
fn absence_is_worth_what_the_witness_is() {
    let story = Story { said: [vec![(1, "hello\n")], vec![], vec![]], ..Story::default() };
    assert_eq!(story.whole(&absent(ALICE, "error")).0, Verdict::Pass);
    assert_eq!(story.whole(&absent(ALICE, "hello")).0, Verdict::Fail);
    assert_eq!(story.whole(&absent(BOB, "error")).0, Verdict::Inconclusive);
}

#[test]
fn windows_open_between_labels() {
    let story = Story {
        said: [vec![], vec![(5, "early\n"), (15, "meanwhile\n"), (25, "late\n")], vec![]],
        labels: vec![(10, "cut"), (20, "healed")],
        ..Story::default()
    };
    let between =
        Window { after: Some("cut".into()), before: Some("healed".into()), lasting: None };
    assert_eq!(story.judge(&absent(BOB, "late"), &between).0, Verdict::Pass);
    assert_eq!(story.judge(&absent(BOB, "meanwhile"), &between).0, Verdict::Fail);
    let said = |text| Assertion::Count {
        of: vec![BOB],
        output: pattern(text),
        times: times(1, None),
        together: false,
    };
    let soon = |millis| Window {
        after: Some("healed".into()),
        before: None,
        lasting: Some(Duration::from_millis(millis)),
    };
    assert_eq!(story.judge(&said("late"), &soon(6)).0, Verdict::Pass);
    assert_eq!(story.judge(&said("late"), &soon(5)).0, Verdict::Fail);
    let never = Window { after: Some("never".into()), ..Window::default() };
    let (verdict, found) = story.judge(&absent(BOB, "late"), &never);
    assert_eq!((verdict, &*found), (Verdict::Inconclusive, "the run never came to `never`"));
}

#[test]
fn orders_across_processes() {
    let story = Story {
        said: [vec![(1, "one "), (9, "four")], vec![(4, "two three\n")], vec![]],
        ..Story::default()
    };
    let order = |said: &[(ProcessId, &str)]| {
        let said = said.iter().map(|(by, text)| Said { by: *by, output: pattern(text) });
        Assertion::Order(said.collect())
    };
    let right = [(ALICE, "one"), (BOB, "two"), (BOB, "three"), (ALICE, "four")];
    assert_eq!(story.whole(&order(&right)).0, Verdict::Pass);
    // In one chunk, and so at one time: the bytes tell.
    let (verdict, found) = story.whole(&order(&[(BOB, "three"), (BOB, "two")]));
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(found, "`two` of bob came last at 0.004 s, and `three` of bob at 0.004 s");
    assert_eq!(story.whole(&order(&[(ALICE, "four"), (BOB, "two")])).0, Verdict::Fail);
    let (verdict, found) = story.whole(&order(&[(ALICE, "one"), (CAROL, "x")]));
    assert_eq!((verdict, &*found), (Verdict::Fail, "`x` of carol was not found"));
}

#[test]
fn the_same_order_for_all() {
    let said =
        |a, b, c| Story { said: [vec![(1, a)], vec![(2, b)], vec![(3, c)]], ..Story::default() };
    let same = Assertion::SameOrder {
        of: vec![ALICE, BOB, CAROL],
        output: pattern(r"/says (\d)/"),
        partial: false,
    };
    let story = said("x says 1\nx says 2\n", "says 1, says 2", "? says 1\nsays 2\n");
    assert_eq!(story.whole(&same).0, Verdict::Pass);
    let (verdict, found) = said("says 1 says 2", "says 2 says 1", "says 1 says 2").whole(&same);
    assert_eq!((verdict, &*found), (Verdict::Fail, "number 1 is `1` at alice, and `2` at bob"));
    let (verdict, found) = said("says 1 says 2", "says 1 says 2", "says 1").whole(&same);
    assert_eq!(
        (verdict, &*found),
        (Verdict::Fail, "number 2 is `2` at alice, and nothing at carol")
    );
    assert_eq!(said("hm", "hm", "hm").whole(&same).0, Verdict::Inconclusive);
}

#[test]
fn one_order_of_what_each_saw_a_part_of() {
    let said =
        |a, b, c| Story { said: [vec![(1, a)], vec![(2, b)], vec![(3, c)]], ..Story::default() };
    let of = vec![ALICE, BOB, CAROL];
    let one = Assertion::SameOrder { of, output: pattern(r"/says (\d)/"), partial: true };
    let story = said("says 1 says 2 says 3", "says 2 says 3", "says 1 says 3");
    let found = "one order of 3 agrees with what all 3 saw";
    assert_eq!(story.whole(&one), (Verdict::Pass, found.into()));
    let story = said("says 1 says 2 says 3", "says 2", "says 3 says 1");
    let found = "no order agrees with all: alice saw `1` before `3`, carol saw `3` before `1`";
    assert_eq!(story.whole(&one), (Verdict::Fail, found.into()));
    assert_eq!(said("says 1", "says 1", "says 1").whole(&one).0, Verdict::Inconclusive);
}

#[test]
fn several_processes_at_once() {
    let story = Story {
        said: [vec![(1, "hello")], vec![(1, "hello")], vec![(1, "hm")]],
        ..Story::default()
    };
    let all = |of: &[ProcessId]| Assertion::Count {
        of: of.to_vec(),
        output: pattern("hello"),
        times: times(1, None),
        together: false,
    };
    assert_eq!(story.whole(&all(&[ALICE, BOB])), (Verdict::Pass, "so for all 2".into()));
    let (verdict, found) = story.whole(&all(&[ALICE, BOB, CAROL]));
    assert_eq!((verdict, &*found), (Verdict::Fail, "carol: not found"));
}

#[test]
fn several_processes_together() {
    let story = Story {
        said: [vec![(3, "hello\nhello")], vec![(1, "hello")], vec![(2, "hm")]],
        ..Story::default()
    };
    let all = |of: &[ProcessId], count| Assertion::Count {
        of: of.to_vec(),
        output: pattern("hello"),
        times: times(count, Some(count)),
        together: true,
    };
    let found = "found 3 times, at 0.001 s, 0.003 s, 0.003 s";
    assert_eq!(story.whole(&all(&[ALICE, BOB, CAROL], 3)), (Verdict::Pass, found.into()));
    assert_eq!(story.whole(&all(&[ALICE, BOB, CAROL], 4)), (Verdict::Fail, found.into()));
    assert_eq!(story.whole(&all(&[CAROL], 0)), (Verdict::Pass, "not found".into()));
    let silent = Story { said: [vec![], vec![], vec![(2, "hm")]], ..Story::default() };
    assert_eq!(silent.whole(&all(&[ALICE, BOB], 0)).0, Verdict::Inconclusive);
}

/// A capture of what h1 and h2 say to each other, at 1, 2 and 3 ms.
fn talk(gap: Gap) -> Story {
    let mut traffic = Traffic::default();
    let packets = [(1, 2, "hello hello"), (2, 1, "hello you"), (1, 2, "bye")];
    for ((from, to, payload), at) in packets.into_iter().zip(1..) {
        traffic.push(&datagram(from, to, payload), at * MS);
    }
    traffic.missing(gap);
    let labels = vec![(2, "later")];
    let mut noise = Traffic::default();
    noise.push(&datagram(99, 98, "I am a kernel"), MS);
    Story { traffic: vec![traffic, noise], labels, ..Story::default() }
}

fn packets(of: usize, from: Option<&str>, to: Option<&str>, text: &str, times: Times) -> Assertion {
    let [from, to] = [from, to].map(|host| host.map(str::to_owned));
    Assertion::Packets { of: CaptureId(of), from, to, output: pattern(text), times }
}

#[test]
fn packets_are_counted_by_who_sent_them_to_whom() {
    let story = talk(Gap::default());
    let (h1, h2, h3) = (Some("h1"), Some("h2"), Some("h3"));
    let once = times(1, Some(1));
    let table = [
        (
            None,
            None,
            "hello",
            times(2, Some(2)),
            Verdict::Pass,
            "in 2 packets, at 0.001 s, 0.002 s, the first from 10.0.0.1:9 to 10.0.0.2:7",
        ),
        (
            h1,
            None,
            "hello",
            once,
            Verdict::Pass,
            "in one packet, at 0.001 s, from 10.0.0.1:9 to 10.0.0.2:7",
        ),
        (
            None,
            h1,
            "/^hello (\\w+)$/",
            once,
            Verdict::Pass,
            "in one packet, at 0.002 s, from 10.0.0.2:9 to 10.0.0.1:7",
        ),
        (h1, h2, "you", once, Verdict::Fail, "no packet holds it"),
        (h2, h1, "bye", times(0, Some(0)), Verdict::Pass, "no packet holds it"),
        (h3, None, "bye", times(1, None), Verdict::Fail, "there was no such packet"),
        (
            Some("h9"),
            None,
            "x",
            once,
            Verdict::Inconclusive,
            "there is no host `h9` in this network",
        ),
    ];
    for (from, to, text, times, verdict, found) in table {
        let judged = story.whole(&packets(0, from, to, text, times));
        assert_eq!(judged, (verdict, found.to_owned()), "{from:?} {to:?} {text}");
    }
    let later = Window { after: Some("later".into()), ..Window::default() };
    let judged = story.judge(&packets(0, None, None, "hello", once), &later);
    assert_eq!(judged.0, Verdict::Pass);
}

#[test]
fn a_capture_is_worth_what_it_has_seen() {
    let never = times(0, Some(0));
    let judge = |gap, of, text: &str, times| talk(gap).whole(&packets(of, None, None, text, times));
    let (verdict, found) = judge(Gap::default(), 1, "secret", never);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert_eq!(found, "no host was heard at all, so this shows nothing");
    assert_eq!(judge(Gap::default(), 1, "secret", times(1, None)).0, Verdict::Fail);
    let gaps = [
        (Gap { lost: 1, is_full: false }, "one packet was lost"),
        (Gap { lost: 2, is_full: false }, "2 packets were lost"),
        (Gap { lost: 0, is_full: true }, "the capture was full before the end"),
    ];
    for (gap, words) in gaps {
        for (text, times, verdict) in [
            ("secret", never, Verdict::Inconclusive),
            ("secret", times(1, None), Verdict::Inconclusive),
            ("hello", times(1, None), Verdict::Pass),
            ("hello", never, Verdict::Fail),
        ] {
            let judged = judge(gap, 0, text, times);
            assert_eq!(judged.0, verdict, "{text} {times:?}");
            let told = judged.1.ends_with(&format!("in what was kept, but {words}"));
            assert_eq!(told, verdict == Verdict::Inconclusive, "{}", judged.1);
        }
    }
}
