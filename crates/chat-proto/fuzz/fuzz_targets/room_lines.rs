//! Lines of the room: any bytes, cut anywhere. The first byte says in what pieces the rest arrives.
#![no_main]

use chat_proto::room::Lines;
use libfuzzer_sys::fuzz_target;

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (String, bool) {
    let mut lines = Lines::new(100);
    let mut text = String::new();
    for piece in pieces {
        let (complete, result) = lines.take(piece);
        assert!(complete.is_empty() || complete.ends_with('\n'));
        assert!(complete.lines().all(|line| line.len() <= 100));
        text.push_str(&complete);
        if result.is_err() {
            assert_eq!(lines.take(b"x\n"), ("".into(), result), "an error is final");
            return (text, false);
        }
    }
    (text, true)
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let (text, good) = read(std::iter::once(stream));
    assert!(stream.starts_with(text.as_bytes()));
    let cut = read(stream.chunks(usize::from(size).max(1)));
    assert_eq!((&text, good), (&cut.0, cut.1));
});
