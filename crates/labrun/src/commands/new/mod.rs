//! `labrun new`: something to begin with, that runs at once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use crate::exit::{Complaint, Exit};
use crate::terminal;

/// What stands for the name of the lab in the files of `lab/`.
const PLACEHOLDER: &str = "LAB-NAME";

/// The files of a new lab.
const LAB: [(&str, &str); 6] = [
    ("lab.yaml", include_str!("lab/lab.yaml")),
    ("capitals.yaml", include_str!("lab/capitals.yaml")),
    ("server-gone.yaml", include_str!("lab/server-gone.yaml")),
    ("server.py", include_str!("lab/server.py")),
    ("client.py", include_str!("lab/client.py")),
    ("README.md", include_str!("lab/README.md")),
];

/// Write something to begin with
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A lab that runs at once: two scenarios, the programs they test, a sheet
    Lab {
        /// The name of its folder, or a path to where it shall be
        #[arg(value_name = "NAME")]
        folder: PathBuf,
    },
}

/// Writes it.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let What::Lab { folder } = &args.what;
    let name = name(folder)?;
    create(folder)?;
    for (file, text) in LAB {
        let path = folder.join(file);
        fs::write(&path, text.replace(PLACEHOLDER, name))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let shown = folder.display();
    terminal::print(&format!(
        "A new lab in {shown}. Begin with {shown}/README.md, and try it:\n\n    \
         labrun run {}\n",
        shell_words::quote(&folder.to_string_lossy())
    ))?;
    Ok(Exit::Pass)
}

/// The last part of the path. It goes into texts and into the names of folders
/// of results, so it is a plain word.
fn name(folder: &Path) -> Result<&str, Complaint> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_plain {
        return Ok(name);
    }
    let message = format!("`{}` cannot be the name of a lab", folder.display());
    Err(Complaint::usage(message).help("use letters, digits, `-` and `_`, starting with a letter"))
}

/// Makes the folder, which must not be there yet.
fn create(folder: &Path) -> anyhow::Result<()> {
    let parent = folder.parent().unwrap_or(Path::new(""));
    let made = fs::create_dir_all(parent).and_then(|()| fs::create_dir(folder));
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("there is a `{}` already", folder.display());
            Err(Complaint::usage(message).help("choose another name; nothing was written").into())
        }
        made => made.with_context(|| format!("cannot make the folder `{}`", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labs() {
        for folder in ["echo", "labs/echo-2", "./echo", "echo/"] {
            assert!(name(Path::new(folder)).is_ok(), "{folder}");
        }
        for folder in ["", ".", "..", "/", "2nd", "my lab", "a:b", "lab.yaml", "é"] {
            assert!(name(Path::new(folder)).is_err(), "{folder}");
        }
    }
}
