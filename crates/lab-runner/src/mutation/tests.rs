//! What is broken, and how: records and chunks are made up, nothing is run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab_scenario::pattern::PatternTemplate;
use lab_scenario::plan::{
    Action, Answer, BackendKind, Command, Identity, Input, LineChange, Mutation, MutationKind,
    PLAN_VERSION, Plan, Process, ProcessId, Signal, Stdio, Step,
};
use lab_scenario::source::Place;
use lab_scenario::template::Template;
use lab_scenario::topology::{SwitchKind, Topology, linear, single};
use proptest::prelude::*;

use super::*;
use crate::bytes::Bytes;
use crate::event::{Event, Record, Stream};
use crate::scroll::Nanos;

const MS: Nanos = 1_000_000;
const SERVER: ProcessId = ProcessId(0);
const ALICE: ProcessId = ProcessId(1);
const BOB: ProcessId = ProcessId(2);

fn process(name: &str, host: &str) -> Process {
    Process {
        name: name.into(),
        host: host.into(),
        command: Command::Words(vec![Template::literal(name)]),
        stdio: Stdio::Pty,
        ready: None,
        ready_within: Duration::from_secs(5),
        env: vec![],
        stop: Signal::TERM,
        grace: Duration::from_secs(2),
        place: Place::default(),
    }
}

fn send(to: ProcessId) -> Action {
    Action::Send { to, input: Input::Line(Template::literal("x")) }
}

fn expect(from: ProcessId) -> Action {
    let output = PatternTemplate::Literal(Template::literal("hello"));
    Action::Expect { from, output, without: vec![], save: vec![] }
}

/// A server on h3, alice on h1, bob on h2; alice types, bob must say something twice.
fn plan() -> Plan {
    let actions = [
        Action::Start(SERVER),
        Action::Start(ALICE),
        Action::Start(BOB),
        send(ALICE),
        expect(BOB),
        expect(BOB),
    ];
    let steps = actions.into_iter().enumerate().map(|(index, action)| Step {
        action,
        within: Duration::from_secs(5),
        optional: false,
        place: Place { line: index + 1, ..Place::default() },
        text: format!("step {index}"),
    });
    Plan {
        version: PLAN_VERSION,
        identity: Identity {
            lab: "lab".into(),
            scenario: "scenario".into(),
            title: "a scenario".into(),
            file: "scenario.yaml".into(),
            variant: vec![],
            repetition: (1, 1),
            seed: 1,
        },
        backend: BackendKind::Netns,
        topology: Topology::Described(single(4, SwitchKind::Bridge).unwrap()),
        share_topology: false,
        timeout: Duration::from_secs(20),
        directory: "/".into(),
        path: vec![],
        env: vec![],
        processes: vec![process("server", "h3"), process("alice", "h1"), process("bob", "h2")],
        captures: vec![],
        steps: steps.collect(),
        checks: vec![],
        mutation: None,
    }
}

fn said(at: u64, process: ProcessId, text: &str) -> Record {
    let bytes = Bytes(text.as_bytes().to_vec());
    Record { at: at * MS, event: Event::Output { process, stream: Stream::Terminal, bytes } }
}

fn started(at: u64, process: ProcessId) -> Record {
    Record { at: at * MS, event: Event::ProcessStarted { process, pid: 1, argv: vec![] } }
}

fn step(from: u64, to: u64, step: usize) -> [Record; 2] {
    [
        Record { at: from * MS, event: Event::StepStarted { step } },
        Record { at: to * MS, event: Event::StepPassed { step } },
    ]
}

fn step_missed(from: u64, to: u64, step: usize) -> [Record; 2] {
    let why = "no".to_owned();
    [
        Record { at: from * MS, event: Event::StepStarted { step } },
        Record { at: to * MS, event: Event::StepMissed { step, why } },
    ]
}

/// A run of the plan that passed.
fn base() -> Vec<Record> {
    let mut records = vec![
        started(1, SERVER),
        started(1, ALICE),
        started(1, BOB),
        said(2, SERVER, "listening\n"),
        said(2, ALICE, "your name?\n"),
        said(3, BOB, "your "),
        Record { at: 4 * MS, event: Event::Input { process: ALICE, bytes: Bytes(vec![]) } },
        said(5, SERVER, "12:34:56 joined\n"),
        said(6, BOB, "name?\n10:11:12 new\nhel"),
        said(8, BOB, "lo\r\n\n42\n"),
        said(30, BOB, "bye\n"),
    ];
    records.extend(step(4, 4, 3));
    records.extend(step(4, 8, 4));
    records.extend(step(8, 20, 5));
    records.sort_by_key(|record| record.at);
    records
}

fn counts(mutants: &[Mutant]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for mutant in mutants {
        *counts.entry(mutant.mutation.kind().name()).or_default() += 1;
    }
    counts
}

#[test]
fn what_nobody_could_notice_is_no_mutant() {
    let Listing { mutants, left_out } = list(&plan(), &base(), &[]);
    let expected = [
        ("mute", 3),
        ("kill", 3),
        // h4 runs nothing.
        ("cut", 3),
        ("drop", 2),
        ("double", 2),
        ("delay", 2),
        ("swap", 1),
        ("alter", 2),
    ];
    assert_eq!(counts(&mutants), BTreeMap::from(expected));
    assert_eq!(
        left_out,
        LeftOut { unheard: 3, startup: 1, log: 1, after: 1, ..LeftOut::default() }
    );
    let altered: Vec<_> = mutants
        .iter()
        .filter_map(|mutant| match &mutant.mutation {
            Mutation::Line { of: BOB, text, occurrence: 0, change: LineChange::Alter(other) } => {
                Some((text.as_str(), other.as_str()))
            }
            _ => None,
        })
        .collect();
    let [("hello", hello), ("42", number)] = altered[..] else { panic!("{altered:?}") };
    assert!(hello != "hello" && hello.len() == 5 && (number == "52" || number == "43"));
    let drop = mutants.iter().find(|mutant| mutant.mutation.kind() == MutationKind::Drop).unwrap();
    assert_eq!(drop.near.as_ref().map(|near| near.text.as_str()), Some("step 4"));
}

#[test]
fn what_is_said_also_when_nobody_types_is_no_mutant() {
    let idle = [started(1, BOB), said(2, BOB, "your name?\n10:11:12 new\nand more")];
    let Listing { mutants, left_out } = list(&plan(), &base(), &idle);
    assert_eq!(counts(&mutants)["drop"], 1);
    assert_eq!(left_out.startup, 3);
    let idle = super::idle(&plan());
    assert_eq!(idle.steps.len(), 4);
    assert!(matches!(idle.steps[3].action, Action::Wait(_)));
}

#[test]
fn prompts_are_no_mutants_and_nothing_is_swapped_with_them() {
    let mut base = base();
    let at = base.iter().position(|record| record.at == 8 * MS).unwrap();
    base.insert(at + 1, said(8, BOB, "[You] \ncarol: 42\n[You] \n"));
    let mut idle = vec![started(1, BOB), said(2, BOB, "your name?\n[You] ")];
    idle.extend(step(2, 3, 3));
    idle.push(said(4, BOB, "\nbye\n"));
    let Listing { mutants, left_out } = list(&plan(), &base, &idle);
    assert_eq!(left_out.prompt, 2);
    let swapped: Vec<_> = mutants
        .iter()
        .filter_map(|mutant| match &mutant.mutation {
            Mutation::Line { text, change: LineChange::Swap(other), .. } => {
                Some((&**text, &**other))
            }
            _ => None,
        })
        .collect();
    assert_eq!(swapped, [("hello", "42"), ("42", "carol: 42")]);
}

#[test]
fn a_late_line_is_late_also_for_who_waits_later() {
    let delays = |from| {
        let mut base = vec![
            started(1, BOB),
            Record { at: 4 * MS, event: Event::Input { process: ALICE, bytes: Bytes(vec![]) } },
            said(8, BOB, "hello\n"),
        ];
        base.extend(step(from, 13, 4));
        base.extend(step(13, 14, 5));
        base.sort_by_key(|record| record.at);
        let mutants = list(&plan(), &base, &[]).mutants.into_iter();
        let delays = mutants.filter_map(|mutant| match mutant.mutation {
            Mutation::Line { change: LineChange::Delay(by), .. } => Some(by),
            _ => None,
        });
        delays.collect::<Vec<_>>()
    };
    assert_eq!(delays(4), [Duration::from_millis(5100)], "the step was waiting");
    assert_eq!(delays(12), [Duration::from_millis(5112)], "it began 4 ms later");
}

#[test]
fn a_line_that_came_in_pieces_is_no_mutant() {
    let mut base = base();
    base.push(Record { at: 7 * MS, event: Event::Input { process: ALICE, bytes: Bytes(vec![]) } });
    base.sort_by_key(|record| record.at);
    let Listing { mutants, left_out } = list(&plan(), &base, &[]);
    assert_eq!((counts(&mutants)["drop"], left_out.pieces), (1, 1), "`hel`, then `lo`");
    let idle = [started(1, BOB), said(2, BOB, "hel")];
    let Listing { mutants, left_out } = list(&plan(), &base, &idle);
    assert_eq!((counts(&mutants)["drop"], left_out.pieces), (2, 0), "`hel` is a prompt");
}

#[test]
fn a_mutant_shares_no_network() {
    let sharing = Plan { share_topology: true, ..plan() };
    assert!(!broken(&sharing, &Mutation::Mute(BOB)).share_topology);
}

#[test]
fn what_an_ask_is_content_with_can_be_lost_or_late() {
    let plan = plan();
    let waiting = &plan.steps[4];
    let ask = |answer| {
        let line = Template::literal("state");
        Step { action: Action::Ask { of: BOB, line, answer, every: None }, ..waiting.clone() }
    };
    let pattern = PatternTemplate::Literal(Template::literal("hello"));
    let any = ask(Answer::Output(pattern));
    let asked = |answers: [Step; 2]| {
        let mut plan = plan.clone();
        plan.steps.splice(4.., answers);
        let mut base = vec![
            started(1, BOB),
            Record { at: 4 * MS, event: Event::Input { process: BOB, bytes: Bytes(vec![]) } },
            said(5, BOB, "{\"n\": 1}\nalice came\n{\"n\": 2}\n"),
            said(9, BOB, "{\"n\": 2}\n"),
        ];
        base.extend(step_missed(8, 10, 5));
        base.extend(step(4, 7, 4));
        base.sort_by_key(|record| record.at);
        let Listing { mutants, left_out } = list(&plan, &base, &[]);
        let of_lines = mutants.iter().filter_map(|mutant| match &mutant.mutation {
            Mutation::Line { text, occurrence, .. } => {
                Some((mutant.mutation.kind().name(), text.clone(), *occurrence))
            }
            _ => None,
        });
        (of_lines.collect::<Vec<_>>(), left_out)
    };
    let (mutants, left_out) = asked([ask(Answer::Json(vec![])), ask(Answer::Json(vec![]))]);
    let second = "{\"n\": 2}".to_owned();
    assert_eq!(mutants, [("drop", second.clone(), 1), ("delay", second, 1)]);
    assert_eq!((left_out.asked, left_out.unheard), (2, 1), "{left_out:?}");
    let (mutants, left_out) = asked([any.clone(), any]);
    assert_eq!((mutants.len(), left_out.asked), (0, 4), "{left_out:?}");
}

#[test]
fn links_that_hold_hosts_together() {
    let mut plan = plan();
    plan.topology = Topology::Described(linear(4, 1, SwitchKind::Bridge).unwrap());
    let listing = list(&plan, &base(), &[]);
    let cut: Vec<_> = listing
        .mutants
        .iter()
        .filter_map(|mutant| match &mutant.mutation {
            Mutation::Cut([a, b]) => Some(format!("{a}{b}")),
            _ => None,
        })
        .collect();
    assert_eq!(cut.len(), 5, "three cables of hosts and two between switches: {cut:?}");
    assert!(!cut.iter().any(|ends| ends.contains('4')), "{cut:?}");
}

fn sampled(plan: &Plan, mut mutants: Vec<Mutant>, of_each: usize, seed: u64) -> Vec<Mutant> {
    sample(&mut [(plan, &mut mutants)], of_each, seed);
    mutants
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() {
    let plan = plan();
    let mutants = list(&plan, &base(), &[]).mutants;
    let one = sampled(&plan, mutants.clone(), 1, 7);
    assert_eq!(one.len(), 8);
    assert_eq!(sampled(&plan, mutants.clone(), 100, 7), mutants);
    assert!((0..50).any(|seed| sampled(&plan, mutants.clone(), 1, seed) != one));
    // In whatever order they come.
    let reversed = mutants.into_iter().rev().collect();
    let mut same = sampled(&plan, reversed, 1, 7);
    same.reverse();
    assert_eq!(same, one);
}

#[test]
fn a_sample_of_a_lab_is_one_of_all_its_scenarios() {
    let first = plan();
    let mut second = plan();
    second.identity.scenario = "another".into();
    let all = list(&first, &base(), &[]).mutants;
    let taken = |of_each, seed| {
        let (mut one, mut other) = (all.clone(), all.clone());
        sample(&mut [(&first, &mut one), (&second, &mut other)], of_each, seed);
        (one.len(), other.len())
    };
    assert!((0..50).all(|seed| taken(2, seed) == (8, 8)), "one of each kind and scenario");
    let ones: BTreeSet<(usize, usize)> = (0..50).map(|seed| taken(1, seed)).collect();
    assert!(ones.len() > 1 && ones.iter().all(|(one, other)| one + other == 8), "{ones:?}");
}

#[test]
fn waits_are_shortened() {
    let plan = patient(&plan(), &base(), Duration::from_millis(20));
    let within: Vec<_> = plan.steps.iter().map(|step| step.within.as_millis()).collect();
    assert_eq!(within, [20, 20, 20, 20, 20, 36]);
    let plan = patient(&plan, &base(), Duration::from_secs(60));
    assert_eq!(plan.steps[5].within.as_millis(), 36, "never longer than the scenario says");
}

fn line(text: &str, occurrence: u32, change: LineChange) -> Mutation {
    Mutation::Line { of: BOB, text: text.into(), occurrence, change }
}

/// What comes out at once of chunks that come 1 ms apart, and what at the end.
fn tampered(mutation: &Mutation, chunks: &[&[u8]]) -> (String, String) {
    let mut tamper = Tamper::new(mutation).unwrap();
    let mut out = Vec::new();
    for (now, chunk) in chunks.iter().enumerate() {
        let now = now as Nanos * MS;
        out.extend(tamper.release(now));
        out.extend(tamper.hear(chunk, now));
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(tamper.end()))
}

#[test]
fn lines_are_broken() {
    let chunks: [&[u8]; 3] = [b"a\r\nb", b"\r\na\r\n", b"c\r\nd"];
    let table = [
        (LineChange::Drop, "a\r\nb\r\nc\r\nd", ""),
        (LineChange::Double, "a\r\nb\r\na\r\na\r\nc\r\nd", ""),
        (LineChange::Alter("z".into()), "a\r\nb\r\nz\r\nc\r\nd", ""),
        (LineChange::Swap("c".into()), "a\r\nb\r\nc\r\na\r\nd", ""),
        (LineChange::Delay(Duration::from_millis(1)), "a\r\nb\r\na\r\nc\r\nd", ""),
        (LineChange::Delay(Duration::from_secs(1)), "a\r\nb\r\n", "a\r\nc\r\nd"),
    ];
    for (change, out, end) in table {
        let mutation = line("a", 1, change);
        assert_eq!(tampered(&mutation, &chunks), (out.into(), end.into()), "{mutation:?}");
    }
    // One that is to come after what does not come, comes at the end.
    let swap = line("c", 0, LineChange::Swap("e".into()));
    assert_eq!(tampered(&swap, &chunks), ("a\r\nb\r\na\r\nd".into(), "c\r\n".into()));
}

#[test]
fn numbers_may_be_others_in_each_run() {
    let chunks: [&[u8]; 4] = [b"[10.0.0.1:5", b"1000] hello\n[1", b"0.0.0.1:77] hello\n", b"7 8\n"];
    let text = "[10.0.0.1:4711] hello";
    let table = [
        (LineChange::Drop, "[10.0.0.1:51000] hello\n7 8\n"),
        (
            LineChange::Alter("[10.0.0.1:4711] hfllo".into()),
            "[10.0.0.1:51000] hello\n[10.0.0.1:77] hfllo\n7 8\n",
        ),
        (LineChange::Swap("6 9".into()), "[10.0.0.1:51000] hello\n7 8\n[10.0.0.1:77] hello\n"),
    ];
    for (change, out) in table {
        assert_eq!(tampered(&line(text, 1, change), &chunks), (out.into(), String::new()));
    }
    let number = line("3 4", 0, LineChange::Alter("3 5".into()));
    assert!(tampered(&number, &chunks).0.ends_with("hello\n3 5\n"));
}

#[test]
fn what_is_swapped_holds_nothing_else_back() {
    let swap = line("one", 0, LineChange::Swap("two".into()));
    let mut tamper = Tamper::new(&swap).unwrap();
    assert_eq!(tamper.hear(b"one\n[You] ", 0), b"[You] ");
    assert_eq!(tamper.hear(b"two\nt", 0), b"two\n");
    assert_eq!(tamper.hear(b"wo\n", 0), b"two\none\n");
}

#[test]
fn only_the_beginning_of_the_line_is_held_back() {
    let mutation = line("hello", 0, LineChange::Drop);
    let mut tamper = Tamper::new(&mutation).unwrap();
    assert_eq!(tamper.hear(b"name: ", 0), b"name: ");
    assert_eq!(tamper.hear(b"hello\nhel", 0), b"hello\n");
    assert_eq!(tamper.hear(b"p", 0), b"help");
    assert!(!tamper.has_struck());
    assert_eq!(tamper.hear(b"\nhello\nhello\n", 0), b"\nhello\n");
    assert!(tamper.has_struck() && !tamper.has_struck());
    assert!(tamper.concerns(BOB, Stream::Stdout) && !tamper.concerns(BOB, Stream::Stderr));
}

proptest! {
    /// Chunks do not matter, and but for the one line nothing is lost.
    #[test]
    fn all_else_is_let_through(
        text in "([ab]{0,2}\r?\n?){0,12}",
        wanted in "[ab]{0,2}",
        occurrence in 0_u32..3,
        cuts in proptest::collection::vec(0_usize..40, 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> =
            cuts.windows(2).map(|ends| &text.as_bytes()[ends[0]..ends[1]]).collect();
        let joined = |mutation: &Mutation, chunks: &[&[u8]]| {
            let (out, end) = tampered(mutation, chunks);
            out + &end
        };
        let same = LineChange::Alter(wanted.clone());
        prop_assert_eq!(joined(&line(&wanted, occurrence, same), &chunks), text.clone());
        let swap = LineChange::Swap("b".into());
        for change in [LineChange::Drop, LineChange::Double, swap] {
            let mutation = line(&wanted, occurrence, change);
            prop_assert_eq!(joined(&mutation, &chunks), joined(&mutation, &[text.as_bytes()]));
        }
    }
}
