//! Whether a failure may be no fault of the programs.
//!
//! A run that was disturbed and passed has passed. One that failed is invalid, if
//! the disturbance came before the failure and can explain it. It can explain
//! nearly all: a cause comes long before what it leads to, and a program whose packet
//! was lost, or that was not served in time, may say too little, too much or end. What
//! it cannot explain is a program that could not be started at all, and one that
//! crashed: no machine is so slow that a correct program touches memory that is not its own.

use lab_scenario::plan::{ExitStatus, Signal};

use crate::event::{Disturbance, Failure, Verdict};

/// Signals by which the kernel, or the program itself, ends a program that is wrong
/// (signal(7)).
const CRASHES: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGSYS,
    libc::SIGTRAP,
];

/// Makes a failure that is in doubt an invalid run. `refused`: something could not be
/// started.
pub(super) fn judge(
    verdict: Verdict,
    failure: &mut Option<Failure>,
    disturbances: &[Disturbance],
    refused: bool,
) -> Verdict {
    let Some(failure) = failure.as_mut().filter(|_| verdict == Verdict::Fail) else {
        return verdict;
    };
    if refused || disturbances.is_empty() || is_crash(failure) {
        return verdict;
    }
    failure.doubts = disturbances.iter().map(|disturbance| disturbance.message.clone()).collect();
    Verdict::Invalid
}

/// Whether the program that it is about has crashed.
fn is_crash(failure: &Failure) -> bool {
    failure.last_words.iter().filter(|words| Some(words.process) == failure.subject).any(
        |words| {
            matches!(words.ended, Some(ExitStatus::Signal(Signal(signal))) if CRASHES.contains(&signal))
        },
    )
}

#[cfg(test)]
mod tests {
    use lab_scenario::plan::ProcessId;

    use super::*;
    use crate::bytes::Bytes;
    use crate::event::{DisturbanceKind, LastWords};

    fn failure(ended: Option<ExitStatus>) -> Failure {
        let words = |process, ended| LastWords {
            process: ProcessId(process),
            output: Bytes::from(&b""[..]),
            whole: true,
            unmatched_from: 0,
            ended,
        };
        // The other one's crash is not what it is about.
        let crashed = Some(ExitStatus::Signal(Signal(libc::SIGSEGV)));
        Failure {
            subject: Some(ProcessId(0)),
            last_words: vec![words(0, ended), words(1, crashed)],
            ..Failure::of_the_run("x".into())
        }
    }

    #[test]
    fn what_is_doubted() {
        let signal = |number| Some(ExitStatus::Signal(Signal(number)));
        let late = [Disturbance { kind: DisturbanceKind::Late, message: "stood still".to_owned() }];
        let table = [
            (Verdict::Fail, &late[..], false, None, Verdict::Invalid),
            (Verdict::Fail, &late, false, Some(ExitStatus::Code(1)), Verdict::Invalid),
            (Verdict::Fail, &late, false, signal(libc::SIGKILL), Verdict::Invalid),
            (Verdict::Fail, &late, false, signal(libc::SIGABRT), Verdict::Fail),
            (Verdict::Fail, &late, true, None, Verdict::Fail),
            (Verdict::Fail, &[], false, None, Verdict::Fail),
            (Verdict::Inconclusive, &late, false, None, Verdict::Inconclusive),
            (Verdict::Invalid, &late, false, None, Verdict::Invalid),
        ];
        for (verdict, disturbances, refused, ended, expected) in table {
            let mut failure = Some(failure(ended));
            assert_eq!(judge(verdict, &mut failure, disturbances, refused), expected);
            let doubted = verdict == Verdict::Fail && expected == Verdict::Invalid;
            assert_eq!(failure.unwrap().doubts.is_empty(), !doubted);
        }
        assert_eq!(judge(Verdict::Pass, &mut None, &late, false), Verdict::Pass);
    }
}
