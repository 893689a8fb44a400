//! Packets that are recorded.

use serde::{Deserialize, Serialize};

use crate::source::Place;

/// A capture: an index into a plan's captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaptureId(pub usize);

/// What passes by a host, from before the first process starts until the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// Its name in the scenario.
    pub name: String,
    /// The host.
    pub host: String,
    /// Only this interface of it; all but the loopback if not given.
    pub interface: Option<String>,
    /// Where in the scenario it stands.
    pub place: Place,
}
