//! Finds the program that a command line names, and says in words why one
//! cannot be run.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::player::SpawnFailure;

/// The file to execute for `name`: as the shell would find it, with `folders`
/// for `PATH` and relative paths from `directory`.
pub(super) fn find(
    name: &str,
    folders: &[PathBuf],
    directory: &Path,
) -> Result<PathBuf, SpawnFailure> {
    if name.contains('/') {
        let path = directory.join(name);
        return match path.metadata() {
            Ok(_) => Ok(path),
            Err(error) => Err(SpawnFailure {
                cause: format!("{}: {}", path.display(), reason(&error)),
                help: Some(format!("paths are relative to {}", directory.display())),
            }),
        };
    }
    let candidates = folders.iter().map(|folder| folder.join(name));
    let mut not_executable = None;
    for candidate in candidates {
        if let Ok(metadata) = candidate.metadata()
            && metadata.is_file()
        {
            if metadata.permissions().mode() & 0o111 != 0 {
                return Ok(candidate);
            }
            not_executable.get_or_insert(candidate);
        }
    }
    Err(match not_executable {
        Some(path) => SpawnFailure {
            cause: format!("{} may not be executed", path.display()),
            help: Some(format!("chmod +x {}", path.display())),
        },
        None => SpawnFailure {
            cause: format!("there is no program `{name}` on the lab's path or PATH"),
            help: Some(
                "install it, or build it: `build:` and `path:` in lab.yaml say how and where"
                    .to_owned(),
            ),
        },
    })
}

/// Why the kernel did not execute a file that is there.
pub(super) fn refusal(path: &Path, error: &io::Error) -> SpawnFailure {
    let help = match error.raw_os_error() {
        Some(libc::EACCES) => Some(format!("chmod +x {}", path.display())),
        Some(libc::ENOEXEC) => Some(
            "it is neither a program for this machine nor a script that begins with `#!`"
                .to_owned(),
        ),
        Some(libc::ENOENT) => Some(
            "the file is there, so what is missing is the interpreter that its first line \
             names, or the loader it was linked for"
                .to_owned(),
        ),
        Some(libc::E2BIG) => Some("its arguments and environment are too long".to_owned()),
        _ => None,
    };
    SpawnFailure { cause: format!("{}: {}", path.display(), reason(error)), help }
}

/// The kernel's words, without the number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn finds_as_the_shell_does() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("tool");
        std::fs::write(&program, "").unwrap();
        let folders = [PathBuf::from("/nonexistent"), folder.path().to_owned()];
        let failure = find("tool", &folders, Path::new("/")).unwrap_err();
        assert_eq!(failure.cause, format!("{} may not be executed", program.display()));
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find("tool", &folders, Path::new("/")), Ok(program.clone()));
        assert_eq!(find("./tool", &[], folder.path()).unwrap(), folder.path().join("./tool"));
        let failure = find("no-such", &folders, Path::new("/")).unwrap_err();
        assert_eq!(failure.cause, "there is no program `no-such` on the lab's path or PATH");
        assert!(find("./no-such", &folders, Path::new("/")).is_err());
    }
}
