//! Fetches Debian's packages and unpacks them into a directory, without installing any.
//!
//! apt does the fetching, and accepts only what the archive's keys have signed. For kernels it looks at lists and a
//! source of its own, so that the machine's releases stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::kernels::mirror::Mirror;
use crate::kernels::series::Series;
use crate::shell;

/// A kernel that was fetched.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// Its release, such as `6.1.0-50-amd64`.
    pub(crate) release: String,
    /// The kernel.
    pub(crate) image: PathBuf,
    /// Directory with its modules, and `modules.dep` for all of them.
    pub(crate) modules: PathBuf,
    /// A shell with tools that needs no library.
    pub(crate) busybox: PathBuf,
}

/// The newest kernel of a series: that of the last run, or a fetched one where there is none or `fresh` asks for it.
pub(crate) fn kernel(series: Series, dir: &Path, fresh: bool) -> Result<Kernel> {
    let dir = dir.join(series.name).join("packages");
    let done = dir.join("complete");
    if fresh || !done.is_file() {
        eprintln!("Fetching Linux {} of {}.", series.name, series.suite);
        fetch_kernel(series, &dir).with_context(|| {
            format!("could not fetch Linux {} of {}", series.name, series.suite)
        })?;
        fs::write(&done, "").with_context(|| format!("could not write {}", done.display()))?;
    }
    find(&dir).with_context(|| {
        let dir = dir.display();
        format!("the packages in {dir} are not what was expected; --fresh fetches them again")
    })
}

/// Unpacks the newest version of these packages, and of all that they need and this machine lacks, from the sources that
/// the machine is set up with.
pub(crate) fn with_dependencies(packages: &[&str], dir: &Path, fresh: bool) -> Result<()> {
    once(&packages.join(" "), dir, fresh, || {
        let cache = empty(&empty(dir)?.join("fetched"))?;
        let mut apt = apt("apt-get", &cache);
        // Installs nothing, hence needs no lock and may plan what the machine could not have beside its packages.
        apt.args(["-o", "Debug::NoLocking=true", "--download-only", "install"]);
        apt.args(["--yes", "--no-install-recommends"])
            .args(packages);
        let shown = format!("apt-get install --download-only {}", packages.join(" "));
        shell::run_as(&mut apt, &shown)
            .context("if apt did not find its packages, run `apt-get update` first")?;
        unpack(&cache.join("archives"), dir)
    })
}

/// Fetches unless that was done before, and to its end.
fn once(what: &str, dir: &Path, fresh: bool, fetch: impl FnOnce() -> Result<()>) -> Result<()> {
    let done = dir.join("complete");
    if fresh || !done.is_file() {
        eprintln!("Fetching {what}.");
        fetch().with_context(|| format!("could not fetch {what}"))?;
        fs::write(&done, "").with_context(|| format!("could not write {}", done.display()))?;
    }
    Ok(())
}

fn fetch_kernel(series: Series, dir: &Path) -> Result<()> {
    let mirror = Mirror::find()?;
    let dir = empty(dir)?;
    let fetched = empty(&dir.join("fetched"))?;
    let source = fetched.join("sources.list");
    fs::write(&source, mirror.source(series.suite))
        .with_context(|| format!("could not write {}", source.display()))?;
    let lists = fetched.join("lists");
    create(&lists.join("partial"))?;
    let own = |program| {
        let mut apt = apt(program, &fetched);
        apt.arg("-o").arg(setting("Dir::Etc::sourcelist", &source));
        apt.args(["-o", "Dir::Etc::sourceparts=/dev/null"]);
        apt.arg("-o").arg(setting("Dir::State::lists", &lists));
        apt
    };
    shell::run_as(
        own("apt-get").args(["--error-on=any", "update"]),
        &format!("apt-get update, of {} only", series.suite),
    )?;
    let mut depends = own("apt-cache");
    let text = shell::output(depends.args(["depends", "linux-image-amd64"]))
        .with_context(|| format!("{} failed", shell::line(&depends)))?;
    let image = dependency(&text).context("linux-image-amd64 does not depend on a kernel")?;
    let archives = empty(&fetched.join("archives"))?;
    let mut download = own("apt-get");
    download.args(["download", image, "busybox-static"]);
    let shown = format!("apt-get download {image} busybox-static");
    shell::run_as(download.current_dir(&archives), &shown)?;
    unpack(&archives, &dir)?;
    let kernel = find(&dir)?;
    // The package's own script does this when it is installed.
    let mut depmod = shell::command(&kernel.busybox);
    let base = kernel
        .modules
        .ancestors()
        .nth(3)
        .expect("it ends in lib/modules/RELEASE");
    shell::run(depmod.args(["depmod", "-b"]).arg(base).arg(&kernel.release))
}

fn find(dir: &Path) -> Result<Kernel> {
    let modules = one_of(dir, &["usr/lib/modules", "lib/modules"])?;
    let mut releases = fs::read_dir(&modules)
        .with_context(|| format!("could not read {}", modules.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let release = releases
        .next()
        .with_context(|| format!("{} is empty", modules.display()))?;
    Ok(Kernel {
        image: one_of(dir, &[&format!("boot/vmlinuz-{release}")])?,
        modules: modules.join(&release),
        busybox: one_of(dir, &["usr/bin/busybox", "bin/busybox"])?,
        release,
    })
}

fn one_of(dir: &Path, paths: &[&str]) -> Result<PathBuf> {
    let found = paths
        .iter()
        .map(|path| dir.join(path))
        .find(|path| path.exists());
    found.with_context(|| format!("{} has no {}", dir.display(), paths.join(" or ")))
}

/// The first package that `apt-cache depends` lists.
fn dependency(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(str::trim);
    lines.find_map(|line| line.strip_prefix("Depends: "))
}

/// apt with a cache of its own, that insists on signatures whatever the machine's configuration says.
fn apt(program: &str, cache: &Path) -> Command {
    let mut apt = shell::command(program);
    apt.args(["-qq", "-o"]).arg(setting("Dir::Cache", cache));
    for insist in [
        "APT::Get::AllowUnauthenticated=false",
        "Acquire::AllowInsecureRepositories=false",
        "Acquire::AllowWeakRepositories=false",
        // apt's own user cannot write where everything is kept, and apt says so for each file.
        "APT::Sandbox::User=root",
    ] {
        apt.args(["-o", insist]);
    }
    apt
}

fn setting(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

fn unpack(archives: &Path, dir: &Path) -> Result<()> {
    let entries = fs::read_dir(archives)
        .with_context(|| format!("could not read {}", archives.display()))?
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("could not read {}", archives.display()))?;
    let packages: Vec<_> = entries
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    if packages.is_empty() {
        bail!("apt fetched no package to {}", archives.display());
    }
    for package in packages {
        let mut dpkg = shell::command("dpkg-deb");
        dpkg.arg("--extract").arg(&package).arg(dir);
        let shown = shell::line(&dpkg);
        let status = dpkg
            .status()
            .with_context(|| format!("could not start {shown}"))?;
        if !status.success() {
            bail!("{shown} failed ({status})");
        }
        fs::remove_file(&package)
            .with_context(|| format!("could not remove {}", package.display()))?;
    }
    Ok(())
}

/// Makes an empty directory, with what apt wants in its cache.
fn empty(dir: &Path) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("could not remove {}", dir.display()))?;
    }
    create(&dir.join("archives/partial"))?;
    Ok(dir.to_owned())
}

fn create(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("could not create {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_what_the_metapackage_depends_on() {
        let text = "linux-image-amd64\n  Depends: linux-image-6.1.0-50-amd64\n  Recommends: x\n";
        assert_eq!(dependency(text), Some("linux-image-6.1.0-50-amd64"));
        assert_eq!(dependency("linux-image-amd64\n"), None);
    }

    #[test]
    fn unsigned_packages_are_refused_whatever_the_machine_allows() {
        let shown = shell::line(&apt("apt-get", Path::new("/cache")));
        assert!(shown.contains("-o Dir::Cache=/cache"), "{shown}");
        assert!(
            shown.contains("APT::Get::AllowUnauthenticated=false"),
            "{shown}"
        );
    }
}
