//! Policy files, as they are written.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
};

/// Another text in place of this one, unless somebody changed the file since it was read.
pub(super) fn replace(path: &Path, before: &str, after: &str) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let found = fs::read(path).map_err(named)?;
    if found != before.as_bytes() {
        return Err(io::Error::other(format!(
            "{} was changed meanwhile: it was left as it is; look again",
            path.display()
        )));
    }
    write(path, after).map_err(named)
}

/// All of it or nothing: whoever reads the file meanwhile finds the old one. It keeps its owner and permissions, and where it is a link the file that it
/// leads to is written.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut new = name.to_owned();
    new.push(".proposed");
    let new = path.with_file_name(new);
    let written = fs::write(&new, text).and_then(|()| {
        if let Ok(before) = fs::metadata(&path) {
            chown(&new, Some(before.uid()), Some(before.gid()))?;
            fs::set_permissions(&new, before.permissions())?;
        }
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, &path)
    });
    if written.is_err() {
        fs::remove_file(&new).map_or_else(|_| (), |()| ());
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_link_stays_one_and_the_file_keeps_its_permissions() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("site.yaml");
        let link = directory.path().join("policy.yaml");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, "old", "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_somebody_else_wrote_is_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policy.yaml");
        fs::write(&file, "theirs").unwrap();
        let error = replace(&file, "old", "new").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("policy.yaml was changed meanwhile: it was left as it is; look again"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        fs::remove_file(&file).unwrap();
        let error = replace(&file, "old", "new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("policy.yaml: "), "{error}");
        write(&file, "first").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "first");
    }
}
