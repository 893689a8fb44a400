//! `labrun man`: manual pages.

use std::path::PathBuf;

use anyhow::Context as _;
use clap_mangen::Man;
use lab_report::words;

use crate::exit::{Complaint, Exit};
use crate::{cli, terminal};

/// Print a manual page; `labrun man run | man -l -` shows it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The page of a command, such as `run` or `new lab` [default: of labrun
    /// itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,

    /// Write all pages into a folder, such as `~/.local/share/man/man1`
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    all: Option<PathBuf>,
}

/// Prints a page, or writes all.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let pages = pages();
    if let Some(folder) = &args.all {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        for page in &pages {
            let file = folder.join(page.get_filename());
            std::fs::write(&file, rendered(page)?)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        let pages = words::count(pages.len(), "page");
        terminal::print(&format!("{pages} in {}\n", folder.display()))?;
        return Ok(Exit::Pass);
    }
    let words: Vec<&str> =
        std::iter::once("labrun").chain(args.command.iter().map(String::as_str)).collect();
    let name = format!("{}.1", words.join("-"));
    let page = pages.iter().find(|page| page.get_filename() == name).ok_or_else(|| {
        Complaint::usage("there is no page of this name").help("`labrun --help` lists the commands")
    })?;
    terminal::print(&String::from_utf8_lossy(&rendered(page)?))?;
    Ok(Exit::Pass)
}

/// labrun's page, and one for each of its commands and theirs.
fn pages() -> Vec<Man> {
    let mut labrun = cli::definition().disable_help_subcommand(true);
    labrun.build();
    let mut commands = vec![labrun];
    let mut pages = Vec::new();
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().cloned());
        pages.push(Man::new(command).source(concat!("labrun ", env!("CARGO_PKG_VERSION"))));
    }
    pages
}

fn rendered(page: &Man) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok(text)
}
