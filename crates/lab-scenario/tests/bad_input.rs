//! Every way in which a scenario can be wrong, and what is said of it: the code
//! and the place of each message. What the messages look like is in
//! `pictures.rs`.

mod support;

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use support::{check, lab, places};

/// What is put around the text of a case.
enum Case {
    /// Nothing: it is the whole file.
    File(&'static str),
    /// It is a third process.
    Process(&'static str),
    /// It is the only step.
    Step(&'static str),
    /// These are the steps.
    Steps(&'static str),
    /// It is the only check.
    Check(&'static str),
    /// These are the checks.
    Checks(&'static str),
    /// It is the only line of a dialogue.
    Dialogue(&'static str),
    /// A line that no terminal takes.
    LongLine,
    /// Variables that use each other to grow without bound.
    Exploding,
    /// Many steps, in each of many combinations.
    Endless,
    /// A long text, in each of many steps.
    Copies,
    /// Brackets without end.
    Nested,
    /// Aliases of aliases of aliases.
    Bomb,
    /// Thousands of regular expressions that are large when compiled.
    Heavy,
}
use Case::{
    Bomb, Check, Checks, Copies, Dialogue, Endless, Exploding, File, Heavy, LongLine, Nested,
    Process, Step, Steps,
};

const BASE: &str = "\
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
";

impl Case {
    fn text(&self) -> String {
        match self {
            File(text) => (*text).to_owned(),
            Process(text) => format!("{BASE}  carl: {text}\n"),
            Step(text) => format!("{BASE}steps:\n  - {text}\n"),
            Steps(text) => format!("{BASE}steps:\n{text}"),
            Check(text) => format!("{BASE}checks:\n  - {text}\n"),
            Checks(text) => format!("{BASE}checks:\n{text}"),
            Dialogue(text) => format!("{BASE}steps:\n  - dialogue: |\n      {text}\n"),
            LongLine => {
                let line = "x".repeat(4096);
                format!("{BASE}steps:\n  - send: {{to: alice, line: {line}}}\n")
            }
            Exploding => {
                let letters: Vec<char> = ('a'..='z').collect();
                let uses = letters
                    .windows(2)
                    .map(|pair| format!("  {}: \"${{{}}}${{{}}}\"\n", pair[1], pair[0], pair[0]));
                let uses: String = uses.collect();
                format!("{BASE}env: {{A: \"${{z}}\"}}\nvars:\n  a: 0123456789abcdef\n{uses}")
            }
            Endless => {
                let values: Vec<String> = (0..1000).map(|value| value.to_string()).collect();
                let values = values.join(", ");
                format!(
                    "topology: {{single: 1}}\nmatrix: {{x: [{values}]}}\nsteps:\n  \
                    - repeat: {{times: 9000, steps: [wait: \"${{x}}s\"]}}\n"
                )
            }
            Copies => {
                let text = "x".repeat(60_000);
                format!(
                    "{BASE}vars: {{a: {text}}}\nsteps:\n  \
                    - repeat: {{times: 9000, steps: [expect: {{from: bob, output: \"${{a}}\"}}]}}\n"
                )
            }
            Nested => format!("topology: {}{}\n", "[".repeat(5000), "]".repeat(5000)),
            Heavy => {
                let line = |number| format!("      alice< /(ab?){{2000}}x{number}/\n");
                let lines: String = (0..4000).map(line).collect();
                format!("{BASE}steps:\n  - dialogue: |\n{lines}      alice< /(/\n")
            }
            Bomb => {
                let letters: Vec<char> = ('a'..='z').collect();
                let lists = letters.windows(2).map(|pair| {
                    let alias = format!("*{}, ", pair[0]);
                    format!("{}: &{} [{}]\n", pair[1], pair[1], alias.repeat(9))
                });
                let lists: String = lists.collect();
                format!("a: &a [x, x, x, x, x, x, x, x, x]\n{lists}")
            }
        }
    }
}

/// What it is, the text, and what is reported where.
const TABLE: &[(&str, Case, &str)] = &[
    ("unknown key at the top", File("topolgy: {single: 2}\n"), "E0105 1:1"),
    ("unknown key near nothing", File("topology: {single: 2}\nwibble: 1\n"), "E0105 2:1"),
    (
        "unknown key in defaults",
        File("topology: {single: 2}\ndefaults: {wihtin: 5s}\n"),
        "E0105 2:12",
    ),
    ("unknown key in a process", Process("{host: h1, rnu: cat}"), "E0105 5:20"),
    ("unknown key in ready", Process("{host: h1, run: cat, ready: {ouput: x}}"), "E0105 5:38"),
    ("unknown key in a topology", File("topology: {sngle: 2}\n"), "E0105 1:12"),
    (
        "unknown key in a link",
        File("topology: {hosts: [a, b], links: [{between: [a, b], delya: 1ms}]}\n"),
        "E0105 1:53",
    ),
    ("unknown key in a host", File("topology: {hosts: {a: {ipp: 10.0.0.1/8}}}\n"), "E0105 1:24"),
    ("unknown key in a step", Step("expect: {from: alice, ouput: x}"), "E0105 6:27"),
    ("unknown key in a check", Check("{nmae: x, exit: {of: alice, code: 0}}"), "E0105 6:6"),
    ("unknown key in a count", Check("{count: {in: alice, output: x, iss: 1}}"), "E0105 6:36"),
    ("missing topology", File("name: x\n"), "E0106 1:1"),
    ("missing host", Process("{run: cat}"), "E0106 5:9"),
    ("missing run", Process("{host: h1}"), "E0106 5:3"),
    ("run and shell", Process("{host: h1, run: cat, shell: cat}"), "E0214 5:37"),
    ("missing from", Step("expect: {output: x}"), "E0106 6:13"),
    ("missing for", Step("silence: {from: alice}"), "E0106 6:14"),
    ("send of nothing", Step("send: {to: alice}"), "E0106 6:11"),
    ("send of two things", Step("send: {to: alice, line: a, text: b}"), "E0109 6:38"),
    ("ready for nothing", Process("{host: h1, run: cat, ready: {within: 1s}}"), "E0109 5:37"),
    (
        "ready for two things",
        Process("{host: h1, run: cat, ready: {tcp: 1, udp: 1}}"),
        "E0109 5:51",
    ),
    ("duplicate key", File("topology: {single: 2}\nname: a\nname: b\n"), "E0104 3:1"),
    (
        "duplicate process",
        File(
            "topology: {single: 2}\nprocesses:\n  alice: {host: h1, run: cat}\n  alice: {host: h2, run: cat}\n",
        ),
        "E0104 4:3",
    ),
    (
        "duplicate variable",
        File("topology: {single: 2}\nvars: {a: 1, a: 2}\nenv: {A: \"${a}\"}\n"),
        "E0104 2:14",
    ),
    (
        "variable and matrix key",
        File("topology: {single: 2}\nvars: {a: 1}\nmatrix: {a: [1, 2]}\nenv: {A: \"${a}\"}\n"),
        "E0307 3:10",
    ),
    ("duplicate host", File("topology: {hosts: [a, a]}\n"), "E0402 1:23"),
    ("host and switch of one name", File("topology: {hosts: [a], switches: [a]}\n"), "E0402 1:35"),
    (
        "duplicate check",
        Checks(
            "  - {name: a, exit: {of: alice, code: 0}}\n  - {name: a, exit: {of: bob, code: 0}}\n",
        ),
        "E0307 7:12",
    ),
    ("a list for a mapping", File("topology: {single: 2}\nprocesses: [a, b]\n"), "E0107 2:12"),
    ("a text for a list", File("topology: {single: 2}\nsteps: hello\n"), "E0107 2:8"),
    ("a mapping for a text", File("topology: {single: 2}\nname: {a: b}\n"), "E0107 2:7"),
    ("a list for a text", Step("expect: {from: [alice], output: x}"), "E0107 6:20"),
    ("nothing for a text", Step("expect: {from: , output: x}"), "E0107 6:18"),
    ("the file is a list", File("- a\n- b\n"), "E0107 1:1"),
    ("the file is a text", File("hello\n"), "E0107 1:1"),
    ("no verb", Steps("  - {}\n"), "E0109 6:5"),
    ("unknown verb", Step("sned: {to: alice, line: x}"), "E0109 6:5"),
    ("far from any verb", Step("frobnicate: 1"), "E0109 6:5"),
    ("two verbs", Steps("  - send: {to: alice, line: x}\n    wait: 1s\n"), "E0109 7:5"),
    (
        "arguments beside the verb",
        Steps("  - expect:\n    from: alice\n    output: x\n"),
        "E0109 7:5",
    ),
    (
        "a within beside the verb",
        Steps("  - expect: {from: alice, output: x}\n    within: 1s\n"),
        "E0109 7:5",
    ),
    ("a step that is a text", Step("wait 3s"), "E0107 6:5"),
    ("a step that is a list", Steps("  - []\n"), "E0107 6:5"),
    ("a step that is nothing", Steps("  -\n"), "E0107 6:4"),
    ("a check that states nothing", Check("{name: x}"), "E0109 6:5"),
    (
        "a check that states two things",
        Check("{contains: {in: bob, output: x}, exit: {of: bob, code: 0}}"),
        "E0109 6:44",
    ),
    ("timeout without unit", File("topology: {single: 2}\ntimeout: 20\n"), "E0201 2:10"),
    ("duration of no sense", Step("wait: soon"), "E0201 6:11"),
    ("negative duration", Step("silence: {from: alice, for: -3s}"), "E0201 6:33"),
    ("endless duration", Step("wait: 99999999999999999999h"), "E0201 6:11"),
    ("negative points", Check("{points: -1, exit: {of: bob, code: 0}}"), "E0202 6:14"),
    ("fraction of a point", Check("{points: 0.5, exit: {of: bob, code: 0}}"), "E0202 6:14"),
    (
        "huge points",
        Check("{points: 99999999999999999999, exit: {of: bob, code: 0}}"),
        "E0202 6:14",
    ),
    ("port out of range", Process("{host: h1, run: cat, ready: {tcp: 65536}}"), "E0202 5:43"),
    ("port zero", Process("{host: h1, run: cat, ready: {udp: 0}}"), "E0202 5:43"),
    ("exit code out of range", Step("exit: {of: alice, code: 256}"), "E0202 6:29"),
    ("exit code and signal", Step("exit: {of: alice, code: 1, signal: TERM}"), "E0214 6:40"),
    ("unknown signal", Step("signal: {to: alice, signal: SIGTREM}"), "E0203 6:33"),
    ("signal out of range", Step("signal: {to: alice, signal: 65}"), "E0203 6:33"),
    ("unknown key of a terminal", Step("send: {to: alice, key: F1}"), "E0204 6:28"),
    ("yes for true", Step("send: {to: alice, eof: yes}"), "E0205 6:28"),
    ("eof that is none", Step("send: {to: alice, eof: false}"), "E0213 6:28"),
    ("unknown stdio", Process("{host: h1, run: cat, stdio: ptty}"), "E0212 5:37"),
    ("unknown backend", File("topology: {single: 2}\nbackend: dokcer\n"), "E0212 2:10"),
    ("unknown link state", Step("link: {between: [h1, s1], state: dwn}"), "E0212 6:38"),
    (
        "a name with blanks",
        File("topology: {single: 2}\nprocesses: {\"a b\": {host: h1, run: cat}}\n"),
        "E0206 2:13",
    ),
    ("a variable called seed", File("topology: {single: 2}\nvars: {seed: 1}\n"), "E0307 2:8"),
    (
        "a requirement with blanks",
        File("topology: {single: 2}\nrequires: python3 mininet\n"),
        "E0206 2:11",
    ),
    (
        "an environment variable with =",
        Process("{host: h1, run: cat, env: {A=B: 1}}"),
        "E0206 5:36",
    ),
    ("quotes not closed", Process("{host: h1, run: \"echo 'hi\"}"), "E0208 5:31"),
    ("backslash at the end", Process("{host: h1, run: 'echo \\'}"), "E0208 5:31"),
    ("an empty run", Process("{host: h1, run: \"\"}"), "E0213 5:25"),
    ("an empty shell", Process("{host: h1, shell: \"\"}"), "E0213 5:27"),
    ("an ask for no answer", Step("ask: {of: alice, line: x}"), "E0106 6:10"),
    (
        "an ask for two answers",
        Step("ask: {of: alice, line: x, json: {a: 1}, output: b}"),
        "E0109 6:53",
    ),
    (
        "an ask that says nothing of the answer",
        Step("ask: {of: alice, line: x, json: {}}"),
        "E0213 6:10",
    ),
    ("an answer that is no mapping", Step("ask: {of: alice, line: x, json: 1}"), "E0107 6:37"),
    ("a path that is none", Step("ask: {of: alice, line: x, json: {a..b: 1}}"), "E0206 6:38"),
    (
        "contains without a list",
        Step("ask: {of: alice, line: x, json: {a: {contains: 1}}}"),
        "E0107 6:52",
    ),
    (
        "an unknown variable in an answer",
        Step("ask: {of: alice, line: x, json: {a: ['${nope}']}}"),
        "E0303 6:43",
    ),
    ("an ask of nobody", Step("ask: {of: nora, line: x, output: b}"), "E0302 6:15"),
    ("an empty literal", Step("expect: {from: alice, output: \"\"}"), "E0209 6:35"),
    ("a regex of nothing", Step("expect: {from: alice, output: /.*/}"), "E0209 6:36"),
    (
        "a regex of nothing or more",
        Step("expect: {from: alice, output: '/(a|b?)(c{0,3})/'}"),
        "E0209 6:37",
    ),
    ("a ready of nothing", Process("{host: h1, run: cat, ready: {output: /x*/}}"), "E0209 5:47"),
    ("a regex of nothing in a dialogue", Dialogue("alice< /(x|)/"), "E0209 7:15"),
    (
        "a value that leaves a pattern empty",
        File(
            "topology: {single: 1}\nvars: {x: \"\"}\nmatrix: {y: [a, \"\"]}\nprocesses: {a: {host: h1, run: cat}}\nsteps:\n  \
              - expect: {from: a, output: \"${x}${x}\"}\n  \
              - expect: {from: a, output: \"${y}\"}\n  \
              - expect: {from: a, output: \"/${y}b?/\"}\n  \
              - expect: {from: a, output: \"/^${y}$/\"}\n",
        ),
        "E0209 6:32, E0209 7:32, E0209 8:33",
    ),
    (
        "an expression with flags",
        Step("expect: {from: alice, output: '/no such (file|user)/i'}"),
        "E0210 6:36",
    ),
    ("an empty regex", Step("expect: {from: alice, output: //}"), "E0209 6:35"),
    ("a bad regex", Step("expect: {from: alice, output: \"/a(b/\"}"), "E0210 6:38"),
    (
        "a bad regex after a variable",
        Step("expect: {from: alice, output: \"/${h1.ip}(b/\"}"),
        "E0210 6:45",
    ),
    (
        "a huge regex",
        Step("expect: {from: alice, output: '/((a{1000}){1000}){1000}/'}"),
        "E0210 6:37",
    ),
    ("look-around in a regex", Step("expect: {from: alice, output: '/(?=a)b/'}"), "E0210 6:37"),
    ("count without a number", Check("{count: {in: alice, output: x}}"), "E0106 6:13"),
    (
        "count with is and at_least",
        Check("{count: {in: alice, output: x, is: 1, at_least: 1}}"),
        "E0214 6:53",
    ),
    (
        "count that can never be",
        Check("{count: {in: alice, output: x, at_least: 3, at_most: 2}}"),
        "E0214 6:58",
    ),
    ("a check that looks nowhere", Check("{count: {output: x, is: 1}}"), "E0106 6:13"),
    ("unknown capture", Check("{absent: {capture: wire, output: x}}"), "E0310 6:24"),
    (
        "a check of a process and of packets",
        Check("{contains: {in: bob, capture: wire, output: x}}"),
        "E0214 6:35",
    ),
    (
        "a sender of no packets",
        Check("{absent: {in: bob, output: x, from: h1, to: h2}}"),
        "E0214 6:41, E0214 6:49",
    ),
    (
        "packets of nobody",
        File(
            "topology: {single: 2}\ncaptures: {wire: h1}\nchecks:\n  \
              - count: {capture: wire, from: h7, to: s1, output: x, is: 1}\n",
        ),
        "E0301 4:34, E0301 4:42",
    ),
    (
        "captures that cannot be",
        File(
            "topology: {single: 2}\ncaptures:\n  2nd: h1\n  a: h7\n  b: s1\n  \
              c: {host: h2, interface: lo}\n  d: {interface: lo}\n  e: {host: h1, port: 7}\n",
        ),
        "E0206 3:3, E0301 4:6, E0301 5:6, E0106 7:6, E0105 8:17",
    ),
    (
        "an interface of another host",
        File("topology: {single: 2}\ncaptures: {a: {host: h1, interface: h2-eth0}}\n"),
        "E0309 2:37",
    ),
    ("a sign of another language", Check("{assert: \"${h1.ip} !== 5\"}"), "E0216 6:24"),
    ("a sign the other way round", Check("{assert: \"${h1.ip} => 5\"}"), "E0216 6:24"),
    (
        "the number of a member in a check",
        File(
            "topology: {single: 1}\nprocesses: {users: {count: 3, host: h1, run: cat}}\nchecks:\n  \
              - contains: {in: users, output: \"I am ${i}\"}\n",
        ),
        "E0303 4:41",
    ),
    ("exit check without how", Check("{exit: {of: alice}}"), "E0106 6:12"),
    ("within in a check", Check("{exit: {of: alice, code: 0, within: 3s}}"), "E0105 6:41"),
    (
        "matrix without values",
        File("topology: {single: 2}\nmatrix: {a: []}\nenv: {A: \"${a}\"}\n"),
        "E0213 2:10",
    ),
    (
        "matrix with a value twice",
        File("topology: {single: 2}\nmatrix: {a: [1, 1]}\nenv: {A: \"${a}\"}\n"),
        "E0307 2:17",
    ),
    (
        "matrix of mappings",
        File("topology: {single: 2}\nmatrix: {a: [{b: c}]}\nenv: {A: \"${a}\"}\n"),
        "E0107 2:14",
    ),
    ("a start of nobody", Steps("  - start: []\n"), "E0213 6:12"),
    ("a stop of nobody", Steps("  - stop: {processes: []}\n"), "E0213 6:23"),
    (
        "an expect that forbids nothing",
        Step("expect: {from: bob, output: x, without: []}"),
        "E0213 6:45",
    ),
    (
        "an expect that saves nothing",
        Step("expect: {from: bob, output: /x/, save: []}"),
        "E0213 6:44",
    ),
    ("a pause of nobody", Step("pause: []"), "E0213 6:12"),
    ("a parallel of nothing", Step("parallel: []"), "E0213 6:15"),
    ("a parallel with a branch of nothing", Step("parallel: [[], {wait: 1s}]"), "E0213 6:16"),
    ("a repeat of nothing", Step("repeat: {times: 2, steps: []}"), "E0213 6:31"),
    ("a retry of nothing", Step("retry: {steps: []}"), "E0213 6:20"),
    ("a group on no host", Process("{hosts: [], count: 2, run: cat}"), "E0213 5:17"),
    ("a contains of nobody", Check("{points: 5, contains: {in: [], output: NEVER}}"), "E0213 6:32"),
    ("an absent of nobody", Check("{absent: {in: [], output: x}}"), "E0213 6:19"),
    ("a count of nobody", Check("{count: {in: [], output: x, is: 1}}"), "E0213 6:18"),
    ("a matches of nobody", Check("{matches: {in: [], line: x}}"), "E0213 6:20"),
    ("a same_order of nobody", Check("{same_order: {in: [], output: /x/}}"), "E0213 6:23"),
    ("an order of nothing", Check("{order: {in: bob, outputs: []}}"), "E0213 6:13"),
    ("an order of no lines", Check("{order: {lines: []}}"), "E0213 6:13"),
    ("a delivered to nobody", Check("{delivered: {from: bob, sent: x, to: []}}"), "E0213 6:42"),
    (
        "a delivered that is never at nobody",
        Check("{delivered: {from: bob, sent: x, to: alice, never: []}}"),
        "E0213 6:56",
    ),
    (
        "a latency to nobody",
        Check("{latency: {from: bob, sent: x, to: [], max: 1s}}"),
        "E0213 6:40",
    ),
    ("named twice", Check("{same_order: {in: [alice, alice], output: /x/}}"), "E0307 6:31"),
    ("started twice at once", Steps("  - start: [alice, alice, bob]\n"), "E0307 6:20"),
    (
        "named by itself and in its group",
        File(
            "topology: {single: 1}\nprocesses: {users: {count: 3, host: h1, run: cat}}\nchecks:\n  \
              - count: {in: [users, users-2], output: x, is: 1, together: true}\n",
        ),
        "E0307 4:25",
    ),
    (
        "a window between a moment and itself",
        File(
            "topology: {single: 1}\nprocesses: {a: {host: h1, run: cat}}\nsteps:\n  - label: cut\n  - label: healed\nchecks:\n  \
              - absent: {in: a, output: x, between: [cut, cut]}\n  \
              - absent: {in: a, output: x, between: [healed, cut]}\n  \
              - absent: {in: a, output: x, after: healed, before: cut}\n  \
              - absent: {in: a, output: x, after: cut, within: 0s}\n  \
              - absent: {in: a, output: x, between: []}\n",
        ),
        "E0214 7:47, E0214 8:50, E0214 9:55, E0214 10:52, E0107 11:41",
    ),
    (
        "a repeat that ends what it types into",
        Step("repeat: {times: 2, steps: [send: {to: bob, line: x}, stop: bob]}"),
        "E0503 6:43",
    ),
    ("a verb without its colon", Step("send {to: alice, line: x}"), "E0101 6:5"),
    ("a verb without its colon, and one key", Step("send {to: alice}"), "E0109 6:5"),
    ("a line too long", LongLine, "E0211 6:29"),
    ("unknown host", Process("{host: h9, run: cat}"), "E0301 5:16"),
    ("a switch for a host", Process("{host: s1, run: cat}"), "E0301 5:16"),
    ("unknown host of an exec", Step("exec: {host: h7, run: ls}"), "E0301 6:18"),
    ("unknown process in a send", Step("send: {to: alcie, line: x}"), "E0302 6:16"),
    ("unknown process in a check", Check("{contains: {in: carol, output: x}}"), "E0302 6:21"),
    ("unknown variable in run", Process("{host: h1, run: \"cat ${prot}\"}"), "E0303 5:30"),
    (
        "unknown variable in an env",
        Process("{host: h1, run: cat, env: {A: \"${x}\"}}"),
        "E0303 5:40",
    ),
    (
        "unknown variable in a pattern",
        Step("expect: {from: alice, output: \"a ${nope} b\"}"),
        "E0303 6:38",
    ),
    ("unknown host of an address", Step("send: {to: alice, line: \"${h9.ip}\"}"), "E0301 6:30"),
    ("unknown thing of a host", Step("send: {to: alice, line: \"${h1.ipp}\"}"), "E0303 6:30"),
    ("a host without more", Step("send: {to: alice, line: \"${h1}\"}"), "E0303 6:30"),
    ("the address of a switch", Step("send: {to: alice, line: \"${s1.ip}\"}"), "E0301 6:30"),
    ("unknown role", Process("{host: h1, run: \"${program.sever}\"}"), "E0304 5:26"),
    ("a role inside a word", Process("{host: h1, run: \"./${program.server}\"}"), "E0208 5:28"),
    (
        "a variable that needs itself",
        File("topology: {single: 2}\nvars: {a: \"${a}\"}\n"),
        "E0305 2:8",
    ),
    (
        "variables in a circle",
        File("topology: {single: 2}\nvars: {a: \"${b}\", b: \"${c}\", c: \"${a}\"}\n"),
        "E0305 2:8",
    ),
    ("a name of nothing", Step("send: {to: alice, line: \"${}\"}"), "E0306 6:30"),
    ("a name with a blank", Step("send: {to: alice, line: \"${a b}\"}"), "E0306 6:30"),
    ("a ${ that is not closed", Step("send: {to: alice, line: \"a ${h1.ip\"}"), "E0306 6:32"),
    (
        "a port that a variable spoils",
        File(
            "topology: {single: 2}\nvars: {port: http}\nprocesses:\n  a: {host: h1, run: cat, ready: {tcp: \"${port}\"}}\n",
        ),
        "E0202 4:41",
    ),
    ("variables that explode", Exploding, "E0215 20:7"),
    ("a line without a marker", Dialogue("what is this"), "E0504 7:7"),
    ("a line of nobody", Dialogue("> hello"), "E0504 7:7"),
    ("an unknown process in a dialogue", Dialogue("alcie> hi"), "E0302 7:7"),
    ("an empty expectation", Dialogue("alice<"), "E0209 7:13"),
    ("a bad regex in a dialogue", Dialogue("alice< /fo(o/   # unclosed"), "E0210 7:17"),
    ("an unknown variable in a dialogue", Dialogue("alice> to ${nope}:x"), "E0303 7:17"),
    ("a folded dialogue", Steps("  - dialogue: >\n      alice> a\n      alice< a\n"), "E0504 7:7"),
    ("an empty dialogue", Steps("  - dialogue: |\n      # nothing\n"), "E0213 7:7"),
    ("unknown topology", File("topology: star-5\n"), "E0401 1:11"),
    ("Mininet's way to write one", File("topology: single,4\n"), "E0401 1:11"),
    ("a topology file that is not there", File("topology: ./nowhere.yaml\n"), "E0001 1:11"),
    ("a Python file as topology", File("topology: campus.py\n"), "E0401 1:11"),
    ("a topology in two ways", File("topology: {single: 2, linear: 3}\n"), "E0214 1:11"),
    ("an empty topology", File("topology: {}\n"), "E0213 1:11"),
    ("no hosts at all", File("topology: {single: 0}\n"), "E0202 1:20"),
    ("too many hosts", File("topology: {single: 5000}\n"), "E0202 1:20"),
    ("a tree too deep", File("topology: {tree: {depth: 70, fanout: 1}}\n"), "E0402 1:11"),
    ("a tree too wide", File("topology: {tree: {depth: 4, fanout: 16}}\n"), "E0402 1:11"),
    ("a linear without switches", File("topology: {linear: {hosts: 2}}\n"), "E0106 1:20"),
    (
        "a link to an unknown node",
        File("topology: {hosts: [h1], switches: [s1], links: [{between: [h1, s2]}]}\n"),
        "E0402 1:64",
    ),
    (
        "a link to itself",
        File("topology: {hosts: [h1], links: [{between: [h1, h1]}]}\n"),
        "E0402 1:48",
    ),
    (
        "a link with three ends",
        File("topology: {hosts: [a, b, c], links: [{between: [a, b, c]}]}\n"),
        "E0107 1:38",
    ),
    (
        "a link with an address for another",
        File("topology: {hosts: [a, b, c], links: [{between: [a, b], ip: {c: 10.0.0.1/8}}]}\n"),
        "E0301 1:61",
    ),
    (
        "an address on a switch",
        File(
            "topology: {hosts: [a], switches: [s], links: [{between: [a, s], ip: {s: 10.0.0.1/8}}]}\n",
        ),
        "E0402 1:73",
    ),
    ("an address without a length", File("topology: {hosts: {a: {ip: 10.0.0.1}}}\n"), "E0207 1:28"),
    (
        "not an address",
        File("topology: {hosts: {a: {ip: ten, mac: zz, gateway: there}}}\n"),
        "E0207 1:28, E0207 1:38, E0207 1:51",
    ),
    (
        "a multicast mac",
        File("topology: {hosts: {a: {mac: \"01:00:00:00:00:01\"}}}\n"),
        "E0207 1:29",
    ),
    (
        "an address given twice",
        File(
            "topology: {hosts: {a: {ip: 10.0.0.7/8}, b: {ip: 10.0.0.7/8}}, links: [{between: [a, b]}]}\n",
        ),
        "E0402 1:49",
    ),
    (
        "an address that another has by number",
        File("topology: {hosts: {a: {ip: 10.0.0.2/8}, b: }, links: [{between: [a, b]}]}\n"),
        "E0402 1:28",
    ),
    (
        "several addresses given twice",
        File(
            "topology:\n  hosts: {a: {ip: 10.0.0.7/8}, b: {ip: 10.0.0.7/8}, c: {ip: 10.0.0.7/8}}\n  switches: [s]\n  links:\n    - {between: [a, s]}\n    - {between: [b, s]}\n    - {between: [c, s], ip: {c: 10.0.0.2/8}}\n    - {between: [a, c], ip: {a: 10.0.0.2/8}}\n",
        ),
        "E0402 2:40, E0402 8:33",
    ),
    (
        "a hardware address given twice",
        File(
            "topology: {hosts: {a: {mac: \"02:00:00:00:00:07\"}, b: }, links: [{between: [a, b], mac: {b: \"02:00:00:00:00:07\"}}]}\n",
        ),
        "E0402 1:92",
    ),
    (
        "a hardware address that another has by number",
        File(
            "topology: {hosts: {a: {mac: \"00:00:00:00:00:02\"}, b: }, links: [{between: [a, b]}]}\n",
        ),
        "E0402 1:29",
    ),
    (
        "mistakes in a link and elsewhere",
        File(
            "topology: {hosts: [h1, h2], links: [{between: [h1, h2], bw: 10Mbit}]}\nprocesses:\n  a: {host: h9, run: \"cat ${h2.ip}\"}\nsteps:\n  - link: {between: [h1, h2], state: down}\n  - host: {name: h2, state: down}\n",
        ),
        "E0202 1:61, E0301 3:13",
    ),
    (
        "a link that is not read, and what needs it",
        File(
            "topology: {hosts: [h1, h2], links: [{betwen: [h1, h2]}]}\nprocesses:\n  a: {host: h1, run: \"cat ${h2.ip}\"}\nsteps:\n  - link: {between: [h1, h2], state: down}\n  - host: {name: h2, state: down}\n",
        ),
        "E0105 1:38",
    ),
    (
        "hosts that are not read, and who needs them",
        File(
            "topology: {hots: [h1], switches: [s1]}\nprocesses:\n  a: {host: h1, run: \"cat ${h1.ip}\"}\nsteps:\n  - host: {name: h1, state: down}\n",
        ),
        "E0105 1:12",
    ),
    ("an impossible name of a host", File("topology: {hosts: [\"h 1\"]}\n"), "E0402 1:20"),
    (
        "no bandwidth",
        File("topology: {hosts: [a, b], links: [{between: [a, b], bw: 0}]}\n"),
        "E0202 1:57",
    ),
    (
        "more than all lost",
        File("topology: {hosts: [a, b], links: [{between: [a, b], loss: 101}]}\n"),
        "E0202 1:59",
    ),
    (
        "jitter alone",
        File("topology: {hosts: [a, b], links: [{between: [a, b], jitter: 1ms}]}\n"),
        "E0214 1:61",
    ),
    (
        "a tiny mtu",
        File("topology: {hosts: [a, b], links: [{between: [a, b], mtu: 10}]}\n"),
        "E0202 1:58",
    ),
    ("an unknown switch", File("topology: {single: 2, switch: ovsk}\n"), "E0212 1:31"),
    ("a topo without its file", File("topology: {single: 2, topo: a}\n"), "E0214 1:29"),
    ("a mininet file without topo", File("topology: {mininet: campus.py}\n"), "E0106 1:21"),
    (
        "a mininet file that is not there",
        File("topology: {mininet: nowhere.py, topo: a}\n"),
        "E0001 1:21",
    ),
    (
        "Open vSwitch without Mininet",
        File("topology: {single: 2, switch: ovs}\nbackend: netns\n"),
        "E0404 2:10",
    ),
    (
        "Python without Mininet",
        File("topology: {mininet: campus.py, topo: a}\nbackend: netns\n"),
        "E0404 2:10",
    ),
    ("a link that is not there", Step("link: {between: [h1, h2], state: down}"), "E0403 6:22"),
    ("a link of unknown nodes", Step("link: {between: [h1, s7], state: down}"), "E0301 6:26"),
    ("a link with one end", Step("link: {between: [h1], state: down}"), "E0107 6:11"),
    (
        "sent to before it is started",
        Steps("  - send: {to: alice, line: x}\n  - start: [alice, bob]\n"),
        "E0501 6:16",
    ),
    (
        "never started but sent to",
        Steps("  - start: bob\n  - send: {to: alice, line: x}\n"),
        "E0501 7:16",
    ),
    (
        "never started but checked",
        File(
            "topology: {single: 2}\nprocesses:\n  a: {host: h1, run: cat}\n  b: {host: h1, run: cat}\nsteps: [{start: a}]\nchecks: [{contains: {in: b, output: x}}]\n",
        ),
        "E0501 6:26",
    ),
    ("started twice", Steps("  - start: [alice, bob]\n  - start: alice\n"), "E0502 7:12"),
    (
        "sent to after its end",
        Steps("  - stop: alice\n  - send: {to: alice, line: x}\n"),
        "E0503 7:16",
    ),
    (
        "signalled after its exit",
        Steps("  - exit: {of: alice}\n  - signal: {to: alice, signal: TERM}\n"),
        "E0503 7:18",
    ),
    ("a tab", File("topology:\n\tsingle: 2\n"), "E0101 2:1"),
    ("a bracket that is not closed", File("topology: {single: 2\nname: x\n"), "E0101 2:5"),
    ("quotes that are not closed", File("name: \"x\ntopology: {single: 2}\n"), "E0101 2:1"),
    ("a colon too many", File("topology: {single: 2}\nname: a: b\n"), "E0101 2:8"),
    (
        "an unquoted ${…} in braces",
        Process("{host: h1, run: cat, ready: {tcp: ${port}}}"),
        "E0101 5:43",
    ),
    ("a text that begins with @", File("name: @x\n"), "E0101 1:7"),
    ("an escape that is none", Step("expect: {from: alice, output: \"/\\d/\"}"), "E0101 6:35"),
    ("an alias of nothing", File("topology: *nowhere\n"), "E0101 1:11"),
    ("an alias inside itself", File("name: &a [*a]\n"), "E0102 1:11"),
    (
        "a merge key",
        File(
            "topology: {single: 2}\nprocesses:\n  a: &p {host: h1, run: cat}\n  b: {<<: *p, host: h2}\n",
        ),
        "E0108 4:7",
    ),
    ("a tag", File("topology: !foo {single: 2}\n"), "E0108 1:11"),
    ("two documents", File("topology: {single: 2}\n---\nname: x\n"), "E0103 2:1"),
    ("a list as key", File("topology: {single: 2}\n? [a]\n: b\n"), "E0107 2:3"),
    ("bad indentation", File("topology:\n  single: 2\n name: x\n"), "E0101 3:2"),
    ("empty", File(""), "E0005 1:1"),
    ("only comments", File("# a\n# b\n"), "E0005 1:1"),
    ("only a document mark", File("---\n"), "E0005 1:1"),
    (
        "CRLF",
        File(
            "topology: {single: 2}\r\nprocesses:\r\n  a: {host: h1, run: cat}\r\nsteps:\r\n  - dialogue: |\r\n      a> hi\r\n      a< ${nope}\r\n",
        ),
        "E0303 7:10",
    ),
    ("a byte order mark", File("\u{feff}topology: {single: 2}\nfoo: 1\n"), "E0105 2:1"),
    (
        "far beyond ASCII",
        File("topology: {single: 2}\nname: \"日本 ${nope} 語\"\nenv: {A: \"日本 ${nope} 語\"}\n"),
        "E0303 3:14",
    ),
    ("too many steps in all", Endless, "E0215 2:10"),
    ("too much text in all", Copies, "E0215 7:64"),
    ("nested without end", Nested, "E0102 1:75"),
    ("a bomb of aliases", Bomb, "E0102 5:12"),
    ("thousands of large expressions", Heavy, "E0210 4007:15"),
];

#[test]
fn everything_that_is_wrong_is_said_where_it_is() {
    let mut differences = Vec::new();
    for (what, case, expected) in TABLE {
        let actual = places(&check(&case.text()));
        if actual != *expected {
            differences.push(format!("{what}: {actual}\n  instead of {expected}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What this thread has computed so far: busy machines do not count.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Generous, since tests run in debug builds; in a release build each takes
/// about a millisecond.
#[test]
fn nothing_takes_long() {
    for (what, case, _) in TABLE {
        let text = case.text();
        let begin = computed();
        let shown = check(&text).map_or_else(|problems| problems.render(false), |()| String::new());
        let taken = computed() - begin;
        assert!(!taken.is_zero(), "the clock stands still");
        assert!(taken < Duration::from_secs(1), "{what} took {taken:?} for {} bytes", shown.len());
    }
}

#[test]
fn files_that_are_no_texts() {
    let table: [(&str, &str); 6] = [
        ("/repo/lab/folder", "E0002 1:1"),
        ("/repo/lab/nowhere.yaml", "E0001 1:1"),
        ("/repo/lab/secret.yaml", "E0001 1:1"),
        ("/repo/lab/latin1.yaml", "E0003 2:10"),
        ("/repo/lab/binary.yaml", "E0003 1:5"),
        ("/repo/lab/ten-megabytes.yaml", "E0004 1:1"),
    ];
    for (path, expected) in table {
        let begin = Instant::now();
        assert_eq!(places(&support::check_file(path)), expected, "{path}");
        assert!(begin.elapsed() < Duration::from_secs(1), "{path}");
    }
}

#[test]
fn topology_files_that_are_wrong() {
    let table: [(&str, &str); 6] = [
        ("broken", "E0105 1:1 in topologies/broken.yaml"),
        ("not-yaml", "E0101 1:4 in topologies/not-yaml.yaml"),
        ("nothing", "E0005 1:1 in topologies/nothing.yaml"),
        ("latin1", "E0003 1:11"),
        ("./folder", "E0002 1:11"),
        ("../other/clash.yaml", "E0402 1:38 in other/clash.yaml"),
    ];
    for (name, expected) in table {
        let text = format!("topology: {name}\n");
        assert_eq!(places(&check(&text)), expected, "{name}");
    }
}

#[test]
fn labs_that_are_wrong() {
    let table = [
        ("", "E0005 1:1"),
        ("nmae: x\n", "E0105 1:1"),
        ("programs: {server: \"a 'b\"}\n", "E0208 1:20"),
        ("programs: {server: \"\"}\n", "E0208 1:20"),
        ("programs: {my server: a}\n", "E0206 1:12"),
        ("programs: [a]\n", "E0107 1:11"),
        ("env: {A: \"${port}\", B: \"${run.dir}\"}\n", "E0303 1:11"),
        ("scenarios: [other/one.yaml]\n", "E0206 1:13"),
        ("requires: [python3 mininet]\n", "E0206 1:12"),
        ("build: [make, all]\n", "E0107 1:8"),
    ];
    for (text, expected) in table {
        assert_eq!(places(&lab(text)), expected, "{text}");
    }
}

#[test]
fn options_that_are_wrong() {
    use lab_scenario::PlanOptions;
    use lab_scenario::plan::BackendKind;
    let text = "topology: {single: 2, switch: ovs}\nvars: {port: 1, word: hello}\n\
                processes:\n  a: {host: h1, run: \"${program.server}\", ready: {tcp: \"${port}\"}}\n\
                steps:\n  - expect: {from: a, output: \"${word}\"}\n";
    let pairs = |list: &[(&str, &str)]| {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let table = [
        (
            PlanOptions { vars: pairs(&[("prot", "2")]), ..PlanOptions::default() },
            "E0303 1:7 in <command line>",
        ),
        (
            PlanOptions { programs: pairs(&[("sever", "x")]), ..PlanOptions::default() },
            "E0304 1:11 in <command line>",
        ),
        (
            PlanOptions { programs: pairs(&[("server", "x 'y")]), ..PlanOptions::default() },
            "E0208 1:18 in <command line>",
        ),
        (
            PlanOptions { backend: Some(BackendKind::Netns), ..PlanOptions::default() },
            "E0404 1:11 in <command line>",
        ),
        (PlanOptions { vars: pairs(&[("word", "")]), ..PlanOptions::default() }, "E0209 6:32"),
        (PlanOptions { vars: pairs(&[("port", "http")]), ..PlanOptions::default() }, "E0202 4:57"),
    ];
    let scenario = support::scenario(text);
    for (options, expected) in table {
        let plans = scenario.plans(&options).map(|_| ());
        assert_eq!(places(&plans), expected);
    }
}
