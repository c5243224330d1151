//! `[api_keys]`: keys for programs.

use std::path::{Path, PathBuf};

use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, PROXY_AUTHORIZATION};
use portcullis::authenticate::ApiKeys;
use portcullis::identity::api_key::{FileApiKeys, MemoryApiKeys};
use toml::Value;

use super::files::Files;
use super::section::{Faults, Section};

/// What every key that is made here begins with.
pub(crate) const PREFIX: &str = "gate";

/// The keys there are.
pub(crate) struct KeyRing {
    pub(crate) keys: MemoryApiKeys,
    /// What they begin with.
    pub(crate) prefixes: Vec<String>,
    /// The field that carries them.
    pub(crate) header: HeaderName,
}

pub(super) fn read(section: &mut Section<'_>, files: &Files) -> Option<KeyRing> {
    section.need("file", "name a file of keys; gate --new-api-key OWNER begins one");
    let header = match section.text("header") {
        None => Some(ApiKeys::DEFAULT_HEADER),
        Some(name) => read_header(section, &name),
    };
    let file = files.read(section, "file")?;
    let records = match FileApiKeys::parse(&file.content) {
        Ok(records) => records,
        Err(error) => {
            error.into_iter().for_each(|fault| section.fault("file", format!("{:?} {fault}", file.name)));
            return None;
        }
    };
    let prefix = |id: &str| id.split('_').next().unwrap_or_default().to_owned();
    let mut prefixes: Vec<_> = records.iter().map(|record| prefix(record.id())).collect();
    prefixes.push(PREFIX.to_owned());
    prefixes.sort_unstable();
    prefixes.dedup();
    let keys = MemoryApiKeys::new();
    keys.replace(records).map_err(|error| section.faults_of("file", error)).ok()?;
    Some(KeyRing { keys, prefixes, header: header? })
}

fn read_header(section: &Section<'_>, name: &str) -> Option<HeaderName> {
    let Ok(header) = HeaderName::try_from(name) else {
        section.fault("header", format!("{name:?} is no name of a field; write it as in \"X-API-Key\""));
        return None;
    };
    if [AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION].contains(&header) {
        section.fault("header", format!("{name:?} has a meaning of its own; name another, as in \"X-API-Key\""));
    }
    Some(header)
}

/// The file that `[api_keys]` of the configuration at `path` names, there or not yet.
pub(crate) fn locate(path: &Path) -> Result<PathBuf, Faults> {
    let table = super::parse(path)?;
    let named = table.get("api_keys").and_then(|section| section.get("file")).and_then(Value::as_str);
    match named {
        Some(name) if !name.trim().is_empty() => Ok(path.parent().map(Path::to_owned).unwrap_or_default().join(name)),
        _ => Err(Faults::one(String::from("api_keys.file: missing; name the file that is to hold the keys"))),
    }
}
