//! The wire formats and state machines of the chat labs.
//!
//! Everything here is *sans-IO*: bytes, lines and instants go in, and frames to
//! send, deadlines to keep and things to show come out. No module opens a
//! socket, asks a clock for the time or draws a random number, so each protocol
//! can be tested, fuzzed and simulated without a network.
//!
//! * [`frame`] — frames that count characters; `N:CONTENT` of the `direct` dialect and the UDP chat
//! * [`direct`] — messages by name over TCP: the server's and the client's side
//! * [`room`] — one room for all, plain lines over TCP
//! * [`relay`] — a spanning tree of servers: the server's and the client's side
//! * [`registry`] — who is there, private chats from peer to peer, group chats
//! * [`accounts`] — accounts, offline messages, private talk after consent: both sides
//! * [`client`] — what the clients of several dialects have in common
//! * [`datagram`] — the UDP broadcast chat's datagrams
//! * [`text`] — text of strangers made fit for one line or for a terminal
//! * [`units`], [`address`] — how sizes, durations and server addresses are written
#![forbid(unsafe_code)]

pub mod accounts;
pub mod address;
pub mod client;
pub mod datagram;
pub mod direct;
pub mod frame;
pub mod registry;
pub mod relay;
pub mod room;
pub mod text;
pub mod units;
