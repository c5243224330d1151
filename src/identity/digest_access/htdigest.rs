//! The file that Apache's `htdigest` writes.

use super::ha1::Ha1;
use super::users::DigestUsers;
use crate::credentials::DigestAlgorithm;
use crate::error::{ConfigError, ConfigFault};

/// Adds the lines of `text` that are for the realm of `users`.
pub(super) fn read(mut users: DigestUsers, text: &str) -> Result<DigestUsers, ConfigError> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(problem) = add(&mut users, line) {
            faults.push(ConfigFault::new(format!("htdigest, line {}", index + 1), problem));
        }
    }
    if faults.is_empty() && users.names().next().is_none() {
        let problem = format!("has no line of the realm {:?}; the realm is part of what is hashed", users.realm());
        faults.push(ConfigFault::new("htdigest", problem));
    }
    ConfigError::unless_empty(faults, users)
}

/// What is wrong with a line tells nothing of its digest.
fn add(users: &mut DigestUsers, line: &str) -> Result<(), String> {
    if line.starts_with('\u{feff}') {
        return Err("begins with a byte order mark; save the file as UTF-8 without one".into());
    }
    // A realm may hold colons; neither a name nor a digest can.
    let parts = line.split_once(':').and_then(|(name, rest)| Some((name, rest.rsplit_once(':')?)));
    let (name, (realm, hex)) = parts.ok_or("is not name:realm:H(A1); write it with htdigest, or remove it")?;
    let algorithm = match hex.len() {
        32 => DigestAlgorithm::Md5,
        64 => DigestAlgorithm::Sha256,
        _ => {
            return Err(
                "has an H(A1) that is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits; make it anew".into()
            );
        }
    };
    let problem = |error: ConfigError| error.faults().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let ha1 = Ha1::from_hex(algorithm, hex).map_err(problem)?;
    if realm == users.realm() { users.insert_ha1(name, ha1).map_err(problem) } else { Ok(()) }
}
