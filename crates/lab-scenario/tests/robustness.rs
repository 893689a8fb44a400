//! Whatever the input: no panic, an answer, and every place inside its file.

mod support;

use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, PlanOptions, parse_lab, parse_scenario};
use proptest::prelude::*;

const WHOLE: &str = include_str!("whole_language.yaml");
const FULLER: &str = include_str!("steps_and_checks.yaml");

/// Reads the bytes as every kind of file there is.
fn read(bytes: &[u8]) {
    let source = match Source::from_bytes("lab/scenario.yaml", bytes.to_vec()) {
        Ok(source) => source,
        Err(problems) => return inspect(&problems),
    };
    match parse_scenario(source.clone(), &support::test_lab(), &support::files) {
        Ok(scenario) => {
            inspect(scenario.warnings());
            match scenario.plans(&PlanOptions { repeat: 2, ..PlanOptions::default() }) {
                Ok(plans) => {
                    for step in plans.iter().flat_map(|plan| &plan.steps) {
                        let place = step.place.start..step.place.end;
                        assert!(source.text.get(place).is_some(), "{step:?}");
                    }
                }
                Err(problems) => inspect(&problems),
            }
        }
        Err(problems) => inspect(&problems),
    }
    if let Err(problems) = parse_lab(source.clone(), "/repo/lab") {
        inspect(&problems);
    }
    let topology = |path: &std::path::Path| match path.ends_with("topologies/it.yaml") {
        true => Ok(bytes.to_vec()),
        false => support::files(path),
    };
    let by_name = Source { path: "lab/it.yaml".into(), text: "topology: it\n".into() };
    match parse_scenario(by_name, &support::test_lab(), &topology) {
        Ok(scenario) => inspect(scenario.warnings()),
        Err(problems) => inspect(&problems),
    }
}

fn inspect(problems: &Diagnostics) {
    for problem in problems {
        let labels = std::iter::once(&problem.primary).chain(&problem.secondary);
        for label in labels {
            let text = &problems.source(label.span).text;
            let inside = text.get(label.span.start..label.span.end);
            assert!(inside.is_some(), "{problem:?} of {text:?}");
        }
        assert!(!problem.message.is_empty() && !problem.message.ends_with('.'), "{problem:?}");
    }
    assert!(!problems.render(false).contains('\u{1b}'));
    let _ = problems.render(true);
    assert!(serde_json::to_string(&problems.reports()).is_ok());
}

/// Pieces that mean something to YAML or to the language.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "\n",
        "\r\n",
        "  ",
        "\t",
        "- ",
        ": ",
        ":",
        "#",
        " # ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "|",
        ">",
        "|2-",
        "&a ",
        "*a",
        "!x ",
        "!!str ",
        "<<: ",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "${",
        "}",
        "$${",
        "${h1.ip}",
        "${port}",
        "/",
        "//",
        "(",
        "\\",
        "\\u00e9",
        "ü",
        "日",
        "\u{feff}",
        "\0",
        "\u{85}",
        "~",
        "null",
        "true",
        "yes",
        "-1",
        "99999999999999999999",
        "1e999",
        "0s",
        "alice",
        "alice> ",
        "alice< ",
        "users!< ",
        "- parallel: [",
        "- repeat: {times: 99999, steps: [",
        "${i}",
        "count: 1000",
        "save: port",
        "steps:\n",
        "- send: {to: alice, line: x}\n",
    ];
    prop_oneof![
        8 => prop::sample::select(pieces.map(str::to_owned).to_vec()),
        1 => ".{0,4}",
    ]
}

/// The whole language, with some of it cut out, put in or said twice.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..30_usize, piece(), any::<bool>());
    let whole = prop::sample::select(vec![WHOLE, FULLER]);
    (whole, prop::collection::vec(edit, 1..6)).prop_map(|(whole, edits)| {
        let mut text: Vec<char> = whole.chars().collect();
        for (at, length, piece, twice) in edits {
            let from = at.index(text.len().max(1)).min(text.len());
            let until = (from + length).min(text.len());
            let kept: Vec<char> = if twice { text[from..until].to_vec() } else { Vec::new() };
            let new = kept.iter().copied().chain(piece.chars()).chain(kept.iter().copied());
            let new: Vec<char> = new.collect();
            text.splice(from..until, new);
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn pieces(pieces in prop::collection::vec(piece(), 0..60)) {
        read(pieces.concat().as_bytes());
    }

    #[test]
    fn a_scenario_with_something_wrong(text in mutated()) {
        read(text.as_bytes());
    }

    #[test]
    fn a_dialogue_of_anything(text in r"[ab<>#/(${}. \tü\\]{0,30}") {
        let lines = format!("topology: {{single: 1}}\nprocesses: {{a: {{host: h1, run: cat}}}}\nsteps:\n  - dialogue: |\n      a> x\n      {text}\n");
        read(lines.as_bytes());
    }

    #[test]
    fn a_command_of_anything(text in r#"[ab'"\\$\{\}. ü]{0,30}"#) {
        let quoted = serde_json::to_string(&text).unwrap_or_default();
        let file = format!("topology: {{single: 1}}\nprocesses: {{a: {{host: h1, run: {quoted}}}}}\n");
        read(file.as_bytes());
    }
}

/// Prefixes: what an editor sees while somebody types.
#[test]
fn beginnings_of_a_scenario() {
    for whole in [WHOLE, FULLER] {
        for end in (0..whole.len()).step_by(7).filter(|end| whole.is_char_boundary(*end)) {
            read(&whole.as_bytes()[..end]);
        }
    }
}

/// Where values stand: behind `: `, up to the end of a list, or of the line or the mapping.
fn values(text: &str) -> Vec<std::ops::Range<usize>> {
    let starts = text.match_indices(": ").map(|(at, colon)| at + colon.len());
    let value = |start: usize| {
        let rest = &text[start..];
        let length = match rest.starts_with('[') {
            true => rest.find(']').map(|end| end + 1),
            false => rest.find(['\n', ',', '}']),
        };
        start..start + length.unwrap_or(rest.len())
    };
    starts.map(value).collect()
}

/// What comes of a list with nothing in it is an error, or there are as many steps and checks.
#[test]
fn an_empty_list_makes_nothing_vanish() {
    for text in [WHOLE, FULLER] {
        let count = |text: &str| {
            let source = Source { path: "lab/scenario.yaml".into(), text: text.to_owned() };
            let scenario = parse_scenario(source, &support::test_lab(), &support::files).ok()?;
            let plan = scenario.plans(&PlanOptions::default()).ok()?.into_iter().next()?;
            Some((plan.steps.len(), plan.checks.len()))
        };
        let expected = count(text);
        assert!(expected.is_some());
        for range in values(text) {
            let emptied = format!("{}[]{}", &text[..range.start], &text[range.end..]);
            let counted = count(&emptied);
            assert!(counted.is_none() || counted == expected, "{}", &text[range]);
        }
    }
}
