//! A small network, and everything that can be typed about it.

use lab_runner::event::{HostDescription, InterfaceDescription, LinkDescription};
use lab_scenario::plan::{ExitStatus, LinkState, Signal};
use lab_scenario::topology::Shape;
use lab_scenario::{Lab, Live, PlanOptions};
use proptest::prelude::*;

use super::command::{Command, LINES, Show, goes_on, parse};
use super::complete::complete;
use super::table::{ABSENT, Kind, TABLE, VERBS};
use super::{draw, help, show};
use crate::protocol::{ProcessDescription, ProcessState, SessionDescription};

fn host(number: u8) -> HostDescription {
    HostDescription {
        name: format!("h{number}"),
        interfaces: vec![InterfaceDescription {
            name: format!("h{number}-eth0"),
            ip: Some(format!("10.0.0.{number}/8")),
            mac: format!("00:00:00:00:00:0{number}"),
        }],
    }
}

fn link(a: &str, b: &str, state: LinkState) -> LinkDescription {
    let interface = |node: &str, other: &str| format!("{node}-{other}");
    LinkDescription {
        nodes: [a.to_owned(), b.to_owned()],
        interfaces: [interface(a, b), interface(b, a)],
        state,
        shape: Shape::default(),
    }
}

fn process(name: &str, state: ProcessState) -> ProcessDescription {
    ProcessDescription { name: name.to_owned(), host: "h1".to_owned(), state }
}

/// Three hosts on two switches, and a server and a client.
fn session() -> SessionDescription {
    SessionDescription {
        name: "demo".into(),
        hosts: vec![host(1), host(2), host(3)],
        links: vec![
            link("h1", "s1", LinkState::Up),
            link("h2", "s1", LinkState::Down),
            link("h3", "s2", LinkState::Up),
            link("s2", "s1", LinkState::Up),
        ],
        processes: vec![
            process("server", ProcessState::Running),
            process("alice", ProcessState::Ended(ExitStatus::Signal(Signal(9)))),
        ],
        ..SessionDescription::default()
    }
}

fn parsed(line: &str) -> Command {
    parse(line, &session()).unwrap_or_else(|wrong| panic!("{line}: {wrong:?}"))
}

/// The session's network, as the language knows it.
fn live() -> Live {
    let mut live =
        Live::of_words("linear,2,2", &Lab::bare("/lab"), &PlanOptions::default()).unwrap();
    for name in ["server", "alice"] {
        live.add(&format!("processes: {{{name}: {{host: h1s1, run: cat}}}}")).unwrap();
    }
    live
}

#[test]
fn what_is_short_becomes_the_scenario_language() {
    let table = [
        ("send server: hello", "send: {to: server, line: \"hello\"}"),
        ("send server:  two  blanks", "send: {to: server, line: \" two  blanks\"}"),
        ("send server hello: you", "send: {to: server, line: \"hello: you\"}"),
        ("send server:", "send: {to: server, line: \"\"}"),
        ("send server: say \"x\"", "send: {to: server, line: \"say \\\"x\\\"\"}"),
        ("expect alice: /a.c/", "expect: {from: alice, output: \"/a.c/\"}"),
        ("silence alice 500ms", "silence: {from: alice, for: 500ms}"),
        ("signal server HUP", "signal: {to: server, signal: HUP}"),
        ("kill server", "kill: server"),
        ("stop server alice", "stop: [server, alice]"),
        ("restart alice", "restart: alice"),
        ("start alice", "start: alice"),
        ("wait 100ms", "wait: 100ms"),
        ("label here", "label: here"),
        ("assert ${seed} > 1", "assert: \"${seed} > 1\""),
        ("heal", "heal: {}"),
        ("pause h1s1 h2s1", "pause: [h1s1, h2s1]"),
        ("resume h1s1", "resume: h1s1"),
        ("host h1s1 down", "host: {name: h1s1, state: down}"),
        ("link s1 h1s1 down", "link: {between: [s1, h1s1], state: down}"),
        (
            "link s1 h1s1 delay=20ms loss=0.5 bw=10",
            "link: {between: [s1, h1s1], delay: 20ms, loss: 0.5, bw: 10}",
        ),
        ("partition h1s1,h2s1 | h1s2", "partition: [[h1s1, h2s1], [h1s2]]"),
        ("partition h1s1, h2s1|h1s2", "partition: [[h1s1, h2s1], [h1s2]]"),
        ("partition h1s1,h2s1 h1s2", "partition: [[h1s1, h2s1], [h1s2]]"),
        ("server> hello", "dialogue: \"server> hello\""),
        ("alice< /x+/", "dialogue: \"alice< /x+/\""),
        ("wait: 2s", "wait: 2s"),
        ("  wait: 2s  ", "wait: 2s"),
        ("- wait: 2s", "- wait: 2s"),
        ("{steps: [{wait: 2s}]}", "{steps: [{wait: 2s}]}"),
        ("link: {between: [h1s1, s1], state: up}", "link: {between: [h1s1, s1], state: up}"),
        ("dialogue: |\n  server> a\n  server< a\n", "dialogue: |\n  server> a\n  server< a"),
    ];
    let mut live = live();
    for (line, text) in table {
        assert_eq!(parsed(line), Command::Play(text.to_owned()), "{line}");
        live.add(text).unwrap_or_else(|problems| panic!("{text}: {problems}"));
    }
}

#[test]
fn a_process_is_written_as_in_a_scenario() {
    let table = [
        (
            "run h1 bob: chat-client direct ${h2.ip}",
            "processes: {bob: {host: h1, run: \"chat-client direct ${h2.ip}\"}}",
        ),
        ("run h1 bob:cat", "processes: {bob: {host: h1, run: \"cat\"}}"),
        (
            "run h1 bob: echo $HOME | cat",
            "processes: {bob: {host: h1, shell: \"echo $HOME | cat\"}}",
        ),
        ("run h1 bob: sleep 9 & wait", "processes: {bob: {host: h1, shell: \"sleep 9 & wait\"}}"),
    ];
    for (line, text) in table {
        assert_eq!(parsed(line), Command::Play(text.to_owned()), "{line}");
        live().add(&text.replace("h1", "h1s1").replace("h2", "h2s2")).unwrap();
    }
}

#[test]
fn commands_of_mininet_are_understood() {
    let table = [
        ("", Command::Nothing),
        ("   ", Command::Nothing),
        ("# not now", Command::Nothing),
        ("nodes", Command::Show(Show::Nodes)),
        ("net", Command::Show(Show::Net)),
        ("links", Command::Show(Show::Links)),
        ("dump", Command::Show(Show::Dump)),
        ("topology", Command::Show(Show::Topology)),
        ("processes", Command::Show(Show::Processes)),
        ("terminals", Command::Show(Show::Terminals)),
        ("h1", Command::Shell { host: "h1".into(), line: String::new() }),
        ("h1 ping -c1 h2", Command::Shell { host: "h1".into(), line: "ping -c1 h2".into() }),
        (
            "h1 echo 'a  b' && ls",
            Command::Shell { host: "h1".into(), line: "echo 'a  b' && ls".into() },
        ),
        (
            "h2 python3 -m http.server &",
            Command::Background { host: "h2".into(), line: "python3 -m http.server".into() },
        ),
        ("pingall", Command::PingAll(vec![])),
        ("pingall h1 h2", Command::PingAll(vec!["h1".into(), "h2".into()])),
        ("iperf", Command::Iperf("h1".into(), "h3".into())),
        ("iperf h1 h2", Command::Iperf("h1".into(), "h2".into())),
        ("xterm", Command::Xterm(vec![])),
        ("xterm h1 h2", Command::Xterm(vec!["h1".into(), "h2".into()])),
        ("tmux", Command::Tmux(vec![])),
        ("transcript h1", Command::Transcript { of: "h1".into(), lines: LINES }),
        ("transcript server 7", Command::Transcript { of: "server".into(), lines: 7 }),
        ("capture h2-eth0", Command::Capture { host: "h2".into(), interface: "h2-eth0".into() }),
        ("capture h2-eth0 off", Command::CaptureOff { interface: "h2-eth0".into() }),
        ("help", Command::Help(None)),
        ("help link", Command::Help(Some("link".into()))),
        ("continue", Command::Continue),
        ("down", Command::Down),
        ("exit", Command::Exit),
        ("quit", Command::Exit),
    ];
    for (line, command) in table {
        assert_eq!(parsed(line), command, "{line}");
    }
}

#[test]
fn what_means_nothing_is_said_so_with_what_to_do() {
    let table = [
        ("ndoes", "did you mean `nodes`?"),
        ("h9 ls", "did you mean `h1`?"),
        ("ls", "type `help`"),
        ("s1 ifconfig", "`links`"),
        ("server hello", "`server> TEXT`"),
        ("py net.hosts", "h1 python3"),
        ("dialogue alice", "`dialogue: …`"),
        ("link h1 s1", "`help link`"),
        ("link h1 s1 sideways", "`help link`"),
        ("link h1 s1 =3", "`help link`"),
        ("xterm h1 hh2", "did you mean `h2`?"),
        ("iperf h1 h1", ""),
        ("iperf h1", "`help iperf`"),
        ("transcript sever", "did you mean `server`?"),
        ("transcript server many", ""),
        ("run h1", "`help run`"),
        ("run h1 chat-server direct", "`help run`"),
        ("run h8 a: cat", "did you mean `h1`?"),
        ("run h1 a:", "`help run`"),
        ("send", "`help send`"),
        ("send server", "`help send`"),
        ("expect server:", "`help expect`"),
        ("host h1", "`help host`"),
        ("nodes please", "`help nodes`"),
        ("exit 3", "`help exit`"),
        ("wait", "`help wait`"),
        ("capture h1", "write `capture h1-eth0`"),
        ("capture h2-eht0", "did you mean `h2-eth0`?"),
    ];
    for (line, expected) in table {
        let wrong = parse(line, &session()).expect_err(line);
        assert!(wrong.help.as_deref().unwrap_or_default().contains(expected), "{line}: {wrong:?}");
        assert!(!wrong.why.is_empty() && !wrong.why.ends_with('.'), "{wrong:?}");
    }
}

#[test]
fn a_step_of_several_lines_goes_on() {
    for line in ["dialogue: |", "steps:", "processes:  ", "- parallel:"] {
        assert!(goes_on(line), "{line}");
    }
    for line in ["wait: 2s", "h1 ls |", "send server:", "alice> what:", "", "expect alice: |"] {
        assert!(!goes_on(line), "{line}");
    }
}

#[test]
fn words_are_completed_from_what_there_is() {
    let table: [(&str, &[&str]); 15] = [
        ("no", &["nodes "]),
        ("li", &["link ", "links "]),
        ("h", &["h1 ", "h2 ", "h3 ", "heal ", "help ", "host "]),
        ("par", &["parallel: ", "partition "]),
        ("ser", &["server< ", "server> "]),
        ("link s", &["s1 ", "s2 "]),
        ("link s1 h2 ", &["down ", "up "]),
        ("h1 ping h", &["h1 ", "h2 ", "h3 "]),
        ("send a", &["alice: "]),
        ("transcript ", &["alice ", "h1 ", "h2 ", "h3 ", "server "]),
        ("capture h2", &["h2-eth0 "]),
        ("capture h2-eth0 ", &["off "]),
        ("help ki", &["kill "]),
        ("nodes ", &[]),
        ("partition h1,h", &["h1 ", "h2 ", "h3 "]),
    ];
    for (line, expected) in table {
        let (start, candidates) = complete(line, line.len(), &session());
        assert_eq!(candidates, expected, "{line}");
        assert!(line.is_char_boundary(start));
    }
    assert_eq!(complete("xterm h h2", 7, &session()).0, 6);
}

#[test]
fn each_command_of_the_table_is_parsed_and_explained() {
    let all = help::all();
    for entry in TABLE {
        assert!(help::about(entry.name).unwrap().contains(entry.about));
        assert!(all.contains(&format!("  {}", entry.name)), "{}", entry.name);
        assert_eq!(TABLE.iter().filter(|other| other.name == entry.name).count(), 1);
        // What follows it is wrong perhaps, but the command is known.
        if let Err(wrong) = parse(entry.name, &session()) {
            assert!(wrong.why.contains(entry.name) && wrong.help.is_some(), "{wrong:?}");
        }
        for example in entry.more.lines().filter_map(|line| line.strip_prefix("    ")) {
            let example = example.replace("bob", "alice").replace("h4", "h3");
            assert!(parse(&example, &session()).is_ok(), "{example}");
        }
        assert!(entry.words.iter().rev().skip(1).all(|kind| *kind != Kind::Text));
    }
    for name in ABSENT.iter().map(|(name, _)| *name).chain(VERBS) {
        assert!(help::about(name).unwrap().contains(name));
        assert!(!TABLE.iter().any(|entry| entry.name == name), "{name}");
    }
    assert!(help::about("lnk").unwrap_err().help.unwrap().contains("`link`"));
}

#[test]
fn what_there_is_is_shown() {
    let session = session();
    assert_eq!(show::show(Show::Nodes, &session), "hosts     h1 h2 h3\nswitches  s1 s2\n");
    assert_eq!(
        show::show(Show::Net, &session),
        "h1 h1-s1:s1-h1\nh2 h2-s1:s1-h2\nh3 h3-s2:s2-h3\n\
         s1 s1-h1:h1-s1 s1-h2:h2-s1 s1-s2:s2-s1\ns2 s2-h3:h3-s2 s2-s1:s1-s2\n"
    );
    assert_eq!(
        show::show(Show::Links, &session),
        "h1-s1<->s1-h1 (up)\nh2-s1<->s1-h2 (down)\nh3-s2<->s2-h3 (up)\ns2-s1<->s1-s2 (up)\n"
    );
    let dump = show::show(Show::Dump, &session);
    assert!(dump.starts_with("h1  h1-eth0  10.0.0.1/8  00:00:00:00:00:01\n"), "{dump}");
    assert!(dump.ends_with("s2  s2-h3\n    s2-s1\n"), "{dump}");
    assert_eq!(
        show::show(Show::Processes, &session),
        "server  h1  running\nalice   h1  ended by SIGKILL\n"
    );
}

#[test]
fn the_network_is_drawn_as_a_tree() {
    assert_eq!(
        draw::draw(&session()),
        "s1\n├─ h1  10.0.0.1/8\n├─ h2  10.0.0.2/8  (link down)\n└─ s2\n   └─ h3  10.0.0.3/8\n"
    );
    let mut limited = session();
    let delay = Some(std::time::Duration::from_millis(20));
    limited.links[2].shape = Shape { bw: Some(10.0), delay, loss: Some(0.5), ..Shape::default() };
    let drawn = draw::draw(&limited);
    assert!(drawn.ends_with("h3  10.0.0.3/8  (10 Mbit/s, 20ms delay, 0.5 % loss)\n"), "{drawn}");
    let mut pair = session();
    pair.links = vec![link("h1", "h2", LinkState::Up), link("h1", "s1", LinkState::Up)];
    pair.hosts.pop();
    assert_eq!(draw::draw(&pair), "h1  10.0.0.1/8\n├─ h2  10.0.0.2/8\n└─ s1\n");
    let mut circle = session();
    circle.links.push(link("s2", "h1", LinkState::Up));
    circle.hosts.push(host(4));
    let drawn = draw::draw(&circle);
    assert!(drawn.ends_with("h4  10.0.0.4/8\ns2 ── h1\n"), "{drawn}");
    assert_eq!(draw::draw(&SessionDescription::default()), "");
}

proptest! {
    #[test]
    fn any_line_has_an_answer(line in "[a-z0-9 :<>|&{}\\[\\]$\"'#,=ü\n-]{0,40}", at in 0usize..50) {
        let session = session();
        if let Ok(Command::Play(text)) = parse(&line, &session) {
            let _ = live().add(&text);
        }
        let (start, _) = complete(&line, at, &session);
        prop_assert!(line.is_char_boundary(start));
        prop_assert!(!goes_on(&("h1 ".to_owned() + &line)));
    }

    #[test]
    fn every_link_and_node_is_drawn_once(pairs in prop::collection::vec((0u8..9, 0u8..9), 0..20)) {
        let nodes = |n: u8| if n < 5 { format!("h{}", n + 1) } else { format!("s{n}") };
        let links: Vec<_> =
            pairs.iter().map(|(a, b)| link(&nodes(*a), &nodes(*b), LinkState::Up)).collect();
        let hosts = (1..=5).map(host).collect();
        let session = SessionDescription { hosts, links, ..SessionDescription::default() };
        let drawn = draw::draw(&session);
        let tree = drawn.lines().filter(|line| !line.contains(" ── ")).count();
        prop_assert_eq!(tree, 5 + session.switches().len());
        let branches = drawn.lines().filter(|line| line.contains("─ ")).count();
        prop_assert_eq!(branches, session.links.len());
    }
}
