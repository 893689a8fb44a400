//! `chat-server accounts user`: accounts, by hand.

use super::args::{PasswordArgs, UserCommand};
use super::hasher;
use super::store::Store;
use anyhow::{Context as _, anyhow, bail, ensure};
use chat_proto::accounts::{check_name, check_password_text};
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use std::collections::HashSet;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::Path;

/// Does one of them.
pub(super) fn run(command: &UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, store, password } => {
            check_name(name).with_context(|| format!("the name {name:?} will not do"))?;
            let store = Store::open(&store.path)?;
            ensure!(
                !store.names()?.contains(name),
                "there is an account {name:?} already (`passwd` gives it another password)"
            );
            let hash = hasher::hash(&read_password(password)?)?;
            store.add(&[(name.clone(), hash)])?;
            println!("added {name}");
        }
        UserCommand::Remove { name, store } => {
            ensure!(Store::open(&store.path)?.remove(name)?, "there is no account {name:?}");
            println!("removed {name}");
        }
        UserCommand::List { store } => {
            for name in Store::open(&store.path)?.names()? {
                println!("{name}");
            }
        }
        UserCommand::Passwd { name, store, password } => {
            let store = Store::open(&store.path)?;
            ensure!(store.names()?.contains(name), "there is no account {name:?}");
            let hash = hasher::hash(&read_password(password)?)?;
            store.set_password(name, &hash)?;
            println!("changed the password of {name}");
        }
        UserCommand::Import { file, store } => {
            let users = read_users(file)?;
            let store = Store::open(&store.path)?;
            let known: HashSet<String> = store.names()?.into_iter().collect();
            let (old, new): (Vec<_>, Vec<_>) =
                users.into_iter().partition(|(name, _)| known.contains(name));
            let hashed = new
                .into_iter()
                .map(|(name, password)| Ok((name, hasher::hash(&password)?)))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let added = store.add(&hashed)?;
            println!("added {added} of {}; {} were there already", added + old.len(), old.len());
        }
    }
    Ok(())
}

/// All of the file's names and passwords, or what is wrong with it.
fn read_users(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
    let mut users = Vec::new();
    let mut names = HashSet::new();
    for (number, line) in text.lines().enumerate() {
        let place = || format!("{shown}:{}", number + 1);
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, password] = match words[..] {
            [] => continue,
            [name, password] => [name, password],
            // Not shown: it may hold a password.
            _ => bail!("{}: a line must be `NAME PASSWORD`", place()),
        };
        check_name(name).with_context(|| format!("{}: the name {name:?} will not do", place()))?;
        check_password_text(password)
            .with_context(|| format!("{}: the password of {name} will not do", place()))?;
        ensure!(names.insert(name), "{}: {name} comes twice", place());
        users.push((name.to_owned(), password.to_owned()));
    }
    Ok(users)
}

fn read_password(args: &PasswordArgs) -> anyhow::Result<String> {
    let password = if args.password_stdin {
        read_line()?
    } else if isatty(io::stdin()) {
        let silent = Silent::begin()?;
        let password = ask("Password: ")?;
        let again = ask("The same again: ")?;
        drop(silent);
        ensure!(password == again, "these were two different passwords");
        password
    } else {
        bail!("standard input is not a terminal; give the password there with `--password-stdin`");
    };
    check_password_text(&password).context("the password will not do")?;
    Ok(password)
}

fn read_line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
    ensure!(!line.is_empty(), "no password came");
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// Asks on the terminal. Keys come one by one and Ctrl-C is one of them, so that
/// leaving cannot leave the terminal silent.
fn ask(question: &str) -> anyhow::Result<String> {
    eprint!("{question}");
    io::stderr().flush()?;
    let mut line = Vec::new();
    for byte in io::stdin().lock().bytes() {
        match byte.context("cannot read the password")? {
            b'\n' | b'\r' => {
                eprintln!();
                return String::from_utf8(line).context("the password is not UTF-8");
            }
            CTRL_C | CTRL_D => break,
            BACKSPACE | DELETE => {
                line.pop();
            }
            byte => line.push(byte),
        }
    }
    eprintln!();
    bail!("no password was given");
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const DELETE: u8 = 127;

/// A terminal that does not show what is typed, until this is dropped.
struct Silent(Termios);

impl Silent {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(io::stdin()).map_err(|error| anyhow!("no terminal: {error}"))?;
        let mut during = before.clone();
        during.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(io::stdin(), OptionalActions::Flush, &during)
            .context("cannot keep the terminal from showing the password")?;
        Ok(Self(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
