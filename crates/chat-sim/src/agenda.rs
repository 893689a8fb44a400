//! What is on its way, by the time at which it happens.
//!
//! Nothing reaches another machine in less than the least delay of a link. So what happens in
//! one *window* of that length at two servers cannot depend on each other, and a window may be
//! played server by server. A large network is many times faster so: what one server needs is in
//! the processor's cache, what is on its way lies in one piece, and windows are cheaper to keep
//! than a heap.

use crate::network::End;
use std::collections::BTreeMap;

/// Something that will happen.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) at: u64,
    /// Where: the number of a server, or [`NOWHERE`].
    pub(crate) place: u32,
    pub(crate) what: What,
}

/// The place of what concerns no server, or two: it comes last in its window.
pub(crate) const NOWHERE: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) enum What {
    /// So many of the window's bytes, from there on.
    Arrives(End, u32, usize),
    Drained(End),
    Closes(End),
    Awake(usize),
}

/// All that happens within `width` µs.
#[derive(Debug, Default)]
pub(crate) struct Window {
    pub(crate) dues: Vec<Due>,
    bytes: Vec<u8>,
}

impl Window {
    /// What arrives.
    pub(crate) fn bytes(&self, start: usize, length: u32) -> &[u8] {
        &self.bytes[start..start + length as usize]
    }
}

/// All that is due, in windows of `width` µs.
#[derive(Debug)]
pub(crate) struct Agenda {
    width: u64,
    windows: BTreeMap<u64, Window>,
    /// The first window that was not yet taken.
    next: u64,
    /// Windows that are over, for their memory.
    over: Vec<Window>,
}

impl Agenda {
    /// Windows of `width` µs, which nothing crosses faster.
    pub(crate) fn new(width: u64) -> Self {
        Self { width: width.max(1), windows: BTreeMap::new(), next: 0, over: Vec::new() }
    }

    /// Of things at one place and time, what was added first happens first.
    pub(crate) fn add(&mut self, due: Due) {
        self.window(due.at).dues.push(due);
    }

    /// Bytes arrive at an end.
    pub(crate) fn add_arrival(&mut self, at: u64, place: u32, to: End, bytes: &[u8]) {
        let window = self.window(at);
        let start = window.bytes.len();
        window.bytes.extend_from_slice(bytes);
        // No server sends 4 GB at once.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        window.dues.push(Due { at, place, what: What::Arrives(to, length, start) });
    }

    fn window(&mut self, at: u64) -> &mut Window {
        let window = (at / self.width).max(self.next);
        self.windows.entry(window).or_insert_with(|| self.over.pop().unwrap_or_default())
    }

    /// When the next window begins in which something is due.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.windows.keys().next().map(|window| window * self.width)
    }

    /// The next window, its dues place by place, and when it ends.
    pub(crate) fn take(&mut self) -> Option<(Window, u64)> {
        let (number, mut window) = self.windows.pop_first()?;
        self.next = number + 1;
        window.dues.sort_by_key(|due| (due.place, due.at));
        Some((window, self.next * self.width))
    }

    /// A window that was taken is over.
    pub(crate) fn give_back(&mut self, mut window: Window) {
        window.dues.clear();
        window.bytes.clear();
        self.over.push(window);
    }
}
