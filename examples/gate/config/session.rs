//! `[session]`: log-in and what it leaves behind.

use std::time::Duration;

use portcullis::credentials::{CookieName, SessionCookie};
use portcullis::identity::session::{MemoryStore, Sessions};

use super::files::Files;
use super::section::Section;
use super::users::{self, Local};

/// Sessions and who may begin them.
pub(crate) struct SessionArea {
    pub(crate) local: Local,
    pub(crate) cookie: SessionCookie,
    pub(crate) limits: Limits,
}

/// How long sessions live, and how many a user may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Limits {
    idle: Duration,
    absolute: Duration,
    per_user: usize,
}

/// Reads `[session]`.
pub(crate) fn read(section: &mut Section<'_>, files: &Files) -> Option<SessionArea> {
    if let Some(store) = section.text("store").filter(|store| store != "memory") {
        let kind = store.split(':').next().unwrap_or_default();
        section.fault("store", format!("{kind:?} is not available; use \"memory\""));
    }
    let limits = Limits {
        idle: section.duration("idle").unwrap_or(Duration::from_secs(30 * 60)),
        absolute: section.duration("absolute").unwrap_or(Duration::from_secs(12 * 60 * 60)),
        per_user: section.count("max_per_user").unwrap_or(10),
    };
    if let Err(error) = limits.sessions() {
        for fault in error {
            let key = if fault.setting() == "max_per_subject" { "max_per_user" } else { fault.setting() };
            section.fault(key, fault.problem());
        }
    }
    let name = section.text("cookie").unwrap_or_else(|| String::from("__Host-gate"));
    let cookie = CookieName::new(&name).map_err(|fault| section.fault("cookie", fault.problem())).ok();
    let local = users::read(section, files, "users");
    Some(SessionArea { local: local?, cookie: SessionCookie::new(cookie?), limits })
}

impl Limits {
    /// The keys by which this differs from `other`.
    pub(crate) fn changed(&self, other: &Self) -> impl Iterator<Item = &'static str> {
        let keys = [
            ("idle", self.idle != other.idle),
            ("absolute", self.absolute != other.absolute),
            ("max_per_user", self.per_user != other.per_user),
        ];
        keys.into_iter().filter_map(|(key, changed)| changed.then_some(key))
    }

    /// No sessions yet, under these limits.
    pub(crate) fn sessions(&self) -> Result<Sessions, portcullis::ConfigError> {
        let Self { idle, absolute, per_user } = *self;
        Sessions::builder(MemoryStore::new()).idle(idle).absolute(absolute).max_per_subject(per_user).build()
    }
}
