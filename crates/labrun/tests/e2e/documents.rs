//! What the documents show is true: their scenarios are sound, and those that
//! need no programs of a lab pass.

use super::backends::on_each_backend;
use super::harness::{Lab, checkout};

/// The scenarios in a document: its blocks of YAML.
fn scenarios(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(checkout().join(document)).unwrap();
    let blocks = text.split("```yaml\n").skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn the_reference_runs() {
    let examples = scenarios("labs/README.md");
    assert!(examples.len() >= 10, "{}", examples.len());
    let lab = examples.iter().zip(1..).fold(Lab::new(), |lab, (example, number)| {
        lab.file(&format!("example-{number}.yaml"), example)
    });
    let lab = lab.file("lab.yaml", "name: the examples of the reference\n");
    on_each_backend(|backend| {
        lab.run_all(&["--backend", backend, "--jobs", "2"]).passes();
    });
}

#[test]
fn the_readme_runs() {
    let examples = scenarios("README.md");
    assert_eq!(examples.len(), 1);
    let path = checkout().join("target/release");
    let lab = format!(
        "name: the example\nbuild: cargo build --release --manifest-path {0}/Cargo.toml \
         --target-dir {0}/target -p chat-server -p chat-client\npath: [{1}]\n",
        checkout().display(),
        path.display()
    );
    Lab::new().file("lab.yaml", &lab).file("scenario.yaml", &examples[0]).run(&[]).passes();
}
