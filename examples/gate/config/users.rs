//! Local users: `[basic]`, and what `[session]` has in common with it.

use std::collections::HashMap;

use portcullis::RequireLayer;
use portcullis::identity::password::HtpasswdFile;
use portcullis::permission::scope;

use super::files::Files;
use super::passwords::{self, Checks};
use super::section::Section;

/// The users of one section.
pub(crate) struct Local {
    /// Watched from here on.
    pub(crate) file: HtpasswdFile,
    /// Who may what, for sessions that began under an older configuration.
    pub(crate) rights: HashMap<String, Rights>,
    pub(crate) checks: Checks,
}

/// What a user is and may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
}

/// Reads `[basic]`.
pub(crate) fn read_basic(section: &mut Section<'_>, files: &Files) -> Option<Local> {
    read(section, files, "htpasswd")
}

/// Reads the users of a section whose `key` names their file.
pub(crate) fn read(section: &mut Section<'_>, files: &Files, key: &str) -> Option<Local> {
    section.need(key, "name a file of user:hash lines");
    let checks = passwords::read(section);
    let allow_weak = section.flag("allow_weak_hashes").unwrap_or(false);
    let roles = section.lists("roles").unwrap_or_default();
    let scopes = section.lists("scopes").unwrap_or_default();
    check_scopes(section, &scopes);

    let name = section.text(key)?;
    let path = files.folder.join(&name);
    let mut builder = HtpasswdFile::builder(&path);
    if allow_weak {
        builder = builder.allow_weak_hashes();
    }
    builder = roles.iter().fold(builder, |builder, (user, roles)| builder.roles(user.as_str(), roles));
    builder = scopes.iter().fold(builder, |builder, (user, scopes)| builder.scopes(user.as_str(), scopes));
    let file = match builder.open() {
        Ok(file) => file,
        Err(error) => {
            // Called as the configuration calls it.
            let path = format!("{:?}", path.display().to_string());
            for fault in error {
                section.fault(key, fault.to_string().replacen(&path, &format!("{name:?}"), 1));
            }
            return None;
        }
    };
    let state = file.state();
    for (key, lists) in [("roles", &roles), ("scopes", &scopes)] {
        for (user, _) in lists.iter().filter(|(user, _)| state.without_user().any(|name| name == user)) {
            section.fault(&format!("{key}.{user}"), format!("{name:?} has no such user; add or remove one"));
        }
    }

    let mut rights: HashMap<String, Rights> = HashMap::new();
    roles.into_iter().for_each(|(user, roles)| rights.entry(user).or_default().roles = roles);
    scopes.into_iter().for_each(|(user, scopes)| rights.entry(user).or_default().scopes = scopes);
    Some(Local { file, rights, checks })
}

/// What is no scope could meet no rule, and could not be told in a challenge.
fn check_scopes(section: &Section<'_>, scopes: &[(String, Vec<String>)]) {
    for (name, list) in scopes {
        let faults = list.iter().filter_map(|name| RequireLayer::new(scope(name.as_str())).err()).flatten();
        faults.for_each(|fault| section.fault(&format!("scopes.{name}"), fault.problem()));
    }
}
