//! What programs could leave behind in a sandbox that another run shall use.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Files below `/run` that are looked at, and how deep.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 16;

/// What is mounted, and the files on the file system that is the sandbox's own. For
/// comparing.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    mounts: String,
    files: BTreeSet<File>,
}

/// A file, its number, size and the time when it was last changed.
type File = (PathBuf, u64, u64, (i64, i64));

impl Traces {
    pub(super) fn look(private: &Path) -> io::Result<Self> {
        let mut files = BTreeSet::new();
        collect(private, MAX_DEPTH, &mut files)?;
        Ok(Self { mounts: std::fs::read_to_string("/proc/self/mountinfo")?, files })
    }
}

fn collect(folder: &Path, depth: usize, files: &mut BTreeSet<File>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        let changed = (data.ctime(), data.ctime_nsec());
        files.insert((entry.path(), data.ino(), data.size(), changed));
        if files.len() > MAX_FILES || depth == 0 {
            return Err(io::Error::other(format!("too many files in {}", folder.display())));
        }
        if data.is_dir() {
            collect(&entry.path(), depth - 1, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_traces() {
        let folder = tempfile::tempdir().unwrap();
        let look = || Traces::look(folder.path()).unwrap();
        let before = look();
        assert_eq!(look(), before);
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let with_a_folder = look();
        assert_ne!(with_a_folder, before);
        std::fs::write(folder.path().join("sub/file"), "x").unwrap();
        assert_ne!(look(), with_a_folder);
    }
}
