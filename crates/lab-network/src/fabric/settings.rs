//! What a namespace is set to: the files below `/proc/sys/net`, sysctl(8).
//!
//! A host has six hundred of them, so each costs no more than one open and one read:
//! relative to its folder, into a buffer that is used again.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, RawDir, open, openat};
use rustix::io::{Errno, pread};

/// Where the folders are that hold for a namespace each.
const ROOT: &CStr = c"/proc/sys/net";
const FOLDERS: [&CStr; 3] = [c"core", c"ipv4", c"ipv6"];

/// How deep those folders go.
const DEPTH: usize = 4;

/// Room for most values. The kernel makes a buffer as large for each read.
const USUAL_VALUE: usize = 256;
/// Room for any.
const LONGEST_VALUE: usize = 64 << 10;

/// Room for the names of a folder, some at a time.
const LISTING: usize = 16 << 10;

/// All settings of a namespace, as `NAME=VALUE` with a zero byte after each, in the
/// order in which the kernel lists them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings(Vec<u8>);

impl Settings {
    /// Those of the namespace of this thread.
    ///
    /// # Errors
    /// There is no `/proc/sys/net`.
    pub(super) fn read() -> Result<Self, Errno> {
        let root = open(ROOT, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut reader = Reader {
            found: Vec::with_capacity(32 << 10),
            path: b"net".to_vec(),
            listing: vec![MaybeUninit::uninit(); LISTING],
            value: vec![0; USUAL_VALUE],
        };
        for folder in FOLDERS {
            reader.enter(root.as_fd(), folder, DEPTH);
        }
        Ok(Self(reader.found))
    }

    /// The name of the first that is not as it was: `net/ipv4/ip_forward`.
    pub(super) fn difference(&self, before: &Self) -> Option<String> {
        let (mut now, mut before) = (self.entries(), before.entries());
        let differs = loop {
            match (now.next(), before.next()) {
                (None, None) => return None,
                (a, b) if a == b => {}
                (a, b) => break a.or(b)?,
            }
        };
        let name = differs.split(|byte| *byte == b'=').next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split_inclusive(|byte| *byte == 0)
    }
}

/// What is used again from file to file.
struct Reader {
    found: Vec<u8>,
    /// Of the folder that is being read.
    path: Vec<u8>,
    listing: Vec<MaybeUninit<u8>>,
    value: Vec<u8>,
}

impl Reader {
    /// Reads a folder of `above`, if it is there: a kernel may lack IPv6, and an
    /// interface may just go.
    fn enter(&mut self, above: BorrowedFd<'_>, name: &CStr, depth: usize) {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(folder) = openat(above, name, flags, Mode::empty()) else { return };
        let length = self.path.len();
        self.path.push(b'/');
        self.path.extend_from_slice(name.to_bytes());
        for below in self.read_files(&folder) {
            if depth > 0 {
                self.enter(folder.as_fd(), &below, depth - 1);
            }
        }
        self.path.truncate(length);
    }

    /// Reads the files of a folder, and returns the names of the folders in it.
    fn read_files(&mut self, folder: &OwnedFd) -> Vec<CString> {
        let Self { found, path, listing, value } = self;
        let mut folders = Vec::new();
        let mut entries = RawDir::new(folder, listing);
        while let Some(Ok(entry)) = entries.next() {
            let name = entry.file_name();
            match entry.file_type() {
                FileType::Directory if !matches!(name.to_bytes(), b"." | b"..") => {
                    folders.push(name.to_owned());
                }
                FileType::RegularFile => {
                    found.extend_from_slice(path);
                    found.push(b'/');
                    found.extend_from_slice(name.to_bytes());
                    found.push(b'=');
                    found.extend_from_slice(read_value(folder, name, value));
                    found.push(0);
                }
                _ => {}
            }
        }
        folders
    }
}

/// Some can only be written, and some have no value yet.
fn read_value<'b>(folder: &OwnedFd, name: &CStr, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(file) = openat(folder, name, flags, Mode::empty()) else { return &[] };
    loop {
        match pread(&file, &mut **buffer, 0) {
            // From the beginning once more: many can only be read in one go.
            Ok(length) if length == buffer.len() && length < LONGEST_VALUE => {
                buffer.resize(length * 2, 0);
            }
            Ok(length) => return &buffer[..length],
            Err(Errno::INTR) => {}
            Err(_) => return &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_a_name() {
        let settings = |text: &str| Settings(text.as_bytes().to_vec());
        let before = settings("net/core/a=1\n\0net/ipv4/b=2\n\0");
        let table = [
            ("net/core/a=1\n\0net/ipv4/b=2\n\0", None),
            ("net/core/a=1\n\0net/ipv4/b=3\n\0", Some("net/ipv4/b")),
            ("net/core/a=1\n\0net/ipv4/aa=\0net/ipv4/b=2\n\0", Some("net/ipv4/aa")),
            ("net/core/a=1\n\0net/ipv4/b=2\n\0net/ipv6/c=1\n\0", Some("net/ipv6/c")),
            ("net/core/a=1\n\0", Some("net/ipv4/b")),
        ];
        for (now, name) in table {
            assert_eq!(settings(now).difference(&before).as_deref(), name, "{now}");
        }
    }

    #[test]
    fn nothing_is_left_out() {
        // What a simple walk finds: the settings of this machine's own network.
        fn walk(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    walk(&entry.path(), found);
                } else if let Ok(value) = std::fs::read(entry.path()) {
                    let path = entry.path();
                    let name = path.strip_prefix("/proc/sys").unwrap().to_str().unwrap();
                    found.push((name.to_owned(), value));
                }
            }
        }
        let mut expected = Vec::new();
        for folder in ["core", "ipv4"] {
            walk(&std::path::Path::new("/proc/sys/net").join(folder), &mut expected);
        }
        let read = Settings::read().unwrap();
        let entries: Vec<&[u8]> = read.entries().collect();
        let mut seen = 0;
        for (name, value) in &expected {
            let entry = [name.as_bytes(), b"=", value, b"\0"].concat();
            let begins = [name.as_bytes(), b"="].concat();
            assert!(entries.iter().any(|entry| entry.starts_with(&begins)), "{name}");
            seen += usize::from(entries.contains(&entry.as_slice()));
        }
        // A few of the first namespace count things and change meanwhile.
        assert!(seen > 50 && seen + 5 >= expected.len(), "{seen} of {}", expected.len());
    }
}
