//! A small world of files, and short words for what became of one.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every binary")]

use std::io;
use std::path::Path;

use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, PlanOptions, Scenario, parse_lab, parse_scenario};

/// The files there are.
pub(crate) fn files(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_string_lossy().replace("/lab/../", "/");
    let text: &[u8] = match path.as_str() {
        "/repo/lab/folder" | "/repo/lab/./folder" => return Err(io::ErrorKind::IsADirectory.into()),
        "/repo/lab/secret.yaml" => return Err(io::ErrorKind::PermissionDenied.into()),
        "/repo/lab/latin1.yaml" => b"topology: {single: 2}\nname: caf\xe9\n",
        "/repo/lab/binary.yaml" => b"\x7fELF\xff\xfe\x00\x01",
        "/repo/lab/ten-megabytes.yaml" => return Ok(vec![b'a'; 10 << 20]),
        "/repo/lab/campus.py" => b"topos = {}\n",
        "/repo/topologies/star-4.yaml" => {
            b"hosts: [h1, h2, h3, h4]\nswitches: [s1]\nlinks:\n  - between: [h1, s1]\n  - between: [h2, s1]\n  - between: [h3, s1]\n  - between: [h4, s1]\n"
        }
        "/repo/topologies/broken.yaml" => b"hots: [h1, h2]\n",
        "/repo/topologies/not-yaml.yaml" => b"a: [\n",
        "/repo/topologies/nothing.yaml" => b"",
        "/repo/topologies/latin1.yaml" => b"hosts: [\xe9]\n",
        "/repo/other/clash.yaml" => {
            b"hosts: {a: {ip: 10.0.0.7/8}, b: {ip: 10.0.0.7/8}}\nlinks: [{between: [a, b]}]\n"
        }
        _ => return Err(io::ErrorKind::NotFound.into()),
    };
    Ok(text.to_vec())
}

/// The lab of the tests: one program.
pub(crate) fn test_lab() -> Lab {
    let text = "name: A lab\nprograms: {server: chat-server direct}\n";
    parse_lab(Source { path: "lab/lab.yaml".into(), text: text.into() }, "/repo/lab")
        .unwrap_or_default()
}

fn try_scenario(text: &str) -> Result<Scenario, Diagnostics> {
    let source = Source { path: "lab/scenario.yaml".into(), text: text.into() };
    parse_scenario(source, &test_lab(), &files)
}

/// A scenario in which nothing is wrong.
pub(crate) fn scenario(text: &str) -> Scenario {
    try_scenario(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// All the way to the plans.
pub(crate) fn check(text: &str) -> Result<(), Diagnostics> {
    try_scenario(text)?.plans(&PlanOptions::default()).map(|_| ())
}

/// [`check`] of a file.
pub(crate) fn check_file(path: &str) -> Result<(), Diagnostics> {
    let source = Source::load(path, &files)?;
    parse_scenario(source, &test_lab(), &files).map(|_| ())
}

/// A `lab.yaml`.
pub(crate) fn lab(text: &str) -> Result<(), Diagnostics> {
    parse_lab(Source { path: "lab/lab.yaml".into(), text: text.into() }, "/repo/lab").map(|_| ())
}

/// What is wrong, as `E0105 2:1, E0106 3:1`, with the file if it is another.
pub(crate) fn places(result: &Result<(), Diagnostics>) -> String {
    let Err(problems) = result else { return "nothing".to_owned() };
    let own = ["lab/scenario.yaml", "lab/lab.yaml"];
    let place = |report: lab_scenario::Report| {
        let at = report.span.start;
        let place = format!("{} {}:{}", report.code, at.line, at.column);
        let file = report.file.as_str();
        if own.contains(&file) || file.starts_with("/repo/lab/") {
            place
        } else {
            format!("{place} in {file}")
        }
    };
    problems.reports().into_iter().map(place).collect::<Vec<_>>().join(", ")
}
