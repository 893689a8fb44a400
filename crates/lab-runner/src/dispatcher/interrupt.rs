//! Ctrl-C and its kin, as messages.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Passes signals on until it is dropped. They stay caught afterwards: what
/// follows a dispatch is short, and should not be cut off half-way.
pub(super) struct Interrupts {
    handle: Handle,
}

impl Interrupts {
    /// Calls `hear`, on a thread of its own, for each SIGINT, SIGTERM and
    /// SIGHUP, until it returns false.
    pub(super) fn listen(mut hear: impl FnMut() -> bool + Send + 'static) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for _ in signals.forever() {
                if !hear() {
                    return;
                }
            }
        })?;
        Ok(Self { handle })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.handle.close();
    }
}
