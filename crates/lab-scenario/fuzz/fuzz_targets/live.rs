//! Any paragraphs as what is added to a scenario: each plan begins with the one before.
#![no_main]

use lab_scenario::{Lab, Live, PlanOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (words, additions) = text.split_once("\n\n").unwrap_or(("single,2", text));
    let lab = Lab::bare("/lab");
    let options = PlanOptions::default();
    let live = Live::of_words(words, &lab, &options);
    let Ok(mut live) = live.or_else(|_| Live::of_words("single,2", &lab, &options)) else { return };
    for addition in additions.split("\n\n") {
        let before = live.plan().clone();
        match live.add(addition) {
            Ok(_) => {
                assert!(live.plan().processes.starts_with(&before.processes));
                assert!(live.plan().steps.starts_with(&before.steps));
            }
            Err(problems) => {
                let _ = problems.render(true);
                assert_eq!(live.plan(), &before);
            }
        }
    }
});
