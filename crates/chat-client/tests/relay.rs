//! `chat-client relay` as a process, against a server made by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chat_proto::relay::{Decoder, Id, Kind, Message, Registration};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn start(listener: &TcpListener, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_chat-client"))
        .args(["relay", &listener.local_addr().unwrap().to_string(), "--id", "101"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads exactly these messages.
fn expect(stream: &mut TcpStream, messages: &[Message<'_>]) {
    for message in messages {
        let frame = message.encode();
        let mut found = vec![0; frame.len()];
        stream.read_exact(&mut found).unwrap();
        let mut decoder = Decoder::new(1 << 20);
        assert_eq!(decoder.next(&mut &found[..]).unwrap(), Some(*message));
    }
}

fn say(stream: &mut TcpStream, message: Message<'_>) {
    stream.write_all(&message.encode()).unwrap();
}

fn me(name: &str) -> Message<'_> {
    let (source, last_hop) = (Id(101), Id::NONE);
    Message::Registration(Registration { kind: Kind::Client, source, last_hop, name, info: "" })
}

fn sam() -> Message<'static> {
    let (source, last_hop) = (Id(102), Id(1));
    Message::Registration(Registration {
        kind: Kind::Client,
        source,
        last_hop,
        name: "sam",
        info: "g",
    })
}

fn status(code: u16, text: &str) -> Message<'_> {
    Message::Status { source: Id(1), destination: Id(101), code, text }
}

fn chat(source: u32, destination: u32, text: &str) -> Message<'_> {
    Message::Chat { source: Id(source), destination: Id(destination), text }
}

fn quit(text: &str) -> Message<'_> {
    Message::ClientQuit { source: Id(101), text }
}

fn finish(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_pipe_of_commands() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = start(&listener, &[]);
    let commands = "frodo\nmessage sam \"hi\"  there\nmessage 7 x\nusers\nwhat\nstate\n";
    // The end of the input leaves.
    client.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    let mut server = accept(&listener);
    expect(&mut server, &[me("frodo")]);
    say(&mut server, status(0, "Welcome"));
    // The message to sam waits for sam.
    say(&mut server, sam());
    expect(&mut server, &[chat(101, 102, "\"hi\"  there"), chat(101, 7, "x"), quit("")]);
    say(&mut server, status(1, "Unknown ID 7"));
    say(&mut server, chat(102, 101, "a\nb\u{1b}"));
    say(&mut server, Message::ClientQuit { source: Id(102), text: "" });
    drop(server);
    let (code, out, err) = finish(client);
    assert_eq!(
        out,
        "status 0: Welcome\njoined: sam (102)\n102 sam: g\n{\"id\":101,\"name\":\"frodo\",\"connected_users\":[{\"id\":102,\"name\":\"sam\",\"info\":\"g\"}],\"status_log\":[\"Welcome\"],\"chat_log\":[]}\nstatus 1: Unknown ID 7\nsam: a\\nb\\x1b\nleft: sam (102)\n"
    );
    assert!(code == Some(0) && err.contains("there is no command `what`"), "{code:?} {err}");
}

#[test]
fn whoever_is_refused_may_stay_and_ask() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = start(&listener, &["--name", "frodo"]);
    let mut server = accept(&listener);
    expect(&mut server, &[me("frodo")]);
    say(&mut server, status(2, "Someone has already registered with ID 101"));
    client.stdin.take().unwrap().write_all(b"message 102 x\nstate\n").unwrap();
    // Not even goodbye: the id is somebody else's.
    let mut rest = Vec::new();
    server.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    let (code, out, err) = finish(client);
    assert!(
        out.contains("status 2: Someone") && out.contains("\"status_log\":[\"Someone"),
        "{out}"
    );
    assert!(code == Some(1) && err.contains("the server has refused you"), "{code:?} {err}");
}

#[test]
fn the_server_is_told_of_every_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for (end, said) in [("quit so long", "so long"), ("QUIT", ""), ("", "")] {
        let client = start(&listener, &["--name", "frodo"]);
        let mut server = accept(&listener);
        expect(&mut server, &[me("frodo")]);
        say(&mut server, status(0, "Welcome"));
        if end.is_empty() {
            kill_process(Pid::from_child(&client), Signal::TERM).unwrap();
        } else {
            writeln!(client.stdin.as_ref().unwrap(), "{end}").unwrap();
        }
        expect(&mut server, &[quit(said)]);
        drop(server);
        assert_eq!(finish(client).0, Some(0), "{end}");
    }
    // A server that goes is an error.
    for bytes in [&b""[..], b"\x7f"] {
        let client = start(&listener, &["--name", "frodo"]);
        let mut server = accept(&listener);
        expect(&mut server, &[me("frodo")]);
        server.write_all(bytes).unwrap();
        drop(server);
        let (code, _, err) = finish(client);
        let why = if bytes.is_empty() { "closed the connection" } else { "cannot be read" };
        assert!(code == Some(1) && err.contains(why), "{code:?} {err}");
    }
}
