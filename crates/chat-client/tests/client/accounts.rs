//! `chat-client accounts`.

use crate::harness::{Client, PATIENCE, Server, Terminal};
use socket2::{Domain, Socket, Type};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

/// The next request, without its line feed, is answered so; the request.
fn answer(server: &Server, answer: &str) -> String {
    let mut peer = server.accept();
    let (mut line, mut byte) = (Vec::new(), [0]);
    while peer.stream.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
        line.push(byte[0]);
    }
    peer.raw(answer.as_bytes());
    String::from_utf8(line).unwrap()
}

/// Answers a login; where the client listens.
fn log_in(server: &Server, after: &str) -> SocketAddr {
    let login = answer(server, "right username");
    let words: Vec<&str> = login.split(' ').collect();
    assert_eq!(words[..3], ["login", "columbia", "127.0.0.1"]);
    let listens = format!("{}:{}", words[2], words[3]);
    let check = answer(server, &format!("successfully logged in!{after}"));
    assert_eq!(check, format!("check_password columbia 116bway 01 127.0.0.1 {}", words[3]));
    listens.parse().unwrap()
}

/// Connects to the client from this address of this machine and says this; what comes back.
fn push(client: SocketAddr, from: [u8; 4], bytes: &[u8]) -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&client.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut receipt = String::new();
    stream.read_to_string(&mut receipt).unwrap();
    receipt
}

/// A session's secret.
const TOKEN: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

const SERVER: [u8; 4] = [127, 0, 0, 1];
const STRANGER: [u8; 4] = [127, 0, 0, 66];

#[test]
fn a_whole_session_through_a_pipe() {
    let server = Server::listen("accounts");
    let mut client = Client::start(&server, &["--linger", "100ms"], Stdio::piped());
    client.type_in("colu\ncolumbia \n11\n116bway\nonline\nmessage seas hi  \u{20ac}\n");
    client.type_in("getaddress seas\nlogout\n");
    client.end_input();
    assert!(answer(&server, "error 1").starts_with("login colu 127.0.0.1 "));
    assert!(answer(&server, "right username").starts_with("login columbia 127.0.0.1 "));
    let first = answer(&server, "wrong password");
    assert!(first.starts_with("check_password columbia 11 01 127.0.0.1 "), "{first}");
    let second = answer(&server, "successfully logged in!\n");
    assert!(second.starts_with("check_password columbia 116bway 02 127.0.0.1 "), "{second}");
    for (request, reply) in [
        ("online", "columbia, seas"),
        ("message columbia seas hi  \u{20ac}", ""),
        ("getaddress columbia seas", "not online"),
        ("logout columbia", ""),
    ] {
        assert_eq!(answer(&server, reply), request);
    }
    let out = "Please enter username:\nWrong username.\nPlease enter username:\n\
               Please enter password:\nPlease enter password:\n\
               You have successfully logged in.\ncolumbia, seas\n\
               seas is not online. Can't get the address.\nPlease enter username:\n";
    assert_eq!(client.finish(), (0, out.into(), String::new()));
}

#[test]
fn the_end_of_the_input_logs_out_after_what_still_comes() {
    let server = Server::listen("accounts");
    let mut client = Client::start(&server, &["--linger", "1500ms"], Stdio::piped());
    client.type_in("columbia\n116bway\n");
    client.end_input();
    let listens = log_in(&server, "");
    assert_eq!(push(listens, SERVER, b"print seas: hi"), "");
    assert_eq!(answer(&server, ""), "logout columbia");
    let (code, out, _) = client.finish();
    assert_eq!((code, out.lines().last()), (0, Some("seas: hi")));
}

#[test]
fn a_server_may_say_several_things_over_one_connection() {
    let server = Server::listen("accounts");
    let mut client = Client::start(&server, &["--linger", "1500ms"], Stdio::piped());
    client.type_in("columbia\n116bway\n");
    let listens = log_in(&server, "");
    let lines = b"print seas: 1\nprint seas: 2\r\n\naddress seas 10.0.0.3 4000\nprint seas: 3";
    assert_eq!(push(listens, SERVER, lines), "");
    let both = b"print seas: forged\nprint seas: forged too\n";
    assert_eq!(push(listens, STRANGER, both), "");
    client.end_input();
    assert_eq!(answer(&server, ""), "logout columbia");
    let (code, out, _) = client.finish();
    let lines: Vec<&str> = out.lines().skip(3).collect();
    let expected = ["seas: 1", "seas: 2", "got address!", "seas 10.0.0.3 4000", "seas: 3"];
    assert_eq!((code, &lines[..]), (0, &expected[..]));
}

#[test]
fn forged_and_repeated_pushes_are_not_shown() {
    let server = Server::listen("accounts");
    let mut client = Client::start(&server, &["--linger", "50ms"], Stdio::piped());
    client.type_in("columbia\n116bway\n");
    let listens = log_in(&server, &format!(" {TOKEN}"));
    let good = format!("with {TOKEN} b-1 print seas: once\n");
    assert_eq!(push(listens, SERVER, good.as_bytes()), "ok b-1\n");
    // Sent again by a server that crashed, or replayed by somebody who was listening.
    assert_eq!(push(listens, STRANGER, good.as_bytes()), "ok b-1\n");
    for (from, bytes) in [
        (SERVER, &b"print seas: forged"[..]),
        (STRANGER, b"print seas: forged\n"),
        (STRANGER, b"logout"),
        (STRANGER, b"with 0f0f b-2 print seas: forged\n"),
        (STRANGER, b"with 0f0f\n"),
        (STRANGER, b"\xff\xfe\x00junk\n"),
        (STRANGER, &[b'x'; 100_000]),
    ] {
        assert_eq!(push(listens, from, bytes), "");
    }
    client.type_in("message seas still here\n");
    assert_eq!(answer(&server, "ok"), format!("with {TOKEN} message columbia seas still here"));
    client.end_input();
    assert_eq!(answer(&server, "ok"), format!("with {TOKEN} logout columbia"));
    let (_, out, err) = client.finish();
    assert_eq!(out.lines().last(), Some("seas: once"), "{out}");
    assert!(!out.contains("forged") && err.is_empty(), "{out}{err}");
}

#[test]
fn the_user_hears_once_that_the_server_has_something_too_long() {
    let server = Server::listen("accounts");
    let args = ["--linger", "50ms", "--max-frame", "100"];
    let mut client = Client::start(&server, &args, Stdio::piped());
    client.type_in("columbia\n116bway\n");
    let listens = log_in(&server, &format!(" {TOKEN}"));
    let long = format!("with {TOKEN} b-1 print seas: {}\n", "x".repeat(1000));
    for from in [STRANGER, SERVER, SERVER] {
        assert_eq!(push(listens, from, long.as_bytes()), "");
    }
    client.end_input();
    assert_eq!(answer(&server, "ok"), format!("with {TOKEN} logout columbia"));
    let (_, _, err) = client.finish();
    assert!(err.matches("too long").count() == 1 && err.contains("--max-frame"), "{err}");
}

#[test]
fn private_messages_go_straight_to_the_other_client() {
    let server = Server::listen("accounts");
    let seas = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = seas.local_addr().unwrap().port();
    let mut client = Client::start(&server, &["--linger", "50ms"], Stdio::piped());
    client.type_in("columbia\n116bway\n");
    let listens = log_in(&server, "");
    push(listens, SERVER, format!("address seas 127.0.0.1 {port}").as_bytes());
    client.type_in("private seas how are you\n");
    let mut heard = String::new();
    // Held open, as old clients do.
    let mut held = seas.accept().unwrap().0;
    held.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "private columbia: how are you");
    push(listens, SERVER, b"private seas: fine");
    drop(seas);
    client.type_in("private seas hello?\nonline\n");
    assert_eq!(answer(&server, "columbia"), "online");
    client.end_input();
    answer(&server, "");
    let (code, out, _) = client.finish();
    let lines: Vec<&str> = out.lines().skip(3).collect();
    let address = format!("seas 127.0.0.1 {port}");
    assert_eq!(
        (code, lines),
        (
            0,
            vec![
                "got address!",
                &address,
                "seas (private): fine",
                "Connect failed. Maybe the user's ip has changed.",
                "You may type: message <username> <message> to leave an offline message.",
                "columbia"
            ]
        )
    );
}

#[test]
fn a_server_that_is_killed_before_it_answers_has_perhaps_not_taken_the_message() {
    let server = Server::listen("accounts");
    let mut client = Client::start(&server, &["--linger", "50ms"], Stdio::piped());
    client.type_in("columbia\n116bway\nmessage seas hi\n");
    log_in(&server, &format!(" {TOKEN}"));
    assert_eq!(answer(&server, ""), format!("with {TOKEN} message columbia seas hi"));
    client.end_input();
    answer(&server, "ok");
    let (code, _, err) = client.finish();
    assert_eq!(code, 0);
    assert!(err.contains("perhaps not sent: `message seas hi`"), "{err}");
}

#[test]
fn nobody_logs_in_where_no_server_is() {
    let server = Server::listen("accounts");
    let mut client = Client::start(&server, &[], Stdio::piped());
    drop(server);
    client.type_in("columbia\n");
    let (code, _, err) = client.finish();
    assert!(code == 1 && err.contains("cannot connect to") && err.contains("help: "), "{err}");
}

#[test]
fn a_password_is_seen_on_no_terminal_and_ctrl_c_logs_out() {
    for term in ["xterm", "dumb"] {
        let server = Server::listen("accounts");
        let mut terminal = Terminal::start(&server, &[], term, true);
        terminal.wait_for("Please enter username:");
        terminal.type_in("columbia\n");
        assert!(answer(&server, "right username").starts_with("login columbia "));
        terminal.wait_for("Please enter password:");
        // Nobody who answers at once is too early.
        assert!(!terminal.echoes(), "{term}");
        terminal.type_in("116bway\n");
        let check = answer(&server, &format!("successfully logged in! {TOKEN}"));
        assert!(check.starts_with("check_password columbia 116bway "));
        terminal.wait_for("You have successfully logged in.");
        terminal.type_in("\x03");
        assert_eq!(answer(&server, "ok"), format!("with {TOKEN} logout columbia"));
        assert_eq!(terminal.wait(), 0);
        assert!(terminal.echoes(), "{term}");
        assert!(!terminal.output().contains("116bway"), "{}", terminal.output());
    }
}
