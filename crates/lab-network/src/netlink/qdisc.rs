//! Queueing disciplines: what limits, delays and loses packets on their way out
//! of an interface.
//!
//! `netlink-packet-route` does not know the options of the kinds used here;
//! their layouts are those of `linux/pkt_sched.h`.

use std::time::Duration;

use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL, NlasIterator};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage, TcOption};

use super::{Channel, Request};

const GET_QDISC: u16 = 38;
const GET_CLASS: u16 = 42;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;

const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RATE64: u16 = 4;
const TCA_TBF_BURST: u16 = 6;

const TCA_HTB_PARMS: u16 = 1;
const TCA_HTB_INIT: u16 = 2;
const TCA_HTB_RATE64: u16 = 6;

const TCA_NETEM_RATE: u16 = 6;
const TCA_NETEM_RATE64: u16 = 8;
const TCA_NETEM_LATENCY64: u16 = 10;
const TCA_NETEM_JITTER64: u16 = 11;

/// Where `struct tc_ratespec` has its rate.
const RATESPEC_RATE: usize = 8;
/// `TC_LINKLAYER_ETHERNET`: with it the kernel needs no rate table from us.
const LINKLAYER_ETHERNET: u8 = 1;

/// A queueing discipline and its options.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Qdisc {
    /// Token bucket: so many bytes a second, so many at once.
    Tbf {
        /// Bytes per second.
        rate: u64,
        /// Bytes that may go out at once after a pause.
        burst: u32,
    },
    /// A queue of so many packets.
    Pfifo {
        /// Packets.
        limit: u32,
    },
    /// The network emulator.
    Netem(Netem),
    /// Hierarchical token bucket, without classes. We only ask whether it is
    /// there: it is Mininet's.
    Htb,
}

/// Options of the network emulator.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Netem {
    /// Time added to each packet.
    pub(crate) delay: Duration,
    /// How far that varies.
    pub(crate) jitter: Duration,
    /// Chance of losing a packet, in units of 1 / 2³².
    pub(crate) loss: u32,
    /// Bytes per second; 0 for no limit.
    pub(crate) rate: u64,
    /// Packets under way and waiting.
    pub(crate) limit: u32,
}

impl Netem {
    /// Percent to the kernel's unit.
    pub(crate) fn chance(percent: f64) -> u32 {
        // Saturates: 100 % is the largest number.
        (percent / 100.0 * f64::from(u32::MAX)).round() as u32
    }
}

impl Qdisc {
    /// The kernel's name.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Tbf { .. } => "tbf",
            Self::Pfifo { .. } => "pfifo",
            Self::Netem(_) => "netem",
            Self::Htb => "htb",
        }
    }

    /// The kernel module that has it.
    pub(crate) fn module(&self) -> &'static str {
        match self {
            Self::Tbf { .. } => "sch_tbf",
            Self::Pfifo { .. } => "sch_fifo",
            Self::Netem(_) => "sch_netem",
            Self::Htb => "sch_htb",
        }
    }

    fn options(&self) -> TcAttribute {
        let raw = |bytes| TcAttribute::Other(DefaultNla::new(TCA_OPTIONS, bytes));
        match *self {
            Self::Tbf { rate, burst } => {
                let mut options = vec![
                    DefaultNla::new(TCA_TBF_PARMS, tbf_parameters(rate, burst)),
                    DefaultNla::new(TCA_TBF_BURST, burst.to_ne_bytes().to_vec()),
                ];
                if u32::try_from(rate).is_err() {
                    options.push(DefaultNla::new(TCA_TBF_RATE64, rate.to_ne_bytes().to_vec()));
                }
                TcAttribute::Options(options.into_iter().map(TcOption::Other).collect())
            }
            // struct tc_fifo_qopt
            Self::Pfifo { limit } => raw(limit.to_ne_bytes().to_vec()),
            Self::Netem(netem) => raw(netem_options(&netem)),
            Self::Htb => {
                // struct tc_htb_glob: version, rate to quantum, default class,
                // debug, direct packets
                let words = [3_u32, 10, 0, 0, 0].map(u32::to_ne_bytes);
                let init = DefaultNla::new(TCA_HTB_INIT, words.concat());
                TcAttribute::Options(vec![TcOption::Other(init)])
            }
        }
    }

    /// Puts the discipline on an interface, under `parent`.
    pub(crate) fn add(
        &self,
        index: u32,
        parent: TcHandle,
        handle: TcHandle,
        doing: String,
    ) -> Request {
        let mut message = TcMessage::with_index(index.cast_signed());
        message.header.parent = parent;
        message.header.handle = handle;
        message.attributes = vec![TcAttribute::Kind(self.kind().to_owned()), self.options()];
        let message = RouteNetlinkMessage::NewQueueDiscipline(message);
        Request::new(&message, NLM_F_CREATE | NLM_F_EXCL, doing).needing(self.module())
    }
}

/// Puts disciplines on an interface, each inside the one before.
pub(crate) fn stack<'a>(
    disciplines: &'a [Qdisc],
    index: u32,
    doing: &'a str,
) -> impl Iterator<Item = Request> + 'a {
    let mut parent = TcHandle::ROOT;
    disciplines.iter().zip(1..).map(move |(discipline, major): (&Qdisc, u16)| {
        let request = discipline.add(index, parent, TcHandle { major, minor: 0 }, doing.to_owned());
        parent = TcHandle { major, minor: 1 };
        request
    })
}

/// Takes the disciplines of an interface away.
pub(crate) fn remove(index: u32, doing: String) -> Request {
    let mut message = TcMessage::with_index(index.cast_signed());
    message.header.parent = TcHandle::ROOT;
    Request::new(&RouteNetlinkMessage::DelQueueDiscipline(message), 0, doing)
}

/// `struct tc_tbf_qopt`: two rates (the second is the peak rate), limit, buffer, mtu.
fn tbf_parameters(rate: u64, burst: u32) -> Vec<u8> {
    let mut bytes = vec![0; 36];
    bytes[1] = LINKLAYER_ETHERNET;
    let rate = u32::try_from(rate).unwrap_or(u32::MAX);
    bytes[RATESPEC_RATE..RATESPEC_RATE + 4].copy_from_slice(&rate.to_ne_bytes());
    // Holds only until the inner queue, counted in packets, is put in.
    bytes[24..28].copy_from_slice(&burst.to_ne_bytes());
    bytes
}

/// `struct tc_netem_qopt`, then attributes.
fn netem_options(netem: &Netem) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    // latency (in ticks; the attribute has it in nanoseconds), limit, loss, gap,
    // duplicate, jitter
    for word in [0, netem.limit, netem.loss, 0, 0, 0] {
        bytes.extend(word.to_ne_bytes());
    }
    let mut attribute = |kind: u16, value: &[u8]| {
        // Both are far below 64 KiB.
        bytes.extend((4 + value.len() as u16).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
    };
    let nanoseconds =
        |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX).to_ne_bytes();
    attribute(TCA_NETEM_LATENCY64, &nanoseconds(netem.delay));
    attribute(TCA_NETEM_JITTER64, &nanoseconds(netem.jitter));
    if netem.rate > 0 {
        // struct tc_netem_rate: rate, packet overhead, cell size, cell overhead
        let mut rate = [0; 16];
        let short = u32::try_from(netem.rate).unwrap_or(u32::MAX);
        rate[..4].copy_from_slice(&short.to_ne_bytes());
        attribute(TCA_NETEM_RATE, &rate);
        if u32::try_from(netem.rate).is_err() {
            attribute(TCA_NETEM_RATE64, &netem.rate.to_ne_bytes());
        }
    }
    bytes
}

/// A discipline as the kernel has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// Of which interface.
    pub(crate) index: u32,
    /// What it sits inside of.
    parent: u32,
    /// Its kind.
    pub(crate) kind: String,
    /// `TCA_OPTIONS`.
    options: Vec<u8>,
}

impl Found {
    fn parse(payload: &[u8]) -> Option<Self> {
        const HEADER: usize = 20;
        let mut found = Self {
            index: word(payload, 4)?,
            parent: word(payload, 12)?,
            kind: String::new(),
            options: Vec::new(),
        };
        for attribute in NlasIterator::new(payload.get(HEADER..)?) {
            let Ok(attribute) = attribute else { break };
            let value = attribute.value();
            match attribute.kind() {
                TCA_KIND => {
                    let kind = value.strip_suffix(b"\0").unwrap_or(value);
                    found.kind = String::from_utf8_lossy(kind).into_owned();
                }
                TCA_OPTIONS => found.options = value.to_vec(),
                _ => {}
            }
        }
        Some(found)
    }

    /// Whether it is the outermost one of its interface.
    pub(crate) fn is_root(&self) -> bool {
        self.parent == u32::from(TcHandle::ROOT)
    }

    /// Bytes per second that a token bucket lets through.
    pub(crate) fn tbf_rate(&self) -> Option<u64> {
        rate(&self.options, TCA_TBF_PARMS, TCA_TBF_RATE64)
    }

    /// The options of the network emulator.
    pub(crate) fn netem(&self) -> Option<Netem> {
        const STRUCT: usize = 24;
        let mut netem = Netem {
            limit: word(&self.options, 4)?,
            loss: word(&self.options, 8)?,
            ..Netem::default()
        };
        let time = |value: &[u8]| long(value).map(Duration::from_nanos).unwrap_or_default();
        for attribute in NlasIterator::new(self.options.get(STRUCT..)?).filter_map(Result::ok) {
            let value = attribute.value();
            match attribute.kind() {
                TCA_NETEM_LATENCY64 => netem.delay = time(value),
                TCA_NETEM_JITTER64 => netem.jitter = time(value),
                TCA_NETEM_RATE if netem.rate == 0 => {
                    netem.rate = word(value, 0).map_or(0, u64::from);
                }
                TCA_NETEM_RATE64 => netem.rate = long(value).unwrap_or(netem.rate),
                _ => {}
            }
        }
        Some(netem)
    }
}

/// The rate at the beginning of one attribute, or of another where it takes
/// 64 bits.
fn rate(options: &[u8], parameters: u16, rate64: u16) -> Option<u64> {
    let mut rate = None;
    for attribute in NlasIterator::new(options).filter_map(Result::ok) {
        let value = attribute.value();
        if attribute.kind() == parameters {
            rate = rate.or(word(value, RATESPEC_RATE).map(u64::from));
        } else if attribute.kind() == rate64 {
            rate = long(value).or(rate);
        }
    }
    rate
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn long(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(..8)?.try_into().ok()?))
}

impl Channel {
    /// All disciplines of the namespace.
    pub(crate) fn qdiscs(&mut self) -> std::io::Result<Vec<Found>> {
        let query = Request::new(
            &RouteNetlinkMessage::GetQueueDiscipline(TcMessage::default()),
            0,
            String::new(),
        );
        let answers = self.dump(GET_QDISC, &query.payload)?;
        Ok(answers.iter().filter_map(|payload| Found::parse(payload)).collect())
    }

    /// Bytes per second of the class that an interface's hierarchical token
    /// bucket has, if it has one.
    pub(crate) fn htb_rate(&mut self, index: u32) -> std::io::Result<Option<u64>> {
        let message = TcMessage::with_index(index.cast_signed());
        let message = RouteNetlinkMessage::GetTrafficClass(message);
        let query = Request::new(&message, 0, String::new());
        let answers = self.dump(GET_CLASS, &query.payload)?;
        let classes = answers.iter().filter_map(|payload| Found::parse(payload));
        let rates = classes.map(|class| rate(&class.options, TCA_HTB_PARMS, TCA_HTB_RATE64));
        Ok(rates.flatten().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echoed(qdisc: Qdisc) -> Found {
        let root = TcHandle { major: 1, minor: 0 };
        let request = qdisc.add(7, TcHandle::ROOT, root, String::new());
        Found::parse(&request.payload).unwrap()
    }

    #[test]
    fn token_buckets_read_as_written() {
        for rate in [1, 1_250_000, 12_500_000_000] {
            let found = echoed(Qdisc::Tbf { rate, burst: 15_000 });
            assert_eq!((found.index, found.is_root(), found.kind.as_str()), (7, true, "tbf"));
            assert_eq!(found.tbf_rate(), Some(rate));
        }
    }

    #[test]
    fn netem_reads_as_written() {
        let netem = Netem {
            delay: Duration::from_millis(20),
            jitter: Duration::from_micros(1500),
            loss: Netem::chance(10.0),
            rate: 1_250_000,
            limit: 1000,
        };
        assert_eq!(echoed(Qdisc::Netem(netem)).netem(), Some(netem));
    }

    #[test]
    fn chances() {
        assert_eq!(Netem::chance(0.0), 0);
        assert_eq!(Netem::chance(50.0), 1 << 31);
        assert_eq!(Netem::chance(100.0), u32::MAX);
    }

    #[test]
    fn nonsense_is_not_read() {
        assert_eq!(Found::parse(&[0; 10]), None);
        assert_eq!(echoed(Qdisc::Pfifo { limit: 5 }).netem(), None);
    }
}
