use lab_runner::bytes::Bytes;
use lab_runner::event::{HostAddress, Stream};
use lab_runner::request::{Size, TerminalId};
use lab_scenario::plan::{BackendKind, ExitStatus};

use super::*;

const MS: u64 = 1_000_000;

/// A record in the making.
#[derive(Default)]
struct Tape(Vec<Record>);

impl Tape {
    fn add(&mut self, event: Event) -> &mut Self {
        let at = self.0.len() as u64 * 10 * MS;
        self.0.push(Record { at, event });
        self
    }

    fn opens(&mut self, terminal: u64, host: &str, argv: &[&str]) -> &mut Self {
        self.add(Event::TerminalOpened {
            terminal: TerminalId(terminal),
            host: host.into(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            pid: 7,
            size: Some(Size::default()),
        })
    }

    fn shows(&mut self, terminal: u64, text: &str) -> &mut Self {
        let bytes = Bytes::from(text.as_bytes());
        let (terminal, stream) = (TerminalId(terminal), Stream::Terminal);
        self.add(Event::TerminalOutput { terminal, stream, bytes, fleeting: false })
    }

    fn types(&mut self, terminal: u64, text: &str) -> &mut Self {
        let bytes = Bytes::from(text.as_bytes());
        self.add(Event::TerminalInput { terminal: TerminalId(terminal), bytes })
    }

    fn runs(&mut self, terminal: u64, line: &str) -> &mut Self {
        self.types(terminal, &format!("{line}\r"));
        self.shows(terminal, &format!("{line}\r\n\x1b]633;E;{line}\x07\x1b]133;C\x07"))
    }

    fn ends(&mut self, terminal: u64, code: i32) -> &mut Self {
        self.shows(terminal, &format!("\x1b]133;D;{code}\x07\x1b]133;A\x07h1:~$ "))
    }
}

fn network() -> Tape {
    let host = |number: u32| HostAddress {
        name: format!("h{number}"),
        ip: Some(format!("10.0.0.{number}")),
    };
    let mut tape = Tape::default();
    tape.add(Event::NetworkUp {
        built_by: BackendKind::Netns.name().into(),
        hosts: vec![host(1), host(2)],
        faults: vec![],
        shared: false,
        not_shared: None,
    });
    tape
}

fn preface() -> Preface {
    Preface {
        title: "by hand".into(),
        head: "topology: {single: 2}\n".into(),
        ..Preface::default()
    }
}

#[test]
fn a_conversation_by_hand_becomes_a_scenario() {
    let mut tape = network();
    tape.opens(1, "h1", &["shell"]).opens(2, "h2", &["shell"]);
    tape.runs(1, "chat-server --listen 0.0.0.0:7").shows(1, "listening on 0.0.0.0:7\r\n");
    tape.runs(2, "ls").shows(2, "a b\r\n").ends(2, 0);
    tape.runs(2, "chat-client 10.0.0.1:7 --name bob").shows(2, "Name: ");
    tape.types(2, "bo").shows(2, "bo").types(2, "b\r").shows(2, "b\r\n");
    tape.shows(1, "bob came from 10.0.0.2:49152\r\n").shows(2, "welcome, bob\r\n");
    tape.types(2, "\x03").shows(2, "^C\r\n").ends(2, 130);
    let expected = "\
name: \"by hand\"
topology: {single: 2}

processes:
  chat-server: {host: h1, run: \"chat-server --listen 0.0.0.0:7\"}
  bob: {host: h2, run: \"chat-client ${h1.ip}:7 --name bob\"}

steps:
  - start: chat-server
  - dialogue: |
      chat-server< listening on 0.0.0.0:7
  - start: bob
  - dialogue: |
      bob< Name:
      bob> bob
      chat-server< /^bob came from ${h2.ip}:\\d+/
      bob< welcome, bob
      bob> ^C
  - exit: {of: bob, signal: 2}
";
    assert_eq!(sketch(&preface(), &tape.0), expected);
}

#[test]
fn commands_that_only_ran_and_what_was_done_at_the_prompt() {
    let mut tape = network();
    tape.opens(1, "h1", &["ping", "-c1", "10.0.0.2"]).shows(1, "64 bytes\r\n");
    let status = ExitStatus::Code(0);
    tape.add(Event::TerminalClosed { terminal: TerminalId(1), status });
    tape.add(Event::StepStarted { step: 0 }).add(Event::StepPassed { step: 0 });
    tape.opens(2, "h1", &["shell"]).runs(2, "ping -c1 h2 | grep x").ends(2, 1);
    tape.runs(2, "cd /tmp").ends(2, 0);
    // What the prompt runs: a person's line, and what only looks.
    for (terminal, argv) in [(3, ["sh", "-c", "ls /"]), (4, ["/bin/labrun", "measure", "ping"])] {
        tape.opens(terminal, "h2", &argv);
        tape.add(Event::TerminalClosed { terminal: TerminalId(terminal), status });
    }
    tape.opens(5, "h2", &["sh", "-c", "id | wc -l"]);
    tape.add(Event::TerminalClosed { terminal: TerminalId(5), status });
    let step = |steps, text: &str| Added { steps, entries: vec![], text: Some(text.into()) };
    let added =
        vec![step(0..1, "link: {between: [s1, h2], state: down}"), step(1..2, "never: begun")];
    let text = sketch(&Preface { added, ..preface() }, &tape.0);
    let steps = text.split_once("steps:\n").unwrap().1;
    let expected = "  - exec: {host: h1, run: \"ping -c1 ${h2.ip}\"}
  - link: {between: [s1, h2], state: down}
  - exec: {host: h1, shell: \"ping -c1 h2 | grep x\", exit: 1}
  - exec: {host: h2, shell: \"id | wc -l\"}
";
    assert_eq!(steps, expected);
}

#[test]
fn what_was_captured_at_the_prompt_is_captured_again() {
    let mut tape = network();
    for terminal in [1, 2] {
        tape.opens(
            terminal,
            "h1",
            &["/bin/labrun", "measure", "capture", "h1-eth0", "/tmp/x.pcap"],
        );
    }
    tape.opens(3, "h2", &["/bin/labrun", "measure", "ping", "10.0.0.1", "x"]);
    let text = sketch(&preface(), &tape.0);
    let captures = "captures:\n  h1-eth0: {host: h1, interface: h1-eth0}\n";
    assert!(text.contains(&format!("\n{captures}")) && !text.contains("h2,"), "{text}");
    let head = "captures:  # both\n\n    wire: h2\n    h1-eth1: h1\ntopology: {single: 2}\n";
    let text = sketch(&Preface { head: head.to_owned(), ..preface() }, &tape.0);
    let captures =
        "\ncaptures:  # both\n    h1-eth0: {host: h1, interface: h1-eth0}\n\n    wire: h2\n";
    assert!(text.contains(captures), "{text}");
    let head = "captures:\n  h1-eth0: h1\n".to_owned();
    let text = sketch(&Preface { head, ..preface() }, &tape.0);
    assert_eq!(text.matches("h1-eth0:").count(), 1, "{text}");
    let head = "topology: {single: 2}\ncaptures: {wire: h2}\n".to_owned();
    let text = sketch(&Preface { head, ..preface() }, &tape.0);
    assert!(text.contains("\n# captures:\n#   h1-eth0: {host: h1,"), "{text}");
}

#[test]
fn two_programs_of_one_name_get_two_names() {
    let mut tape = network();
    for terminal in [1, 2] {
        tape.opens(terminal, "h1", &["shell"]).runs(terminal, "cat");
        tape.types(terminal, "x  # y\r").shows(terminal, "x  # y\r\nx  # y\r\n");
    }
    let text = sketch(&preface(), &tape.0);
    assert!(text.contains("  cat: {host: h1, run: \"cat\"}\n  cat-2: {host: h1"), "{text}");
    assert!(text.contains("  - send: {to: cat-2, line: \"x  # y\"}\n"), "{text}");
    assert_eq!(text.matches("cat-2< /^x {2}\\# y/").count(), 1, "the echo is none: {text}");
}
