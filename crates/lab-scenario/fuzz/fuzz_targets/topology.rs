//! Any bytes as the file of a topology.
#![no_main]

use std::io;
use std::path::Path;

use lab_scenario::source::Source;
use lab_scenario::{Lab, PlanOptions, parse_scenario};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let loader = |path: &Path| match path.ends_with("topologies/it.yaml") {
        true => Ok(data.to_vec()),
        false => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let source = Source { path: "scenario.yaml".into(), text: "topology: it\n".into() };
    match parse_scenario(source, &Lab::bare("/lab"), &loader) {
        Ok(scenario) => drop(scenario.plans(&PlanOptions::default())),
        Err(problems) => drop(problems.render(false)),
    }
});
