//! What a session is of: a scenario, a topology, or words as for `mn`.

use std::path::Path;

use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, Live, PlanOptions};

use super::super::check;
use super::UpArgs;
use crate::catalog::{lab_of_folder, read_file};
use crate::discover::{LAB_FILE, folder_names, folder_of};
use crate::exit::Complaint;

/// Reads what the command line names.
///
/// # Errors
/// Shown already where a file is wrong; the error says how much is.
pub(super) fn read(args: &UpArgs, options: &PlanOptions) -> anyhow::Result<Live> {
    let live = match (&args.what, &args.custom, &args.topo) {
        (None, Some(file), Some(topo)) => {
            let file = std::path::absolute(file)?;
            Live::of_custom(&file, topo, &lab_of(&file)?, &read_file, options)
        }
        (None, None, Some(words)) => Live::of_words(words, &here()?, options),
        (Some(what), None, None) => {
            let path = Path::new(what);
            if path.is_dir() {
                return Err(a_folder(path));
            }
            if !path.exists() && !looks_like_a_path(what) {
                Live::of_words(what, &here()?, options)
            } else {
                of_file(path, options, args.bare)?
            }
        }
        _ => {
            return Err(Complaint::usage("there is nothing to bring up")
                .help("name a scenario, a topology, or a network such as `single,4`")
                .into());
        }
    };
    live.map_err(|errors| refuse(&errors))
}

fn of_file(
    path: &Path,
    options: &PlanOptions,
    bare: bool,
) -> anyhow::Result<Result<Live, Diagnostics>> {
    let lab = match lab_of_folder(&folder_of(path))? {
        Ok(lab) => lab,
        Err(errors) => return Ok(Err(errors)),
    };
    let source = Source::load(path, &read_file);
    Ok(source.and_then(|source| Live::of_file(source, &lab, &read_file, options, bare)))
}

fn looks_like_a_path(what: &str) -> bool {
    let ending = Path::new(what).extension();
    what.contains('/') || ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The folder that the command is typed in, as a lab.
fn here() -> anyhow::Result<Lab> {
    Ok(Lab::bare(&std::env::current_dir()?))
}

fn lab_of(file: &Path) -> anyhow::Result<Lab> {
    Ok(Lab::bare(&folder_of(file).canonicalize()?))
}

/// A lab has several scenarios: which one is for the person to say.
fn a_folder(folder: &Path) -> anyhow::Error {
    let names = match Lab::bare(folder) {
        lab if folder.join(LAB_FILE).is_file() => {
            lab.scenario_files(&folder_names(folder).unwrap_or_default())
        }
        _ => Vec::new(),
    };
    let complaint = Complaint::usage(format!("`{}` is a folder", folder.display()));
    match names.first() {
        Some(first) => complaint.help(format!(
            "bring up one of its {} scenarios, such as `labrun up {}`",
            names.len(),
            folder.join(first).display()
        )),
        None => complaint.help("name a scenario or a topology file, or a network: `single,4`"),
    }
    .into()
}

fn refuse(errors: &Diagnostics) -> anyhow::Error {
    check::show(errors);
    Complaint::usage("this cannot be brought up").into()
}
