//! Test files of others as scenarios of labrun.
//!
//! ```text
//! foreign file ── parse, check ──▶ Draft ── write ──▶ scenario in YAML
//! ```
//! Each format has a module of its own, which reads a file with all its mistakes
//! and makes a [`Draft`]: a network, programs on its hosts, what is typed and
//! what must be answered, in terms that belong to no format. [`Draft::to_yaml`]
//! writes any of them as a person would. So another importer is a module that
//! makes drafts, and a subcommand that names it. The crate is pure: it reads no
//! files and starts nothing.
//!
//! * [`crc`]: the test files of a course on Clemson Relay Chat.

#![forbid(unsafe_code)]

pub mod crc;
mod draft;
mod json;
mod yaml;

use lab_scenario::Diagnostics;
use lab_scenario::source::Source;

pub use draft::{Answer, Draft, Expected, Line, Link, Process, Ready, Scalar, Step};

/// A file that could be imported.
#[derive(Debug)]
pub struct Imported {
    /// What it says.
    pub draft: Draft,
    /// What is worth knowing about it: warnings only.
    pub warnings: Diagnostics,
}

/// All that is said of a test file, warnings included: for the examples of codes.
#[must_use]
pub fn told_of(text: &str) -> Diagnostics {
    let source = Source { path: "test.cfg".into(), text: text.to_owned() };
    match crc::import(source, crc::Options::default()) {
        Ok(imported) => imported.warnings,
        Err(errors) => errors,
    }
}

#[cfg(test)]
mod tests {
    use lab_scenario::Code;

    use super::*;

    #[test]
    fn every_example_is_wrong_in_its_way_and_can_be_mended() {
        for code in Code::ALL.iter().copied().filter(|code| code.is_of_imports()) {
            let example = code.example();
            let told = told_of(example.wrong);
            let codes: Vec<Code> = told.iter().map(|diagnostic| diagnostic.code).collect();
            assert_eq!(codes, [code], "{told}");
            assert!(told_of(example.mended).is_empty(), "{code} mended");
        }
    }
}
