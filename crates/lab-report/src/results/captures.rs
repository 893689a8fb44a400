//! The packets of captures, in files that tcpdump(1) and Wireshark read, and that are whole
//! after each packet.

use std::fs;
use std::path::Path;

use lab_network::capture::pcap;
use lab_runner::dispatcher::ReportError;
use lab_runner::event::{Event, Record};
use lab_scenario::plan::Plan;

use super::file::{Growing, cannot};
use super::names;

/// Captures of a run up to which their files are kept open.
const FEW: usize = 8;

/// The files of all captures of a run.
#[derive(Debug)]
pub(super) struct Captures {
    files: Vec<Growing>,
    /// When the run began, in nanoseconds since 1970.
    epoch: u64,
}

impl Captures {
    /// Makes the files, each with its header.
    pub(super) fn create(folder: &Path, plan: &Plan) -> Result<Self, ReportError> {
        let captures = folder.join("captures");
        if !plan.captures.is_empty() {
            fs::create_dir(&captures).map_err(cannot("make the folder", &captures))?;
        }
        let keep_open = plan.captures.len() <= FEW;
        let create = |path: String| {
            // The stage bounds them.
            let mut file = Growing::create(folder.join(path), keep_open, u64::MAX)?;
            file.append(&pcap::header(), "")?;
            Ok(file)
        };
        let files = paths(plan).into_iter().map(create).collect::<Result<_, _>>()?;
        Ok(Self { files, epoch: 0 })
    }

    pub(super) fn note(&mut self, record: &Record) -> Result<(), ReportError> {
        match &record.event {
            Event::RunStarted { epoch, .. } => self.epoch = *epoch,
            Event::Packet { capture, passed, length, bytes } => {
                if let Some(file) = self.files.get_mut(capture.0) {
                    let time = self.epoch.saturating_add(*passed);
                    file.append(&pcap::record(time, *length, bytes), "")?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where each capture of a plan is, from the folder of its run.
pub(super) fn paths(plan: &Plan) -> Vec<String> {
    let names = names::distinct(plan.captures.iter().map(|capture| &*capture.name));
    names.into_iter().map(|name| format!("captures/{name}.pcap")).collect()
}

#[cfg(test)]
mod tests {
    use lab_runner::bytes::Bytes;
    use lab_runner::event::Environment;
    use lab_scenario::plan::{BackendKind, Capture, CaptureId};
    use lab_scenario::source::Place;

    use super::*;
    use crate::testing::{plan_in, record};

    /// Whoever ends when: the file can be read after each packet.
    #[test]
    fn packets_are_in_files_as_they_pass() {
        let folder = tempfile::tempdir().unwrap();
        let mut plan = plan_in(folder.path());
        let capture = |name: &str| Capture {
            name: name.into(),
            host: "h1".into(),
            interface: None,
            place: Place::default(),
        };
        plan.captures = vec![capture("wire"), capture("WIRE")];
        assert_eq!(paths(&plan), ["captures/wire.pcap", "captures/WIRE-2.pcap"]);
        let mut captures = Captures::create(folder.path(), &plan).unwrap();
        let (version, clock, epoch) = (2, 7, 1_700_000_000_000_000_000);
        let (backend, environment) = (BackendKind::Netns, Environment::default());
        let begun = Event::RunStarted { version, backend, clock, epoch, environment };
        captures.note(&record(0, begun).0).unwrap();
        let read = |path: &str| fs::read(folder.path().join(path)).unwrap();
        for count in 1..=3 {
            let bytes = Bytes(vec![count; 60]);
            let (passed, length) = (u64::from(count), 1500);
            let event = Event::Packet { capture: CaptureId(1), passed, length, bytes };
            captures.note(&record(1_000, event).0).unwrap();
            let file = read("captures/WIRE-2.pcap");
            let packets = pcap::packets(&file).unwrap();
            assert_eq!(packets.len(), usize::from(count));
            let last = packets[usize::from(count) - 1];
            assert_eq!((last.time, last.length), (epoch + passed, 1500));
            assert_eq!(last.bytes, [count; 60]);
        }
        assert_eq!(pcap::packets(&read("captures/wire.pcap")), Ok(vec![]));
    }
}
