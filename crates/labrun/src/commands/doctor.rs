//! `labrun doctor`: what can this machine do?

use std::fmt::Write as _;

use lab_network::probe::{Ability, Finding};
use lab_report::clean::clean_line;
use lab_report::theme::Theme;

use crate::exit::Exit;
use crate::machine::Host;
use crate::terminal;

/// Say what this machine can do, and how to get what it cannot
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// What abilities are good for, in the order in which people should read them.
const GROUPS: [(&str, &[Ability]); 4] = [
    ("every run", &[Ability::Sandbox, Ability::Veth, Ability::Bridge]),
    (
        "links and rights",
        &[Ability::Root, Ability::Rootless, Ability::Tbf, Ability::Htb, Ability::Netem],
    ),
    ("the mininet backend", &[Ability::Mininet, Ability::Brctl, Ability::Ovs]),
    (
        "programs that labs use",
        &[Ability::Python3, Ability::Socat, Ability::Ping, Ability::Tmux, Ability::Xterm],
    ),
];

/// Tries everything and says what it found. Only what every run needs decides
/// the exit code.
pub(crate) fn main(_: &Args) -> anyhow::Result<Exit> {
    let all: Vec<Ability> = GROUPS.iter().flat_map(|(_, abilities)| *abilities).copied().collect();
    let findings = Host::default().find(&all);
    // The stream takes the colours out again if it has none.
    terminal::print(&render(&findings, Theme::new(true))?)?;
    let needed = GROUPS[0].1;
    let lacks = findings.iter().any(|finding| !finding.ok && needed.contains(&finding.ability));
    Ok(if lacks { Exit::Lacking } else { Exit::Pass })
}

fn render(findings: &[Finding], theme: Theme) -> Result<String, std::fmt::Error> {
    let Theme { strong, faint, good, warning, .. } = theme;
    let mut text = String::new();
    for (title, abilities) in GROUPS {
        writeln!(text, "{strong}{title}{strong:#}")?;
        let group = findings.iter().filter(|finding| abilities.contains(&finding.ability));
        for finding in group {
            let (style, word) = if finding.ok { (good, "yes") } else { (warning, "no ") };
            let name = finding.ability.name();
            let detail = clean_line(&finding.detail);
            writeln!(text, "  {style}{word}{style:#}  {name:8}  {detail}")?;
            if let Some(help) = finding.help.as_ref().filter(|_| !finding.ok) {
                writeln!(text, "                 {faint}{}{faint:#}", clean_line(help))?;
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_asked_once() {
        let mut asked: Vec<_> = GROUPS.iter().flat_map(|(_, abilities)| *abilities).collect();
        asked.sort_by_key(|ability| ability.name());
        let mut all: Vec<_> = Ability::ALL.iter().collect();
        all.sort_by_key(|ability| ability.name());
        assert_eq!(asked, all);
    }

    #[test]
    fn what_is_missing_comes_with_its_help() {
        let finding = |ability, ok, help: Option<&str>| Finding {
            ability,
            ok,
            detail: "detail".into(),
            help: help.map(str::to_owned),
        };
        let findings = [
            finding(Ability::Veth, true, None),
            finding(Ability::Netem, false, Some("modprobe sch_netem")),
        ];
        assert_eq!(
            render(&findings, Theme::new(false)).unwrap(),
            "every run\n  yes  veth      detail\n\
             links and rights\n  no   netem     detail\n                 modprobe sch_netem\n\
             the mininet backend\nprograms that labs use\n"
        );
    }
}
