//! What scenarios require of the machine, and whether it is there.
//!
//! A requirement is the name of an ability, such as `netem`, or else of a
//! program, which must be on `PATH`. Abilities are asked for only when
//! somebody requires them: finding out may take longer than a run.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

use lab_runner::dispatcher::Missing;
use lab_scenario::plan::{BackendKind, Plan};
use rustix::fs::{Access, access};

/// Knows abilities.
pub(crate) trait Machine {
    /// Whether the machine has an ability; if not, how to get it. `None` for a
    /// word that names no ability.
    fn has(&self, ability: &str) -> Option<Result<(), String>>;
}

/// Answers each question once.
pub(crate) struct Requirements<'a> {
    machine: &'a dyn Machine,
    path: Vec<PathBuf>,
    known: HashMap<String, Option<Missing>>,
}

impl<'a> Requirements<'a> {
    pub(crate) fn new(machine: &'a dyn Machine) -> Self {
        let path = env::var_os("PATH").map(|path| env::split_paths(&path).collect());
        Self { machine, path: path.unwrap_or_default(), known: HashMap::new() }
    }

    /// What is missing for a plan: of what its scenario requires, and what its backend does.
    pub(crate) fn missing_for(&mut self, plan: &Plan, mut words: Vec<&str>) -> Vec<Missing> {
        if plan.backend == BackendKind::Mininet && !words.contains(&"mininet") {
            words.push("mininet");
        }
        self.missing(&words, &plan.path)
    }

    /// Which of these are missing. Programs are also looked for in `folders`.
    pub(crate) fn missing(&mut self, words: &[&str], folders: &[PathBuf]) -> Vec<Missing> {
        words.iter().filter_map(|word| self.look(word, folders)).collect()
    }

    fn look(&mut self, word: &str, folders: &[PathBuf]) -> Option<Missing> {
        if has_program(folders, word) {
            return None;
        }
        if let Some(answer) = self.known.get(word) {
            return answer.clone();
        }
        let help = match self.machine.has(word) {
            Some(answer) => answer.err(),
            None if has_program(&self.path, word) => None,
            None => Some(format!("install `{word}`, or put it on PATH")),
        };
        let answer = help.map(|help| Missing { what: word.to_owned(), help });
        self.known.insert(word.to_owned(), answer.clone());
        answer
    }
}

fn has_program(folders: &[PathBuf], name: &str) -> bool {
    let is_program = |file: &Path| file.is_file() && access(file, Access::EXEC_OK).is_ok();
    folders.iter().any(|folder| is_program(&folder.join(name)))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Fake(Cell<u32>);

    impl Machine for Fake {
        fn has(&self, ability: &str) -> Option<Result<(), String>> {
            self.0.set(self.0.get() + 1);
            match ability {
                "netem" => Some(Err("load sch_netem".into())),
                "root" => Some(Ok(())),
                _ => None,
            }
        }
    }

    #[test]
    fn abilities_and_programs() {
        let machine = Fake(Cell::new(0));
        let mut requirements = Requirements::new(&machine);
        let words = ["root", "netem", "sh", "no-such-program", "netem"];
        let missing = requirements.missing(&words, &[]);
        let named: Vec<_> = missing.iter().map(|missing| &*missing.what).collect();
        assert_eq!(named, ["netem", "no-such-program", "netem"]);
        assert_eq!(missing[0].help, "load sch_netem");
        assert_eq!(machine.0.get(), 4, "each is asked for once");
    }

    #[test]
    fn programs_of_the_lab() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("no-such-program");
        std::fs::write(&file, "").unwrap();
        let machine = Fake(Cell::new(0));
        let folders = [folder.path().to_owned()];
        let mut requirements = Requirements::new(&machine);
        assert_eq!(requirements.missing(&["no-such-program"], &folders).len(), 1);
        let may_run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&file, may_run).unwrap();
        assert_eq!(requirements.missing(&["no-such-program"], &folders).len(), 0);
    }
}
