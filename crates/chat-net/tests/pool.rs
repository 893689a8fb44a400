//! The reactor with small apps: timers, messages between threads, outgoing
//! connections, datagrams, closing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chat_net::{
    App, Bytes, Closed, Config, ConnId, DatagramId, Event, Io, Pace, Pool, Remote, Via,
};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn config(threads: usize) -> Config {
    Config { threads, ..Config::default() }
}

struct Clock(Vec<u64>);

impl App for Clock {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        match event {
            Event::Started => {
                for (id, ms) in [(1, 30), (2, 10), (3, 20), (4, 5)] {
                    io.set_timer(id, Some(io.now() + Duration::from_millis(ms)));
                }
                io.set_timer(4, None);
                io.set_timer(2, Some(io.now() + Duration::from_millis(40)));
            }
            Event::Timer { id } => {
                self.0.push(id);
                if id == 2 {
                    io.stop();
                }
            }
            _ => {}
        }
    }
}

#[test]
fn timers_come_in_their_order() {
    let apps = Pool::new(config(1)).unwrap().run(|_| Clock(Vec::new())).unwrap();
    assert_eq!(apps[0].0, [3, 1, 2]);
}

struct Ring(usize, Vec<u32>);

impl App for Ring {
    type Message = u32;

    fn handle(&mut self, event: Event<'_, u32>, io: &mut Io<u32>) {
        if let Event::Message(number) = event {
            self.1.push(number);
            if number == 3000 {
                return io.stop();
            }
            io.post((self.0 + 1) % 3, number + 1);
        }
    }
}

#[test]
fn messages_go_round_all_threads_in_order() {
    let pool = Pool::new(config(3)).unwrap();
    pool.remote(0).post(0);
    let apps = pool.run(|number| Ring(number, Vec::new())).unwrap();
    for (number, app) in apps.iter().enumerate() {
        let expected: Vec<u32> = (0..=3000).filter(|n| *n as usize % 3 == number).collect();
        assert_eq!(app.1, expected);
    }
}

/// Publishes numbers and keeps what it hears of all threads' numbers.
struct Crier(Vec<(usize, u32)>);

impl App for Crier {
    type Message = (usize, u32);

    fn handle(&mut self, event: Event<'_, (usize, u32)>, io: &mut Io<(usize, u32)>) {
        let own = match event {
            Event::Started => 0,
            Event::Message((from, number)) => {
                self.0.push((from, number));
                if self.0.len() == 3 * 1000 {
                    io.stop();
                }
                if from != io.reactor() || number % 10 != 9 {
                    return;
                }
                number + 1
            }
            _ => return,
        };
        // In bursts, so that those of several threads come together.
        for number in (own..own + 10).filter(|number| *number < 1000) {
            io.publish((io.reactor(), number), 100_000);
        }
    }
}

#[test]
fn what_is_published_has_one_order_everywhere() {
    let apps = Pool::new(config(3)).unwrap().run(|_| Crier(Vec::new())).unwrap();
    for app in &apps {
        assert_eq!(app.0, apps[0].0);
    }
    for from in 0..3 {
        let numbers: Vec<u32> =
            apps[0].0.iter().filter(|(who, _)| *who == from).map(|(_, number)| *number).collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<u32>>());
    }
}

/// Connects, says hello, and keeps what it hears until the other side ends.
struct Caller {
    to: SocketAddr,
    conn: Option<ConnId>,
    log: Vec<String>,
}

impl App for Caller {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        match event {
            Event::Started => self.conn = Some(io.connect(self.to).unwrap()),
            Event::Opened { conn, via, .. } => {
                assert_eq!((via, Some(conn)), (Via::Connected, self.conn));
                io.send(conn, Bytes::from_static(b"hello "));
                io.send(conn, Bytes::from_static(b"there"));
                io.finish(conn);
                io.send(conn, Bytes::from_static(b"too late"));
            }
            Event::Received { bytes, .. } => {
                self.log.push(String::from_utf8(bytes.to_vec()).unwrap());
            }
            Event::Ended { conn } => {
                self.log.push("ended".into());
                io.close(conn);
                io.close(conn);
            }
            Event::Closed { why, .. } => {
                self.log.push(match why {
                    Closed::Asked => "asked".into(),
                    Closed::Failed(error) => error.kind().to_string(),
                    other => format!("{other:?}"),
                });
                io.stop();
            }
            _ => {}
        }
    }
}

#[test]
fn outgoing_connections() {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let caller = |to| Caller { to, conn: None, log: Vec::new() };
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        stream.write_all(b"good day").unwrap();
        all
    });
    let apps = Pool::new(config(1)).unwrap().run(|_| caller(to)).unwrap();
    assert_eq!(server.join().unwrap(), "hello there");
    assert_eq!(apps[0].log, ["good day", "ended", "asked"]);
    // The listener is gone.
    let apps = Pool::new(config(1)).unwrap().run(|_| caller(to)).unwrap();
    assert_eq!(apps[0].log, ["connection refused"]);
}

/// Closes whom it heard `bye` from, aborts whom it heard `no` from, and stops after two.
#[derive(Default)]
struct Ends {
    closed: usize,
}

impl App for Ends {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        match event {
            Event::Received { conn, bytes: b"bye" } => {
                io.send(conn, Bytes::from_static(b"bye"));
                io.close(conn);
            }
            Event::Received { conn, .. } => io.abort(conn),
            Event::Closed { why, .. } => {
                assert!(matches!(why, Closed::Asked));
                self.closed += 1;
                if self.closed == 2 {
                    io.stop();
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_reset_tells_an_unfinished_connection_from_a_closed_one() {
    use std::io::{ErrorKind, Read as _, Write as _};
    let config = Config { reset_unless_closed: true, ..config(1) };
    let mut pool = Pool::new(config).unwrap();
    let (_, address) = pool.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = std::thread::spawn(move || {
        let mut streams = [address; 2].map(|to| TcpStream::connect(to).unwrap());
        let mut answers = Vec::new();
        for (stream, word) in streams.iter_mut().zip(["bye", "no"]) {
            stream.write_all(word.as_bytes()).unwrap();
            let mut answer = String::new();
            let end = stream.read_to_string(&mut answer).map_err(|error| error.kind());
            answers.push((answer, end));
        }
        answers
    });
    pool.run(|_| Ends::default()).unwrap();
    assert_eq!(
        client.join().unwrap(),
        [("bye".to_owned(), Ok(3)), (String::new(), Err(ErrorKind::ConnectionReset))]
    );
}

struct UdpEcho(DatagramId);

impl App for UdpEcho {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        if let Event::Datagram { socket, from, bytes } = event {
            assert_eq!(socket, self.0);
            io.send_datagram(socket, bytes, from).unwrap();
            if bytes == b"stop" {
                io.stop();
            }
        }
    }
}

#[test]
fn datagrams() {
    let mut pool = Pool::new(config(1)).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let id = pool.add_datagram(socket).unwrap();
    let client = std::thread::spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut buffer = [0; 10];
        for text in ["one", "", "stop"] {
            socket.send_to(text.as_bytes(), address).unwrap();
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], text.as_bytes());
        }
    });
    pool.run(|_| UdpEcho(id)).unwrap();
    client.join().unwrap();
}

struct Panics;

impl App for Panics {
    type Message = ();

    fn handle(&mut self, event: Event<'_, ()>, io: &mut Io<()>) {
        if let (Event::Started, 0) = (event, io.reactor()) {
            // Not `panic!`, which would print a backtrace into the test's output.
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
}

#[test]
fn a_thread_that_panics_ends_the_pool_with_an_error() {
    assert!(Pool::new(config(2)).unwrap().run(|_| Panics).is_err());
}

/// Says to all of its connections what one of them says.
#[derive(Default)]
struct Hall {
    here: Vec<ConnId>,
    cut: usize,
}

impl App for Hall {
    type Message = (ConnId, Bytes);

    fn handle(&mut self, event: Event<'_, Self::Message>, io: &mut Io<Self::Message>) {
        match event {
            Event::Opened { conn, .. } => {
                self.here.push(conn);
                io.send(conn, Bytes::from_static(b"!"));
            }
            Event::Received { conn, bytes } => {
                io.publish((conn, Bytes::copy_from_slice(bytes)), bytes.len());
            }
            Event::Message((from, bytes)) => {
                for conn in &self.here {
                    if *conn != from {
                        io.send(*conn, bytes.clone());
                    }
                }
            }
            Event::Ended { conn } => io.close(conn),
            Event::Closed { conn, why } => {
                self.here.retain(|other| *other != conn);
                self.cut += usize::from(matches!(why, Closed::SlowReader { .. }));
            }
            _ => {}
        }
    }
}

/// Far more than all sockets between two programs hold.
const FLOOD: usize = 64 << 20;

/// How long those who read may be kept from reading by whatever else runs.
const UNHURRIED: Duration = Duration::from_secs(3);

/// Ends a pool when it goes, also since a check has failed: else that would be waited for in vain.
struct AtLast(Remote<(ConnId, Bytes)>);

impl Drop for AtLast {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Runs a hall with short queues and one client who writes a flood while `readers` read it to the end and
/// `others` do not read. How many were cut.
fn flood(threads: usize, readers: usize, others: usize) -> usize {
    let max_queue = 256 << 10;
    // Who reads must be known from who does not however busy the machine is.
    let pace = Pace { quick: UNHURRIED, patience: UNHURRIED * 2, ..Pace::for_queue(max_queue) };
    let config = Config { max_queue, pace: Some(pace), ..config(threads) };
    let mut pool = Pool::new(config).unwrap();
    let (_, address) = pool.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let at_last = AtLast(pool.remote(0));
    let clients = std::thread::spawn(move || {
        let _at_last = at_last;
        let enter = || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.read_exact(&mut [0]).unwrap();
            stream
        };
        let mut writer = enter();
        let silent: Vec<TcpStream> = (0..others).map(|_| enter()).collect();
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let mut stream = enter();
                std::thread::spawn(move || {
                    let (mut buffer, mut total) = (vec![0; 10_000], 0);
                    while total < FLOOD {
                        match stream.read(&mut buffer).unwrap() {
                            0 => panic!("cut after {total} bytes"),
                            count => total += count,
                        }
                    }
                })
            })
            .collect();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..FLOOD / piece.len() {
            writer.write_all(&piece).unwrap();
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        drop((silent, writer));
    });
    let apps = pool.run(|_| Hall::default()).unwrap();
    clients.join().unwrap();
    apps.iter().map(|app| app.cut).sum()
}

#[test]
fn a_flood_reaches_everybody_who_reads() {
    assert_eq!(flood(1, 3, 0), 0);
    assert_eq!(flood(2, 3, 0), 0);
}

/// A hall of two threads. The second is kept from its mailbox until the first has published
/// far more than a queue holds.
struct Late {
    hall: Hall,
    published: Arc<AtomicUsize>,
}

const LATE: usize = 400 << 10;

impl App for Late {
    type Message = (ConnId, Bytes);

    fn handle(&mut self, event: Event<'_, Self::Message>, io: &mut Io<Self::Message>) {
        match event {
            Event::Received { bytes, .. } => {
                self.published.fetch_add(bytes.len(), Ordering::SeqCst);
            }
            Event::Message(_) if io.reactor() == 1 => {
                while self.published.load(Ordering::SeqCst) < LATE {
                    std::thread::yield_now();
                }
            }
            _ => {}
        }
        self.hall.handle(event, io);
    }
}

#[test]
fn a_thread_that_comes_late_to_its_mailbox_cuts_nobody_who_reads() {
    let max_queue = 64 << 10;
    let pace = Pace { quick: UNHURRIED, patience: UNHURRIED * 2, ..Pace::for_queue(max_queue) };
    let mut pool = Pool::new(Config { max_queue, pace: Some(pace), ..config(2) }).unwrap();
    let (_, address) = pool.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let at_last = AtLast(pool.remote(0));
    let client = std::thread::spawn(move || {
        let _at_last = at_last;
        let [mut writer, mut reader] = [(); 2].map(|()| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.read_exact(&mut [0]).unwrap();
            stream
        });
        writer.write_all(&vec![b'x'; 2 * LATE]).unwrap();
        // Not at once, but well in time.
        std::thread::sleep(UNHURRIED / 10);
        let mut text = vec![0; 2 * LATE];
        reader.read_exact(&mut text).unwrap();
    });
    let published = Arc::new(AtomicUsize::new(0));
    let apps = pool.run(|_| Late { hall: Hall::default(), published: published.clone() }).unwrap();
    client.join().unwrap();
    assert_eq!(apps.iter().map(|app| app.hall.cut).sum::<usize>(), 0);
}

#[test]
fn those_who_do_not_read_a_flood_are_cut() {
    assert_eq!(flood(1, 3, 1), 1);
    // More than half, on other threads than some who read.
    assert_eq!(flood(2, 2, 4), 4);
}
