//! Abilities of this machine, as the network crate finds them.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lab_network::probe::{self, Ability, Finding};
use lab_runner::dispatcher::StageCommand;

use crate::requirements::Machine;

/// This very program, even if its file has been replaced since it was started.
pub(crate) const THIS_PROGRAM: &str = "/proc/self/exe";

/// How this program starts stages, with variables beside its own.
pub(crate) fn stage(environment: Vec<(OsString, OsString)>) -> StageCommand {
    let arguments = vec!["stage".into()];
    StageCommand { program: THIS_PROGRAM.into(), arguments, environment }
}

/// This machine.
#[derive(Debug, Default)]
pub(crate) struct Host {
    /// The Python that can import Mininet, once it was looked for and found.
    python: OnceCell<PathBuf>,
}

impl Host {
    /// Tries abilities; findings come in the same order.
    pub(crate) fn find(&self, abilities: &[Ability]) -> Vec<Finding> {
        probe::run(Path::new(THIS_PROGRAM), abilities)
    }

    /// What stages need not find out again.
    pub(crate) fn known(&self) -> Vec<(OsString, OsString)> {
        let python = self.python.get().map(|python| ("LABRUN_PYTHON".into(), python.into()));
        python.into_iter().collect()
    }
}

impl Machine for Host {
    fn has(&self, ability: &str) -> Option<Result<(), String>> {
        let ability = Ability::named(ability)?;
        if ability == Ability::Mininet
            && let Some(python) = probe::mininet_python()
        {
            let _ = self.python.set(python);
            return Some(Ok(()));
        }
        let finding = self.find(&[ability]).into_iter().next()?;
        Some(if finding.ok { Ok(()) } else { Err(finding.help.unwrap_or(finding.detail)) })
    }
}
