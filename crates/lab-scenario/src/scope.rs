//! What is known at some point of a file: variables, hosts, roles.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use crate::check::NUMBER;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::interpolate::{Attribute, Name};
use crate::source::Span;
use crate::suggest;
use crate::topology::{Network, NodeKind};

/// What `${…}` and names of hosts can refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope<'a> {
    /// Variables and matrix keys, with the places where they are defined.
    pub(crate) variables: HashMap<String, Span>,
    /// The network, if it is known before it is built.
    pub(crate) network: Option<&'a Network>,
    /// Whether nothing was wrong with the topology. Else links of the network may
    /// be missing that the author wrote.
    pub(crate) topology_is_whole: bool,
    /// Names of the roles that the lab has; `None` where none can be used.
    pub(crate) roles: Option<Vec<&'a str>>,
    /// Those variables that something has referred to.
    pub(crate) used: RefCell<HashSet<String>>,
    /// Names of numbers that are known here: `i` of a group, those of `repeat`s.
    pub(crate) numbers: RefCell<Vec<String>>,
    /// Names that steps save, and where.
    pub(crate) saves: HashMap<String, Span>,
    /// Those of them that steps so far have saved.
    pub(crate) saved: RefCell<HashSet<String>>,
    /// Those that something refers to which stands before the steps.
    pub(crate) awaited: RefCell<Vec<(String, Span)>>,
    /// Whether what is read now stands before the steps, or after them.
    pub(crate) stage: Cell<Stage>,
    /// Whether what is read now is for a shell, which has its own `${…}`.
    pub(crate) in_shell: Cell<bool>,
    /// How many regular expressions were compiled to see how large they are.
    pub(crate) compiled: Cell<u32>,
}

/// What of a file is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// What must be known before the run: variables, times, the network.
    #[default]
    Before,
    /// Processes: they are started by steps, when more may be known.
    Processes,
    /// Steps: what those before have saved is known.
    Steps,
    /// Checks: what any step has saved is known.
    Checks,
}

type Resolved = Result<Name, Box<Diagnostic>>;

impl Scope<'_> {
    /// What a name between `${` and `}` refers to.
    pub(crate) fn resolve(&self, name: &str, span: Span) -> Resolved {
        if name == "seed" {
            return Ok(Name::Seed);
        }
        if self.numbers.borrow().iter().any(|known| known == name) {
            return Ok(Name::Number(name.to_owned()));
        }
        if self.variables.contains_key(name) {
            self.used.borrow_mut().insert(name.to_owned());
            return Ok(Name::Variable(name.to_owned()));
        }
        if let Some(saved) = self.saves.get(name) {
            return self.resolve_saved(name, span, *saved);
        }
        if let Some(role) = name.strip_prefix("program.") {
            return self.resolve_role(role, span);
        }
        match name.rsplit_once('.') {
            Some(("run", "dir")) => Ok(Name::RunDir),
            Some(("run", "repetition")) => Ok(Name::Repetition),
            Some((host, attribute)) => self.resolve_host(name, host, attribute, span),
            None => Err(Box::new(self.unknown(name, span))),
        }
    }

    /// What a step saves can be used once it has.
    fn resolve_saved(&self, name: &str, span: Span, saved: Span) -> Resolved {
        let too_early = |message: String| {
            let diagnostic = Diagnostic::new(Code::NotSaved, span, message);
            Err(Box::new(diagnostic.secondary(saved, "it is saved here")))
        };
        match self.stage.get() {
            Stage::Before => {
                return too_early(format!("`${{{name}}}` is known only once the steps are played"));
            }
            Stage::Steps if !self.saved.borrow().contains(name) => {
                return too_early(format!("`${{{name}}}` is not saved by then"));
            }
            Stage::Processes => self.awaited.borrow_mut().push((name.to_owned(), span)),
            Stage::Steps | Stage::Checks => {}
        }
        self.used.borrow_mut().insert(name.to_owned());
        Ok(Name::Saved(name.to_owned()))
    }

    fn resolve_role(&self, role: &str, span: Span) -> Resolved {
        let roles = self.roles.as_deref().unwrap_or_default();
        if roles.contains(&role) {
            return Ok(Name::Program(role.to_owned()));
        }
        let message = format!("the lab has no program `{role}`");
        let diagnostic = Diagnostic::new(Code::UnknownRole, span, message);
        Err(Box::new(if roles.is_empty() {
            diagnostic.help(format!(
                "name it in lab.yaml, beside the scenario: `programs: {{{role}: …}}`"
            ))
        } else {
            diagnostic.maybe_help(suggest::help(role, roles.iter().copied(), "lab's programs"))
        }))
    }

    fn resolve_host(&self, name: &str, host: &str, attribute: &str, span: Span) -> Resolved {
        let known = Attribute::named(attribute);
        let Some(network) = self.network else {
            return match known {
                Some(attribute) if is_word(host) => Ok(Name::Host(host.to_owned(), attribute)),
                _ => Err(Box::new(self.unknown(name, span))),
            };
        };
        let Some(node) = network.node(host) else {
            if known.is_none() {
                return Err(Box::new(self.unknown(name, span)));
            }
            return Err(Box::new(unknown_host(host, span, network)));
        };
        let Some(attribute) = known else {
            let message = format!("a host has no `{attribute}`");
            let help = suggest::help(attribute, Attribute::NAMES, "things known of a host");
            return Err(Box::new(
                Diagnostic::new(Code::UnknownVariable, span, message).maybe_help(help),
            ));
        };
        if let NodeKind::Switch(_) = node.kind {
            let message = format!("`{host}` is a switch and has no address");
            return Err(Box::new(Diagnostic::new(Code::UnknownHost, span, message)));
        }
        let index = network.nodes.iter().position(|other| other.name == host);
        let has_address =
            index.is_some_and(|index| network.ends_of(index).any(|end| end.ip.is_some()));
        if self.topology_is_whole && !has_address {
            let message = format!("`{host}` has no address: no link reaches it");
            return Err(Box::new(Diagnostic::new(Code::UnknownHost, span, message)));
        }
        Ok(Name::Host(host.to_owned(), attribute))
    }

    fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        if !name.split('.').all(is_word) {
            let message = match name {
                "" => "`${}` names nothing".to_owned(),
                _ => format!("`{name}` is not a name"),
            };
            return Diagnostic::new(Code::Template, span, message)
                .help("write `$${` for the characters `${` themselves");
        }
        let message = format!("nothing is known of `${{{name}}}`");
        let diagnostic = Diagnostic::new(Code::UnknownVariable, span, message);
        if name == NUMBER && self.stage.get() == Stage::Checks {
            return diagnostic.label("a check says the same of each member").help(
                "make a check for each member, such as `in: users-1` with its number; or expect it in a step, where `${i}` is known",
            );
        }
        if self.network.is_some_and(|network| network.node(name).is_some()) {
            return diagnostic.help(format!("for the address of the host write `${{{name}.ip}}`"));
        }
        let mut known: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        known.sort_unstable();
        let mut saved: Vec<&str> = self.saves.keys().map(String::as_str).collect();
        saved.sort_unstable();
        known.extend(saved);
        known.extend(["seed", "run.dir", "run.repetition"]);
        let meant = suggest::nearest(name, known);
        let diagnostic = diagnostic.help(match meant {
            Some(meant) => format!("did you mean `${{{meant}}}`?"),
            None => format!("add it to `vars`: `vars: {{{name}: …}}`"),
        });
        let shells = format!("write `$${{{name}}}` for a variable of the shell's own");
        diagnostic.maybe_help(self.in_shell.get().then_some(shells))
    }
}

/// A host or switch that is not in the network.
pub(crate) fn unknown_host(host: &str, span: Span, network: &Network) -> Diagnostic {
    let names = network.hosts().map(|(_, node)| node.name.as_str());
    Diagnostic::new(Code::UnknownHost, span, format!("there is no host `{host}`"))
        .maybe_help(suggest::help(host, names, "hosts"))
}

/// Whether a text can be the name of a process, variable or role.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && text.len() <= 63
}
