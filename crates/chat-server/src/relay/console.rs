//! Standard input: `state` prints what the server knows.
//!
//! A thread of its own reads, asks the reactor and prints the answer, so a reader of our output
//! that is slow holds up only itself. The end of the input is not the end of the server.

use chat_net::Remote;
use chat_proto::relay::ServerState;
use chat_terminal::{Input, read_commands};
use std::io::{self, Write as _};
use std::sync::mpsc::{SyncSender, sync_channel};

/// The longest line that is read.
const MAX_LINE: usize = 4096;

/// What does the server know? Asked of the reactor thread.
pub(crate) struct Question(SyncSender<ServerState>);

impl Question {
    pub(crate) fn answer(self, state: &ServerState) {
        // There is room for one, and one is all that comes.
        let _ = self.0.try_send(state.clone());
    }
}

/// Begins to read commands.
pub(crate) fn start(remote: Remote<Question>) -> io::Result<()> {
    let read = move || {
        read_commands(MAX_LINE, |input| match input {
            Input::Line(line) => match line.trim() {
                "" => {}
                "state" => print_state(&remote),
                other => eprintln!(
                    "chat-server: there is no command `{}`; type `state`",
                    chat_proto::text::for_one_line(other)
                ),
            },
            Input::Unusable(why) => eprintln!("chat-server: {why}"),
            Input::Ended => {}
        });
    };
    std::thread::Builder::new().name("console".into()).spawn(read).map(drop)
}

fn print_state(remote: &Remote<Question>) {
    let (sender, receiver) = sync_channel(1);
    remote.post(Question(sender));
    // It fails when the server has stopped.
    let Ok(state) = receiver.recv() else { return };
    // With its end at once, so that no line of the log comes between on a terminal.
    let line = match serde_json::to_string(&state) {
        Ok(line) => line + "\n",
        Err(error) => return eprintln!("chat-server: cannot write the state: {error}"),
    };
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_all(line.as_bytes()).and_then(|()| output.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("chat-server: cannot write to standard output: {error}");
    }
}
