//! Every scenario of the repository is right, without as much as a warning.

use std::fs;
use std::path::Path;

use lab_scenario::source::Source;
use lab_scenario::{Lab, PlanOptions, parse_lab, parse_scenario};

#[test]
fn the_labs_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs");
    let read = |path: &Path| fs::read(path);
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        entries.filter_map(Result::ok).map(name).collect()
    };
    let mut scenarios = 0;
    for name in names(&root) {
        let folder = root.join(name);
        if !folder.is_dir() {
            continue;
        }
        let file = folder.join("lab.yaml");
        let lab = match file.exists() {
            true => Source::load(&file, &read).and_then(|source| parse_lab(source, &folder)),
            false => Ok(Lab::bare(&folder)),
        };
        let lab = lab.unwrap_or_else(|problems| panic!("{problems}"));
        for name in lab.scenario_files(&names(&folder)) {
            let scenario = Source::load(folder.join(name), &read)
                .and_then(|source| parse_scenario(source, &lab, &read))
                .unwrap_or_else(|problems| panic!("{problems}"));
            assert!(scenario.warnings().is_empty(), "{}", scenario.warnings());
            let plans = scenario.plans(&PlanOptions::default());
            assert!(plans.is_ok_and(|plans| plans.len() == scenario.variants()));
            scenarios += 1;
        }
    }
    assert!(scenarios > 0, "no scenarios under {}", root.display());
}
