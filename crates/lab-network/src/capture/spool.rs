//! A capture that goes into a file, for whoever asks for one by hand.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use super::{Capture, pcap};

/// A capture on its way into a file.
#[derive(Debug)]
pub struct Spool<W> {
    capture: Capture,
    file: W,
    packets: u64,
}

impl<W: Write> Spool<W> {
    /// Begins a file. Whatever has passed by since the capture was opened belongs to it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn start(capture: Capture, mut file: W) -> io::Result<Self> {
        file.write_all(&pcap::header())?;
        Ok(Self { capture, file, packets: 0 })
    }

    /// Copies what has passed by since the last time: to be called when the descriptor
    /// can be read, and once before the spool is dropped, which ends the capture.
    ///
    /// # Errors
    /// The socket cannot be read, or the file not written.
    pub fn copy(&mut self) -> io::Result<()> {
        while let Some(packet) = self.capture.next()? {
            let length = u32::try_from(packet.length).unwrap_or(u32::MAX);
            self.file.write_all(&pcap::record(packet.time, length, packet.bytes))?;
            self.packets += 1;
        }
        self.file.flush()
    }

    /// How many packets are in the file.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// How many are not, since they came faster than they were copied.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn lost(&mut self) -> io::Result<u64> {
        self.capture.lost()
    }
}

/// The socket, to wait for packets.
impl<W> AsFd for Spool<W> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.capture.as_fd()
    }
}
