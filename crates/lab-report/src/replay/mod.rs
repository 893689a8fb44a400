//! A run seen again: all its terminals side by side on the run's own clock.
//!
//! ```text
//!  events.jsonl ──▶ Recording ──▶ Player ─────────▶ view ──▶ a buffer of cells
//!  run.json         tracks,       position, speed,           (ratatui), drawn by
//!                   markers       focus; a screen            whoever has a terminal
//!                                 for each track
//! ```
//!
//! Everything here is pure: time comes in as lengths ([`Player::pass`]), keys as
//! [`Command`]s, and what is shown goes into a buffer. Records are not trusted. A line
//! that cannot be read is left out and counted; what programs put out goes through a
//! terminal emulator, of which only cells are shown; all other text is
//! [cleaned](crate::clean) when it is read. Memory is bounded by the size of the record
//! ([`MAX_RECORD`]) and of the window.

mod layout;
mod player;
mod print;
mod recording;
mod screen;
#[cfg(test)]
mod testing;
mod timeline;
mod view;

pub use player::{Command, Player};
pub use print::print;
pub use recording::{MAX_RECORD, Marker, MarkerKind, Moment, Piece, Recording, State, Track, What};
pub use view::draw;

/// A time or a length of time in nanoseconds. Times are since the run began.
pub type Nanos = u64;
