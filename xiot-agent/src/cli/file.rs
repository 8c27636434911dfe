//! Policy files, as they are written.

use std::{fs, io, path::Path};

/// All of it or nothing: whoever reads the file meanwhile finds the old one.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut new = name.to_owned();
    new.push(".proposed");
    let new = path.with_file_name(new);
    let written = fs::write(&new, text).and_then(|()| {
        if let Ok(before) = fs::metadata(path) {
            fs::set_permissions(&new, before.permissions())?;
        }
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        fs::remove_file(&new).map_or_else(|_| (), |()| ());
    }
    written
}
