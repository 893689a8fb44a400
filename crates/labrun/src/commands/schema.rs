//! `labrun schema`: what an editor needs to help with the files.

use clap::ValueEnum;
use lab_scenario::FileKind;

use crate::exit::Exit;
use crate::terminal;

/// Print the JSON Schema of a kind of file, for editors
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What kind of file
    #[arg(value_enum, value_name = "KIND", default_value_t)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A scenario
    #[default]
    Scenario,
    /// `lab.yaml`
    Lab,
    /// A topology in a file of its own
    Topology,
}

/// Prints it.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let schema = lab_scenario::schema(match args.kind {
        Kind::Scenario => FileKind::Scenario,
        Kind::Lab => FileKind::Lab,
        Kind::Topology => FileKind::Topology,
    });
    terminal::print(&format!("{schema:#}\n"))?;
    Ok(Exit::Pass)
}
