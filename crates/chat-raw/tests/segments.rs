//! The real program against a listener of the test's own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

#[test]
fn a_line_is_a_segment_and_what_comes_is_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_chat-raw"))
        .arg(listener.local_addr().unwrap().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    let mut input = program.stdin.take().unwrap();
    let mut buffer = [0; 64];
    for (typed, bytes) in [("5:al\n", b"5:al".as_slice()), ("ice\\x00\\n\n", b"ice\0\n")] {
        input.write_all(typed.as_bytes()).unwrap();
        let count = peer.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], bytes);
    }
    peer.write_all("4:grü".as_bytes()).unwrap();
    peer.write_all(b"\xff\n").unwrap();
    drop(input);
    assert_eq!(peer.read(&mut buffer).unwrap(), 0, "the end of input is the end of sending");
    drop(peer);
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4:grü\\xff\\n\n[closed]\n");
}

#[test]
fn nobody_listening_is_said() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_chat-raw"))
        .arg(address.to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains(&format!("cannot connect to {address}")), "{message}");
}
