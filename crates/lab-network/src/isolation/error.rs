//! Why there is no sandbox, and what a person can do about it.

use std::io;
use std::path::Path;

/// Why this process is not in a sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// Namespaces are entered by a process, not by one of several threads.
    #[error("{0} threads are running; a process can only isolate itself while it has one")]
    Threads(usize),
    /// The process that started this one has ended.
    #[error("the process that started this stage has ended")]
    Orphaned,
    /// The kernel refused.
    #[error("{doing}: {source}")]
    Refused {
        /// What was being done.
        doing: String,
        /// Why not.
        source: io::Error,
        /// What a person can do about it, where that is known.
        help: Option<String>,
    },
}

impl IsolationError {
    /// What a person can do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Refused { help, .. } => help.as_deref(),
            Self::Threads(_) | Self::Orphaned => None,
        }
    }

    /// Gives an error of the system the name of what was being done, and looks
    /// at the machine for the reason.
    pub(super) fn doing<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| {
            let source = source.into();
            let help = Facts::gather().explain(&source).map(str::to_owned);
            Self::Refused { doing: doing.into(), source, help }
        }
    }
}

/// What is known of this machine that can forbid namespaces.
#[derive(Debug, Default, Clone, Copy)]
struct Facts {
    /// Debian's switch; other kernels have no such file.
    unprivileged_userns_clone: Option<u64>,
    /// Ubuntu's switch, since 23.10.
    apparmor_restrict: Option<u64>,
    max_user_namespaces: Option<u64>,
    in_container: bool,
}

impl Facts {
    fn gather() -> Self {
        let number = |path: &str| {
            std::fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?.trim().parse().ok()
        };
        Self {
            unprivileged_userns_clone: number("kernel/unprivileged_userns_clone"),
            apparmor_restrict: number("kernel/apparmor_restrict_unprivileged_userns"),
            max_user_namespaces: number("user/max_user_namespaces"),
            in_container: Path::new("/.dockerenv").exists()
                || Path::new("/run/.containerenv").exists()
                || std::env::var_os("container").is_some(),
        }
    }

    fn explain(self, error: &io::Error) -> Option<&'static str> {
        if !matches!(
            error.raw_os_error(),
            Some(libc::EPERM | libc::EACCES | libc::ENOSPC | libc::EUSERS | libc::EINVAL)
        ) {
            return None;
        }
        if self.unprivileged_userns_clone == Some(0) {
            return Some(
                "user namespaces are off: sudo sysctl kernel.unprivileged_userns_clone=1, or run as root",
            );
        }
        if self.max_user_namespaces == Some(0) {
            return Some(
                "user namespaces are off: sudo sysctl user.max_user_namespaces=15000, or run as root",
            );
        }
        if self.in_container {
            return Some(
                "this is a container without the right to make namespaces: start it with `--privileged`, \
                 or with `--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined \
                 --security-opt apparmor=unconfined --security-opt systempaths=unconfined`",
            );
        }
        if self.apparmor_restrict.is_some_and(|value| value != 0) {
            return Some(
                "AppArmor takes the rights out of user namespaces (Ubuntu does so since 23.10): \
                 sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run as root",
            );
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_reason_has_its_remedy() {
        let table = [
            (
                Facts { unprivileged_userns_clone: Some(0), ..Facts::default() },
                "unprivileged_userns_clone=1",
            ),
            (Facts { max_user_namespaces: Some(0), ..Facts::default() }, "max_user_namespaces="),
            (
                Facts { apparmor_restrict: Some(1), ..Facts::default() },
                "apparmor_restrict_unprivileged_userns=0",
            ),
            (Facts { in_container: true, ..Facts::default() }, "--privileged"),
        ];
        for (facts, remedy) in table {
            let help = facts.explain(&io::Error::from_raw_os_error(libc::EPERM)).unwrap();
            assert!(help.contains(remedy), "{help}");
        }
    }

    #[test]
    fn other_errors_are_not_explained_away() {
        let facts = Facts { in_container: true, ..Facts::default() };
        assert_eq!(facts.explain(&io::Error::from_raw_os_error(libc::ENOENT)), None);
        assert_eq!(Facts::default().explain(&io::Error::from_raw_os_error(libc::EPERM)), None);
    }
}
