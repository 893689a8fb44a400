//! What the kernel can do, tried out in a sandbox.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::isolation::{self, IsolationError};
use crate::netlink::qdisc::{Netem, Qdisc};
use crate::netlink::request::module_help;
use crate::scratch;

use super::{ARGUMENT, Ability, Finding};

/// The ordinary user that root tries as: `nobody`, on every Linux.
const NOBODY: u32 = 65534;

/// The child's side: tries, and writes what it found to standard output. Must be
/// called while the process has one thread.
#[must_use]
pub fn in_sandbox() -> ExitCode {
    let findings = match isolation::isolate(None) {
        Ok(sandbox) => try_all(sandbox.is_rootless()),
        Err(error) => vec![refused(&error)],
    };
    let written = serde_json::to_vec(&findings)
        .map_err(io::Error::from)
        .and_then(|json| io::stdout().write_all(&json));
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn try_all(rootless: bool) -> Vec<Finding> {
    let by = if rootless { "as an ordinary user" } else { "as root" };
    let netem = Qdisc::Netem(Netem { limit: 1000, ..Netem::default() });
    let tbf = Qdisc::Tbf { rate: 1_250_000, burst: 15_000 };
    vec![
        Finding::good(Ability::Sandbox, format!("namespaces can be made, {by}")),
        tried(Ability::Veth, "veth", scratch::has_veth()),
        tried(Ability::Bridge, "bridge", scratch::has_bridge()),
        tried(Ability::Tbf, tbf.module(), scratch::has_qdisc(&tbf)),
        tried(Ability::Htb, Qdisc::Htb.module(), scratch::has_qdisc(&Qdisc::Htb)),
        tried(Ability::Netem, netem.module(), scratch::has_qdisc(&netem)),
    ]
}

fn tried(ability: Ability, module: &str, answer: io::Result<bool>) -> Finding {
    match answer {
        Ok(true) => Finding::good(ability, "the kernel has it"),
        Ok(false) => {
            Finding::bad(ability, format!("the kernel has no {module}"), module_help(module))
        }
        Err(error) => Finding::bad(ability, format!("trying it: {error}"), module_help(module)),
    }
}

fn refused(error: &IsolationError) -> Finding {
    let help = error.help().unwrap_or("run labrun as root");
    Finding::bad(Ability::Sandbox, error.to_string(), help)
}

/// The parent's side.
pub(super) fn ask(program: &Path) -> Vec<Finding> {
    start(Command::new(program).arg(ARGUMENT)).unwrap_or_else(|error| {
        let why = format!("starting {} {ARGUMENT}: {error}", program.display());
        vec![Finding::bad(Ability::Sandbox, why, "run labrun as root")]
    })
}

fn start(command: &mut Command) -> io::Result<Vec<Finding>> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, format!("no answer ({})", output.status))
    })
}

/// The answer to one question. Without a sandbox nothing could be tried.
pub(super) fn pick(findings: &[Finding], ability: Ability) -> Finding {
    let find = |ability| findings.iter().find(|finding| finding.ability == ability);
    if let Some(finding) = find(ability) {
        return finding.clone();
    }
    let help = find(Ability::Sandbox).and_then(|finding| finding.help.clone());
    Finding {
        ability,
        ok: false,
        detail: "cannot be tried: there is no sandbox".to_owned(),
        help: Some(help.unwrap_or_else(|| "run labrun as root".to_owned())),
    }
}

/// Whether ordinary users can do it. Root tries as one.
pub(super) fn rootless(program: &Path, own: &[Finding]) -> Finding {
    let found = if rustix::process::geteuid().is_root() {
        start(Command::new(program).arg(ARGUMENT).uid(NOBODY).gid(NOBODY))
    } else {
        Ok(own.to_vec())
    };
    match found {
        Ok(found) => Finding { ability: Ability::Rootless, ..pick(&found, Ability::Sandbox) },
        Err(error) => Finding::bad(
            Ability::Rootless,
            format!("trying it as user {NOBODY}: {error}"),
            "put labrun where every user can run it",
        ),
    }
}
