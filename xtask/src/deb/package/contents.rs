//! What is in the package, as a table.

/// A file of the workspace that is packed as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    /// Where it is in the workspace.
    pub(super) from: &'static str,
    /// Where it is installed, from the root.
    pub(super) to: &'static str,
    /// Permission bits.
    pub(super) mode: u32,
}

const fn copy(from: &'static str, to: &'static str) -> Copy {
    Copy {
        from,
        to,
        mode: 0o644,
    }
}

/// Files that are packed under another name.
pub(super) const COPIES: &[Copy] = &[
    copy(
        "deploy/systemd/xiot-agent.service",
        "usr/lib/systemd/system/xiot-agent.service",
    ),
    // Not for everybody: it tells what is let through.
    Copy {
        mode: 0o640,
        ..copy("deploy/debian/gateway.yaml", "etc/xiot/gateway.yaml")
    },
    Copy {
        mode: 0o640,
        ..copy("deploy/debian/policy.yaml", "etc/xiot/policy.yaml")
    },
    copy(
        "deploy/examples/gateway.yaml",
        "usr/share/doc/xiot-agent/deploy/examples/gateway.yaml",
    ),
    copy(
        "deploy/examples/policy.yaml",
        "usr/share/doc/xiot-agent/deploy/examples/policy.yaml",
    ),
    copy(
        "deploy/debian/lintian-overrides",
        "usr/share/lintian/overrides/xiot-agent",
    ),
    copy(
        "deploy/debian/copyright",
        "usr/share/doc/xiot-agent/copyright",
    ),
];

/// Files of the operator's, which an upgrade does not overwrite.
pub(super) const CONFFILES: [&str; 2] = ["etc/xiot/gateway.yaml", "etc/xiot/policy.yaml"];

/// Documents beside those in `docs`.
pub(super) const DOCS: &[&str] = &["README.md", "ARCHITECTURE.md"];

/// Directories that the agent generates, and where they are installed.
pub(super) const GENERATED: &[(&str, &str)] = &[
    ("man", "usr/share/man/man8"),
    ("bash", "usr/share/bash-completion/completions"),
    ("zsh", "usr/share/zsh/vendor-completions"),
    ("fish", "usr/share/fish/vendor_completions.d"),
];

/// Scripts that dpkg runs.
pub(super) const DEBIAN: &[&str] = &["postinst", "prerm", "postrm"];

/// What the package is, for people.
pub(super) const DESCRIPTION: &str = "\
Description: in-line segmentation enforcer for hospital devices
 xiot stands in line in front of hospital devices that cannot be patched,
 and lets through only the conversations each device is listed for. An XDP
 program on the gateway judges every frame; the agent compiles a YAML
 allow-list into it, learns what devices really do, explains every verdict
 and exports counters to Prometheus.
 .
 Nothing is attached by installing the package: the gateway's ports are
 named in /etc/xiot/gateway.yaml first.
";
