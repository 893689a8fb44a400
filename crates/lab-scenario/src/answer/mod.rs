//! What a line of JSON must say: claims about parts of it.
//!
//! ```yaml
//! hosts.*.id: [2, 3, 101]                 # these, in any order
//! status_log: []
//! hosts: {contains: [{id: 2, kind: server}]}
//! ```
//! A claim has a path (keys joined by dots; `*` stands for each item of a list,
//! and makes one list of what follows it) and says what must stand there. Of a
//! list: these items, as often as here, in any order; with `contains`, at least
//! these. Of an object: these keys with these values, whatever others there are.
//! Of everything else: the same. A text without quotes that is a number, `true`
//! or `false` is that, as everywhere in YAML.

mod compare;

use serde::{Deserialize, Serialize};

pub use compare::differences;

/// What must stand at some place of an answer. Texts are of type `T`: templates
/// in a plan, plain texts when it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim<T> {
    /// The keys that lead there; `*` for each item of a list.
    pub path: Vec<String>,
    /// What must stand there.
    pub wanted: Wanted<T>,
}

/// A value that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted<T> {
    /// `null`.
    Null,
    /// This text, written with quotes.
    Text(T),
    /// A number, `true` or `false`, or else this text: written without quotes.
    Plain(T),
    /// These items and no others, in any order.
    List(Vec<Self>),
    /// At least these items, in any order.
    Contains(Vec<Self>),
    /// These keys with these values, at least.
    Map(Vec<(String, Self)>),
}

impl<T> Claim<T> {
    /// The same with other texts.
    ///
    /// # Errors
    /// The first of `text`.
    pub fn map<U, E>(&self, text: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Claim<U>, E> {
        Ok(Claim { path: self.path.clone(), wanted: self.wanted.map(text)? })
    }
}

impl<T> Wanted<T> {
    /// The same with other texts. Recurses as deep as the file it comes from is
    /// nested, which is bounded.
    ///
    /// # Errors
    /// The first of `text`.
    pub fn map<U, E>(&self, text: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Wanted<U>, E> {
        let all = |items: &Vec<Self>, text: &mut _| {
            items.iter().map(|item| item.map(text)).collect::<Result<Vec<_>, E>>()
        };
        Ok(match self {
            Self::Null => Wanted::Null,
            Self::Text(value) => Wanted::Text(text(value)?),
            Self::Plain(value) => Wanted::Plain(text(value)?),
            Self::List(items) => Wanted::List(all(items, text)?),
            Self::Contains(items) => Wanted::Contains(all(items, text)?),
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| Ok((key.clone(), value.map(text)?));
                Wanted::Map(entries.iter().map(entry).collect::<Result<Vec<_>, E>>()?)
            }
        })
    }
}
