//! The packet socket.

#![expect(unsafe_code, reason = "packet sockets, and the times of packets, have no safe form")]

use std::fmt;
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::ptr;

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with, sockopt};
use rustix::time::{ClockId, clock_gettime};

use super::SNAP;
use crate::namespace;

/// Asked for as the room for packets that are not read yet. An ordinary user gets no more
/// than `net.core.rmem_max`.
const ROOM: usize = 8 << 20;

/// Room for what the kernel tells beside a packet: one time.
const CONTROL: usize = 64;

/// A capture under way, from when it is opened until it is dropped.
pub struct Capture {
    socket: OwnedFd,
    /// Whether it was asked for the loopback interface, which no capture of a whole host
    /// has.
    is_loopback: bool,
    buffer: Box<[u8]>,
    lost: u64,
}

/// A packet that passed by.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'c> {
    /// When, in nanoseconds since 1970.
    pub time: u64,
    /// Its bytes on the wire, with its Ethernet header.
    pub length: usize,
    /// The first [`SNAP`] of them.
    pub bytes: &'c [u8],
}

impl Capture {
    /// Opens a capture of an interface of the host with that network namespace, or of all
    /// but its loopback.
    ///
    /// # Errors
    /// There is no such interface, or the kernel's refusal.
    pub fn open(namespace: BorrowedFd<'_>, interface: Option<&str>) -> io::Result<Self> {
        let opened = namespace::inside(namespace, || {
            // Of no protocol, so that nothing comes in before it is bound.
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None)?;
            let index = match interface {
                Some(name) => netdevice::name_to_index(&socket, name)?,
                None => 0,
            };
            sockopt::set_socket_recv_buffer_size_force(&socket, ROOM)
                .or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, ROOM))?;
            stamp(&socket)?;
            bind(&socket, index)?;
            Ok(socket)
        });
        let is_loopback = interface == Some("lo");
        let buffer = vec![0; SNAP].into_boxed_slice();
        Ok(Self { socket: opened?, is_loopback, buffer, lost: 0 })
    }

    /// The next packet, if one has passed by.
    ///
    /// # Errors
    /// The kernel's refusal.
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows from it")]
    pub fn next(&mut self) -> io::Result<Option<Packet<'_>>> {
        loop {
            let (length, time) = match receive(&self.socket, &mut self.buffer) {
                Ok(received) if !self.is_wanted(&received.from) => continue,
                Ok(Received { length, time, .. }) => (length, time),
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => return Ok(None),
                    // The interface went down. It is bound to it still, for when it is up.
                    Some(libc::EINTR | libc::ENETDOWN) => continue,
                    _ => return Err(error),
                },
            };
            let bytes = &self.buffer[..length.min(SNAP)];
            return Ok(Some(Packet { time: time.unwrap_or_else(now), length, bytes }));
        }
    }

    /// How many packets were lost since it was opened, because too many came before they
    /// were read.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn lost(&mut self) -> io::Result<u64> {
        // Each time it is told, the kernel counts from 0 again.
        self.lost += u64::from(drops(&self.socket)?);
        Ok(self.lost)
    }

    fn is_wanted(&self, from: &libc::sockaddr_ll) -> bool {
        match from.sll_pkttype {
            libc::PACKET_OTHERHOST => false,
            // What goes out of the loopback comes in again at once.
            libc::PACKET_OUTGOING if self.is_loopback => false,
            _ => self.is_loopback || from.sll_hatype != libc::ARPHRD_LOOPBACK,
        }
    }
}

/// The socket, to wait for packets. It can also be read when the interface goes down.
impl AsFd for Capture {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("socket", &self.socket).finish_non_exhaustive()
    }
}

struct Received {
    /// On the wire.
    length: usize,
    time: Option<u64>,
    from: libc::sockaddr_ll,
}

/// Has the kernel tell when each packet passed by.
fn stamp(socket: &OwnedFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the value is an int, which outlives the call.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            ptr::from_ref(&on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })
}

/// Lets packets of all protocols in, of one interface or, with 0, of all.
fn bind(socket: &OwnedFd, interface: u32) -> io::Result<()> {
    // SAFETY: all zeroes is a valid `sockaddr_ll`, which holds numbers only.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = interface.cast_signed();
    // SAFETY: the address is of the length that is said, and outlives the call.
    check(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            ptr::from_ref(&address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    })
}

/// How many packets were dropped since this was last asked.
fn drops(socket: &OwnedFd) -> io::Result<u32> {
    /// `struct tpacket_stats` (linux/if_packet.h)
    #[repr(C)]
    struct Statistics {
        packets: u32,
        drops: u32,
    }
    let mut statistics = Statistics { packets: 0, drops: 0 };
    let mut length = size_of::<Statistics>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, which is what there is.
    check(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            ptr::from_mut(&mut statistics).cast(),
            &raw mut length,
        )
    })?;
    Ok(statistics.drops)
}

/// Takes a packet from the socket.
fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<Received> {
    /// Aligned as a `cmsghdr` must be.
    #[repr(C, align(8))]
    struct Control([MaybeUninit<u8>; CONTROL]);

    // SAFETY: all zeroes is a valid `sockaddr_ll` and a valid `msghdr`: numbers, and null
    // pointers.
    let (mut from, mut message): (libc::sockaddr_ll, libc::msghdr) =
        unsafe { (zeroed(), zeroed()) };
    let mut control = Control([MaybeUninit::uninit(); CONTROL]);
    let mut vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    message.msg_name = ptr::from_mut(&mut from).cast();
    message.msg_namelen = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = CONTROL as _;
    // SAFETY: all that the message points to is as long as it says, and outlives the call.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_TRUNC) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let mut time = None;
    // SAFETY: the kernel has filled `msg_control` up to `msg_controllen` with headers, which
    // these two walk and keep inside of.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !header.is_null() {
        // SAFETY: neither null nor outside of the buffer, and aligned as that is.
        let told = unsafe { &*header };
        if (told.cmsg_level, told.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
            // SAFETY: such a message holds a `timespec`, of whatever alignment.
            let spec: libc::timespec =
                unsafe { ptr::read_unaligned(libc::CMSG_DATA(header).cast()) };
            time = nanos(spec.tv_sec, spec.tv_nsec);
        }
        // SAFETY: as above.
        header = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
    }
    Ok(Received { length, time, from })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn now() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    nanos(now.tv_sec, now.tv_nsec).unwrap_or(0)
}

fn nanos(seconds: i64, nanos: i64) -> Option<u64> {
    u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(u64::try_from(nanos).ok()?)
}
