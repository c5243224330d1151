//! What begins, and that it stays as it began.

use serde_json::json;

use super::session::{HOUR, Owner, now};
use super::tried::{Tried, failed, same};
use crate::identity::session::{Inserted, Moment, OwnerLimit, SessionRow, SessionStore, WhenFull};

/// A session that has begun is found by its key and in its owner's list.
pub async fn a_session_that_has_begun_is_found<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session();
    store.must_not_have(&session).await;
    store.begin(&session).await;
    store.must_have(&session).await;
    store.must_list(session.owner(), &[&session]).await;
}

/// Everything that a session says is kept: names in any script, control characters, the application's value, an address,
/// times to the millisecond, two kilobytes of roles.
pub async fn every_fact_of_a_session_is_kept<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    for owner in [
        Owner::of("https://id.example/größe?a=b&c='d'", "Ѳеодоръ \"x\" \\ \u{1f600}"),
        Owner::of("", "nul \u{0}, tab \t, line \r\n, end"),
        Owner::of("{issuer}:*", "'; DROP TABLE sessions; --%_"),
    ] {
        let roles: Vec<_> = (0..200).map(|number| format!("role-{number}")).collect();
        let more = json!({
            "scopes": ["accounts:read", "überweisungen:schreiben"],
            "roles": roles,
            "amr": ["pwd", "otp"],
            "acr": "urn:mace:incommon:iap:silver",
            "auth_time": 1_700_000_000,
            "value": {"tenant": 7, "name": "Zoë \u{0}\u{10ffff}", "list": [null, true, -1.5, "x"], "none": {}},
            "label": "é".repeat(128),
            "address": "2001:db8::7",
            "remembered": true,
        });
        let session = owner.session_with(now(), now().saturating_add(HOUR), more);
        store.begin(&session).await;
        store.must_have(&session).await;
        let rotated = session.rotated(now().saturating_add(HOUR));
        same("rotate", &store.rotate(session.shown(), &rotated).await, &true);
        store.must_have(&rotated).await;
    }
}

/// A session of [as many bytes](SessionRow::MAX_FACTS) as one may have is kept.
pub async fn the_largest_session_is_kept<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session_with(
        now(),
        now().saturating_add(HOUR),
        json!({ "value": "x".repeat(SessionRow::MAX_FACTS - 500) }),
    );
    store.begin(&session).await;
    store.must_have(&session).await;
}

/// A session for which there is no end in sight is kept, although no database has so large a number.
pub async fn a_session_without_an_end_is_kept<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session_until(Moment::from_millis(u64::MAX));
    store.begin(&session).await;
    let end_of_time = Moment::from_millis(u64::MAX);
    same("touch", &store.touch(session.key(), now().saturating_add(HOUR), end_of_time).await, &true);
    let found = store.load(session.key()).await.unwrap_or_else(|| failed("a session without an end is not found"));
    let thousand_years = now().saturating_add(1000 * 365 * 24 * HOUR);
    same("it ends within a thousand years", &(found.ends_at() < thousand_years), &false);
    same("expires_at", &found.expires_at(), &session.record().expires_at());
    same("delete", &store.delete(session.shown()).await, &true);
}

/// A key that is taken stays with the session that has it, and nothing else happens: nobody's session gives way.
pub async fn a_key_that_is_taken_stays_with_its_session<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session();
    store.begin(&session).await;
    let other = session.with_the_same_key();
    let limits = [WhenFull::EndOldest, WhenFull::RefuseNew].map(|when_full| OwnerLimit { most: 2, when_full });
    for limit in [None, Some(limits[0]), Some(limits[1])] {
        same("insert under a key that is taken", &store.insert(&other, limit, now()).await, &Inserted::Taken);
        store.must_have(&session).await;
    }
    same("delete by what did not begin", &store.delete(other.shown()).await, &false);
    store.must_have(&session).await;
}

/// A key that nobody has finds nothing, and that is no error.
pub async fn an_unknown_key_is_no_error<S: SessionStore>(store: S) {
    let store = Tried::new(store);
    let session = Owner::new().session();
    same("load", &store.load(session.key()).await.is_some(), &false);
    same("touch", &store.touch(session.key(), now(), now()).await, &false);
    same("rotate", &store.rotate(session.shown(), &session.rotated(now())).await, &false);
    same("delete", &store.delete(session.shown()).await, &false);
    same("list", &store.list(session.owner()).await.len(), &0);
    store.must_not_have(&session).await;
}
