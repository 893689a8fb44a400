//! What a scenario that grows began with, as text: for who writes down what became of it.

use crate::diagnostic::Sink;
use crate::live::{Added, Live};
use crate::source::SourceId;
use crate::yaml::{self, Entry, Value};

/// Keys that say what happens, which is written anew; and the name, which is another.
const LEFT_OUT: [&str; 5] = ["name", "matrix", "processes", "steps", "checks"];

/// Parts of a scenario's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Whole lines with the topology, variables and so on; nothing for what is no scenario.
    pub head: String,
    /// The entry of each process, or group of processes, in whole lines that are indented by
    /// two blanks: its name, and the text.
    pub processes: Vec<(String, String)>,
}

impl Live {
    /// Parts of the scenario that this began with, as they were written. Values of a matrix
    /// become variables. There are none of a network that is no scenario.
    #[must_use]
    pub fn texts(&self) -> Texts {
        let text = &self.scenario.source().text;
        let mut texts = Texts::default();
        let node = yaml::parse(text, SourceId::default(), "", &mut Sink::default());
        let Some(Value::Map(entries)) = node.map(|node| node.value) else { return texts };
        if entries.iter().all(|entry| entry.key.value != "topology") {
            return texts;
        }
        let starts: Vec<usize> =
            entries.iter().map(|entry| line_start(text, entry.key.span.start)).collect();
        for (index, entry) in entries.iter().enumerate() {
            let key = entry.key.value.as_str();
            let end = starts.get(index + 1).copied().unwrap_or(text.len());
            if key == "processes" {
                texts.processes = entries_of(text, &entries, index);
            } else if !LEFT_OUT.contains(&key) {
                texts.head.push_str(text[starts[index]..end].trim_end());
                texts.head.push('\n');
            }
        }
        let variant = &self.plan.identity.variant;
        if !variant.is_empty() && entries.iter().all(|entry| entry.key.value != "vars") {
            texts.head.push_str("vars:\n");
            for (name, value) in variant {
                texts.head.push_str(&format!("  {name}: {value}\n"));
            }
        }
        texts
    }
}

/// The entries of the mapping `processes`, which is the one with that number, as text.
fn entries_of(text: &str, entries: &[Entry], index: usize) -> Vec<(String, String)> {
    let Value::Map(processes) = &entries[index].node.value else { return Vec::new() };
    let start = line_start(text, entries[index].key.span.start);
    let next = entries.get(index + 1);
    let end = next.map_or(text.len(), |entry| line_start(text, entry.key.span.start));
    let is_block = processes.iter().all(|process| line_start(text, process.key.span.start) > start);
    let entry = |(at, process): (usize, &Entry)| {
        let name = process.key.value.clone();
        let own = match (is_block, processes.get(at + 1)) {
            (false, _) => {
                let value = &text[process.node.span.start..process.node.span.end];
                format!("  {name}: {}\n", value.trim_end())
            }
            (true, next) => {
                let start = line_start(text, process.key.span.start);
                let end = next.map_or(end, |next| line_start(text, next.key.span.start));
                indented(&text[start..end])
            }
        };
        (name, own)
    };
    processes.iter().enumerate().map(entry).collect()
}

impl Added {
    fn entries(&self) -> Vec<Entry> {
        let node = yaml::parse(self.text(), SourceId::default(), "", &mut Sink::default());
        match node.map(|node| node.value) {
            Some(Value::Map(entries)) => entries,
            _ => Vec::new(),
        }
    }

    /// The entry of each process that it adds, as those of a scenario: [`Texts::processes`].
    #[must_use]
    pub fn processes_as_text(&self) -> Vec<(String, String)> {
        let entries = self.entries();
        let at = entries.iter().position(|entry| entry.key.value == "processes");
        at.map_or_else(Vec::new, |at| entries_of(self.text(), &entries, at))
    }

    /// The step that it adds, as it was typed; nothing if it adds processes.
    #[must_use]
    pub fn steps_as_text(&self) -> Option<String> {
        let adds_processes = self.entries().iter().any(|entry| entry.key.value == "processes");
        (!adds_processes).then(|| self.text().to_owned())
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Whole lines, moved so that the first is indented by two blanks. Comments at the end belong to
/// what follows.
fn indented(lines: &str) -> String {
    let own = lines.len() - lines.trim_start_matches(' ').len();
    let mut kept: Vec<&str> = lines.lines().collect();
    while kept.len() > 1
        && kept.last().is_some_and(|line| line.trim().is_empty() || line.trim().starts_with('#'))
    {
        kept.pop();
    }
    let moved = kept.iter().map(|line| match line.get(..own.min(line.len())) {
        Some(blank) if blank.trim().is_empty() && !line.trim().is_empty() => {
            format!("  {}\n", &line[blank.len()..])
        }
        _ => format!("{line}\n"),
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab;
    use crate::options::PlanOptions;
    use crate::source::Source;

    fn texts(text: &str) -> Texts {
        let source = Source { path: "x.yaml".into(), text: text.into() };
        let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let live = Live::of_file(source, &Lab::bare("/x"), &none, &PlanOptions::default(), false);
        live.unwrap().texts()
    }

    #[test]
    fn parts_as_they_were_written() {
        let text = "\
# about
name: old
topology:
  single: 2   # two

vars: {port: 7}
processes:
    web:
        host: h1
        run: \"x ${port}\"
    # the other
    db: {host: h2, run: y}
steps:
  - expect: {from: web, output: up}
";
        let texts = texts(text);
        assert_eq!(texts.head, "topology:\n  single: 2   # two\nvars: {port: 7}\n");
        let entries = [
            ("web".to_owned(), "  web:\n      host: h1\n      run: \"x ${port}\"\n".to_owned()),
            ("db".to_owned(), "  db: {host: h2, run: y}\n".to_owned()),
        ];
        assert_eq!(texts.processes, entries);
    }

    #[test]
    fn a_flow_mapping_and_a_matrix() {
        let text = "topology: {single: 1}\nmatrix: {n: [3, 4]}\nprocesses: {a: {host: h1, run: \"x ${n}\"}}\n";
        let texts = texts(text);
        assert_eq!(texts.head, "topology: {single: 1}\nvars:\n  n: 3\n");
        assert_eq!(
            texts.processes,
            [("a".to_owned(), "  a: {host: h1, run: \"x ${n}\"}\n".to_owned())]
        );
    }
}
