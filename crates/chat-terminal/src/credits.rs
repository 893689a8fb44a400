//! Flow control between the reading thread and the program.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Lines that may be on their way at one time.
const LINES: usize = 256;

/// How many lines may be handed over before the program has dealt with earlier
/// ones. Without it a large file on standard input would be read into memory as
/// fast as the disk gives it, however slow the network is.
#[derive(Debug, Clone)]
pub struct Credits(Arc<(Mutex<usize>, Condvar)>);

impl Credits {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(LINES), Condvar::new())))
    }

    /// Waits until one more line may be handed over.
    pub(crate) fn take(&self) {
        let (count, changed) = &*self.0;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count =
            changed.wait_while(count, |count| *count == 0).unwrap_or_else(PoisonError::into_inner);
        *count -= 1;
    }

    /// The program has dealt with `lines` lines.
    pub fn grant(&self, lines: usize) {
        let (count, changed) = &*self.0;
        *count.lock().unwrap_or_else(PoisonError::into_inner) += lines;
        changed.notify_one();
    }
}
