//! What `iperf`, `pingall` and `capture` run on hosts. It is labrun itself, so little has to be
//! installed, and who writes a scenario from a record knows it.

use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The subcommand of labrun, and what follows it.
pub const COMMAND: &str = "measure";
/// To be sent something.
pub const RECEIVE: &str = "receive";
/// To send something: followed by an address and a port.
pub const SEND: &str = "send";

/// To ping each of some addresses once.
pub const PING: &str = "ping";
/// To write the packets of an interface into a file.
pub const CAPTURE: &str = "capture";

/// What [`ping`] says of an address that has answered.
pub const REACHED: &str = "reached";

/// How long is sent.
const TIME: Duration = Duration::from_secs(5);

/// How long the other may take to come, and to say something more.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was sent or received at one time.
const CHUNK: usize = 128 << 10;

/// How much came in which time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Result {
    bytes: u64,
    time: Duration,
}

impl Result {
    /// What [`receive`] has written: bytes and microseconds.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let (bytes, micros) = line.split_once(' ')?;
        let time = Duration::from_micros(micros.parse().ok()?);
        Some(Self { bytes: bytes.parse().ok()?, time })
    }
}

/// `941 Mbit/s for 5.0 s`.
impl fmt::Display for Result {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        let rate = if seconds > 0.0 { self.bytes as f64 * 8.0 / seconds } else { 0.0 };
        let (rate, unit) = match rate {
            rate if rate >= 1e9 => (rate / 1e9, "Gbit/s"),
            rate if rate >= 1e6 => (rate / 1e6, "Mbit/s"),
            rate => (rate / 1e3, "kbit/s"),
        };
        let digits = if rate >= 100.0 { 0 } else { 2 };
        write!(f, "{rate:.digits$} {unit} for {seconds:.1} s")
    }
}

/// Writes a port, takes whatever one connection brings, and writes how much that was in how many
/// microseconds from its first byte.
///
/// # Errors
/// Nobody comes, or what the kernel refuses.
pub fn receive() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
    if poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&patience))? == 0 {
        return Err(ErrorKind::TimedOut.into());
    }
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    let mut began = None;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                began.get_or_insert_with(Instant::now);
                bytes += u64::try_from(count).unwrap_or_default();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let time = began.map(|began| began.elapsed()).unwrap_or_default();
    writeln!(out, "{bytes} {}", time.as_micros())
}

/// Pings each address once, one after the other, and says of each whether it has answered within a
/// second.
///
/// # Errors
/// There is no `ping`.
pub fn ping(addresses: &[IpAddr]) -> io::Result<()> {
    for address in addresses {
        let mut ping = Command::new("ping");
        ping.args(["-n", "-c1", "-W1"]).arg(address.to_string());
        let answered = ping.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let answered = answered.status().map_err(|error| match error.kind() {
            ErrorKind::NotFound => io::Error::other("there is no `ping` on this machine"),
            _ => error,
        });
        println!("{}", if answered?.success() { REACHED } else { "lost" });
    }
    Ok(())
}

/// Sends as fast as it can, for five seconds.
///
/// # Errors
/// Nobody is there, or they go, or take nothing.
pub fn send(to: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let buffer = vec![0x55; CHUNK];
    let began = Instant::now();
    while began.elapsed() < TIME {
        stream.write_all(&buffer)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_and_shown() {
        let table = [
            ("625000000 5000000", "1.00 Gbit/s for 5.0 s"),
            ("588125000 5000000", "941 Mbit/s for 5.0 s"),
            ("6250000 5000000", "10.00 Mbit/s for 5.0 s"),
            ("0 0", "0.00 kbit/s for 0.0 s"),
        ];
        for (line, shown) in table {
            assert_eq!(Result::read(line).unwrap().to_string(), shown);
        }
        assert_eq!(Result::read("12345"), None);
        assert_eq!(Result::read("x y"), None);
    }
}
