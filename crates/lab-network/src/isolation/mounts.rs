//! What of the file system a sandbox has for itself.

use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};

use super::IsolationError;

/// The private tmpfs.
pub(super) const PRIVATE: &str = "/run";

/// On the private tmpfs, so it lives and dies with the sandbox.
pub(super) const FOLDER: &str = "/run/labrun";

/// Mounts `/proc`, `/run` and `/sys` anew. Returns whether `/sys` could be.
pub(super) fn furnish() -> Result<bool, IsolationError> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(IsolationError::doing("making the mounts private"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None).map_err(IsolationError::doing("mounting /proc"))?;
    // Mininet, Open vSwitch and labrun write below /run. Hiding the machine's
    // own also hides name service daemons that know nothing of the lab's hosts.
    mount("tmpfs", PRIVATE, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=0755")
        .map_err(IsolationError::doing("mounting a tmpfs on /run"))?;
    std::fs::create_dir(FOLDER).map_err(IsolationError::doing(format!("creating {FOLDER}")))?;
    forget_name_servers();
    // A container may have covered parts of /sys; the kernel then refuses to
    // show them to a user namespace. Only `/sys/class/net` is wrong without it.
    Ok(mount("sysfs", "/sys", "sysfs", flags, None).is_ok())
}

/// Covers `/etc/resolv.conf`: no server in there can be reached from a lab, and a
/// name that nobody has should be unknown at once, not after ten seconds. Without
/// servers programs ask their own host, which refuses.
fn forget_name_servers() {
    let file = Path::new(FOLDER).join("resolv.conf");
    // It is no worse without; the file may also be a link into the old /run.
    let _ = std::fs::write(&file, "# A lab has no name server; see /etc/hosts.\n")
        .and_then(|()| Ok(mount_bind(&file, "/etc/resolv.conf")?));
}

/// Covers `/etc/hosts` with a file on the private tmpfs.
pub(super) fn cover_hosts_file(text: &str) -> Result<(), IsolationError> {
    let file: PathBuf = Path::new(FOLDER).join("hosts");
    let covered = file.exists();
    std::fs::write(&file, text)
        .map_err(IsolationError::doing(format!("writing {}", file.display())))?;
    if covered {
        return Ok(());
    }
    mount_bind(&file, "/etc/hosts")
        .map_err(IsolationError::doing("covering /etc/hosts with the lab's own"))
}
