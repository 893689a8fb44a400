//! IRC servers from the distribution, with all limits lifted.

use anyhow::Context as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// A program that speaks IRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Irc {
    InspIrcd,
    NgIrcd,
}

const ADDRESS: &str = "127.0.0.1:6667";

impl Irc {
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::InspIrcd => "inspircd",
            Self::NgIrcd => "ngircd",
        }
    }

    pub(crate) fn is_installed(self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|directory| directory.join(self.program()).exists())
    }

    /// Writes its configuration, and adds it to `command`.
    pub(crate) fn prepare(
        self,
        command: &mut Command,
    ) -> anyhow::Result<(SocketAddr, tempfile::TempDir)> {
        let directory = tempfile::tempdir().context("no place for a configuration")?;
        // ngircd gives up root before it reads.
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), everybody)?;
        let file = directory.path().join("ircd.conf");
        std::fs::write(&file, self.configuration(directory.path()))?;
        command.arg(self.program());
        match self {
            Self::InspIrcd => {
                command.args(["--nofork", "--nolog"]);
                if rustix::process::getuid().is_root() {
                    command.arg("--runasroot");
                }
                command.arg("--config").arg(file);
            }
            Self::NgIrcd => {
                command.args(["-n", "-f"]).arg(file);
            }
        }
        Ok((ADDRESS.parse()?, directory))
    }

    fn configuration(self, directory: &Path) -> String {
        match self {
            Self::InspIrcd => format!(
                r#"<server name="irc.load" description="load" network="load">
<bind address="127.0.0.1" port="6667" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="1h" hardsendq="1G" softsendq="1G" recvq="1G" threshold="1000000" commandrate="1000000000" fakelag="no" localmax="20000" globalmax="20000" limit="20000" resolvehostnames="no" useident="no">
<performance softlimit="20000" somaxconn="4096" netbuffersize="65534" clonesonconnect="no">
<pid file="{}/pid">
"#,
                directory.display()
            ),
            Self::NgIrcd => "[Global]
Name = irc.load
Info = load
Listen = 127.0.0.1
Ports = 6667
MotdPhrase = load
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
PongTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
"
            .into(),
        }
    }
}
