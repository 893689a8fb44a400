//! The connection: one thread shows what comes, one sends what is typed.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::escape::{escape, unescape};

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 16 << 20;

/// Connects, and goes on until the other side closes.
pub(crate) fn run(address: &str) -> Result<()> {
    let stream = TcpStream::connect(address)
        .with_context(|| format!("cannot connect to {address}; is somebody listening there?"))?;
    // Each write is to be a segment at once.
    stream.set_nodelay(true)?;
    eprintln!("connected to {}", stream.peer_addr()?);
    let sending = stream.try_clone()?;
    // Not joined: it may wait for a line that nobody types when the other side
    // has long closed.
    thread::spawn(move || {
        if let Err(error) = send(&sending) {
            eprintln!("chat-raw: {error:#}");
        }
        // Fails only if the other side has closed already.
        let _ = sending.shutdown(Shutdown::Write);
    });
    show(stream)
}

/// One line, one segment.
fn send(mut stream: &TcpStream) -> Result<()> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        match unescape(text) {
            Ok(bytes) => stream.write_all(&bytes).context("cannot send")?,
            Err(bad) => {
                bail!("`{}` is no escape; there are \\n \\r \\t \\0 \\\\ \\xNN", bad.escape)
            }
        }
    }
}

fn show(mut stream: TcpStream) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut buffer = vec![0; 64 << 10];
    // The beginning of a character whose end has not come yet.
    let mut held = Vec::new();
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("the connection broke"),
        };
        held.extend_from_slice(&buffer[..count]);
        let whole = if count == 0 { held.len() } else { whole_characters(&held) };
        let shown = out.write_all(escape(&held[..whole]).as_bytes()).and_then(|()| out.flush());
        if shown.is_err() {
            // Nobody looks any more.
            return Ok(());
        }
        held.drain(..whole);
        if count == 0 {
            let _ = writeln!(out, "\n[closed]");
            return Ok(());
        }
    }
}

/// How many bytes there are up to a character that is cut off at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => {
            let cut = error.error_len().is_none();
            if cut { error.valid_up_to() } else { bytes.len() }
        }
    }
}
