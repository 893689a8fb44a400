//! The one shared map: which user is reached over which connection.

use super::MAX_NAME_CHARS;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use thiserror::Error;

/// What a session is held to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest content of a frame, in bytes.
    pub max_frame: usize,
    /// How long a connection may take to give its name.
    pub name_timeout: Duration,
}

/// Why a name is refused. Each text is one line that says which name and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// No character at all.
    #[error("the name is empty.")]
    Empty,
    /// More than [`MAX_NAME_CHARS`] characters.
    #[error("{shown:?}... has {chars} characters, the limit is {MAX_NAME_CHARS}.")]
    TooLong {
        /// The name's length in characters.
        chars: usize,
        /// How it begins.
        shown: String,
    },
    /// It holds a `:`, so no message could be addressed to it.
    #[error("{0:?} holds a ':', so nobody could write to it.")]
    Colon(String),
    /// Somebody else has it.
    #[error("{0:?} is already in use.")]
    InUse(String),
}

/// The users who are connected, by name. `K` is what the program that moves the
/// bytes calls a connection. Shared by all reactor threads; the lock is held for
/// single look-ups only.
#[derive(Debug)]
pub struct Users<K> {
    limits: Limits,
    map: RwLock<HashMap<Arc<str>, K>>,
}

impl<K: Copy + PartialEq> Users<K> {
    /// Nobody yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, map: RwLock::default() }
    }

    /// What sessions are held to.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How many users are connected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// True when nobody is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The connection of `name`, if that user is connected.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<K> {
        self.read().get(name).copied()
    }

    /// Gives `name` to the connection `key`, if it is a fit name that nobody has.
    pub(super) fn claim(&self, name: &str, key: K) -> Result<Arc<str>, NameError> {
        let chars = name.chars().count();
        if chars == 0 {
            return Err(NameError::Empty);
        }
        if chars > MAX_NAME_CHARS {
            return Err(NameError::TooLong { chars, shown: name.chars().take(16).collect() });
        }
        if name.contains(':') {
            return Err(NameError::Colon(name.to_owned()));
        }
        let name: Arc<str> = name.into();
        match self.write().entry(name.clone()) {
            Entry::Occupied(_) => Err(NameError::InUse(name.to_string())),
            Entry::Vacant(place) => {
                place.insert(key);
                Ok(name)
            }
        }
    }

    /// Frees a name, if `key` is the one who has it.
    pub(super) fn free(&self, name: &str, key: K) {
        let mut map = self.write();
        if map.get(name) == Some(&key) {
            map.remove(name);
        }
    }

    // Every change of the map is a single insertion or removal, so it is whole
    // even if a thread panicked while it held the lock.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<Arc<str>, K>> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Arc<str>, K>> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}
