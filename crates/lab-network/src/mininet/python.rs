//! Which Python can import Mininet.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::probe::{Ability, Finding};

/// What to do where none can.
pub(super) const HELP: &str = "run scripts/install-mininet.sh, or sudo apt-get install mininet \
                               bridge-utils; LABRUN_PYTHON names the Python that can `import mininet`";

/// Pythons to try, in order. `python3` on `PATH` may be a version manager's,
/// which has no Mininet, while the distribution's has.
pub(super) fn candidates() -> Vec<PathBuf> {
    match std::env::var_os("LABRUN_PYTHON") {
        Some(python) => vec![python.into()],
        None => ["python3", "/usr/bin/python3", "/usr/local/bin/python3"].map(PathBuf::from).into(),
    }
}

/// `PATH`, and the folders of `brctl` and `ifconfig`, which an ordinary user's
/// often lacks.
pub(crate) fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    if !path.is_empty() {
        path.push(":");
    }
    path.push("/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
    path
}

/// Asks each for the versions of Mininet and of itself.
fn find() -> Result<(PathBuf, String), String> {
    const QUESTION: &str = "import platform; from mininet.net import VERSION; \
                            print(VERSION, platform.python_version())";
    let mut reasons = Vec::new();
    for python in candidates() {
        let answer = Command::new(&python)
            .args(["-c", QUESTION])
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .output();
        let reason = match answer {
            Ok(answer) if answer.status.success() => {
                let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
                return Ok((python, text));
            }
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.stderr);
                text.lines().last().unwrap_or("it failed").to_owned()
            }
            Err(error) => error.to_string(),
        };
        reasons.push(format!("{}: {reason}", python.display()));
    }
    Err(reasons.join("; "))
}

/// The Python that can, if there is one.
pub(crate) fn python() -> Option<PathBuf> {
    find().ok().map(|(python, _)| python)
}

/// Whether Mininet is there.
pub(crate) fn probe() -> Finding {
    match find() {
        Ok((python, versions)) => {
            let (mininet, version) = versions.split_once(' ').unwrap_or((&versions, "?"));
            let detail = format!("Mininet {mininet} ({}, Python {version})", python.display());
            Finding { ability: Ability::Mininet, ok: true, detail, help: None }
        }
        Err(reasons) => Finding {
            ability: Ability::Mininet,
            ok: false,
            detail: reasons,
            help: Some(HELP.to_owned()),
        },
    }
}
