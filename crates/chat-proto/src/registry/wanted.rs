//! With whom a private chat begins.

use super::NOBODY;

/// How many are remembered.
const MAX_WANTED: usize = 64;

/// Whom the user has asked or accepted, the latest last.
#[derive(Debug, Default)]
pub(super) struct Wanted(Vec<String>);

impl Wanted {
    /// The user asks or accepts somebody.
    pub(super) fn add(&mut self, name: &str) {
        self.0.retain(|other| other != name);
        self.0.push(name.to_owned());
        if self.0.len() > MAX_WANTED {
            self.0.remove(0);
        }
    }

    /// With whom the chat is that the registry announces to `me`: whoever the frame is about.
    /// Not all registries put the other's name there. Then it is one of those who are wanted,
    /// for without that no chat begins; and if nobody is, whom the text names.
    pub(super) fn peer<'a>(&'a self, me: &str, about: &'a str, text: &'a str) -> &'a str {
        if !["", NOBODY, me].contains(&about) {
            return about;
        }
        let is_named = |name: &&String| {
            text.split_whitespace().any(|word| word.trim_end_matches(['.', ',', '!']) == **name)
        };
        let mut latest_first = self.0.iter().rev();
        let wanted = latest_first.clone().find(is_named).or_else(|| latest_first.next());
        wanted.map(String::as_str).or_else(|| named_in(text)).unwrap_or(about)
    }
}

/// Whom the original's texts name.
fn named_in(text: &str) -> Option<&str> {
    let accepted = text.split_once(" accepted the chat request").map(|(peer, _)| peer);
    let entered = || {
        let (_, rest) = text.split_once("entered into a private chat with ")?;
        rest.split_once(". ").map(|(peer, _)| peer)
    };
    accepted.or_else(entered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let accepted = "bob accepted the chat request. you can send your message now!";
        let entered = "you have entered into a private chat with bob. you can send your message!";
        for (wanted, about, text) in [
            // The frame says it, whatever the text says.
            (&[][..], "bob", accepted),
            (&["bob", "eve"], "bob", "eve accepted the chat request."),
            // It says nothing: who is wanted, above all whom the text names.
            (&["bob"], "", "begin"),
            (&["bob"], "ali", "ali, you are accepted"),
            (&["eve", "bob"], "server", "begin"),
            (&["bob", "eve"], "ali", "begin, with bob."),
            (&["bob", "eve"], "", accepted),
            (&["eve", "bob"], "ali", "you have entered into a private chat with ali. go"),
            // Nobody is: whom the text names.
            (&[], "", accepted),
            (&[], "ali", entered),
        ] {
            let mut all = Wanted::default();
            wanted.iter().for_each(|name| all.add(name));
            assert_eq!(all.peer("ali", about, text), "bob", "{wanted:?} {about:?}: {text}");
        }
        assert_eq!(Wanted::default().peer("ali", "", "begin"), "");
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let mut wanted = Wanted::default();
        for number in 0..=MAX_WANTED {
            wanted.add(&number.to_string());
        }
        wanted.add("7");
        assert_eq!((wanted.0.len(), &*wanted.0[0]), (MAX_WANTED, "1"));
        assert_eq!(wanted.peer("ali", "", "begin"), "7");
    }
}
