//! A person with a very steady hand at a TCP connection: each line typed goes
//! out as one write, so as one segment, and what comes back is shown byte by
//! byte. Labs use it to see what a server does with a message in two segments,
//! or two messages in one.

#![forbid(unsafe_code)]

mod connection;
mod escape;

use std::process::ExitCode;

use clap::Parser;

/// Sends exactly the bytes it is told over TCP, and shows those that come back.
///
/// Each line of standard input is one segment, without the newline; `\n`, `\r`,
/// `\t`, `\0`, `\\` and `\xNN` stand for bytes. What comes back is shown with the
/// same escapes. The end of standard input closes the sending side; the program
/// ends when the other side has closed too.
///
/// Exit codes: 0 the other side closed; 1 no connection, or it broke; 2 usage.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Where to connect.
    #[arg(value_name = "HOST:PORT")]
    address: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match connection::run(&arguments.address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-raw: {error:#}");
            ExitCode::FAILURE
        }
    }
}
