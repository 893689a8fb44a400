//! The hub with a store, a hasher and clients in memory.

use super::*;
use crate::accounts::{Delivered, MAX_PASSWORD};
use proptest::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};

const USERS: [&str; 3] = ["columbia", "facebook", "seas"];

/// The server, as others call it.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 4));

/// Where a user's client runs, unless a test says otherwise.
fn home(user: &str) -> (IpAddr, SocketAddr) {
    let number = USERS.iter().position(|name| *name == user).unwrap();
    let ip = Ipv4Addr::new(10, 0, 0, number as u8 + 1).into();
    (ip, SocketAddr::new(ip, 4000))
}

#[derive(Debug, Clone, PartialEq)]
struct Pushed {
    ticket: u64,
    to: SocketAddr,
    line: String,
    id: Option<String>,
}

struct World {
    hub: Hub<u64>,
    now: Moment,
    records: Vec<Record>,
    next_conn: u64,
    answers: HashMap<u64, String>,
    /// Checks wait here if they are not answered at once.
    checks: Vec<(u64, bool)>,
    holds_checks: bool,
    pushes: Vec<Pushed>,
    timers: HashMap<u64, Instant>,
    notes: Vec<Note>,
    /// Cancelled pushes fail at once.
    cancelled: Vec<u64>,
}

impl World {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let records = USERS
            .map(|name| Record {
                name: name.to_owned(),
                hash: format!("{name}'s"),
                ..Record::default()
            })
            .to_vec();
        let now = Moment { instant: Instant::now(), wall: SystemTime::UNIX_EPOCH };
        Self::start(options, records, now)
    }

    fn start(options: Options, records: Vec<Record>, now: Moment) -> Self {
        let mut out = Vec::new();
        let hub = Hub::new(options, 0xb, records.clone(), now, &mut out);
        let mut world = Self {
            hub,
            now,
            records,
            next_conn: 0,
            answers: HashMap::new(),
            checks: Vec::new(),
            holds_checks: false,
            pushes: Vec::new(),
            timers: HashMap::new(),
            notes: Vec::new(),
            cancelled: Vec::new(),
        };
        world.carry_out(out);
        world
    }

    /// The server is killed and started again after this long.
    fn restart(self, pause: Duration) -> Self {
        let now = Moment { instant: self.now.instant + pause, wall: self.now.wall + pause };
        Self::start(self.hub.options.clone(), self.records, now)
    }

    fn event(&mut self, event: Event<'_, u64>) {
        let mut out = Vec::new();
        self.hub.handle(event, self.now, &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, out: Vec<Action<u64>>) {
        for action in out {
            match action {
                Action::Answer { to, text } => {
                    assert_eq!(self.answers.insert(to, text), None, "answered twice");
                }
                Action::Store(change) => self.store(change),
                Action::Check { ticket, hash, password } => {
                    let matches = *hash == *password;
                    self.checks.push((ticket, matches));
                }
                Action::Push { ticket, to, line, id } => {
                    self.pushes.push(Pushed { ticket, to, line, id });
                }
                Action::Cancel { ticket } => self.cancelled.push(ticket),
                Action::Timer { id, at } => {
                    self.timers.remove(&id);
                    self.timers.extend(at.map(|at| (id, at)));
                }
                Action::Note(note) => self.notes.push(note),
            }
        }
        if !self.holds_checks {
            while let Some((ticket, matches)) = self.checks.pop() {
                self.event(Event::Checked { ticket, matches, secret: 0xabc });
            }
        }
        while let Some(ticket) = self.cancelled.pop() {
            if let Some(at) = self.pushes.iter().position(|push| push.ticket == ticket) {
                self.pushes.remove(at);
                self.event(Event::Pushed { ticket, delivered: Delivered::No });
            }
        }
    }

    fn store(&mut self, change: Change) {
        let place = |name: &str, records: &mut Vec<Record>| {
            records.iter().position(|record| record.name == name).unwrap()
        };
        let (Change::Add { to: user, .. }
        | Change::Remove { to: user, .. }
        | Change::Block { user, .. }
        | Change::Tries { user, .. }
        | Change::Session { user, .. }) = &change;
        let at = place(user, &mut self.records);
        let record = &mut self.records[at];
        match change {
            Change::Add { letter, .. } => record.letters.push(letter),
            Change::Remove { seq, .. } => record.letters.retain(|letter| letter.seq != seq),
            Change::Block { target, blocked: true, .. } => record.blocked.push(target.to_string()),
            Change::Block { target, .. } => record.blocked.retain(|name| **name != *target),
            Change::Tries { tries, locked_until, .. } => {
                (record.tries, record.locked_until) = (tries, locked_until);
            }
            Change::Session { session, .. } => record.session = session,
        }
    }

    fn line(&mut self, peer: IpAddr, line: &str) -> u64 {
        let from = self.next_conn;
        self.next_conn += 1;
        let local = if peer.is_loopback() { peer } else { HERE };
        self.event(Event::Line { from, peer, local, line });
        from
    }

    /// Asks from the address of `user`; the answer must come at once.
    fn ask(&mut self, user: &str, line: &str) -> String {
        let conn = self.line(home(user).0, line);
        self.answers.remove(&conn).expect("an answer")
    }

    fn log_in_with(&mut self, user: &str, tries: &str) -> String {
        let (ip, push) = home(user);
        let port = push.port();
        self.ask(user, &format!("check_password {user} {user}'s {tries} {ip} {port}"))
    }

    fn log_in(&mut self, user: &str) {
        assert_eq!(self.log_in_with(user, "1"), answers::LOGGED_IN);
    }

    /// Lets all pushes arrive, and those that follow; what `user` was pushed.
    fn deliver(&mut self, user: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while !self.pushes.is_empty() {
            let push = self.pushes.remove(0);
            if push.to == home(user).1 {
                heard.push(push.line);
            }
            self.event(Event::Pushed { ticket: push.ticket, delivered: Delivered::Yes });
        }
        heard
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.instant + time;
        while let Some((&id, &at)) = self.timers.iter().min_by_key(|(_, at)| **at)
            && at <= end
        {
            self.timers.remove(&id);
            self.now.wall += at.saturating_duration_since(self.now.instant);
            self.now.instant = self.now.instant.max(at);
            self.event(Event::Timer { id });
        }
        self.now.wall += end - self.now.instant;
        self.now.instant = end;
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn names_and_passwords() {
    let mut world = World::new();
    assert_eq!(world.ask("seas", "login seas 10.0.0.3 4000"), "right username");
    assert_eq!(world.ask("seas", "login colu 10.0.0.3 4000"), "error 1");
    assert_eq!(world.ask("seas", "check_password colu x 1 10.0.0.3 4000"), "error 1");
    assert_eq!(world.ask("seas", "check_password seas x 1 10.0.0.3 4000"), "wrong password");
    assert_eq!(world.ask("seas", "online"), "");
    world.log_in("seas");
    world.log_in("columbia");
    assert_eq!(world.ask("seas", "online"), "columbia, seas");
    assert_eq!(world.ask("seas", "nonsense"), "wrong format");
    let long = format!("check_password seas {} 1 10.0.0.3 4000", "x".repeat(MAX_PASSWORD + 1));
    assert_eq!(world.ask("seas", &long), "wrong format");
}

#[test]
fn the_third_wrong_password_in_a_row_locks_out_for_thirty_seconds_everywhere() {
    let mut world = World::new();
    let wrong = "check_password seas x 1 10.0.0.3 4000";
    for _ in 0..2 {
        assert_eq!(world.ask("seas", wrong), "wrong password");
    }
    // The right one in between begins anew.
    world.log_in("seas");
    // Whatever TRY says, and from whatever address.
    for user in USERS {
        assert_eq!(world.ask(user, wrong), "wrong password");
    }
    assert_eq!(world.log_in_with("seas", "1"), "still blocked");
    world.pass(seconds(30) - Duration::from_millis(1));
    assert_eq!(world.log_in_with("seas", "1"), "still blocked");
    world.pass(Duration::from_millis(1));
    assert_eq!(world.ask("seas", wrong), "wrong password");
    world.log_in("seas");
    world.log_in("columbia");
}

#[test]
fn a_lockout_survives_a_restart_and_so_do_wrong_tries() {
    let mut world = World::new();
    let wrong = "check_password seas x 1 10.0.0.3 4000";
    world.ask("seas", wrong);
    world.ask("seas", wrong);
    world = world.restart(seconds(1));
    world.ask("seas", wrong);
    assert_eq!(world.log_in_with("seas", "1"), "still blocked");
    world = world.restart(seconds(10));
    assert_eq!(world.log_in_with("seas", "1"), "still blocked");
    // A clock that was set back cannot lock out for longer.
    world.now.wall = SystemTime::UNIX_EPOCH - seconds(1_000_000);
    world = world.restart(seconds(0));
    world.pass(seconds(30));
    world.log_in("seas");
}

#[test]
fn guesses_at_the_same_time_do_not_get_round_the_lockout() {
    let mut world = World::new();
    world.holds_checks = true;
    let guesses: Vec<u64> = (0..40u8)
        .map(|n| world.line([10, 1, 0, n].into(), "check_password seas x 1 10.0.0.3 4000"))
        .collect();
    // One is checked at a time, and few may wait.
    assert_eq!(world.checks.len(), 1);
    assert_eq!(world.answers.len(), 40 - 16);
    while let Some((ticket, matches)) = world.checks.pop() {
        world.event(Event::Checked { ticket, matches, secret: 1 });
    }
    let wrong = guesses.iter().filter(|conn| world.answers[conn] == "wrong password").count();
    assert_eq!((wrong, world.answers.len()), (3, 40));
    assert!(world.hub.checking.is_empty() && world.hub.tickets.is_empty());
}

#[test]
fn passwords_that_wait_are_bounded_altogether_and_by_address() {
    let mut world = World::with(Options { max_checks: 8, ..Options::default() });
    world.holds_checks = true;
    let guess = |user: &str| format!("check_password {user} x 1 10.0.0.3 4000");
    for (address, user, busy) in
        [(1, "seas", false), (1, "columbia", false), (1, "facebook", true), (2, "facebook", false)]
    {
        let conn = world.line([10, 1, 0, address].into(), &guess(user));
        assert_eq!(world.answers.contains_key(&conn), busy);
    }
    for address in 3..8 {
        world.line([10, 1, 0, address].into(), &guess("seas"));
    }
    let conn = world.line([10, 1, 0, 9].into(), &guess("seas"));
    assert_eq!(world.answers[&conn], "still blocked");
    // Nobody was locked out by that.
    assert!(!world.notes.iter().any(|note| matches!(note, Note::LockedOut { .. })));
}

#[test]
fn messages_wait_in_order_for_whoever_is_offline() {
    let mut world = World::new();
    world.log_in("columbia");
    for text in ["one", "two  blanks", "", "\u{20ac} \x1b[2J"] {
        assert_eq!(world.ask("columbia", &format!("message columbia seas {text}")), "");
    }
    assert_eq!(world.ask("columbia", "message columbia nobody hi"), "wrong target");
    assert!(world.pushes.is_empty());
    world = world.restart(seconds(5));
    world.log_in("seas");
    assert_eq!(
        world.deliver("seas"),
        [
            "print columbia: one",
            "print columbia: two  blanks",
            "print columbia: ",
            "print columbia: \u{20ac} \\x1b[2J"
        ]
    );
    assert!(world.records.iter().all(|record| record.letters.is_empty()));
    // Sessions go on too.
    assert_eq!(world.ask("columbia", "message columbia seas more"), "");
    assert_eq!(world.deliver("seas"), ["print columbia: more"]);
}

#[test]
fn one_push_at_a_time_and_again_until_it_arrives() {
    let mut world = World::new();
    world.log_in("seas");
    world.ask("seas", "message seas seas 1");
    world.ask("seas", "message seas seas 2");
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_eq!(world.pushes.len(), 1);
        let push = world.pushes.remove(0);
        assert_eq!(push.line, "print seas: 1");
        world.event(Event::Pushed { ticket: push.ticket, delivered: Delivered::No });
        assert!(world.pushes.is_empty());
        let before = world.now.instant;
        let next = world.timers.values().min().unwrap().duration_since(before);
        pauses.push(next.as_millis());
        world.ask("seas", "heartbeat seas");
        world.pass(next);
    }
    assert_eq!(pauses, [200, 400, 800, 1600, 3200, 3200, 3200]);
    assert_eq!(world.deliver("seas"), ["print seas: 1", "print seas: 2"]);
}

#[test]
fn what_a_client_refuses_again_and_again_waits_until_nothing_else_does() {
    let mut world = World::new();
    let answer = world.log_in_with("seas", "01");
    let token = answer.strip_prefix("successfully logged in! ").unwrap().to_owned();
    let ask = |world: &mut World, what: &str| world.ask("seas", &format!("with {token} {what}"));
    for text in ["1", "2", "3"] {
        ask(&mut world, &format!("message seas seas {text}"));
    }
    // What comes next is answered so; the texts that came.
    let push = |world: &mut World, delivered| {
        let push = world.pushes.remove(0);
        world.event(Event::Pushed { ticket: push.ticket, delivered });
        ask(world, "heartbeat seas");
        world.pass(seconds(4));
        push.line.trim_end().rsplit(' ').next().unwrap().to_owned()
    };
    // Who is not there refuses nothing.
    for _ in 0..5 {
        assert_eq!(push(&mut world, Delivered::No), "1");
    }
    for _ in 0..3 {
        assert_eq!(push(&mut world, Delivered::Refused), "1");
    }
    assert!(world.notes.iter().any(|note| matches!(note, Note::SetAside { seq: 1, .. })));
    assert_eq!(push(&mut world, Delivered::Yes), "2");
    assert_eq!(push(&mut world, Delivered::Yes), "3");
    assert_eq!(push(&mut world, Delivered::Refused), "1");
    ask(&mut world, "message seas seas 4");
    // It is under way already.
    assert_eq!(push(&mut world, Delivered::Refused), "1");
    assert_eq!(push(&mut world, Delivered::Yes), "4");
    assert_eq!(world.records[2].letters.len(), 1, "it is kept");
    // Another session may take it, and is asked first.
    ask(&mut world, "logout seas");
    world.log_in("seas");
    world.ask("seas", "message seas seas 5");
    assert_eq!(world.deliver("seas"), ["print seas: 1", "print seas: 5"]);
}

#[test]
fn a_text_that_grows_too_long_when_it_is_made_harmless_is_refused() {
    let mut world = World::with(Options { max_text: 20, ..Options::default() });
    world.log_in("seas");
    world.log_in("columbia");
    let answer = "wrong format: a line may hold at most 20 bytes";
    for (text, expected) in
        [("\x1b".repeat(5), ""), ("\x1b".repeat(6), answer), ("\x1b".repeat(20), answer)]
    {
        assert_eq!(world.ask("seas", &format!("message seas columbia {text}")), expected);
        assert_eq!(world.ask("seas", &format!("broadcast seas {text}")), expected);
    }
    let harmless = format!("print seas: {}", "\\x1b".repeat(5));
    assert_eq!(world.deliver("columbia"), [harmless.clone(), harmless]);
}

#[test]
fn an_old_client_that_breaks_connections_has_read_after_three() {
    let mut world = World::new();
    world.log_in("seas");
    world.ask("seas", "message seas seas 1");
    for _ in 0..3 {
        let push = world.pushes.remove(0);
        world.event(Event::Pushed { ticket: push.ticket, delivered: Delivered::Perhaps });
        world.pass(seconds(1));
    }
    assert!(world.pushes.is_empty());
    assert!(world.records[2].letters.is_empty());
}

#[test]
fn an_old_client_that_holds_connections_open_holds_up_nothing() {
    let mut world = World::new();
    world.log_in("seas");
    for text in ["1", "2", "3"] {
        world.ask("seas", &format!("message seas seas {text}"));
    }
    for number in 0..3 {
        assert_eq!(world.pushes.len(), number + 1);
        let ticket = world.pushes[number].ticket;
        world.event(Event::Pushed { ticket, delivered: Delivered::Taken });
    }
    // Nothing is forgotten before it is known to have arrived.
    assert_eq!(world.records[2].letters.len(), 3);
    let tickets: Vec<u64> = world.pushes.drain(..).map(|push| push.ticket).collect();
    let outcomes = [Delivered::No, Delivered::Yes, Delivered::No];
    for (ticket, delivered) in tickets.into_iter().zip(outcomes) {
        world.event(Event::Pushed { ticket, delivered });
    }
    assert_eq!(world.records[2].letters.len(), 2);
    world.pass(seconds(1));
    assert_eq!(world.deliver("seas"), ["print seas: 1", "print seas: 3"]);
    assert!(world.records[2].letters.is_empty());
}

#[test]
fn silence_for_thirty_one_seconds_is_offline_and_heartbeats_are_not() {
    let mut world = World::new();
    world.log_in("seas");
    world.log_in("columbia");
    for _ in 0..10 {
        world.pass(seconds(30));
        assert_eq!(world.ask("seas", "heartbeat seas"), "");
    }
    assert_eq!(world.ask("seas", "online"), "seas");
    assert_eq!(world.ask("columbia", "heartbeat columbia"), "not logged in");
    world.pass(seconds(31) - Duration::from_millis(1));
    assert_eq!(world.ask("seas", "online"), "seas");
    world.pass(Duration::from_millis(1));
    assert_eq!(world.ask("seas", "online"), "");
    // A push that is under way is given up, and its letter kept.
    world.log_in("seas");
    world.ask("seas", "message seas seas kept");
    assert_eq!(world.pushes.len(), 1);
    world.pass(seconds(31));
    assert!(world.pushes.is_empty());
    world.log_in("seas");
    assert_eq!(world.deliver("seas"), ["print seas: kept"]);
}

#[test]
fn a_login_elsewhere_ends_the_session_before() {
    let mut world = World::new();
    world.log_in("seas");
    world.ask("seas", "message seas seas late");
    let other = IpAddr::from([10, 0, 0, 99]);
    let conn = world.line(other, "check_password seas seas's 1 10.0.0.99 5000");
    assert_eq!(world.answers[&conn], answers::LOGGED_IN);
    // The old session's push was given up; the new one gets the letter.
    let lines: Vec<_> = world.pushes.iter().map(|push| (push.to.port(), &*push.line)).collect();
    assert_eq!(lines, [(4000, "logout"), (5000, "print seas: late")]);
    assert_eq!(world.ask("seas", "heartbeat seas"), "not logged in");
    let conn = world.line(other, "heartbeat seas");
    assert_eq!(world.answers[&conn], "");
    // The same client again is not told to go.
    world.pushes.clear();
    let conn = world.line(other, "check_password seas seas's 1 10.0.0.99 5000");
    assert_eq!(world.answers[&conn], answers::LOGGED_IN);
    assert!(world.pushes.iter().all(|push| push.line != "logout"));
}

#[test]
fn a_push_that_cannot_be_given_up_delays_the_next_but_is_not_repeated() {
    let mut world = World::new();
    world.log_in("seas");
    world.ask("seas", "message seas seas 1");
    // Its connection stands already: cancelling comes to nothing.
    let push = world.pushes.remove(0);
    world.ask("seas", "logout seas");
    world.log_in("seas");
    assert!(world.pushes.is_empty());
    world.event(Event::Pushed { ticket: push.ticket, delivered: Delivered::Yes });
    assert_eq!(world.deliver("seas"), [""; 0]);
    assert!(world.records[2].letters.is_empty());
}

#[test]
fn blacklists() {
    let mut world = World::new();
    for user in USERS {
        world.log_in(user);
    }
    for (line, answer) in [
        ("unblock columbia seas", "not blocked before"),
        ("block columbia seas", "User seas has been blocked."),
        ("block columbia seas", "User seas has been blocked."),
        ("block columbia nobody", "user not exist"),
        ("unblock columbia nobody", "user not exist"),
        ("block columbia columbia", "You cannot block yourself."),
        ("unblock columbia columbia", "not blocked before"),
    ] {
        assert_eq!(world.ask("columbia", line), answer, "{line}");
    }
    assert_eq!(world.ask("seas", "message seas columbia hi"), "blocked");
    assert_eq!(world.ask("seas", "getaddress seas columbia"), "blocked");
    assert_eq!(world.ask("seas", "broadcast seas hear me"), "");
    assert_eq!(world.deliver("facebook"), ["print seas: hear me"]);
    // The other way is open.
    assert_eq!(world.ask("columbia", "message columbia seas hi"), "");
    assert_eq!(world.deliver("seas"), ["print columbia: hi"]);
    world = world.restart(seconds(1));
    assert_eq!(world.ask("seas", "message seas columbia hi"), "blocked");
    assert_eq!(world.ask("columbia", "unblock columbia seas"), "User seas has been unblocked.");
    assert_eq!(world.ask("seas", "message seas columbia hi"), "");
    assert_eq!(world.deliver("columbia"), ["print seas: hi"]);
}

#[test]
fn a_broadcast_is_for_those_online_but_not_for_its_sender() {
    let mut world = World::new();
    world.log_in("seas");
    world.log_in("columbia");
    world.ask("seas", "broadcast seas good day");
    let to: Vec<_> = world.pushes.iter().map(|push| push.to).collect();
    assert_eq!(to, [home("columbia").1]);
    world.deliver("columbia");
    world.log_in("facebook");
    assert!(world.pushes.is_empty());
}

#[test]
fn an_address_is_given_only_to_who_asked_and_only_by_who_was_asked() {
    let mut world = World::new();
    world.log_in("seas");
    world.log_in("columbia");
    assert_eq!(world.ask("seas", "getaddress seas nobody"), "wrong target");
    assert_eq!(world.ask("seas", "getaddress seas facebook"), "not online");
    // Nobody has asked yet.
    assert_eq!(world.ask("columbia", "Y columbia seas"), answers::NO_SUCH_REQUEST);
    assert_eq!(world.ask("seas", "getaddress seas columbia"), "request sent");
    assert_eq!(
        world.deliver("columbia"),
        ["print Do_you_agree to have a private talk with seas? Y seas/N seas"]
    );
    // Not somebody else in columbia's name.
    assert_eq!(world.ask("seas", "Y columbia seas"), "not logged in");
    assert_eq!(world.ask("columbia", "Y columbia seas"), "");
    assert_eq!(world.deliver("seas"), ["address columbia 10.0.0.1 4000"]);
    assert_eq!(world.ask("columbia", "Y columbia seas"), answers::NO_SUCH_REQUEST);
    world.ask("seas", "getaddress seas columbia");
    assert_eq!(world.ask("columbia", "N columbia seas"), "");
    assert_eq!(world.deliver("seas"), ["refused columbia"]);
    // Requests end with the session that they were made to, and with a block.
    world.ask("seas", "getaddress seas columbia");
    world.ask("columbia", "block columbia seas");
    assert_eq!(world.ask("columbia", "Y columbia seas"), answers::NO_SUCH_REQUEST);
}

#[test]
fn who_listens_at_a_loopback_address_is_where_the_server_is() {
    let mut world = World::new();
    let here = IpAddr::from([127, 0, 0, 1]);
    let answer = |world: &mut World, peer, line: &str| {
        let conn = world.line(peer, line);
        world.answers.remove(&conn).unwrap()
    };
    // The address is that by which the asker calls the server.
    for (asker, expected) in [
        (home("seas").0, "address columbia 10.0.0.4 4000"),
        (here, "address columbia 127.0.0.1 4000"),
    ] {
        let line = "check_password columbia columbia's 1 127.0.0.1 4000";
        assert_eq!(answer(&mut world, here, line), answers::LOGGED_IN);
        let line = format!("check_password seas seas's 1 {asker} 5000");
        assert_eq!(answer(&mut world, asker, &line), answers::LOGGED_IN);
        assert_eq!(answer(&mut world, asker, "getaddress seas columbia"), "request sent");
        let asked = world.pushes.pop().unwrap();
        assert_eq!(asked.to.ip(), here);
        world.event(Event::Pushed { ticket: asked.ticket, delivered: Delivered::Yes });
        world.pushes.clear();
        assert_eq!(answer(&mut world, here, "Y columbia seas"), "");
        let pushed = world.pushes.pop().unwrap();
        assert_eq!((&*pushed.line, pushed.to), (expected, SocketAddr::new(asker, 5000)));
        world.event(Event::Pushed { ticket: pushed.ticket, delivered: Delivered::Yes });
    }
    // Who comes from elsewhere does not listen on this machine.
    world.ask("facebook", "check_password facebook facebook's 1 127.0.1.1 4000");
    world.ask("facebook", "message facebook facebook hi");
    assert_eq!(world.deliver("facebook"), ["print facebook: hi"]);
}

#[test]
fn requests_in_the_name_of_others_are_refused_unless_clients_are_trusted() {
    let lines = [
        "message seas columbia hi",
        "broadcast seas hi",
        "block seas columbia",
        "getaddress seas columbia",
        "heartbeat seas",
        "logout seas",
    ];
    let mut world = World::new();
    world.log_in("columbia");
    for line in lines {
        assert_eq!(world.ask("columbia", line), "not logged in", "offline: {line}");
    }
    world.log_in("seas");
    for line in lines {
        assert_eq!(world.ask("columbia", line), "not logged in", "from elsewhere: {line}");
        let line = format!("with {:032x} {line}", 0xabc);
        assert_eq!(world.ask("seas", &line), "not logged in", "a token that is none: {line}");
    }
    assert!(world.pushes.is_empty());
    let mut world = World::with(Options { trust_clients: true, ..Options::default() });
    world.log_in("columbia");
    assert_eq!(world.ask("columbia", lines[0]), "");
    assert_eq!(world.deliver("columbia"), ["print seas: hi"]);
}

#[test]
fn a_session_with_receipts_has_a_secret_and_is_answered() {
    let mut world = World::new();
    let token = format!("{:032x}", 0xabc);
    assert_eq!(world.log_in_with("seas", "01"), format!("successfully logged in! {token}"));
    assert_eq!(world.ask("seas", "message seas seas hi"), "not logged in");
    let wrong = format!("with {}0 message seas seas hi", &token[1..]);
    assert_eq!(world.ask("seas", &wrong), "not logged in");
    // Also from another address: who has the token is the session.
    assert_eq!(world.ask("columbia", &format!("with {token} message seas seas hi")), "ok");
    let push = world.pushes[0].clone();
    let id = push.id.unwrap();
    assert_eq!(push.line, format!("with {token} {id} print seas: hi\n"));
    world.event(Event::Pushed { ticket: push.ticket, delivered: Delivered::No });
    world.pushes.clear();
    world = world.restart(seconds(1));
    // The same push still has the same ID, and a new one has another.
    assert_eq!(world.pushes[0].id, Some(id.clone()));
    world.ask("seas", &format!("with {token} message seas seas hi"));
    world.pushes.truncate(1);
    let first = world.pushes.remove(0);
    world.event(Event::Pushed { ticket: first.ticket, delivered: Delivered::Yes });
    assert_ne!(world.pushes[0].id, Some(id));
    assert_eq!(world.ask("seas", &format!("with {token} heartbeat seas")), "ok");
    assert_eq!(world.ask("seas", &format!("with {token} logout seas")), "ok");
}

#[test]
fn a_mailbox_has_a_size() {
    let mut world = World::with(Options { max_mailbox: 1000, ..Options::default() });
    world.log_in("columbia");
    let long = "x".repeat(800);
    assert_eq!(world.ask("columbia", &format!("message columbia seas {long}")), "");
    assert_eq!(world.ask("columbia", &format!("message columbia seas {long}")), "mailbox full");
    world.log_in("seas");
    assert_eq!(world.deliver("seas").len(), 1);
    assert_eq!(world.ask("columbia", &format!("message columbia seas {long}")), "");
}

fn any_line() -> impl Strategy<Value = String> {
    let user = prop::sample::select(vec!["columbia", "facebook", "seas", "nobody"]);
    let line = |(verb, user, target, text): (&str, &str, &str, String)| match verb {
        "check_password" => format!("{verb} {user} {target}'s 1 10.0.0.3 4000"),
        "receipts" => format!("check_password {user} {user}'s 01 10.0.0.3 4000"),
        "online" => verb.to_owned(),
        "broadcast" => format!("{verb} {user} {text}"),
        _ => format!("{verb} {user} {target} {text}"),
    };
    let verb = prop::sample::select(vec![
        "login",
        "check_password",
        "receipts",
        "online",
        "message",
        "broadcast",
        "block",
        "unblock",
        "getaddress",
        "Y",
        "N",
        "heartbeat",
        "logout",
    ]);
    prop_oneof![
        8 => (verb, user.clone(), user, "[a-z ]{0,9}").prop_map(line),
        1 => any::<String>(),
    ]
}

proptest! {
    /// Whatever is asked, every request is answered once, one push per user is under
    /// way, and what is stored is what waits.
    #[test]
    fn nothing_is_left_undone(steps in prop::collection::vec((any_line(), 0u8..6), 1..80)) {
        let mut world = World::with(Options { max_mailbox: 2000, ..Options::default() });
        for (line, then) in steps {
            let user = USERS[usize::from(then) % 3];
            world.ask(user, &line);
            match then {
                0 | 1 if !world.pushes.is_empty() => {
                    let ticket = world.pushes.remove(0).ticket;
                    let delivered = match line.len() % 4 {
                        0 => Delivered::Yes,
                        1 => Delivered::Perhaps,
                        2 => Delivered::Refused,
                        _ => Delivered::No,
                    };
                    if then == 1 {
                        world.event(Event::Pushed { ticket, delivered: Delivered::Taken });
                    }
                    world.event(Event::Pushed { ticket, delivered });
                }
                2 => world.pass(seconds(7)),
                3 => {
                    world = world.restart(seconds(1));
                }
                _ => {}
            }
            for (account, record) in world.hub.accounts.iter().zip(&world.records) {
                prop_assert_eq!(account.session.is_some(), record.session.is_some());
                prop_assert!(account.waiting() < 2000 + 200);
                let under_way = account.pushing.iter().filter(|push| push.item.is_letter);
                let waiting = account.queue.letters().count() + under_way.count();
                prop_assert_eq!(waiting, record.letters.len());
            }
            prop_assert!(world.hub.checking.is_empty());
        }
    }
}
