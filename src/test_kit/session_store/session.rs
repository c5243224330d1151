//! The owners and sessions that a store is tried with: random ones, so that no other test has them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::tried::failed;
use crate::clock::{Clock, SystemClock};
use crate::credentials::SessionId;
use crate::identity::session::{Moment, SessionKey, SessionOwner, SessionRecord, SessionRow, SessionTicket};

/// A subject that nobody else has.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    issuer: String,
    subject: String,
}

impl Owner {
    pub(super) fn new() -> Self {
        Self::of("https://id.example", "alice")
    }

    /// With what makes it one of its kind at the end of the subject.
    pub(super) fn of(issuer: &str, subject: &str) -> Self {
        let number: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { issuer: issuer.into(), subject: format!("{subject}-{number}") }
    }

    /// Another owner whose names, put together, are the same.
    pub(super) fn namesake(&self) -> Self {
        let (first, rest) = self.subject.split_at(1);
        Self { issuer: format!("{}{first}", self.issuer), subject: rest.into() }
    }

    /// Another owner in the same shard.
    pub(super) fn neighbour(&self) -> Self {
        let others = (0_u64..).map(|number| Self { subject: format!("{}-{number}", self.subject), ..self.clone() });
        let mut neighbours = others.filter(|other| other.as_owner().shard() == self.as_owner().shard());
        neighbours.next().unwrap_or_else(|| failed("no owner shares the shard"))
    }

    pub(super) fn as_owner(&self) -> SessionOwner<'_> {
        SessionOwner::new(&self.issuer, &self.subject)
    }

    /// A session that begins now and ends in an hour, if no request comes.
    pub(super) fn session(&self) -> Session {
        self.session_at(now())
    }

    /// A session that begins then.
    pub(super) fn session_at(&self, created_at: Moment) -> Session {
        self.session_with(created_at, created_at.saturating_add(HOUR), json!({}))
    }

    /// A session that is over then.
    pub(super) fn session_until(&self, ends_at: Moment) -> Session {
        self.session_with(now(), ends_at, json!({}))
    }

    /// A session with more facts.
    pub(super) fn session_with(&self, created_at: Moment, ends_at: Moment, more: Value) -> Session {
        let expires_at = ends_at.max(created_at.saturating_add(12 * HOUR));
        let mut facts = Map::from_iter([
            ("v".into(), json!(1)),
            ("issuer".into(), json!(self.issuer)),
            ("subject".into(), json!(self.subject)),
            ("created_at".into(), json!(created_at.as_millis())),
            ("expires_at".into(), json!(expires_at.as_millis())),
        ]);
        if let Value::Object(more) = more {
            facts.extend(more);
        }
        let mut key = random::<16>();
        let [high, low] = self.as_owner().shard().to_be_bytes();
        (key[14], key[15]) = (key[0] ^ high, key[1] ^ low);
        let key = SessionKey::from_bytes(key);
        let shown = ticket(key);
        let row = SessionRow {
            key,
            digest: *shown.digest(),
            previous: None,
            owner: *self.as_owner().digest(),
            last_seen: created_at,
            ends_at,
            facts: facts_of(&facts),
        };
        Session { owner: self.clone(), shown, facts, row }
    }
}

/// A session: what its client shows, and what a store keeps of it.
#[derive(Clone)]
pub(super) struct Session {
    owner: Owner,
    shown: SessionTicket,
    facts: Map<String, Value>,
    row: SessionRow,
}

impl Session {
    pub(super) const fn owner(&self) -> &Owner {
        &self.owner
    }

    pub(super) const fn shown(&self) -> &SessionTicket {
        &self.shown
    }

    pub(super) const fn key(&self) -> SessionKey {
        self.row.key
    }

    pub(super) const fn last_seen(&self) -> Moment {
        self.row.last_seen
    }

    pub(super) const fn ends_at(&self) -> Moment {
        self.row.ends_at
    }

    pub(super) fn record(&self) -> SessionRecord {
        self.row.clone().into_record().unwrap_or_else(|error| failed(format_args!("the suite made {error}")))
    }

    /// As it is after a request was noted.
    pub(super) fn seen(mut self, last_seen: Moment, ends_at: Moment) -> Self {
        (self.row.last_seen, self.row.ends_at) = (last_seen, ends_at);
        self
    }

    /// As it is after a rotation at that time, which says more of its owner.
    pub(super) fn rotated(&self, at: Moment) -> Self {
        let mut rotated = self.clone();
        rotated.shown = ticket(self.key());
        rotated.row.previous = Some(self.row.digest);
        rotated.row.digest = *rotated.shown.digest();
        rotated.facts.insert("roles".into(), json!(["approver"]));
        rotated.row.facts = facts_of(&rotated.facts);
        rotated.seen(at, at.saturating_add(HOUR))
    }

    /// Another session of the owner that has come by the same key.
    pub(super) fn with_the_same_key(&self) -> Self {
        let mut other = self.clone();
        other.shown = ticket(self.key());
        other.row.digest = *other.shown.digest();
        other
    }

    /// What somebody shows who knows the key and not the secret.
    pub(super) fn guessed(&self) -> SessionTicket {
        ticket(self.key())
    }
}

/// What a client shows that has a new secret.
fn ticket(key: SessionKey) -> SessionTicket {
    SessionTicket::of(&SessionId::from_halves(&random(), key.as_bytes()))
}

fn facts_of(facts: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(facts).unwrap_or_else(|error| failed(error))
}

/// Now, and no whole second.
pub(super) fn now() -> Moment {
    Moment::from_millis(SystemClock.now().as_secs() * 1000 + 123)
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap_or_else(|error| failed(error));
    bytes
}

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
