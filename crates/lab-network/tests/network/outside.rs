//! What is looked at from outside of the sandboxes.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::time::Duration;

use lab_network::probe::{self, Ability};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::harness::{SELF, Setup, User, command};

/// A test that starts cases itself.
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
}

pub(crate) const ALL: &[Test] = &[
    Test { name: "two_stages_use_the_same_names", run: two_stages },
    Test {
        name: "killed_stage_leaves_nothing",
        run: || leaves_nothing(Setup::Netns, User::Oneself),
    },
    Test {
        name: "killed_mininet_leaves_nothing",
        run: || leaves_nothing(Setup::Mininet, User::Oneself),
    },
    Test { name: "killed_ovs_leaves_nothing", run: || leaves_nothing(Setup::Ovs, User::Oneself) },
    Test { name: "exit_codes_are_passed_on", run: exit_codes },
    Test { name: "probe", run: probe },
];

/// A case that is up and holds.
struct Held {
    child: Child,
}

/// `None` where the machine lacks Mininet, which the cases say themselves.
fn hold(setup: Setup, user: User) -> Option<Held> {
    let mut child = command("hold", setup, user)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    if line.is_empty() && child.wait().unwrap().code() == Some(77) {
        return None;
    }
    assert_eq!(line, "up\n");
    Some(Held { child })
}

fn two_stages() {
    let both = [hold(Setup::Netns, User::Oneself), hold(Setup::Netns, User::Oneself)];
    let both = both.map(|held| held.expect("netns is always there"));
    for mut held in both {
        // Ends its input: then it sends packets between all of its hosts.
        drop(held.child.stdin.take());
        assert!(held.child.wait().unwrap().success());
    }
}

/// Kills the process that a dispatcher would have started, and sees all others go.
fn leaves_nothing(setup: Setup, user: User) {
    let before = (interfaces(), temporary_files());
    let Some(mut held) = hold(setup, user) else { return };
    let descendants: Vec<OwnedFd> = descendants_of(held.child.id())
        .into_iter()
        .filter_map(|pid| pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok())
        .collect();
    assert!(!descendants.is_empty(), "process 1, at least");
    assert_eq!(interfaces(), before.0, "interfaces of the sandbox are not seen outside");
    held.child.kill().unwrap();
    held.child.wait().unwrap();
    for process in &descendants {
        let mut ended = [PollFd::new(process, PollFlags::IN)];
        let patience = Timespec::try_from(Duration::from_secs(10)).unwrap();
        assert_eq!(poll(&mut ended, Some(&patience)), Ok(1), "a process lives on");
    }
    assert_eq!((interfaces(), temporary_files()), before);
}

fn interfaces() -> BTreeSet<String> {
    let text = std::fs::read_to_string("/proc/net/dev").unwrap();
    text.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect()
}

/// Those that could be ours: others may come and go meanwhile.
fn temporary_files() -> BTreeSet<std::ffi::OsString> {
    ["/tmp", "/run", "/var/run", "/etc/openvswitch", "/var/log/openvswitch"]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| {
            let name = name.to_string_lossy();
            ["labrun", "mininet", "mn", "ovs", "conf.db"].iter().any(|word| name.contains(word))
        })
        .collect()
}

fn descendants_of(root: u32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // pid (name) state parent …, where the name may hold anything.
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let parent = rest.split(' ').nth(1).and_then(|parent| parent.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut open = vec![i32::try_from(root).unwrap()];
    while let Some(pid) = open.pop() {
        let next = children.remove(&pid).unwrap_or_default();
        found.extend(&next);
        open.extend(next);
    }
    found
}

fn exit_codes() {
    let status = command("exit_with_5", Setup::Netns, User::Oneself).status().unwrap();
    assert_eq!(status.code(), Some(5));
}

fn probe() {
    let findings = probe::run(SELF.as_ref(), &Ability::ALL);
    assert_eq!(findings.len(), Ability::ALL.len());
    for (finding, ability) in findings.iter().zip(Ability::ALL) {
        assert_eq!(finding.ability, ability);
        assert_eq!(finding.ok, finding.help.is_none(), "{finding:?}");
        assert!(!finding.detail.is_empty(), "{finding:?}");
        assert!(!finding.detail.contains('\n'), "{finding:?}");
    }
    let found = |ability| findings.iter().any(|finding| finding.ability == ability && finding.ok);
    assert!(found(Ability::Sandbox) && found(Ability::Veth) && found(Ability::Bridge));
}
