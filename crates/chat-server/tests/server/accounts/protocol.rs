//! What the documents say, request by request.

use super::{Client, HOME, PASSWORD, Store, talk};
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

fn some(text: &str) -> Result<String, std::io::ErrorKind> {
    Ok(text.to_owned())
}

#[test]
fn requests_and_pushes_of_old_clients_byte_for_byte() {
    let store = Store::with(&["columbia", "seas", "facebook"]);
    let server = store.serve(&[]);
    let ask = |line: &str| talk(server.address, HOME, line.as_bytes());
    // With a line feed, without one, and with the end of the stream instead.
    for end in ["", "\n", "\r\n"] {
        assert_eq!(ask(&format!("login columbia 127.0.0.1 4000{end}")), some("right username"));
        assert_eq!(ask(&format!("login colu 127.0.0.1 4000{end}")), some("error 1"));
    }
    assert_eq!(ask("online\n"), some(""));
    let mut columbia = Client::new(server.address, "columbia");
    assert_eq!(columbia.log_in("wrong", "1"), "wrong password");
    assert_eq!(columbia.log_in(PASSWORD, "2"), "successfully logged in!");
    // To somebody who is offline.
    assert_eq!(columbia.ask("message", "seas hi  there \u{20ac}"), some(""));
    assert_eq!(columbia.ask("message", "seas and more"), some(""));
    assert_eq!(columbia.ask("message", "nobody hi"), some("wrong target"));
    let seas = Client::online(&server, "seas");
    assert_eq!(seas.hear(), "print columbia: hi  there \u{20ac}");
    assert_eq!(seas.hear(), "print columbia: and more");
    assert_eq!(ask("online"), some("columbia, seas"));
    // To everybody else, also from a client that ends nothing.
    assert_eq!(ask("broadcast seas good day"), some(""));
    assert_eq!(columbia.hear(), "print seas: good day");
    // Blacklists.
    assert_eq!(columbia.ask("block", "seas"), some("User seas has been blocked."));
    assert_eq!(seas.ask("message", "columbia hi"), some("blocked"));
    assert_eq!(seas.ask("getaddress", "columbia"), some("blocked"));
    assert_eq!(columbia.ask("unblock", "seas"), some("User seas has been unblocked."));
    assert_eq!(columbia.ask("unblock", "seas"), some("not blocked before"));
    assert_eq!(columbia.ask("block", "nobody"), some("user not exist"));
    assert_eq!(columbia.ask("block", "columbia"), some("You cannot block yourself."));
    // Addresses.
    assert_eq!(seas.ask("getaddress", "facebook"), some("not online"));
    assert_eq!(seas.ask("getaddress", "nobody"), some("wrong target"));
    assert_eq!(seas.ask("getaddress", "columbia"), some("request sent"));
    assert_eq!(
        columbia.hear(),
        "print Do_you_agree to have a private talk with seas? Y seas/N seas"
    );
    assert_eq!(columbia.ask("Y", "seas"), some(""));
    let port = columbia.listener.local_addr().unwrap().port();
    assert_eq!(seas.hear(), format!("address columbia 127.0.0.1 {port}"));
    seas.ask("getaddress", "columbia").unwrap();
    columbia.hear();
    assert_eq!(columbia.ask("N", "seas"), some(""));
    assert_eq!(seas.hear(), "refused columbia");
    // The end of it.
    assert_eq!(seas.ask("heartbeat", ""), some(""));
    assert_eq!(seas.ask("logout", ""), some(""));
    assert_eq!(ask("online"), some("columbia"));
    assert_eq!(ask("nonsense"), some("wrong format"));
}

#[test]
fn an_old_request_may_come_in_pieces_and_an_old_push_may_stay_unread_for_a_while() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&["--pause", "300ms", "--push-timeout", "30s"]);
    let columbia = Client::online(&server, "columbia");
    let mut stream = super::connect(server.address, HOME).unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in ["mess", "age columbia col", "umbia hi"] {
        stream.write_all(piece.as_bytes()).unwrap();
        // Longer than the network takes, shorter than the pause.
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
    assert_eq!(columbia.hear(), "print columbia: hi");
}

#[test]
fn an_old_client_may_hold_its_connections_open() {
    let store = Store::with(&["columbia"]);
    // Far longer than the test takes.
    let server = store.serve(&["--push-timeout", "10m"]);
    let columbia = Client::online(&server, "columbia");
    let mut held = Vec::new();
    for number in 1..=10 {
        columbia.ask("message", &format!("columbia {number}")).unwrap();
        let (mut stream, _) = columbia.listener.accept().unwrap();
        let mut push = String::new();
        stream.read_to_string(&mut push).unwrap();
        assert_eq!(push, format!("print columbia: {number}"));
        held.push(stream);
    }
}

#[test]
fn a_login_elsewhere_ends_the_session_before() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&[]);
    let first = Client::online(&server, "columbia");
    let second = Client::online(&server, "columbia");
    assert_eq!(first.hear(), "logout");
    assert_eq!(second.ask("message", "columbia hi"), some(""));
    assert_eq!(second.hear(), "print columbia: hi");
}

#[test]
fn locked_out_from_any_address_and_after_a_kill() {
    let store = Store::with(&["columbia", "seas"]);
    let lockout = Duration::from_millis(2500);
    let args = ["--lockout", "2.5s"];
    let mut server = store.serve(&args);
    for number in 1..4u8 {
        let mut guesser = Client::at(server.address, "columbia", [127, 0, 0, number].into());
        assert_eq!(guesser.log_in("guess", "1"), "wrong password");
    }
    let since = Instant::now();
    let mut columbia = Client::new(server.address, "columbia");
    assert_eq!(columbia.log_in(PASSWORD, "1"), "still blocked");
    server.child.kill().unwrap();
    server.wait();
    let server = store.serve(&args);
    let mut columbia = Client::new(server.address, "columbia");
    assert_eq!(columbia.log_in(PASSWORD, "1"), "still blocked");
    Client::online(&server, "seas");
    while columbia.log_in(PASSWORD, "1") == "still blocked" {
        assert!(since.elapsed() < lockout + Duration::from_secs(20));
    }
    assert!(since.elapsed() > lockout - Duration::from_millis(500));
}

#[test]
fn who_sends_no_heartbeat_is_offline() {
    let store = Store::with(&["columbia", "seas"]);
    let server = store.serve(&["--heartbeat-timeout", "500ms"]);
    let columbia = Client::online(&server, "columbia");
    let _seas = Client::online(&server, "seas");
    let end = Instant::now() + Duration::from_secs(20);
    while columbia.ask("online", "").unwrap() != "columbia" {
        assert!(Instant::now() < end);
        assert_eq!(columbia.ask("heartbeat", ""), some(""));
    }
    server.wait_for_log(&["no heartbeat", "\"seas\""]);
}

#[test]
fn receipts() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&["--push-timeout", "300ms"]);
    let mut columbia = Client::new(server.address, "columbia");
    let answer = columbia.log_in(PASSWORD, "01");
    assert!(answer.starts_with("successfully logged in! ") && answer.len() == 24 + 32, "{answer}");
    assert_eq!(columbia.ask("message", "columbia one"), some("ok"));
    assert_eq!(columbia.ask("message", "columbia two"), some("ok"));
    // Not acknowledged, wrongly acknowledged, not in time: it comes again.
    let (id, push, stream) = columbia.hear_with().unwrap();
    assert_eq!(push, "print columbia: one");
    drop(stream);
    let (again, push, mut stream) = columbia.hear_with().unwrap();
    assert_eq!((&again, push.as_str()), (&id, "print columbia: one"));
    stream.write_all(b"ok 0-0\n").unwrap();
    let (_, push, _stream) = columbia.hear_with().unwrap();
    assert_eq!(push, "print columbia: one");
    let (again, push, mut stream) = columbia.hear_with().unwrap();
    assert_eq!((&again, push.as_str()), (&id, "print columbia: one"));
    stream.write_all(format!("ok {id}\n").as_bytes()).unwrap();
    let (next, push, mut stream) = columbia.hear_with().unwrap();
    assert_eq!(push, "print columbia: two");
    assert_ne!(next, id);
    stream.write_all(format!("ok {next}\n").as_bytes()).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(columbia.hears_nothing());
    // The whole line, or nothing.
    let half = format!("{}message columbia columbia unfinished", columbia.with);
    let mut stream = super::connect(server.address, HOME).unwrap();
    stream.write_all(half.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(columbia.ask("logout", ""), some("ok"));
    assert!(columbia.hears_nothing());
}

#[test]
fn stopping_in_order_leaves_nothing_half_done() {
    let store = Store::with(&["columbia"]);
    let mut server = store.serve(&[]);
    let columbia = Client::online(&server, "columbia");
    let mut silent = super::connect(server.address, HOME).unwrap();
    assert_eq!(columbia.ask("heartbeat", ""), some(""));
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    // The end of the stream would say "done".
    let error = silent.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    // Sessions go on with the next one.
    let server = store.serve_at(server.address, &[]);
    assert_eq!(columbia.ask("message", "columbia hi"), some(""));
    assert_eq!(columbia.hear(), "print columbia: hi");
    drop(server);
}
