//! What survives: one redb file.
//!
//! A change is safe once the transaction that holds it is committed, which ends with an
//! fsync. [`Store::commit`] takes many changes at once, since that is what costs.

use anyhow::{Context as _, bail};
use chat_proto::accounts::{Change, Letter, Record, SessionRecord, Token};
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition, WriteTransaction,
};
use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Name → the password's hash.
const USERS: TableDefinition<&str, &str> = TableDefinition::new("users");
/// Recipient, number → nonce, sender, text.
const LETTERS: TableDefinition<(&str, u64), (u64, &str, &str)> = TableDefinition::new("letters");
/// Name, whom that user has blocked.
const BLOCKS: TableDefinition<(&str, &str), ()> = TableDefinition::new("blocks");
/// Name → wrong passwords in a row, end of the lockout in milliseconds since 1970.
const TRIES: TableDefinition<&str, (u32, Option<u64>)> = TableDefinition::new("tries");
/// Name → address it logged in from, address it listens at, token.
const SESSIONS: TableDefinition<&str, (&str, &str, Option<&str>)> =
    TableDefinition::new("sessions");

pub(super) struct Store(Database);

impl Store {
    /// Opens the file, and makes it if it is not there. Nobody but its owner may read it.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file =
            options.open(path).with_context(|| format!("cannot open the store `{shown}`"))?;
        let database = match Database::builder().create_file(file) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                bail!("the store `{shown}` is in use (does a server run with it? stop it first)")
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the store `{shown}`"));
            }
        };
        let store = Self(database);
        store
            .write(|transaction| {
                // So that reading always finds them.
                transaction.open_table(USERS)?;
                transaction.open_table(LETTERS)?;
                transaction.open_table(BLOCKS)?;
                transaction.open_table(TRIES)?;
                transaction.open_table(SESSIONS)?;
                Ok(())
            })
            .with_context(|| format!("cannot write to the store `{shown}`"))?;
        Ok(store)
    }

    fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let transaction = self.0.begin_write()?;
        let result = change(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Makes these changes safe, all of them or, with an error, none.
    pub(super) fn commit(&self, changes: &[Change]) -> Result<(), redb::Error> {
        self.write(|transaction| {
            let mut letters = transaction.open_table(LETTERS)?;
            for change in changes {
                match change {
                    Change::Add { to, letter } => {
                        let value = (letter.nonce, &*letter.from, &*letter.text);
                        letters.insert((&**to, letter.seq), value)?;
                    }
                    Change::Remove { to, seq } => {
                        letters.remove((&**to, *seq))?;
                    }
                    Change::Block { user, target, blocked: true } => {
                        transaction.open_table(BLOCKS)?.insert((&**user, &**target), ())?;
                    }
                    Change::Block { user, target, blocked: false } => {
                        transaction.open_table(BLOCKS)?.remove((&**user, &**target))?;
                    }
                    Change::Tries { user, tries, locked_until } => {
                        let value = (*tries, locked_until.map(to_millis));
                        transaction.open_table(TRIES)?.insert(&**user, value)?;
                    }
                    Change::Session { user, session: None } => {
                        transaction.open_table(SESSIONS)?.remove(&**user)?;
                    }
                    Change::Session { user, session: Some(session) } => {
                        let (source, push) = (session.source.to_string(), session.push.to_string());
                        let value = (&*source, &*push, session.token.as_ref().map(Token::as_str));
                        transaction.open_table(SESSIONS)?.insert(&**user, value)?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Everything there is.
    pub(super) fn load(&self) -> Result<Vec<Record>, redb::Error> {
        let transaction = self.0.begin_read()?;
        let mut records = BTreeMap::new();
        for row in transaction.open_table(USERS)?.iter()? {
            let (name, hash) = row?;
            let name = name.value().to_owned();
            let hash = hash.value().to_owned();
            records.insert(name.clone(), Record { name, hash, ..Record::default() });
        }
        for row in transaction.open_table(LETTERS)?.iter()? {
            let (key, value) = row?;
            let ((to, seq), (nonce, from, text)) = (key.value(), value.value());
            if let Some(record) = records.get_mut(to) {
                let (from, text) = (from.into(), text.into());
                record.letters.push(Letter { seq, nonce, from, text });
            }
        }
        for row in transaction.open_table(BLOCKS)?.iter()? {
            let (key, _) = row?;
            let (user, target) = key.value();
            if let Some(record) = records.get_mut(user) {
                record.blocked.push(target.to_owned());
            }
        }
        for row in transaction.open_table(TRIES)?.iter()? {
            let (user, value) = row?;
            if let Some(record) = records.get_mut(user.value()) {
                let (tries, until) = value.value();
                record.tries = tries;
                record.locked_until =
                    until.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis)));
            }
        }
        for row in transaction.open_table(SESSIONS)?.iter()? {
            let (user, value) = row?;
            if let Some(record) = records.get_mut(user.value()) {
                let (source, push, token) = value.value();
                // A session that cannot be read is one that has ended.
                record.session = read_session(source, push, token);
            }
        }
        Ok(records.into_values().collect())
    }

    /// All names, in order.
    pub(super) fn names(&self) -> Result<Vec<String>, redb::Error> {
        let transaction = self.0.begin_read()?;
        let users = transaction.open_table(USERS)?;
        let mut names = Vec::with_capacity(usize::try_from(users.len()?).unwrap_or(0));
        for row in users.iter()? {
            names.push(row?.0.value().to_owned());
        }
        Ok(names)
    }

    /// Adds accounts; those that exist are left alone. How many were added.
    pub(super) fn add(&self, users: &[(String, String)]) -> Result<usize, redb::Error> {
        self.write(|transaction| {
            let mut table = transaction.open_table(USERS)?;
            let mut added = 0;
            for (name, hash) in users {
                if table.get(&**name)?.is_none() {
                    table.insert(&**name, &**hash)?;
                    added += 1;
                }
            }
            Ok(added)
        })
    }

    /// Gives an account another password, and forgets its wrong tries. False if there
    /// is no such account.
    pub(super) fn set_password(&self, name: &str, hash: &str) -> Result<bool, redb::Error> {
        self.write(|transaction| {
            let mut table = transaction.open_table(USERS)?;
            if table.get(name)?.is_none() {
                return Ok(false);
            }
            table.insert(name, hash)?;
            transaction.open_table(TRIES)?.remove(name)?;
            transaction.open_table(SESSIONS)?.remove(name)?;
            Ok(true)
        })
    }

    /// Removes an account with all that belongs to it, and it from others' blacklists, so
    /// that a later user of that name inherits nothing. False if there is no such account.
    pub(super) fn remove(&self, name: &str) -> Result<bool, redb::Error> {
        self.write(|transaction| {
            if transaction.open_table(USERS)?.remove(name)?.is_none() {
                return Ok(false);
            }
            transaction.open_table(TRIES)?.remove(name)?;
            transaction.open_table(SESSIONS)?.remove(name)?;
            transaction.open_table(LETTERS)?.retain(|(to, _), _| to != name)?;
            transaction
                .open_table(BLOCKS)?
                .retain(|(user, target), ()| user != name && target != name)?;
            Ok(true)
        })
    }
}

fn read_session(source: &str, push: &str, token: Option<&str>) -> Option<SessionRecord> {
    let token = match token {
        Some(token) => Some(Token::parse(token)?),
        None => None,
    };
    Some(SessionRecord { source: source.parse().ok()?, push: push.parse().ok()?, token })
}

fn to_millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(seq: u64, text: &str) -> Letter {
        Letter { seq, nonce: 7, from: "seas".into(), text: text.into() }
    }

    #[test]
    fn what_was_committed_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let until = UNIX_EPOCH + Duration::from_millis(1_234_567);
        let session = SessionRecord {
            source: "10.0.0.1".parse().unwrap(),
            push: "10.0.0.1:4000".parse().unwrap(),
            token: Some(Token::new(0xf)),
        };
        {
            let store = Store::open(&path).unwrap();
            let users = ["columbia", "seas"].map(|name| (name.to_owned(), format!("{name}'s")));
            assert_eq!(store.add(&users).unwrap(), 2);
            assert_eq!(store.add(&users[..1]).unwrap(), 0);
            let (to, user) = (|| "columbia".into(), || "columbia".into());
            store
                .commit(&[
                    Change::Add { to: to(), letter: letter(10, "second") },
                    Change::Add { to: to(), letter: letter(9, "first") },
                    Change::Add { to: to(), letter: letter(11, "gone") },
                    Change::Remove { to: to(), seq: 11 },
                    Change::Block { user: user(), target: "seas".into(), blocked: true },
                    Change::Tries { user: user(), tries: 2, locked_until: Some(until) },
                    Change::Session { user: user(), session: Some(session.clone()) },
                ])
                .unwrap();
            assert!(Store::open(&path).is_err());
        }
        let store = Store::open(&path).unwrap();
        let records = store.load().unwrap();
        let expected = Record {
            name: "columbia".into(),
            hash: "columbia's".into(),
            blocked: vec!["seas".into()],
            tries: 2,
            locked_until: Some(until),
            session: Some(session),
            letters: vec![letter(9, "first"), letter(10, "second")],
        };
        assert_eq!(records[0], expected);
        assert_eq!(store.names().unwrap(), ["columbia", "seas"]);
        assert!(store.set_password("columbia", "new").unwrap());
        assert!(!store.set_password("nobody", "new").unwrap());
        let record = store.load().unwrap().remove(0);
        assert_eq!((record.hash.as_str(), record.tries, record.session), ("new", 0, None));
        assert!(store.remove("seas").unwrap() && !store.remove("seas").unwrap());
        assert!(store.load().unwrap()[0].blocked.is_empty());
        assert!(store.remove("columbia").unwrap());
        store.add(&[("columbia".into(), "x".into())]).unwrap();
        assert!(store.load().unwrap()[0].letters.is_empty());
    }

    #[test]
    fn a_session_that_cannot_be_read_has_ended() {
        let (ip, push, token) = ("10.0.0.1", "10.0.0.1:4000", Token::new(0xf));
        assert!(read_session(ip, push, None).is_some_and(|session| session.token.is_none()));
        let session = read_session(ip, push, Some(token.as_str()));
        assert_eq!(session.and_then(|session| session.token), Some(token));
        for wrong in [("x", push, None), (ip, "x", None), (ip, push, Some("0f"))] {
            assert_eq!(read_session(wrong.0, wrong.1, wrong.2), None);
        }
    }

    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        Store::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "not a store").unwrap();
        assert!(Store::open(&path).is_err());
    }
}
