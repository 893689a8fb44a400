//! A stream in pieces: how they are cut must not matter to a decoder.

/// The frames that `next` finds in the pieces, and whether all of them were good. It is given
/// what is left of a piece until it has taken all of it.
pub fn decode<'a, E>(
    pieces: impl Iterator<Item = &'a [u8]>,
    mut next: impl FnMut(&mut &[u8]) -> Result<Option<String>, E>,
) -> (Vec<String>, bool) {
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = piece;
        loop {
            match next(&mut input) {
                Ok(Some(content)) => frames.push(content),
                Ok(None) => break,
                Err(_) => return (frames, false),
            }
        }
        assert!(input.is_empty());
    }
    (frames, true)
}
