//! What of the machine matters to a run.

use crate::event::Environment;

/// Looks at the machine. What cannot be found out is left empty.
pub(super) fn look(rootless: bool) -> Environment {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Environment {
        labrun: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        rootless,
        load: load.split(' ').next().unwrap_or_default().to_owned(),
    }
}
