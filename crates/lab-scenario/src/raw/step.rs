//! Steps: each a mapping with one key, the verb.

use crate::decode::{Decode, OneOrMany, choice, record};
use crate::diagnostic::Sink;
use crate::schema::Definitions;
use crate::text::Text;
use crate::yaml::Node;

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
    /// What a step does.
    enum RawVerb as "a step" {
        /// Starts processes, one after the other.
        Start(OneOrMany<Text>) = "start",
        /// Ends processes.
        Stop(OneOrMany<Text>) = "stop",
        /// Types something.
        Send(RawSend) = "send",
        /// Several lines of typing and expecting.
        Dialogue(Text) = "dialogue",
        /// Waits for output.
        Expect(RawExpect) = "expect",
        /// Nothing may come for a while.
        Silence(RawSilence) = "silence",
        /// Runs a command to its end.
        Exec(RawExec) = "exec",
        /// Sends a signal.
        Signal(RawSignal) = "signal",
        /// Waits for a process to end by itself.
        Exit(RawExit) = "exit",
        /// Does nothing for a while.
        Wait(Text) = "wait",
        /// Cuts or mends a link.
        Link(RawLinkChange) = "link",
    }
}

record! {
    /// `send`.
    struct RawSend as "a `send`" {
        /// The process.
        to: Text = required "to",
        /// A text and Enter.
        line: Text = "line",
        /// A text as it is.
        text: Text = "text",
        /// A key, such as `^C`.
        key: Text = "key",
        /// The end of the input, if `true`.
        eof: Text = "eof",
        /// How long it may take.
        within: Text = "within",
    }

    /// `expect`.
    struct RawExpect as "an `expect`" {
        /// The process.
        from: Text = required "from",
        /// What must come.
        output: Text = required "output",
        /// How long it may take.
        within: Text = "within",
    }

    /// `silence`.
    struct RawSilence as "a `silence`" {
        /// The process.
        from: Text = required "from",
        /// How long.
        lasting: Text = required "for",
        /// What may not come; anything if not given.
        output: Text = "output",
    }

    /// `exec`.
    struct RawExec as "an `exec`" {
        /// Where.
        host: Text = required "host",
        /// A command line, split into words without a shell.
        run: Text = "run",
        /// A command line for `sh -c`.
        shell: Text = "shell",
        /// The code it must end with.
        exit: Text = "exit",
        /// What its output must hold.
        output: Text = "output",
        /// How long it may take.
        within: Text = "within",
    }

    /// `signal`.
    struct RawSignal as "a `signal`" {
        /// The process.
        to: Text = required "to",
        /// Which signal.
        signal: Text = required "signal",
    }

    /// `exit`, as a step and as a check.
    struct RawExit as "an `exit`" {
        /// The process.
        of: Text = required "of",
        /// The code it must end with.
        code: Text = "code",
        /// The signal it must be ended by.
        signal: Text = "signal",
        /// How long it may take.
        within: Text = "within",
    }

    /// `link`.
    struct RawLinkChange as "a `link` step" {
        /// The nodes at its ends.
        between: Vec<Text> = required "between",
        /// `up` or `down`.
        state: Text = required "state",
    }
}
