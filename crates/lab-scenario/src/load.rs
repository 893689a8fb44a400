//! From a path to a text: the only way in which files come into this crate.

use std::io;
use std::path::{Path, PathBuf};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};

/// Bytes that a file may have. The largest scenario anybody wrote by hand is
/// far below; a file above is refused before it is looked at.
pub const MAX_FILE_SIZE: usize = 256 << 10;

/// Reads files. Implemented where the program meets the machine, and in tests
/// by a map.
pub trait Loader {
    /// The bytes of a file; no more than [`MAX_FILE_SIZE`] and one need be
    /// read of it.
    ///
    /// # Errors
    /// As [`std::fs::read`]; [`io::ErrorKind::NotFound`] and
    /// [`io::ErrorKind::IsADirectory`] are told apart from others.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

impl<F: Fn(&Path) -> io::Result<Vec<u8>>> Loader for F {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self(path)
    }
}

impl Source {
    /// Reads a file that must be there.
    ///
    /// # Errors
    /// It cannot be read, is a folder, is too large, or is not UTF-8.
    pub fn load(path: impl Into<PathBuf>, loader: &dyn Loader) -> Result<Self, Diagnostics> {
        let path = path.into();
        match loader.read(&path) {
            Ok(bytes) => Self::from_bytes(path, bytes),
            Err(error) => {
                Err(Diagnostics::single(Self { path: path.clone(), text: String::new() }, |id| {
                    cannot_read(&path, &error, Span { source: id, ..Span::default() })
                }))
            }
        }
    }

    /// A file from its bytes.
    ///
    /// # Errors
    /// They are too many, or not UTF-8.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Diagnostics> {
        let path = path.into();
        if bytes.len() > MAX_FILE_SIZE {
            let source = Self { path, text: String::new() };
            return Err(Diagnostics::single(source, |id| {
                let span = Span { source: id, ..Span::default() };
                let limit = MAX_FILE_SIZE >> 10;
                Diagnostic::new(
                    Code::TooLarge,
                    span,
                    format!("the file is larger than {limit} KiB"),
                )
                .help("is this the file you meant?")
            }));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { path, text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let byte = error.as_bytes()[at];
                let mut text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                // Control characters would be shown as something else or garble
                // the terminal; what stands before the place is kept in length.
                text = text.replace(|c: char| c.is_ascii_control() && c != '\n', " ");
                Err(Diagnostics::single(Self { path, text }, |id| {
                    let end = at + char::REPLACEMENT_CHARACTER.len_utf8();
                    let span = Span { source: id, start: at, end };
                    Diagnostic::new(Code::NotUtf8, span, "the file is not UTF-8")
                        .label(format!("the byte 0x{byte:02x} is not part of a character"))
                        .help("save the file as UTF-8")
                }))
            }
        }
    }
}

/// What to say of a file that cannot be read.
pub(crate) fn cannot_read(path: &Path, error: &io::Error, span: Span) -> Diagnostic {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::IsADirectory => {
            Diagnostic::new(Code::IsDirectory, span, format!("`{path}` is a folder, not a file"))
        }
        io::ErrorKind::NotFound => {
            Diagnostic::new(Code::CannotRead, span, format!("there is no file `{path}`"))
        }
        _ => Diagnostic::new(Code::CannotRead, span, format!("cannot read `{path}`: {error}")),
    }
}
