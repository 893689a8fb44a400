//! The commands of the prompt: what they are called, what follows them and what they do. Help,
//! completion and the parser all read this table.

/// A command.
#[derive(Debug)]
pub(super) struct Entry {
    /// What is typed first.
    pub(super) name: &'static str,
    /// What follows.
    pub(super) arguments: &'static str,
    /// What it does, in a few words.
    pub(super) about: &'static str,
    /// More about it, with examples.
    pub(super) more: &'static str,
    /// What the words behind it can be, the last one again and again.
    pub(super) words: &'static [Kind],
    /// Under which heading help shows it.
    pub(super) section: Section,
}

/// What a word can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A command of this table.
    Command,
    /// A host or router.
    Host,
    /// A host, router or switch.
    Node,
    /// A process of the scenario, or one that `run` has started.
    Process,
    /// Either.
    HostOrProcess,
    /// An interface of a host.
    Interface,
    /// `up` or `down`.
    State,
    /// `off`.
    Off,
    /// Anything.
    Text,
}

/// A heading of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Look,
    Programs,
    Network,
    Windows,
    Session,
}

impl Section {
    pub(super) const ALL: [Self; 5] =
        [Self::Look, Self::Programs, Self::Network, Self::Windows, Self::Session];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Programs => "programs",
            Self::Network => "the network",
            Self::Windows => "windows",
            Self::Session => "the session",
        }
    }
}

/// The command of a name.
pub(super) fn entry(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == name)
}

/// Steps of the scenario language that have no short form here.
pub(super) const VERBS: [&str; 6] = ["ask", "dialogue", "exec", "parallel", "repeat", "retry"];

/// What Mininet has and this prompt has not, and what to do in its place.
pub(super) const ABSENT: [(&str, &str); 17] = [
    ("dpctl", "run `ovs-ofctl` in another terminal, or on a host: `h1 ovs-ofctl …`"),
    ("gterm", "write `xterm h1`, or `tmux`"),
    ("iperfudp", "run it on the hosts: `h2 iperf -u -s &`, then `h1 iperf -u -c h2`"),
    ("noecho", "write `h1 COMMAND`"),
    ("pingallfull", "write `pingall`, or `h1 ping h2` for its times"),
    ("pingpair", "write `pingall`, or `h1 ping -c1 h2`"),
    ("pingpairfull", "write `pingall`, or `h1 ping h2` for its times"),
    ("ports", "write `links` or `dump`"),
    ("px", "there is no Python here: programs run on hosts, `h1 python3 FILE`"),
    (
        "py",
        "there is no Python here: programs run on hosts, `h1 python3 FILE`; what shall happen the same way each time is written as a scenario",
    ),
    ("sh", "this prompt has the hosts only: use another terminal for your own machine"),
    ("source", "give the file to a prompt: `labrun prompt SESSION < FILE`"),
    ("switch", "cut its links with `link`, or `partition`"),
    ("time", "write it behind the host: `h1 time COMMAND`"),
    ("intfs", "write `dump`"),
    ("x", "write `xterm h1`, and start the program there"),
    ("wireshark", "write `capture h1-eth0`, and open the file"),
];

/// All commands, in the order of the help.
pub(super) const TABLE: &[Entry] = &[
    Entry {
        name: "nodes",
        arguments: "",
        about: "hosts and switches by name",
        more: "",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "net",
        arguments: "",
        about: "who is connected with whom, by interface",
        more: "",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "links",
        arguments: "",
        about: "each link, and whether it is up",
        more: "",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "dump",
        arguments: "",
        about: "each node with its interfaces and addresses",
        more: "",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "topology",
        arguments: "",
        about: "draws the network",
        more: "What stands to the right of a branch is connected with what it hangs from. A link that\n\
               closes a circle is listed below.",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "processes",
        arguments: "",
        about: "processes by name, and whether they run",
        more: "They are those of the scenario and those that `run` has started. Steps speak of them by\n\
               name; `transcript NAME` shows what they have said.",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "terminals",
        arguments: "",
        about: "shells and commands that people have opened",
        more: "",
        words: &[],
        section: Section::Look,
    },
    Entry {
        name: "transcript",
        arguments: "PROCESS|HOST [LINES]",
        about: "what was said last",
        more: "Of a host: what all its processes have said. 20 lines if not given.\n\
               \n    transcript server\n    transcript h1 100",
        words: &[Kind::HostOrProcess, Kind::Text],
        section: Section::Look,
    },
    Entry {
        name: "run",
        arguments: "HOST NAME: COMMAND",
        about: "starts a process that steps can speak of",
        more: "It goes on in the background and is recorded. `labrun record` writes it into the scenario.\n\
               `HOST COMMAND &` does the same, and finds a name.\n\
               \n    run h4 server: chat-server direct\n    run h1 alice: chat-client direct h4 --name alice",
        words: &[Kind::Host, Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "send",
        arguments: "PROCESS: TEXT",
        about: "types a line into a process",
        more: "Also `PROCESS> TEXT`, as in a dialogue; with that keys can be typed: `alice> ^C`.\n\
               \n    send alice: To bob:hello\n    alice> To bob:hello",
        words: &[Kind::Process, Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "expect",
        arguments: "PROCESS: TEXT|/REGEX/",
        about: "waits until a process says something",
        more: "It looks from where the last `expect` of that process has found something. Also\n\
               `PROCESS< TEXT`, as in a dialogue.\n\
               \n    expect bob: hello From alice\n    expect server: /listening on .*:(\\d+)/\n    \
               expect: {from: bob, output: hello, within: 30s}",
        words: &[Kind::Process, Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "silence",
        arguments: "PROCESS TIME",
        about: "a process must say nothing for a while",
        more: "    silence bob 500ms",
        words: &[Kind::Process, Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "start",
        arguments: "PROCESS…",
        about: "starts processes of the scenario",
        more: "    start server alice",
        words: &[Kind::Process],
        section: Section::Programs,
    },
    Entry {
        name: "stop",
        arguments: "PROCESS…",
        about: "asks processes to end",
        more: "By their stop signal, SIGTERM if the scenario says nothing else; by SIGKILL if that does not\n\
               help.",
        words: &[Kind::Process],
        section: Section::Programs,
    },
    Entry {
        name: "restart",
        arguments: "PROCESS…",
        about: "ends processes and starts them again",
        more: "",
        words: &[Kind::Process],
        section: Section::Programs,
    },
    Entry {
        name: "kill",
        arguments: "PROCESS…",
        about: "ends processes by SIGKILL",
        more: "",
        words: &[Kind::Process],
        section: Section::Programs,
    },
    Entry {
        name: "signal",
        arguments: "PROCESS SIGNAL",
        about: "sends a signal to a process",
        more: "    signal server HUP",
        words: &[Kind::Process, Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "wait",
        arguments: "TIME",
        about: "does nothing for a while",
        more: "    wait 500ms",
        words: &[Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "label",
        arguments: "NAME",
        about: "names this moment, for the record",
        more: "",
        words: &[Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "assert",
        arguments: "VALUE SIGN VALUE",
        about: "compares two values",
        more: "    assert ${rtt} < 50 ms",
        words: &[Kind::Text],
        section: Section::Programs,
    },
    Entry {
        name: "pingall",
        arguments: "[HOST…]",
        about: "each host pings each other one",
        more: "With hosts: only among these.",
        words: &[Kind::Host],
        section: Section::Network,
    },
    Entry {
        name: "iperf",
        arguments: "[HOST HOST]",
        about: "measures how much TCP carries between two hosts",
        more: "For five seconds, with a program of labrun's own. The first and the last host if none are\n\
               given.\n\
               \n    iperf h1 h2",
        words: &[Kind::Host],
        section: Section::Network,
    },
    Entry {
        name: "link",
        arguments: "NODE NODE down|up|LIMIT=VALUE…",
        about: "cuts, mends or changes a link",
        more: "The limits are `bw` in Mbit/s, `delay`, `jitter`, `loss` in percent and `max_queue_size`, each\n\
               way.\n\
               \n    link s1 h2 down\n    link s1 h2 up\n    link s1 h2 delay=20ms loss=5",
        words: &[Kind::Node, Kind::Node, Kind::State],
        section: Section::Network,
    },
    Entry {
        name: "partition",
        arguments: "HOST,… | HOST,…",
        about: "lets no packet pass between groups of hosts",
        more: "    partition h1,h2 | h3,h4\n    heal",
        words: &[Kind::Host],
        section: Section::Network,
    },
    Entry {
        name: "heal",
        arguments: "",
        about: "ends the partition",
        more: "",
        words: &[],
        section: Section::Network,
    },
    Entry {
        name: "pause",
        arguments: "HOST…",
        about: "stops all processes of hosts where they are",
        more: "Shells and commands that people have opened there go on.",
        words: &[Kind::Host],
        section: Section::Network,
    },
    Entry {
        name: "resume",
        arguments: "HOST…",
        about: "lets the processes of hosts go on",
        more: "",
        words: &[Kind::Host],
        section: Section::Network,
    },
    Entry {
        name: "host",
        arguments: "HOST down|up",
        about: "takes a host's power, or gives it back",
        more: "Its links are cut, then its processes are killed, so that nobody hears of it.\n\
               \n    host h2 down",
        words: &[Kind::Host, Kind::State],
        section: Section::Network,
    },
    Entry {
        name: "capture",
        arguments: "INTERFACE [off]",
        about: "records the packets of an interface of a host",
        more: "Into a file for tcpdump and Wireshark beside the record of the session, until it is off or\n\
               this prompt ends.\n\
               \n    capture h1-eth0\n    capture h1-eth0 off",
        words: &[Kind::Interface, Kind::Off],
        section: Section::Network,
    },
    Entry {
        name: "xterm",
        arguments: "[HOST…]",
        about: "opens a window with a shell on each host",
        more: "On all hosts if none are given. It needs a display: over ssh, `ssh -X`.",
        words: &[Kind::Host],
        section: Section::Windows,
    },
    Entry {
        name: "tmux",
        arguments: "[HOST…]",
        about: "opens a tmux session with a shell on each host",
        more: "On all hosts if none are given.",
        words: &[Kind::Host],
        section: Section::Windows,
    },
    Entry {
        name: "help",
        arguments: "[COMMAND]",
        about: "this list, or more about a command",
        more: "",
        words: &[Kind::Command],
        section: Section::Session,
    },
    Entry {
        name: "continue",
        arguments: "",
        about: "lets a run that waits go on",
        more: "A run waits at `--pause-at LABEL`, or once it has failed with `--pause-on-failure`.",
        words: &[],
        section: Section::Session,
    },
    Entry {
        name: "down",
        arguments: "",
        about: "ends the session, from any of its prompts",
        more: "",
        words: &[],
        section: Section::Session,
    },
    Entry {
        name: "exit",
        arguments: "",
        about: "leaves; the session ends with the prompt of `labrun up`",
        more: "Also `quit` and Ctrl-D.",
        words: &[],
        section: Section::Session,
    },
    Entry {
        name: "quit",
        arguments: "",
        about: "the same",
        more: "Also `exit` and Ctrl-D.",
        words: &[],
        section: Section::Session,
    },
];
