//! `chat-server accounts` as a process: old clients and ours, byte for byte.

mod admin;
mod crash;
mod hostile;
mod protocol;

use crate::harness::{PATIENCE, Server};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The password of every user.
const PASSWORD: &str = "116bway";

/// A folder with a store.
struct Store {
    folder: TempDir,
}

impl Store {
    /// Accounts by these names.
    fn with(users: &[&str]) -> Self {
        let store = Self { folder: tempfile::tempdir().unwrap() };
        let file = store.folder.path().join("credential.txt");
        let lines: String = users.iter().map(|user| format!("{user} {PASSWORD}\n")).collect();
        std::fs::write(&file, lines).unwrap();
        let output = store.user(&["import", file.to_str().unwrap()], "");
        assert!(output.status.success(), "{output:?}");
        store
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// `chat-server accounts user …` with this standard input.
    fn user(&self, args: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chat-server"))
            .args(["accounts", "user"])
            .args(args)
            .arg("--store")
            .arg(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn serve(&self, args: &[&str]) -> Server {
        self.serve_at("127.0.0.1:0".parse().unwrap(), args)
    }

    fn serve_at(&self, address: SocketAddr, args: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.args(["accounts", "--listen", &address.to_string()]);
        command.args(args).arg("--store").arg(self.path());
        Server::spawn(command)
    }
}

/// Connects from this address of this machine.
fn connect(server: SocketAddr, from: IpAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect(&server.into())?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Says these bytes over a connection of their own; the answer, up to the end of the stream.
fn talk(server: SocketAddr, from: IpAddr, bytes: &[u8]) -> Result<String, ErrorKind> {
    let talk = || {
        let mut stream = connect(server, from)?;
        stream.write_all(bytes)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    talk().map_err(|error: std::io::Error| error.kind())
}

/// A client of the test's own, which listens for pushes.
struct Client {
    name: &'static str,
    server: SocketAddr,
    home: IpAddr,
    listener: TcpListener,
    /// `with TOKEN `, once the server has given one.
    with: String,
}

impl Client {
    fn new(server: SocketAddr, name: &'static str) -> Self {
        Self::at(server, name, HOME)
    }

    fn at(server: SocketAddr, name: &'static str, home: IpAddr) -> Self {
        let listener = TcpListener::bind(SocketAddr::new(home, 0)).unwrap();
        Self { name, server, home, listener, with: String::new() }
    }

    /// A client that is logged in.
    fn online(server: &Server, name: &'static str) -> Self {
        let mut client = Self::new(server.address, name);
        assert_eq!(client.log_in(PASSWORD, "1"), "successfully logged in!");
        client
    }

    fn log_in(&mut self, password: &str, tries: &str) -> String {
        let port = self.listener.local_addr().unwrap().port();
        let line = format!("check_password {} {password} {tries} {} {port}", self.name, self.home);
        let answer = talk(self.server, self.home, line.as_bytes()).unwrap();
        if let Some(token) = answer.strip_prefix("successfully logged in! ") {
            self.with = format!("with {token} ");
        }
        answer
    }

    /// `ask("message", "columbia hi")` says `message ME columbia hi`.
    fn ask(&self, verb: &str, rest: &str) -> Result<String, ErrorKind> {
        let line = format!("{}{verb} {} {rest}\n", self.with, self.name);
        talk(self.server, self.home, line.as_bytes())
    }

    /// The next push, as an old client hears it: what one connection brings.
    fn hear(&self) -> String {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut push = String::new();
        stream.read_to_string(&mut push).unwrap();
        push
    }

    /// The next push of a session with receipts: its ID and text, and the connection for
    /// the receipt.
    fn hear_with(&self) -> Option<(String, String, TcpStream)> {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            match stream.read(&mut byte) {
                Ok(1) if byte[0] == b'\n' => break,
                Ok(1) => line.push(byte[0]),
                // The server was killed.
                _ => return None,
            }
        }
        let line = String::from_utf8(line).unwrap();
        let (id, push) = line.strip_prefix(&self.with)?.split_once(' ').unwrap();
        Some((id.to_owned(), push.to_owned(), stream))
    }

    /// True if nobody wants to push anything now.
    fn hears_nothing(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        let nobody = self.listener.accept().is_err();
        self.listener.set_nonblocking(false).unwrap();
        nobody
    }
}
