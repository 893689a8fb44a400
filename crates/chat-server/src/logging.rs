//! Log lines on standard error: time, level, event, who.

use crate::args::{LogFormat, ServeArgs};
use std::io;

/// Sets up the log for the whole program. Names go into fields written with `?`,
/// which escapes control characters.
pub(crate) fn init(args: &ServeArgs) {
    let builder = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(args.log_level)
        .with_ansi(false)
        .with_target(false);
    match args.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => {
            builder
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .init();
        }
    }
}
