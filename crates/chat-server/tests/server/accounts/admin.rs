//! `chat-server accounts user`.

use super::{Client, PASSWORD, Store};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn accounts_by_hand() {
    let store = Store::with(&["seas", "columbia"]);
    for (args, input, out, err) in [
        (&["list"][..], "", "columbia\nseas\n", ""),
        (&["add", "facebook", "--password-stdin"], "wehaveIPO\n", "added facebook\n", ""),
        (
            &["add", "facebook", "--password-stdin"],
            "x\n",
            "",
            "there is an account \"facebook\" already",
        ),
        (
            &["add", "a b", "--password-stdin"],
            "x\n",
            "",
            "the name \"a b\" will not do: it holds a blank",
        ),
        (&["add", "a\x1b", "--password-stdin"], "x\n", "", "\"a\\u{1b}\" will not do"),
        (
            &["add", "google", "--password-stdin"],
            "two words\n",
            "",
            "the password will not do: it holds a blank",
        ),
        (&["add", "google", "--password-stdin"], "", "", "no password came"),
        (&["add", "google"], "x\n", "", "--password-stdin"),
        (&["passwd", "google", "--password-stdin"], "x\n", "", "there is no account \"google\""),
        (&["passwd", "seas", "--password-stdin"], "new\n", "changed the password of seas\n", ""),
        (&["remove", "google"], "", "", "there is no account \"google\""),
        (&["remove", "columbia"], "", "removed columbia\n", ""),
        (&["list"], "", "facebook\nseas\n", ""),
    ] {
        let output = store.user(args, input);
        assert_eq!(text(&output.stdout), out, "{args:?} {}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(i32::from(out.is_empty())), "{args:?}");
        assert!(text(&output.stderr).contains(err), "{args:?}: {}", text(&output.stderr));
    }
    let bytes = std::fs::read(store.path()).unwrap();
    for secret in ["wehaveIPO", PASSWORD] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    let server = store.serve(&[]);
    let mut seas = Client::new(server.address, "seas");
    assert_eq!(seas.log_in(PASSWORD, "1"), "wrong password");
    assert_eq!(seas.log_in("new", "1"), "successfully logged in!");
    // One process at a time.
    let output = store.user(&["list"], "");
    assert!(text(&output.stderr).contains("is in use"), "{}", text(&output.stderr));
}

#[test]
fn a_file_is_imported_whole_or_not_at_all() {
    let store = Store::with(&["columbia"]);
    let file = store.folder.path().join("more.txt");
    let import = |lines: &str| {
        std::fs::write(&file, lines).unwrap();
        store.user(&["import", file.to_str().unwrap()], "")
    };
    for (lines, error) in [
        ("google one\nmicrosoft\n", "more.txt:2: a line must be `NAME PASSWORD`"),
        ("google one two\n", "more.txt:1: a line must be"),
        ("google one\ngoogle two\n", "more.txt:2: google comes twice"),
        ("a,b one\n", "more.txt:1: the name \"a,b\" will not do"),
    ] {
        let output = import(lines);
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        // The file holds passwords.
        assert!(stderr.contains(error) && !stderr.contains("one"), "{stderr}");
    }
    assert_eq!(text(&store.user(&["list"], "").stdout), "columbia\n");
    let output = import("google one  \r\n\n  columbia other\n");
    assert_eq!(text(&output.stdout), "added 1 of 2; 1 were there already\n");
    let server = store.serve(&[]);
    Client::online(&server, "columbia");
    assert_eq!(Client::new(server.address, "google").log_in("one", "1"), "successfully logged in!");
}
