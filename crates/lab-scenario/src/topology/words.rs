//! Topologies as they are named to Mininet: `mn --topo tree,2,3`.

use super::{Network, SwitchKind, TopologyError, linear, single, tree};
use crate::suggest;

/// What can be named, with the names of the arguments and what they are if they
/// are not given (Mininet's `topo.py` and `topolib.py`).
const KNOWN: [(&str, &[(&str, u32)]); 4] = [
    ("linear", &[("k", 2), ("n", 1)]),
    ("minimal", &[]),
    ("single", &[("k", 2)]),
    ("tree", &[("depth", 1), ("fanout", 2)]),
];

/// Hosts of `minimal`.
const MINIMAL: u32 = 2;

/// Why words name no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// The first word.
    #[error("there is no topology `{word}`")]
    Unknown {
        /// As it was written.
        word: String,
        /// What to write.
        help: Option<String>,
    },
    /// Another word.
    #[error("`{word}` is no {expected}")]
    Argument {
        /// As it was written.
        word: String,
        /// What could stand there.
        expected: String,
    },
    /// The words name a network that cannot be.
    #[error(transparent)]
    Network(#[from] TopologyError),
}

/// The network of `NAME,ARGUMENT,…`, where arguments can be named: `linear,k=3,n=2`.
///
/// # Errors
/// A name that is not known, too many arguments, one that is not a number, and
/// networks that cannot be.
pub fn named_in_words(words: &str, switch: SwitchKind) -> Result<Network, WordsError> {
    let (name, values) = read(words)?;
    Ok(match (name, values.as_slice()) {
        ("linear", [switches, hosts]) => linear(*switches, *hosts, switch)?,
        ("single", [hosts]) => single(*hosts, switch)?,
        ("tree", [depth, fanout]) => tree(*depth, *fanout, switch)?,
        _ => single(MINIMAL, switch)?,
    })
}

/// What scenarios write for such words: `{single: 4}` for `single,4`.
///
/// # Errors
/// As [`named_in_words`], but for networks that cannot be.
pub fn words_in_the_language(words: &str) -> Result<String, WordsError> {
    let (name, values) = read(words)?;
    Ok(match (name, values.as_slice()) {
        ("linear", [switches, 1]) => format!("{{linear: {switches}}}"),
        ("linear", [switches, hosts]) => {
            format!("{{linear: {{switches: {switches}, hosts: {hosts}}}}}")
        }
        ("tree", [depth, fanout]) => format!("{{tree: {{depth: {depth}, fanout: {fanout}}}}}"),
        (_, values) => format!("{{single: {}}}", values.first().unwrap_or(&MINIMAL)),
    })
}

/// The name, and all of its arguments.
fn read(words: &str) -> Result<(&'static str, Vec<u32>), WordsError> {
    let mut words = words.split(',').map(str::trim);
    let name = words.next().unwrap_or_default();
    let Some((name, parameters)) = KNOWN.iter().find(|(known, _)| *known == name) else {
        let help = match name {
            "reversed" | "torus" => {
                Some("Mininet alone knows this one: write a file for `--custom`".to_owned())
            }
            _ => suggest::help(name, KNOWN.iter().map(|(known, _)| *known), "topologies"),
        };
        return Err(WordsError::Unknown { word: name.to_owned(), help });
    };
    let mut values: Vec<u32> = parameters.iter().map(|(_, default)| *default).collect();
    for (at, word) in words.enumerate() {
        let wrong = |expected: String| WordsError::Argument { word: word.to_owned(), expected };
        let (at, value) = match word.split_once('=') {
            None => (at, word),
            Some((key, value)) => {
                let at = parameters.iter().position(|(known, _)| *known == key);
                (at.unwrap_or(usize::MAX), value)
            }
        };
        let Some(slot) = values.get_mut(at) else {
            let all: Vec<&str> = parameters.iter().map(|(known, _)| *known).collect();
            return Err(wrong(match all.as_slice() {
                [] => format!("argument of `{name}`: it has none"),
                _ => format!("argument of `{name}`: it has {}", suggest::list(&all)),
            }));
        };
        *slot = value.parse().ok().filter(|n| *n > 0).ok_or_else(|| wrong("number".to_owned()))?;
    }
    Ok((*name, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(words: &str) -> Result<usize, String> {
        named_in_words(words, SwitchKind::Bridge)
            .map(|network| network.hosts().count())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn words_are_mininets() {
        let table = [
            ("single,4", 4),
            ("single", 2),
            ("single,k=3", 3),
            ("minimal", 2),
            ("linear,3", 3),
            ("linear,3,2", 6),
            ("linear,n=2", 4),
            ("tree,2,3", 9),
            ("tree,depth=2", 4),
        ];
        for (words, expected) in table {
            assert_eq!(hosts(words), Ok(expected), "{words}");
        }
    }

    #[test]
    fn words_are_said_in_the_language() {
        let table = [
            ("single,k=3", "{single: 3}"),
            ("minimal", "{single: 2}"),
            ("linear,3", "{linear: 3}"),
            ("linear,3,2", "{linear: {switches: 3, hosts: 2}}"),
            ("tree,2", "{tree: {depth: 2, fanout: 2}}"),
        ];
        for (words, said) in table {
            assert_eq!(words_in_the_language(words).as_deref(), Ok(said), "{words}");
        }
    }

    #[test]
    fn other_words_are_refused() {
        let table = [
            ("singel,4", "there is no topology `singel`"),
            ("single,many", "`many` is no number"),
            ("single,0", "`0` is no number"),
            ("single,1,2", "`2` is no argument of `single`: it has `k`"),
            ("tree,height=2", "`height=2` is no argument of `tree`: it has `depth` and `fanout`"),
            ("minimal,2", "`2` is no argument of `minimal`: it has none"),
            ("", "there is no topology ``"),
            ("tree,64,64", "more than 4096 hosts"),
        ];
        for (words, expected) in table {
            let error = hosts(words).unwrap_err();
            assert!(error.starts_with(expected), "{words}: {error}");
        }
    }
}
