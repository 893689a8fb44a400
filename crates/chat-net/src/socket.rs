//! Making sockets, and the options every connection gets.

use crate::{Config, PeerTimeout};
use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Connections the kernel keeps for us until they are accepted (it may lower this).
const BACKLOG: i32 = 4096;

/// Connections inherit from the listener that they are reset unless that is changed, so
/// there is no instant at which they would not be.
pub(crate) fn listen(address: SocketAddr, reset: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if reset {
        socket.set_linger(Some(Duration::ZERO))?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// No delay for small frames (batching is ours), no more in the kernel than it can send
/// where there is a pace, and an end for vanished peers.
pub(crate) fn set_options(
    stream: &TcpStream,
    config: &Config,
    limits: Option<PeerTimeout>,
) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    if let Some(pace) = config.pace {
        socket.set_tcp_notsent_lowat(pace.unsent)?;
    }
    let Some(limits) = limits else { return Ok(()) };
    let keepalive = TcpKeepalive::new()
        .with_time(limits.idle)
        .with_interval(limits.interval)
        .with_retries(limits.probes());
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(limits.timeout))
}

/// Chooses whether the connection is reset when its descriptor is closed.
pub(crate) fn set_reset(stream: &TcpStream, reset: bool) -> io::Result<()> {
    SockRef::from(stream).set_linger(reset.then_some(Duration::ZERO))
}
