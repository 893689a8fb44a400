//! placeholder
use crate::client::{self, SessionError};
/// Until the session ends.
///
/// # Errors
/// It cannot be spoken to.
pub fn run(session: &str) -> Result<(), SessionError> {
    client::wait_for_end(session)
}
