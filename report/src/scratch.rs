//! A folder for what tshark writes, that is gone when we are, also when we are interrupted.

use std::path::PathBuf;
use std::sync::Mutex;

use tempfile::TempDir;

use crate::error::{Error, Result};

/// Folders to remove when a signal ends us.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Makes one.
///
/// # Errors
/// There is no room for temporary files.
pub fn folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("aerospike-report-").tempdir();
    let folder = folder.map_err(|error| Error::new(format!("a folder for temporary files: {error}"), ""))?;
    let mut folders = FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if folders.is_empty() {
        // A second handler is refused, which is fine: there is one.
        let _ = ctrlc::set_handler(|| {
            let folders = FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for folder in folders.iter() {
                let _ = std::fs::remove_dir_all(folder);
            }
            // As a shell says it of one that was interrupted.
            std::process::exit(130);
        });
    }
    folders.push(folder.path().to_owned());
    Ok(folder)
}
