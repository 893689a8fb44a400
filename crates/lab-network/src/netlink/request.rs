//! A request to the kernel, with words for what it does.

use std::io;

use netlink_packet_core::NetlinkSerializable;
use netlink_packet_route::RouteNetlinkMessage;

use crate::NetworkError;

/// One message to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// `RTM_…`
    pub(crate) kind: u16,
    /// `NLM_F_…` beside those that every request has.
    pub(crate) flags: u16,
    /// What follows the netlink header.
    pub(crate) payload: Vec<u8>,
    /// What it does, for the error message: `creating the switch s1`.
    pub(crate) doing: String,
    /// The kernel module that it takes, where there may be none.
    pub(crate) needs: Option<&'static str>,
}

impl Request {
    pub(crate) fn new(message: &RouteNetlinkMessage, flags: u16, doing: String) -> Self {
        let mut payload = vec![0; message.buffer_len()];
        message.serialize(&mut payload);
        Self { kind: message.message_type(), flags, payload, doing, needs: None }
    }

    /// Names the kernel module without which this is refused.
    pub(crate) fn needing(self, module: &'static str) -> Self {
        Self { needs: Some(module), ..self }
    }
}

/// A request that the kernel refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What was being done.
    pub(crate) doing: String,
    /// The kernel module that it takes.
    pub(crate) needs: Option<&'static str>,
    /// The kernel's own words (`NLMSGERR_ATTR_MSG`).
    pub(crate) detail: Option<String>,
    /// Its error number.
    pub(crate) source: io::Error,
}

impl Refusal {
    /// The module that the kernel lacks, if that is the reason: it says "no
    /// such file" of a queueing discipline and "not supported" of an interface.
    pub(crate) fn missing_module(&self) -> Option<&'static str> {
        match self.source.raw_os_error() {
            Some(libc::ENOENT | libc::EOPNOTSUPP) => self.needs,
            _ => None,
        }
    }
}

impl From<Refusal> for NetworkError {
    fn from(refusal: Refusal) -> Self {
        if let Some(module) = refusal.missing_module() {
            return lacks_module(module);
        }
        let Refusal { doing, detail, source, .. } = refusal;
        Self::Refused { doing, detail, source }
    }
}

/// What to tell of a kernel module that is not there.
pub(crate) fn lacks_module(module: &str) -> NetworkError {
    NetworkError::Lacks { what: format!("the kernel module {module}"), help: module_help(module) }
}

/// How to get a kernel module.
pub(crate) fn module_help(module: &str) -> String {
    let instead = match module {
        "sch_netem" => "; or leave `delay`, `jitter` and `loss` out",
        "sch_tbf" => "; or leave `bw` out",
        _ => "",
    };
    format!(
        "sudo modprobe {module}; if there is none, sudo apt-get install \
         linux-modules-extra-$(uname -r) (Ubuntu), sudo dnf install kernel-modules-extra (Fedora), \
         or boot the distribution's general kernel{instead}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_module_is_a_lack_and_not_a_refusal() {
        let refusal = |number| Refusal {
            doing: "shaping the link between h1 and s1".into(),
            needs: Some("sch_netem"),
            detail: None,
            source: io::Error::from_raw_os_error(number),
        };
        let error = NetworkError::from(refusal(libc::ENOENT));
        assert!(error.is_lack());
        assert_eq!(error.to_string(), "this machine lacks the kernel module sch_netem");
        assert!(error.help().unwrap().contains("modprobe sch_netem"));
        assert!(!NetworkError::from(refusal(libc::EINVAL)).is_lack());
    }
}
