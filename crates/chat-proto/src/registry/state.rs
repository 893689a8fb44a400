//! Who is there, and who talks with whom. No connections and no time: those are
//! [`Registry`](super::Registry)'s.
//!
//! What always holds (and is checked after every event by the tests):
//! * private chats have two sides: if bob is in one with alice, alice is in one with bob;
//! * a room has members, and each of them is in that room and in no other;
//! * requests have two sides, and who has one open is in no chat; the same for invitations.

use super::frame;
use super::names::{self, NameError, shortened};
use super::reply::Reply;
use super::request::Request;
use super::server::Action;
use super::{CREATED, IN_NO_ROOM, JOINED, LEFT_ROOM, NAME_REFUSED};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Requests of one user that wait for an answer. More are refused.
const MAX_REQUESTS: usize = 64;

pub(super) type Name = Arc<str>;
type Out<K> = Vec<Action<K>>;

/// What the log should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The user is there now.
    Joined(Arc<str>),
    /// The user is not there any more.
    Left(Arc<str>, Ending),
    /// The name was refused.
    Refused(NameError),
    /// The connection did not register in time, or did something else first.
    Unregistered,
    /// The stream was not made of frames. The name, if there was one.
    Broken(Option<Arc<str>>, crate::frame::FrameError),
    /// A private chat began: who accepted, who had asked.
    Chat(Arc<str>, Arc<str>),
    /// A private chat is over: who left, who was left.
    ChatOver(Arc<str>, Arc<str>),
    /// A room was created by this user.
    Room(u64, Arc<str>),
    /// The user is in that room now.
    RoomJoined(u64, Arc<str>),
    /// The user left that room.
    RoomLeft(u64, Arc<str>),
    /// The last member has left.
    RoomOver(u64),
    /// A message in a room, and how many heard it.
    Message(u64, Arc<str>, usize),
    /// The user sent what is no request.
    Format(Arc<str>),
    /// The user claimed to be somebody else: that name, shortened.
    Forged(Arc<str>, String),
    /// A datagram that is no `HELLO`, of nobody here, or from another address than the user's.
    BadHello(IpAddr),
}

/// How a user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With `LOGOUT`.
    Logout,
    /// The stream ended.
    Closed,
    /// What came was not a frame.
    Broken,
    /// The connection was lost or cut.
    Lost,
    /// No `HELLO` came in time.
    Silent,
}

/// Where a user is reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whereabouts {
    /// The far end of its connection.
    pub(super) ip: IpAddr,
    /// The near end: how that user's machine calls this one.
    pub(super) local: IpAddr,
    /// Where its own server listens.
    pub(super) port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Free,
    Private(Name),
    Room(u64),
}

#[derive(Debug)]
struct User<K> {
    key: K,
    at: Whereabouts,
    place: Place,
    /// Whom this user has asked for a private chat.
    asking: BTreeSet<Name>,
    /// Who has asked this user.
    asked_by: BTreeSet<Name>,
    /// The rooms that this user was asked to join.
    invited: BTreeSet<u64>,
}

#[derive(Debug)]
struct Room {
    /// Who created it, while that user is in it.
    creator: Option<Name>,
    members: BTreeSet<Name>,
    /// Who was asked to join and has not answered.
    asked: BTreeSet<Name>,
}

#[derive(Debug)]
pub(super) struct State<K> {
    users: HashMap<Name, User<K>>,
    rooms: BTreeMap<u64, Room>,
    last_room: u64,
}

impl<K> Default for State<K> {
    fn default() -> Self {
        Self { users: HashMap::new(), rooms: BTreeMap::new(), last_room: 0 }
    }
}

impl<K: Copy> State<K> {
    pub(super) fn users(&self) -> usize {
        self.users.len()
    }

    pub(super) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// The connection and address of a user.
    pub(super) fn find(&self, name: &str) -> Option<(K, IpAddr)> {
        self.users.get(name).map(|user| (user.key, user.at.ip))
    }

    /// Lets a user in, or says why not.
    pub(super) fn register(
        &mut self,
        name: &str,
        key: K,
        at: Whereabouts,
        out: &mut Out<K>,
    ) -> Option<Name> {
        let fit = names::check(name).and_then(|()| match self.users.contains_key(name) {
            true => Err(NameError::InUse(name.to_owned())),
            false => Ok(()),
        });
        if let Err(error) = fit {
            send(key, &shortened(name), &format!("{NAME_REFUSED}{error}"), out);
            out.push(Action::Note(Note::Refused(error)));
            return None;
        }
        let name: Name = name.into();
        let user = User {
            key,
            at,
            place: Place::Free,
            asking: BTreeSet::new(),
            asked_by: BTreeSet::new(),
            invited: BTreeSet::new(),
        };
        self.users.insert(name.clone(), user);
        out.push(Action::Note(Note::Joined(name.clone())));
        Some(name)
    }

    /// Handles a request of the user `me` other than `LOGOUT`.
    pub(super) fn request(&mut self, me: &Name, request: &Request<'_>, out: &mut Out<K>) {
        if let Some(claimed) = request.claimed().filter(|claimed| *claimed != &**me) {
            let claimed = shortened(claimed).into_owned();
            self.tell(me, me, &format!("you are {me}, not {claimed}"), out);
            return out.push(Action::Note(Note::Forged(me.clone(), claimed)));
        }
        match *request {
            Request::Search { peer, .. } => self.search(me, peer, out),
            Request::ChatRequest { peer, .. } => self.chat_request(me, peer, out),
            Request::Ok { asker, port, .. } => self.accept(me, asker, port, out),
            Request::Reject { asker, .. } => self.reject(me, asker, out),
            Request::Exit { .. } => self.exit(me, out),
            Request::GroupChat { ref peers, .. } => self.group_chat(me, peers, out),
            Request::OkGroup { room, .. } => self.accept_group(me, room, out),
            Request::RejectGroup { room, .. } => self.reject_group(me, room, out),
            Request::ExitGroup { .. } => match self.place(me) {
                Place::Room(room) => {
                    self.leave_room(me, room, out);
                    self.tell(me, me, LEFT_ROOM, out);
                }
                _ => self.tell(me, me, IN_NO_ROOM, out),
            },
            Request::Message { text } => self.message(me, text, out),
            Request::Register { .. } => self.tell(me, me, &format!("you are {me} already"), out),
            Request::Logout => {}
        }
    }

    /// Says what is no request.
    pub(super) fn not_a_request(&self, me: &Name, out: &mut Out<K>) {
        self.tell(me, me, "that is not a request", out);
        out.push(Action::Note(Note::Format(me.clone())));
    }

    /// Why `me` may not leave now; none if it may.
    pub(super) fn bars_logout(&self, me: &Name) -> Option<String> {
        self.elsewhere(me)
    }

    /// Takes a user out of everything.
    pub(super) fn remove(&mut self, name: &Name, how: Ending, out: &mut Out<K>) {
        self.withdraw(name);
        match self.place(name) {
            Place::Private(other) => {
                self.part(name, &other, out);
                let text = match how {
                    Ending::Silent => format!("{name} was not heard any more and has been removed"),
                    _ => format!("{name} is gone"),
                };
                self.tell(&other, name, &Reply::ClientExit(text.into()), out);
            }
            Place::Room(room) => self.leave_room(name, room, out),
            Place::Free => {}
        }
        let Some(user) = self.users.remove(name) else { return };
        for asker in &user.asked_by {
            if let Some(other) = self.users.get_mut(asker) {
                other.asking.remove(name);
            }
            self.tell(asker, name, &format!("{name} is gone without an answer"), out);
        }
        for number in &user.invited {
            let Some(room) = self.rooms.get_mut(number) else { continue };
            room.asked.remove(name);
            if let Some(creator) = room.creator.clone() {
                self.tell(&creator, name, &format!("{name} is gone without an answer"), out);
            }
        }
        out.push(Action::Note(Note::Left(name.clone(), how)));
    }

    fn search(&self, me: &Name, peer: &str, out: &mut Out<K>) {
        let reply = if peer == &**me {
            Reply::InvalidSearch("you cannot search for yourself".into())
        } else if let Some(user) = self.users.get(peer) {
            let address = SocketAddr::new(self.seen_from(me, user.at), user.at.port);
            Reply::Found(format!("{peer} is online at {address}").into())
        } else {
            not_online(peer)
        };
        self.tell(me, &shortened(peer), &reply, out);
    }

    fn chat_request(&mut self, me: &Name, peer: &str, out: &mut Out<K>) {
        let about = shortened(peer);
        if let Some(why) = self.elsewhere(me) {
            return self.tell(me, &about, &why, out);
        }
        if peer == &**me {
            let reply = Reply::InvalidSearch("you cannot chat with yourself".into());
            return self.tell(me, me, &reply, out);
        }
        let Some((asked, user)) = self.users.get_key_value(peer) else {
            return self.tell(me, &about, &not_online(peer), out);
        };
        if user.place != Place::Free {
            let reply = Reply::Busy("the user is busy. try again later.".into());
            return self.tell(me, &about, &reply, out);
        }
        let asked = asked.clone();
        let Some(user) = self.users.get_mut(me) else { return };
        if user.asking.len() >= MAX_REQUESTS && !user.asking.contains(&asked) {
            let why = format!("{MAX_REQUESTS} of your requests wait for an answer: no more");
            return self.tell(me, me, &why, out);
        }
        user.asking.insert(asked.clone());
        if let Some(user) = self.users.get_mut(&asked) {
            user.asked_by.insert(me.clone());
        }
        let question = format!("{me} would like to chat with you? (OK/REJECT)");
        self.tell(&asked, me, &question, out);
    }

    fn accept(&mut self, me: &Name, asker: &str, port: u16, out: &mut Out<K>) {
        let about = shortened(asker);
        if let Some(why) = self.elsewhere(me) {
            return self.tell(me, &about, &why, out);
        }
        let Some(asker) = self.take_request(me, asker) else {
            let busy = self.users.get(asker).is_some_and(|user| user.place != Place::Free);
            let reply = if busy {
                Reply::Busy(format!("{about} is busy. try again later.").into())
            } else {
                self.no_request(asker)
            };
            return self.tell(me, &about, &reply, out);
        };
        // Who waits for an answer is in no chat, so both are free.
        self.enter(me, Place::Private(asker.clone()));
        self.enter(&asker, Place::Private(me.clone()));
        if let Some(user) = self.users.get_mut(me) {
            user.at.port = port;
        }
        let accepted = format!("{me} accepted the chat request. you can send your message now!");
        let entered = format!(
            "you have entered into a private chat with {asker}. you can send your message now!"
        );
        self.introduce(me, &asker, entered, out);
        self.introduce(&asker, me, accepted, out);
        out.push(Action::Note(Note::Chat(me.clone(), asker)));
    }

    /// Tells `me` where `other` is.
    fn introduce(&self, me: &Name, other: &Name, text: String, out: &mut Out<K>) {
        let Some(at) = self.users.get(other).map(|user| user.at) else { return };
        let ip = Some(self.seen_from(me, at));
        self.tell(me, other, &Reply::ClientOk { text: text.into(), ip, port: at.port }, out);
    }

    /// The address of a user as another one should use it. Who came over the loopback
    /// is on this machine, and `me` may call this machine by another address only.
    fn seen_from(&self, me: &Name, at: Whereabouts) -> IpAddr {
        match self.users.get(me) {
            Some(me) if at.ip.is_loopback() && !me.at.ip.is_loopback() => me.at.local,
            _ => at.ip,
        }
    }

    fn reject(&mut self, me: &Name, asker: &str, out: &mut Out<K>) {
        let Some(asker) = self.take_request(me, asker) else {
            return self.tell(me, &shortened(asker), &self.no_request(asker), out);
        };
        self.tell(me, &asker, "you have rejected the chat request!", out);
        self.tell(&asker, me, &format!("{me} rejected the chat request!"), out);
    }

    fn exit(&mut self, me: &Name, out: &mut Out<K>) {
        let Place::Private(other) = self.place(me) else {
            return self.tell(me, me, "you are not in a private chat", out);
        };
        self.part(me, &other, out);
        let left = Reply::ClientExit(format!("you have left the private chat with {other}").into());
        self.tell(me, &other, &left, out);
        let left = Reply::ClientExit(format!("{me} left the private chat").into());
        self.tell(&other, me, &left, out);
    }

    fn group_chat(&mut self, me: &Name, peers: &[&str], out: &mut Out<K>) {
        if let Some(why) = self.elsewhere(me) {
            return self.tell(me, me, &why, out);
        }
        let peers: BTreeSet<&str> = peers.iter().copied().filter(|peer| !peer.is_empty()).collect();
        if peers.is_empty() {
            return self.tell(me, me, "name those with whom you would like to chat", out);
        }
        self.last_room += 1;
        let number = self.last_room;
        let members = BTreeSet::from([me.clone()]);
        let room = Room { creator: Some(me.clone()), members, asked: BTreeSet::new() };
        self.rooms.insert(number, room);
        self.enter(me, Place::Room(number));
        out.push(Action::Note(Note::Room(number, me.clone())));
        self.tell(me, me, &format!("{CREATED}{number}"), out);
        for peer in peers {
            self.invite(me, number, peer, out);
        }
    }

    fn invite(&mut self, me: &Name, number: u64, peer: &str, out: &mut Out<K>) {
        let about = shortened(peer);
        let Some((name, user)) = self.users.get_key_value(peer) else {
            return self.tell(me, &about, &not_online(peer), out);
        };
        if peer == &**me {
            let reply = Reply::InvalidSearch("you are in the room without being asked".into());
            return self.tell(me, me, &reply, out);
        }
        if user.place != Place::Free {
            let reply = Reply::Busy(format!("{peer} is busy. try again later.").into());
            return self.tell(me, &about, &reply, out);
        }
        let name = name.clone();
        if let Some(room) = self.rooms.get_mut(&number) {
            room.asked.insert(name.clone());
        }
        if let Some(user) = self.users.get_mut(&name) {
            user.invited.insert(number);
        }
        let question = format!(
            "{me} would like to add you to group chat room {number}? (OK/REJECT GROUP {number})"
        );
        self.tell(&name, me, &question, out);
    }

    fn accept_group(&mut self, me: &Name, number: u64, out: &mut Out<K>) {
        if let Some(why) = self.elsewhere(me) {
            return self.tell(me, me, &why, out);
        }
        if !self.take_invitation(me, number) {
            return self.tell(me, me, &not_invited(number), out);
        }
        self.enter(me, Place::Room(number));
        if let Some(room) = self.rooms.get_mut(&number) {
            room.members.insert(me.clone());
        }
        self.tell_room(number, me, &format!("{me}{JOINED}"), out);
        out.push(Action::Note(Note::RoomJoined(number, me.clone())));
    }

    fn reject_group(&mut self, me: &Name, number: u64, out: &mut Out<K>) {
        if !self.take_invitation(me, number) {
            return self.tell(me, me, &not_invited(number), out);
        }
        self.tell(me, me, "you have rejected the group chat request!", out);
        if let Some(creator) = self.rooms.get(&number).and_then(|room| room.creator.clone()) {
            self.tell(&creator, me, &format!("{me} rejected the group chat request!"), out);
        }
    }

    /// Passes a text on to the room, with its sender's name before it: a sender cannot
    /// write in another's, and no text can begin like a command.
    fn message(&self, me: &Name, text: &str, out: &mut Out<K>) {
        let number = match self.place(me) {
            Place::Room(number) => number,
            Place::Private(other) => {
                let why = format!("a private message goes to {other}, not to the registry");
                return self.tell(me, me, &why, out);
            }
            Place::Free => return self.tell(me, me, "you are not in a chat", out),
        };
        let signed = text.strip_prefix(&**me).is_some_and(|rest| rest.starts_with(": "));
        let text = if signed { text.to_owned() } else { format!("{me}: {text}") };
        if text.chars().count() > frame::MAX_CHARS {
            return self.tell(me, me, "not sent: the message is too long", out);
        }
        let heard = self.tell_room(number, me, &text, out);
        out.push(Action::Note(Note::Message(number, me.clone(), heard)));
    }

    fn place(&self, name: &Name) -> Place {
        self.users.get(name).map_or(Place::Free, |user| user.place.clone())
    }

    /// Where a user is who should be free now.
    fn elsewhere(&self, name: &Name) -> Option<String> {
        match self.place(name) {
            Place::Free => None,
            Place::Private(other) => {
                Some(format!("you are in a private chat with {other}. leave it with EXIT first"))
            }
            Place::Room(room) => {
                Some(format!("you are in group chat room {room}. leave it with EXIT GROUP first"))
            }
        }
    }

    /// Puts a user who is free into a chat.
    fn enter(&mut self, name: &Name, place: Place) {
        self.withdraw(name);
        if let Some(user) = self.users.get_mut(name) {
            user.place = place;
        }
    }

    /// Takes back all requests of a user.
    fn withdraw(&mut self, name: &Name) {
        let Some(user) = self.users.get_mut(name) else { return };
        for asked in std::mem::take(&mut user.asking) {
            if let Some(other) = self.users.get_mut(&asked) {
                other.asked_by.remove(name);
            }
        }
    }

    /// Takes out the request of `asker` to `me`, if there is one.
    fn take_request(&mut self, me: &Name, asker: &str) -> Option<Name> {
        let asker = self.users.get_mut(me)?.asked_by.take(asker)?;
        if let Some(user) = self.users.get_mut(&asker) {
            user.asking.remove(me);
        }
        Some(asker)
    }

    /// Takes out the invitation of `me` to a room; false if there is none.
    fn take_invitation(&mut self, me: &Name, number: u64) -> bool {
        let invited = self.users.get_mut(me).is_some_and(|user| user.invited.remove(&number));
        if let Some(room) = self.rooms.get_mut(&number) {
            room.asked.remove(me);
        }
        invited
    }

    fn no_request(&self, asker: &str) -> Reply<'static> {
        match self.users.contains_key(asker) {
            true => Reply::NotFound(format!("{asker} does not wait for your answer").into()),
            false => not_online(asker),
        }
    }

    /// Ends a private chat.
    fn part(&mut self, me: &Name, other: &Name, out: &mut Out<K>) {
        for name in [me, other] {
            if let Some(user) = self.users.get_mut(name) {
                user.place = Place::Free;
            }
        }
        out.push(Action::Note(Note::ChatOver(me.clone(), other.clone())));
    }

    /// Takes a member out of a room; ends the room, and its invitations, with the last one.
    fn leave_room(&mut self, me: &Name, number: u64, out: &mut Out<K>) {
        if let Some(user) = self.users.get_mut(me) {
            user.place = Place::Free;
        }
        let Some(room) = self.rooms.get_mut(&number) else { return };
        room.members.remove(me);
        room.creator.take_if(|creator| creator == me);
        let is_empty = room.members.is_empty();
        out.push(Action::Note(Note::RoomLeft(number, me.clone())));
        if is_empty {
            for name in self.rooms.remove(&number).into_iter().flat_map(|room| room.asked) {
                if let Some(user) = self.users.get_mut(&name) {
                    user.invited.remove(&number);
                }
            }
            return out.push(Action::Note(Note::RoomOver(number)));
        }
        self.tell_room(number, me, &format!("{me} left the group chat"), out);
    }

    fn tell(&self, to: &str, about: &str, data: &(impl Display + ?Sized), out: &mut Out<K>) {
        if let Some(user) = self.users.get(to) {
            send(user.key, about, &data.to_string(), out);
        }
    }

    /// One encoding for all members; says how many there are.
    fn tell_room(&self, number: u64, about: &str, data: &str, out: &mut Out<K>) -> usize {
        let (Some(room), Some(frame)) = (self.rooms.get(&number), frame::encode_from(about, data))
        else {
            return 0;
        };
        let members = room.members.iter().filter_map(|name| self.users.get(name));
        out.extend(members.map(|user| Action::Send { to: user.key, frame: frame.clone() }));
        room.members.len()
    }

    /// Looks whether all that should hold does.
    pub(super) fn assert_consistent(&self) {
        for (name, user) in &self.users {
            match &user.place {
                Place::Free => {}
                Place::Private(other) => {
                    assert_ne!(other, name, "in a chat with oneself");
                    assert_eq!(self.place(other), Place::Private(name.clone()), "one-sided chat");
                }
                Place::Room(room) => assert!(self.rooms[room].members.contains(name)),
            }
            assert!(user.asking.is_empty() || user.place == Place::Free, "asks from inside a chat");
            assert!(user.asking.len() <= MAX_REQUESTS);
            assert!(user.asking.iter().all(|asked| self.users[asked].asked_by.contains(name)));
            assert!(user.asked_by.iter().all(|asker| self.users[asker].asking.contains(name)));
            assert!(user.invited.iter().all(|room| self.rooms[room].asked.contains(name)));
        }
        for (number, room) in &self.rooms {
            assert!(!room.members.is_empty(), "an empty room");
            assert!(room.creator.as_ref().is_none_or(|creator| room.members.contains(creator)));
            assert!(room.members.iter().all(|name| self.place(name) == Place::Room(*number)));
            assert!(room.asked.iter().all(|name| self.users[name].invited.contains(number)));
            assert!(room.asked.is_disjoint(&room.members), "a member was asked again");
        }
    }
}

/// A frame for somebody, unless it cannot be written: our own texts are short.
pub(super) fn send<K>(to: K, about: &str, data: &str, out: &mut Out<K>) {
    out.extend(frame::encode_from(about, data).map(|frame| Action::Send { to, frame }));
}

fn not_online(peer: &str) -> Reply<'static> {
    Reply::NotFound(format!("{} is not online", shortened(peer)).into())
}

fn not_invited(number: u64) -> Reply<'static> {
    Reply::NotFound(format!("you are not asked to join group chat room {number}").into())
}
