//! Steps: each a mapping with one key, the verb.

use std::time::Duration;

use super::{RawHostChange, RawLinkChange, RawNothing};
use crate::decode::{Decode, Named, NonEmpty, OneOrMany, choice, record, wrong_type};
use crate::defaults;
use crate::diagnostic::Sink;
use crate::plan::Signal;
use crate::schema::{self, Definitions};
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::values::{ExitCode, KeyByte, Times};
use crate::yaml::{Node, Value};

/// A step and its place.
#[derive(Debug, Clone)]
pub(crate) struct RawStep {
    /// As it is written.
    pub(crate) node: Node,
    /// What it says.
    pub(crate) verb: Option<RawVerb>,
}

impl Decode for RawStep {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        Some(Self { node: node.clone(), verb: RawVerb::decode(node, sink) })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        RawVerb::schema(definitions)
    }
}

choice! {
    /// One thing that happens. Its one key, the verb, says what.
    enum RawVerb as "a step" {
        /// Starts processes, one after the other, each when the one before is ready.
        Start(RawTargets) = "start",
        /// Asks processes to end, and kills those that have not after their grace.
        Stop(RawTargets) = "stop",
        /// Stops processes and starts them again.
        Restart(RawTargets) = "restart",
        /// Ends processes by SIGKILL, and waits until they are gone.
        Kill(RawTargets) = "kill",
        /// Types into a process.
        Send(RawSend) = "send",
        /// Typing and expecting, a line each: `who> text`, `who< text`, `who!< text`.
        Dialogue(RawDialogue) = "dialogue",
        /// Waits for output of a process.
        Expect(RawExpect) = "expect",
        /// Types a line until its answer is as it should be.
        Ask(RawAsk) = "ask",
        /// Nothing may come from a process for a while.
        Silence(RawSilence) = "silence",
        /// Runs a command on a host, to its end.
        Exec(RawExec) = "exec",
        /// Sends a signal to a process.
        Signal(RawSignal) = "signal",
        /// Waits for a process to end by itself.
        Exit(RawExit) = "exit",
        /// Does nothing for a while.
        Wait(Open<Duration>) = "wait",
        /// Compares two values: `"${rtt} < 50 ms"`.
        Assert(Text) = "assert",
        /// Names this moment, for checks.
        Label(Text) = "label",
        /// Cuts, mends or changes a link.
        Link(RawLinkChange) = "link",
        /// Lets no packet pass between these groups of hosts.
        Partition(Vec<Vec<Text>>) = "partition",
        /// Ends the partition.
        Heal(RawNothing) = "heal",
        /// Stops all processes of hosts where they are.
        Pause(OneOrMany<Text>) = "pause",
        /// Lets the processes of hosts go on.
        Resume(OneOrMany<Text>) = "resume",
        /// Takes a host down or brings it up.
        Host(RawHostChange) = "host",
        /// Several lines of steps at the same time.
        Parallel(RawParallel) = "parallel",
        /// The same steps several times.
        Repeat(RawRepeat) = "repeat",
        /// The same steps until they hold.
        Retry(RawRetry) = "retry",
    }
}

/// Processes: a name, a list of names, or a mapping with more about the step.
#[derive(Debug, Clone)]
pub(crate) struct RawTargets {
    pub(crate) names: Vec<Text>,
    pub(crate) within: Option<Open<Duration>>,
}

impl Decode for RawTargets {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            let parts = RawTargetsParts::decode(node, sink)?;
            return Some(Self { names: parts.processes?.0, within: parts.within });
        }
        let names = OneOrMany::decode(node, sink)?;
        Some(Self { names: names.0, within: None })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let names = OneOrMany::<Text>::schema(definitions);
        schema::any_of([names, RawTargetsParts::schema(definitions)])
    }
}

/// A dialogue: its text, or a mapping with more about the step.
#[derive(Debug, Clone)]
pub(crate) struct RawDialogue {
    pub(crate) lines: Text,
    pub(crate) within: Option<Open<Duration>>,
}

impl Decode for RawDialogue {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            let parts = RawDialogueParts::decode(node, sink)?;
            return Some(Self { lines: parts.lines?, within: parts.within });
        }
        let lines = Text::decode(node, sink)?;
        Some(Self { lines, within: None })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::any_of([Text::schema(definitions), RawDialogueParts::schema(definitions)])
    }
}

/// `parallel`: its branches, or a mapping with more about the step. A branch is
/// a step, or a list of steps.
#[derive(Debug, Clone)]
pub(crate) struct RawParallel {
    pub(crate) branches: NonEmpty<OneOrMany<RawStep>>,
    pub(crate) within: Option<Open<Duration>>,
    pub(crate) optional: Option<Fixed<bool>>,
}

impl Decode for RawParallel {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            Value::List(_) => {
                let branches = NonEmpty::decode(node, sink)?;
                Some(Self { branches, within: None, optional: None })
            }
            Value::Map(_) => {
                let parts = RawParallelParts::decode(node, sink)?;
                let RawParallelParts { branches, within, optional, .. } = parts;
                Some(Self { branches: branches?, within, optional })
            }
            _ => wrong_type(node, "a list of branches", sink),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let branches = NonEmpty::<OneOrMany<RawStep>>::schema(definitions);
        schema::any_of([branches, RawParallelParts::schema(definitions)])
    }
}

record! {
    /// Processes, and how long the step may take.
    struct RawTargetsParts as "a step on processes" {
        /// Which processes.
        processes: OneOrMany<Text> = required "processes",
        /// How long it may take, for each.
        within: Open<Duration> = "within",
    }

    /// A dialogue, and how long each of its lines may take.
    struct RawDialogueParts as "a `dialogue`" {
        /// Its text.
        lines: Text = required "lines",
        /// How long each line may take.
        within: Open<Duration> = "within",
    }

    /// Branches that are played at the same time.
    struct RawParallelParts as "a `parallel`" {
        /// Each a step or a list of steps.
        branches: NonEmpty<OneOrMany<RawStep>> = required "branches",
        /// How long all of it may take.
        within: Open<Duration> = "within",
        /// Whether the run goes on if a step of it fails.
        optional: Fixed<bool> = "optional",
    }

    /// Plays the same steps several times.
    struct RawRepeat as "a `repeat`" {
        /// How often.
        times: Open<Times> = required "times",
        /// A name for the number of the turn, counted from 1.
        name: Text = "as",
        /// Which steps.
        steps: NonEmpty<RawStep> = required "steps",
    }

    /// Plays the same steps until all of them hold.
    struct RawRetry as "a `retry`" {
        /// Which steps.
        steps: NonEmpty<RawStep> = required "steps",
        /// How long all tries together may take.
        within: Open<Duration> = "within",
        /// The pause before each new try.
        every: Open<Duration> = "every" or defaults::EVERY,
        /// Whether the run goes on if no try succeeds.
        optional: Fixed<bool> = "optional",
    }

    /// Types into a process: `line`, `text`, `key` or `eof`.
    struct RawSend as "a `send`" {
        /// The process.
        to: Text = required "to",
        /// A text and Enter.
        line: Text = "line",
        /// A text as it is, without Enter.
        text: Text = "text",
        /// A key: `^C`, `^D`, `enter`, `tab`, `escape`, `backspace`.
        key: Fixed<KeyByte> = "key",
        /// The end of the input, if `true`.
        eof: Fixed<bool> = "eof",
        /// How long it may take.
        within: Open<Duration> = "within",
    }

    /// Waits until something comes out of a process, and moves past it.
    struct RawExpect as "an `expect`" {
        /// The process.
        from: Text = required "from",
        /// What must come: a text or a `/regular expression/`.
        output: Text = required "output",
        /// What may not come before it.
        without: OneOrMany<Text> = "without",
        /// Names for what the groups `(…)` of the expression matched.
        save: OneOrMany<Text> = "save",
        /// Whether the run goes on if it does not come.
        optional: Fixed<bool> = "optional",
        /// How long it may take.
        within: Open<Duration> = "within",
    }

    /// Types a line, again and again, until the answer is as it should be: `json` or `output`.
    struct RawAsk as "an `ask`" {
        /// The process.
        of: Text = required "of",
        /// A text and Enter.
        line: Text = required "line",
        /// What the answer, a line of JSON, must say: values by path, such as `users.*.id`.
        json: Named<Node> = "json",
        /// Instead of `json`: what must come out.
        output: Text = "output",
        /// How long it may take.
        within: Open<Duration> = "within",
        /// The pause before it is asked again. If not given, 1ms at first, and up to 50ms.
        every: Open<Duration> = "every",
        /// Whether the run goes on if there is no such answer.
        optional: Fixed<bool> = "optional",
    }

    /// Nothing may come out of a process from now on.
    struct RawSilence as "a `silence`" {
        /// The process.
        from: Text = required "from",
        /// For how long.
        lasting: Open<Duration> = required "for",
        /// What may not come; anything if not given.
        output: Text = "output",
    }

    /// Runs a command on a host to its end: `run` or `shell`.
    struct RawExec as "an `exec`" {
        /// On which host.
        host: Text = required "host",
        /// A command line, split into words without a shell.
        run: Text = "run",
        /// Instead of `run`: a command line for `sh -c`.
        shell: Text = "shell",
        /// The code it must end with.
        exit: Open<ExitCode> = "exit" or 0_u32,
        /// What its output must hold.
        output: Text = "output",
        /// Names for what the groups `(…)` of the expression matched; without `output`,
        /// for all that came out.
        save: OneOrMany<Text> = "save",
        /// Whether the run goes on if it fails.
        optional: Fixed<bool> = "optional",
        /// How long it may take.
        within: Open<Duration> = "within",
    }

    /// Sends a signal to a process.
    struct RawSignal as "a `signal`" {
        /// The process.
        to: Text = required "to",
        /// Which signal.
        signal: Fixed<Signal> = required "signal",
        /// How long it may take.
        within: Open<Duration> = "within",
    }

    /// How a process ends by itself: with a code or by a signal. A step waits for it, a check
    /// looks at it afterwards.
    struct RawExit as "an `exit`" {
        /// The process.
        of: Text = required "of",
        /// The code it must end with.
        code: Open<ExitCode> = "code",
        /// The signal it must be ended by.
        signal: Fixed<Signal> = "signal",
        /// Whether the run goes on if it does not end so; for steps only.
        optional: Fixed<bool> = "optional",
        /// How long it may take.
        within: Open<Duration> = "within",
    }
}
