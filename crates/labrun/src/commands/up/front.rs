//! What the person who has brought a network up sees: the prompt, and terminals for the hosts.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use clap::ValueEnum;
use lab_runner::event::Failure;
use lab_session::client::{self, SessionError};
use lab_session::protocol::{Ask, SessionDescription};
use lab_session::windows::{self, Layout, Leaving, Tmux, Visitor, WindowError};

use super::{News, UpArgs, detach, say};

/// Which terminals are opened.
#[derive(Debug, Clone, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Windows {
    /// Open a terminal for each host: xterms where there is a display, else tmux
    #[arg(short, long)]
    terminals: bool,

    /// Open an xterm for each host, or for these
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', num_args = 0.., require_equals = true)]
    xterm: Option<Vec<String>>,

    /// Open a tmux session with a terminal for each host and the prompt
    #[arg(long, value_name = "LAYOUT", num_args = 0..=1, require_equals = true,
          default_missing_value = "panes")]
    tmux: Option<TmuxLayout>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TmuxLayout {
    /// All hosts in one window, the prompt below
    Panes,
    /// A window for each
    Windows,
}

/// What is opened beside, or around, the prompt.
enum Furniture {
    Nothing,
    /// For these hosts, or for all.
    Xterms(Vec<String>),
    Tmux(Layout),
}

impl Windows {
    fn choose(&self) -> Furniture {
        match (&self.xterm, self.tmux, self.terminals) {
            (Some(hosts), _, _) => Furniture::Xterms(hosts.clone()),
            (_, Some(TmuxLayout::Panes), _) => Furniture::Tmux(Layout::Panes),
            (_, Some(TmuxLayout::Windows), _) => Furniture::Tmux(Layout::Windows),
            (_, _, true) if windows::has_xterm() => Furniture::Xterms(Vec::new()),
            (_, _, true) => Furniture::Tmux(Layout::Panes),
            _ => Furniture::Nothing,
        }
    }
}

/// Waits for the session and shows it.
pub(super) struct Front {
    windows: Windows,
    keeps: bool,
    news: Receiver<News>,
}

impl Front {
    pub(super) fn new(args: &UpArgs, news: Receiver<News>) -> Self {
        Self { windows: args.windows.clone(), keeps: args.keep, news }
    }

    /// Until the person leaves, which ends the session. Whether everything went well, which
    /// only a script wants to know.
    pub(super) fn run(self) -> bool {
        let Ok(News::Open { session }) = self.news.recv() else { return true };
        // If it never comes to that, the reason is told elsewhere.
        let Ok(News::Held { failure }) = self.news.recv() else { return true };
        let went_well = match self.show(&session, failure.as_deref()) {
            Ok(_) if self.keeps => return true,
            Ok(went_well) => went_well,
            Err(error) => {
                say(&format!("error: {error}"));
                true
            }
        };
        // It may have ended already.
        let _ = client::ask(&session, &Ask::Down);
        went_well
    }

    /// Shows it until the person leaves; one that keeps itself, to whoever has started it.
    fn show(&self, session: &str, failure: Option<&Failure>) -> Result<bool, SessionError> {
        let description = client::describe(session)?;
        say(&greeting(&description));
        if let Some(failure) = failure {
            failure.lines().for_each(|line| say(&format!("  {line}")));
        }
        if self.keeps {
            say(&format!("`labrun shell {session} HOST` goes in, `labrun down {session}` ends it"));
            // Nobody is there to be told that it did not work.
            let _ = detach::is_open(session);
            return Ok(true);
        }
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("labrun"));
        let visitor = Visitor { program, session: session.to_owned() };
        let all = || description.hosts.iter().map(|host| host.name.clone()).collect::<Vec<_>>();
        let opened = match self.windows.choose() {
            Furniture::Nothing => Ok(()),
            Furniture::Xterms(hosts) => {
                let hosts = if hosts.is_empty() { all() } else { hosts };
                windows::xterms(&visitor, &hosts)
            }
            Furniture::Tmux(layout) => match self.tmux(&visitor, &all(), layout) {
                Ok(()) => return Ok(true),
                Err(error) => Err(error),
            },
        };
        if let Err(error) = opened {
            say(&format!("warning: {error}"));
            error.help().into_iter().for_each(|help| say(&format!("help: {help}")));
        }
        lab_session::prompt::run(session)
    }

    /// Until the session ends, in tmux or elsewhere.
    fn tmux(&self, visitor: &Visitor, hosts: &[String], layout: Layout) -> Result<(), WindowError> {
        let tmux = Tmux::open(visitor, hosts, layout, Leaving::EndsTheSession)?;
        tmux.show()?;
        if tmux.is_open() {
            let (session, name) = (&visitor.session, tmux.name());
            say(&format!("the session goes on: `tmux attach -t {name}` returns to it,"));
            say(&format!("`labrun down {session}` or Ctrl-C ends it"));
            // It ends in any case when it cannot be spoken to.
            let _ = client::wait_for_end(session);
        }
        Ok(())
    }
}

fn greeting(session: &SessionDescription) -> String {
    let hosts: Vec<_> = session.hosts.iter().map(|host| host.name.as_str()).collect();
    let shown = match hosts.len() {
        0..=12 => hosts.join(" "),
        many => format!("{many} hosts, {} to {}", hosts[0], hosts[many - 1]),
    };
    format!("{} is up ({}): {shown}", session.name, session.built_by)
}
