//! What this machine can do: for `labrun doctor`, and for what a scenario
//! `requires`.
//!
//! Nothing is told by versions or configuration: a queueing discipline is put on
//! an interface, a Python is asked to import Mininet. What takes namespaces is
//! tried in a process of its own, because a process with several threads cannot enter
//! one: [`run`] starts this program again with the argument [`ARGUMENT`], and
//! there `main` must call [`in_sandbox`] before it starts any thread.

mod ability;
mod kernel;
mod programs;

pub use ability::Ability;
pub use kernel::in_sandbox;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::mininet;

/// The (hidden) subcommand whose only work is [`in_sandbox`].
pub const ARGUMENT: &str = "stage-probe";

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked for.
    pub ability: Ability,
    /// Whether it is there.
    pub ok: bool,
    /// One line: a version and where it is, or why it is not there.
    pub detail: String,
    /// How to get it.
    pub help: Option<String>,
}

impl Finding {
    fn good(ability: Ability, detail: impl Into<String>) -> Self {
        Self { ability, ok: true, detail: detail.into(), help: None }
    }

    fn bad(ability: Ability, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self { ability, ok: false, detail: detail.into(), help: Some(help.into()) }
    }
}

/// Looks for abilities; the answers come in the same order. `program` is this
/// one (`/proc/self/exe`, or what a test puts in its place).
///
/// Asking for everything takes about as long as it takes Python to import
/// Mininet.
#[must_use]
pub fn run(program: &Path, abilities: &[Ability]) -> Vec<Finding> {
    let in_kernel = |ability: &Ability| ability.is_the_kernels();
    let kernel = if abilities.iter().any(in_kernel) { kernel::ask(program) } else { Vec::new() };
    abilities
        .iter()
        .map(|ability| match ability {
            Ability::Root => root(),
            Ability::Rootless => kernel::rootless(program, &kernel),
            Ability::Mininet => mininet::probe(),
            ability if ability.is_the_kernels() => kernel::pick(&kernel, *ability),
            ability => programs::find(*ability),
        })
        .collect()
}

/// The Python that can import Mininet, if there is one. Stages find it by
/// themselves; told in `LABRUN_PYTHON`, they need not try others each time.
#[must_use]
pub fn mininet_python() -> Option<PathBuf> {
    mininet::python()
}

fn root() -> Finding {
    if rustix::process::geteuid().is_root() {
        Finding::good(Ability::Root, "this is root")
    } else {
        Finding::bad(
            Ability::Root,
            "this is an ordinary user",
            "labrun needs no root where user namespaces are allowed; else use sudo",
        )
    }
}
