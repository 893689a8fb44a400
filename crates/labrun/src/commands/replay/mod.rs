//! `labrun replay`: see a run again.

mod find;
mod keys;
mod live;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use lab_report::replay::{Player, Recording, print};
use lab_report::theme::Theme;

use super::run::duration;
use crate::exit::{Complaint, Exit};
use crate::terminal;

/// See a run again: all its terminals side by side, on one clock
///
/// Space pauses and goes on, the arrow keys seek, `[` and `]` jump from step to step, `-` and
/// `+` change the speed, Tab and `z` choose and enlarge a terminal, `?` shows all keys. Where
/// standard output is no terminal, everything is printed as lines.
///
/// The terminal of a single process plays in asciinema, too:
/// `asciinema play results/LAB/SCENARIO/latest/transcripts/PROCESS.cast`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The run: `latest`, `LAB/SCENARIO`, or a folder of results; of several runs the newest
    #[arg(default_value = "latest", value_name = "RUN")]
    run: PathBuf,

    /// How much faster than it was, such as 2 or 0.1 [default: 1, but runs of less than
    /// 8 s are slowed down until they take as long]
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,

    /// Begin at this time of the run: `500ms`, `20s`, `2m`
    #[arg(long, value_name = "TIME", value_parser = lab_scenario::duration)]
    from: Option<Duration>,

    /// Let nothing happen for at most so long: longer silences pass faster
    #[arg(long, value_name = "TIME", value_parser = duration)]
    idle_limit: Option<Duration>,

    /// Only these processes and terminals, by name or by host
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,

    /// Print everything as lines, `<` for what came out and `>` for what was typed
    #[arg(long)]
    print: bool,

    /// The folder for results
    #[arg(long, value_name = "DIR", default_value = "results", env = "LABRUN_RESULTS")]
    results: PathBuf,
}

const HELP: &str = "\
Examples:
  labrun replay                                     the newest run
  labrun replay direct-chat/three-users             the newest run of this scenario
  labrun replay --only alice,bob --idle-limit 2s    two terminals, without long silences
  labrun replay --print | grep hello";

/// Finds the run, reads it, plays it.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let folder = find::run(&args.run, &args.results)?;
    let mut recording = Recording::read(&folder)
        .with_context(|| format!("cannot read the record of `{}`", folder.display()))?;
    if !args.only.is_empty()
        && let Err(unknown) = recording.keep_only(&args.only)
    {
        let names: Vec<&str> = recording.tracks.iter().map(|track| &*track.name).collect();
        return Err(Complaint::usage(format!("nothing in this run is called `{unknown}`"))
            .help(format!("there are {}", names.join(", ")))
            .into());
    }
    warn(&recording);
    if args.print || !can_show() {
        print_all(&recording, args.from.unwrap_or_default())?;
        return Ok(Exit::Pass);
    }
    let mut player = Player::new(recording, args.idle_limit, args.speed);
    player.seek(args.from.unwrap_or_default());
    live::show(player, terminal::is_coloured(&io::stdout())).context("cannot use the terminal")
}

fn warn(recording: &Recording) {
    for doubt in &recording.doubts {
        // If even standard error is gone, there is nobody to be warned.
        let _ = writeln!(anstream::stderr(), "warning: {doubt}");
    }
}

/// Whether there is a terminal on which things can be drawn.
fn can_show() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Prints everything. That nobody reads it (`labrun replay | head`) is no error.
fn print_all(recording: &Recording, from: Duration) -> io::Result<()> {
    let from = u64::try_from(from.as_nanos()).unwrap_or(u64::MAX);
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    // The stream takes the colours out again if it has none.
    match print(recording, from, Theme::new(true), &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches(['x', '×']).parse() {
        Ok(speed) if (0.001..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("write a number from 0.001 to 1000, such as 2 or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds() {
        assert_eq!([speed("2"), speed("0.1"), speed("4x")], [Ok(2.0), Ok(0.1), Ok(4.0)]);
        for bad in ["", "0", "-1", "NaN", "inf", "fast"] {
            assert!(speed(bad).is_err(), "{bad}");
        }
    }
}
