//! `labrun sessions`, `exec`, `shell` and `down`: sessions from any other terminal.

use lab_session::client::{self, SessionError};
use lab_session::protocol::{Ask, ProcessState, SessionDescription};
use lab_session::{address, attach};

use crate::exit::{Complaint, Exit};
use crate::terminal;

/// List sessions: networks that are held by `labrun up`, or by `labrun run` where it waits
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {}

/// Run a command on a host of a session
#[derive(Debug, clap::Args)]
pub(crate) struct ExecArgs {
    /// The session, if there are several, and the host
    #[arg(required = true, num_args = 1..=2, value_names = ["[SESSION] HOST"])]
    place: Vec<String>,

    /// Program and arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Open a shell on a host of a session
#[derive(Debug, clap::Args)]
pub(crate) struct ShellArgs {
    /// The session, if there are several, and the host
    #[arg(required = true, num_args = 1..=2, value_names = ["[SESSION] HOST"])]
    place: Vec<String>,
}

/// End a session
#[derive(Debug, clap::Args)]
pub(crate) struct DownArgs {
    /// Which, if there are several
    session: Option<String>,

    /// End all
    #[arg(long, conflicts_with = "session")]
    all: bool,
}

/// Let a run go on that waits for people
#[derive(Debug, clap::Args)]
pub(crate) struct ContinueArgs {
    /// Which, if there are several
    session: Option<String>,
}

/// Talk to a session at its prompt
#[derive(Debug, clap::Args)]
pub(crate) struct PromptArgs {
    /// Which, if there are several
    session: Option<String>,

    /// End the session when the person leaves
    #[arg(long, hide = true)]
    owner: bool,
}

/// Shows one line for each.
pub(crate) fn list(_: &ListArgs) -> anyhow::Result<Exit> {
    let names = address::sessions()?;
    // One that ends in this moment is none.
    let sessions: Vec<_> = names.iter().filter_map(|name| client::describe(name).ok()).collect();
    if sessions.is_empty() {
        anstream::eprintln!("there is no session; `labrun up` starts one");
        return Ok(Exit::Pass);
    }
    let width = sessions.iter().map(|session| session.name.len()).max().unwrap_or(0);
    let lines: Vec<_> = sessions.iter().map(|session| line(session, width)).collect();
    terminal::print(&format!("{}\n", lines.join("\n")))?;
    Ok(Exit::Pass)
}

fn line(session: &SessionDescription, width: usize) -> String {
    let running = session.processes.iter().filter(|one| one.state == ProcessState::Running).count();
    let mut parts = vec![lab_report::words::count(session.hosts.len(), "host")];
    if !session.processes.is_empty() {
        parts.push(format!("{running} of {} programs run", session.processes.len()));
    }
    if !session.terminals.is_empty() {
        parts.push(lab_report::words::count(session.terminals.len(), "terminal"));
    }
    let age = std::time::Duration::from_secs(session.age.max(1));
    parts.push(format!("up {}", lab_report::words::duration(age)));
    format!("{:width$}  {}  ({})", session.name, parts.join(", "), session.title)
}

/// Ends with the command's own code.
pub(crate) fn exec(args: &ExecArgs) -> anyhow::Result<Exit> {
    run(&args.place, args.command.clone())
}

/// Ends with the shell's own code.
pub(crate) fn shell(args: &ShellArgs) -> anyhow::Result<Exit> {
    run(&args.place, Vec::new())
}

fn run(place: &[String], command: Vec<String>) -> anyhow::Result<Exit> {
    let (session, host) = match place {
        [host] => (client::choose(None).map_err(|error| complain(&error))?, host),
        [session, host, ..] => (session.clone(), host),
        [] => return Err(Complaint::usage("there is no host named").into()),
    };
    let status = attach::run(&session, host, command).map_err(|error| complain(&error))?;
    Ok(Exit::Other(u8::try_from(status.shell_code() & 0xff).unwrap_or(u8::MAX)))
}

/// Ends sessions, and waits until they have ended.
pub(crate) fn down(args: &DownArgs) -> anyhow::Result<Exit> {
    let names = match args.all {
        true => address::sessions()?,
        false => vec![client::choose(args.session.as_deref()).map_err(|error| complain(&error))?],
    };
    for name in names {
        match client::ask(&name, &Ask::Down) {
            Ok(_) | Err(SessionError::Ended { .. }) => {}
            Err(error) => return Err(complain(&error)),
        }
        client::wait_for_end(&name).map_err(|error| complain(&error))?;
        anstream::eprintln!("{name} has ended");
    }
    Ok(Exit::Pass)
}

/// Lets it go on.
pub(crate) fn go_on(args: &ContinueArgs) -> anyhow::Result<Exit> {
    let session = client::choose(args.session.as_deref()).map_err(|error| complain(&error))?;
    client::ask(&session, &Ask::Continue).map_err(|error| complain(&error))?;
    Ok(Exit::Pass)
}

/// Until the person leaves; the session goes on, unless they end it.
pub(crate) fn prompt(args: &PromptArgs) -> anyhow::Result<Exit> {
    let session = client::choose(args.session.as_deref()).map_err(|error| complain(&error))?;
    let well = lab_session::prompt::run(&session).map_err(|error| complain(&error))?;
    if args.owner {
        // It may have ended already.
        let _ = client::ask(&session, &Ask::Down);
    }
    Ok(if well { Exit::Pass } else { Exit::Fail })
}

fn complain(error: &SessionError) -> anyhow::Error {
    let help = error.help();
    Complaint { exit: Exit::Usage, message: error.to_string(), help }.into()
}
