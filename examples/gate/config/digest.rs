//! `[digest]`: users who prove a password without sending it.

use portcullis::credentials::DigestAlgorithm;
use portcullis::identity::digest_access::DigestUsers;

use super::files::Files;
use super::section::Section;

/// Who may come in by Digest, and how.
pub(crate) struct DigestArea {
    pub(crate) users: DigestUsers,
    /// Most preferred first; never empty.
    pub(crate) algorithms: Vec<DigestAlgorithm>,
}

/// Reads `[digest]`; of the file, those lines count that are for `realm`.
pub(super) fn read(section: &mut Section<'_>, files: &Files, realm: &str) -> Option<DigestArea> {
    section.need("htdigest", "name a file of user:realm:HA1 lines, as htdigest writes it");
    let algorithms = match (section.has("algorithms"), section.names("algorithms")) {
        (false, _) => Some(vec![DigestAlgorithm::Sha256]),
        (true, names) => names.and_then(|names| read_algorithms(section, &names)),
    };
    let file = files.read(section, "htdigest")?;
    let Ok(text) = str::from_utf8(&file.content) else {
        section.fault("htdigest", format!("{:?} is not UTF-8; convert it", file.name));
        return None;
    };
    let users = match DigestUsers::from_htdigest(realm, text) {
        Ok(users) => users,
        Err(error) => {
            for fault in error {
                let line = fault.setting().strip_prefix("htdigest,").unwrap_or_default();
                section.fault("htdigest", format!("{:?}{line}: {}", file.name, fault.problem()));
            }
            return None;
        }
    };
    let algorithms = algorithms?;
    let has = |algorithm: &DigestAlgorithm| {
        text.lines().any(|line| line.rsplit(':').next().is_some_and(|digits| digits.len() == algorithm.hex_length()))
    };
    if !algorithms.iter().any(has) {
        let names: Vec<_> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
        let names = names.join(" or ");
        section.fault(
            "algorithms",
            format!(
                "{:?} has no HA1 for {names}, so nobody could ever get in; make others, or offer others",
                file.name
            ),
        );
    }
    Some(DigestArea { users, algorithms })
}

fn read_algorithms(section: &Section<'_>, names: &[String]) -> Option<Vec<DigestAlgorithm>> {
    let mut algorithms = Vec::new();
    for name in names {
        match DigestAlgorithm::named(name) {
            // The length of a HA1 says the algorithm, and 64 digits say SHA-256.
            Some(DigestAlgorithm::Sha512_256) => {
                section.fault("algorithms", "SHA-512-256 cannot be told in a file of htdigest; use \"SHA-256\"");
            }
            Some(algorithm) if algorithms.contains(&algorithm) => {
                section.fault("algorithms", format!("names {} twice", algorithm.name()));
            }
            Some(algorithm) => algorithms.push(algorithm),
            None => section.fault("algorithms", format!("{name:?} is none of \"SHA-256\" and \"MD5\"")),
        }
    }
    (algorithms.len() == names.len()).then_some(algorithms)
}
