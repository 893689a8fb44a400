//! What messages look like.

mod support;

use insta::assert_snapshot;
use lab_scenario::PlanOptions;

const BASE: &str = "\
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
";

/// What a person sees of a scenario that is wrong.
fn picture(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    support::check(text).map_or_else(|problems| problems.render(false), |()| "fine".to_owned())
}

/// What a person sees of a scenario that is right, but odd.
fn warnings(text: &str) -> String {
    let scenario = support::scenario(text.strip_prefix('\n').unwrap_or(text));
    assert!(scenario.plans(&PlanOptions::default()).is_ok());
    scenario.warnings().render(false)
}

#[test]
fn an_unknown_key_with_what_was_meant() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - expect: {from: alice, ouput: hello}
"#), @r##"
    error[E0105]: unknown key `ouput` in an `expect`
     --> lab/scenario.yaml:6:27
      |
    6 |   - expect: {from: alice, ouput: hello}
      |                           ^^^^^
      |
      = help: did you mean `output`?
    "##);
}

#[test]
fn all_errors_of_a_file() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
timeout: 20
vars: {port: 12345}
processes:
  server: {host: h9, run: "chat-server --listen 0.0.0.0:${prot}"}
  alice: {host: h1, run: "chat-client 'x", stdio: ptty}
steps:
  - dialogue: |
      alice> hello
      alcie< /fo(o/       # unclosed
      bob< ${h2.ipp}
  - wait: 300
"#), @r##"
    error[E0201]: a duration needs a unit
     --> lab/scenario.yaml:2:10
      |
    2 | timeout: 20
      |          ^^
      |
      = help: write `20s` for seconds or `20ms` for milliseconds

    error[E0301]: there is no host `h9`
     --> lab/scenario.yaml:5:18
      |
    5 |   server: {host: h9, run: "chat-server --listen 0.0.0.0:${prot}"}
      |                  ^^
      |
      = help: did you mean `h1`?

    error[E0303]: nothing is known of `${prot}`
     --> lab/scenario.yaml:5:57
      |
    5 |   server: {host: h9, run: "chat-server --listen 0.0.0.0:${prot}"}
      |                                                         ^^^^^^^
      |
      = help: did you mean `${port}`?

    error[E0208]: this `'` is never closed
     --> lab/scenario.yaml:6:39
      |
    6 |   alice: {host: h1, run: "chat-client 'x", stdio: ptty}
      |                                       ^
      |
      = help: put a backslash before a quote that is meant as a character

    error[E0212]: `ptty` is not one of `pty` and `pipe`
     --> lab/scenario.yaml:6:51
      |
    6 |   alice: {host: h1, run: "chat-client 'x", stdio: ptty}
      |                                                   ^^^^
      |
      = help: did you mean `pty`?

    error[E0302]: there is no process `alcie`
      --> lab/scenario.yaml:10:7
       |
    10 |       alcie< /fo(o/       # unclosed
       |       ^^^^^
       |
       = help: did you mean `alice`?

    error[E0210]: not a regular expression
      --> lab/scenario.yaml:10:17
       |
    10 |       alcie< /fo(o/       # unclosed
       |                 ^ unclosed group

    error[E0302]: there is no process `bob`
      --> lab/scenario.yaml:11:7
       |
    11 |       bob< ${h2.ipp}
       |       ^^^
       |
       = help: the processes are `server` and `alice`

    error[E0303]: a host has no `ipp`
      --> lab/scenario.yaml:11:12
       |
    11 |       bob< ${h2.ipp}
       |            ^^^^^^^^^
       |
       = help: did you mean `ip`?

    error[E0201]: a duration needs a unit
      --> lab/scenario.yaml:12:11
       |
    12 |   - wait: 300
       |           ^^^
       |
       = help: write `300s` for seconds or `300ms` for milliseconds
    "##);
}

#[test]
fn a_key_given_twice() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h1, run: cat}
  alice: {host: h2, run: cat}
"#), @r##"
    error[E0104]: the key `alice` is given twice
     --> lab/scenario.yaml:5:3
      |
    3 |   alice: {host: h1, run: cat}
      |   ----- first given here
    4 |   bob: {host: h1, run: cat}
    5 |   alice: {host: h2, run: cat}
      |   ^^^^^ given again here
    "##);
}

#[test]
fn a_verb_that_is_none() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - sned: {to: alice, line: hi}
"#), @r##"
    error[E0109]: `sned` is not a verb of a step
     --> lab/scenario.yaml:6:5
      |
    6 |   - sned: {to: alice, line: hi}
      |     ^^^^
      |
      = help: did you mean `send`?
    "##);
}

#[test]
fn two_verbs_in_a_step() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - send: {to: alice, line: hi}
    expect: {from: alice, output: hi}
"#), @r##"
    error[E0109]: a step has exactly one verb, this one has 2
     --> lab/scenario.yaml:7:5
      |
    6 |   - send: {to: alice, line: hi}
      |     ---- the verb
    7 |     expect: {from: alice, output: hi}
      |     ^^^^^^
      |
      = help: begin a new item with `- expect:`
    "##);
}

#[test]
fn the_arguments_of_a_verb_beside_it() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - expect:
    from: alice
    output: hi
"#), @r##"
    error[E0109]: `from` stands beside `expect` instead of in it
     --> lab/scenario.yaml:7:5
      |
    6 |   - expect:
      |     ------ the verb
    7 |     from: alice
      |     ^^^^
      |
      = help: indent it below `expect:`, or write `expect: {…, from: …}`
    "##);
}

#[test]
fn a_verb_without_its_colon() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - wait 3s
"#), @r##"
    error[E0107]: expected a step, found a text
     --> lab/scenario.yaml:6:5
      |
    6 |   - wait 3s
      |     ^^^^^^^
      |
      = help: write `wait: …`, with a colon
    "##);
}

#[test]
fn a_duration_without_a_unit() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
timeout: 20
"#), @r##"
    error[E0201]: a duration needs a unit
     --> lab/scenario.yaml:2:10
      |
    2 | timeout: 20
      |          ^^
      |
      = help: write `20s` for seconds or `20ms` for milliseconds
    "##);
}

#[test]
fn a_regular_expression_in_a_dialogue() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - dialogue: |
      alice> hello
      alice< /from ${h1.ip}: (ok/      # a comment
"#), @r##"
    error[E0210]: not a regular expression
     --> lab/scenario.yaml:8:30
      |
    8 |       alice< /from ${h1.ip}: (ok/      # a comment
      |                              ^ unclosed group
    "##);
}

#[test]
fn a_variable_nobody_knows_in_a_folded_text() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
vars: {port: 1}
processes:
  alice:
    host: h1
    run: >-
      chat-client direct
      --port ${prot}
"#), @r##"
    error[E0303]: nothing is known of `${prot}`
     --> lab/scenario.yaml:8:14
      |
    8 |       --port ${prot}
      |              ^^^^^^^
      |
      = help: did you mean `${port}`?
    "##);
}

#[test]
fn quotes_in_a_command_line() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: "printf 'a b"}
  bob: {host: h2, run: cat}
"#), @r##"
    error[E0208]: this `'` is never closed
     --> lab/scenario.yaml:3:34
      |
    3 |   alice: {host: h1, run: "printf 'a b"}
      |                                  ^
      |
      = help: put a backslash before a quote that is meant as a character
    "##);
}

#[test]
fn variables_in_a_circle() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
vars:
  a: "${b}"
  b: "${c}"
  c: "${a}"
"#), @r##"
    error[E0305]: the variable `a` needs itself
     --> lab/scenario.yaml:3:3
      |
    3 |   a: "${b}"
      |   ^
    4 |   b: "${c}"
      |   - which `a` needs
    5 |   c: "${a}"
      |   - which `b` needs
    "##);
}

#[test]
fn a_process_that_is_started_too_late() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - send: {to: alice, line: hi}
  - start: [alice, bob]
"#), @r##"
    error[E0501]: `alice` is not started by then
     --> lab/scenario.yaml:6:16
      |
    6 |   - send: {to: alice, line: hi}
      |                ^^^^^
    7 |   - start: [alice, bob]
      |             ----- it is started only here
    "##);
}

#[test]
fn a_process_that_is_never_started() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - start: alice
  - expect: {from: bob, output: hi}
"#), @r##"
    error[E0501]: `bob` is not started by then
     --> lab/scenario.yaml:7:20
      |
    4 |   bob: {host: h2, run: cat}
      |   --- no step starts it
    ...
    7 |   - expect: {from: bob, output: hi}
      |                    ^^^
      |
      = help: add `- start: bob` before; or leave out all `start` steps to have every process started at the beginning
    "##);
}

#[test]
fn a_process_that_has_ended() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - exit: {of: alice, code: 0}
  - send: {to: alice, line: hi}
"#), @r##"
    error[E0503]: `alice` has ended by then
     --> lab/scenario.yaml:7:16
      |
    6 |   - exit: {of: alice, code: 0}
      |                ----- it ends here
    7 |   - send: {to: alice, line: hi}
      |                ^^^^^
    "##);
}

#[test]
fn a_line_that_a_terminal_cuts() {
    assert_snapshot!(picture(&format!("{BASE}steps:\n  - send: {{to: alice, line: {}}}\n", "x".repeat(5000))), @r##"
    error[E0211]: a line of 5000 bytes: a terminal takes 4095 and drops the rest
     --> lab/scenario.yaml:5:29
      |
    5 | ...e: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give `alice` pipes in place of a terminal: `stdio: pipe`
    "##);
}

#[test]
fn a_port_from_a_variable() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
vars: {port: http}
processes:
  server: {host: h1, run: cat, ready: {tcp: "${port}"}}
"#), @r##"
    error[E0202]: `http` is not a whole number
     --> lab/scenario.yaml:4:46
      |
    4 |   server: {host: h1, run: cat, ready: {tcp: "${port}"}}
      |                                              ^^^^^^^ this is `http`
      |
      = help: write a whole number from 1 to 65535
    "##);
}

#[test]
fn a_role_of_the_lab() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
  server: {host: h1, run: "${program.sever} --x"}
"#), @r##"
    error[E0304]: the lab has no program `sever`
     --> lab/scenario.yaml:5:28
      |
    5 |   server: {host: h1, run: "${program.sever} --x"}
      |                            ^^^^^^^^^^^^^^^^
      |
      = help: did you mean `server`?
    "##);
}

#[test]
fn a_link_that_is_not_there() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: cat}
steps:
  - link: {between: [h1, h2], state: down}
"#), @r##"
    error[E0403]: no link joins `h1` and `h2`
     --> lab/scenario.yaml:6:22
      |
    6 |   - link: {between: [h1, h2], state: down}
      |                      ^^^^^^
      |
      = help: `h1` is linked to `s1`
    "##);
}

#[test]
fn an_address_given_twice() {
    assert_snapshot!(picture(r#"
topology:
  hosts: {h1: {ip: 10.0.0.2/8}, h2: }
  switches: [s1]
  links:
    - between: [h1, s1]
    - between: [h2, s1]
"#), @r##"
    error[E0402]: the address 10.0.0.2 is given twice
     --> lab/scenario.yaml:2:20
      |
    2 |   hosts: {h1: {ip: 10.0.0.2/8}, h2: }
      |                    ^^^^^^^^^^ `h1` has it
    ...
    6 |     - between: [h2, s1]
      |                 -- `h2` has it by its number
      |
      = help: host number n has 10.0.0.n/8 unless it is given another address
    "##);
}

#[test]
fn an_error_in_the_topology_file() {
    assert_snapshot!(picture(r#"
topology: broken
"#), @r##"
    error[E0105]: unknown key `hots` in a topology
     --> topologies/broken.yaml:1:1
      |
    1 | hots: [h1, h2]
      | ^^^^
      |
      = help: did you mean `hosts`?
    "##);
}

#[test]
fn a_topology_that_is_not_there() {
    assert_snapshot!(picture(r#"
topology: single,4
"#), @r##"
    error[E0401]: there is no topology `single,4`
     --> lab/scenario.yaml:1:11
      |
    1 | topology: single,4
      |           ^^^^^^^^ no `topologies/single,4.yaml` here or in any folder above
      |
      = help: Mininet's own are written `{single: 4}`, `{linear: 3}`, `{tree: {depth: 2, fanout: 3}}`
    "##);
}

#[test]
fn an_unquoted_variable_in_braces() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat, ready: {tcp: ${port}}}
  bob: {host: h2, run: cat}
"#), @r##"
    error[E0101]: `${…}` inside `{…}` or `[…]` must be in quotes
     --> lab/scenario.yaml:3:44
      |
    3 |   alice: {host: h1, run: cat, ready: {tcp: ${port}}}
      |                                            ^^^^^^^
      |
      = help: write `"${port}"`
    "##);
}

#[test]
fn a_tab() {
    assert_snapshot!(picture("topology:\n\tsingle: 2\n"), @r##"
    error[E0101]: a tab cannot indent
     --> lab/scenario.yaml:2:1
      |
    2 |     single: 2
      | ^^^^
      |
      = help: use spaces; most editors can be told to do so for `.yaml` files
    "##);
}

#[test]
fn packets_of_what_is_not_there() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
captures:
  at-bob: {host: h2, interface: h2-eth1}
checks:
  - contains: {capture: at-bbo, output: hello}
  - absent: {output: hello}
"#), @r##"
    error[E0309]: `h2` has no interface `h2-eth1`
     --> lab/scenario.yaml:3:33
      |
    3 |   at-bob: {host: h2, interface: h2-eth1}
      |                                 ^^^^^^^
      |
      = help: did you mean `h2-eth0`?

    error[E0310]: there is no capture `at-bbo`
     --> lab/scenario.yaml:5:25
      |
    5 |   - contains: {capture: at-bbo, output: hello}
      |                         ^^^^^^
      |
      = help: did you mean `at-bob`?

    error[E0106]: `in` is missing in a `contains` or `absent`
     --> lab/scenario.yaml:6:13
      |
    6 |   - absent: {output: hello}
      |             ^^^^^^^^^^^^^^^
      |
      = help: name a process, or write `capture: NAME` to look at packets
    "##);
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes: {bob: {host: h2, run: cat}}
checks:
  - contains: {capture: wire, output: hello}
  - absent: {in: bob, capture: wire, output: hello}
  - absent: {in: bob, from: h1, output: hello}
  - count: {capture: wire, output: hello, is: 2, together: true}
"#), @r##"
    error[E0310]: there is no capture `wire`
     --> lab/scenario.yaml:4:25
      |
    4 |   - contains: {capture: wire, output: hello}
      |                         ^^^^
      |
      = help: add it: `captures: {wire: HOST}`

    error[E0214]: a check looks at processes or at a capture
     --> lab/scenario.yaml:5:32
      |
    5 |   - absent: {in: bob, capture: wire, output: hello}
      |                  ---           ^^^^
      |                  |
      |                  these are processes
      |
      = help: make two checks of it

    error[E0214]: `from` is of packets, and this looks at no capture
     --> lab/scenario.yaml:6:29
      |
    6 |   - absent: {in: bob, from: h1, output: hello}
      |                             ^^
      |
      = help: write `capture: NAME` in place of `in`

    error[E0214]: `together` is of processes, and this looks at a capture
     --> lab/scenario.yaml:7:22
      |
    7 |   - count: {capture: wire, output: hello, is: 2, together: true}
      |                      ^^^^
      |
      = help: leave it out: a capture's packets are counted together anyway

    error[E0310]: there is no capture `wire`
     --> lab/scenario.yaml:7:22
      |
    7 |   - count: {capture: wire, output: hello, is: 2, together: true}
      |                      ^^^^
      |
      = help: add it: `captures: {wire: HOST}`
    "##);
}

#[test]
fn a_brace_left_open() {
    assert_snapshot!(picture(r#"
topology: {single: 2
processes:
  alice: {host: h1, run: cat}
"#), @r##"
    error[E0101]: expected `,` or `}` here
     --> lab/scenario.yaml:2:10
      |
    1 | topology: {single: 2
      |           - this is still open
    2 | processes:
      |          ^
      |
      = help: is its end missing?
    "##);
}

#[test]
fn only_comments() {
    assert_snapshot!(picture(r#"
# nothing yet
"#), @r##"
    error[E0005]: the file is empty
     --> lab/scenario.yaml:1:1
      |
    1 | # nothing yet
      | ^
      |
      = help: a scenario has at least a `topology`, `processes` and `steps`
    "##);
}

#[test]
fn what_is_right_but_odd() {
    assert_snapshot!(warnings(r#"
topology: {single: 2}
vars: {port: 1}
processes:
  alice: {host: h1, run: cat}
  bob: {host: h2, run: "cat | wc -l"}
steps:
  - start: alice
  - silence: {from: alice, for: 70s}
"#), @r##"
    warning[W0004]: nothing uses `${port}`
     --> lab/scenario.yaml:2:8
      |
    2 | vars: {port: 1}
      |        ^^^^

    warning[W0001]: `bob` is never started
     --> lab/scenario.yaml:5:3
      |
    5 |   bob: {host: h2, run: "cat | wc -l"}
      |   ^^^
      |
      = help: add `- start: bob` to `steps`, or remove the process

    warning[W0002]: `|` is given to the program as it is
     --> lab/scenario.yaml:5:29
      |
    5 |   bob: {host: h2, run: "cat | wc -l"}
      |                             ^
      |
      = help: `run` uses no shell; write `shell:` in its place if one is wanted

    warning[W0003]: the pauses up to here take 70s, but the whole run may take only 60s
     --> lab/scenario.yaml:8:21
      |
    8 |   - silence: {from: alice, for: 70s}
      |                     ^^^^^
      |
      = help: raise the scenario's `timeout`
    "##);
}

#[test]
fn what_may_run_still_when_it_is_started_again() {
    let of = |probe: &str, rest: &str| {
        warnings(&format!(
            "\ntopology: {{single: 2}}\nprocesses:\n  probe: {{host: h1, run: probe{probe}}}\n\
             steps:\n  - repeat: {{times: 3, steps: [start: probe{rest}]}}\n"
        ))
    };
    let warning = "warning[W0008]: `probe` may run still when this is repeated";
    assert!(of("", "").starts_with(warning), "{}", of("", ""));
    assert_eq!(of("", ", exit: {of: probe}"), "");
    assert_eq!(of(", ready: {exit: 0}", ""), "");
}

#[test]
fn what_hardly_does_what_was_meant() {
    assert_snapshot!(warnings(r#"
topology: {single: 2}
matrix: {mode: [fast, safe], exclude: [{mode: slow}]}
processes:
  alice: {host: h1, run: "cat ${mode}"}
steps:
  - retry: {within: 2s, steps: [expect: {from: alice, output: up}]}
  - retry: {within: 2s, steps: [expect: {from: alice, output: up, within: 100ms}]}
  - retry: {within: 2s, steps: [expect: {from: alice, output: up, optional: true}]}
  - dialogue: |
      alice< /error/gi
      alice< /etc/passwd
      alice< /srv/data/x
"#), @r##"
    warning[W0004]: no combination has `mode: slow`: this leaves nothing out
     --> lab/scenario.yaml:2:47
      |
    2 | matrix: {mode: [fast, safe], exclude: [{mode: slow}]}
      |                                               ^^^^
      |
      = help: the values of `mode` are `fast` and `safe`

    warning[W0006]: this waits for 5s, as long as all tries together may take: if in vain, there is no second try
     --> lab/scenario.yaml:6:48
      |
    6 |   - retry: {within: 2s, steps: [expect: {from: alice, output: up}]}
      |                                                ^^^^^
      |
      = help: give it less time than the `retry`, such as `within: 500ms`, or leave out the `retry`

    warning[W0007]: this looks for the text `/error/gi` itself
      --> lab/scenario.yaml:10:14
       |
    10 |       alice< /error/gi
       |              ^^^^^^^^^
       |
       = help: flags stand inside of the expression: `/(?i)error/`
    "##);
}

#[test]
fn habits_of_other_languages() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, shell: "for f in a b; do echo ${f}; done"}
  users: {count: 3, host: h1, run: cat}
steps:
  - expect: {from: alice, output: '/no such (file|user)/i'}
  - expect: {from: alice, output: '/(took .*)?/'}
  - exec: {host: h1, run: hostname, save: n}
  - assert: "${n} !== 5"
  - send {to: a}
  - send: {to: users-4, line: x}
checks:
  - contains: {in: users, output: "I am ${i}"}
"#), @r##"
    error[E0303]: nothing is known of `${f}`
     --> lab/scenario.yaml:3:51
      |
    3 |   alice: {host: h1, shell: "for f in a b; do echo ${f}; done"}
      |                                                   ^^^^
      |
      = help: add it to `vars`: `vars: {f: …}`
      = help: write `$${f}` for a variable of the shell's own

    error[E0210]: nothing may stand behind the last slash of a regular expression
     --> lab/scenario.yaml:6:36
      |
    6 |   - expect: {from: alice, output: '/no such (file|user)/i'}
      |                                    ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: flags stand inside of the expression: `/(?i)no such (file|user)/`
      = help: to look for this very text, write it as an expression, with `\/` for each slash

    error[E0209]: this expression matches nothing at all, so it is found everywhere
     --> lab/scenario.yaml:7:37
      |
    7 |   - expect: {from: alice, output: '/(took .*)?/'}
      |                                     ^^^^^^^^^^
      |
      = help: let it match one character at least: `/.+/` in place of `/.*/`

    error[E0216]: `!==` is no sign of a comparison
     --> lab/scenario.yaml:9:19
      |
    9 |   - assert: "${n} !== 5"
      |                   ^^^
      |
      = help: did you mean `!=`?

    error[E0109]: `send {to` is not a verb of a step
      --> lab/scenario.yaml:10:5
       |
    10 |   - send {to: a}
       |     ^^^^^^^^
       |
       = help: write `send: …`, with a colon

    error[E0302]: there is no process `users-4`
      --> lab/scenario.yaml:11:16
       |
    11 |   - send: {to: users-4, line: x}
       |                ^^^^^^^
       |
       = help: `users` has 3 members, `users-1` to `users-3`

    error[E0303]: nothing is known of `${i}`
      --> lab/scenario.yaml:13:41
       |
    13 |   - contains: {in: users, output: "I am ${i}"}
       |                                         ^^^^ a check says the same of each member
       |
       = help: make a check for each member, such as `in: users-1` with its number; or expect it in a step, where `${i}` is known
    "##);
    assert_snapshot!(picture(r#"
topology: {single: 2}
steps:
  - send {to: alice, line: hello}
"#), @r##"
    error[E0101]: a colon is missing after `send`
     --> lab/scenario.yaml:3:5
      |
    3 |   - send {to: alice, line: hello}
      |     ^^^^
      |
      = help: write `send: {…}`
    "##);
}

#[test]
fn windows_in_which_nothing_happens() {
    assert_snapshot!(picture(r#"
topology: {single: 2}
processes:
  alice: {host: h1, run: cat}
steps:
  - label: cut
  - repeat: {times: 3, steps: [label: healed]}
checks:
  - absent: {in: alice, output: x, between: [healed, cut]}
  - absent: {in: alice, output: x, between: []}
"#), @r##"
    error[E0214]: `cut` comes before `healed`
     --> lab/scenario.yaml:8:54
      |
    5 |   - label: cut
      |            --- this is first
    6 |   - repeat: {times: 3, steps: [label: healed]}
      |                                       ------ then this
    7 | checks:
    8 |   - absent: {in: alice, output: x, between: [healed, cut]}
      |                                                      ^^^
      |
      = help: write `between: [cut, healed]`

    error[E0107]: a window is between two labels, not 0
     --> lab/scenario.yaml:9:45
      |
    9 |   - absent: {in: alice, output: x, between: []}
      |                                             ^^
      |
      = help: write `between: [cut, healed]`
    "##);
}

#[test]
fn what_was_left_open() {
    let told =
        ["name: \"a: b\n  c\ntopology: {single: 2}\n", "vars: {a: 'it''s',\n  b: 'x}\nsteps: []\n"]
            .map(picture);
    assert_snapshot!(told.join("\n"), @r##"
    error[E0101]: the text in quotes goes on here, but is not indented
     --> lab/scenario.yaml:3:1
      |
    1 | name: "a: b
      |       - this is still open
    2 |   c
    3 | topology: {single: 2}
      | ^
      |
      = help: is its end missing?

    error[E0101]: these quotes are never closed
     --> lab/scenario.yaml:2:6
      |
    2 |   b: 'x}
      |      ^
    "##);
}

#[test]
fn yaml_itself_in_our_words() {
    let told = [
        "name: \"a\" b\n",
        "steps: [\n  - wait: 1s\n]\n",
        "steps: - wait: 1s\n",
        "name: a]\ntopology: ]\n",
        "name: %x\n",
        "topology: {single: 2\n",
    ]
    .map(picture);
    assert_snapshot!(told.join("\n"), @r##"
    error[E0101]: this stands after the end of a text in quotes
     --> lab/scenario.yaml:1:11
      |
    1 | name: "a" b
      |           ^
      |
      = help: put the whole text into quotes; in single quotes, `''` stands for `'`

    error[E0101]: a `-` begins no item inside brackets: commas separate them there
     --> lab/scenario.yaml:2:3
      |
    1 | steps: [
      |        - this is still open
    2 |   - wait: 1s
      |   ^
      |
      = help: is its end missing?

    error[E0101]: a `-` that begins no item here
     --> lab/scenario.yaml:1:8
      |
    1 | steps: - wait: 1s
      |        ^
      |
      = help: begin each item on a line of its own, indented like the others

    error[E0101]: this bracket closes nothing
     --> lab/scenario.yaml:2:11
      |
    2 | topology: ]
      |           ^
      |
      = help: put a text that has brackets in it into quotes

    error[E0101]: a text cannot begin with `%`
     --> lab/scenario.yaml:1:7
      |
    1 | name: %x
      |       ^
      |
      = help: put the text into quotes

    error[E0101]: this `{` is never closed
     --> lab/scenario.yaml:1:11
      |
    1 | topology: {single: 2
      |           ^
    "##);
}
