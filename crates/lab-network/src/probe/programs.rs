//! Programs that labs and Mininet use.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Ability, Finding};

/// A program that an ability is.
struct Program {
    /// What all of them must be there.
    commands: &'static [&'static str],
    /// How it tells its version; nothing if it cannot.
    version: &'static [&'static str],
    /// Who has it, on Debian and Ubuntu.
    package: &'static str,
}

fn program(ability: Ability) -> Program {
    let (commands, version, package): (&[_], &[_], _) = match ability {
        Ability::Brctl => (&["brctl"], &["--version"], "bridge-utils"),
        Ability::Ovs => (
            &["ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl"],
            &["--version"],
            "openvswitch-switch",
        ),
        Ability::Tmux => (&["tmux"], &["-V"], "tmux"),
        Ability::Xterm => (&["xterm"], &["-version"], "xterm"),
        // Its version is the third line of a page.
        Ability::Socat => (&["socat"], &[], "socat"),
        Ability::Ping => (&["ping"], &["-V"], "iputils-ping"),
        _ => (&["python3"], &["--version"], "python3"),
    };
    Program { commands, version, package }
}

/// Looks for an ability that is a program.
pub(super) fn find(ability: Ability) -> Finding {
    let program = program(ability);
    let mut first = None;
    for command in program.commands {
        let Some(path) = which(command) else {
            return Finding::bad(
                ability,
                format!("there is no {command}"),
                format!("sudo apt-get install {}", program.package),
            );
        };
        first = first.or(Some(path));
    }
    let path = first.unwrap_or_default();
    let shown = path.display();
    match version(&path, program.version) {
        Some(version) => Finding::good(ability, format!("{version} ({shown})")),
        None => Finding::good(ability, shown.to_string()),
    }
}

/// Where a program is. Also where only root's `PATH` would find it: Mininet
/// looks there as well.
fn which(command: &str) -> Option<PathBuf> {
    let path = crate::mininet::search_path();
    std::env::split_paths(&path).map(|folder| folder.join(command)).find(|file| {
        rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
    })
}

/// The first line that it says of itself.
fn version(path: &std::path::Path, arguments: &[&str]) -> Option<String> {
    if arguments.is_empty() {
        return None;
    }
    let output =
        Command::new(path).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_with_their_path() {
        assert!(which("sh").is_some());
        assert_eq!(which("no-such-program-anywhere"), None);
    }
}
