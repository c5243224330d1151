//! A key as a line of a file: `prefix_id:digest:owner:scopes:expiry`.

use std::collections::HashMap;

use super::record::ApiKeyRecord;
use crate::clock::UnixTime;
use crate::credentials::{ApiKey, is_prefix};
use crate::error::{ConfigError, ConfigFault};
use crate::names::is_scope_token;

impl ApiKeyRecord {
    /// The line that stands for this key in the file of a [`FileApiKeys`](super::FileApiKeys), without a line end.
    ///
    /// ```
    /// use portcullis::clock::UnixTime;
    /// use portcullis::identity::api_key::ApiKeyRecord;
    ///
    /// let record = ApiKeyRecord::with_digest("acme_3Qk8ZrT0vWx1", [0xab; 32], "ci")
    ///     .with_scopes(["orders:read", "orders:write"])
    ///     .with_expires_at(UnixTime::from_secs(1_893_456_000));
    /// let digest = "ab".repeat(32);
    /// assert_eq!(
    ///     record.to_line()?,
    ///     format!("acme_3Qk8ZrT0vWx1:{digest}:ci:orders:read orders:write:1893456000")
    /// );
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When something could not be read again: an owner that is empty or has a colon, a blank at an end or a control
    /// character; a scope that is none. And when it has what a line has no place for: roles, a label.
    pub fn to_line(&self) -> Result<String, ConfigError> {
        let mut faults = Vec::new();
        let mut fault = |setting: &'static str, problem: &'static str| faults.push(ConfigFault::new(setting, problem));
        if let Some(problem) = fault_of_owner(self.owner()) {
            fault("owner", problem);
        }
        if !self.scopes().iter().all(is_scope_token) {
            fault("scopes", BAD_SCOPE);
        }
        if !self.roles().is_empty() || self.label().is_some() {
            fault("API key", "a file of keys has no place for roles and labels; leave them out");
        }
        let digest: String = self.digest().iter().map(|byte| format!("{byte:02x}")).collect();
        let expiry = self.expires_at().map(|end| end.to_string()).unwrap_or_default();
        let line = format!("{}:{digest}:{}:{}:{expiry}", self.id(), self.owner(), self.scopes().to_scope());
        ConfigError::unless_empty(faults, line)
    }
}

/// Reads all lines, and says everything that is wrong with any of them.
pub(super) fn read_all(content: &[u8]) -> Result<Vec<ApiKeyRecord>, ConfigError> {
    let Ok(text) = str::from_utf8(content) else {
        return Err(ConfigFault::new("file", "is not UTF-8; convert it").into());
    };
    let (mut records, mut faults, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut fault = |problem: String| faults.push(ConfigFault::new(format!("line {number}"), problem));
        match read(line) {
            Err(problem) => fault(problem.to_owned()),
            Ok(record) => match seen.insert(record.id().to_owned(), number) {
                Some(first) => fault(format!("the key of line {first} once more; remove one of them")),
                None => records.push(record),
            },
        }
    }
    ConfigError::unless_empty(faults, records)
}

/// Reads one line. What is wrong is said without what stands there: people put the key itself into the wrong place.
fn read(line: &str) -> Result<ApiKeyRecord, &'static str> {
    if line.starts_with('\u{feff}') {
        return Err("begins with a byte order mark; save the file as UTF-8 without one");
    }
    // Scopes have colons, so the end is found from the end.
    let parts = || {
        let (id, rest) = line.split_once(':')?;
        let (digest, rest) = rest.split_once(':')?;
        let (owner, rest) = rest.split_once(':')?;
        let (scopes, expiry) = rest.rsplit_once(':')?;
        Some((id, digest, owner, scopes, expiry))
    };
    let (id, digest, owner, scopes, expiry) = parts()
        .ok_or("has too few colons; write prefix_id:digest:owner:scopes:expiry, with an empty expiry for none")?;
    let is_id = id.split_once('_').is_some_and(|(prefix, id)| {
        is_prefix(prefix) && id.len() == ApiKey::ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if !is_id {
        return Err("does not begin with the id of a key: its prefix, an underscore, 12 letters and digits");
    }
    let digest = read_digest(digest).ok_or("has no digest: 64 lower-case hexadecimal digits")?;
    if let Some(problem) = fault_of_owner(owner) {
        return Err(problem);
    }
    if !scopes.is_empty() && !scopes.split(' ').all(is_scope_token) {
        return Err(BAD_SCOPE);
    }
    let record =
        ApiKeyRecord::with_digest(id, digest, owner).with_scopes(scopes.split(' ').filter(|name| !name.is_empty()));
    match expiry {
        "" => Ok(record),
        seconds if seconds.bytes().all(|byte| byte.is_ascii_digit()) => match seconds.parse() {
            Ok(seconds) => Ok(record.with_expires_at(UnixTime::from_secs(seconds))),
            Err(_) => Err("has an expiry beyond the end of time"),
        },
        _ => Err("has no expiry: seconds since 1970, or nothing after the last colon for none"),
    }
}

fn read_digest(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    bytes?.try_into().ok()
}

fn fault_of_owner(owner: &str) -> Option<&'static str> {
    let is_bad = owner.is_empty() || owner.trim() != owner || owner.contains(|c: char| c == ':' || c.is_control());
    is_bad.then_some("the owner is empty, or has a colon, a control character, or a blank at an end; name somebody")
}

const BAD_SCOPE: &str =
    "has scopes that are none; write each in visible ASCII without \" and \\, one blank between two";
