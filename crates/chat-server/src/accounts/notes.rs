//! One line in the log for each thing worth knowing. Names of strangers are written with
//! `?`, so that a control character in one cannot forge or hide a line.

use chat_proto::accounts::Note;
use tracing::{debug, info, warn};

pub(super) fn log(note: &Note) {
    match note {
        Note::LoggedIn { user, peer, push, receipts, waiting } => {
            info!(?user, %peer, %push, receipts, waiting, "logged in");
        }
        Note::LoggedInElsewhere { user, before } => {
            info!(?user, %before, "replaced by a new login");
        }
        Note::LoggedOut { user } => info!(?user, "logged out"),
        Note::Silent { user } => info!(?user, "offline: no heartbeat came in time"),
        Note::NoSuchUser { name, peer } => info!(?name, %peer, "no such user"),
        Note::WrongPassword { user, peer, tries } => info!(?user, %peer, tries, "wrong password"),
        Note::LockedOut { user, peer } => warn!(?user, %peer, "locked out"),
        Note::StillLockedOut { user, peer } => info!(?user, %peer, "still locked out"),
        Note::Busy { user, peer } => {
            warn!(?user, %peer, "refused: too many passwords wait to be checked");
        }
        Note::NotTheirs { name, peer } => {
            warn!(?name, %peer, "refused: not from that user's session");
        }
        Note::WrongFormat { peer } => info!(%peer, "not a request"),
        Note::Message { from, to, seq } => debug!(?from, ?to, seq, "message"),
        Note::TooLong { from, bytes } => {
            info!(?from, bytes, "refused: the text is too long once it is harmless");
        }
        Note::MailboxFull { to } => warn!(?to, "refused: the mailbox is full"),
        Note::Delivered { to, seq } => debug!(?to, seq, "delivered"),
        Note::NotDelivered { to, at, failures } => debug!(?to, %at, failures, "cannot be reached"),
        Note::SetAside { to, seq } => {
            warn!(?to, seq, "refused by the client; waits until nothing else does");
        }
        Note::GivenUp { to, seq } => {
            warn!(?to, seq, "breaks every connection; counts as delivered");
        }
        Note::Blocked { user, target, blocked: true } => debug!(?user, ?target, "blocked"),
        Note::Blocked { user, target, blocked: false } => debug!(?user, ?target, "unblocked"),
        Note::Asked { asker, target } => info!(?asker, ?target, "asked for the address"),
        Note::Answered { asker, target, agreed } => {
            info!(?asker, ?target, agreed, "was answered");
        }
    }
}
