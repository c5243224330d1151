//! Sessions: how they begin, how long they live, and that an end is an end.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it fails, its helpers included"
)]

mod support {
    pub(crate) mod at_once;
    pub(crate) mod table_store;
}

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use portcullis::clock::{Clock, ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::AuthTime;
use portcullis::identity::session::{MemoryStore, SessionError, SessionStart, SessionStore, Sessions, SessionsBuilder};
use portcullis::{Identity, Reason, Verifier, VerifyError};
use support::at_once::at_once;
use support::table_store::TableStore;

const MINUTE: Duration = Duration::from_secs(60);
const START: UnixTime = UnixTime::from_secs(1_000_000);

fn user(name: &str) -> Identity {
    Identity::assertion("staff", name).roles(["clerk"]).authenticated_now().build()
}

fn sessions_in(
    store: impl SessionStore,
    configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
) -> (Sessions, ManualClock) {
    let clock = ManualClock::at(START);
    let builder = Sessions::builder(store).idle(30 * MINUTE).absolute(120 * MINUTE).clock(clock.clone());
    (configure(builder).build().unwrap(), clock)
}

fn build(configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> (Sessions, ManualClock) {
    sessions_in(MemoryStore::new(), configure)
}

fn sessions() -> (Sessions, ManualClock) {
    build(|builder| builder)
}

/// With the store that they lie in.
fn stored() -> (Sessions, ManualClock, MemoryStore) {
    let store = MemoryStore::new();
    let (sessions, clock) = sessions_in(store.clone(), |builder| builder);
    (sessions, clock, store)
}

fn log_in(sessions: &Sessions, name: &str) -> SessionId {
    at_once(sessions.create(&user(name), SessionStart::new())).unwrap().into_id()
}

fn show(sessions: &Sessions, id: &SessionId) -> Result<Identity, VerifyError> {
    sessions.verify_now(id).expect("the verdict is at hand")
}

fn reason(sessions: &Sessions, id: &SessionId) -> Reason {
    show(sessions, id).unwrap_err().reason()
}

#[tokio::test]
async fn a_session_carries_the_identity_of_the_log_in() {
    let (sessions, clock) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    clock.advance(MINUTE);
    let identity = show(&sessions, started.id()).unwrap();
    assert_eq!(identity, user("alice"));
    assert!(identity.roles().contains("clerk"));
    assert_eq!(identity.auth_time(), AuthTime::At(START), "the log-in was then, not with this request");
    assert_eq!(identity.expires_at(), Some(START.saturating_add(120 * MINUTE)));
    assert_eq!(started.expires_at(), START.saturating_add(120 * MINUTE));
    assert_eq!(identity.credential_id(), Some(started.public_id()));
    assert_eq!(sessions.verify(started.into_id()).await.unwrap(), user("alice"));
}

#[test]
fn the_cookie_of_a_new_session_lives_as_many_seconds_as_the_session_may() {
    /// Time goes on while the session is being made.
    struct Running(ManualClock);

    impl Clock for Running {
        fn now(&self) -> UnixTime {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            self.0.advance(Duration::from_millis(1));
            self.0.monotonic()
        }
    }

    let (sessions, _) = build(|builder| builder.clock(Running(ManualClock::at(START))));
    assert_eq!(at_once(sessions.create(&user("alice"), SessionStart::new())).unwrap().max_age().as_secs(), 120 * 60);
}

#[test]
fn beginning_a_session_makes_no_log_in_fresher_than_it_was() {
    let (sessions, _) = sessions();
    let then = UnixTime::from_secs(500);
    let earlier = Identity::assertion("idp", "alice").authenticated_at(then).build();
    assert_eq!(
        at_once(sessions.create(&earlier, SessionStart::new())).unwrap().identity().auth_time(),
        AuthTime::At(then)
    );
    let unknown = Identity::assertion("idp", "alice").build();
    assert_eq!(
        at_once(sessions.create(&unknown, SessionStart::new())).unwrap().identity().auth_time(),
        AuthTime::Unknown
    );
}

/// SESS-11
#[test]
fn an_id_that_was_never_given_out_is_not_adopted() {
    let (sessions, _, store) = stored();
    for byte in 0..=255 {
        assert_eq!(reason(&sessions, &SessionId::from_bytes([byte; 32])), Reason::Invalid);
    }
    assert_eq!(store.count(), 0);
    let chosen = SessionId::from_bytes([7; 32]);
    assert!(at_once(sessions.rotate(&chosen)).unwrap().is_none());
    assert!(!at_once(sessions.end(&chosen)).unwrap());
    assert_eq!(store.count(), 0);
}

/// SESS-1
#[test]
fn each_log_in_makes_an_id_of_its_own() {
    let (sessions, _) = sessions();
    let before = log_in(&sessions, "alice");
    let after = log_in(&sessions, "alice");
    assert_ne!(before.expose(), after.expose());
    assert!(at_once(sessions.end(&before)).unwrap());
    assert_eq!(reason(&sessions, &before), Reason::Invalid);
    assert!(show(&sessions, &after).is_ok());
}

/// SESS-2
#[test]
fn rotation_kills_the_old_id_and_keeps_the_rest() {
    let (sessions, clock) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    clock.advance(20 * MINUTE);
    let rotated = at_once(sessions.rotate(started.id())).unwrap().unwrap();

    assert_eq!(reason(&sessions, started.id()), Reason::Invalid);
    assert!(at_once(sessions.rotate(started.id())).unwrap().is_none());
    assert_eq!(show(&sessions, rotated.id()).unwrap(), user("alice"));
    assert_eq!(rotated.public_id(), started.public_id());
    assert_eq!(rotated.expires_at(), started.expires_at());
    assert_eq!((started.max_age(), rotated.max_age()), (120 * MINUTE, 100 * MINUTE));
    let listed = at_once(sessions.list("staff", "alice")).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].created_at(), listed[0].label()), (START, Some("Firefox")));
    assert_eq!(at_once(sessions.end_all("staff", "alice")).unwrap(), 1);
    assert_eq!(reason(&sessions, rotated.id()), Reason::Invalid);
}

/// SESS-5
#[test]
fn a_rotated_session_still_ends_at_its_absolute_limit() {
    let (sessions, clock) = sessions();
    let mut id = log_in(&sessions, "alice");
    for _ in 0..119 {
        clock.advance(MINUTE);
        id = at_once(sessions.rotate(&id)).unwrap().unwrap().into_id();
        show(&sessions, &id).unwrap();
    }
    clock.advance(MINUTE);
    assert!(at_once(sessions.rotate(&id)).unwrap().is_none());
    assert_eq!(reason(&sessions, &id), Reason::Expired);
}

/// SESS-3
#[test]
fn after_log_out_the_id_is_worth_nothing() {
    let (sessions, _, store) = stored();
    let id = log_in(&sessions, "alice");
    assert!(at_once(sessions.end(&id)).unwrap());
    assert!(!at_once(sessions.end(&id)).unwrap());
    assert_eq!(reason(&sessions, &id), Reason::Invalid);
    assert!(at_once(sessions.list("staff", "alice")).unwrap().is_empty());
    assert_eq!(store.count(), 0);
}

/// TOK-7
#[test]
fn logging_out_everywhere_ends_the_sessions_of_one_subject_of_one_issuer() {
    let (sessions, _) = sessions();
    let (one, two, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    let namesake =
        at_once(sessions.create(&Identity::assertion("guests", "alice").build(), SessionStart::new())).unwrap();
    assert_eq!(at_once(sessions.end_all("staff", "alice")).unwrap(), 2);
    assert_eq!(at_once(sessions.end_all("staff", "alice")).unwrap(), 0);
    assert_eq!((reason(&sessions, &one), reason(&sessions, &two)), (Reason::Invalid, Reason::Invalid));
    assert!(show(&sessions, &bob).is_ok());
    assert!(show(&sessions, namesake.id()).is_ok());
}

#[test]
fn all_other_sessions_end_and_this_one_stays() {
    let (sessions, _) = sessions();
    let (this, other, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    let identity = show(&sessions, &this).unwrap();
    let elsewhere = show(&sessions, &bob).unwrap();
    assert_eq!(at_once(sessions.end_others(&identity)).unwrap(), 1);
    assert!(show(&sessions, &this).is_ok());
    assert_eq!(reason(&sessions, &other), Reason::Invalid);
    assert_eq!(at_once(sessions.end_others(&elsewhere)).unwrap(), 0);
    assert!(show(&sessions, &bob).is_ok());
    // Whoever came with a password has no session to keep.
    assert_eq!(at_once(sessions.end_others(&user("alice"))).unwrap(), 1);
    assert_eq!(reason(&sessions, &this), Reason::Invalid);
}

#[test]
fn one_session_is_ended_by_its_public_id_and_by_its_owner_alone() {
    let (sessions, _) = sessions();
    let phone = at_once(sessions.create(&user("alice"), SessionStart::new().label("phone"))).unwrap();
    let laptop = log_in(&sessions, "alice");
    assert!(!at_once(sessions.end_public("staff", "bob", phone.public_id())).unwrap());
    assert!(!at_once(sessions.end_public("guests", "alice", phone.public_id())).unwrap());
    assert!(!at_once(sessions.end_public("staff", "alice", "unknown")).unwrap());
    assert!(show(&sessions, phone.id()).is_ok());
    assert!(at_once(sessions.end_public("staff", "alice", phone.public_id())).unwrap());
    assert_eq!(reason(&sessions, phone.id()), Reason::Invalid);
    assert!(show(&sessions, &laptop).is_ok());
}

#[test]
fn the_list_shows_each_live_session_once_oldest_first() {
    let (sessions, clock) = sessions();
    let phone = at_once(sessions.create(&user("alice"), SessionStart::new().label("phone"))).unwrap();
    clock.advance(20 * MINUTE);
    let laptop = at_once(sessions.create(&user("alice"), SessionStart::new().label(&"é".repeat(200)))).unwrap();
    clock.advance(5 * MINUTE);
    show(&sessions, laptop.id()).unwrap();

    let listed = at_once(sessions.list("staff", "alice")).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].public_id(), phone.public_id());
    assert_eq!((listed[0].created_at(), listed[0].last_seen()), (START, START));
    assert_eq!(listed[0].label(), Some("phone"));
    assert_eq!(listed[1].last_seen(), START.saturating_add(25 * MINUTE));
    assert_eq!(listed[1].expires_at(), START.saturating_add(140 * MINUTE));
    assert_eq!(listed[1].label(), Some(&*"é".repeat(128)), "labels are kept short");

    clock.advance(5 * MINUTE);
    assert_eq!(at_once(sessions.list("staff", "alice")).unwrap().len(), 1, "the phone has been idle too long");
    assert!(at_once(sessions.list("staff", "bob")).unwrap().is_empty());
}

/// SESS-4
#[test]
fn an_idle_session_ends_and_a_used_one_lives_on() {
    let (sessions, clock) = sessions();
    let (used, idle) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"));
    clock.advance(29 * MINUTE);
    show(&sessions, &used).unwrap();
    clock.advance(MINUTE);
    assert_eq!(reason(&sessions, &idle), Reason::Expired, "it was ours");
    assert_eq!(reason(&sessions, &idle), Reason::Invalid, "and is forgotten");
    assert!(show(&sessions, &used).is_ok());
    assert!(!at_once(sessions.end(&idle)).unwrap());
}

/// SESS-5
#[test]
fn a_request_does_not_move_the_absolute_limit() {
    let (sessions, clock) = sessions();
    let id = log_in(&sessions, "alice");
    for _ in 0..(120 * 6 - 1) {
        clock.advance(Duration::from_secs(10));
        show(&sessions, &id).unwrap();
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(reason(&sessions, &id), Reason::Expired);
}

#[test]
fn setting_the_wall_clock_back_revives_nothing_and_ends_nothing() {
    let (sessions, clock) = sessions();
    let (id, other) = (log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    clock.advance(29 * MINUTE);
    show(&sessions, &other).unwrap();
    clock.set_wall(UnixTime::from_secs(0));
    clock.advance(MINUTE);
    assert_eq!(reason(&sessions, &id), Reason::Expired);
    assert!(show(&sessions, &other).is_ok());
    let begun_meanwhile = log_in(&sessions, "alice");
    clock.advance(29 * MINUTE);
    assert!(show(&sessions, &begun_meanwhile).is_ok());
    clock.advance(MINUTE);
    assert_eq!(reason(&sessions, &other), Reason::Expired);
}

#[test]
fn a_machine_that_slept_has_sessions_that_were_idle() {
    let (sessions, clock) = sessions();
    let (short, long) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"));
    // No time has passed that the machine would have counted.
    clock.set_wall(START.saturating_add(29 * MINUTE));
    clock.advance(Duration::from_secs(1));
    assert!(show(&sessions, &short).is_ok());
    clock.set_wall(START.saturating_add(30 * MINUTE));
    clock.advance(Duration::from_secs(1));
    assert!(show(&sessions, &short).is_ok());
    assert_eq!(reason(&sessions, &long), Reason::Expired);
}

#[test]
fn full_of_live_sessions_it_begins_no_more_and_ends_none() {
    let store = MemoryStore::with_limit(3).unwrap();
    let (sessions, clock) = sessions_in(store.clone(), |builder| builder);
    let ids: Vec<_> = (0..3).map(|number| log_in(&sessions, &format!("user {number}"))).collect();
    for _ in 0..200 {
        let refused = at_once(sessions.create(&user("mallory"), SessionStart::new())).unwrap_err();
        assert!(matches!(refused, SessionError::Unavailable(_)));
    }
    assert!(ids.iter().all(|id| show(&sessions, id).is_ok()));
    assert!(at_once(sessions.end(&ids[0])).unwrap());
    log_in(&sessions, "mallory");
    clock.advance(30 * MINUTE);
    // Each looks into some shards for what is over.
    let begun = (0..64).find_map(|_| at_once(sessions.create(&user("mallory"), SessionStart::new())).ok());
    assert!(show(&sessions, begun.unwrap().id()).is_ok());
    assert!(store.count() <= 3, "what had ended made room");
    assert!(MemoryStore::with_limit(0).is_err());
}

#[test]
fn what_has_ended_is_cleared_away_as_new_ones_begin() {
    let (sessions, clock, store) = stored();
    for number in 0..20_000 {
        log_in(&sessions, &format!("user {}", number % 50));
        clock.advance(Duration::from_secs(18));
    }
    // 100 live ones at any time; of each of fifty owners' a few that are over.
    assert!(store.count() <= 1000, "{} kept", store.count());
    let swept = at_once(sessions.sweep()).unwrap();
    assert!(swept > 0 && (99..=100).contains(&store.count()), "{swept} swept, {} kept", store.count());
    assert_eq!(at_once(sessions.sweep()).unwrap(), 0);
    clock.advance(30 * MINUTE);
    at_once(sessions.sweep()).unwrap();
    assert_eq!(store.count(), 0);
}

#[tokio::test]
async fn a_store_that_clears_nothing_away_by_itself_is_swept_once_a_minute_as_sessions_begin() {
    let store = TableStore::default();
    let (sessions, clock) = sessions_in(store.clone(), |builder| builder);
    let begin = async |number: usize| {
        sessions.create(&user(&number.to_string()), SessionStart::new()).await.unwrap();
    };
    for number in 0..40 * 6 {
        begin(number).await;
        clock.advance(Duration::from_secs(10));
    }
    assert_eq!(store.calls("sweep"), 39);
    assert_eq!(store.table().rows.len(), 240, "for a day, so that who comes late is told that the session is over");
    // Many at a time, for as long as there are more.
    for number in 0..2500 {
        begin(number).await;
    }
    clock.advance(30 * MINUTE + 24 * 60 * MINUTE);
    for expected in [1741, 742, 3, 4] {
        begin(expected).await;
        let kept = store.table().rows.len();
        assert!(kept <= expected, "{kept} kept, where {expected} may be");
    }
}

#[test]
fn one_session_more_than_a_subject_may_have_ends_the_oldest_live_one() {
    let (sessions, clock) = build(|builder| builder.max_per_subject(2));
    let first = log_in(&sessions, "alice");
    clock.advance(Duration::from_millis(1));
    let second = log_in(&sessions, "alice");
    let bob = log_in(&sessions, "bob");
    clock.advance(Duration::from_millis(1));
    let third = log_in(&sessions, "alice");
    assert_eq!(reason(&sessions, &first), Reason::Invalid);
    assert!(show(&sessions, &second).is_ok() && show(&sessions, &third).is_ok() && show(&sessions, &bob).is_ok());

    clock.advance(29 * MINUTE);
    show(&sessions, &second).unwrap();
    clock.advance(MINUTE);
    log_in(&sessions, "alice");
    assert!(show(&sessions, &second).is_ok(), "the idle third had ended, so there was room");
}

/// SESS-6
#[test]
fn whoever_is_gone_loses_their_sessions() {
    let staff = Arc::new(Mutex::new(HashSet::from(["alice", "bob"])));
    let known = Arc::clone(&staff);
    let store = MemoryStore::new();
    let (sessions, _) = sessions_in(store.clone(), |builder| {
        builder.recheck(move |identity| known.lock().unwrap().contains(identity.subject()))
    });
    let (alice, bob) = (log_in(&sessions, "alice"), log_in(&sessions, "bob"));
    assert!(show(&sessions, &bob).is_ok());
    staff.lock().unwrap().remove("bob");
    assert!(show(&sessions, &alice).is_ok());
    assert!(at_once(sessions.rotate(&bob)).unwrap().is_none());
    assert_eq!(reason(&sessions, &bob), Reason::Invalid);
    assert_eq!(store.count(), 1);
    staff.lock().unwrap().insert("bob");
    assert_eq!(reason(&sessions, &bob), Reason::Invalid, "and the session does not come back with them");
    assert!(at_once(sessions.list("staff", "bob")).unwrap().is_empty());
}

/// Two services on one store, each with users of its own.
#[test]
fn sessions_of_issuers_that_are_not_named_are_refused_and_left_alone() {
    let store = MemoryStore::new();
    let of = |issuer: &'static str| Sessions::builder(store.clone()).issuers([issuer]).build().unwrap();
    let (bank, shop) = (of("bank"), of("shop"));
    let alice = |issuer: &'static str| Identity::assertion(issuer, "alice").build();
    let here = at_once(bank.create(&alice("bank"), SessionStart::new())).unwrap().into_id();
    assert!(show(&bank, &here).is_ok());
    assert_eq!(reason(&shop, &here), Reason::Invalid);
    assert!(at_once(shop.rotate(&here)).unwrap().is_none());
    assert!(at_once(shop.renew(&here, &alice("bank"))).unwrap().is_none());
    assert!(show(&bank, &here).is_ok(), "it lives on where it belongs");
    let error = at_once(shop.create(&alice("bank"), SessionStart::new())).unwrap_err();
    assert!(error.to_string().contains("issuers"), "{error}");
    let nobody: [&str; 0] = [];
    assert!(Sessions::builder(store.clone()).issuers(nobody).build().is_err());
}

#[test]
fn who_changes_the_password_goes_on_with_the_new_identity() {
    let known = Arc::new(Mutex::new("first"));
    let current = Arc::clone(&known);
    let sessions = Sessions::builder(MemoryStore::new())
        .recheck(move |identity| identity.acr() == Some(*current.lock().unwrap()))
        .build()
        .unwrap();
    let with = |password: &'static str| Identity::assertion("staff", "alice").acr(password).authenticated_now().build();
    let here = at_once(sessions.create(&with("first"), SessionStart::new())).unwrap();
    let there = at_once(sessions.create(&with("first"), SessionStart::new())).unwrap();
    *known.lock().unwrap() = "second";
    let renewed = at_once(sessions.renew(here.id(), &with("second"))).unwrap().unwrap();
    at_once(sessions.end_others(renewed.identity())).unwrap();
    assert!(show(&sessions, renewed.id()).is_ok());
    assert_eq!(reason(&sessions, there.id()), Reason::Invalid);
}

#[test]
fn limits_that_make_no_sense_are_all_named() {
    let builder = || Sessions::builder(MemoryStore::new());
    let nothing = builder().idle(Duration::ZERO).absolute(Duration::ZERO).remembered(Duration::ZERO);
    assert_eq!(nothing.max_per_subject(0).build().unwrap_err().faults().len(), 4);
    let error = builder().idle(120 * MINUTE).absolute(30 * MINUTE).build().unwrap_err();
    assert!(error.to_string().contains("longer than the absolute limit"));
}

/// SESS-1
#[test]
fn twenty_thousand_ids_repeat_nothing_and_follow_no_order() {
    let (sessions, _) = sessions();
    let started: Vec<_> =
        (0..20_000).map(|_| at_once(sessions.create(&user("alice"), SessionStart::new())).unwrap()).collect();
    let ids: HashSet<_> = started.iter().map(|session| *session.id().expose()).collect();
    let public: HashSet<_> = started.iter().map(|session| session.public_id()).collect();
    assert_eq!((ids.len(), public.len()), (20_000, 20_000));
    let ascending = started.windows(2).filter(|pair| pair[0].id().expose() < pair[1].id().expose()).count();
    assert!((9_500..10_500).contains(&ascending), "{ascending}");
    for position in 0..32 {
        let mut counts = [0_usize; 256];
        ids.iter().for_each(|id| counts[usize::from(id[position])] += 1);
        // 78 on the average; one in a million tests would see a value this far from it.
        assert!(counts.iter().all(|count| (25..150).contains(count)), "byte {position}: {counts:?}");
    }
    // All of one owner: what ties their ids together is in no byte and in no pair of bytes that a stranger would look at.
    for (one, other) in [(16, 17), (30, 31), (16, 30), (17, 31)] {
        let pairs: HashSet<_> = ids.iter().map(|id| (id[one], id[other])).collect();
        let expected = if other - one == 14 { 256 } else { 10_000 };
        assert!(pairs.len() >= expected, "bytes {one} and {other}: {} pairs", pairs.len());
    }
}

/// SESS-10
#[test]
fn nothing_printed_or_listed_opens_a_session() {
    let (sessions, _) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    let identity = show(&sessions, started.id()).unwrap();
    let encoded = started.id().encode();
    let printed =
        format!("{sessions:?} {started:?} {identity:?} {:?}", at_once(sessions.list("staff", "alice")).unwrap());
    assert!(!printed.contains(encoded.expose().as_str()), "{printed}");
    let bytes = started.id().expose().map(|byte| byte.to_string()).join(", ");
    assert!(!printed.contains(&bytes), "{printed}");
    // The public id is too short to be an id, and no part of one.
    assert!(SessionId::parse(started.public_id()).is_err());
    assert!(!encoded.expose().contains(started.public_id()));
}

#[test]
fn a_panic_in_a_caller_s_closure_harms_nobody_else() {
    let panics = Arc::new(AtomicBool::new(false));
    let armed = Arc::clone(&panics);
    let (sessions, _) = build(|builder| {
        builder.max_per_subject(2).recheck(move |_| {
            if armed.swap(false, Ordering::Relaxed) { std::panic::resume_unwind(Box::new(())) } else { true }
        })
    });
    let (alice, bob) = (Arc::new(log_in(&sessions, "alice")), log_in(&sessions, "bob"));
    panics.store(true, Ordering::Relaxed);
    let (clone, id) = (sessions.clone(), Arc::clone(&alice));
    thread::spawn(move || drop(show(&clone, &id))).join().unwrap_err();
    assert!(show(&sessions, &alice).is_ok() && show(&sessions, &bob).is_ok());
    for _ in 0..3 {
        log_in(&sessions, "alice");
    }
    assert_eq!(at_once(sessions.list("staff", "alice")).unwrap().len(), 2);
}

/// SESS-3
#[test]
fn no_request_in_flight_brings_an_ended_session_back() {
    let (sessions, clock, store) = stored();
    for _ in 0..500 {
        let id = Arc::new(log_in(&sessions, "alice"));
        let start = Arc::new(Barrier::new(3));
        let requests: Vec<_> = (0..2)
            .map(|_| {
                let (sessions, id, start) = (sessions.clone(), Arc::clone(&id), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    // Whatever the answers are, they leave nothing behind.
                    (0..20).for_each(|_| drop(show(&sessions, &id)));
                })
            })
            .collect();
        start.wait();
        assert!(at_once(sessions.end(&id)).unwrap());
        assert_eq!(reason(&sessions, &id), Reason::Invalid);
        for request in requests {
            request.join().unwrap();
        }
        assert_eq!(reason(&sessions, &id), Reason::Invalid);
        assert_eq!(store.count(), 0);
        clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn of_two_rotations_at_once_one_gives_a_session() {
    let (sessions, _, store) = stored();
    for _ in 0..500 {
        let id = Arc::new(log_in(&sessions, "alice"));
        let start = Arc::new(Barrier::new(2));
        let rotations: Vec<_> = (0..2)
            .map(|_| {
                let (sessions, id, start) = (sessions.clone(), Arc::clone(&id), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    at_once(sessions.rotate(&id)).unwrap()
                })
            })
            .collect();
        let given: Vec<_> = rotations.into_iter().filter_map(|rotation| rotation.join().unwrap()).collect();
        assert_eq!(given.len(), 1);
        assert_eq!(store.count(), 1);
        assert!(at_once(sessions.end(given[0].id())).unwrap());
    }
}

/// SESS-4
#[tokio::test]
async fn requests_within_a_minute_or_a_twentieth_of_the_idle_limit_are_noted_once() {
    for (idle, interval) in [(30 * MINUTE, 60), (20 * MINUTE, 60), (10 * MINUTE, 30), (Duration::from_secs(20), 1)] {
        let store = TableStore::default();
        let (sessions, clock) = sessions_in(store.clone(), |builder| builder.idle(idle));
        let started = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
        let ask = async || sessions.verify(SessionId::from_bytes(*started.id().expose())).await.unwrap();
        for seconds in 0..=5 * interval {
            ask().await;
            assert_eq!(store.calls("touch"), seconds / interval, "after {seconds} s, idle {idle:?}");
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(store.calls("load"), 5 * interval + 1, "one look for each request");
        assert_eq!((store.calls("insert"), store.calls("rotate"), store.calls("delete")), (1, 0, 0));
    }
}

#[test]
fn a_remembered_session_lives_by_its_own_limit_alone() {
    let day = 24 * 60 * MINUTE;
    let (sessions, clock) = build(|builder| builder.remembered(30 * day));
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().remembered())).unwrap();
    assert_eq!((started.max_age(), started.expires_at()), (30 * day, START.saturating_add(30 * day)));
    clock.advance(15 * day);
    assert!(show(&sessions, started.id()).is_ok(), "neither idle nor too old");
    assert!(at_once(sessions.list("staff", "alice")).unwrap()[0].is_remembered());
    let rotated = at_once(sessions.rotate(started.id())).unwrap().unwrap();
    assert_eq!(rotated.max_age(), 15 * day, "a rotation prolongs nothing");
    clock.advance(15 * day - MINUTE);
    assert!(show(&sessions, rotated.id()).is_ok());
    clock.advance(MINUTE);
    assert_eq!(reason(&sessions, rotated.id()), Reason::Expired);
}

/// SESS-2
#[test]
fn a_session_that_is_renewed_has_another_id_and_what_has_become_of_its_owner() {
    let (sessions, clock) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new().label("Firefox"))).unwrap();
    clock.advance(20 * MINUTE);
    let fresh = Identity::assertion("staff", "alice").roles(["approver"]).acr("gold").authenticated_now().build();
    let renewed = at_once(sessions.renew(started.id(), &fresh)).unwrap().unwrap();

    assert_eq!(reason(&sessions, started.id()), Reason::Invalid);
    let identity = show(&sessions, renewed.id()).unwrap();
    assert_eq!(identity.auth_time(), AuthTime::At(START.saturating_add(20 * MINUTE)), "a fresh log-in");
    assert!(identity.roles().contains("approver") && !identity.roles().contains("clerk"));
    assert_eq!(identity.acr(), Some("gold"));
    assert_eq!(renewed.public_id(), started.public_id());
    let end = START.saturating_add(140 * MINUTE);
    assert_eq!((renewed.expires_at(), renewed.max_age()), (end, 120 * MINUTE), "a log-in is good for all of the limit");
    let listed = at_once(sessions.list("staff", "alice")).unwrap();
    assert_eq!((listed.len(), listed[0].created_at(), listed[0].label()), (1, START, Some("Firefox")));
    clock.advance(29 * MINUTE);
    assert!(show(&sessions, renewed.id()).is_ok());
    clock.advance(29 * MINUTE);
    assert!(show(&sessions, renewed.id()).is_ok());
    clock.advance(29 * MINUTE);
    assert!(show(&sessions, renewed.id()).is_ok());
    clock.advance(29 * MINUTE);
    assert!(show(&sessions, renewed.id()).is_ok());
    clock.advance(4 * MINUTE);
    assert_eq!(reason(&sessions, renewed.id()), Reason::Expired);
    assert!(at_once(sessions.renew(renewed.id(), &fresh)).unwrap().is_none());
}

#[test]
fn other_rights_without_another_log_in_prolong_nothing() {
    let (sessions, clock) = sessions();
    let started = at_once(sessions.create(&user("alice"), SessionStart::new())).unwrap();
    clock.advance(20 * MINUTE);
    let promoted = started.identity().to_assertion().roles(["approver"]).build();
    let renewed = at_once(sessions.renew(started.id(), &promoted)).unwrap().unwrap();
    assert_eq!((renewed.expires_at(), renewed.max_age()), (started.expires_at(), 100 * MINUTE));
    for _ in 0..4 {
        clock.advance(24 * MINUTE);
        assert!(show(&sessions, renewed.id()).is_ok());
    }
    clock.advance(4 * MINUTE);
    assert_eq!(reason(&sessions, renewed.id()), Reason::Expired, "at the end that it began with");
}

#[test]
fn nobody_renews_the_session_of_somebody_else() {
    let (sessions, _) = sessions();
    let id = log_in(&sessions, "alice");
    for other in [user("bob"), Identity::assertion("guests", "alice").build()] {
        assert!(at_once(sessions.renew(&id, &other)).unwrap().is_none());
    }
    let identity = show(&sessions, &id).unwrap();
    assert_eq!((identity.issuer(), identity.subject()), ("staff", "alice"));
}

#[test]
fn where_new_sessions_are_refused_the_old_ones_live_on() {
    let (sessions, clock) = build(|builder| builder.max_per_subject(2).refuse_newest());
    let (first, second) = (log_in(&sessions, "alice"), log_in(&sessions, "alice"));
    let refused = at_once(sessions.create(&user("alice"), SessionStart::new())).unwrap_err();
    assert!(matches!(refused, SessionError::TooMany), "{refused}");
    log_in(&sessions, "bob");
    clock.advance(29 * MINUTE);
    assert!(show(&sessions, &first).is_ok());
    clock.advance(MINUTE);
    log_in(&sessions, "alice");
    assert_eq!(reason(&sessions, &second), Reason::Invalid, "it had been idle too long, and made room");
    assert!(at_once(sessions.create(&user("alice"), SessionStart::new())).is_err());
    assert!(at_once(sessions.end(&first)).unwrap());
    log_in(&sessions, "alice");
}

#[derive(Debug, PartialEq, serde::Deserialize, serde::Serialize)]
struct Tenant {
    number: u32,
    name: String,
}

fn with_tenant() -> Identity {
    let tenant = Tenant { number: 7, name: String::from("Zoë \u{1f600}") };
    Identity::assertion("staff", "alice").authenticated_now().value(tenant).build()
}

/// As another process would read it: from the row.
async fn read_back(sessions: &Sessions, id: &SessionId) -> Result<Identity, VerifyError> {
    sessions.verify(SessionId::from_bytes(*id.expose())).await
}

#[tokio::test]
async fn the_application_s_value_is_kept_in_memory_and_in_rows() {
    let (in_memory, _) = sessions();
    let started = in_memory.create(&with_tenant(), SessionStart::new()).await.unwrap();
    let identity = read_back(&in_memory, started.id()).await.unwrap();
    assert_eq!(identity.get::<Tenant>(), with_tenant().get(), "without a word about its type");

    let store = TableStore::default();
    let (in_rows, _) = sessions_in(store.clone(), SessionsBuilder::keep_value::<Tenant>);
    let started = in_rows.create(&with_tenant(), SessionStart::new()).await.unwrap();
    assert_eq!(read_back(&in_rows, started.id()).await.unwrap().get::<Tenant>(), with_tenant().get());
    let rotated = in_rows.rotate(started.id()).await.unwrap().unwrap();
    assert_eq!(read_back(&in_rows, rotated.id()).await.unwrap().get::<Tenant>(), with_tenant().get());
    let renewed = in_rows.renew(rotated.id(), &user("alice")).await.unwrap().unwrap();
    assert_eq!(read_back(&in_rows, renewed.id()).await.unwrap().get::<Tenant>(), None);
    let none = in_rows.create(&user("bob"), SessionStart::new()).await.unwrap();
    assert_eq!(read_back(&in_rows, none.id()).await.unwrap().get::<Tenant>(), None);
}

#[tokio::test]
async fn a_value_that_a_store_would_lose_is_an_error_and_no_session() {
    let store = TableStore::default();
    let (sessions, _) = sessions_in(store.clone(), |builder| builder);
    let error = sessions.create(&with_tenant(), SessionStart::new()).await.unwrap_err();
    assert!(error.to_string().contains("keep_value"), "{error}");
    let (of_another_type, _) = sessions_in(store.clone(), SessionsBuilder::keep_value::<String>);
    of_another_type.create(&with_tenant(), SessionStart::new()).await.unwrap_err();
    assert_eq!((store.calls("insert"), store.table().rows.len()), (0, 0));

    let started = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
    sessions.renew(started.id(), &with_tenant()).await.unwrap_err();
    assert!(read_back(&sessions, started.id()).await.is_ok(), "the session goes on as it was");
}
