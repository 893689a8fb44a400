//! `labrun check`: is everything written as it should be?

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use lab_report::words;
use lab_scenario::{Diagnostics, PlanOptions, Scenario};

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

    /// Who reads what is wrong
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A person, on standard error
    #[default]
    Human,
    /// An editor, on standard output: a JSON object for each error or warning,
    /// one a line
    Json,
}

/// Reads everything and makes all plans, which finds what only the values of
/// the matrix make wrong.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let mut catalog = Catalog::read(&discover(&args.paths)?)?;
    for scenario in &catalog.scenarios {
        catalog.errors.extend(scenario.plans(&PlanOptions::default()).err());
    }
    let warnings = catalog.scenarios.iter().map(Scenario::warnings);
    let all = warnings.chain(&catalog.errors);
    if args.format == Format::Json {
        terminal::print(&json_lines(all)?)?;
        return match catalog.errors.is_empty() {
            true => Ok(Exit::Pass),
            false => Err(Complaint::usage(catalog.verdict()).into()),
        };
    }
    all.for_each(show);
    if !catalog.errors.is_empty() {
        return Err(verdict(&catalog));
    }
    let scenarios = words::count(catalog.scenarios.len(), "scenario");
    terminal::print(&format!("{scenarios}: all right\n"))?;
    Ok(Exit::Pass)
}

fn json_lines<'d>(all: impl Iterator<Item = &'d Diagnostics>) -> anyhow::Result<String> {
    let mut text = String::new();
    for report in all.flat_map(Diagnostics::reports) {
        text += &serde_json::to_string(&report).context("cannot write JSON")?;
        text.push('\n');
    }
    Ok(text)
}

/// Shows all errors and makes one of them.
pub(crate) fn refuse(catalog: &Catalog) -> anyhow::Error {
    catalog.errors.iter().for_each(show);
    verdict(catalog)
}

/// How much is wrong, and where to read more.
fn verdict(catalog: &Catalog) -> anyhow::Error {
    let complaint = Complaint::usage(catalog.verdict());
    let mut all = catalog.errors.iter().flat_map(Diagnostics::iter);
    match all.find(|diagnostic| !diagnostic.code.is_warning()) {
        Some(first) => {
            let code = first.code;
            complaint.help(format!("`labrun explain {code}` tells more about the first")).into()
        }
        None => complaint.into(),
    }
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
