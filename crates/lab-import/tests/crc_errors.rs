//! What is wrong with a test file of Clemson Relay Chat: the code and the place
//! of each message.

use lab_import::crc::{self, Options};
use lab_scenario::Diagnostics;
use lab_scenario::source::Source;

const SERVER: &str = r#""LAUNCHSERVER --id 1 --servername kiel --port 7001 --info \"Sailing\"""#;
const CLIENT: &str =
    r#""LAUNCHCLIENT --id 101 --serverhost kiel --serverport 7001 --username anna --info \"Hi\"""#;

fn import(text: &str) -> Result<Diagnostics, Diagnostics> {
    let source = Source { path: "test.cfg".into(), text: text.to_owned() };
    crc::import(source, Options::default()).map(|imported| imported.warnings)
}

/// Each message as its code and what it points at.
fn places(diagnostics: &Diagnostics) -> Vec<String> {
    let place = |diagnostic: &lab_scenario::Diagnostic| {
        let span = diagnostic.primary.span;
        let text = &diagnostics.source(span).text;
        format!("{} {}", diagnostic.code, &text[span.start..span.end])
    };
    diagnostics.iter().map(place).collect()
}

/// A file with a server, a client, further commands, and a final state.
fn file(commands: &str, state: &str) -> String {
    let commands = [SERVER, CLIENT, commands].join(",\n").trim_end_matches(",\n").to_owned();
    format!("{{\"commands\": [{commands}],\n\"final_state\": {{{state}}}}}")
}

#[test]
fn each_wrong_command_is_pointed_at() {
    let table = [
        (r#""HALT""#, "E0602 HALT"),
        (r#""""#, r#"E0602 """#),
        ("7", "E0107 7"),
        (r#""WAIT""#, r#"E0602 "WAIT""#),
        (r#""WAIT soon""#, "E0602 soon"),
        (r#""WAIT -1""#, "E0602 -1"),
        (r#""WAIT inf""#, "E0602 inf"),
        (r#""KILL anna""#, r#"E0602 "KILL anna""#),
        (r#""KILL ALL", "WAIT 1""#, r#"E0602 "KILL ALL""#),
        (r#""SEND --source kiel""#, "E0602 SEND"),
        (r#""CLIENTCOMMAND --username anna --command MESSAGE 1 \"\ta\"""#, r"E0602 \t"),
        (r#""CLIENTCOMMAND --username anna --command MESSAGE 1 \"a""#, r#"E0602 \"a"#),
        (r#""CLIENTCOMMAND --username anna --command MESSAGE 1 a,b""#, "E0602 ,"),
        (r#""CLIENTCOMMAND --username anna --command MESSAGE 1 a b c""#, "E0602 b c"),
        (r#""CLIENTCOMMAND --username anna --command MESSAGE x a""#, "E0202 x"),
        (r#""CLIENTCOMMAND --username anna --command QUIT now then""#, "E0602 then"),
        (r#""CLIENTCOMMAND --username anna --command LEAVE""#, "E0602 LEAVE"),
        (r#""CLIENTCOMMAND --username nora --command QUIT""#, "E0302 nora"),
        (r#""CLIENTCOMMAND --username kiel --command QUIT""#, "E0302 kiel"),
        (r#""CLIENTCOMMAND --command QUIT""#, r#"E0106 "CLIENTCOMMAND --command QUIT""#),
        (r#""LAUNCHSERVER --id 2 --servername bonn --prot 7""#, "E0602 --prot"),
        (r#""LAUNCHSERVER --id 2 --servername b.n --port 7""#, "E0206 b.n"),
        (r#""LAUNCHSERVER --id 2 --servername \"bonn\" --port 7""#, r#"E0206 \"bonn\""#),
        (r#""LAUNCHSERVER --id 0 --servername bonn --port 7""#, "E0202 0"),
        (r#""LAUNCHSERVER --id=2x --servername bonn --port 7""#, "E0202 2x"),
        (r#""LAUNCHSERVER --id 4294967296 --servername bonn --port 7""#, "E0202 4294967296"),
        (r#""LAUNCHSERVER --id 2 --servername bonn --port 70000""#, "E0202 70000"),
        (r#""LAUNCHSERVER --id 2 --servername bonn --port 7 --port 8""#, "E0104 8"),
        (r#""LAUNCHSERVER --id 2 --servername anna --port 7""#, "E0307 anna"),
        (r#""LAUNCHSERVER --id 2 --servername bonn --port 7001""#, "E0307 bonn"),
        (r#""LAUNCHSERVER --id 2 --servername bonn --port 7 --connect_to_port 8""#, "E0603 8"),
        (
            r#""LAUNCHSERVER --id 2 --servername bonn --port 7 --connect_to_host kiel""#,
            "E0106 kiel",
        ),
    ];
    for (command, expected) in table {
        let errors = import(&file(command, "")).unwrap_err();
        assert_eq!(places(&errors), [expected], "{command}");
    }
}

#[test]
fn each_wrong_state_is_pointed_at() {
    let table = [
        (r#""kiel": {"host_db": []}"#, r#"E0105 "host_db""#),
        (r#""kiel": {"hosts_db": [1, "2", 1.5]}"#, "E0107 \"2\"|E0107 1.5"),
        (r#""kiel": {"hosts_db": {}}"#, "E0107 {}"),
        (r#""kiel": {"chat_messages_log": []}"#, r#"E0214 "chat_messages_log""#),
        (r#""anna": {"hosts_db": []}"#, r#"E0214 "hosts_db""#),
        (r#""anna": {"status_updates_log": [7]}"#, "E0107 7"),
        (r#""kiel": {"recvd_messages_asdqw": ["8"]}"#, r#"E0602 "8""#),
        (r#""kiel": {}, "kiel": {}"#, r#"E0104 "kiel""#),
    ];
    for (state, expected) in table {
        let errors = import(&file("", state)).unwrap_err();
        assert_eq!(places(&errors).join("|"), expected, "{state}");
    }
}

#[test]
fn each_file_of_another_shape_is_pointed_at() {
    let table = [
        ("", "E0005 "),
        ("{", "E0601 {"),
        ("[]", "E0107 []"),
        ("{}", "E0106 {|E0106 {"),
        (r#"{"commands": 1, "final_state": []}"#, "E0107 1|E0107 []"),
        (r#"{"comands": [], "commands": [], "final_state": {}}"#, r#"E0105 "comands""#),
        (r#"{"type": "x", "commands": [], "final_state": {}}"#, r#"E0212 "x""#),
    ];
    for (text, expected) in table {
        assert_eq!(places(&import(text).unwrap_err()).join("|"), expected, "{text}");
    }
}

#[test]
fn what_only_follows_from_another_mistake_is_left_out() {
    let text = file("", "\"kiel\": {}").replace("--port 7001", "--prot 7001");
    assert_eq!(places(&import(&text).unwrap_err()), ["E0602 --prot"]);
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let table = [
        (r#""LAUNCHSERVER --id 2 --servername bonn --port 7 --connect_to_port 7""#, "", "W0004 7"),
        (
            r#""LAUNCHSERVER --id 2 --servername bonn --port 7 --connect_to_host cologne --connect_to_port 7001""#,
            "",
            "W0004 cologne",
        ),
        (r#""LAUNCHCLIENT --id 2 -S kiel -P 7001 -U ben -I x --verbose""#, "", "W0004 --verbose"),
        ("", r#""kiel.de": {"hosts_db": [101]}"#, r#"W0601 "kiel.de""#),
        ("", r#""kiel": {"sent_messages_asdqw": ["00"]}"#, r#"W0601 ["00"]"#),
        ("", r#""kiel": {"sent_messages_asdqw": []}"#, ""),
    ];
    for (command, state, expected) in table {
        let warnings = import(&file(command, state)).unwrap();
        assert_eq!(places(&warnings).join("|"), expected, "{command}{state}");
    }
}

#[test]
fn all_of_it_at_once_with_what_to_do() {
    let text = file(
        "\"LAUNCHCLIENT --id 102 --serverport 7002 --username bén\",\n\"CLIENTCOMAND\",\n\"WAIT 1\"",
        "\"anna\": {\"connected_users\": []}",
    );
    insta::assert_snapshot!(import(&text).unwrap_err(), @r#"
    error[E0206]: `bén` cannot be the name of a host
     --> test.cfg:3:53
      |
    3 | "LAUNCHCLIENT --id 102 --serverport 7002 --username bén",
      |                                                     ^^^
      |
      = help: use letters, digits, `-` and `_`, starting with a letter, 63 at most; without quotes

    error[E0602]: there is no command `CLIENTCOMAND`
     --> test.cfg:4:2
      |
    4 | "CLIENTCOMAND",
      |  ^^^^^^^^^^^^
      |
      = help: did you mean `CLIENTCOMMAND`?

    error[E0105]: the state of a machine has no `connected_users`
     --> test.cfg:6:26
      |
    6 | "final_state": {"anna": {"connected_users": []}}}
      |                          ^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `connected_user_ids`?
    "#);
}
