//! Any bytes as a frame: the payload is a part of it.
#![no_main]

use lab_network::capture::Frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let frame = Frame::read(data);
    let (whole, payload) = (data.as_ptr_range(), frame.payload.as_ptr_range());
    assert!(whole.start <= payload.start && payload.end <= whole.end);
    assert_eq!(frame.from.is_some(), frame.to.is_some());
    for end in [frame.from, frame.to].into_iter().flatten() {
        let _ = end.to_string();
    }
});
