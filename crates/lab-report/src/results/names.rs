//! Names of files, from names that people chose.

use std::collections::HashSet;

/// Longest name, in bytes, with room for a suffix.
const MAX_NAME: usize = 80;

/// A name that is one, ordinary, visible file name: letters, digits, `-`, `_`
/// and dots that do not lead. Different names may become the same.
pub(super) fn safe(name: &str) -> String {
    let mut safe: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    while safe.len() > MAX_NAME {
        safe.pop();
    }
    if safe.is_empty() || safe.starts_with('.') || safe.starts_with('-') {
        safe.insert(0, '_');
    }
    safe
}

/// [`safe`] names for all, each different.
pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .map(|name| {
            let safe = safe(name);
            let mut candidate = safe.clone();
            let mut number = 2;
            // Case-blind, for results that are copied to such a file system.
            while !taken.insert(candidate.to_lowercase()) {
                candidate = format!("{safe}-{number}");
                number += 1;
            }
            candidate
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless() {
        let table = [
            ("alice", "alice"),
            ("../../etc/passwd", "_.._.._etc_passwd"),
            ("..", "_.."),
            ("", "_"),
            ("-rf", "_-rf"),
            ("a b\n/c\0", "a_b__c_"),
            ("größe", "größe"),
        ];
        for (name, expected) in table {
            assert_eq!(safe(name), expected);
        }
        assert!(safe(&"ü".repeat(1000)).len() <= MAX_NAME);
    }

    #[test]
    fn names_stay_apart() {
        let names = ["a/b", "a b", "A_B", "a_b-2"];
        assert_eq!(distinct(names.into_iter()), ["a_b", "a_b-2", "A_B-3", "a_b-2-2"]);
    }
}
