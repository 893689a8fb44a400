//! What `labs/README.md` says of every key is what the types say.

use std::path::Path;

/// What stands before and behind it.
const BEGIN: &str = "<!-- labrun reference: begin -->\n";
const END: &str = "<!-- labrun reference: end -->\n";

/// With this in the environment the page is written anew.
const UPDATE: &str = "UPDATE_REFERENCE";

#[test]
fn the_page_has_what_is_generated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs/README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (above, rest) = page.split_once(BEGIN).unwrap();
    let (between, below) = rest.split_once(END).unwrap();
    let reference = format!("\n{}\n", lab_scenario::reference());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, [above, BEGIN, &reference, END, below].concat()).unwrap();
        return;
    }
    assert!(
        between == reference,
        "labs/README.md is not what the types say. Write it anew with\n\n    \
         {UPDATE}=1 cargo test -p lab-scenario --test reference\n"
    );
}
