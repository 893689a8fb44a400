//! `lab.yaml`.

use crate::decode::{Named, OneOrMany, record};
use crate::text::Text;

record! {
    /// The file.
    struct RawLab as "a lab" {
        /// What the lab is about, in a few words.
        name: Text = "name",
        /// More about it, for people.
        description: Text = "description",
        /// A command line, run once before the scenarios.
        build: Text = "build",
        /// Folders searched for programs before those of `PATH`.
        path: OneOrMany<Text> = "path",
        /// Roles and the commands that play them.
        programs: Named<Text> = "programs",
        /// Variables for every process.
        env: Named<Text> = "env",
        /// Programs and abilities of the machine without which it is skipped.
        requires: OneOrMany<Text> = "requires",
        /// The scenario files, in order; all others of the folder if not given.
        scenarios: OneOrMany<Text> = "scenarios",
    }
}
