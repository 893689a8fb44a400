//! The captures of a run: packets read as they pass by, told as events, and kept within
//! bounds.

use std::io;
use std::os::fd::AsFd;

use lab_network::capture::{Capture, pcap};
use lab_scenario::plan::{self, CaptureId, Plan};
use lab_scenario::source::Place;

use super::hosts::Hosts;
use super::record::Recorder;
use crate::bytes::Bytes;
use crate::event::Event;
use crate::player::Player;
use crate::traffic::Gap;

/// Bytes that the file of a capture may have. It is the beginning that is kept, since a
/// run that fails shows best how it began.
const MAX_FILE: usize = 16 << 20;

/// Why there is no capture.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) place: Place,
    pub(super) summary: String,
    pub(super) help: Option<String>,
}

/// All captures of a plan, in its order.
pub(super) struct Captures(Vec<Tap>);

struct Tap {
    name: String,
    /// Gone when it is full.
    capture: Option<Capture>,
    packets: u64,
    /// Bytes that its file may still have.
    room: usize,
    gap: Gap,
}

impl Captures {
    /// Opens them all.
    pub(super) fn open(plan: &Plan, hosts: &Hosts) -> Result<Self, Box<Refusal>> {
        plan.captures
            .iter()
            .map(|capture| Tap::open(capture, hosts))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Their sockets, to wait for packets.
    pub(super) fn sockets(&self) -> impl Iterator<Item = (CaptureId, &impl AsFd)> {
        let sockets = self.0.iter().enumerate();
        sockets.filter_map(|(at, tap)| Some((CaptureId(at), tap.capture.as_ref()?)))
    }

    /// Takes so many packets of a capture, if there are as many.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub(super) fn read(
        &mut self,
        id: CaptureId,
        most: usize,
        recorder: &mut Recorder,
        player: &mut Player<'_>,
    ) -> Result<(), String> {
        let Some(tap) = self.0.get_mut(id.0) else { return Ok(()) };
        tap.read(id, most, recorder, player)
            .map_err(|error| format!("the capture {} failed: {error}", tap.name))
    }

    /// What is missing of each.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.0.iter().map(|tap| tap.gap).collect()
    }

    /// Tells what came of them.
    pub(super) fn end(&self, recorder: &mut Recorder) {
        for (at, Tap { packets, gap, .. }) in self.0.iter().enumerate() {
            let (packets, lost, full) = (*packets, gap.lost, gap.is_full);
            recorder.emit(Event::CaptureEnded { capture: CaptureId(at), packets, lost, full });
        }
    }
}

impl Tap {
    fn open(description: &plan::Capture, hosts: &Hosts) -> Result<Self, Box<Refusal>> {
        let plan::Capture { name, host, interface, place } = description;
        let refusal = |why: String, help: Option<String>| {
            Box::new(Refusal {
                place: *place,
                summary: format!("the capture {name} cannot be made: {why}"),
                help,
            })
        };
        let Some(namespace) = hosts.namespace(host) else {
            let why = format!("there is no host `{host}` in this network");
            return Err(refusal(why, Some(format!("its hosts are {}", hosts.names()))));
        };
        let capture = match Capture::open(namespace, interface.as_deref()) {
            Ok(capture) => capture,
            Err(error) => {
                let interface = interface.as_deref().unwrap_or_default();
                let is_missing = error.raw_os_error() == Some(libc::ENODEV);
                return Err(match is_missing {
                    true => refusal(
                        format!("{host} has no interface `{interface}`"),
                        Some(format!("it has {}", hosts.interfaces(host))),
                    ),
                    false => refusal(error.to_string(), None),
                });
            }
        };
        let room = MAX_FILE - pcap::header().len();
        let gap = Gap::default();
        Ok(Self { name: name.clone(), capture: Some(capture), packets: 0, room, gap })
    }

    fn read(
        &mut self,
        id: CaptureId,
        most: usize,
        recorder: &mut Recorder,
        player: &mut Player<'_>,
    ) -> io::Result<()> {
        let Some(capture) = &mut self.capture else { return Ok(()) };
        for _ in 0..most {
            let Some(packet) = capture.next()? else { break };
            let size = pcap::RECORD + packet.bytes.len();
            if size > self.room {
                self.gap.is_full = true;
                break;
            }
            self.room -= size;
            self.packets += 1;
            let passed = recorder.since_began(packet.time);
            let length = u32::try_from(packet.length).unwrap_or(u32::MAX);
            player.packet(id, packet.bytes, passed);
            let bytes = Bytes::from(packet.bytes);
            recorder.emit(Event::Packet { capture: id, passed, length, bytes });
        }
        let lost = capture.lost()?;
        if self.gap.lost == 0 && lost > 0 {
            let message = format!(
                "the capture {} loses packets: they come faster than they are read; \
                 `sysctl net.core.rmem_max` bounds how many may wait",
                self.name
            );
            recorder.emit(Event::Warning { message });
        }
        self.gap.lost = lost;
        if self.gap.is_full {
            let size = MAX_FILE >> 20;
            let message = format!(
                "the capture {} is full: later packets are not in its {size} MiB",
                self.name
            );
            recorder.emit(Event::Warning { message });
            self.capture = None;
        }
        Ok(())
    }
}
