//! Which files of a kernel's modules one needs to load some of them.

/// The files of `modules.dep` that loading these modules takes, in no order. A module that is not listed is built into
/// this kernel.
pub(crate) fn files<'a>(dependencies: &'a str, modules: &[&str]) -> Vec<&'a str> {
    let mut files: Vec<&str> = Vec::new();
    for line in dependencies.lines() {
        let Some((file, needed)) = line.split_once(':') else {
            continue;
        };
        if modules.contains(&name(file)) {
            files.push(file);
            files.extend(needed.split_whitespace());
        }
    }
    files.sort_unstable();
    files.dedup();
    files
}

/// Name of the module in a file such as `kernel/fs/9p/9p.ko.xz`.
fn name(file: &str) -> &str {
    let file = file.rsplit('/').next().unwrap_or(file);
    file.split_once(".ko").map_or(file, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPENDENCIES: &str = "kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz\n\
                                kernel/net/9p/9pnet.ko.xz: kernel/fs/netfs/netfs.ko.xz\n\
                                kernel/fs/overlayfs/overlay.ko.xz:\n\
                                kernel/drivers/net/9pnot.ko.xz:\n";

    #[test]
    fn a_module_comes_with_what_it_needs_once() {
        assert_eq!(
            files(DEPENDENCIES, &["9p", "9pnet"]),
            [
                "kernel/fs/9p/9p.ko.xz",
                "kernel/fs/netfs/netfs.ko.xz",
                "kernel/net/9p/9pnet.ko.xz"
            ]
        );
    }

    #[test]
    fn what_is_built_in_has_no_file() {
        assert_eq!(
            files(DEPENDENCIES, &["virtio_pci", "overlay"]),
            ["kernel/fs/overlayfs/overlay.ko.xz"]
        );
    }
}
