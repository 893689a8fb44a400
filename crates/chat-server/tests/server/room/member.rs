//! Somebody in the room, byte for byte.

use crate::harness::{PATIENCE, Server};
use std::io::{BufRead, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// Somebody in the room. Bytes are compared, so nothing may come that is not expected.
pub(super) struct Member {
    pub(super) stream: TcpStream,
    pub(super) address: SocketAddr,
}

impl Member {
    pub(super) fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let address = stream.local_addr().unwrap();
        Self { stream, address }
    }

    /// Connects; returns when the server has counted it and `others` have heard so.
    pub(super) fn enter(server: &Server, others: &mut [&mut Self]) -> Self {
        let mut member = Self::connect(server.address);
        let notice = format!(
            "\n> New user {} entered.( {} users online)\n",
            member.address,
            others.len() + 1
        );
        for other in others.iter_mut() {
            other.hears(&notice);
        }
        member.says("ready");
        for other in others {
            other.hears(&member.notice("ready"));
        }
        member
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Writes a line and reads its echo.
    pub(super) fn says(&mut self, line: &str) {
        self.raw(format!("{line}\n").as_bytes());
        self.hears(&format!("{line}\n"));
    }

    /// Writes `line` and reads until its echo, whatever the others say meanwhile.
    pub(super) fn talk(&mut self, line: &str, heard: &mut impl BufRead) {
        self.raw(format!("{line}\n").as_bytes());
        let mut bytes = Vec::new();
        while bytes != line.as_bytes() {
            bytes.clear();
            assert!(heard.read_until(b'\n', &mut bytes).unwrap() > 0, "the server closed");
            bytes.pop();
        }
    }

    /// What the others hear of a line of this member's.
    pub(super) fn notice(&self, line: &str) -> String {
        format!("\n[{}] {line}\n", self.address)
    }

    /// The next bytes must be these.
    pub(super) fn hears(&mut self, text: &str) {
        let mut found = vec![0; text.len()];
        let mut length = 0;
        while length < found.len() && text.as_bytes().starts_with(&found[..length]) {
            match self.stream.read(&mut found[length..]) {
                Ok(count @ 1..) => length += count,
                end => panic!("{:?}, then {end:?}, not {text:?}", lossy(&found[..length])),
            }
        }
        assert_eq!(lossy(&found[..length]), text);
    }

    /// The next `count` notices.
    pub(super) fn notices(&mut self, count: usize) -> String {
        let mut all = Vec::new();
        let mut byte = [0];
        let mut left = 2 * count;
        while left > 0 {
            self.stream.read_exact(&mut byte).unwrap();
            left -= usize::from(byte == *b"\n");
            all.push(byte[0]);
        }
        lossy(&all)
    }

    /// All that comes until the stream ends.
    pub(super) fn hears_all(&mut self) -> String {
        let mut all = Vec::new();
        match self.stream.read_to_end(&mut all) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => lossy(&all),
        }
    }
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn left(who: &Member, users: usize) -> String {
    format!("\n< The user {} left({users} users left)\n", who.address)
}
