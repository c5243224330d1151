//! `gate --new-api-key`: makes a key, shows it once, and keeps its digest.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use portcullis::clock::{Clock, SystemClock};
use portcullis::credentials::ApiKey;
use portcullis::identity::api_key::{ApiKeyRecord, FileApiKeys};

use crate::config::{self, Faults};

/// What the key is to be.
pub(crate) struct NewKey {
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    /// After which time it ends; `None` for never.
    pub(crate) expires: Option<String>,
}

/// Adds a key to the file that the configuration at `config` names.
pub(crate) fn make(config: &Path, wanted: NewKey) -> Result<ApiKey, Faults> {
    let file = config::key_file(config)?;
    let key = ApiKey::generate(config::KEY_PREFIX).map_err(Faults::at("new-api-key"))?;
    let mut record = ApiKeyRecord::new(&key, wanted.owner).with_scopes(wanted.scopes);
    if let Some(text) = wanted.expires {
        let Some(time) = config::parse_duration(&text).filter(|time| !time.is_zero()) else {
            let problem = format!("{text:?} is no time span; write a number and s, m or h, as in \"720h\"");
            return Err(Faults::one(format!("expires: {problem}")));
        };
        record = record.with_expires_at(SystemClock.now().saturating_add(time));
    }
    let line = record.to_line().map_err(Faults::at("new-api-key"))?;
    append(&file, &line)?;
    Ok(key)
}

/// Appends to the file, which is its owner's business alone, unless something is wrong with what is there.
fn append(file: &PathBuf, line: &str) -> Result<(), Faults> {
    let unusable = |error: io::Error| Faults::one(format!("api_keys.file: {}: {error}", file.display()));
    let content = match fs::read(file) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(unusable(error)),
    };
    FileApiKeys::parse(&content).map_err(Faults::at("api_keys.file"))?;
    // The last line may lack its end, where somebody wrote it by hand.
    let between = if content.is_empty() || content.ends_with(b"\n") { "" } else { "\n" };
    let write = || {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(format!("{between}{line}\n").as_bytes())?;
        file.sync_all()
    };
    write().map_err(unusable)
}
