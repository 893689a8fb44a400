//! Many connections in one epoll instance, level-triggered: whoever has something is
//! read once a turn, with one system call.

use anyhow::{Context as _, bail};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::RecvFlags;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// How much is read at once.
const BUFFER: usize = 128 * 1024;

/// Connections that are waited for together.
pub(crate) struct Crowd {
    epoll: OwnedFd,
    /// They stay open as long as anybody else keeps them too.
    members: Vec<Arc<TcpStream>>,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    /// Bytes are counted and thrown away in the kernel.
    discards: bool,
}

impl Crowd {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Self::of(Vec::new())
    }

    /// Takes over connections that are non-blocking already.
    pub(crate) fn of(members: Vec<Arc<TcpStream>>) -> anyhow::Result<Self> {
        let mut crowd = Self {
            epoll: epoll::create(CreateFlags::CLOEXEC).context("cannot make an epoll instance")?,
            members: Vec::with_capacity(members.len()),
            events: Vec::with_capacity(1024),
            buffer: vec![0; BUFFER],
            discards: false,
        };
        members.into_iter().try_for_each(|member| crowd.add(member))?;
        Ok(crowd)
    }

    fn add(&mut self, stream: Arc<TcpStream>) -> anyhow::Result<()> {
        let data = EventData::new_u64(self.members.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN).context("cannot watch a socket")?;
        self.members.push(stream);
        Ok(())
    }

    /// Connects one more; its number is the next.
    pub(crate) fn connect(&mut self, server: SocketAddr) -> anyhow::Result<()> {
        let number = self.members.len();
        let stream = TcpStream::connect(server)
            .with_context(|| format!("cannot connect to {server} (connection {number})"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        self.add(Arc::new(stream))
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn into_members(self) -> Vec<Arc<TcpStream>> {
        self.members
    }

    /// From now on bytes are counted but not copied: what is heard is the right number of
    /// bytes without meaning.
    pub(crate) fn discard(&mut self) {
        self.discards = true;
    }

    /// Waits up to `timeout` (`None`: for ever) and hands on what each ready member
    /// brought; it is `told` who and what.
    ///
    /// # Errors
    /// When the server closes a connection, or `told` is not content.
    pub(crate) fn turn(
        &mut self,
        timeout: Option<Duration>,
        mut told: impl FnMut(usize, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let timeout = timeout.map(|timeout| rustix::event::Timespec {
            tv_sec: timeout.as_secs().cast_signed(),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        self.events.clear();
        let waited = epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut self.events),
            timeout.as_ref(),
        );
        match waited {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            result => result.context("cannot wait")?,
        };
        for event in &self.events {
            let epoll::Event { flags, data, .. } = *event;
            // It was a usize when the socket was added.
            let number = data.u64() as usize;
            if !flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                continue;
            }
            let mut member: &TcpStream = &self.members[number];
            let read = if self.discards {
                rustix::net::recv(member, &mut self.buffer[..], RecvFlags::TRUNC)
                    .map(|(_, length)| length)
                    .map_err(Into::into)
            } else {
                member.read(&mut self.buffer)
            };
            match read {
                Ok(0) => bail!("the server closed connection {number}"),
                Ok(length) => told(number, &self.buffer[..length.min(BUFFER)])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("connection {number} broke"));
                }
            }
        }
        Ok(())
    }

    /// Writes what the socket takes now; `None` if it takes nothing.
    pub(crate) fn write(&self, number: usize, bytes: &[u8]) -> anyhow::Result<Option<usize>> {
        let mut socket: &TcpStream = &self.members[number];
        match socket.write(bytes) {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error).with_context(|| format!("connection {number} broke")),
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// When the socket does not take it all at once: what is sent this way is little.
    pub(crate) fn write_all(&self, number: usize, bytes: &[u8]) -> anyhow::Result<()> {
        match self.write(number, bytes)? {
            Some(count) if count == bytes.len() => Ok(()),
            _ => bail!("the server does not read from connection {number}"),
        }
    }

    /// Makes turns end also when the socket of `number` takes more, or not any more.
    pub(crate) fn watch_writable(&self, number: usize, writable: bool) -> anyhow::Result<()> {
        let mut flags = EventFlags::IN;
        flags.set(EventFlags::OUT, writable);
        let data = EventData::new_u64(number as u64);
        epoll::modify(&self.epoll, &self.members[number], data, flags)
            .context("cannot watch a socket")
    }
}
