//! The scenario language of labrun.
//!
//! ```text
//! YAML text ── yaml ──▶ tree ── decode ──▶ raw types ── check ──▶ model ── expand ──▶ plans
//! ```
//! A file is read into a tree of values with places (`yaml`), that into
//! one type for each mapping of the language (`raw`), those are checked with
//! all errors collected (`check`), and the result, with a choice of matrix
//! values and what the command line adds, becomes [`plan::Plan`]s: everything
//! a stage needs. The crate is pure: it never looks at the machine, and files
//! come in through a [`Loader`].
//!
//! ```
//! use lab_scenario::{Lab, PlanOptions, parse_scenario, source::Source};
//!
//! let text = r#"
//! topology: {single: 2}
//! processes:
//!   pinger: {host: h1, run: "ping ${h2.ip}"}
//! steps:
//!   - expect: {from: pinger, output: "from ${h2.ip}"}
//! "#;
//! let source = Source { path: "ping.yaml".into(), text: text.into() };
//! let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
//! let scenario = parse_scenario(source, &Lab::bare("/labs/ping"), &no_files)?;
//! let plans = scenario.plans(&PlanOptions::default())?;
//! assert_eq!(plans[0].steps[1].text, "expect: {from: pinger, output: \"from ${h2.ip}\"}");
//! # Ok::<(), lab_scenario::Diagnostics>(())
//! ```

#![forbid(unsafe_code)]

pub mod answer;
mod check;
pub mod codes;
mod decode;
mod defaults;
mod diagnostic;
mod dialogue;
mod expand;
mod explain;
mod interpolate;
mod lab;
mod live;
mod load;
mod model;
mod options;
pub mod pattern;
mod patterns;
pub mod plan;
pub mod quantity;
mod raw;
mod reference;
mod render;
mod scenario;
mod schema;
mod scope;
mod seed;
mod signal;
pub mod source;
pub mod suggest;
pub mod template;
mod text;
pub mod topology;
mod typed;
mod values;
mod wording;
mod words;
mod yaml;

pub use codes::Code;
pub use diagnostic::{Diagnostic, Diagnostics, Label, Sink};
pub use explain::Example;
pub use lab::{Lab, Share, parse_lab};
pub use live::{Added, Live, Texts};
pub use load::{Loader, MAX_FILE_SIZE};
pub use options::PlanOptions;
pub use reference::reference;
pub use render::{Position, Range, Report, ReportedLabel};
pub use scenario::{Scenario, parse_scenario};
pub use schema::{FileKind, schema};
pub use values::duration;
