//! `lab.yaml`.

use crate::decode::{AnyNumber, Named, OneOrMany, record};
use crate::lab::Share;
use crate::text::Text;
use crate::typed::Fixed;

record! {
    /// `lab.yaml`: what the scenarios of a folder have in common.
    struct RawLab as "a lab" {
        /// What the lab is about, in a few words.
        name: Text = "name",
        /// More about it, for people.
        description: Text = "description",
        /// A command line that builds the programs. It is run once, in the lab's folder, before
        /// the scenarios; `--no-build` leaves it out.
        build: Text = "build",
        /// Folders in which programs are looked for first, before those of `PATH`.
        path: AnyNumber<Text> = "path",
        /// Who plays which role: `${program.ROLE}` is this command, or the one of
        /// `--program ROLE=COMMAND`.
        programs: Named<Text> = "programs",
        /// Environment variables of every process.
        env: Named<Text> = "env",
        /// What the machine must have, or else its scenarios are skipped: programs, `netem`,
        /// `mininet`, `root`.
        requires: AnyNumber<Text> = "requires",
        /// Whether scenarios with the same topology run one after the other on one network of
        /// Mininet's, which saves building it.
        share: Fixed<Share> = "share" or Share::default(),
        /// The scenario files, in order; all others of the folder if not given.
        scenarios: OneOrMany<Text> = "scenarios",
    }
}
