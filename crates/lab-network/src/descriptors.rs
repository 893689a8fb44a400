//! The limit on open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What else a stage has open: terminals, pipes, pidfds.
const RESERVE: u64 = 256;

/// Raises this process's limit, as far as it may, for that many descriptors
/// more than it has now. Left alone where it is enough: processes inherit it,
/// and programs that use `select` must not get numbers above 1023.
pub(crate) fn make_room_for(descriptors: usize) {
    let needed = RESERVE.saturating_add(descriptors as u64);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let current = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    // Refused: then opening one too many says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum });
}
