//! `labrun completions`: what a shell needs to complete the command line.

use clap_complete::Shell;

use crate::exit::Exit;
use crate::{cli, terminal};

/// Print a script with which a shell completes labrun's command line
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For this session of bash:
  source <(labrun completions bash)
For good:
  labrun completions bash > ~/.local/share/bash-completion/completions/labrun
  labrun completions fish > ~/.config/fish/completions/labrun.fish
  labrun completions zsh > DIR/_labrun      # DIR being one of zsh's $fpath")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Prints it.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::definition(), "labrun", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Pass)
}
