//! Packet filters at an interface: which packets that come in are dropped.
//!
//! A filter is a program of the classic Berkeley packet filter (bpf(4), in Linux
//! `Documentation/networking/filter.rst`), run by the classifier `bpf` at the
//! hook `clsact`. The layouts are those of `linux/pkt_cls.h`.

use std::net::Ipv4Addr;

use lab_scenario::topology::MacAddress;
use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage, TcOption};

use super::Request;

const TCA_BPF_OPS_LEN: u16 = 4;
const TCA_BPF_OPS: u16 = 5;
const TCA_BPF_FLAGS: u16 = 8;
/// The program's result is what becomes of the packet.
const TCA_BPF_FLAG_ACT_DIRECT: u32 = 1;

/// `TC_H_CLSACT`
const CLSACT: TcHandle = TcHandle { major: 0xffff, minor: 0xfff1 };
/// `TC_H_MIN_INGRESS` of it.
const INGRESS: TcHandle = TcHandle { major: 0xffff, minor: 0xfff2 };
/// `ETH_P_ALL`
const ALL_PROTOCOLS: u16 = 3;

/// `TC_ACT_OK`
const PASS: u32 = 0;
/// `TC_ACT_SHOT`
const DROP: u32 = 2;

/// Where an Ethernet frame has its source address, its type, the source of the
/// IPv4 packet in it, and the sender of an ARP message in it.
const SOURCE_MAC: u32 = 6;
const ETHER_TYPE: u32 = 12;
const IPV4_SOURCE: u32 = 26;
const ARP_SENDER: u32 = 28;

const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

/// An instruction: `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    operand: u32,
}

fn plain(code: u16, operand: u32) -> Instruction {
    Instruction { code, if_true: 0, if_false: 0, operand }
}

/// What a filter drops: all that comes from these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Senders of IPv4 and ARP, also those that a router has passed on.
    pub(crate) ips: Vec<Ipv4Addr>,
    /// Senders of frames.
    pub(crate) macs: Vec<MacAddress>,
}

impl Foreign {
    /// The program. Each test is followed by its own return, so that no jump is
    /// longer than the eight bits it has, but for one over a list.
    fn program(&self) -> Vec<Instruction> {
        let mut program = Vec::new();
        for mac in &self.macs {
            let [a, b, c, d, e, f] = mac.0;
            program.extend([
                plain(LOAD_WORD, SOURCE_MAC),
                Instruction {
                    if_false: 3,
                    ..plain(JUMP_IF_EQUAL, u32::from_be_bytes([a, b, c, d]))
                },
                plain(LOAD_HALF, SOURCE_MAC + 4),
                Instruction {
                    if_false: 1,
                    ..plain(JUMP_IF_EQUAL, u32::from(u16::from_be_bytes([e, f])))
                },
                plain(RETURN, DROP),
            ]);
        }
        for (kind, at) in [(0x0800, IPV4_SOURCE), (0x0806, ARP_SENDER)] {
            let tests = self.ips.iter().flat_map(|ip| {
                let test = plain(JUMP_IF_EQUAL, u32::from(*ip));
                [Instruction { if_false: 1, ..test }, plain(RETURN, DROP)]
            });
            let tests: Vec<_> = tests.collect();
            let over = u32::try_from(tests.len() + 1).unwrap_or(0);
            program.extend([
                plain(LOAD_HALF, ETHER_TYPE),
                Instruction { if_true: 1, ..plain(JUMP_IF_EQUAL, kind) },
                plain(JUMP, over),
                plain(LOAD_WORD, at),
            ]);
            program.extend(tests);
        }
        program.push(plain(RETURN, PASS));
        program
    }
}

/// Makes an interface drop what comes from `foreign`.
pub(crate) fn drop_from(index: u32, foreign: &Foreign, doing: &str) -> [Request; 2] {
    let mut hook = message(index, CLSACT);
    hook.header.handle = TcHandle { major: 0xffff, minor: 0 };
    hook.attributes = vec![TcAttribute::Kind("clsact".to_owned())];
    let hook = RouteNetlinkMessage::NewQueueDiscipline(hook);

    let program = foreign.program();
    let length = u16::try_from(program.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(program.len() * 8);
    for Instruction { code, if_true, if_false, operand } in program {
        bytes.extend(code.to_ne_bytes());
        bytes.extend([if_true, if_false]);
        bytes.extend(operand.to_ne_bytes());
    }
    let options = [
        DefaultNla::new(TCA_BPF_OPS_LEN, length.to_ne_bytes().to_vec()),
        DefaultNla::new(TCA_BPF_OPS, bytes),
        DefaultNla::new(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT.to_ne_bytes().to_vec()),
    ];
    let mut filter = message(index, INGRESS);
    // Priority, then the protocol in network order.
    filter.header.info = (1 << 16) | u32::from(ALL_PROTOCOLS.to_be());
    filter.attributes = vec![
        TcAttribute::Kind("bpf".to_owned()),
        TcAttribute::Options(options.into_iter().map(TcOption::Other).collect()),
    ];
    let filter = RouteNetlinkMessage::NewTrafficFilter(filter);
    [
        Request::new(&hook, NLM_F_CREATE | NLM_F_EXCL, doing.to_owned()).needing("sch_ingress"),
        Request::new(&filter, NLM_F_CREATE | NLM_F_EXCL, doing.to_owned()).needing("cls_bpf"),
    ]
}

/// Makes an interface take everything again.
pub(crate) fn take_all(index: u32, doing: &str) -> Request {
    let mut hook = message(index, CLSACT);
    hook.header.handle = TcHandle { major: 0xffff, minor: 0 };
    let hook = RouteNetlinkMessage::DelQueueDiscipline(hook);
    Request::new(&hook, 0, doing.to_owned())
}

fn message(index: u32, parent: TcHandle) -> TcMessage {
    let mut message = TcMessage::with_index(index.cast_signed());
    message.header.parent = parent;
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program as the kernel does.
    fn run(program: &[Instruction], frame: &[u8]) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let Instruction { code, if_true, if_false, operand } = program[at];
            at += 1;
            let offset = operand as usize;
            match code {
                LOAD_WORD => match frame.get(offset..offset + 4) {
                    Some(bytes) => accumulator = u32::from_be_bytes(bytes.try_into().unwrap()),
                    None => return PASS,
                },
                LOAD_HALF => match frame.get(offset..offset + 2) {
                    Some(bytes) => {
                        accumulator = u16::from_be_bytes(bytes.try_into().unwrap()).into();
                    }
                    None => return PASS,
                },
                JUMP_IF_EQUAL => {
                    at += usize::from(if accumulator == operand { if_true } else { if_false });
                }
                JUMP => at += offset,
                RETURN => return operand,
                _ => unreachable!("{code}"),
            }
        }
    }

    fn frame(mac: u8, kind: u16, at: u32, ip: [u8; 4]) -> Vec<u8> {
        let mut frame = vec![0; 60];
        frame[11] = mac;
        frame[12..14].copy_from_slice(&kind.to_be_bytes());
        frame[at as usize..at as usize + 4].copy_from_slice(&ip);
        frame
    }

    #[test]
    fn what_is_foreign_is_dropped() {
        let foreign = Foreign {
            ips: (1..=200).map(|n| Ipv4Addr::new(10, 0, 0, n)).collect(),
            macs: vec![MacAddress([0, 0, 0, 0, 0, 7]), MacAddress([0, 0, 0, 0, 0, 8])],
        };
        let program = foreign.program();
        let table = [
            (1, 0x0800, IPV4_SOURCE, 1, DROP),
            (1, 0x0800, IPV4_SOURCE, 200, DROP),
            (1, 0x0800, IPV4_SOURCE, 201, PASS),
            (1, 0x0806, ARP_SENDER, 200, DROP),
            (1, 0x0806, ARP_SENDER, 201, PASS),
            (1, 0x86dd, IPV4_SOURCE, 1, PASS),
            (7, 0x86dd, IPV4_SOURCE, 201, DROP),
            (8, 0x0800, IPV4_SOURCE, 201, DROP),
        ];
        for (mac, kind, at, last, expected) in table {
            let result = run(&program, &frame(mac, kind, at, [10, 0, 0, last]));
            assert_eq!(result, expected, "{mac} {kind:x} {last}");
        }
        assert_eq!(run(&program, &[0; 14]), PASS);
        assert_eq!(run(&Foreign::default().program(), &[0; 60]), PASS);
    }
}
