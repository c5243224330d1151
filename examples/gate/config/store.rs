//! `store` of `[session]`: where sessions are kept.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use portcullis::identity::session::{MemoryStore, PostgresStore, RedisStore, Sessions, SessionsBuilder};
use portcullis::{ConfigError, Secret};

use super::files::Files;
use super::section::Section;
use crate::sqlite::SqliteFile;

/// A store that nobody has asked anything yet.
pub(crate) struct Store {
    kind: Kind,
    /// As it is configured. There may be a password in it.
    address: Secret<String>,
}

enum Kind {
    Memory,
    Sqlite(PathBuf),
    Redis(RedisStore),
    Postgres(PostgresStore),
}

const MEMORY: &str = "memory";

/// Reads `store`; what is wrong with it is told without repeating it.
pub(super) fn read(section: &mut Section<'_>, files: &Files) -> Option<Store> {
    let text = section.text("store").unwrap_or_else(|| MEMORY.to_owned());
    let (scheme, rest) = text.split_once(':').unwrap_or((&text, ""));
    let kind = match scheme.split('+').next().unwrap_or_default() {
        MEMORY if text == MEMORY => Some(Kind::Memory),
        "sqlite" => match find_file(files, rest) {
            Ok(path) => Some(Kind::Sqlite(path)),
            Err(problem) => {
                section.fault("store", problem);
                None
            }
        },
        "redis" | "rediss" | "valkey" | "valkeys" => told(section, RedisStore::new(&text)).map(Kind::Redis),
        "postgres" | "postgresql" => told(section, PostgresStore::builder(&text).build()).map(Kind::Postgres),
        _ => {
            let kinds = "\"memory\", \"sqlite:PATH\", \"redis://…\", \"rediss://…\", either with +cluster or +sentinel, and \"postgres://…\"";
            section.fault("store", format!("is none of {kinds}"));
            None
        }
    };
    kind.map(|kind| Store { kind, address: Secret::new(text) })
}

fn told<T>(section: &Section<'_>, built: Result<T, ConfigError>) -> Option<T> {
    built.map_err(|error| error.into_iter().for_each(|fault| section.fault("store", fault.problem()))).ok()
}

/// The file, which may have to be made, in a folder that is there.
fn find_file(files: &Files, name: &str) -> Result<PathBuf, String> {
    if name.is_empty() || name == ":memory:" {
        return Err(String::from("names no file; write \"sqlite:PATH\", or \"memory\""));
    }
    if name.starts_with("//") || name.contains('?') {
        return Err(String::from("has slashes or options that SQLite's own addresses have; write \"sqlite:PATH\""));
    }
    let path = files.folder.join(name);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(format!("the folder of {name:?} is not there; make it"));
    }
    match check_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("{name:?} cannot be used: {error}; name another, or check the permissions"))
        }
        _ => Ok(path),
    }
}

/// Whether the file may be written, and is one of SQLite's or empty. Nothing in it is changed.
fn check_file(path: &Path) -> io::Result<()> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut opening = Vec::new();
    OpenOptions::new().read(true).write(true).open(path)?.take(16).read_to_end(&mut opening)?;
    if opening.is_empty() || opening == b"SQLite format 3\0" {
        return Ok(());
    }
    Err(io::Error::other("it is no file of SQLite's"))
}

impl Store {
    /// Whether both are the same place.
    pub(crate) fn is_at(&self, other: &Secret<String>) -> bool {
        self.address == *other
    }

    /// Sessions that are kept here, and how this place is configured.
    pub(crate) fn sessions(self) -> (SessionsBuilder, Secret<String>) {
        let sessions = match self.kind {
            Kind::Memory => Sessions::builder(MemoryStore::new()),
            Kind::Sqlite(path) => Sessions::builder(SqliteFile::new(path)),
            Kind::Redis(store) => Sessions::builder(store),
            Kind::Postgres(store) => Sessions::builder(store),
        };
        (sessions, self.address)
    }
}
