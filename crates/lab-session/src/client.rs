//! One who has come into a session, from their side.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use crate::address;
use crate::protocol::{Answer, Ask, SessionDescription};

/// Why a session does not do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No session was named, and there is none.
    #[error("there is no session")]
    None,
    /// No session was named, and there are several.
    #[error("there are several sessions: {}", .0.join(", "))]
    Several(Vec<String>),
    /// There is no session of that name, but there are these.
    #[error("there is no session `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// It has ended, or it cannot be spoken to.
    #[error("the session `{name}` has ended")]
    Ended {
        /// Its name.
        name: String,
    },
    /// It refuses.
    #[error("{why}")]
    Refused {
        /// Why.
        why: String,
        /// What to do.
        help: Option<String>,
    },
    /// It cannot be reached.
    #[error("cannot speak to the session `{name}`: {source}")]
    Unreachable {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// This process lacks something: a terminal, a thread.
    #[error(transparent)]
    Local(#[from] io::Error),
}

impl SessionError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::None => Some("`labrun up LAB/SCENARIO.yaml` starts one".to_owned()),
            Self::Several(names) => Some(format!(
                "say which: its name comes first, as in `labrun shell {} HOST`",
                names.first()?
            )),
            Self::Unknown { known, .. } if known.is_empty() => {
                Some("there is none; `labrun up LAB/SCENARIO.yaml` starts one".to_owned())
            }
            Self::Unknown { known, .. } => Some(format!("there are {}", known.join(", "))),
            Self::Refused { help, .. } => help.clone(),
            Self::Ended { .. } | Self::Unreachable { .. } | Self::Local(_) => None,
        }
    }
}

/// The session that is meant: the one that was named, or that the shell is in (as
/// `LABRUN_SESSION` says), or the only one.
///
/// # Errors
/// [`SessionError::None`], [`SessionError::Several`].
pub fn choose(named: Option<&str>) -> Result<String, SessionError> {
    if let Some(name) = named {
        return Ok(name.to_owned());
    }
    let mut known = address::sessions().unwrap_or_default();
    if let Ok(own) = std::env::var("LABRUN_SESSION")
        && known.contains(&own)
    {
        return Ok(own);
    }
    match known.len() {
        0 => Err(SessionError::None),
        1 => Ok(known.remove(0)),
        _ => Err(SessionError::Several(known)),
    }
}

/// The side of a connection that asks.
#[derive(Debug)]
pub struct Asker(UnixStream);

/// The side of a connection that hears.
#[derive(Debug)]
pub struct Hearer {
    name: String,
    lines: BufReader<UnixStream>,
}

/// Goes into a session.
///
/// # Errors
/// There is none of that name, or it cannot be spoken to.
pub fn enter(name: &str) -> Result<(Asker, Hearer), SessionError> {
    let unreachable = |source| SessionError::Unreachable { name: name.to_owned(), source };
    let stream = address::connect(name).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => SessionError::Unknown {
            name: name.to_owned(),
            known: address::sessions().unwrap_or_default(),
        },
        _ => unreachable(error),
    })?;
    let other = stream.try_clone().map_err(unreachable)?;
    Ok((Asker(stream), Hearer { name: name.to_owned(), lines: BufReader::new(other) }))
}

/// Asks for one thing and hears the answer.
///
/// # Errors
/// As [`enter`]; the session refuses or has ended.
pub fn ask(name: &str, ask: &Ask) -> Result<Answer, SessionError> {
    let (asker, mut hearer) = enter(name)?;
    asker.ask(ask);
    match hearer.hear()? {
        Answer::Refused { why, help } => Err(SessionError::Refused { why, help }),
        answer => Ok(answer),
    }
}

/// Asks for everything there is to know of a session.
///
/// # Errors
/// As [`ask`].
pub fn describe(name: &str) -> Result<SessionDescription, SessionError> {
    match ask(name, &Ask::Describe)? {
        Answer::Session(description) => Ok(*description),
        _ => Err(SessionError::Ended { name: name.to_owned() }),
    }
}

/// Waits until a session has ended.
///
/// # Errors
/// It cannot be spoken to.
pub fn wait_for_end(name: &str) -> Result<(), SessionError> {
    let (asker, mut hearer) = match enter(name) {
        Err(SessionError::Unknown { .. }) => return Ok(()),
        entered => entered?,
    };
    asker.ask(&Ask::Watch);
    while hearer.hear().is_ok() {}
    Ok(())
}

impl Asker {
    /// Asks for something. Of a session that has ended, in vain: who hears will know.
    pub fn ask(&self, ask: &Ask) {
        if let Ok(mut line) = serde_json::to_vec(ask) {
            line.push(b'\n');
            let _ = (&self.0).write_all(&line);
        }
    }

    /// The same way once more.
    ///
    /// # Errors
    /// Too many open files.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Goes: the other side hears the end.
    pub fn leave(&self) {
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

impl Hearer {
    /// Waits for the next answer.
    ///
    /// # Errors
    /// The session has ended.
    pub fn hear(&mut self) -> Result<Answer, SessionError> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(count) if count > 0 => {}
            Ok(_) | Err(_) => return Err(SessionError::Ended { name: self.name.clone() }),
        }
        serde_json::from_str(&line).map_err(|error| SessionError::Unreachable {
            name: self.name.clone(),
            source: error.into(),
        })
    }
}
