//! Any bytes to the accounts server: one byte says who connects and what happens beside,
//! one the length of what is said. And the same bytes to a client.
#![no_main]

use chat_proto::accounts::{
    Action, Change, Client, ClientEvent, Delivered, Event, Hub, Intake, Moment, Options, Push,
    Record, Signed, Step,
};
use libfuzzer_sys::fuzz_target;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

const USERS: [&str; 2] = ["a", "b"];

fn moment(instant: Instant) -> Moment {
    Moment { instant, wall: SystemTime::UNIX_EPOCH }
}

fuzz_target!(|data: &[u8]| {
    let mut now = Instant::now();
    let records = USERS.map(|name| Record { name: name.into(), ..Record::default() }).to_vec();
    let options = Options { max_mailbox: 2000, ..Options::default() };
    let mut out = Vec::new();
    let mut hub = Hub::new(options, 1, records, moment(now), &mut out);
    let listens = "10.0.0.1:1".parse().unwrap_or_else(|_| unreachable!());
    let second = Duration::from_secs(1);
    let mut client: Client<u8> = Client::new(&[[10, 0, 0, 4].into()], listens, second, second, 100);
    let mut client_out = Vec::new();
    let (mut conn, mut answered, mut letters) = (0u32, 0, 0i32);
    let mut pushes: VecDeque<u64> = VecDeque::new();
    let mut timers = HashMap::new();
    let mut rest = data;
    while let [what, length, after @ ..] = rest {
        let (bytes, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        let peer = IpAddr::from([10, 0, 0, what % 4]);
        let mut intake = Intake::new(100, second, 10 * second, now);
        let line = match intake.received(bytes, now) {
            Step::Wait(_) => intake.deadline(),
            step => step,
        };
        let Step::Line(line) = line else { continue };
        assert!(line.len() <= 100 && !line.contains('\n'));
        let _ = (Signed::parse(&line), Push::parse(&line));
        client.handle(ClientEvent::Heard { conn: 1, from: peer, line: &line }, now, &mut client_out);
        client.handle(ClientEvent::Line(&line), now, &mut client_out);
        let exchange = chat_proto::accounts::Exchange::Request;
        client.handle(ClientEvent::Answered(exchange, Ok(&line)), now, &mut client_out);
        client_out.clear();
        conn += 1;
        let local = IpAddr::from([10, 0, 0, 4]);
        hub.handle(Event::Line { from: conn, peer, local, line: &line }, moment(now), &mut out);
        let mut turns = 0;
        while !out.is_empty() {
            turns += 1;
            assert!(turns < 100, "it never rests");
            for action in std::mem::take(&mut out) {
                match action {
                    Action::Answer { .. } => answered += 1,
                    // Every password is right when the event's number is even.
                    Action::Check { ticket, .. } => {
                        let event = Event::Checked { ticket, matches: what / 4 % 2 == 0, secret: 1 };
                        hub.handle(event, moment(now), &mut out);
                    }
                    Action::Push { ticket, .. } => pushes.push_back(ticket),
                    Action::Timer { id, at: Some(at) } => {
                        timers.insert(id, at);
                    }
                    Action::Timer { id, at: None } => {
                        timers.remove(&id);
                    }
                    Action::Store(Change::Add { .. }) => letters += 1,
                    Action::Store(Change::Remove { .. }) => letters -= 1,
                    Action::Store(_) | Action::Cancel { .. } | Action::Note(_) => {}
                }
            }
        }
        let outcomes =
            [Delivered::Yes, Delivered::No, Delivered::Perhaps, Delivered::Refused];
        let delivered = outcomes[usize::from(what % 4)];
        if what & 64 != 0
            && let Some(ticket) = pushes.pop_front()
        {
            if what & 32 != 0 {
                let event = Event::Pushed { ticket, delivered: Delivered::Taken };
                hub.handle(event, moment(now), &mut out);
            }
            hub.handle(Event::Pushed { ticket, delivered }, moment(now), &mut out);
        }
        if what & 128 != 0 {
            now += 16 * second;
            let due: Vec<u64> =
                timers.iter().filter(|(_, at)| **at <= now).map(|(id, _)| *id).collect();
            for id in due {
                timers.remove(&id);
                hub.handle(Event::Timer { id }, moment(now), &mut out);
            }
        }
        assert_eq!(answered, conn, "not answered, or twice");
        assert!(letters >= 0);
    }
});
