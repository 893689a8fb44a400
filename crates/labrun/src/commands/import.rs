//! `labrun import`: test files of others become scenarios.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use lab_import::Imported;
use lab_import::crc;
use lab_report::words;
use lab_scenario::Diagnostics;
use lab_scenario::source::Source;

use super::check::show;
use crate::catalog::read_file;
use crate::discover::LAB_FILE;
use crate::exit::{Complaint, Exit};
use crate::{beside, terminal};

/// Turn test files of others into scenarios
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    Crc(CrcArgs),
}

/// The JSON test files (*.cfg) of a course on Clemson Relay Chat
#[derive(Debug, clap::Args)]
struct CrcArgs {
    #[command(flatten)]
    files: Files,

    /// Compare the lists of adjacent machines, too, which the course's own runner
    /// never does and which are wrong in several of its files
    #[arg(long)]
    strict_adjacency: bool,
}

/// What every format is told: what to read, and where to write.
#[derive(Debug, clap::Args)]
struct Files {
    /// Test files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Write NAME.yaml for each file into this folder, and a lab.yaml if there is none
    #[arg(short, long, value_name = "DIR", required_unless_present = "stdout")]
    output: Option<PathBuf>,

    /// Overwrite scenarios that are there
    #[arg(long)]
    force: bool,

    /// Print the scenario of one file instead
    #[arg(long, conflicts_with_all = ["output", "force"])]
    stdout: bool,
}

/// Reads everything first, and writes only if nothing is wrong with any file.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    match &args.format {
        Format::Crc(args) => {
            let options = crc::Options { strict_adjacency: args.strict_adjacency };
            let lab = LabFile {
                name: "Imported tests of Clemson Relay Chat",
                programs: &[("server", "chat-server relay"), ("client", "chat-client relay")],
            };
            import(&args.files, &lab, |source| crc::import(source, options))
        }
    }
}

/// The lab.yaml that scenarios of a format need.
struct LabFile {
    name: &'static str,
    /// Roles and who plays them.
    programs: &'static [(&'static str, &'static str)],
}

fn import(
    args: &Files,
    lab: &LabFile,
    read: impl Fn(Source) -> Result<Imported, Diagnostics>,
) -> anyhow::Result<Exit> {
    if args.stdout && args.files.len() > 1 {
        return Err(Complaint::usage("`--stdout` takes one file")
            .help("write several into a folder with `-o DIR`")
            .into());
    }
    let mut scenarios = Vec::new();
    let mut failed = Vec::new();
    for file in &args.files {
        match Source::load(file, &read_file).and_then(&read) {
            Ok(imported) => {
                show(&imported.warnings);
                scenarios.push((file, imported.draft.to_yaml()));
            }
            Err(errors) => {
                show(&errors);
                failed.push(errors.errors());
            }
        }
    }
    if !failed.is_empty() {
        let errors = words::count(failed.iter().sum(), "error");
        let files = words::count(failed.len(), "file");
        let message = format!("{errors} in {files}; nothing was written");
        return Err(Complaint::usage(message).into());
    }
    match &args.output {
        Some(folder) => write(folder, &scenarios, args.force, lab),
        None => {
            for (_, yaml) in &scenarios {
                terminal::print(yaml)?;
            }
            Ok(Exit::Pass)
        }
    }
}

fn write(
    folder: &Path,
    scenarios: &[(&PathBuf, String)],
    force: bool,
    lab: &LabFile,
) -> anyhow::Result<Exit> {
    let mut targets: Vec<(PathBuf, &Path)> = Vec::new();
    for (file, _) in scenarios {
        let stem = file.file_stem().unwrap_or_default();
        let mut name = stem.to_os_string();
        name.push(".yaml");
        let target = folder.join(&name);
        if let Some((_, other)) = targets.iter().find(|(other, _)| *other == target) {
            let message =
                format!("`{}` and `{}` would have the same name", other.display(), file.display());
            return Err(Complaint::usage(message)
                .help("import them into different folders")
                .into());
        }
        if name == LAB_FILE {
            let message = format!("`{}` would become the {LAB_FILE} of its lab", file.display());
            return Err(Complaint::usage(message).help("give the file another name").into());
        }
        if target.symlink_metadata().is_ok() && !force {
            return Err(Complaint::usage(format!("there is a file `{}`", target.display()))
                .help(
                    "overwrite it with --force, or write into another folder; nothing was written",
                )
                .into());
        }
        targets.push((target, file));
    }
    fs::create_dir_all(folder).map_err(|error| cannot("make the folder", folder, &error))?;
    for ((target, _), (_, yaml)) in targets.iter().zip(scenarios) {
        fs::write(target, yaml).map_err(|error| cannot("write", target, &error))?;
    }
    let lab_file = folder.join(LAB_FILE);
    if lab_file.symlink_metadata().is_err() {
        fs::write(&lab_file, lab.to_yaml()).map_err(|error| cannot("write", &lab_file, &error))?;
    }
    let written = words::count(targets.len(), "scenario");
    let shown = folder.display();
    terminal::print(&format!("{written} written: labrun run {shown}\n"))?;
    Ok(Exit::Pass)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> anyhow::Error {
    Complaint::usage(format!("cannot {what} `{}`: {error}", path.display()))
        .help("choose another folder with -o DIR")
        .into()
}

impl LabFile {
    fn to_yaml(&self) -> String {
        let mut text = format!("name: {}\n", self.name);
        text.push_str(&beside::where_programs_are());
        text.push_str("programs:\n");
        for (role, command) in self.programs {
            text.push_str(&format!("  {role}: {command}\n"));
        }
        text
    }
}
