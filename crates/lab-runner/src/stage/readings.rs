//! What the kernel tells of its clocks and of the machine, for the
//! [watch](super::watch).

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::watch::{Clocks, Pressure};

/// What the clocks say now.
pub(super) fn clocks() -> Clocks {
    let read = |id| {
        let time = clock_gettime(id);
        i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
    };
    Clocks {
        monotonic: read(ClockId::Monotonic),
        boot: read(ClockId::Boottime),
        real: read(ClockId::Realtime),
    }
}

/// The pressure on the processors; not every kernel tells.
pub(super) fn pressure() -> Option<Pressure> {
    parse(&std::fs::read_to_string("/proc/pressure/cpu").ok()?)
}

/// `some avg10=0.22 avg60=0.17 avg300=1.11 total=58761459`: percentages, and
/// microseconds.
fn parse(text: &str) -> Option<Pressure> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let value =
        |key| line.split(' ').find_map(|word| word.split_once('=').filter(|(k, _)| *k == key));
    let lately: f64 = value("avg10")?.1.parse().ok()?;
    let total = value("total")?.1.parse().ok()?;
    Some(Pressure { total: Duration::from_micros(total), lately: lately / 100.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_as_the_kernel_writes_it() {
        let text = "some avg10=50.00 avg60=0.17 avg300=1.11 total=58761459\n\
                    full avg10=9.00 avg60=0.00 avg300=0.00 total=0\n";
        let expected = Pressure { total: Duration::from_micros(58_761_459), lately: 0.5 };
        assert_eq!(parse(text), Some(expected));
        for other in ["", "some", "some avg10=x total=1", "full avg10=1.0 total=1"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn clocks_go_together() {
        let (before, after) = (clocks(), clocks());
        assert!(after.monotonic >= before.monotonic && after.boot >= before.boot);
        assert!(after.boot >= after.monotonic, "{after:?}");
    }
}
