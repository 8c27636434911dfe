//! Lays a package out and has it packed. Knows no cargo: the tests use this file as it is.

mod contents;
mod libc;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use self::contents::{CONFFILES, COPIES, Copy, DEBIAN, DOCS, GENERATED};

/// Name of the package.
const NAME: &str = "xiot-agent";
/// Who answers for it.
const MAINTAINER: &str = "The xiot authors <xiot@users.noreply.github.com>";

/// A package to be built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package<'a> {
    /// Where the sources are.
    pub(crate) workspace: &'a Path,
    /// The agent's binary.
    pub(crate) agent: &'a Path,
    /// Version and revision.
    pub(crate) version: &'a str,
    /// Date of the sources, in seconds since 1970.
    pub(crate) date: u64,
    /// How `dpkg-deb` packs it: `xz`, `none`.
    pub(crate) compression: &'a str,
}

impl Package<'_> {
    /// Builds it in this directory and says where it is.
    pub(crate) fn build(&self, out: &Path) -> Result<PathBuf> {
        let architecture = said_by(Command::new("dpkg").arg("--print-architecture"))?;
        let stem = format!("{NAME}_{}_{architecture}", self.version);
        let stage = out.join(&stem);
        if stage.exists() {
            fs::remove_dir_all(&stage)
                .with_context(|| format!("could not remove {}", stage.display()))?;
        }
        self.binary(&stage)?;
        for copy in COPIES {
            self.copy(copy, &stage)?;
        }
        self.docs(&stage)?;
        self.generated(&stage)?;
        self.changelogs(&stage)?;
        self.control(&stage, &architecture)?;
        let package = out.join(format!("{stem}.deb"));
        let mut pack = Command::new("dpkg-deb");
        pack.args(["--root-owner-group", "-Z", self.compression, "--build"])
            .arg(&stage)
            .arg(&package)
            // Times in the package are not later than this.
            .env("SOURCE_DATE_EPOCH", self.date.to_string());
        said_by(&mut pack)?;
        Ok(package)
    }

    fn binary(&self, stage: &Path) -> Result<()> {
        let to = stage.join("usr/sbin").join(NAME);
        install(self.agent, &to, 0o755)?;
        said_by(Command::new("strip").arg("--strip-unneeded").arg(&to)).map(drop)
    }

    fn copy(&self, copy: &Copy, stage: &Path) -> Result<()> {
        install(
            &self.workspace.join(copy.from),
            &stage.join(copy.to),
            copy.mode,
        )
    }

    /// Under the same names beside each other, so that links between them go on to work.
    fn docs(&self, stage: &Path) -> Result<()> {
        let to = stage.join("usr/share/doc").join(NAME);
        for entry in list(&self.workspace.join("docs"))? {
            if entry.extension() == Some(OsStr::new("md")) {
                let name = entry.file_name().unwrap_or_default();
                install(&entry, &to.join("docs").join(name), 0o644)?;
            }
        }
        for doc in DOCS {
            install(&self.workspace.join(doc), &to.join(doc), 0o644)?;
        }
        Ok(())
    }

    /// What the agent writes itself.
    fn generated(&self, stage: &Path) -> Result<()> {
        let scratch = stage.with_extension("generated");
        let mut generate = Command::new(self.agent);
        generate.arg("generate").arg(&scratch);
        generate.args(["--date", &self.dated("+%F")?]);
        said_by(&mut generate)?;
        for (from, to) in GENERATED {
            for file in list(&scratch.join(from))? {
                let name = file.file_name().unwrap_or_default();
                let path = stage.join(to).join(name);
                install(&file, &path, 0o644)?;
                if *from == "man" {
                    zip(&path)?;
                }
            }
        }
        fs::remove_dir_all(&scratch)
            .with_context(|| format!("could not remove {}", scratch.display()))
    }

    fn changelogs(&self, stage: &Path) -> Result<()> {
        let doc = stage.join("usr/share/doc").join(NAME);
        let upstream = doc.join("changelog");
        install(&self.workspace.join("CHANGELOG.md"), &upstream, 0o644)?;
        zip(&upstream)?;
        let text = format!(
            "{NAME} ({}) unstable; urgency=medium\n\n  * What changed is in changelog.gz.\n\n -- {MAINTAINER}  {}\n",
            self.version,
            self.dated("--rfc-email")?
        );
        let debian = doc.join("changelog.Debian");
        write(&debian, &text, 0o644)?;
        zip(&debian)
    }

    fn control(&self, stage: &Path, architecture: &str) -> Result<()> {
        // Without what was stripped: that is nine tenths of a debug build.
        let path = stage.join("usr/sbin").join(NAME);
        let binary =
            fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        let (files, bytes) = files_below(stage)?;
        let control = stage.join("DEBIAN");
        let text = format!(
            "Package: {NAME}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\nInstalled-Size: {}\n\
             Depends: libc6 (>= {}), init-system-helpers (>= 1.54~)\nSection: net\nPriority: optional\n\
             Homepage: https://github.com/xiot/xiot\n{}",
            self.version,
            bytes.div_ceil(1024),
            libc::needed(&binary)?,
            contents::DESCRIPTION,
        );
        write(&control.join("control"), &text, 0o644)?;
        let conffiles = CONFFILES.map(|path| format!("/{path}\n")).concat();
        write(&control.join("conffiles"), conffiles, 0o644)?;
        for script in DEBIAN {
            let from = self.workspace.join("deploy/debian").join(script);
            install(&from, &control.join(script), 0o755)?;
        }
        let mut sums = Command::new("md5sum");
        let sums = said_by(sums.current_dir(stage).args(files))?;
        write(&control.join("md5sums"), &(sums + "\n"), 0o644)
    }

    fn dated(&self, form: &str) -> Result<String> {
        let mut date = Command::new("date");
        date.args(["--utc", &format!("--date=@{}", self.date), form]);
        said_by(date.env("LC_ALL", "C"))
    }
}

fn install(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("could not read {}", from.display()))?;
    write(to, &bytes, mode)
}

fn write(to: &Path, content: impl AsRef<[u8]>, mode: u32) -> Result<()> {
    let written = to
        .parent()
        .map_or(Ok(()), directories)
        .and_then(|()| fs::write(to, content))
        .and_then(|()| fs::set_permissions(to, fs::Permissions::from_mode(mode)));
    written.with_context(|| format!("could not write {}", to.display()))
}

/// Whatever the umask is: a package's directories are everybody's to read.
fn directories(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), directories)?;
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// As Debian wants it: at its smallest, without name and time.
fn zip(path: &Path) -> Result<()> {
    said_by(Command::new("gzip").args(["--best", "--no-name"]).arg(path)).map(drop)
}

fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("could not list {}", dir.display()))?;
    let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

/// Files of the package by their paths from its root, and how much they take.
fn files_below(stage: &Path) -> Result<(Vec<PathBuf>, u64)> {
    let (mut files, mut bytes) = (Vec::new(), 0);
    let mut dirs = vec![stage.to_owned()];
    while let Some(dir) = dirs.pop() {
        for path in list(&dir)? {
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            bytes += fs::metadata(&path)
                .with_context(|| format!("could not look at {}", path.display()))?
                .len();
            files.push(path.strip_prefix(stage).unwrap_or(&path).to_owned());
        }
    }
    files.sort();
    Ok((files, bytes))
}

/// What a command prints, without the last line's end. What it says besides belongs to its failure.
fn said_by(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_owned();
    let program = program.display();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start {program}: is this a Debian machine?"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed ({}): {}", output.status, said.trim());
    }
    let text = String::from_utf8(output.stdout);
    let text = text.with_context(|| format!("{program} printed something that is no text"))?;
    Ok(text.trim_end().to_owned())
}
