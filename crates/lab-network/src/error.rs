//! Why a network is not up, or did not change.

use std::io;
use std::time::Duration;

/// Why a network is not up, or did not change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The scenario asks this backend for what it never does.
    #[error("the {backend} backend {cannot}")]
    Unsupported {
        /// The backend's name on the command line.
        backend: &'static str,
        /// What it cannot do.
        cannot: &'static str,
        /// What to do about it.
        help: &'static str,
    },
    /// This machine lacks what the scenario asks for.
    #[error("this machine lacks {what}")]
    Lacks {
        /// What is missing.
        what: String,
        /// How to get it.
        help: String,
    },
    /// The kernel refused a request.
    #[error("{doing}: {}", refusal(source, detail.as_deref()))]
    Refused {
        /// What was being done, such as `creating the link between h1 and s1`.
        doing: String,
        /// The kernel's own words, where it had any.
        detail: Option<String>,
        /// Its error number.
        source: io::Error,
    },
    /// Interfaces that did not come up, or did not go down.
    #[error("after {waited:?} still not {state}: {}", .interfaces.join(", "))]
    NotSeen {
        /// `up` or `down`.
        state: &'static str,
        /// Their names.
        interfaces: Vec<String>,
        /// How long it was waited.
        waited: Duration,
    },
    /// There is no such link to change.
    #[error("there is no link between {a} and {b}")]
    NoSuchLink {
        /// One end.
        a: String,
        /// The other end.
        b: String,
    },
    /// There is no such host.
    #[error("there is no host {host}")]
    NoSuchHost {
        /// Its name.
        host: String,
    },
    /// A network that was used is not as it was before.
    #[error("{what}")]
    NotAsNew {
        /// What is different: `h1's routes changed`.
        what: String,
    },
    /// The program that drives Mininet failed.
    #[error("Mininet, {doing}: {message}{}", last_lines(log))]
    Mininet {
        /// What it had been asked.
        doing: String,
        /// What went wrong.
        message: String,
        /// The last lines that it wrote on its standard error.
        log: String,
    },
}

impl NetworkError {
    /// Something of this machine is missing, and nothing is wrong with the
    /// scenario or the network.
    #[must_use]
    pub fn is_lack(&self) -> bool {
        matches!(self, Self::Lacks { .. })
    }

    /// What a person can do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Unsupported { help, .. } => Some(help),
            Self::Lacks { help, .. } => Some(help),
            _ => None,
        }
    }

    /// Gives an error of the system the name of what was being done.
    pub(crate) fn doing(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Refused { doing: doing.into(), detail: None, source }
    }
}

/// The kernel's sentence says more than its number; both where it has both.
fn refusal(source: &io::Error, detail: Option<&str>) -> String {
    match detail {
        Some(detail) => format!("{source}: {detail}"),
        None => source.to_string(),
    }
}

fn last_lines(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("; its last lines were:\n{log}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_was_being_done() {
        let error = NetworkError::doing("creating the link between h1 and s1")(
            io::Error::from_raw_os_error(libc::EEXIST),
        );
        assert_eq!(
            error.to_string(),
            "creating the link between h1 and s1: File exists (os error 17)"
        );
        let error = NetworkError::Mininet {
            doing: "starting".into(),
            message: "it ended with code 1".into(),
            log: "Traceback".into(),
        };
        assert_eq!(
            error.to_string(),
            "Mininet, starting: it ended with code 1; its last lines were:\nTraceback"
        );
    }
}
