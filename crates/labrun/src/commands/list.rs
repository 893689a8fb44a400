//! `labrun list`: what is there to run?

use std::fmt::Write as _;
use std::path::PathBuf;

use lab_report::clean::clean_line;
use lab_report::theme::Theme;
use lab_report::words;
use lab_scenario::Scenario;

use crate::catalog::Catalog;
use crate::discover::discover;
use crate::exit::Exit;
use crate::terminal;

/// List labs and their scenarios
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Scenario files, folders of labs, folders of such folders
    #[arg(default_value = "labs", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Lists what was found; what is broken is named afterwards.
pub(crate) fn main(args: &Args) -> anyhow::Result<Exit> {
    let catalog = Catalog::read(&discover(&args.paths)?)?;
    // The stream takes the colours out again if it has none.
    let text = render(&catalog.scenarios, Theme::new(true))?;
    terminal::print(&text)?;
    if catalog.errors.is_empty() { Ok(Exit::Pass) } else { Err(super::check::refuse(&catalog)) }
}

fn render(scenarios: &[Scenario], theme: Theme) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let width = scenarios.iter().map(|scenario| scenario.id().chars().count()).max().unwrap_or(0);
    let Theme { strong, faint, .. } = theme;
    let mut lab = None;
    for scenario in scenarios {
        if lab != Some(&scenario.lab().directory) {
            if lab.is_some() {
                text.push('\n');
            }
            lab = Some(&scenario.lab().directory);
            let title = clean_line(&scenario.lab().title);
            let id = clean_line(&scenario.lab().id);
            let title = if title == id { String::new() } else { format!("  {title}") };
            writeln!(text, "{strong}{id}{strong:#}{title}")?;
        }
        let id = words::pad(&clean_line(scenario.id()), width);
        write!(text, "  {id}  {}", clean_line(scenario.title()))?;
        for note in notes(scenario) {
            write!(text, "  {faint}({note}){faint:#}")?;
        }
        text.push('\n');
    }
    Ok(text)
}

fn notes(scenario: &Scenario) -> Vec<String> {
    let mut notes = Vec::new();
    if scenario.variants() > 1 {
        notes.push(words::count(scenario.variants(), "variant"));
    }
    let requires = scenario.requires();
    if !requires.is_empty() {
        notes.push(format!("requires {}", clean_line(&requires.join(", "))));
    }
    notes
}
