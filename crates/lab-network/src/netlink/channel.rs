//! A netlink socket, which stays in the namespace where it was opened, whatever
//! thread uses it.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Instant;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NlasIterator,
};
use netlink_sys::protocols::{NETLINK_NETFILTER, NETLINK_ROUTE, NETLINK_SOCK_DIAG};
use netlink_sys::{Socket, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::link::LinkInfo;
use super::{Refusal, Request};

const HEADER: usize = 16;
/// `RTM_NEWLINK`
const NEW_LINK: u16 = 16;
/// `RTNLGRP_LINK`
const LINK_GROUP: u32 = 1;
/// `NLM_F_DUMP_INTR`: what was dumped changed meanwhile.
const INTERRUPTED: u16 = 0x10;
/// `NLM_F_CAPPED`: the error message does not repeat the request.
const CAPPED: u16 = 0x100;
/// `NLMSGERR_ATTR_MSG`
const ERROR_TEXT: u16 = 1;
/// Requests sent at once. Their answers wait in the socket's receive buffer,
/// which holds some 200 with the kernel's default size.
const BATCH: usize = 64;
/// Room for one datagram of a dump: the kernel never makes them larger than
/// 32 KiB (`NLMSG_GOODSIZE`, `netlink_dump`).
const DATAGRAM: usize = 64 * 1024;

/// What a channel that listens to changes hears.
#[derive(Debug)]
pub(crate) enum Notice {
    /// An interface is there, or is different.
    Link(LinkInfo),
    /// More happened than the socket could hold: ask for everything again.
    Overrun,
    /// Nothing, until the deadline.
    Silence,
}

/// A netlink socket in one network namespace.
pub(crate) struct Channel {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
    subscribed: bool,
    notices: VecDeque<LinkInfo>,
    overrun: bool,
}

impl Channel {
    /// Opens a socket in the namespace of the calling thread.
    pub(crate) fn open() -> io::Result<Self> {
        Self::to(NETLINK_ROUTE)
    }

    /// One to the part of the kernel that knows all sockets.
    pub(crate) fn to_sockets() -> io::Result<Self> {
        Self::to(NETLINK_SOCK_DIAG)
    }

    /// One to the packet filters.
    pub(crate) fn to_filters() -> io::Result<Self> {
        Self::to(NETLINK_NETFILTER)
    }

    fn to(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Since Linux 4.12; without it errors come without a sentence.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Ok(Self {
            socket,
            sequence: 0,
            buffer: Vec::new(),
            subscribed: false,
            notices: VecDeque::new(),
            overrun: false,
        })
    }

    /// Sends requests, in order, and returns when the kernel has done them all,
    /// or with the first that it refused. Some after that one may be done.
    pub(crate) fn apply(&mut self, requests: &[Request]) -> Result<(), Refusal> {
        for batch in requests.chunks(BATCH) {
            self.apply_batch(batch)?;
        }
        Ok(())
    }

    fn apply_batch(&mut self, batch: &[Request]) -> Result<(), Refusal> {
        let blame = |index: usize, source, detail| Refusal {
            doing: batch[index].doing.clone(),
            needs: batch[index].needs,
            detail,
            source,
        };
        let first = self.sequence.wrapping_add(1);
        let mut bytes =
            Vec::with_capacity(batch.iter().map(|r| HEADER + r.payload.len() + 3).sum());
        for request in batch {
            let flags = NLM_F_REQUEST | NLM_F_ACK | request.flags;
            self.encode(&mut bytes, request.kind, flags, &request.payload);
        }
        self.socket.send(&bytes, 0).map_err(|error| blame(0, error, None))?;
        let mut answered = 0;
        let mut refusal = None;
        while answered < batch.len() {
            self.receive().map_err(|error| blame(answered, error, None))?;
            let buffer = std::mem::take(&mut self.buffer);
            for message in messages(&buffer) {
                let index = message.sequence.wrapping_sub(first) as usize;
                if index >= batch.len() || message.kind != NLMSG_ERROR {
                    self.overhear(&message);
                    continue;
                }
                answered += 1;
                if let Err((error, detail)) = message.verdict()
                    && refusal.is_none()
                {
                    refusal = Some(blame(index, error, detail));
                }
            }
            self.buffer = buffer;
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Asks for all objects of a sort; gives the payloads of the answers.
    pub(crate) fn dump(&mut self, kind: u16, payload: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        loop {
            if let Some(answers) = self.try_dump(kind, payload)? {
                return Ok(answers);
            }
        }
    }

    /// `None` if what was asked for changed meanwhile.
    fn try_dump(&mut self, kind: u16, payload: &[u8]) -> io::Result<Option<Vec<Vec<u8>>>> {
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        self.encode(&mut bytes, kind, NLM_F_REQUEST | NLM_F_DUMP, payload);
        self.socket.send(&bytes, 0)?;
        let mut answers = Vec::new();
        let mut interrupted = false;
        loop {
            self.receive()?;
            let buffer = std::mem::take(&mut self.buffer);
            let mut done = None;
            for message in messages(&buffer) {
                if message.sequence != self.sequence {
                    self.overhear(&message);
                    continue;
                }
                interrupted |= message.flags & INTERRUPTED != 0;
                match message.kind {
                    NLMSG_DONE | NLMSG_ERROR => {
                        done = Some(message.verdict().map_err(|(error, _)| error));
                    }
                    _ => answers.push(message.payload.to_vec()),
                }
            }
            self.buffer = buffer;
            if let Some(verdict) = done {
                return verdict.map(|()| (!interrupted).then_some(answers));
            }
        }
    }

    /// From now on hears of every change of a link in this namespace. Until
    /// [`Channel::unsubscribe`] only [`Channel::dump`] may be used beside
    /// [`Channel::next_notice`]: when too much happens at once, the answer to
    /// anything else can get lost, but the kernel never drops part of a dump.
    pub(crate) fn subscribe(&mut self) -> io::Result<()> {
        self.socket.add_membership(LINK_GROUP)?;
        self.subscribed = true;
        Ok(())
    }

    /// No longer hears of changes, and forgets those it has heard of.
    pub(crate) fn unsubscribe(&mut self) -> io::Result<()> {
        self.socket.drop_membership(LINK_GROUP)?;
        while self.is_readable(Instant::now())? {
            self.receive()?;
        }
        self.subscribed = false;
        self.notices.clear();
        self.overrun = false;
        Ok(())
    }

    /// Waits for the next change.
    pub(crate) fn next_notice(&mut self, deadline: Instant) -> io::Result<Notice> {
        loop {
            if std::mem::take(&mut self.overrun) {
                return Ok(Notice::Overrun);
            }
            if let Some(link) = self.notices.pop_front() {
                return Ok(Notice::Link(link));
            }
            if !self.is_readable(deadline)? {
                return Ok(Notice::Silence);
            }
            self.receive()?;
            let buffer = std::mem::take(&mut self.buffer);
            messages(&buffer).for_each(|message| self.overhear(&message));
            self.buffer = buffer;
        }
    }

    /// Keeps what was not asked for: news of links, when subscribed.
    fn overhear(&mut self, message: &Message<'_>) {
        if message.kind == NEW_LINK
            && let Some(link) = LinkInfo::parse(message.payload)
        {
            self.notices.push_back(link);
        }
    }

    fn encode(&mut self, bytes: &mut Vec<u8>, kind: u16, flags: u16, payload: &[u8]) {
        self.sequence = self.sequence.wrapping_add(1);
        let length = u32::try_from(HEADER + payload.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        // The sender's port, which the kernel knows.
        bytes.extend([0; 4]);
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }

    fn receive(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.reserve(DATAGRAM);
        loop {
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.subscribed && error.raw_os_error() == Some(libc::ENOBUFS) => {
                    self.overrun = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn is_readable(&self, deadline: Instant) -> io::Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).ok();
            let mut ready = [PollFd::new(self, PollFlags::IN)];
            match poll(&mut ready, timeout.as_ref()) {
                Ok(count) => return Ok(count > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A message from the kernel.
struct Message<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    payload: &'a [u8],
}

impl Message<'_> {
    /// What an acknowledgement, or the end of a dump, says.
    fn verdict(&self) -> Result<(), (io::Error, Option<String>)> {
        let number = number(self.payload, 0).map_or(0, u32::cast_signed);
        if number == 0 {
            return Ok(());
        }
        let repeated = if self.flags & CAPPED != 0 || self.kind == NLMSG_DONE {
            0
        } else {
            repeated_length(self.payload)
        };
        let after = if self.kind == NLMSG_DONE { 4 } else { 4 + HEADER + repeated };
        let text = self.payload.get(after.next_multiple_of(4)..).and_then(|attributes| {
            let text = NlasIterator::new(attributes)
                .filter_map(Result::ok)
                .find(|attribute| attribute.kind() == ERROR_TEXT)?;
            let text = text.value();
            let text = text.strip_suffix(b"\0").unwrap_or(text);
            Some(String::from_utf8_lossy(text).into_owned())
        });
        Err((io::Error::from_raw_os_error(number.saturating_abs()), text))
    }
}

/// How much of the request is repeated after its header in an error message.
fn repeated_length(payload: &[u8]) -> usize {
    number(payload, 4).map_or(0, |length| (length as usize).saturating_sub(HEADER))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Splits what was received into messages; stops at what is not one.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = number(bytes, 0)? as usize;
        let payload = bytes.get(HEADER..length)?;
        let half = |at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let message =
            Message { kind: half(4)?, flags: half(6)?, sequence: number(bytes, 8)?, payload };
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

impl std::os::fd::AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        borrow(&self.socket)
    }
}

fn borrow(socket: &Socket) -> BorrowedFd<'_> {
    #![expect(unsafe_code, reason = "netlink-sys has only the raw form")]
    // SAFETY: the socket owns its descriptor and outlives the borrow.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((HEADER as u32 + payload.len() as u32).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn error(number: i32, text: Option<&str>) -> Vec<u8> {
        let mut payload = number.to_ne_bytes().to_vec();
        payload.extend(message(16, 0, 7, &[])); // the request's header
        if let Some(text) = text {
            payload.extend((4 + text.len() as u16 + 1).to_ne_bytes());
            payload.extend(ERROR_TEXT.to_ne_bytes());
            payload.extend(text.as_bytes());
            payload.push(0);
        }
        message(NLMSG_ERROR, CAPPED, 7, &payload)
    }

    #[test]
    fn datagrams_hold_several_messages() {
        let mut bytes = message(16, 0, 1, b"abc");
        bytes.extend(message(17, 2, 2, b""));
        let read: Vec<_> =
            messages(&bytes).map(|m| (m.kind, m.flags, m.sequence, m.payload.to_vec())).collect();
        assert_eq!(read, [(16, 0, 1, b"abc".to_vec()), (17, 2, 2, Vec::new())]);
    }

    #[test]
    fn what_is_no_message_ends_the_datagram() {
        for bytes in
            [&[][..], &[1; 3], &[0; 16], &[200, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]]
        {
            assert_eq!(messages(bytes).count(), 0, "{bytes:?}");
        }
    }

    #[test]
    fn errors_come_with_the_kernels_sentence() {
        let bytes = error(-libc::ENOENT, Some("Specified qdisc kind is unknown"));
        let (error, text) = messages(&bytes).next().unwrap().verdict().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        assert_eq!(text.as_deref(), Some("Specified qdisc kind is unknown"));
    }

    #[test]
    fn zero_is_success() {
        let bytes = error(0, None);
        assert!(messages(&bytes).next().unwrap().verdict().is_ok());
    }
}
