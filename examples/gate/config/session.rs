//! `[session]`: log-in and what it leaves behind.

use std::time::Duration;

use portcullis::authenticate::{SameOrigin, Session};
use portcullis::credentials::{CookieName, SessionCookie};
use portcullis::identity::session::{MemoryStore, Sessions, SessionsBuilder};
use portcullis::{AuthenticateLayer, ConfigError};

use super::files::Files;
use super::section::Section;
use super::store::{self, Store};
use super::users::{self, Local};

/// Sessions and who may begin them.
pub(crate) struct SessionArea {
    pub(crate) local: Local,
    pub(crate) store: Store,
    pub(crate) cookie: SessionCookie,
    pub(crate) same_origin: SameOrigin,
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
    let store = store::read(section, files);
    let limits = Limits {
        idle: section.duration("idle").unwrap_or(Duration::from_secs(30 * 60)),
        absolute: section.duration("absolute").unwrap_or(Duration::from_secs(12 * 60 * 60)),
        per_user: section.count("max_per_user").unwrap_or(10),
    };
    for fault in limits.hold_for(Sessions::builder(MemoryStore::new())).build().err().into_iter().flatten() {
        let key = if fault.setting() == "max_per_subject" { "max_per_user" } else { fault.setting() };
        section.fault(key, fault.problem());
    }
    let name = section.text("cookie").unwrap_or_else(|| String::from("__Host-gate"));
    let cookie = CookieName::new(&name).map_err(|fault| section.fault("cookie", fault.problem())).ok();
    let same_origin = read_origins(section);
    let local = users::read(section, files, "users");
    Some(SessionArea { local: local?, store: store?, cookie: SessionCookie::new(cookie?), same_origin, limits })
}

/// Whose pages may act with our cookie, beside our own.
fn read_origins(section: &mut Section<'_>) -> SameOrigin {
    let origins = section.some_names("trusted_origins").unwrap_or_default();
    let rule = origins.into_iter().fold(SameOrigin::default(), |rule, origin| rule.allow_origin(origin));
    for fault in faults_of(&rule).into_iter().flatten() {
        section.fault("trusted_origins", fault.to_string().replacen("allow_origin ", "", 1));
    }
    rule
}

/// What a layer would not be built with.
fn faults_of(rule: &SameOrigin) -> Option<ConfigError> {
    let sessions = Sessions::new(MemoryStore::new());
    AuthenticateLayer::new(Session::new("gate", sessions).same_origin(rule.clone())).err()
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

    /// Puts sessions under these limits.
    pub(crate) fn hold_for(&self, sessions: SessionsBuilder) -> SessionsBuilder {
        let Self { idle, absolute, per_user } = *self;
        sessions.idle(idle).absolute(absolute).max_per_subject(per_user)
    }
}
