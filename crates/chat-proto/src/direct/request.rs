//! What a named client may ask: `To NAME:TEXT`.

/// A message for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The recipient: not empty, without `:`; spaces count.
    pub to: &'a str,
    /// The text: anything, also nothing.
    pub text: &'a str,
}

impl<'a> Request<'a> {
    /// Reads a frame's content; `None` if it is not `To NAME:TEXT`. The match is
    /// exact: `To`, one space, a name up to the first `:`, and all the rest is text.
    #[must_use]
    pub fn parse(content: &'a str) -> Option<Self> {
        let (to, text) = content.strip_prefix("To ")?.split_once(':')?;
        (!to.is_empty()).then_some(Self { to, text })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn table() {
        for (content, expected) in [
            ("To bob:hi", Some(("bob", "hi"))),
            ("To bob:", Some(("bob", ""))),
            ("To bob:a:b\nc", Some(("bob", "a:b\nc"))),
            ("To the big bob : hi", Some(("the big bob ", " hi"))),
            ("To  bob:hi", Some((" bob", "hi"))),
            ("To \u{e9}:\u{20ac}", Some(("\u{e9}", "\u{20ac}"))),
            ("To To a:b", Some(("To a", "b"))),
            ("", None),
            ("To :hi", None),
            ("To bob", None),
            ("To", None),
            ("Tobob:hi", None),
            ("to bob:hi", None),
            (" To bob:hi", None),
            ("hello", None),
        ] {
            assert_eq!(
                Request::parse(content).map(|request| (request.to, request.text)),
                expected,
                "{content:?}"
            );
        }
    }
}
