//! Programs that misbehave in every way we could think of: each has a clear
//! outcome, in time.

use std::time::{Duration, Instant};

use super::harness::Lab;

/// Far less than any `within`, far more than a run takes on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(4);

const EXPECT_HELLO: &str = "steps:\n  - expect: {from: p, output: hello, within: 20s}\n";

#[test]
fn that_cannot_be_found() {
    let lab = Lab::new().file(
        "scenario.yaml",
        "topology: {single: 1}\nprocesses:\n  p: {host: h1, run: no-such-program --fast}\n",
    );
    lab.run(&[]).fails_saying("there is no program `no-such-program`").says("build:");
}

#[test]
fn that_may_not_be_executed() {
    let lab = Lab::of_program("", "", "").file("p.sh", "#!/bin/sh\n");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(lab.path().join("p.sh"), mode).unwrap();
    lab.run(&[]).fails_saying("cannot start p").says("chmod +x");
}

#[test]
fn that_is_no_program() {
    let lab = Lab::of_program("", "", EXPECT_HELLO).file("p.sh", "\x7fELF, or nearly\n");
    lab.run(&[]).fails_saying("p ended with code");
    let lab = Lab::of_program("", "", "").file("p.sh", "#!/no/such/interpreter\n");
    lab.run(&[]).fails_saying("interpreter");
}

#[test]
fn that_ends_at_once() {
    let began = Instant::now();
    Lab::of_program("echo oops; exit 3", "", EXPECT_HELLO)
        .run(&[])
        .fails_saying("p ended with code 3 without saying `hello`")
        .says("oops");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[test]
fn that_crashes_while_another_is_waited_for() {
    let began = Instant::now();
    let scenario = "topology: {single: 2}\nprocesses:\n  \
         p: {host: h1, run: ./p.sh}\n  q: {host: h2, run: cat}\n\
         steps:\n  - expect: {from: q, output: hello, within: 20s}\n";
    Lab::new()
        .script("p.sh", "echo I am done for; kill -SEGV $$")
        .file("scenario.yaml", scenario)
        .run(&[])
        .fails_saying("p died unexpectedly: it was killed by SIGSEGV")
        .says("I am done for");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[test]
fn that_never_ends() {
    Lab::of_program("echo hello; while :; do sleep 1000; done", "", EXPECT_HELLO).run(&[]).passes();
}

#[test]
fn that_ignores_sigterm() {
    let program = "trap '' TERM; echo hello; while :; do sleep 1000; done";
    Lab::of_program(program, ", grace: 200ms", EXPECT_HELLO)
        .run(&[])
        .passes()
        .says("p ignored SIGTERM for 200 ms and was killed");
    let stop = "steps:\n  - expect: {from: p, output: hello}\n  - stop: p\n  \
                - exit: {of: p, signal: SIGKILL}\n";
    Lab::of_program(program, ", grace: 200ms", stop).run(&[]).passes();
}

#[test]
fn that_leaves_children_who_hold_the_terminal() {
    let began = Instant::now();
    let steps = "steps:\n  - expect: {from: p, output: hello}\n  - exit: {of: p, code: 0}\n";
    let program = "echo hello; sleep 1000 & exit 0";
    Lab::of_program(program, "", steps).run(&[]).passes();
    Lab::of_program(program, ", stdio: pipe", steps).run(&[]).passes();
    // Even those that left its session.
    Lab::of_program("echo hello; setsid sleep 1000 & exit 0", "", steps).run(&[]).passes();
    assert!(began.elapsed() < 3 * AT_ONCE, "{:?}", began.elapsed());
}

#[test]
fn whose_background_child_goes_on_speaking() {
    let program = "(while [ ! -e go ]; do sleep 0.01; done; echo hello) & exit 0";
    let steps = "steps:\n  - exit: {of: p, code: 0}\n  - exec: {host: h1, run: touch go}\n  \
                 - expect: {from: p, output: hello}\n";
    // On pipes: a terminal hangs up when the leader of its session ends.
    Lab::of_program(program, ", stdio: pipe", steps).run(&[]).passes();
}

#[test]
fn that_prints_100_megabytes() {
    for stdio in ["pty", "pipe"] {
        let program = "yes 0123456789abcdef | head -c 100000000; echo hello; exec cat";
        let lab = Lab::of_program(program, &format!(", stdio: {stdio}"), EXPECT_HELLO);
        let outcome = lab.run(&[]);
        outcome.passes().says("p has said more than 16 MiB");
        assert!(
            (16 << 20..100 << 20).contains(&outcome.size()),
            "{} bytes of results",
            outcome.size()
        );
    }
}

#[test]
fn that_prints_no_newline() {
    let steps = "steps:\n  - dialogue: |\n      p< who are you?\n      p> me\n      p< hi me!\n";
    let program = "printf 'who are you? '; read x; printf 'hi %s!' $x; exec cat";
    Lab::of_program(program, "", steps).run(&[]).passes();
    Lab::of_program(program, ", stdio: pipe", steps).run(&[]).passes();
}

#[test]
fn that_prints_byte_by_byte() {
    let program = "for c in h e l l o; do printf $c; sleep 0.01; done; exec cat";
    Lab::of_program(program, "", EXPECT_HELLO).run(&[]).passes();
    let regex = "steps:\n  - expect: {from: p, output: /^h.l+o$/}\n";
    Lab::of_program(program, "", regex).run(&[]).passes();
}

#[test]
fn that_closes_its_output() {
    let began = Instant::now();
    let program = "exec >&- 2>&-; exec sleep 1000";
    Lab::of_program(program, ", stdio: pipe", EXPECT_HELLO)
        .run(&[])
        .fails_saying("p closed its output without saying `hello`");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[test]
fn that_keeps_its_output_back() {
    let steps = "steps:\n  - expect: {from: p, output: hello, within: 300ms}\n";
    Lab::of_program("exec sleep 1000", ", stdio: pipe", steps)
        .run(&[])
        .fails_saying("p did not say `hello` within 300 ms")
        .says("let it flush");
}

#[test]
fn that_does_not_read() {
    let text = "x".repeat(60_000);
    let send = format!("  - send: {{to: p, line: {text}, within: 300ms}}\n");
    let steps = format!("steps:\n{send}{send}");
    Lab::of_program("exec sleep 1000", ", stdio: pipe", &steps)
        .run(&[])
        .fails_saying("p did not read what was typed within 300 ms");
}

#[test]
fn that_speaks_other_than_utf_8() {
    let program = r"printf '\377\376\000hello\200\n'; exec cat";
    let rest = "steps:\n  - expect: {from: p, output: hello}\n  \
                - expect: {from: p, output: '/(?-u)\\x80$/'}\n\
                checks:\n  - name: all of it\n    contains: {in: p, output: '/(?-u)\\xff\\xfe\\x00h/'}\n";
    let lab = Lab::of_program(program, "", rest);
    let outcome = lab.run(&[]);
    outcome.passes();
    let log = std::fs::read(outcome.run_folder.join("transcripts/p.log")).unwrap();
    assert_eq!(log, b"\xff\xfe\x00hello\x80\n");
}

#[test]
fn that_sends_escape_codes_to_the_reader() {
    let program = r"printf '\033]0;owned\007\033[2J\033[31mred\n'; exec cat";
    let steps = "steps:\n  - expect: {from: p, output: hello, within: 300ms}\n";
    let outcome = Lab::of_program(program, "", steps).run(&[]);
    outcome.fails_saying("did not say `hello`").says("red");
    assert!(!outcome.text().contains('\x1b'), "{:?}", outcome.text());
}

#[test]
fn that_reads_to_the_end_of_its_input() {
    let steps = "steps:\n  - send: {to: p, text: half a line}\n  - send: {to: p, eof: true}\n  \
                 - expect: {from: p, output: half a line}\n  - exit: {of: p, code: 0}\n";
    Lab::of_program("exec cat", "", steps).run(&[]).passes();
    Lab::of_program("exec cat", ", stdio: pipe", steps).run(&[]).passes();
}

#[test]
fn that_closes_its_terminal_and_lives_on() {
    // A moment in which that is noticed, and nobody may hang up.
    let program = "exec 0<&- 1>&- 2>&-; sleep 0.3; exec 1>/dev/tty; echo hello; exit 3";
    let steps = "steps:\n  - expect: {from: p, output: hello}\n  - exit: {of: p, code: 3}\n";
    Lab::of_program(program, "", steps).run(&[]).passes();
}

#[test]
fn that_forks_without_end() {
    let program = "i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done; echo hello; wait";
    Lab::of_program(program, "", EXPECT_HELLO).run(&[]).passes();
}
