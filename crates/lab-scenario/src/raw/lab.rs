//! `lab.yaml`.

use crate::decode::{Named, OneOrMany, record};
use crate::lab::Share;
use crate::text::Text;
use crate::typed::Fixed;

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
        /// `topology`: scenarios with the same topology run one after the other on one
        /// network, which saves building it; `nothing`, as ever: each has its own.
        share: Fixed<Share> = "share",
        /// The scenario files, in order; all others of the folder if not given.
        scenarios: OneOrMany<Text> = "scenarios",
    }
}
