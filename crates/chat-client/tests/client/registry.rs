//! `chat-client registry`, against a registry and peers made by hand.

use crate::harness::{Client, PATIENCE, Peer, Server};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;

/// What a registry sends.
fn pair(name: &str, data: &str) -> Vec<u8> {
    let (name_chars, chars) = (name.chars().count(), data.chars().count());
    format!("{name_chars:<5}{name}{chars:<5}{data}").into_bytes()
}

fn frame(data: &str) -> Vec<u8> {
    format!("{:<5}{data}", data.chars().count()).into_bytes()
}

/// A port for peers that is free, as far as one can know.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn call(port: u16, data: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&frame(data)).unwrap();
    stream
}

/// Waits until the client has hung up.
fn wait_for_end(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 1]);
}

#[test]
fn a_private_chat_outlives_the_registry_and_strangers_are_not_heard() {
    let server = Server::listen("registry");
    let port = free_port();
    let args = ["--name", "ali", "--listen", &format!("127.0.0.1:{port}")];
    let mut client = Client::start(&server, &args, Stdio::piped());
    let mut registry = server.accept();
    registry.expect(&frame(&format!("&&REGISTER&&|ali|{port}")));
    // Before there is a chat, nobody is heard; not even under the right name from elsewhere.
    let early = call(port, "&&MESSAGE&&|mallory: hi");
    client.type_in("CHAT REQUEST bob\n");
    registry.expect(&frame("&&CHATREQUEST&&|bob|ali"));
    let bob = TcpListener::bind("127.0.0.1:0").unwrap();
    let bob_port = bob.local_addr().unwrap().port();
    let text = "bob accepted the chat request. you can send your message now!";
    registry.raw(&pair("bob", &format!("&&CLIENTOK&&|{text}|127.0.0.1|{bob_port}")));
    let (link, _) = bob.accept().unwrap();
    link.set_read_timeout(Some(PATIENCE)).unwrap();
    wait_for_end(early);
    drop(registry);
    drop(server);
    let mut link = Peer { stream: link };
    client.type_in("that is OK with me\n&&LOGOUT&&\n");
    link.expect(&frame("&&MESSAGE&&|ali: that is OK with me"));
    link.expect(&frame("&&MESSAGE&&|ali: &&LOGOUT&&"));
    wait_for_end(call(port, "&&MESSAGE&&|mallory: forged"));
    wait_for_end(call(port, "&&CLIENTEXIT&&|forged"));
    let mut voice = call(port, "&&MESSAGE&&|bob: we are still here");
    voice.write_all(&frame("bob: \u{20ac}")).unwrap();
    client.type_in("bye\n");
    link.expect(&frame("&&MESSAGE&&|ali: bye"));
    drop(voice);
    drop(link);
    let (code, out, err) = client.finish();
    assert_eq!(
        out,
        format!(
            "server: {text}\nbob: we are still here\nbob: \u{20ac}\nbob has left the private chat\n"
        )
    );
    assert!(code == 1 && err.contains("goes on") && err.contains("the registry"), "{err}");
}

#[test]
fn the_end_of_input_says_goodbye_and_hellos_come() {
    let server = Server::listen("registry");
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(PATIENCE)).unwrap();
    let udp_port = udp.local_addr().unwrap().port().to_string();
    let args = ["--udp", &udp_port, "--hello-interval", "50ms", "--listen", "0"];
    let mut client = Client::start(&server, &args, Stdio::piped());
    client.type_in("\u{e9}va\n");
    let mut registry = server.accept();
    // The system chooses ports of five digits.
    registry.expect("22   &&REGISTER&&|\u{e9}va|".as_bytes());
    let mut buffer = [0; 100];
    for _ in 0..2 {
        let length = udp.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], &frame("&&HELLO&&|\u{e9}va")[..]);
    }
    client.end_input();
    let rest = String::from_utf8(registry.everything()).unwrap();
    assert!(rest.ends_with("10   &&LOGOUT&&"), "{rest:?}");
    registry.raw(&pair("\u{e9}va", "&&LOGOUTSUCCESS&&"));
    let goodbye = "logging out from session. goodbye \u{e9}va\n";
    assert_eq!(client.finish(), (0, goodbye.into(), String::new()));
}

#[test]
fn a_refused_name_and_a_silent_end_are_errors() {
    let server = Server::listen("registry");
    for (said, code, error) in [
        (pair("ali", "Name refused: \"ali\" is already in use."), 1, ""),
        (Vec::new(), 1, "closed the connection"),
        (b"hello".to_vec(), 1, "cannot be read"),
    ] {
        let mut client = Client::start(&server, &["--name", "ali"], Stdio::piped());
        let mut registry = server.accept();
        registry.expect(b"22   &&REGISTER&&|ali|");
        // What is read leaves nothing that would turn the end into a reset.
        let mut port = [0; 5];
        registry.stream.read_exact(&mut port).unwrap();
        registry.raw(&said);
        drop(registry);
        let (found, _, err) = client.finish();
        assert!(found == code && err.contains(error), "{found} {err}");
    }
}
