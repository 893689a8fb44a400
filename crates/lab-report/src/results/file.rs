//! Ways to write files that do not leave half of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lab_runner::dispatcher::ReportError;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};
use rustix::io::Errno;

/// The error of an action on a file.
pub(super) fn cannot(action: &str, path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let action = format!("{action} `{}`", path.display());
    move |error| ReportError::new(action, error)
}

/// Writes a new file that appears complete, under its name, or not at all.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
    let path = folder.join(name);
    let written = match write_nameless(folder, &path, bytes) {
        // Not every file system can do that.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
            write_renamed(folder, name, bytes)
        }
        result => result.map_err(Into::into),
    };
    written.map_err(cannot("write", &path))
}

/// A file without a name gets one when it is complete. If labrun is killed
/// before, the kernel throws it away (open(2), O_TMPFILE).
fn write_nameless(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(CWD, folder, flags, Mode::from_raw_mode(0o666))?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = rustix::io::retry_on_intr(|| rustix::io::write(&file, rest))?;
        rest = &rest[count..];
    }
    use std::os::fd::AsRawFd as _;
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, link, CWD, path, AtFlags::SYMLINK_FOLLOW)
}

/// The old way: under another name, then renamed.
fn write_renamed(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let other = folder.join(format!(".{name}.{}.unfinished", std::process::id()));
    fs::write(&other, bytes)?;
    fs::rename(other, folder.join(name))
}

/// Writes a file in place of what was there under that name.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
    write_renamed(folder, name, bytes).map_err(cannot("write", &folder.join(name)))
}

/// Makes a symbolic link, in place of what was there under that name.
pub(super) fn relink(target: &str, link: &Path) -> Result<(), ReportError> {
    // Named after its target, which no other run has.
    let other = link.with_file_name(format!(".latest-{target}"));
    symlink(target, &other)
        .and_then(|()| fs::rename(&other, link))
        .map_err(cannot("make the link", link))
}

/// A file that grows, up to a limit.
#[derive(Debug)]
pub(super) struct Growing {
    path: PathBuf,
    /// Open while it is kept open.
    file: Option<File>,
    keep_open: bool,
    left: u64,
}

impl Growing {
    /// Makes a file that takes at most `limit` bytes. If it is not kept open,
    /// it is opened for each write: a run of hundreds of processes would use
    /// up the file descriptors of labrun otherwise.
    pub(super) fn create(path: PathBuf, keep_open: bool, limit: u64) -> Result<Self, ReportError> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(cannot("create", &path))?;
        Ok(Self { path, file: keep_open.then_some(file), keep_open, left: limit })
    }

    /// Whether anything more is taken.
    pub(super) fn takes_more(&self) -> bool {
        self.left > 0
    }

    /// Appends all bytes with one write, or as many as the kernel needs. Those
    /// that would go beyond the limit are replaced by `farewell`.
    pub(super) fn append(&mut self, bytes: &[u8], farewell: &str) -> Result<(), ReportError> {
        if self.left == 0 {
            return Ok(());
        }
        let length = bytes.len() as u64;
        let bytes = if length <= self.left {
            self.left -= length;
            bytes
        } else {
            self.left = 0;
            farewell.as_bytes()
        };
        let result = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => OpenOptions::new().append(true).open(&self.path).and_then(|mut file| {
                file.write_all(bytes)?;
                self.file = self.keep_open.then_some(file);
                Ok(())
            }),
        };
        result.map_err(cannot("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_files_and_links_leave_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        write_whole(folder.path(), "a.json", b"{}").unwrap();
        write_renamed(folder.path(), "b.json", b"[]").unwrap();
        let latest = folder.path().join("latest");
        relink("a.json", &latest).unwrap();
        relink("b.json", &latest).unwrap();
        assert_eq!(fs::read(&latest).unwrap(), b"[]");
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["a.json", "b.json", "latest"]);
    }

    #[test]
    fn growing_files_stop_at_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        for keep_open in [true, false] {
            let path = folder.path().join(keep_open.to_string());
            let mut file = Growing::create(path.clone(), keep_open, 5).unwrap();
            for piece in ["abc", "defg", "h"] {
                file.append(piece.as_bytes(), "…").unwrap();
            }
            assert_eq!(fs::read_to_string(path).unwrap(), "abc…");
        }
    }
}
