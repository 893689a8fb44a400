//! Who there is: processes and groups of them, by name.

use std::collections::HashMap;
use std::ops::Range;

use super::Checker;
use crate::codes::Code;
use crate::decode::Named;
use crate::diagnostic::Diagnostic;
use crate::plan::ProcessId;
use crate::raw::RawProcess;
use crate::source::Span;
use crate::suggest;
use crate::text::Text;
use crate::typed::Fixed;
use crate::values::Members;

/// The most processes of a scenario.
const MAX_PROCESSES: usize = 1000;

/// The name of a member's number in its group: `${i}`.
pub(crate) const NUMBER: &str = "i";

/// The processes of a scenario, by number and by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Cast {
    people: Vec<Person>,
    by_name: HashMap<String, Entry>,
}

/// A process as others refer to it.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    /// Where it is defined.
    pub(super) span: Span,
    /// Its number in its group.
    pub(super) member: Option<u32>,
}

#[derive(Debug, Clone)]
struct Entry {
    ids: Range<usize>,
    is_group: bool,
    span: Span,
}

/// Processes that a name stands for.
pub(super) struct Targets {
    pub(super) ids: Vec<ProcessId>,
    /// Whether `${i}` means something in what is said to them.
    pub(super) numbered: bool,
}

impl Cast {
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    pub(super) fn person(&self, id: ProcessId) -> &Person {
        &self.people[id.0]
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ProcessId> + use<> {
        (0..self.people.len()).map(ProcessId)
    }

    /// The processes of that name: one, or all of a group.
    pub(super) fn find(&self, name: &str) -> Option<Targets> {
        let ids: Vec<ProcessId> = self.by_name.get(name)?.ids.clone().map(ProcessId).collect();
        let numbered = ids.first().is_some_and(|id| self.people[id.0].member.is_some());
        Some(Targets { ids, numbered })
    }

    /// Whether the name is that of a group.
    pub(super) fn is_group(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|entry| entry.is_group)
    }

    /// Who is in the group that a name of nobody is made of: `users-9`.
    fn members_of_group(&self, name: &str) -> Option<String> {
        let (group, number) = name.rsplit_once('-')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let entry = self.by_name.get(group).filter(|entry| entry.is_group && is_number)?;
        Some(match entry.ids.len() {
            1 => format!("`{group}` has 1 member, `{group}-1`"),
            members => {
                format!("`{group}` has {members} members, `{group}-1` to `{group}-{members}`")
            }
        })
    }

    /// Names as they stand in the file.
    fn written(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.people.iter().filter_map(move |person| {
            let name = match person.member {
                Some(_) => person.name.rsplit_once('-').map_or("", |(group, _)| group),
                None => person.name.as_str(),
            };
            (last.replace(name) != Some(name)).then_some(name)
        })
    }
}

impl Checker<'_> {
    /// Learns all names, also of processes that are wrong in themselves: whatever
    /// refers to them is then right.
    pub(super) fn cast(&mut self, raw: Option<&Named<RawProcess>>) {
        for (name, process) in raw.map_or(&[][..], |named| &named.0) {
            super::name(name, "a process", self.sink);
            let count = process.as_ref().and_then(|process| process.count.as_ref());
            match count {
                None => self.enter(name, None),
                Some(count) => {
                    let members = self.members(count).unwrap_or(1);
                    self.enter(name, Some(members));
                }
            }
        }
        if self.cast.len() > MAX_PROCESSES {
            let message = format!("more than {MAX_PROCESSES} processes");
            let span = self.cast.people.last().map(|person| person.span).unwrap_or_default();
            self.sink.report(Diagnostic::new(Code::TooComplex, span, message));
        }
    }

    fn members(&mut self, count: &Fixed<Members>) -> Option<u32> {
        if count.value.contains("${") {
            let message = "the size of a group is a plain number";
            self.sink.report(
                Diagnostic::new(Code::Number, count.span, message)
                    .help("who can be named in steps and checks must be known before"),
            );
            return None;
        }
        let members = self.value(Some(count))?;
        u32::try_from(members.0).ok()
    }

    fn enter(&mut self, name: &Text, members: Option<u32>) {
        let first = self.cast.len();
        let span = name.span;
        let taken = |taken: &Entry, name: &str| {
            Diagnostic::new(Code::NameTaken, span, format!("two processes are called `{name}`"))
                .secondary(taken.span, "first defined here")
        };
        let people: Vec<Person> = match members {
            None => vec![Person { name: name.value.clone(), span, member: None }],
            Some(members) => (1..=members)
                .map(|number| {
                    let name = format!("{}-{number}", name.value);
                    Person { name, span, member: Some(number) }
                })
                .collect(),
        };
        for (at, person) in people.into_iter().enumerate() {
            let entry = Entry { ids: first + at..first + at + 1, is_group: false, span };
            if let Some(other) = self.cast.by_name.insert(person.name.clone(), entry) {
                self.sink.report(taken(&other, &person.name));
            }
            self.cast.people.push(person);
        }
        if members.is_some() {
            let entry = Entry { ids: first..self.cast.len(), is_group: true, span };
            if let Some(other) = self.cast.by_name.insert(name.value.clone(), entry) {
                self.sink.report(taken(&other, &name.value));
            }
        }
    }

    /// The one process of a name.
    pub(super) fn process(&mut self, name: Option<&Text>) -> Option<ProcessId> {
        let name = name?;
        let targets = self.targets_at(&name.value, name.span)?;
        if self.cast.is_group(&name.value) {
            let message = format!("`{}` is a group of {}", name.value, targets.ids.len());
            self.sink.report(
                Diagnostic::new(Code::UnknownProcess, name.span, message)
                    .help(format!("one of it is `{}-1`", name.value)),
            );
            return None;
        }
        targets.ids.first().copied()
    }

    /// The processes of a name: one, or all of a group.
    pub(super) fn targets(&mut self, name: Option<&Text>) -> Option<Targets> {
        let name = name?;
        self.targets_at(&name.value, name.span)
    }

    /// Whom each of several names stands for, `None` where it is not known. Nobody is named
    /// twice, be it by a group's name.
    pub(super) fn each_of<'r>(
        &mut self,
        names: &'r [Text],
    ) -> Vec<Option<(&'r Text, Vec<ProcessId>)>> {
        let mut seen: HashMap<ProcessId, Span> = HashMap::new();
        let mut each = Vec::with_capacity(names.len());
        for name in names {
            let Some(Targets { mut ids, .. }) = self.targets(Some(name)) else {
                each.push(None);
                continue;
            };
            let twice = ids.iter().find_map(|id| Some((*id, *seen.get(id)?)));
            if let Some((id, first)) = twice {
                let message = format!("`{}` is named twice", self.cast.person(id).name);
                self.sink.report(
                    Diagnostic::new(Code::NameTaken, name.span, message)
                        .secondary(first, "first named here"),
                );
                ids.retain(|id| !seen.contains_key(id));
            }
            seen.extend(ids.iter().map(|id| (*id, name.span)));
            each.push(Some((name, ids)));
        }
        each
    }

    pub(super) fn targets_at(&mut self, name: &str, span: Span) -> Option<Targets> {
        if let Some(targets) = self.cast.find(name) {
            return Some(targets);
        }
        if !self.has_processes {
            return None;
        }
        let help = self.cast.members_of_group(name);
        let help = help.or_else(|| suggest::help(name, self.cast.written(), "processes"));
        let message = format!("there is no process `{name}`");
        self.sink.report(Diagnostic::new(Code::UnknownProcess, span, message).maybe_help(help));
        None
    }

    /// Reads something in which `${i}` may stand for a member's number.
    pub(super) fn with_number<T>(
        &mut self,
        numbered: bool,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if numbered {
            self.scope.numbers.borrow_mut().push(NUMBER.to_owned());
        }
        let result = read(self);
        if numbered {
            self.scope.numbers.borrow_mut().pop();
        }
        result
    }
}
