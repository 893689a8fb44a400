//! A server process on the loopback and peers that speak frames to it.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) first_line: String,
    log: Receiver<String>,
}

impl Server {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.args(["direct", "--listen", "127.0.0.1:0"]).args(args);
        Self::spawn(command)
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let first_line: String = log.recv_timeout(PATIENCE).unwrap();
        let (_, rest) = first_line.split_once("listening on ").expect("the first line");
        let end =
            rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
        let address = rest[..end].parse().unwrap();
        Self { child, address, first_line, log }
    }

    /// Waits for a log line that holds all of `parts`.
    pub(crate) fn wait_for_log(&self, parts: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self
                .log
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no log line with {parts:?}"));
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    }

    /// True if such a line is there by now.
    pub(crate) fn has_logged(&self, part: &str) -> bool {
        self.log.try_iter().any(|line| line.contains(part))
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).unwrap())
    }

    /// Connects and gives a name; returns when the server knows it.
    pub(crate) fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect();
        peer.say(name);
        // Frames of one connection are handled in order, so an answer to this one
        // means that the name was taken.
        peer.say("ready?");
        assert_eq!(peer.hear().as_deref(), Some(FORMAT_ERROR));
        peer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) const FORMAT_ERROR: &str = "Format error. The format should be 'To XXX:MMMM'";
pub(crate) const UNREACHABLE: &str = "The target user cannot be reached.";

/// One TCP connection to the server.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    buffered: BufReader<TcpStream>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let buffered = BufReader::new(stream.try_clone().unwrap());
        Self { stream, buffered }
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn say(&mut self, content: &str) {
        self.raw(format!("{}:{content}", content.chars().count()).as_bytes());
    }

    /// The next frame's content; `None` when the stream ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut byte = [0];
        let mut count = 0;
        loop {
            match self.buffered.read(&mut byte) {
                Ok(0) => return None,
                Ok(_) if byte[0] == b':' => break,
                Ok(_) => count = count * 10 + usize::from(byte[0] - b'0'),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
        let mut content = Vec::new();
        while count > 0 || std::str::from_utf8(&content).is_err() {
            self.buffered.read_exact(&mut byte).unwrap();
            content.push(byte[0]);
            // Every byte that does not continue a character begins one.
            count -= usize::from(byte[0] & 0xc0 != 0x80);
        }
        Some(String::from_utf8(content).unwrap())
    }

    /// Says something wrong and waits for the answer: all that was sent before was handled.
    pub(crate) fn sync(&mut self) {
        self.say("?");
        assert_eq!(self.hear().as_deref(), Some(FORMAT_ERROR));
    }

    /// All frames until the stream ends.
    pub(crate) fn hear_all(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.hear()).collect()
    }
}
