//! The connections that others make to a client's own port.
//!
//! Anybody can connect there, before or during a private chat. A caller is heard only
//! if it calls from the address of the agreed peer, and says `NAME: text` with that peer's name.
//! The first that does so is the peer until it hangs up; what the others say is never
//! shown. A peer may call before the registry's word of the chat has come, so callers wait a
//! while with a little of what they say.
//!
//! The wire format has nothing by which a peer could prove who it is. So somebody on the
//! peer's own host can pretend to be the peer, if it is faster.

use super::client::ClientAction;
use super::frame::{Decoder, HEADER_BYTES};
use crate::text::for_one_line;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Callers at one time, and from one address.
const MAX_CALLERS: usize = 16;
const MAX_FROM_ONE: usize = 4;

#[derive(Debug)]
struct Caller<K> {
    key: K,
    from: IpAddr,
    since: Instant,
    /// What it said while it could not be heard.
    pending: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Callers<K> {
    max_frame: usize,
    timeout: Duration,
    callers: Vec<Caller<K>>,
    /// The name and address of the peer of the private chat.
    agreed: Option<(String, IpAddr)>,
    /// The chat is over, but the peer's last words may be on their way until then.
    fades_at: Option<Instant>,
    /// The caller who is the peer.
    speaker: Option<(K, Decoder)>,
}

impl<K: Copy + PartialEq> Callers<K> {
    pub(super) fn new(max_frame: usize, timeout: Duration) -> Self {
        Self {
            max_frame,
            timeout,
            callers: Vec::new(),
            agreed: None,
            fades_at: None,
            speaker: None,
        }
    }

    /// Somebody has connected.
    pub(super) fn called(
        &mut self,
        key: K,
        from: IpAddr,
        now: Instant,
        out: &mut Vec<ClientAction<K>>,
    ) {
        let from = from.to_canonical();
        let same = self.callers.iter().filter(|caller| caller.from == from).count();
        if self.callers.len() >= MAX_CALLERS || same >= MAX_FROM_ONE {
            return out.push(ClientAction::Dismiss(key));
        }
        self.callers.push(Caller { key, from, since: now, pending: Vec::new() });
    }

    /// A caller has said something.
    pub(super) fn received(&mut self, key: K, bytes: &[u8], out: &mut Vec<ClientAction<K>>) {
        if let (Some((speaker, decoder)), Some((peer, _))) = (&mut self.speaker, &self.agreed)
            && *speaker == key
        {
            if !hear(decoder, peer, bytes, out) {
                self.dismiss(key, out);
                self.choose(out);
            }
            return;
        }
        let Some(caller) = self.callers.iter_mut().find(|caller| caller.key == key) else { return };
        caller.pending.extend_from_slice(bytes);
        self.choose(out);
        let limit = self.max_frame.saturating_add(HEADER_BYTES);
        let waiting = self.callers.iter().find(|caller| caller.key == key);
        if waiting.is_some_and(|caller| caller.pending.len() > limit) {
            self.dismiss(key, out);
        }
    }

    /// A caller has hung up.
    pub(super) fn gone(&mut self, key: K, out: &mut Vec<ClientAction<K>>) {
        self.callers.retain(|caller| caller.key != key);
        self.speaker.take_if(|(speaker, _)| *speaker == key);
        self.choose(out);
    }

    /// A private chat begins: whom to hear.
    pub(super) fn agree(&mut self, peer: &str, ip: IpAddr, out: &mut Vec<ClientAction<K>>) {
        self.disagree(out);
        self.agreed = Some((peer.to_owned(), ip.to_canonical()));
        self.choose(out);
    }

    /// The peer has left. What it said before may come after the registry's word.
    pub(super) fn fade(&mut self, at: Option<Instant>) {
        self.fades_at = at;
    }

    /// The private chat is over.
    pub(super) fn disagree(&mut self, out: &mut Vec<ClientAction<K>>) {
        self.agreed = None;
        self.fades_at = None;
        if let Some((speaker, _)) = self.speaker.take() {
            self.dismiss(speaker, out);
        }
    }

    /// When the next caller has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.callers
            .iter()
            .filter(|caller| !self.may_wait(caller))
            .filter_map(|caller| caller.since.checked_add(self.timeout))
            .chain(self.fades_at)
            .min()
    }

    /// Dismisses those who have waited long enough.
    pub(super) fn expire(&mut self, now: Instant, out: &mut Vec<ClientAction<K>>) {
        if self.fades_at.is_some_and(|at| at <= now) {
            self.disagree(out);
        }
        let late = |caller: &&Caller<K>| {
            !self.may_wait(caller) && now.saturating_duration_since(caller.since) >= self.timeout
        };
        let keys: Vec<K> = self.callers.iter().filter(late).map(|caller| caller.key).collect();
        for key in keys {
            self.dismiss(key, out);
        }
    }

    /// The peer may be silent for as long as it likes; so may who could still be the peer.
    fn may_wait(&self, caller: &Caller<K>) -> bool {
        match (&self.speaker, &self.agreed) {
            (Some((speaker, _)), _) => *speaker == caller.key,
            (None, Some((_, ip))) => *ip == caller.from,
            (None, None) => false,
        }
    }

    /// Looks among those who wait for one who speaks like the peer.
    fn choose(&mut self, out: &mut Vec<ClientAction<K>>) {
        let Some((peer, ip)) = &self.agreed else { return };
        let mut wrong = Vec::new();
        for caller in self.callers.iter_mut().filter(|caller| caller.from == *ip) {
            if self.speaker.is_some() {
                break;
            }
            let mut decoder = Decoder::new(self.max_frame);
            match decoder.next(&mut &caller.pending[..]) {
                Ok(None) => continue,
                Ok(Some(data)) if text_of(data, peer).is_some() => {}
                _ => {
                    wrong.push(caller.key);
                    continue;
                }
            }
            let mut decoder = Decoder::new(self.max_frame);
            if hear(&mut decoder, peer, &std::mem::take(&mut caller.pending), out) {
                self.speaker = Some((caller.key, decoder));
            } else {
                wrong.push(caller.key);
            }
        }
        for key in wrong {
            self.dismiss(key, out);
        }
    }

    fn dismiss(&mut self, key: K, out: &mut Vec<ClientAction<K>>) {
        self.callers.retain(|caller| caller.key != key);
        self.speaker.take_if(|(speaker, _)| *speaker == key);
        out.push(ClientAction::Dismiss(key));
    }
}

/// Shows what a peer says; false if it is not frames of texts by that peer.
pub(super) fn hear<K>(
    decoder: &mut Decoder,
    peer: &str,
    mut bytes: &[u8],
    out: &mut Vec<ClientAction<K>>,
) -> bool {
    loop {
        match decoder.next(&mut bytes) {
            Ok(None) => return true,
            Ok(Some(data)) => match text_of(data, peer) {
                Some(text) => out.push(ClientAction::Show(for_one_line(text).into_owned())),
                None => return false,
            },
            Err(_) => return false,
        }
    }
}

/// `&&MESSAGE&&|NAME: text`, or only `NAME: text`: the part that is shown.
fn text_of<'a>(data: &'a str, peer: &str) -> Option<&'a str> {
    let text = data.strip_prefix("&&MESSAGE&&|").unwrap_or(data);
    text.strip_prefix(peer)?.starts_with(": ").then_some(text)
}
