//! Whatever is in a test file: an answer, and what is written is a scenario that
//! says it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io;
use std::path::Path;

use lab_import::crc::{self, Options};
use lab_scenario::source::Source;
use lab_scenario::{Diagnostics, Lab, PlanOptions, parse_scenario};
use proptest::prelude::*;

fn import(text: &str) -> Result<String, Diagnostics> {
    let source = Source { path: "test.cfg".into(), text: text.to_owned() };
    crc::import(source, Options { strict_adjacency: true }).map(|imported| imported.draft.to_yaml())
}

/// Fails unless a text is a scenario; returns its plan as JSON.
fn plan(text: &str) -> String {
    let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let mut lab = Lab::bare("/lab");
    for role in ["server", "client"] {
        lab.programs.insert(role.into(), format!("chat-{role} relay"));
    }
    let source = Source { path: "test.yaml".into(), text: text.to_owned() };
    let scenario = parse_scenario(source, &lab, &nothing).unwrap();
    let plan = serde_json::to_string(&scenario.plans(&PlanOptions::default()).unwrap()).unwrap();
    // Where a literal `${` stands, a text is in two pieces.
    plan.replace("\"},{\"text\":\"", "")
}

/// A JSON text.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in "\\PC*") {
        drop(import(&text));
    }

    #[test]
    fn any_command_has_an_answer(
        command in "(LAUNCHSERVER|LAUNCHCLIENT|CLIENTCOMMAND|WAIT|KILL)?( --(id|port|servername|username|info|command)| [a-z]{1,3}| [0-9]{1,5}| MESSAGE| QUIT|[ ,\"\\\\=é-])*",
    ) {
        let text = format!("{{\"commands\": [{}], \"final_state\": {{}}}}", quoted(&command));
        if let Ok(yaml) = import(&text) {
            plan(&yaml);
        }
    }

    /// Texts come out as they went in, whatever YAML, dialogues, patterns or
    /// variables would make of them.
    #[test]
    fn texts_stay_what_they_are(
        text in "[^\\p{Cc}\"\\\\]{0,30}",
        status in "\\PC{0,20}",
        id in 1..=u32::MAX,
    ) {
        let command = format!("CLIENTCOMMAND --username anna --command MESSAGE 2 \"{text}\"");
        let launch = format!("LAUNCHSERVER --id {id} --servername s1 --port 1 --info \"{text}\"");
        let file = format!(
            "{{\"commands\": [{}, \"LAUNCHCLIENT --id 2 --serverport 1 --username anna\", {}],
              \"final_state\": {{\"anna\": {{\"status_updates_log\": [{}]}}}}}}",
            quoted(&launch), quoted(&command), quoted(&status)
        );
        if id == 2 {
            return Ok(());
        }
        let plan = plan(&import(&file).unwrap());
        let has = |text: &str| {
            let inner = quoted(text);
            plan.contains(&inner[1..inner.len() - 1])
        };
        prop_assert!(has(&format!("message 2 \"{text}\"")), "{}", plan);
        prop_assert!(has(&format!("anna: \"{text}\"")), "{}", plan);
        prop_assert!(has(&format!("\"{text}\"")) && has(&status), "{}", plan);
    }
}
