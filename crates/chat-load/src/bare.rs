//! The least that a chat server can do: one thread, level-triggered epoll, and whatever one `recv`
//! brought goes to all others with one `write` each. It knows no lines, keeps no queues,
//! drops nobody, and waits for whoever does not read. It is what our servers are measured by.

use anyhow::Context as _;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// How much is read at once, as much as `chat-net` does.
const BUFFER: usize = 64 * 1024;
const BACKLOG: i32 = 4096;
/// The number of the listening socket.
const LISTENER: u64 = u64::MAX;

/// Serves for ever; says `listening on IP:PORT` on standard error first.
///
/// # Errors
/// When it cannot listen, or epoll fails.
pub fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into()).with_context(|| format!("cannot listen on {address}"))?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    eprintln!("listening on {}", listener.local_addr()?);

    let mut clients: Vec<Option<TcpStream>> = Vec::new();
    let mut events: Vec<epoll::Event> = Vec::with_capacity(1024);
    let mut buffer = vec![0; BUFFER];
    loop {
        events.clear();
        match epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result?,
        };
        for event in &events {
            let data = event.data;
            if data.u64() == LISTENER {
                while let Ok((client, _)) = listener.accept() {
                    client.set_nonblocking(true)?;
                    client.set_nodelay(true)?;
                    let number = EventData::new_u64(clients.len() as u64);
                    epoll::add(&epoll, &client, number, EventFlags::IN)?;
                    clients.push(Some(client));
                }
                continue;
            }
            // It was an index when the socket was added.
            let from = data.u64() as usize;
            let Some(client) = &mut clients[from] else { continue };
            let length = match client.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Ok(0) | Err(_) => {
                    clients[from] = None;
                    continue;
                }
                Ok(length) => length,
            };
            for (to, place) in clients.iter_mut().enumerate() {
                if let Some(client) = place
                    && to != from
                    && write_all(client, &buffer[..length]).is_err()
                {
                    *place = None;
                }
            }
        }
    }
}

/// Waits where the socket is full.
fn write_all(mut client: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match client.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(&client, PollFlags::OUT)], None)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
