//! Texts with `${…}` in them.
//!
//! Variables, matrix values, the seed and the addresses of described networks
//! are filled in when a plan is made. What only a running stage knows stays as
//! a [`Reference`]. A dollar sign that no `{` follows is itself; `$${` is a
//! literal `${`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text, part of which may have to be filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// As it is in the scenario.
    Text(String),
    /// A value that was filled in (a regular expression takes it literally).
    Value(String),
    /// Known only to the running stage.
    Late(Reference),
}

/// What only a running stage knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// `${run.dir}`: the folder of this run's results.
    RunDir,
    /// `${run.repetition}`: which repetition this run is, from 1.
    Repetition,
    /// `${HOST.ip}`: the host's first address.
    HostIp(String),
    /// `${HOST.broadcast}`: the broadcast address of that interface.
    HostBroadcast(String),
    /// `${HOST.mac}`: the hardware address of that interface.
    HostMac(String),
    /// `${HOST.interface}`: the name of that interface.
    HostInterface(String),
    /// `${NAME}`: what a step before has saved under that name.
    Saved(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunDir => f.write_str("run.dir"),
            Self::Repetition => f.write_str("run.repetition"),
            Self::HostIp(host) => write!(f, "{host}.ip"),
            Self::HostBroadcast(host) => write!(f, "{host}.broadcast"),
            Self::HostMac(host) => write!(f, "{host}.mac"),
            Self::HostInterface(host) => write!(f, "{host}.interface"),
            Self::Saved(name) => f.write_str(name),
        }
    }
}

impl Template {
    /// A text without anything to fill in.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// From pieces.
    #[must_use]
    pub fn from_parts(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    /// Its pieces.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The whole text, if nothing is left to fill in.
    #[must_use]
    pub fn known(&self) -> Option<String> {
        self.render(|_| None).ok()
    }

    /// The same text with all filled in that `lookup` knows.
    #[must_use]
    pub fn resolve(&self, lookup: impl Fn(&Reference) -> Option<String>) -> Self {
        let resolve = |part: &Part| match part {
            Part::Late(reference) => lookup(reference).map_or_else(|| part.clone(), Part::Value),
            Part::Text(_) | Part::Value(_) => part.clone(),
        };
        Self { parts: self.parts.iter().map(resolve).collect() }
    }

    /// Whether part of it is what some step saves.
    #[must_use]
    pub fn needs_saved(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Late(Reference::Saved(_))))
    }

    /// Fills in what was left, with `lookup`; each value passes through
    /// `quote` (the identity but in regular expressions).
    ///
    /// # Errors
    /// The first reference that `lookup` does not know.
    pub fn render_with(
        &self,
        lookup: impl Fn(&Reference) -> Option<String>,
        quote: impl Fn(&str) -> String,
    ) -> Result<String, Reference> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Value(value) => text.push_str(&quote(value)),
                Part::Late(reference) => match lookup(reference) {
                    Some(value) => text.push_str(&quote(&value)),
                    None => return Err(reference.clone()),
                },
            }
        }
        Ok(text)
    }

    /// [`Template::render_with`], values as they are.
    ///
    /// # Errors
    /// The first reference that `lookup` does not know.
    pub fn render(
        &self,
        lookup: impl Fn(&Reference) -> Option<String>,
    ) -> Result<String, Reference> {
        self.render_with(lookup, str::to_owned)
    }
}

/// What is left to fill in is shown as it is written.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) | Part::Value(text) => f.write_str(text)?,
                Part::Late(reference) => write!(f, "${{{reference}}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        Template::from_parts(vec![
            Part::Text("from ".into()),
            Part::Late(Reference::HostIp("h1".into())),
            Part::Text(".*".into()),
            Part::Value("1.5".into()),
        ])
    }

    #[test]
    fn renders_what_it_is_told() {
        let ip = |reference: &Reference| {
            matches!(reference, Reference::HostIp(_)).then(|| "10.0.0.1".to_owned())
        };
        assert_eq!(template().render(ip).unwrap(), "from 10.0.0.1.*1.5");
        let quoted = template().render_with(ip, |value| value.replace('.', "\\."));
        assert_eq!(quoted.unwrap(), "from 10\\.0\\.0\\.1.*1\\.5");
    }

    #[test]
    fn says_what_it_lacks() {
        assert_eq!(template().known(), None);
        assert_eq!(template().render(|_| None), Err(Reference::HostIp("h1".into())));
        assert_eq!(template().to_string(), "from ${h1.ip}.*1.5");
        assert_eq!(Template::literal("x").known().as_deref(), Some("x"));
    }
}
