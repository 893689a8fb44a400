//! Abilities of this machine, as the network crate knows them.

use crate::requirements::Machine;

/// This machine.
pub(crate) struct Host;

impl Machine for Host {
    fn has(&self, ability: &str) -> Option<Result<(), String>> {
        let is_root = rustix::process::geteuid().is_root();
        match ability {
            "root" if is_root => Some(Ok(())),
            "root" => Some(Err("run labrun as root".to_owned())),
            _ => None,
        }
    }
}
