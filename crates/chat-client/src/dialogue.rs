//! What the shell does in the same way for the clients of several dialects: asks for the
//! user's name before it connects, passes on what the server does, carries out what a client
//! decides, and says how it ended.

use crate::shell::{News, Shell};
use chat_net::Io;
use chat_proto::client::{ClientAction, ClientEvent, Outcome};
use chat_terminal::{Input, Mode, PROMPT};

impl<'a> From<News<'a>> for ClientEvent<'a> {
    fn from(news: News<'a>) -> Self {
        match news {
            News::Connected => Self::Connected,
            News::Received(bytes) => Self::Received(bytes),
            News::Closed => Self::Closed,
            News::Deadline => Self::Deadline,
        }
    }
}

impl Shell {
    /// Connects, or asks `question` if there is no name yet: a server gives a new connection
    /// little time to say who it is, so nobody is connected before.
    pub(crate) fn prepare(&mut self, wants_name: bool, question: &str, io: &mut Io<Input>) {
        if wants_name {
            return self.ask(question);
        }
        self.set_prompt(match self.mode() {
            Mode::Editor => PROMPT,
            Mode::Plain | Mode::Script => "",
        });
        self.connect(io);
    }

    /// The input has ended before there was a name.
    pub(crate) fn end_without_name(&mut self, io: &Io<Input>) {
        self.complain("no name was given (type it as the first line, or use `--name`)");
        self.end(2, io);
    }

    /// Carries out what a client with one connection wants done.
    pub(crate) fn carry_out(&mut self, action: ClientAction, io: &mut Io<Input>) {
        match action {
            ClientAction::Send(bytes) => self.send(bytes, io),
            ClientAction::Show(line) => self.show(&line, io),
            ClientAction::Confirm(line) => self.confirm(&line, io),
            ClientAction::Complain(why) => self.complain(&why),
            ClientAction::Finish => self.finish(io),
            ClientAction::Deadline(at) => self.set_deadline(at, io),
            ClientAction::Over(outcome) => self.over("server", outcome, io),
        }
    }

    /// Ends as a client says. If the server went, tells the user; `role` is what the dialect
    /// calls it.
    pub(crate) fn over(&mut self, role: &str, outcome: Outcome, io: &Io<Input>) {
        if self.is_over() {
            return;
        }
        let code = match outcome {
            Outcome::Left => 0,
            // The server or the client has said why.
            Outcome::Refused | Outcome::Garbled => 1,
            Outcome::ServerGone => {
                let closed = || format!("the {role} at {} closed the connection", self.server());
                self.complain(&self.lost().unwrap_or_else(closed));
                1
            }
        };
        self.end(code, io);
    }
}
