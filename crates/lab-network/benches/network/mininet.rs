//! Mininet as people run it, without labrun.

use std::process::Command;
use std::time::Duration;

use lab_network::probe;

const PROGRAM: &str = "
import sys, time
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo
Mininet.inited = True  # not to change the machine's limits
began = time.monotonic()
net = Mininet(topo=SingleSwitchTopo(int(sys.argv[1])), switch=LinuxBridge, controller=None)
net.start()
up = time.monotonic()
net.stop()
print(up - began, time.monotonic() - up)
";

pub(super) fn up_and_down(hosts: u32) -> (Duration, Duration) {
    let python = probe::mininet_python().expect("a Python with Mininet");
    let output = Command::new(python).args(["-c", PROGRAM, &hosts.to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut times = text.split_whitespace().map(|s| Duration::from_secs_f64(s.parse().unwrap()));
    (times.next().expect("a time"), times.next().expect("a time"))
}
