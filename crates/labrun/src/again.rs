//! The command line that makes a run again.

use lab_scenario::plan::Plan;

/// `labrun run FILE` with the options that were given, the values of the
/// matrix and the seed that the run had.
pub(crate) fn command(plan: &Plan, options: &[String]) -> String {
    let identity = &plan.identity;
    let mut words = vec!["labrun".to_owned(), "run".to_owned()];
    words.push(identity.file.to_string_lossy().into_owned());
    words.extend(options.iter().cloned());
    for (name, value) in &identity.variant {
        words.extend(["--var".to_owned(), format!("{name}={value}")]);
    }
    words.extend(["--seed".to_owned(), identity.seed.to_string()]);
    let quoted: Vec<_> = words.iter().map(|word| shell_words::quote(word)).collect();
    quoted.join(" ")
}
