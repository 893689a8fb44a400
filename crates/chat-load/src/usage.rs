//! What a process has used, from `/proc`.

use anyhow::Context as _;
use std::fs;
use std::time::Duration;

/// Processor time and memory of one process, all threads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Time on a processor since it started (of the threads that still run).
    pub processor: Duration,
    /// Memory that is resident now, in bytes.
    pub resident: u64,
}

impl Usage {
    /// Looks at process `id`.
    ///
    /// # Errors
    /// When there is no such process, or its files are not as proc(5) says.
    pub fn of(id: u32) -> anyhow::Result<Self> {
        let mut nanoseconds = 0;
        let tasks = format!("/proc/{id}/task");
        for task in fs::read_dir(&tasks).with_context(|| format!("no process {id}"))? {
            let file = task?.path().join("schedstat");
            // A thread may end meanwhile.
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let first = text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
            nanoseconds += first.with_context(|| format!("{} is odd", file.display()))?;
        }
        let file = format!("/proc/{id}/status");
        let status = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        let resident = resident(&status).with_context(|| format!("{file} has no VmRSS"))?;
        Ok(Self { processor: Duration::from_nanos(nanoseconds), resident })
    }
}

/// The processor time between two looks.
pub(crate) fn between(before: Option<Usage>, after: Option<Usage>) -> Option<Duration> {
    Some(after?.processor.saturating_sub(before?.processor))
}

/// `VmRSS` of a status file, in bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_this_process() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 100_000 && usage.processor > Duration::ZERO);
        assert!(Usage::of(u32::MAX).is_err());
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1234 kB\n"), Some(1234 * 1024));
        assert_eq!(resident("Name:\tx\n"), None);
    }
}
