//! The command line: what may be typed, and which command it is.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use lab_network::probe;

use crate::commands::{
    check, completions, doctor, explain, import, list, man, measure, mutate, new, record,
    reference, replay, run, schema, sessions, stage, up,
};
use crate::exit::{self, Complaint, Exit};

/// Run network labs: build the network, start programs on its hosts, type into
/// them, and check what comes out.
///
/// `labrun FILE.yaml` is short for `labrun run FILE.yaml`.
#[derive(Debug, Parser)]
#[command(name = "labrun", version, after_help = exit::HELP, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Up(up::UpArgs),
    Record(record::Args),
    Sessions(sessions::ListArgs),
    Shell(sessions::ShellArgs),
    Exec(sessions::ExecArgs),
    Continue(sessions::ContinueArgs),
    Down(sessions::DownArgs),
    Prompt(sessions::PromptArgs),
    List(list::Args),
    Check(check::Args),
    Mutate(mutate::Args),
    Replay(replay::Args),
    Explain(explain::Args),
    New(new::Args),
    Import(import::Args),
    Doctor(doctor::Args),
    Schema(schema::Args),
    Reference(reference::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    Stage(stage::Args),
    #[command(name = lab_session::measure::COMMAND, hide = true)]
    Measure(measure::Args),
    /// What `doctor` starts to try things in a sandbox
    #[command(name = probe::ARGUMENT, hide = true)]
    Probe,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(with_run(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap, but not to us; nobody can
            // be told if they cannot be printed.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Pass }.into();
        }
    };
    match cli.color {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let result = match cli.command {
        Command::Run(args) => run::main(&args),
        Command::Up(args) => up::main(&args),
        Command::Record(args) => record::main(&args),
        Command::Sessions(args) => sessions::list(&args),
        Command::Shell(args) => sessions::shell(&args),
        Command::Exec(args) => sessions::exec(&args),
        Command::Continue(args) => sessions::go_on(&args),
        Command::Down(args) => sessions::down(&args),
        Command::Prompt(args) => sessions::prompt(&args),
        Command::List(args) => list::main(&args),
        Command::Check(args) => check::main(&args),
        Command::Mutate(args) => mutate::main(&args),
        Command::Replay(args) => replay::main(&args),
        Command::Explain(args) => explain::main(&args),
        Command::Doctor(args) => doctor::main(&args),
        Command::New(args) => new::main(&args),
        Command::Import(args) => import::main(&args),
        Command::Schema(args) => schema::main(&args),
        Command::Reference(args) => reference::main(&args),
        Command::Completions(args) => completions::main(&args),
        Command::Man(args) => man::main(&args),
        Command::Measure(args) => measure::main(&args),
        Command::Stage(args) => return stage::main(&args).into(),
        Command::Probe => return probe::in_sandbox(),
    };
    result.unwrap_or_else(|error| complain(&error)).into()
}

/// What may be typed, without what is only between labrun and itself.
pub(crate) fn definition() -> clap::Command {
    let whole = Cli::command();
    let visible: Vec<_> =
        whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let bare = clap::Command::new("labrun")
        .version(env!("CARGO_PKG_VERSION"))
        .args(whole.get_arguments())
        .subcommand_required(true)
        .subcommands(visible)
        .after_help(exit::HELP);
    match (whole.get_about(), whole.get_long_about()) {
        (Some(about), Some(long)) => bare.about(about.clone()).long_about(long.clone()),
        _ => bare,
    }
}

/// Tells a person what is wrong.
fn complain(error: &anyhow::Error) -> Exit {
    use anstyle::AnsiColor;
    use std::io::Write as _;

    let red = AnsiColor::Red.on_default().bold();
    let cyan = AnsiColor::Cyan.on_default().bold();
    let complaint = error.downcast_ref::<Complaint>();
    let mut text = format!("{red}error{red:#}: {error:#}\n");
    if let Some(help) = complaint.and_then(|complaint| complaint.help.as_deref()) {
        text.push_str(&format!("{cyan}help{cyan:#}: {help}\n"));
    }
    // If even standard error is gone, the exit code has to do.
    let _ = anstream::stderr().write_all(text.as_bytes());
    complaint.map_or(Exit::Usage, |complaint| complaint.exit)
}

/// Puts in the `run` that was left out before a path.
fn with_run(mut words: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = words.get(1).and_then(|word| word.to_str()) else { return words };
    let is_path = Path::new(first).extension().is_some_and(|end| end == "yaml" || end == "yml")
        || first.contains('/')
        || first.starts_with('.');
    if is_path && !first.starts_with('-') {
        words.insert(1, "run".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
        definition().debug_assert();
    }

    #[test]
    fn a_path_alone_is_run() {
        let table = [
            (vec!["labrun", "x.yaml"], true),
            (vec!["labrun", "labs/x", "--jobs", "2"], true),
            (vec!["labrun", "."], true),
            (vec!["labrun", "run", "x.yaml"], false),
            (vec!["labrun", "rnu"], false),
            (vec!["labrun", "--help"], false),
            (vec!["labrun"], false),
        ];
        for (words, is_run) in table {
            let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
            let expected = if is_run { words.len() + 1 } else { words.len() };
            assert_eq!(with_run(words.clone()).len(), expected, "{words:?}");
        }
    }
}
