//! Writing a file whole or not at all.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes beside, then renames: who opens `path` finds the old one or the new one. `-` is the standard output.
///
/// # Errors
/// Those of the file; then nothing is left behind.
pub fn whole(path: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| Error::of_file(path, &error);
    if path.as_os_str() == "-" {
        return std::io::stdout().write_all(text.as_bytes()).map_err(failed);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".aerospike-report-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(failed)?;
    beside
        .write_all(text.as_bytes())
        .and_then(|()| beside.flush())
        .map_err(failed)?;
    beside.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("there");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("file"), "old").unwrap();
        // A folder that is not empty cannot be replaced.
        assert!(whole(&place, "new").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        whole(&place.join("file"), "new").unwrap();
        assert_eq!(std::fs::read_to_string(place.join("file")).unwrap(), "new");
        assert!(whole(Path::new("/nowhere/at/all"), "x").is_err());
    }
}
