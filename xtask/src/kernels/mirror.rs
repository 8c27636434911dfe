//! Where this machine gets Debian's packages from, and the keys that they are signed with.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell;

/// Debian's archive as this machine is set up to reach it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    uri: String,
    keyring: PathBuf,
}

/// Where package debian-archive-keyring has had its keys.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];

impl Mirror {
    /// Asks apt.
    pub(crate) fn find() -> Result<Self> {
        let mut apt = shell::command("apt-get");
        apt.args(["indextargets", "--format", "$(LABEL) $(REPO_URI)"]);
        apt.arg("Created-By: Packages");
        let targets = shell::output(&mut apt)
            .with_context(|| format!("{} failed: is this a Debian?", shell::line(&apt)))?;
        let uri = archive(&targets)
            .context("apt knows no archive of Debian; if it should, run `apt-get update` first")?;
        let keyring = KEYRINGS.iter().map(Path::new).find(|path| path.is_file());
        let Some(keyring) = keyring else {
            bail!("Debian's archive keys are missing; run: apt-get install debian-archive-keyring");
        };
        Ok(Self {
            uri: uri.to_owned(),
            keyring: keyring.to_owned(),
        })
    }

    /// The line of `sources.list` for a release. What it yields must be signed by Debian's keys.
    pub(crate) fn source(&self, suite: &str) -> String {
        let keyring = self.keyring.display();
        format!(
            "deb [arch=amd64 signed-by={keyring}] {} {suite} main\n",
            self.uri
        )
    }
}

/// The main archive among lines of label and address. Security and backports have labels of their own.
fn archive(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| {
        let (label, uri) = line.rsplit_once(' ')?;
        (label == "Debian" && !uri.is_empty()).then_some(uri)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_archive_is_found_among_others() {
        let targets = "Debian-Security http://one/debian-security/\n\
                       Debian Backports http://two/debian/\n\
                       Debian http://three/debian/\n\
                       . nodistro https://four/\n";
        assert_eq!(archive(targets), Some("http://three/debian/"));
        assert_eq!(archive("Ubuntu http://five/ubuntu/\n http://six/\n"), None);
        assert_eq!(archive(""), None);
    }

    #[test]
    fn a_source_is_bound_to_the_keys() {
        let mirror = Mirror {
            uri: "http://three/debian/".to_owned(),
            keyring: "/keys".into(),
        };
        assert_eq!(
            mirror.source("trixie"),
            "deb [arch=amd64 signed-by=/keys] http://three/debian/ trixie main\n"
        );
    }
}
