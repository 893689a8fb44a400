//! A recording, for tests.

use super::Recording;

/// Its `run.json`.
pub(super) const RUN: &str = r#"{
    "label": "direct-chat/two-users", "verdict": "fail",
    "processes": [
        {"name": "server", "host": "h4"},
        {"name": "alice", "host": "h1"},
        {"name": "bob", "host": "h2"}
    ],
    "steps": [
        {"text": "alice> To bob:hello", "line": 7},
        {"text": "bob< hello From alice"},
        {"text": "link: {between: [h2, s1], state: down}"}
    ]
}"#;

/// Its `events.jsonl`.
pub(super) const EVENTS: &str = r#"{"at":100000000,"event":{"process_started":{"process":0,"pid":2,"argv":["chat-server","direct"]}}}
{"at":200000000,"event":{"output":{"process":0,"stream":"terminal","bytes":"listening on 0.0.0.0:12345\n"}}}
{"at":300000000,"event":{"process_started":{"process":1,"pid":3,"argv":["chat-client","direct"]}}}
{"at":300000000,"event":{"process_started":{"process":2,"pid":4,"argv":["chat-client","direct"]}}}
{"at":1000000000,"event":{"step_started":{"step":0}}}
{"at":1000000000,"event":{"input":{"process":1,"bytes":"To bob:hello\n"}}}
{"at":1100000000,"event":{"output":{"process":2,"stream":"terminal","bytes":"hello From "}}}
{"at":1200000000,"event":{"output":{"process":2,"stream":"terminal","bytes":"alice\n"}}}
{"at":1200000000,"event":{"step_started":{"step":1}}}
{"at":2000000000,"event":{"fault_applied":{"step":2,"fault":{"link":{"between":["h2","s1"],"change":{"state":"down"}}}}}}
{"at":3500000000,"event":{"process_exited":{"process":1,"status":{"code":1}}}}
{"at":4000000000,"event":{"run_finished":{"verdict":"fail","failure":{"summary":"bob did not say `lost?`","last_words":[],"since":0,"timeline":[]}}}}
"#;

pub(super) fn recording() -> Recording {
    Recording::parse(Some(RUN.as_bytes()), EVENTS.as_bytes()).unwrap()
}
