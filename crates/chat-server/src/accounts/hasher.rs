//! Passwords, beside the reactor.
//!
//! One Argon2id hash takes tens of milliseconds and 19 MiB, so a few threads do
//! nothing else, and the memory for it is that of so many hashes and no more. What
//! waits for them is bounded by the hub.

use anyhow::{Context as _, anyhow};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A password to check.
struct Job {
    ticket: u64,
    hash: Arc<str>,
    password: String,
}

/// The threads that check passwords. They end when this is dropped.
pub(super) struct Hasher(Sender<Job>);

impl Hasher {
    /// Starts so many threads; `done` hears each ticket and whether the password was right.
    pub(super) fn start(
        threads: usize,
        done: impl Fn(u64, bool) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, jobs) = channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads {
            let (jobs, done) = (jobs.clone(), done.clone());
            let work = move || {
                while let Some(job) = next(&jobs) {
                    done(job.ticket, matches(&job.hash, &job.password));
                }
            };
            std::thread::Builder::new().name(format!("hasher-{number}")).spawn(work)?;
        }
        Ok(Self(sender))
    }

    /// Checks a password some time.
    pub(super) fn check(&self, ticket: u64, hash: Arc<str>, password: String) {
        // The threads live as long as the channel.
        let _ = self.0.send(Job { ticket, hash, password });
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn matches(hash: &str, password: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

/// The hash of a new password, as a PHC string.
pub(super) fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow!("{error}"))
        .context("cannot hash the password")?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argon2id_with_a_salt_of_its_own() {
        let (one, two) = (hash("116bway").unwrap(), hash("116bway").unwrap());
        assert!(one.starts_with("$argon2id$") && one != two);
        assert!(matches(&one, "116bway") && matches(&two, "116bway"));
        assert!(!matches(&one, "116Bway") && !matches("junk", ""));
    }
}
