//! Names of signals, and words for how a process ended (signal(7), Linux on
//! x86-64 and arm64).

use std::fmt;
use std::str::FromStr;

use crate::plan::{ExitStatus, Signal};

const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

impl ExitStatus {
    /// The code as shells say it: 128 and more is a signal.
    #[must_use]
    pub fn shell_code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal.0,
        }
    }
}

impl Signal {
    /// Tells a program that its terminal is gone.
    pub const HUP: Self = Self(1);
    /// Asks a program to end.
    pub const TERM: Self = Self(15);
    /// Lets a program go on that was stopped where it is.
    pub const CONT: Self = Self(18);
    /// Stops a program where it is.
    pub const STOP: Self = Self(19);
    /// Ends a program.
    pub const KILL: Self = Self(9);

    /// All names, without `SIG`.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }
}

/// `SIGTERM`, `TERM`, `term` or `15`.
impl FromStr for Signal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(number) = text.parse::<i32>() {
            return if (1..=64).contains(&number) { Ok(Self(number)) } else { Err(()) };
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let index = NAMES.iter().position(|known| *known == name).ok_or(())?;
        i32::try_from(index + 1).map(Self).map_err(|_| ())
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = usize::try_from(self.0).ok().and_then(|number| number.checked_sub(1));
        match index.and_then(|index| NAMES.get(index)) {
            Some(name) => write!(f, "SIG{name}"),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// `ended with code 1`, `was killed by SIGKILL`.
impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with code {code}"),
            Self::Signal(signal) => write!(f, "was killed by {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for text in ["SIGTERM", "TERM", "sigterm", "15"] {
            assert_eq!(text.parse(), Ok(Signal::TERM), "{text}");
        }
        assert_eq!("SYS".parse(), Ok(Signal(31)));
        assert_eq!(Signal(9).to_string(), "SIGKILL");
        assert_eq!(Signal(34).to_string(), "signal 34");
        for text in ["", "0", "65", "-1", "SIGTERMS", "SIGSIG"] {
            assert_eq!(text.parse::<Signal>(), Err(()), "{text}");
        }
    }
}
