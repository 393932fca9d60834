//! A capture of a side.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::tshark::{Extent, Tshark};

/// A capture, and what became of it.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it was given.
    pub path: PathBuf,
    /// Bytes of the file.
    pub size: u64,
    /// Packets and times.
    pub extent: Extent,
    /// What is wrong with it, in tshark's words.
    pub problems: Vec<String>,
    /// Whether anything of it could be read.
    pub is_read: bool,
}

impl Source {
    /// The name without folders.
    #[must_use]
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .unwrap_or(self.path.as_os_str())
            .to_string_lossy()
            .into_owned()
    }

    /// Looks at a capture, without reading it.
    ///
    /// # Errors
    /// It is not there, or may not be read.
    pub fn find(tshark: &Tshark, path: &Path) -> Result<Self> {
        let about = std::fs::metadata(path).and_then(|about| {
            // Whether we may read it.
            std::fs::File::open(path).map(|_| about)
        });
        let about = about.map_err(|error| Error::of_file(path, &error))?;
        if about.is_dir() {
            return Err(Error::new(
                format!("{} is a folder.", path.display()),
                "Name the captures in it.",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            size: about.len(),
            extent: tshark.extent(path),
            problems: Vec::new(),
            is_read: false,
        })
    }
}
