//! Offloads of interfaces, which netlink does not have: `ethtool(8)` by ioctl.

#![expect(unsafe_code, reason = "ioctl has no safe form")]

use std::io;
use std::os::fd::AsRawFd as _;

/// `SIOCETHTOOL` (linux/sockios.h)
const SIOCETHTOOL: libc::c_ulong = 0x8946;
/// `ETHTOOL_STXCSUM` (linux/ethtool.h)
const SET_TX_CHECKSUM: u32 = 0x17;

/// `struct ethtool_value`
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Has the kernel write every packet's checksum itself before it goes out of an
/// interface of this thread's namespace.
///
/// Between interfaces of the kernel that would be wasted, so by default it is left out
/// and promised. Open vSwitch in user space cannot hear of the promise: what comes
/// out behind it has a wrong checksum and is thrown away by the receiver.
pub(crate) fn write_checksums(interface: &str) -> io::Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    let mut value = Value { command: SET_TX_CHECKSUM, data: 0 };
    // SAFETY: all zeroes is a valid `ifreq`: numbers, and a null pointer.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if interface.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_data = std::ptr::from_mut(&mut value).cast();
    // SAFETY: the kernel reads the name, which ends with a zero, and reads and writes
    // the value; both outlive the call.
    match unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
