//! Any bytes as a scenario: an answer, and every place inside its file.
#![no_main]

use std::io;
use std::path::Path;

use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, PlanOptions, parse_scenario};
use libfuzzer_sys::fuzz_target;

fn plans(data: &[u8]) -> Result<(), Diagnostics> {
    let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let mut lab = Lab::bare("/lab");
    lab.programs.insert("server".into(), "chat-server direct".into());
    let source = Source::from_bytes("scenario.yaml", data.to_vec())?;
    let scenario = parse_scenario(source, &lab, &nothing)?;
    scenario.plans(&PlanOptions::default()).map(|_| ())
}

fuzz_target!(|data: &[u8]| {
    if let Err(problems) = plans(data) {
        for problem in &problems {
            let span = problem.primary.span;
            assert!(problems.source(span).text.get(span.start..span.end).is_some());
        }
        let _ = problems.render(true);
        let _ = problems.reports();
    }
});
