//! The thread that makes changes safe.
//!
//! Whatever has piled up while one transaction was being committed goes into the next
//! one together.

use super::store::Store;
use chat_proto::accounts::Change;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Changes, and what is to happen once they are safe.
type Entry<T> = (Vec<Change>, T);

/// The way to the thread.
pub(super) struct Journal<T> {
    entries: Option<Sender<Entry<T>>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Journal<T> {
    /// Starts the thread; `safe` hears the entries of each transaction, in order.
    pub(super) fn start(
        store: Store,
        safe: impl Fn(Vec<T>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (entries, inbox) = channel::<Entry<T>>();
        let work = move || {
            while let Ok((mut changes, then)) = inbox.recv() {
                let mut follows = vec![then];
                for (more, then) in inbox.try_iter() {
                    changes.extend(more);
                    follows.push(then);
                }
                if let Err(error) = store.commit(&changes) {
                    tracing::error!(%error, "cannot write to the store; ending at once");
                    // In good order it would tell clients that all was done.
                    std::process::exit(1);
                }
                safe(follows);
            }
        };
        let thread = std::thread::Builder::new().name("journal".into()).spawn(work)?;
        Ok(Self { entries: Some(entries), thread: Some(thread) })
    }

    /// Stores these changes soon.
    pub(super) fn write(&self, changes: Vec<Change>, then: T) {
        if let Some(entries) = &self.entries {
            // The thread lives as long as the channel.
            let _ = entries.send((changes, then));
        }
    }

    /// Waits until everything is safe. Nothing can be written afterwards.
    pub(super) fn finish(&mut self) {
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked, the panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl<T> Drop for Journal<T> {
    fn drop(&mut self) {
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
