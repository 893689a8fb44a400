//! A lab: what the scenarios of a folder share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::check::{environment, name, requirement, value};
use crate::codes::Code;
use crate::decode::Decode;
use crate::diagnostic::{Diagnostic, Diagnostics, Sink};
use crate::interpolate::{Content, Name};
use crate::raw::RawLab;
use crate::scope::Scope;
use crate::source::{Source, SourceId, Sources};
use crate::template::{Part, Reference, Template};
use crate::text::Text;
use crate::words;
use crate::yaml;

const EMPTY_HINT: &str = "write `name: …`, or remove the file: a lab needs none";

/// What `lab.yaml` says; or nothing, for a scenario without one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lab {
    /// The name of its folder.
    pub id: String,
    /// Its folder, absolute: that of its scenarios.
    pub directory: PathBuf,
    /// What it is about, in a few words; the name of the folder if not given.
    pub title: String,
    /// More about it.
    pub description: Option<String>,
    /// A shell's command line, run in the folder once before the scenarios.
    pub build: Option<String>,
    /// Folders searched for programs before those of `PATH`, absolute.
    pub path: Vec<PathBuf>,
    /// Roles and the command lines that play them.
    pub programs: BTreeMap<String, String>,
    /// Variables for every process.
    pub env: Vec<(String, Template)>,
    /// Programs and abilities of the machine without which it is skipped.
    pub requires: Vec<String>,
    /// What its scenarios share beside this file.
    pub share: Share,
    /// Its scenario files, in order, if it names them.
    pub scenarios: Option<Vec<String>>,
}

/// What the scenarios of a lab share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Share {
    /// Each has a network of its own.
    #[default]
    Nothing,
    /// Those with the same topology use one network, one after the other.
    Topology,
}

impl Lab {
    /// The lab of a folder without `lab.yaml`.
    #[must_use]
    pub fn bare(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let id = directory.file_name().map(|name| name.to_string_lossy().into_owned());
        let id = id.unwrap_or_else(|| "lab".to_owned());
        Self { title: id.clone(), id, directory, ..Self::default() }
    }

    /// The scenario files among those of its folder, in the order in which
    /// they run: as `scenarios` says, else all `*.yaml` but `lab.yaml`, by name.
    #[must_use]
    pub fn scenario_files(&self, in_folder: &[String]) -> Vec<String> {
        if let Some(scenarios) = &self.scenarios {
            return scenarios.clone();
        }
        let is_scenario = |name: &&String| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
                && !matches!(name.as_str(), "lab.yaml" | "lab.yml")
                && !name.starts_with('.')
        };
        let mut files: Vec<String> = in_folder.iter().filter(is_scenario).cloned().collect();
        files.sort();
        files
    }
}

/// Reads a `lab.yaml`. `directory` is its folder, absolute.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_lab(source: Source, directory: impl Into<PathBuf>) -> Result<Lab, Diagnostics> {
    let mut sink = Sink::default();
    let mut sources = Sources::default();
    let id = sources.add(source);
    let lab = read(&sources, id, Lab::bare(directory), &mut sink);
    match lab {
        Some(lab) if !sink.has_errors() => Ok(lab),
        _ => Err(sink.finish(sources)),
    }
}

fn read(sources: &Sources, id: SourceId, bare: Lab, sink: &mut Sink) -> Option<Lab> {
    let node = yaml::parse(&sources.get(id).text, id, EMPTY_HINT, sink)?;
    let raw = RawLab::decode(&node, sink)?;
    let env = environment(raw.env.as_ref(), &Scope::default(), sink);
    let env = env.into_iter().map(|(name, draft)| {
        let part = |content: &Content| match content {
            Content::Literal(text) => Part::Text(text.clone()),
            Content::Name(Name::RunDir) => Part::Late(Reference::RunDir),
            Content::Name(Name::Repetition) => Part::Late(Reference::Repetition),
            Content::Name(other) => Part::Text(format!("${{{other}}}")),
        };
        let parts = draft.pieces.iter().map(|piece| part(&piece.content)).collect();
        (name, Template::from_parts(parts))
    });
    let env = env.collect();
    for text in raw.requires.iter().flat_map(|list| &list.0) {
        requirement(text, sink);
    }
    let mut programs = BTreeMap::new();
    for (role, command) in raw.programs.iter().flat_map(|named| &named.0) {
        name(role, "a program", sink);
        let Some(command) = command else { continue };
        if let Err(message) = check_command(&command.value) {
            sink.report(Diagnostic::new(Code::Words, command.span, message));
        }
        programs.insert(role.value.clone(), command.value.clone());
    }
    for file in raw.scenarios.iter().flat_map(|list| &list.0) {
        if file.value.contains('/') {
            let message = "the scenarios of a lab are files of its own folder";
            sink.report(Diagnostic::new(Code::BadName, file.span, message));
        }
    }
    let texts = |list: &[Text]| list.iter().map(|text| text.value.clone()).collect::<Vec<_>>();
    let path = raw.path.as_ref().map(|list| texts(&list.0)).unwrap_or_default();
    Some(Lab {
        title: raw.name.as_ref().map_or_else(|| bare.title.clone(), |name| name.value.clone()),
        description: raw.description.as_ref().map(|text| text.value.trim_end().to_owned()),
        build: raw.build.as_ref().map(|text| text.value.clone()),
        path: path.iter().map(|folder| bare.directory.join(folder)).collect(),
        programs,
        env,
        requires: raw.requires.as_ref().map(|list| texts(&list.0)).unwrap_or_default(),
        share: value(raw.share.as_ref(), sink).unwrap_or_default(),
        scenarios: raw.scenarios.as_ref().map(|list| texts(&list.0)),
        ..bare
    })
}

/// Whether a role can be played by a command line.
pub(crate) fn check_command(line: &str) -> Result<(), String> {
    match words::split_plain(line) {
        Ok(words) if words.is_empty() => Err("a command line without a program".to_owned()),
        Ok(_) => Ok(()),
        Err(reason) => Err(format!("the command line cannot be split into words: {reason}")),
    }
}
