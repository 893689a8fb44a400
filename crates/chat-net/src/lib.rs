//! A multi-threaded reactor for the chat programs.
//!
//! A [`Pool`] is a supervisor — it accepts connections and watches for signals —
//! and N reactor threads, each with an epoll instance and an [`App`] of its own.
//! A connection stays on the thread it was given to; an app is called with one
//! [`Event`] at a time and answers through [`Io`], which never blocks.
//!
//! # Contract
//!
//! * **Sending.** [`Io::send`] queues a shared frame ([`Bytes`]); nothing is copied
//!   per recipient. Queues are written with vectored writes at the end of each
//!   turn, so what one turn produces for a connection leaves together. A frame for a
//!   connection of another thread travels through that thread's mailbox, once per turn.
//!   Frames from one thread to one connection keep their order.
//! * **Publishing.** [`Io::publish`] tells the apps of all threads; all of them hear everything
//!   that is published in the same order.
//! * **Slow readers.** A connection whose queue would exceed [`Config::max_queue`] after
//!   a try to write is cut with [`Closed::SlowReader`]. Nobody else waits.
//! * **Pace.** Where everybody hears everybody a [`Pace`] makes reading wait while readers are behind
//!   who do read, or half of all are. Who does not read is not waited for.
//! * **Closing.** [`Io::close`] sends what is queued, then ends the stream, and reads
//!   (and drops) what still comes for at most [`Config::linger`], so that a last
//!   word is not destroyed by a reset. The app hears [`Event::Closed`] at once and
//!   exactly once for each connection; afterwards its [`ConnId`] is dead for ever.
//! * **Fairness.** A connection is read for at most a few buffers per turn; threads stop
//!   reading while another thread's mailbox is full, and for the rest of a turn in which
//!   much was published.
//! * **Stopping.** SIGINT, SIGTERM, SIGHUP (not under `nohup`) or [`Io::stop`]: no more connections are accepted, each app
//!   hears [`Event::Stopping`], then all connections are closed as above, within
//!   [`Config::grace`]. A second signal ends at once.
//! * **Vanished peers.** [`PeerTimeout`] sets TCP keepalive and TCP_USER_TIMEOUT.
//!
//! # Example
//!
//! An echo server that stops after its first connection:
//! ```
//! use bytes::Bytes;
//! use chat_net::{App, Config, Event, Io, Pool};
//!
//! struct Echo;
//! impl App for Echo {
//!     type Message = ();
//!     fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
//!         match event {
//!             Event::Received { conn, bytes } => io.send(conn, Bytes::copy_from_slice(bytes)),
//!             Event::Ended { conn } => io.close(conn),
//!             Event::Closed { .. } => io.stop(),
//!             _ => {}
//!         }
//!     }
//! }
//!
//! let mut pool = Pool::new(Config { threads: 1, ..Config::default() })?;
//! let (_, address) = pool.listen("127.0.0.1:0".parse().unwrap())?;
//! let client = std::thread::spawn(move || {
//!     use std::io::{Read, Write};
//!     let mut stream = std::net::TcpStream::connect(address)?;
//!     stream.write_all(b"hello")?;
//!     stream.shutdown(std::net::Shutdown::Write)?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).map(|_| answer)
//! });
//! pool.run(|_| Echo)?;
//! assert_eq!(client.join().unwrap()?, "hello");
//! # Ok::<(), std::io::Error>(())
//! ```
#![forbid(unsafe_code)]

mod config;
mod connection;
mod event;
mod ids;
mod io;
mod mailbox;
mod pace;
mod pool;
mod queue;
mod reactor;
mod resolve;
mod signals;
mod socket;
mod timers;

pub use bytes::Bytes;
pub use config::{Config, PeerTimeout};
pub use event::{App, Closed, Event, Via};
pub use ids::{ConnId, ConnMap, DatagramId, ListenerId};
pub use io::Io;
pub use mailbox::Remote;
pub use pace::Pace;
pub use pool::{Pool, raise_file_limit};
pub use resolve::resolve;
