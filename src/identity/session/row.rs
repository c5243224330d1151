//! A session as a store outside the process keeps it.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::StoreError;
use super::key::SessionKey;
use super::moment::Moment;
use super::record::{Kept, SessionRecord};
use crate::clock::UnixTime;
use crate::identity::identity::{AuthTime, Facts};

/// A [`SessionRecord`] in the columns that a store needs for itself, and one for the rest.
///
/// Nothing in it opens a session. What comes back from a store is not trusted further than that: a row that cannot be
/// what [`SessionRecord::to_row`] wrote is [damaged](StoreError::is_damaged).
///
/// ```
/// use portcullis::Identity;
/// use portcullis::identity::session::{MemoryStore, SessionOwner, SessionStart, SessionStore, Sessions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let store = MemoryStore::new();
/// # let sessions = Sessions::new(store.clone());
/// # sessions.create(&Identity::assertion("staff", "alice").build(), SessionStart::new()).await?;
/// # let record = store.list(&SessionOwner::new("staff", "alice")).await?.remove(0);
/// let mut row = record.to_row()?;
/// assert_eq!(row.clone().into_record()?.key(), record.key());
///
/// row.facts.truncate(20);
/// assert!(row.into_record().unwrap_err().is_damaged());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "stores take it apart and put it together")]
pub struct SessionRow {
    /// What finds the session.
    pub key: SessionKey,
    /// The digest of the id that opens it.
    pub digest: [u8; 32],
    /// The digest of the id before the last rotation.
    pub previous: Option<[u8; 32]>,
    /// The digest of its owner.
    pub owner: [u8; 32],
    /// When its last noted request came.
    pub last_seen: Moment,
    /// When it is over, should no request come.
    pub ends_at: Moment,
    /// The rest, in JSON; [`MAX_FACTS`](Self::MAX_FACTS) bytes at most. Touching changes nothing here.
    pub facts: Vec<u8>,
}

impl SessionRow {
    /// How many bytes [`facts`](Self::facts) has at most: 65536. A store should not read more.
    pub const MAX_FACTS: usize = 64 * 1024;

    /// The session in the row.
    ///
    /// # Errors
    ///
    /// *Damaged* where the row is not one that was written here.
    pub fn into_record(self) -> Result<SessionRecord, StoreError> {
        let Self { key, digest, previous, owner, last_seen, ends_at, facts } = self;
        if facts.len() > Self::MAX_FACTS {
            return Err(StoreError::damaged("larger than any session"));
        }
        let written: Written<'_> =
            serde_json::from_slice(&facts).map_err(|_| StoreError::damaged("no JSON of ours"))?;
        if written.version != VERSION {
            return Err(StoreError::damaged("of another version"));
        }
        let expires_at = Moment::from_millis(written.expires_at);
        let mut facts = Facts::new(written.issuer.into(), written.subject);
        facts.credential_id = Some(key.to_string().into());
        facts.scopes = written.scopes.into_iter().collect();
        facts.roles = written.roles.into_iter().collect();
        facts.amr = written.amr.into_iter().collect();
        facts.acr = written.acr;
        facts.stamp = written.stamp;
        facts.auth_time = written.auth_time.map_or(AuthTime::Unknown, |then| AuthTime::At(UnixTime::from_secs(then)));
        facts.expires_at = Some(expires_at.to_unix_time());
        let kept = Kept {
            facts,
            value: written.value.map(|value| value.get().into()),
            key,
            digest,
            previous,
            label: written.label,
            address: written.address,
            remembered: written.remembered,
            created_at: Moment::from_millis(written.created_at),
            proved_at: Moment::from_millis(written.proved_at.unwrap_or(written.created_at)),
            expires_at,
        };
        let record = SessionRecord { kept: Arc::new(kept), last_seen, ends_at };
        if *record.owner().digest() != owner || record.owner().shard() != key.shard() {
            return Err(StoreError::damaged("under the key of another owner"));
        }
        Ok(record)
    }
}

impl SessionRecord {
    /// The session as a row.
    ///
    /// # Errors
    ///
    /// *Unavailable* where the identity carries a value that
    /// [`SessionsBuilder::keep_value`](super::SessionsBuilder::keep_value) does not keep, which would be lost, or where the
    /// identity is larger than a session may be.
    pub fn to_row(&self) -> Result<SessionRow, StoreError> {
        let Kept { facts, value, key, digest, previous, label, address, remembered, created_at, proved_at, expires_at } =
            &*self.kept;
        if facts.value.is_some() && value.is_none() {
            return Err(StoreError::unavailable(LOST_VALUE));
        }
        let value = value.as_deref().map(serde_json::from_str).transpose().map_err(StoreError::unavailable)?;
        let written = Written {
            version: VERSION,
            issuer: (*facts.issuer).into(),
            subject: facts.subject.clone(),
            scopes: facts.scopes.iter().map(Into::into).collect(),
            roles: facts.roles.iter().map(Into::into).collect(),
            amr: facts.amr.iter().map(Into::into).collect(),
            acr: facts.acr.clone(),
            auth_time: match facts.auth_time {
                AuthTime::At(then) => Some(then.as_secs()),
                // A session is never its own proof: `Now` was dated when it began.
                AuthTime::Now | AuthTime::Unknown => None,
            },
            stamp: facts.stamp,
            value,
            label: label.clone(),
            address: *address,
            remembered: *remembered,
            created_at: created_at.as_millis(),
            proved_at: Some(proved_at.as_millis()).filter(|_| proved_at != created_at),
            expires_at: expires_at.as_millis(),
        };
        let facts = serde_json::to_vec(&written).map_err(StoreError::unavailable)?;
        if facts.len() > SessionRow::MAX_FACTS {
            return Err(StoreError::unavailable(TOO_LARGE));
        }
        let owner = *self.owner().digest();
        let (last_seen, ends_at) = (self.last_seen, self.ends_at);
        Ok(SessionRow { key: *key, digest: *digest, previous: *previous, owner, last_seen, ends_at, facts })
    }
}

/// What is written. Members that are not there have their defaults; unknown ones are passed over, so that an older process
/// can read what a newer one wrote.
#[derive(Deserialize, Serialize)]
struct Written<'a> {
    #[serde(rename = "v")]
    version: u8,
    issuer: Box<str>,
    subject: Box<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stamp: Option<NonZeroU64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "is_false")]
    remembered: bool,
    created_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proved_at: Option<u64>,
    expires_at: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

const VERSION: u8 = 1;

const LOST_VALUE: &str = "the identity carries a value of the application, which this store would lose: name its type with \
                          keep_value, or begin the session without it";
const TOO_LARGE: &str = "the identity is too large for a session: 64 KiB in JSON are allowed";

impl fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRow").field("key", &self.key).field("ends_at", &self.ends_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::identity::Identity;
    use crate::identity::session::builder::Limits;
    use crate::identity::session::record::Times;
    use crate::identity::session::{OwnerLimit, SessionOwner, SessionStart, WhenFull};

    const NO_MORE: OwnerLimit = OwnerLimit { most: 1, when_full: WhenFull::RefuseNew };
    const HOUR: Duration = Duration::from_secs(3600);
    const LIMITS: Limits = Limits { idle: HOUR, absolute: HOUR, remembered: HOUR, per_subject: NO_MORE };

    fn record(identity: &Identity) -> SessionRecord {
        let owner = SessionOwner::new(identity.issuer(), identity.subject());
        let (now, later) = (Moment::from_millis(1_000_123), Moment::from_millis(9_000_456));
        let start = SessionStart::new().label("Firefox \u{1f98a}").address([192, 0, 2, 7]).remembered();
        let times = Times { now, expires_at: later, ends_at: Moment::from_millis(2_000_789) };
        SessionRecord::begin(identity, None, (SessionKey::new([7; 16], &owner), [1; 32]), start, times)
    }

    fn alice() -> Identity {
        let then = UnixTime::from_secs(500);
        Identity::assertion("https://id.example", "al\0ce \u{e9}")
            .scopes(["a:read", "b:write"])
            .roles(["clerk"])
            .amr(["pwd", "otp"])
            .acr("gold")
            .authenticated_at(then)
            .build()
    }

    /// The row of a session of whose JSON this was changed.
    fn changed(change: impl FnOnce(&mut serde_json::Value)) -> SessionRow {
        let mut row = record(&alice()).to_row().unwrap();
        let mut facts = serde_json::from_slice(&row.facts).unwrap();
        change(&mut facts);
        row.facts = serde_json::to_vec(&facts).unwrap();
        row
    }

    #[track_caller]
    fn assert_damaged(row: SessionRow) {
        let error = row.into_record().unwrap_err();
        assert!(error.is_damaged(), "{error}");
    }

    #[test]
    fn a_record_comes_back_from_its_row_as_it_was() {
        let before = record(&alice()).renewed([2; 32], None, Moment::from_millis(1_500_001), &LIMITS);
        let row = before.to_row().unwrap();
        let after = row.clone().into_record().unwrap();
        assert_eq!((after.key(), after.digest(), after.previous()), (before.key(), &[2; 32], Some(&[1; 32])));
        assert_eq!((after.last_seen(), after.ends_at()), (before.last_seen(), before.ends_at()));
        assert_eq!((after.created_at(), after.expires_at()), (before.created_at(), before.expires_at()));
        assert_eq!(after.info(), before.info());
        assert_eq!(after.to_row().unwrap().facts, row.facts);
        let identity = after.into_identity();
        assert_eq!(identity, alice());
        assert_eq!((identity.scopes(), identity.roles()), (alice().scopes(), alice().roles()));
        assert_eq!(
            (identity.amr(), identity.acr(), identity.auth_time()),
            (alice().amr(), Some("gold"), alice().auth_time())
        );
        assert_eq!(identity.credential_id(), Some(&*before.key().to_string()));
    }

    #[test]
    fn members_that_nobody_knows_yet_are_passed_over() {
        let row = changed(|facts| facts["nickname"] = serde_json::json!({"of": ["tomorrow"]}));
        assert_eq!(row.into_record().unwrap().into_identity(), alice());
    }

    #[test]
    fn what_was_not_written_here_is_damaged() {
        let whole = record(&alice()).to_row().unwrap();
        for length in 0..whole.facts.len() {
            let mut row = whole.clone();
            row.facts.truncate(length);
            assert_damaged(row);
        }
        for (member, value) in [
            ("v", "2"),
            ("v", "0"),
            ("v", "\"1\""),
            ("v", "256"),
            ("v", "null"),
            ("issuer", "7"),
            ("issuer", "\"guests\""),
            ("subject", "[\"alice\"]"),
            ("subject", "\"bob\""),
            ("subject", "null"),
            ("scopes", "\"a:read\""),
            ("roles", "[7]"),
            ("auth_time", "-1"),
            ("auth_time", "1.5"),
            ("label", "{}"),
            ("address", "\"localhost\""),
            ("remembered", "\"yes\""),
            ("created_at", "\"now\""),
            ("expires_at", "1e40"),
        ] {
            assert_damaged(changed(|facts| facts[member] = serde_json::from_str(value).unwrap()));
        }
        for member in ["v", "issuer", "subject", "created_at", "expires_at"] {
            assert_damaged(changed(|facts| drop(facts.as_object_mut().unwrap().remove(member))));
        }
        for facts in ["", "null", "[]", "{}", "7", "\"x\"", "{\"v\":1,\"v\":1}", "\u{feff}{}"] {
            assert_damaged(SessionRow { facts: facts.into(), ..whole.clone() });
        }
        assert_damaged(SessionRow { facts: vec![0xff; 64], ..whole.clone() });
        assert_damaged(SessionRow { facts: vec![b'['; SessionRow::MAX_FACTS], ..whole });
    }

    #[test]
    fn more_than_a_session_may_have_is_neither_read_nor_written() {
        let mut row = record(&alice()).to_row().unwrap();
        row.facts.resize(SessionRow::MAX_FACTS, b' ');
        assert!(row.clone().into_record().is_ok());
        row.facts.push(b' ');
        assert_damaged(row);

        let large = Identity::assertion("staff", "x".repeat(SessionRow::MAX_FACTS)).build();
        let error = record(&large).to_row().unwrap_err();
        assert!(!error.is_damaged() && error.to_string().contains("64 KiB"), "{error}");
    }

    #[test]
    fn a_row_counts_under_its_own_key_and_owner_alone() {
        let row = record(&alice()).to_row().unwrap();
        let bob = SessionOwner::new("https://id.example", "bob");
        assert_damaged(SessionRow { owner: *bob.digest(), ..row.clone() });
        assert_damaged(SessionRow { key: SessionKey::new([7; 16], &bob), ..row });
    }

    #[test]
    fn a_value_that_would_be_lost_is_an_error_that_says_what_to_do() {
        let identity = Identity::assertion("staff", "alice").value(7_u32).build();
        let error = record(&identity).to_row().unwrap_err();
        assert!(!error.is_damaged() && error.to_string().contains("keep_value"), "{error}");
    }
}
