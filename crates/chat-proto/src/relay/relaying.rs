//! What a server does with each message, and what it does not take from whom.
//!
//! A neighbour may speak only for itself and for what is behind it. A message that only
//! a broken or malicious neighbour sends is a [`Breach`] and costs that neighbour its
//! connection. What news in flight can explain is dropped instead: two
//! machines that register the same id far apart at the same time are both right as far
//! as their neighbours know.

use super::super::{Action, Breach, Directory, Id, Kind, Message, Note, Registration, status};
use super::{Node, Parent, Quit, Role};
use std::time::Instant;

impl<K: Copy + Ord, D: Directory + Default> Node<K, D> {
    pub(super) fn message(
        &mut self,
        link: K,
        message: Message<'_>,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> Result<(), Breach> {
        let Some(role) = self.role(link) else { return Ok(()) };
        // Quits that follow each other are told together.
        if !matches!(message, Message::ClientQuit { .. } | Message::ServerQuit { .. }) {
            self.tell_quits(link, out);
        }
        match message {
            Message::Registration(host) => self.registration(link, role, host, now, out),
            Message::Status { source, destination, code, text } => {
                if let Role::New = role {
                    return Err(Breach::OutOfPlace("before a registration"));
                }
                if self.may_speak(role, source, out)? {
                    self.take_status(link, source, destination, code, text, now, out);
                }
                Ok(())
            }
            Message::Chat { source, destination, text } => {
                if role.id().is_none() {
                    return Err(Breach::OutOfPlace("before a registration"));
                }
                if self.may_speak(role, source, out)? {
                    self.chat(link, source, destination, text, out);
                }
                Ok(())
            }
            Message::ClientQuit { source, text } => {
                self.client_quit(link, role, source, text, now, out)
            }
            Message::ServerQuit { source, replacement, text } => {
                let Role::Server(peer) = role else {
                    return Err(Breach::OutOfPlace("before a server's registration"));
                };
                if source == peer {
                    out.push(Action::Close(link));
                    self.lose(link, text, now, out);
                } else if self.is_behind(peer, source, Kind::Server) {
                    self.forget(Quit { kind: Kind::Server, source, replacement, text }, out);
                } else {
                    self.tell_again(link, source, out);
                }
                Ok(())
            }
        }
    }

    fn registration(
        &mut self,
        link: K,
        role: Role,
        host: Registration<'_>,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> Result<(), Breach> {
        let Registration { kind, source, last_hop, .. } = host;
        if source == Id::NONE {
            return Err(Breach::ZeroId);
        }
        let is_known = source == self.me.id || self.is_elsewhere(source, link);
        let first_link = match role {
            Role::New if last_hop != Id::NONE => return Err(Breach::FirstHop(last_hop)),
            Role::New => source,
            // Who answers us may begin with others, and speak of itself as we did.
            Role::Joining if last_hop == Id::NONE && kind == Kind::Client => {
                return Err(Breach::OutOfPlace("in answer to a server's registration"));
            }
            Role::Joining => {
                let parent = if last_hop == Id::NONE { source } else { last_hop };
                if parent == self.me.id || self.is_elsewhere(parent, link) {
                    return Err(Breach::Circle(parent));
                }
                self.attach(link, Role::Server(parent), parent, out);
                if let Some(Parent { since, .. }) = &mut self.parent {
                    *since = Some(now);
                }
                out.push(Action::Note(Note::Attached(parent)));
                // What hangs on us; nothing, unless we had another parent before.
                self.tell(link, out);
                parent
            }
            Role::Server(peer) if last_hop == peer => peer,
            Role::Server(peer) if last_hop == Id::NONE && source == peer => peer,
            Role::Server(peer) => return Err(Breach::LastHop { found: last_hop, sender: peer }),
            Role::Client(me) if source == me && kind == Kind::Client => me,
            Role::Client(me) => return Err(Breach::Source { found: source, sender: me }),
        };
        // Some store us before they tell us all they know. Who does has taken us for its neighbour,
        // so this is not a circle: on one the parent also tells us of a machine between us.
        if kind == Kind::Server && source == self.me.id && self.is_parent(link) {
            out.push(Action::Note(Note::Echoed(first_link)));
            return Ok(());
        }
        if is_known {
            let is_behind =
                self.hosts.find(source).is_some_and(|host| host.first_link == first_link);
            if kind == Kind::Server && self.is_parent(link) && !is_behind {
                return Err(Breach::Circle(source));
            }
            let text = match kind {
                Kind::Server => format!("A machine has already registered with ID {source}"),
                Kind::Client => format!("Someone has already registered with ID {source}"),
            };
            let bytes = self.status(Id::NONE, status::DUPLICATE, &text);
            out.push(Action::Send { to: link, bytes });
            out.push(Action::Note(Note::Duplicate { kind, id: source }));
            return Ok(());
        }
        if self.hosts.bytes() + host.name.len() + host.info.len() > self.limits.max_directory {
            return Err(Breach::Full);
        }
        self.hosts.insert(&host, first_link);
        let name = host.name.to_owned();
        out.push(Action::Note(Note::Joined { kind, id: source, name, first_link }));
        match (role, kind) {
            (Role::New, Kind::Server) => {
                self.attach(link, Role::Server(source), source, out);
                let bytes = self.me.registration(Kind::Server, self.me.id);
                out.push(Action::Send { to: link, bytes });
                self.tell(link, out);
            }
            (Role::New, Kind::Client) => {
                self.attach(link, Role::Client(source), source, out);
                let text = format!("Welcome to the Clemson Relay Chat network {}", host.name);
                let bytes = self.status(source, status::WELCOME, &text);
                out.push(Action::Send { to: link, bytes });
                self.tell(link, out);
            }
            _ => {}
        }
        self.announce(host, link, out);
        Ok(())
    }

    /// True if `id` is known, or is the machine at the other end of another link.
    fn is_elsewhere(&self, id: Id, link: K) -> bool {
        self.hosts.find(id).is_some() || self.adjacent.get(&id).is_some_and(|at| *at != link)
    }

    /// Whether a neighbour may speak in the name of `source`. It may for machines that we do
    /// not know: of those the news may still be on its way.
    fn may_speak(&self, role: Role, source: Id, out: &mut Vec<Action<K>>) -> Result<bool, Breach> {
        match role {
            Role::New | Role::Joining => Ok(true),
            Role::Client(me) if source == me => Ok(true),
            Role::Client(me) => Err(Breach::Source { found: source, sender: me }),
            Role::Server(peer) => {
                let known = self.hosts.find(source);
                let honest =
                    source != self.me.id && known.is_none_or(|host| host.first_link == peer);
                if !honest {
                    out.push(Action::Note(Note::Forged { neighbour: peer, source }));
                }
                Ok(honest)
            }
        }
    }

    /// A neighbour has just forgotten a machine that we know by another way: two had one id, or
    /// there was a circle for a moment. Tells it how things stand.
    fn tell_again(&self, link: K, id: Id, out: &mut Vec<Action<K>>) {
        let Some(place) = self.links.get(&link).filter(|link| link.telling.has_reached(id)) else {
            return;
        };
        let last_hop = self.me.id;
        let bytes = if id == self.me.id {
            self.me.registration(Kind::Server, last_hop)
        } else {
            match self.hosts.next(id) {
                Some((host, first_link))
                    if host.source == id && Some(first_link) != place.role.id() =>
                {
                    Message::Registration(Registration { last_hop, ..host }).encode()
                }
                _ => return,
            }
        };
        out.push(Action::Send { to: link, bytes });
    }

    fn is_behind(&self, peer: Id, id: Id, kind: Kind) -> bool {
        self.hosts.find(id).is_some_and(|host| host.first_link == peer && host.kind == kind)
    }

    /// The link towards `id`. Nothing goes back to the server that it came from, or
    /// two servers that are not of one mind would pass it to and fro for ever.
    fn way_to(&self, id: Id, from: K) -> Option<K> {
        let first_link = self.hosts.find(id)?.first_link;
        let link = *self.adjacent.get(&first_link)?;
        (link != from || matches!(self.role(from), Some(Role::Client(_)))).then_some(link)
    }

    fn chat(&mut self, link: K, source: Id, destination: Id, text: &str, out: &mut Vec<Action<K>>) {
        if let Some(to) = self.way_to(destination, link) {
            let bytes = Message::Chat { source, destination, text }.encode();
            out.push(Action::Send { to, bytes });
            out.push(Action::Note(Note::Chat { source, destination, bytes: text.len() }));
            return;
        }
        let text = format!("Unknown ID {destination}");
        let bytes = self.status(source, status::UNKNOWN, &text);
        // It came over this link, so its source is there.
        out.push(Action::Send { to: link, bytes });
        out.push(Action::Note(Note::Unknown { source, destination }));
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one message")]
    fn take_status(
        &mut self,
        link: K,
        source: Id,
        destination: Id,
        code: u16,
        text: &str,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) {
        if destination != self.me.id && destination != Id::NONE {
            if let Some(to) = self.way_to(destination, link) {
                let bytes = Message::Status { source, destination, code, text }.encode();
                out.push(Action::Send { to, bytes });
            }
            return;
        }
        self.status_log.push(text);
        out.push(Action::Note(Note::Status { source, code, text: text.to_owned() }));
        if self.role(link) == Some(Role::Joining) && code == status::DUPLICATE {
            out.push(Action::Note(Note::Refused(text.to_owned())));
            out.push(Action::Close(link));
            self.lose(link, "", now, out);
        }
    }

    fn client_quit(
        &mut self,
        link: K,
        role: Role,
        source: Id,
        text: &str,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> Result<(), Breach> {
        match role {
            // A client that was refused takes its leave.
            Role::New => {
                out.push(Action::Close(link));
                self.lose(link, "", now, out);
            }
            Role::Joining => return Err(Breach::OutOfPlace("before a registration")),
            Role::Client(me) if source == me => {
                out.push(Action::Close(link));
                self.lose(link, text, now, out);
            }
            Role::Client(me) => return Err(Breach::Source { found: source, sender: me }),
            Role::Server(peer) => {
                if self.is_behind(peer, source, Kind::Client) {
                    self.forget(Quit { text, ..Quit::lost(Kind::Client, source) }, out);
                } else {
                    self.tell_again(link, source, out);
                }
            }
        }
        Ok(())
    }
}
