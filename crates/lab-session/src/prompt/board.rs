//! What happens in the session while somebody types: shown above the line, and not while a command
//! has the terminal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lines::Printer;

/// Notices that are kept while a command has the terminal; more are counted.
const MAX_HELD: usize = 20;

/// Where notices are put.
#[derive(Clone)]
pub(super) struct Board(Arc<Mutex<State>>);

struct State {
    printer: Printer,
    held: Option<Held>,
}

#[derive(Default)]
struct Held {
    lines: Vec<String>,
    more: usize,
}

impl Board {
    pub(super) fn new(printer: Printer) -> Self {
        Self(Arc::new(Mutex::new(State { printer, held: None })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a line, now or when it is time.
    pub(super) fn put(&self, line: &str) {
        let mut state = self.lock();
        match &mut state.held {
            None => state.print(line),
            Some(held) if held.lines.len() < MAX_HELD => held.lines.push(line.to_owned()),
            Some(held) => held.more += 1,
        }
    }

    /// From now on a command has the terminal.
    pub(super) fn hold(&self) {
        self.lock().held.get_or_insert_default();
    }

    /// It has not any more.
    pub(super) fn release(&self) {
        let mut state = self.lock();
        let held = state.held.take().unwrap_or_default();
        held.lines.iter().for_each(|line| state.print(line));
        if held.more > 0 {
            state.print(&format!("… and {} more", held.more));
        }
    }
}

impl State {
    /// Nobody is there to be told that the terminal is gone.
    fn print(&mut self, line: &str) {
        let _ = self.printer.print(format!("* {line}\n"));
    }
}
