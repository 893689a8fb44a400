//! A registry's client, to whom everybody says anything at any moment. Only the texts of
//! the agreed peer may be shown, and only while there is (or just was) a private chat.
#![no_main]

use chat_proto::registry::frame::{encode, encode_from};
use chat_proto::registry::{Client, ClientAction, ClientEvent, ClientLimits, Timer};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const BOB: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const MALLORY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 66));

fuzz_target!(|data: &[u8]| {
    let limits = ClientLimits {
        max_frame: 64,
        linger: Duration::from_secs(1),
        hello_interval: Duration::from_secs(60),
        caller_timeout: Duration::from_secs(10),
        grace: Duration::from_secs(2),
    };
    let mut client: Client<u8> = Client::new(Some("ali".into()), 7, limits);
    let mut now = Instant::now();
    let mut out = Vec::new();
    client.handle(ClientEvent::Connected(MALLORY), now, &mut out);
    let mut rest = data;
    while let [what, who, length, after @ ..] = rest {
        let (bytes, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        let mallory = who % 8 >= 4;
        let said = String::from_utf8_lossy(bytes);
        // Mallory may say what bob would; from bob's host only others speak.
        let said = if mallory { format!("bob: {said}") } else { format!("eve: {said}") };
        let said = encode(&said).expect("short enough");
        let ok = encode_from("bob", "&&CLIENTOK&&|begin|10.0.0.2|7").expect("short enough");
        let exit = encode_from("bob", "&&CLIENTEXIT&&|end").expect("short enough");
        let event = match what % 12 {
            0 | 1 => ClientEvent::Called(who % 8, if mallory { MALLORY } else { BOB }),
            2 | 3 => ClientEvent::CallerReceived(who % 8, &said),
            4 if mallory => ClientEvent::CallerReceived(who % 8, bytes),
            4 => ClientEvent::CallerReceived(who % 8, &[]),
            5 => ClientEvent::CallerGone(who % 8),
            6 => ClientEvent::Received(&ok),
            7 => ClientEvent::Received(&exit),
            8 => ClientEvent::LinkUp,
            9 => ClientEvent::LinkDown("x"),
            10 => {
                now += Duration::from_secs(u64::from(*who) % 16);
                let timers = [Timer::Hello, Timer::Link, Timer::Callers];
                ClientEvent::Timer(timers[usize::from(who % 3)])
            }
            _ => ClientEvent::Line(std::str::from_utf8(bytes).unwrap_or("EXIT")),
        };
        client.handle(event, now, &mut out);
        for action in out.drain(..) {
            if let ClientAction::Show(line) = action {
                assert!(["server: begin", "server: end"].contains(&&*line), "shown: {line}");
            }
        }
    }
});
