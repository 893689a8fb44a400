//! One log line for each thing worth knowing. What others chose is written with `?`, so that a
//! control character in it cannot forge or hide a line.

use chat_proto::relay::{Id, Note};
use tracing::{debug, info, warn};

pub(crate) fn write(note: &Note) {
    match note {
        Note::Joined { kind, id, name, first_link } => {
            info!(%kind, %id, ?name, %first_link, "joined");
        }
        Note::Left { kind, id, text } => info!(%kind, %id, ?text, "left"),
        Note::Duplicate { kind, id } => info!(%kind, %id, "refused: the id is taken"),
        Note::Attached(parent) => info!(%parent, "attached"),
        Note::Refused(text) => warn!(?text, "refused by the server we wanted to connect to"),
        Note::Detached => warn!("the server we hung on is gone"),
        Note::Retry(pause) => info!(?pause, "trying to connect after a pause"),
        Note::Echoed(parent) => debug!(%parent, "ignored: our own registration"),
        Note::Breach { neighbour, why } => {
            let neighbour = neighbour.map(|id: Id| id.0);
            warn!(neighbour, %why, "closed");
        }
        Note::Forged { neighbour, source } => {
            warn!(%neighbour, %source, "dropped: in the name of a machine that is elsewhere");
        }
        Note::Chat { source, destination, bytes } => {
            debug!(%source, %destination, bytes, "chat");
        }
        Note::LeftOut { neighbour, bytes } => {
            warn!(%neighbour, bytes, "dropped: a chat that is too long");
        }
        Note::Unknown { source, destination } => debug!(%source, %destination, "chat to nobody"),
        Note::Status { source, code, text } => info!(%source, code, ?text, "status"),
    }
}
