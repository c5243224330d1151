//! Local users: `[basic]`, and what `[session]` has in common with it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use portcullis::RequireLayer;
use portcullis::identity::password::{HashPool, User, Users};
use portcullis::permission::scope;

use super::files::{File, Files};
use super::section::Section;

/// The users of one section.
pub(crate) struct Local {
    pub(crate) users: Users,
    /// The same names with what they may, for sessions that began under an older configuration.
    pub(crate) rights: HashMap<String, Rights>,
    pub(crate) hashing: Hashing,
}

/// What a user is and may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
}

/// The budget for hashing passwords.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Hashing {
    threads: usize,
    queue: usize,
    deadline: Duration,
}

/// Reads `[basic]`.
pub(crate) fn read_basic(section: &mut Section<'_>, files: &Files) -> Option<Local> {
    read(section, files, "htpasswd")
}

/// Reads the users of a section whose `key` names their file.
pub(crate) fn read(section: &mut Section<'_>, files: &Files, key: &str) -> Option<Local> {
    section.need(key, "name a file of user:hash lines");
    let hashing = section.section("hashing").map(read_hashing).unwrap_or_default();
    let roles = section.lists("roles");
    let scopes = section.lists("scopes");
    check_scopes(section, scopes.as_deref().unwrap_or_default());
    let file = files.read(section, key)?;
    let hashes = read_htpasswd(section, key, &file)?;

    let mut rights: HashMap<String, Rights> = HashMap::new();
    let mut grant = |key: &str, lists: Option<Vec<(String, Vec<String>)>>, put: fn(&mut Rights, Vec<String>)| {
        for (name, list) in lists.unwrap_or_default() {
            if hashes.contains_key(&name) {
                put(rights.entry(name).or_default(), list);
            } else {
                section.fault(&format!("{key}.{name}"), format!("{:?} has no such user; add or remove one", file.name));
            }
        }
    };
    grant("roles", roles, |rights, roles| rights.roles = roles);
    grant("scopes", scopes, |rights, scopes| rights.scopes = scopes);

    let mut users = Users::new();
    for (name, user) in hashes {
        let Rights { roles, scopes } = rights.get(&name).cloned().unwrap_or_default();
        // Names were checked with their lines.
        users.insert(&name, user.roles(roles).scopes(scopes)).ok()?;
    }
    Some(Local { users, rights, hashing })
}

/// What is no scope could meet no rule, and could not be told in a challenge.
fn check_scopes(section: &Section<'_>, scopes: &[(String, Vec<String>)]) {
    for (name, list) in scopes {
        let faults = list.iter().filter_map(|name| RequireLayer::new(scope(name.as_str())).err()).flatten();
        faults.for_each(|fault| section.fault(&format!("scopes.{name}"), fault.problem()));
    }
}

/// `user:hash` lines; blank ones and those that begin with # are passed over.
fn read_htpasswd(section: &Section<'_>, key: &str, file: &File) -> Option<BTreeMap<String, User>> {
    let File { name: file, content } = file;
    let Ok(text) = str::from_utf8(content) else {
        section.fault(key, format!("{file:?} is not UTF-8; convert it"));
        return None;
    };
    let mut users = BTreeMap::new();
    let mut known = Users::new();
    let mut sound = true;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut fault = |problem: String| {
            section.fault(key, format!("{file:?} line {}: {problem}", index + 1));
            sound = false;
        };
        if line.starts_with('\u{feff}') {
            fault(String::from("begins with a byte order mark; save the file as UTF-8 without one"));
            continue;
        }
        let Some((name, hash)) = line.split_once(':') else {
            fault(String::from("no colon; write user:hash"));
            continue;
        };
        if name != name.trim() {
            fault(format!("the name {name:?} begins or ends with a blank; remove it"));
            continue;
        }
        match User::new(hash) {
            Ok(user) => match known.insert(name, user.clone()) {
                Ok(()) => drop(users.insert(name.to_owned(), user)),
                Err(error) => fault(error.to_string()),
            },
            Err(error) => fault(error.to_string()),
        }
    }
    if sound && users.is_empty() {
        section.fault(key, format!("{file:?} holds no user; add one, or remove the section"));
        sound = false;
    }
    sound.then_some(users)
}

fn read_hashing(mut section: Section<'_>) -> Hashing {
    let default = Hashing::default();
    let hashing = Hashing {
        threads: section.count("threads").unwrap_or(default.threads),
        queue: section.count("queue").unwrap_or(default.queue),
        deadline: section.duration("deadline").unwrap_or(default.deadline),
    };
    if let Err(error) = hashing.pool() {
        for fault in error {
            let key = fault.setting().rsplit(' ').next().unwrap_or_default().to_owned();
            section.fault(&key, fault.problem());
        }
    }
    section.close();
    hashing
}

impl Hashing {
    /// Threads with this budget.
    pub(crate) fn pool(&self) -> Result<HashPool, portcullis::ConfigError> {
        HashPool::builder().threads(self.threads).queue(self.queue).deadline(self.deadline).build()
    }
}

impl Default for Hashing {
    fn default() -> Self {
        Self { threads: 1, queue: 64, deadline: Duration::from_secs(5) }
    }
}
