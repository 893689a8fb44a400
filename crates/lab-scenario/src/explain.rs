//! Examples of what can be wrong, for whoever wants to see what a code is about.

use std::io;
use std::path::Path;

use crate::codes::Code;
use crate::diagnostic::Diagnostics;
use crate::lab::{Lab, parse_lab};
use crate::load::MAX_FILE_SIZE;
use crate::options::PlanOptions;
use crate::scenario::parse_scenario;
use crate::source::Source;

/// A scenario that is wrong, and the same without that mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The whole file.
    pub wrong: &'static str,
    /// The whole file.
    pub mended: &'static str,
}

impl Code {
    /// A scenario that gets this code and no other; a test file of those that are
    /// imported if [`Code::is_of_imports`].
    #[must_use]
    pub fn example(self) -> Example {
        let file = self.example_file();
        let file = file.strip_prefix("# wrong\n").unwrap_or(file);
        let (wrong, mended) = file.split_once("# mended\n").unwrap_or((file, ""));
        Example { wrong, mended }
    }
}

impl Example {
    /// What is said of the one that is wrong, if it is a scenario.
    #[must_use]
    pub fn diagnostics(&self) -> Diagnostics {
        diagnostics(self.wrong)
    }
}

/// All that is said of a scenario beside the files of the examples, warnings
/// included.
fn diagnostics(text: &str) -> Diagnostics {
    let source = Source { path: "scenario.yaml".into(), text: text.to_owned() };
    let scenario = match parse_scenario(source, &lab(), &files) {
        Ok(scenario) => scenario,
        Err(errors) => return errors,
    };
    match scenario.plans(&PlanOptions::default()) {
        Ok(_) => scenario.warnings().clone(),
        Err(errors) => errors,
    }
}

/// The lab that the examples belong to.
fn lab() -> Lab {
    let text = "programs: {server: my-server}\n".to_owned();
    let source = Source { path: "lab.yaml".into(), text };
    parse_lab(source, "/lab").unwrap_or_default()
}

/// The files beside them.
fn files(path: &Path) -> io::Result<Vec<u8>> {
    const STAR: &[u8] = b"hosts: [h1, h2]\nswitches: [s1]\nlinks:\n  \
        - {between: [h1, s1]}\n  - {between: [h2, s1]}\n";
    let name = path.strip_prefix("/lab").unwrap_or(path);
    match name.strip_prefix(".").unwrap_or(name).to_str() {
        Some("net.yaml" | "networks/star.yaml") => Ok(STAR.to_vec()),
        Some("networks") => Err(io::ErrorKind::IsADirectory.into()),
        Some("latin1.yaml") => Ok(b"description: caf\xe9\n".to_vec()),
        Some("recording.yaml") => Ok(vec![b'#'; MAX_FILE_SIZE + 1]),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_wrong_in_its_way_and_can_be_mended() {
        for code in Code::ALL.iter().copied().filter(|code| !code.is_of_imports()) {
            let example = code.example();
            let told = example.diagnostics();
            let codes: Vec<Code> = told.iter().map(|diagnostic| diagnostic.code).collect();
            assert!(!codes.is_empty(), "nothing is said of the example of {code}");
            assert!(codes.iter().all(|other| *other == code), "{code}:\n{told}");
            assert!(!example.mended.is_empty(), "{code}");
            let told = diagnostics(example.mended);
            assert!(told.is_empty(), "{code} mended:\n{told}");
        }
    }
}
