//! The table of all diagnostics: a stable code, what it is about, and an
//! explanation for whoever wants to know more.
//!
//! Each has an example, `examples/CODE.yaml`: a scenario that gets it, after a
//! line `# wrong`, and one that does not, after a line `# mended`. Those of `E06` and
//! `W06` are test files.
//!
//! Codes are never reused or renumbered; new ones take the next free number of
//! their group. `E00` files, `E01` the shape of the file, `E02` values, `E03`
//! names, `E04` networks, `E05` the course of events, `E06` test files that are
//! imported, `W` warnings.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($code:literal $name:ident $title:literal $explanation:literal;)*) => {
        /// The kind of a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`: ", $title, ".")] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it is shown: `E0105`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it is about, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Some sentences for somebody who met it and wonders.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }

            /// The file beside this module that shows it.
            pub(crate) fn example_file(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("examples/", $code, ".yaml")),)*
                }
            }
        }
    };
}

codes! {
    "E0001" CannotRead "a file that cannot be read"
        "The file does not exist, or may not be read by you.";
    "E0002" IsDirectory "a folder where a file should be"
        "A scenario, a topology or a lab.yaml is one file.";
    "E0003" NotUtf8 "a file that is not text"
        "Scenario files are UTF-8. The message says where the first other byte stands.";
    "E0004" TooLarge "a file that is too large"
        "No scenario written by a person comes near the limit; this is probably another file.";
    "E0005" Empty "an empty file"
        "The file holds nothing, or only comments.";

    "E0101" Syntax "not YAML"
        "The file breaks the rules of YAML itself. Only the first such error can be found; the others of the file show once it is mended.";
    "E0102" TooComplex "too many or too deeply nested values"
        "A file may hold some 20000 values, counting each use of an alias, nested at most 64 deep. This stops files made to exhaust the machine.";
    "E0103" SeveralDocuments "more than one YAML document in a file"
        "One file holds one scenario: `---` may stand only at its beginning.";
    "E0104" DuplicateKey "a key that stands twice in one mapping"
        "YAML would silently take one of the two. Names of processes, hosts and variables are keys too.";
    "E0105" UnknownKey "a key that is not known here"
        "Keys that mean nothing are refused, since they are nearly always mistyped ones.";
    "E0106" MissingKey "a key that must be given"
        "Some keys have no sensible default, such as the host of a process.";
    "E0107" WrongType "a value of another kind than is wanted"
        "A list stands where a mapping is wanted, for example, or a text where a number is.";
    "E0108" NotSupported "a part of YAML that is not used here"
        "Tags other than `!!str` and merge keys (`<<`) are refused: they would let a scenario mean something else than a reader sees.";
    "E0109" OneVerb "not exactly one verb"
        "Each item of `steps` does one thing: it is a mapping with one key, the verb, such as `- send: {…}`. Likewise a check states one thing, and `ready` waits for one.";

    "E0201" Duration "not a duration"
        "A duration has a unit, `us`, `ms`, `s`, `m` or `h`: `300ms`, `1.5s`, `2m`.";
    "E0202" Number "not a number, or one out of range"
        "The message says which numbers are possible.";
    "E0203" Signal "not a signal"
        "A signal is given by name (`SIGTERM`, `TERM`) or by number (1 to 64).";
    "E0204" Key "not a key"
        "Keys are written `^C` for Ctrl-C, or `enter`, `tab`, `escape`, `backspace`.";
    "E0205" Boolean "neither `true` nor `false`"
        "`yes`, `no`, `on` and `off` are texts, as in YAML 1.2.";
    "E0206" BadName "a text that cannot be a name"
        "Names of processes and variables start with a letter and go on with letters, digits, `-` and `_`.";
    "E0207" Address "not an address"
        "An address is written `10.0.0.1/24`, a gateway `10.0.0.254`, a hardware address `00:00:00:00:00:01`.";
    "E0208" Words "a command line that cannot be split into words"
        "`run` is split into words as a shell would, with quotes and backslashes, but by labrun itself. Where a shell is wanted, use `shell`.";
    "E0209" EmptyPattern "a pattern that is empty"
        "Nothing at all is found everywhere, and so is an expression that can match nothing at all, such as `/x*/`. To wait for any output, use `/./`.";
    "E0210" Regex "not a regular expression"
        "Patterns between slashes are regular expressions in the syntax of Rust's `regex` crate: like Perl's, without look-around and back-references. Flags stand inside: `/(?i)error/`.";
    "E0211" LineTooLong "a line longer than a terminal takes"
        "A terminal in its usual mode cuts a typed line at 4095 bytes, silently. Give the process `stdio: pipe` to send longer ones.";
    "E0212" Choice "a word that is none of those possible"
        "The message lists the words that are.";
    "E0213" EmptyValue "an empty value where something must be"
        "A command line without a program, a list of nobody, a matrix key without values and the like.";
    "E0214" Contradiction "values that cannot hold together"
        "For example `at_least` above `at_most`, or `jitter` without `delay`.";
    "E0215" ExpansionTooLarge "what grows too large when it is filled in"
        "Variables that use variables that use variables can grow without bound, and so can a `repeat` in each combination of a matrix. A filled-in text may have 64 KiB, all together 256 MiB; all combinations together may have 500000 steps, checks, processes and hosts.";
    "E0216" Comparison "a comparison that cannot be made"
        "`assert` compares two values with one of < <= > >= == !=. Numbers compare by size, in any unit of their kind: `300 ms`, `0.3 s`; texts are equal or not.";

    "E0301" UnknownHost "a host or switch that is not in the topology"
        "Hosts are those of the scenario's `topology`.";
    "E0302" UnknownProcess "a process that is not among `processes`"
        "Steps and checks name processes by their key under `processes`.";
    "E0303" UnknownVariable "a `${…}` that nothing is known of"
        "`${…}` knows the scenario's `vars` and `matrix`, what steps saved, the number of a turn (`as`), `${i}` in a group, `${HOST.ip}`, `${HOST.broadcast}`, `${HOST.mac}`, `${HOST.interface}`, `${program.ROLE}`, `${run.dir}`, `${run.repetition}` and `${seed}`. `$${` stands for `${` itself.";
    "E0304" UnknownRole "a program role that the lab does not have"
        "Roles are the keys of `programs` in lab.yaml; `--program ROLE=COMMAND` replaces one.";
    "E0305" Cycle "variables that use each other in a circle"
        "Variables may use other variables, but none may need itself.";
    "E0306" Template "a `${…}` that is not well formed"
        "`${` must be followed by a name and `}`. `$${` stands for `${` itself.";
    "E0307" NameTaken "a name that is used twice"
        "Within a file, processes have different names, and so have variables and matrix keys together. A list of processes names each once.";
    "E0308" UnknownLabel "a label that no step gives"
        "A step `label: NAME` names a moment; checks look between such moments.";
    "E0309" UnknownInterface "an interface that the host does not have"
        "Interfaces are called `h1-eth0`, `h1-eth1`, … after their host, one for each of its links in order; every host has `lo` as well.";
    "E0310" UnknownCapture "a capture that is not among `captures`"
        "Checks name captures by their key under `captures`.";

    "E0401" UnknownTopology "a topology that cannot be found"
        "A bare name stands for `topologies/NAME.yaml` in the lab's folder or any above it; anything with a slash or ending in `.yaml` is a path from the scenario's folder.";
    "E0402" Network "a network that cannot be built"
        "Two nodes of one name, links to nodes that are not there, the same address twice, and the like.";
    "E0403" NoLink "nodes that no link joins"
        "A `link` step cuts or mends a link of the topology: both nodes must be its ends.";
    "E0404" Backend "a backend that cannot build this network"
        "Open vSwitch and custom topologies in Python need the Mininet backend.";

    "E0501" NotStarted "a process that is used but not started by then"
        "Once a scenario has a `start` step, only those processes run that are started. Without any, all are started before the first step.";
    "E0502" StartedTwice "a process that is started while it runs"
        "A process can be started again once it has ended: after `stop` or `kill`, after `host: … down`, or when an `exit` step saw its end. `restart` ends it itself.";
    "E0503" HasEnded "a process that has ended by then"
        "After `stop`, `kill`, `exit` or `host: … down` a process reads nothing and gets no signals, until it is started again.";
    "E0504" DialogueLine "a line of a dialogue that cannot be read"
        "A line of a dialogue is `who> text` (typed), `who< text` (must come out) or `who!< text` (must not, before the next); a line that begins with `#` is a comment.";

    "E0505" NotSaved "a saved value that is not known by then"
        "`save` in a step names what it found; `${NAME}` is known to the steps after it, to processes that are started after it, and to the checks.";
    "E0506" NothingBetween "a `!<` that nothing follows"
        "`who!< text` says what may not come out before the next line of that process comes: so a `who<` line must follow it in the same dialogue.";

    "E0601" Json "not JSON"
        "The file breaks the rules of JSON. Only the first such error can be found; the others of the file show once it is mended.";
    "E0602" Command "a command that cannot be imported"
        "The commands of a test file are texts such as `WAIT 0.25`. What is not understood is refused, since a scenario that leaves it out would test something else.";
    "E0603" NobodyListens "a port that nobody listens on by then"
        "Who connects to a port needs a server that was launched before and listens on it.";

    "W0001" NeverStarted "a process that is never started"
        "The scenario has `start` steps, but none for this process.";
    "W0002" ShellSyntax "shell syntax in a `run`"
        "`run` gives its words to the program as they are. Use `shell` for pipes, redirections and `&&`.";
    "W0003" TooSlow "pauses longer than the scenario's timeout"
        "The `wait` and `silence` steps alone take longer than the whole run may.";
    "W0004" Unused "something that has no effect"
        "It was probably meant for something.";
    "W0005" NothingTold "a scenario without steps and checks"
        "Its processes are started, waited for and ended; whatever else they do, it passes. Steps and checks say what must happen.";
    "W0006" OneTry "a `retry` that tries only once"
        "What waits inside of it takes as long as all tries together may, so that there is no second one. Give it a `within` that is shorter than that of the `retry`.";
    "W0007" LooksLikeFlags "a text that looks like a regular expression with flags"
        "`/error/i` is a literal text, slashes and all. Flags stand inside of the expression: `/(?i)error/`.";
    "W0008" StartedAgain "a `repeat` that starts what may run still"
        "A process that runs cannot be started. If it ends by itself in each turn, wait for that with `exit`; else end it with `stop`, or start it before the `repeat`.";
    "W0601" NotCompared "something of a test file that the scenario does not check"
        "What a test file says, but its own runner never looks at, is named and left out.";
}

impl Code {
    /// Whether it is only a warning.
    #[must_use]
    pub fn is_warning(self) -> bool {
        self.as_str().starts_with('W')
    }

    /// Whether it is about test files that are imported: its example is one of
    /// those, and not a scenario.
    #[must_use]
    pub fn is_of_imports(self) -> bool {
        self.as_str()[1..].starts_with("06")
    }

    /// The code that is written so, in either case.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_found_by_name() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert_eq!(Code::named("e0105"), Some(Code::UnknownKey));
        assert_eq!(Code::named("E9999"), None);
    }
}
