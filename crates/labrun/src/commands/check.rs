//! `labrun check`: is everything written as it should be?

use std::io::Write as _;
use std::path::PathBuf;

use lab_report::words;
use lab_scenario::{Diagnostics, PlanOptions};

use crate::catalog::Catalog;
use crate::discover::discover;
use crate::exit::{Complaint, Exit};
use crate::terminal;

/// Check scenarios without running them: everything that is wrong, in all of
/// them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Scenario files, folders of labs, folders of such folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Reads everything and makes all plans, which finds what only the values of
/// the matrix make wrong.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let mut catalog = Catalog::read(&discover(&args.paths)?)?;
    for scenario in &catalog.scenarios {
        show(scenario.warnings());
        catalog.errors.extend(scenario.plans(&PlanOptions::default()).err());
    }
    if !catalog.errors.is_empty() {
        return Err(refuse(&catalog));
    }
    let scenarios = words::count(catalog.scenarios.len(), "scenario");
    terminal::print(&format!("{scenarios}: all right\n"))?;
    Ok(Exit::Pass)
}

/// Shows all errors and makes one of them.
pub(crate) fn refuse(catalog: &Catalog) -> anyhow::Error {
    catalog.errors.iter().for_each(show);
    Complaint::usage(catalog.verdict()).into()
}

/// Shows diagnostics on standard error.
pub(crate) fn show(diagnostics: &Diagnostics) {
    if diagnostics.is_empty() {
        return;
    }
    let colour = terminal::is_coloured(&std::io::stderr());
    // If standard error is gone, the exit code has to do.
    let _ = writeln!(std::io::stderr(), "{}", diagnostics.render(colour));
}
