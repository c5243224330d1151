//! The files that a configuration names, relative to where it lies.

use std::path::PathBuf;
use std::{fs, io};

use super::section::Section;

/// The folder of the configuration.
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
}

/// A file's name as the configuration has it, and its content.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl Files {
    /// Reads the file that `key` names.
    pub(crate) fn read(&self, section: &mut Section<'_>, key: &str) -> Option<File> {
        let name = section.text(key)?;
        match self.content(&name) {
            Ok(content) => Some(File { name, content }),
            Err(error) => {
                section.fault(key, format!("{name:?} cannot be read: {error}; check the path and the permissions"));
                None
            }
        }
    }

    /// More than this is no list of users and no set of keys; reading it would not end, as with /dev/zero.
    const MAX_LENGTH: u64 = 64 * 1024 * 1024;

    fn content(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.folder.join(name);
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if metadata.len() > Self::MAX_LENGTH {
            return Err(io::Error::other("it is longer than 64 MiB"));
        }
        fs::read(path)
    }
}

impl File {
    /// The content without its one trailing newline, which editors put there.
    pub(crate) fn into_secret(mut self) -> Vec<u8> {
        if self.content.ends_with(b"\n") {
            self.content.pop();
            if self.content.ends_with(b"\r") {
                self.content.pop();
            }
        }
        self.content
    }
}
