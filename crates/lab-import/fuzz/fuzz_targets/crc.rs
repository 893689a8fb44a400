//! Any bytes as a test file of Clemson Relay Chat: an answer, every place inside
//! its file, and what is written is a scenario.
#![no_main]

use std::io;
use std::path::Path;

use lab_import::crc::{self, Options};
use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, PlanOptions, parse_scenario};
use libfuzzer_sys::fuzz_target;

fn import(data: &[u8]) -> Result<String, Diagnostics> {
    let source = Source::from_bytes("test.cfg", data.to_vec())?;
    let imported = crc::import(source, Options { strict_adjacency: data.len() % 2 == 0 })?;
    let _ = imported.warnings.render(false);
    Ok(imported.draft.to_yaml())
}

fuzz_target!(|data: &[u8]| match import(data) {
    Ok(text) => {
        let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let mut lab = Lab::bare("/lab");
        for role in ["server", "client"] {
            lab.programs.insert(role.into(), role.into());
        }
        let source = Source { path: "test.yaml".into(), text };
        let scenario = parse_scenario(source, &lab, &nothing).unwrap();
        scenario.plans(&PlanOptions::default()).unwrap();
    }
    Err(problems) => {
        for problem in &problems {
            let span = problem.primary.span;
            assert!(problems.source(span).text.get(span.start..span.end).is_some());
        }
        let _ = problems.render(true);
    }
});
