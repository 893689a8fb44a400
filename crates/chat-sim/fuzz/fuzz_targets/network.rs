//! Up to nine relay servers, their clients and strangers do anything in any order; see `play`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| chat_sim::play(data));
