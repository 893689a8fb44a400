//! Peers that speak frames.

use crate::harness::{PATIENCE, Server};
use chat_proto::direct::FORMAT_ERROR;
use std::io::{BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

impl Server {
    pub(super) fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).unwrap())
    }

    /// Connects and gives a name; returns when the server knows it.
    pub(super) fn join(&self, name: &str) -> Peer {
        let mut peer = self.connect();
        peer.say(name);
        // Frames of one connection are handled in order, so an answer to this one
        // means that the name was taken.
        peer.say("ready?");
        assert_eq!(peer.hear().as_deref(), Some(FORMAT_ERROR));
        peer
    }
}

/// One TCP connection to the server.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    buffered: BufReader<TcpStream>,
}

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let buffered = BufReader::new(stream.try_clone().unwrap());
        Self { stream, buffered }
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(super) fn say(&mut self, content: &str) {
        self.raw(format!("{}:{content}", content.chars().count()).as_bytes());
    }

    /// The next frame's content; `None` when the stream ended.
    pub(super) fn hear(&mut self) -> Option<String> {
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
    pub(super) fn sync(&mut self) {
        self.say("?");
        assert_eq!(self.hear().as_deref(), Some(FORMAT_ERROR));
    }

    /// All frames until the stream ends.
    pub(super) fn hear_all(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.hear()).collect()
    }
}
