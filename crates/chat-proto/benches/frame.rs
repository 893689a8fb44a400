//! How fast a stream is cut into frames.

use chat_proto::frame::{Decoder, encode};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode 64 KiB");
    for (name, content) in [
        ("short ASCII", "To bob:hello there".to_owned()),
        ("long ASCII", "x".repeat(16_000)),
        ("long mixed", "h\u{e9}llo \u{20ac} \u{1f600} ".repeat(500)),
    ] {
        let frame = encode(&content);
        let stream = frame.repeat(65_536 / frame.len());
        group.throughput(Throughput::Bytes(stream.len() as u64));
        for (how, piece) in
            [("whole", stream.len()), ("in segments of 1448", 1448), ("byte by byte", 1)]
        {
            group.bench_function(format!("{name}, {how}"), |b| {
                b.iter(|| {
                    let mut decoder = Decoder::new(65_536);
                    let mut frames = 0;
                    for piece in stream.chunks(piece) {
                        let mut input = piece;
                        while let Ok(Some(content)) = decoder.next(&mut input) {
                            black_box(content);
                            frames += 1;
                        }
                    }
                    frames
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
