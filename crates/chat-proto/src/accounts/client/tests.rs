//! The client against a script.

use super::*;
use ClientAction::{HeartbeatAt, LeaveAt, Over, Private, Receipt, Request, Show};
use ClientEvent::{Answered, Heard, InputEnded, Leave, Line, Started};

const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 4));
/// A session's secret.
const TOKEN: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

struct World {
    client: Client<u32>,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let listens = "10.0.0.1:4000".parse().unwrap();
        let second = Duration::from_secs(1);
        let client = Client::new(&[SERVER], listens, 30 * second, second, 100);
        Self { client, now: Instant::now() }
    }

    /// A client of a server that gives this answer to the password.
    fn logged_in(answer: &str) -> Self {
        let mut world = Self::new();
        world.tell(Started);
        world.tell(Line("columbia"));
        world.answer("right username");
        world.tell(Line("116bway"));
        assert_eq!(
            world.answer(answer),
            [
                show("You have successfully logged in."),
                HeartbeatAt(Some(world.now + Duration::from_secs(30)))
            ]
        );
        world
    }

    fn tell(&mut self, event: ClientEvent<'_, u32>) -> Vec<ClientAction<u32>> {
        let mut out = Vec::new();
        self.client.handle(event, self.now, &mut out);
        out
    }

    fn answer(&mut self, answer: &str) -> Vec<ClientAction<u32>> {
        self.tell(Answered(Exchange::Request, Ok(answer)))
    }

    fn heard(&mut self, from: IpAddr, line: &str) -> Vec<ClientAction<u32>> {
        self.tell(Heard { conn: 1, from, line })
    }
}

fn show(text: &str) -> ClientAction<u32> {
    Show(text.into())
}

fn request(line: &str) -> ClientAction<u32> {
    Request(Exchange::Request, format!("{line}\n"))
}

const ASK_NAME: &str = "Please enter username:";
const ASK_PASSWORD: &str = "Please enter password:";

#[test]
fn the_login_as_in_the_report() {
    let mut world = World::new();
    assert_eq!(world.tell(Started), [show(ASK_NAME)]);
    assert_eq!(world.tell(Line("colu  ")), [request("login colu 10.0.0.1 4000")]);
    assert_eq!(world.answer("error 1"), [show("Wrong username."), show(ASK_NAME)]);
    assert_eq!(world.client.wants(), Wants::Name);
    world.tell(Line(" columbia "));
    assert_eq!(world.answer("right username"), [show(ASK_PASSWORD)]);
    assert_eq!(world.client.wants(), Wants::Password);
    for tries in ["01", "02"] {
        let line = format!("check_password columbia 11 {tries} 10.0.0.1 4000");
        assert_eq!(world.tell(Line("11 ")), [request(&line)]);
        assert_eq!(world.answer("wrong password"), [show(ASK_PASSWORD)]);
    }
    world.tell(Line("11"));
    assert_eq!(
        world.answer("wrong password"),
        [
            show(
                "You have entered wrong password three times. You will be blocked for 30 seconds."
            ),
            show(ASK_NAME)
        ]
    );
    world.tell(Line("columbia"));
    world.answer("right username");
    world.tell(Line("116bway"));
    assert_eq!(
        world.answer("still blocked"),
        [show("You are still blocked, please try again later"), show(ASK_PASSWORD)]
    );
    world.tell(Line("116bway"));
    assert_eq!(
        world.answer("successfully logged in!")[0],
        show("You have successfully logged in.")
    );
    assert_eq!(world.client.wants(), Wants::Command);
}

#[test]
fn names_and_passwords_of_several_words_are_not_sent() {
    let mut world = World::new();
    assert_eq!(world.tell(Line("a b")), [show("Wrong username."), show(ASK_NAME)]);
    assert_eq!(world.tell(Line("")), [show("Wrong username."), show(ASK_NAME)]);
    world.tell(Line("a"));
    world.answer("right username");
    assert_eq!(
        world.tell(Line("b c")),
        [show("Wrong format: a password is one word."), show(ASK_PASSWORD)]
    );
}

#[test]
fn one_line_after_the_other() {
    let mut world = World::logged_in("successfully logged in!");
    assert_eq!(world.tell(Line("message seas  1")), [request("message columbia seas  1")]);
    assert_eq!(world.tell(Line("message seas 2")), []);
    assert_eq!(world.tell(Line("online")), []);
    assert_eq!(world.client.pending(), 2);
    assert_eq!(world.answer(""), [request("message columbia seas 2")]);
    assert_eq!(world.answer("wrong target"), [show("wrong target"), request("online")]);
    assert_eq!(world.answer("columbia, seas"), [show("columbia, seas")]);
    for (line, sent) in [
        ("broadcast good day", "broadcast columbia good day"),
        ("block seas", "block columbia seas"),
        ("Y seas", "Y columbia seas"),
    ] {
        assert_eq!(world.tell(Line(line)), [request(sent)]);
        world.answer("");
    }
    world.tell(Line("getaddress facebook"));
    assert_eq!(
        world.answer("not online"),
        [show("facebook is not online. Can't get the address.")]
    );
    let long = "x".repeat(101);
    assert!(matches!(&world.tell(Line(&long))[..], [ClientAction::Complain(_)]));
}

#[test]
fn private_talk() {
    let mut world = World::logged_in("successfully logged in!");
    assert_eq!(
        world.tell(Line("private seas hi")),
        [show("You do not have the address of seas. You may type: getaddress seas")]
    );
    assert_eq!(
        world.heard(SERVER, "address seas 10.0.0.3 59316"),
        [show("got address!"), show("seas 10.0.0.3 59316"), Receipt(1, None)]
    );
    let to = "10.0.0.3:59316".parse().unwrap();
    let private = || Private { to, line: "private columbia: how are you".into() };
    assert_eq!(world.tell(Line("private seas how are you")), [private()]);
    assert_eq!(world.tell(Answered(Exchange::Private, Ok(""))), []);
    world.tell(Line("private seas how are you"));
    assert_eq!(
        world.tell(Answered(Exchange::Private, Err("refused"))),
        [
            show("Connect failed. Maybe the user's ip has changed."),
            show("You may type: message <username> <message> to leave an offline message.")
        ]
    );
    let from = "10.0.0.3".parse().unwrap();
    assert_eq!(
        world.heard(from, "private seas: fine"),
        [show("seas (private): fine"), Receipt(1, None)]
    );
    // Not from where seas is.
    assert_eq!(world.heard(STRANGER, "private seas: forged"), [Receipt(1, None)]);
}

#[test]
fn pushes_of_a_server_without_receipts_must_come_from_its_address() {
    let mut world = World::logged_in("successfully logged in!");
    assert_eq!(world.heard(SERVER, "print seas: hi"), [show("seas: hi"), Receipt(1, None)]);
    for line in ["print seas: forged", "logout", "address seas 1.2.3.4 5", "refused seas"] {
        assert_eq!(world.heard(STRANGER, line), [Receipt(1, None)], "{line}");
    }
    assert_eq!(
        world.heard(SERVER, "refused seas"),
        [show("seas refused to have a private talk."), Receipt(1, None)]
    );
}

#[test]
fn what_is_no_token_of_ours_is_none() {
    let mut world = World::logged_in("successfully logged in! Welcome");
    assert_eq!(world.tell(Line("online")), [request("online")]);
    world.answer("columbia");
    assert_eq!(world.heard(SERVER, "print seas: hi"), [show("seas: hi"), Receipt(1, None)]);
}

#[test]
fn receipts() {
    let mut world = World::logged_in(&format!("successfully logged in! {TOKEN}"));
    let receipt = |id: &str| Receipt(1, Some(format!("ok {id}\n")));
    assert_eq!(
        world.heard(SERVER, &format!("with {TOKEN} b-1 print seas: hi")),
        [show("seas: hi"), receipt("b-1")]
    );
    // Again after a crash of the server, or replayed: known already.
    assert_eq!(world.heard(SERVER, &format!("with {TOKEN} b-1 print seas: hi")), [receipt("b-1")]);
    for line in ["print seas: forged", "with 0f0f b-2 print seas: forged", "logout"] {
        assert_eq!(world.heard(SERVER, line), [Receipt(1, None)], "{line}");
    }
    assert_eq!(
        world.tell(Line("message seas hi")),
        [request(&format!("with {TOKEN} message columbia seas hi"))]
    );
    assert_eq!(world.answer("ok"), []);
    world.tell(Line("message seas hi"));
    assert!(
        matches!(&world.answer("")[..], [ClientAction::Complain(why)] if why.contains("perhaps not sent"))
    );
}

#[test]
fn a_push_may_overtake_the_answer_to_the_password() {
    let mut world = World::new();
    world.tell(Line("columbia"));
    world.answer("right username");
    world.tell(Line("116bway"));
    assert_eq!(world.heard(SERVER, &format!("with {TOKEN} b-1 print seas: hi")), []);
    let actions = world.answer(&format!("successfully logged in! {TOKEN}"));
    assert_eq!(actions[2..], [show("seas: hi"), Receipt(1, Some("ok b-1\n".into()))]);
}

#[test]
fn logged_out_by_oneself_by_another_login_and_by_a_server_that_forgot() {
    let mut world = World::logged_in("successfully logged in!");
    assert_eq!(world.tell(Line("logout")), [request("logout columbia")]);
    assert_eq!(world.answer(""), [HeartbeatAt(None), show(ASK_NAME)]);
    assert_eq!(world.client.goodbye(), None);

    let mut world = World::logged_in("successfully logged in!");
    assert_eq!(world.client.goodbye().as_deref(), Some("logout columbia\n"));
    let out = world.heard(SERVER, "logout");
    let text = "You have been logged out. Somebody has logged in elsewhere as this user.";
    assert_eq!(out, [HeartbeatAt(None), show(text), show(ASK_NAME), Receipt(1, None)]);

    let mut world = World::logged_in("successfully logged in!");
    world.tell(Line("message seas hi"));
    let text = "You have been logged out. The server no longer knows this session.";
    assert_eq!(world.answer("not logged in"), [HeartbeatAt(None), show(text), show(ASK_NAME)]);
}

#[test]
fn heartbeats_and_a_server_that_is_away() {
    let mut world = World::logged_in("successfully logged in!");
    let next = HeartbeatAt(Some(world.now + Duration::from_secs(30)));
    let beat = Request(Exchange::Heartbeat, "heartbeat columbia\n".into());
    for (answer, said) in [(Ok(""), 0), (Err("refused"), 1), (Err("refused"), 0), (Ok(""), 1)] {
        assert_eq!(world.tell(ClientEvent::Heartbeat), [beat.clone(), next.clone()]);
        assert_eq!(world.tell(Answered(Exchange::Heartbeat, answer)).len(), said);
    }
}

#[test]
fn the_end_of_the_input_leaves_after_everything_was_answered() {
    let mut world = World::logged_in("successfully logged in!");
    world.tell(Line("message seas hi"));
    assert_eq!(world.tell(InputEnded), []);
    assert_eq!(world.answer(""), [LeaveAt(world.now + Duration::from_secs(1))]);
    assert_eq!(world.heard(SERVER, "print seas: bye")[0], show("seas: bye"));
    assert_eq!(world.tell(Leave), [request("logout columbia")]);
    assert_eq!(world.answer(""), [HeartbeatAt(None), Over(Outcome::Left)]);
    let mut world = World::new();
    assert_eq!(world.tell(InputEnded), [Over(Outcome::Left)]);
}

#[test]
fn nobody_can_log_in_at_a_server_that_is_not_there() {
    let mut world = World::new();
    world.tell(Line("columbia"));
    let out = world.tell(Answered(Exchange::Request, Err("refused")));
    assert_eq!(out, [ClientAction::Complain("refused".into()), Over(Outcome::Unreachable)]);
}
