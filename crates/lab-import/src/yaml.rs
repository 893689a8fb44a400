//! Writes a draft as a scenario in YAML, as a person would.

mod scalar;

use std::time::Duration;

use scalar::{Context, argument, comment, literal, scalar};

use crate::{Answer, Draft, Expected, Line, Process, Ready, Scalar, Step};

/// Columns that a line should keep to.
const WIDTH: usize = 96;

impl Draft {
    /// The scenario. Lines are ended by line feeds, the last one too.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut page = Page::default();
        for remark in &self.remarks {
            page.comment(0, remark);
        }
        page.line(0, &format!("name: {}", scalar(&self.name, Context::Block)));
        self.network(&mut page);
        if let Some(within) = self.within {
            page.blank();
            page.line(0, &format!("defaults: {{within: {}}}", duration(within)));
        }
        if !self.processes.is_empty() {
            page.blank();
            page.line(0, "processes:");
            for process in &self.processes {
                write_process(process, &mut page);
            }
        }
        if !self.steps.is_empty() {
            page.blank();
            page.line(0, "steps:");
            for step in &self.steps {
                write_step(step, &mut page);
            }
        }
        page.text
    }

    fn network(&self, page: &mut Page) {
        page.line(0, "topology:");
        let hosts = self.processes.iter().map(|process| format!("{}: {{}}", process.name));
        page.flow(2, "hosts: {", hosts.collect(), "}");
        page.flow(2, "switches: [", self.switches.clone(), "]");
        if self.links.is_empty() {
            return;
        }
        page.line(2, "links:");
        for link in &self.links {
            let [one, other] = &link.between;
            page.line(4, &format!("- {{between: [{one}, {other}]}}"));
        }
    }
}

/// The text so far.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A comment, in as many lines as it takes.
    fn comment(&mut self, indent: usize, text: &str) {
        let text = comment(text);
        let mut line = "#".to_owned();
        for word in text.split_whitespace() {
            if line.len() > 1 && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(indent, &line);
                line.truncate(1);
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(indent, &line);
    }

    /// A collection in flow style, in as many lines as it takes.
    fn flow(&mut self, indent: usize, open: &str, items: Vec<String>, close: &str) {
        let mut line = open.to_owned();
        let mut indent_now = indent;
        let count = items.len();
        for (at, item) in items.into_iter().enumerate() {
            let end = if at + 1 == count { close } else { "," };
            let glue = if at == 0 || line.is_empty() { "" } else { " " };
            let length =
                indent_now + line.chars().count() + glue.len() + item.chars().count() + end.len();
            if at > 0 && length > WIDTH {
                self.line(indent_now, &line);
                line.clear();
                indent_now = indent + 4;
                line.push_str(&item);
            } else {
                line.push_str(glue);
                line.push_str(&item);
            }
            if at + 1 < count {
                line.push(',');
            }
        }
        line.push_str(close);
        self.line(indent_now, &line);
    }
}

fn write_process(process: &Process, page: &mut Page) {
    let Process { name, role, arguments, ready, remark } = process;
    if let Some(remark) = remark {
        page.comment(2, remark);
    }
    page.line(2, &format!("{name}:"));
    page.line(4, &format!("host: {name}"));
    let mut run = format!("${{program.{role}}}");
    for word in arguments {
        run.push(' ');
        run.push_str(&argument(word));
    }
    page.line(4, &format!("run: {}", scalar(&run, Context::Block)));
    let ready = match ready {
        Ready::Listens(port) => format!("tcp: {port}"),
        Ready::Says(text) => format!("output: {}", scalar(&literal(text), Context::Flow)),
    };
    page.line(4, &format!("ready: {{{ready}}}"));
}

fn write_step(step: &Step, page: &mut Page) {
    match step {
        Step::Remark(text) => {
            if !page.text.ends_with("steps:\n") {
                page.blank();
            }
            page.comment(2, text);
        }
        Step::Start(names) => match names.as_slice() {
            [one] => page.line(2, &format!("- start: {one}")),
            _ => page.flow(2, "- start: [", names.clone(), "]"),
        },
        Step::Talk(lines) => write_talk(lines, page),
        Step::Ask { of, line, answer } => write_ask(of, line, answer, page),
    }
}

/// A dialogue, unless some text could not be read back from one.
fn write_talk(lines: &[Line], page: &mut Page) {
    let parts = || {
        lines.iter().map(|line| match line {
            Line::Typed(who, text) => (who, '>', text),
            Line::Heard(who, text) => (who, '<', text),
        })
    };
    if !parts().all(|(_, _, text)| scalar::fits_dialogue(text)) {
        for line in lines {
            let quoted = |text: &str| scalar(&literal(text), Context::Flow);
            page.line(
                2,
                &match line {
                    Line::Typed(to, text) => {
                        format!("- send: {{to: {to}, line: {}}}", quoted(text))
                    }
                    Line::Heard(from, text) => {
                        format!("- expect: {{from: {from}, output: {}}}", quoted(text))
                    }
                },
            );
        }
        return;
    }
    page.line(2, "- dialogue: |");
    let widest = parts().map(|(who, ..)| who.len()).max().unwrap_or_default();
    for (who, marker, text) in parts() {
        let gap = " ".repeat(widest - who.len());
        page.line(6, &format!("{who}{marker}{gap} {}", literal(text)));
    }
}

fn write_ask(of: &str, line: &str, answer: &[Answer], page: &mut Page) {
    let line = scalar(&literal(line), Context::Flow);
    if let [Answer { path, expected: Expected::Numbers(_) }] = answer {
        let numbers = items(&answer[0].expected).join(", ");
        let short = format!("- ask: {{of: {of}, line: {line}, json: {{{path}: [{numbers}]}}}}");
        if 2 + short.len() <= WIDTH {
            page.line(2, &short);
            return;
        }
    }
    page.line(2, "- ask:");
    page.line(6, &format!("of: {of}"));
    page.line(6, &format!("line: {line}"));
    page.line(6, "json:");
    for Answer { path, expected } in answer {
        match expected {
            Expected::Like(_) => {
                page.line(8, &format!("{path}:"));
                page.line(10, "contains:");
                for item in items(expected) {
                    page.line(12, &format!("- {item}"));
                }
            }
            _ => page.flow(8, &format!("{path}: ["), items(expected), "]"),
        }
    }
}

/// What is expected, an item each, in flow style.
fn items(expected: &Expected) -> Vec<String> {
    let text = |text: &str| scalar(&literal(text), Context::Flow);
    match expected {
        Expected::Numbers(numbers) => numbers.iter().map(u32::to_string).collect(),
        Expected::Texts(texts) => texts.iter().map(|item| text(item)).collect(),
        Expected::Like(maps) => {
            let entry = |(key, value): &(String, Scalar)| match value {
                Scalar::Number(number) => format!("{key}: {number}"),
                Scalar::Text(value) => format!("{key}: {}", text(value)),
            };
            let map = |entries: &Vec<_>| {
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            };
            maps.iter().map(map).collect()
        }
    }
}

/// `20s`, `1500ms`.
fn duration(time: Duration) -> String {
    match time.subsec_nanos() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_micros().div_ceil(1000)),
    }
}
