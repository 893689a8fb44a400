//! Any bytes as a `lab.yaml`.
#![no_main]

use lab_scenario::parse_lab;
use lab_scenario::source::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lab = Source::from_bytes("lab.yaml", data.to_vec())
        .and_then(|source| parse_lab(source, "/lab"));
    if let Err(problems) = lab {
        let _ = problems.render(false);
    }
});
