//! Where the programs of a new lab are: beside labrun, which they came with.

use std::path::Path;

use serde_json::Value;

/// The keys of a lab.yaml that say where its programs are. In a checkout they are
/// built first.
pub(crate) fn where_programs_are() -> String {
    let program = std::env::current_exe().and_then(|program| program.canonicalize());
    let folder = program.ok().and_then(|program| program.parent().map(Path::to_owned));
    let Some(folder) = folder.as_deref().and_then(Path::to_str) else {
        return "# path: [FOLDER]                  # where the programs are, if not on PATH\n"
            .to_owned();
    };
    // JSON's quoted texts are YAML's.
    let quoted = |text: &str| Value::from(text).to_string();
    let mut text = String::new();
    let checkout = Path::new(folder).parent().and_then(Path::parent);
    let manifest = checkout.map(|checkout| checkout.join("Cargo.toml"));
    let manifest =
        manifest.filter(|manifest| manifest.with_file_name("crates/chat-server").is_dir());
    if let Some(manifest) = manifest.as_deref().and_then(Path::to_str) {
        let release = if folder.ends_with("/release") { " --release" } else { "" };
        let manifest = shell_words::quote(manifest);
        let command = format!(
            "cargo build{release} --manifest-path {manifest} -p chat-server -p chat-client"
        );
        text.push_str(&format!("build: {}\n", quoted(&command)));
    }
    text.push_str(&format!("path: [{}]\n", quoted(folder)));
    text
}
