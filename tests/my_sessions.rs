//! People see their own sessions, end them, and nobody else's; and what ends when a password changes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod bank;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use portcullis::authenticate::Session;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::BasicCredentials;
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use portcullis::identity::session::{MemoryStore, SessionOwner, SessionStart, SessionStore, Sessions};
use portcullis::identity::throttle::Throttle;
use portcullis::login::Login;
use portcullis::{Identity, Verifier, VerifyError};
use support::bank::{self, BROWSER, FORM, GOOD, OURS, Switched, bank, bank_over, bank_with, cookie};

#[tokio::test]
async fn the_list_says_what_its_owner_needs_and_nothing_that_opens_a_session() {
    let bank = bank();
    let first = bank.log_in(&[FORM, ("user-agent", "curl/8.5.0")], GOOD).await.cookie();
    bank.session_of("bob").await.unwrap();
    bank.later(100);
    let second = bank.log_in(&[FORM], GOOD).await.cookie();
    let answer = bank.manage("GET", "/sessions", &[("cookie", &second)]).await;
    assert_eq!((answer.status.as_u16(), answer.field("content-type")), (200, Some("application/json")));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let list = answer.json();
    let entries = list["sessions"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let mut oldest = entries[0].clone();
    assert_eq!(oldest["id"].take().as_str().map(str::len), Some(22));
    let expected = serde_json::json!({
        "id": null, "current": false, "created_at": 1_790_000_000, "last_seen": 1_790_000_000,
        "expires_at": 1_790_043_200, "remembered": false, "label": "curl", "address": null,
    });
    assert_eq!(oldest, expected);
    assert_eq!(entries[1]["current"], true);
    for shown in [first, second] {
        let id = shown.strip_prefix("__Host-session=").unwrap();
        assert!(!answer.body.contains(&id[..20]));
    }
}

#[tokio::test]
async fn one_session_ends_by_its_public_id_if_it_is_one_s_own() {
    let bank = bank_with(|login| login.sessions_page("/account/sessions").after_log_out("/goodbye"));
    let public_id =
        async |subject: &str| bank.sessions.list("bank", subject).await.unwrap().last().unwrap().public_id().to_owned();
    let mine = cookie(&bank.session_of("alice").await.unwrap());
    let own = public_id("alice").await;
    bank.session_of("bob").await.unwrap();
    let bobs = public_id("bob").await;
    let fields = [("cookie", &*mine), OURS];
    for id in [&*bobs, "AAAAAAAAAAAAAAAAAAAAAA", "short", "%2e%2e", "a%2Fb"] {
        let answer = bank.manage("DELETE", &format!("/sessions/{id}"), &fields).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (404, Some("not_found")), "{id}");
    }
    assert_eq!(bank.count("bob").await, 1);

    for (method, end, accept, status, location) in [
        ("DELETE", "", ("accept", "*/*"), 204, None),
        ("POST", "/end", ("accept", "*/*"), 204, None),
        ("POST", "/end", BROWSER, 303, Some("/account/sessions")),
    ] {
        bank.later(1);
        bank.session_of("alice").await.unwrap();
        let path = format!("/sessions/{}{end}", public_id("alice").await);
        let answer = bank.manage(method, &path, &[("cookie", &mine), OURS, accept]).await;
        assert_eq!((answer.status.as_u16(), answer.field("location")), (status, location), "{method} {path}");
        assert_eq!((answer.field("set-cookie"), bank.count("alice").await), (None, 1));
    }

    // One's own: that is a log-out.
    let answer = bank.manage("POST", &format!("/sessions/{own}/end"), &[("cookie", &mine), OURS, BROWSER]).await;
    assert_eq!((answer.status.as_u16(), answer.field("location")), (303, Some("/goodbye")));
    assert!(answer.field("set-cookie").unwrap().starts_with("__Host-session=; Max-Age=0"));
    assert_eq!(answer.field("clear-site-data"), Some("\"cache\""));
    assert_eq!(bank.manage("GET", "/sessions", &fields).await.status, 401);
}

#[tokio::test]
async fn all_others_end_or_all() {
    let bank = bank();
    let mine = cookie(&bank.session_of("alice").await.unwrap());
    for _ in 0..3 {
        bank.session_of("alice").await.unwrap();
    }
    bank.session_of("bob").await.unwrap();
    let fields = [("cookie", &*mine), OURS];
    let answer = bank.manage("POST", "/revoke-others", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.field("set-cookie"), bank.count("alice").await), (204, None, 1));
    bank.session_of("alice").await.unwrap();
    let answer = bank.manage("POST", "/revoke-all", &fields).await;
    assert_eq!((answer.status.as_u16(), bank.count("alice").await, bank.count("bob").await), (204, 0, 1));
    assert!(answer.field("set-cookie").unwrap().starts_with("__Host-session=; Max-Age=0"));

    let header = format!("Session {}", bank.session_of("alice").await.unwrap().encode().expose());
    let answer = bank.manage("POST", "/revoke-all", &[("authorization", &header), ("cookie", &mine)]).await;
    assert_eq!((answer.status.as_u16(), answer.field("set-cookie")), (204, None), "a header spoke");
}

#[tokio::test]
async fn it_takes_a_session_and_a_page_of_ours_where_the_cookie_shows_it() {
    let bank = bank();
    let mine = cookie(&bank.session_of("alice").await.unwrap());
    for (method, path) in
        [("GET", "/sessions"), ("DELETE", "/sessions/x"), ("POST", "/revoke-others"), ("POST", "/revoke-all")]
    {
        assert_eq!(bank.manage(method, path, &[OURS]).await.status, 401, "{path}");
        let basic = ("authorization", "Basic YWxpY2U6d29uZGVybGFuZA==");
        assert_eq!(bank.manage(method, path, &[basic, ("cookie", &mine), OURS]).await.status, 401, "{path}");
    }
    for fields in [vec![], vec![("sec-fetch-site", "cross-site")], vec![("origin", "https://evil.example")]] {
        for (method, path) in [("DELETE", "/sessions/x"), ("POST", "/revoke-others"), ("POST", "/revoke-all")] {
            let fields = [vec![("cookie", &*mine)], fields.clone()].concat();
            assert_eq!(bank.manage(method, path, &fields).await.status, 403, "{path} {fields:?}");
        }
    }
    assert_eq!(bank.count("alice").await, 1);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_done_that_way_405() {
    let bank = bank();
    let mine = cookie(&bank.session_of("alice").await.unwrap());
    let fields = [("cookie", &*mine), OURS];
    for path in ["/", "/session", "/sessions/", "/sessions/a/b", "/sessions//end", "/revoke-all/", "/Sessions"] {
        assert_eq!(bank.manage("POST", path, &fields).await.status, 404, "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/sessions", "GET, HEAD"),
        ("GET", "/sessions/x", "DELETE"),
        ("GET", "/sessions/x/end", "POST"),
        ("GET", "/revoke-all", "POST"),
        ("DELETE", "/revoke-others", "POST"),
    ] {
        let answer = bank.manage(method, path, &fields).await;
        assert_eq!((answer.status.as_u16(), answer.field("allow")), (405, Some(allow)), "{method} {path}");
    }
    let below = bank.login.manage().below("/me");
    assert_eq!(bank::ask(below.clone(), "GET", "/me/sessions", &fields, "").await.status, 200);
    assert_eq!(bank::ask(below, "GET", "/sessions", &fields, "").await.status, 404);
}

#[tokio::test]
async fn while_the_store_is_down_nothing_is_said_to_be_done() {
    let (store, is_down) = Switched::new();
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let bank = bank_over(Sessions::builder(store).clock(clock.clone()).build().unwrap(), clock, |login| login);
    let mine = cookie(&bank.session_of("alice").await.unwrap());
    is_down.store(true, Ordering::SeqCst);
    for (method, path) in [("GET", "/sessions"), ("DELETE", "/sessions/x"), ("POST", "/revoke-all")] {
        let answer = bank.manage(method, path, &[("cookie", &mine), OURS]).await;
        assert_eq!((answer.status.as_u16(), answer.field("set-cookie")), (503, None), "{path}");
    }
}

/// Counts the log-ins for which a password had to be hashed.
#[derive(Clone)]
struct Hashing {
    inner: PasswordVerifier,
    hashes: Arc<AtomicUsize>,
}

impl Verifier<BasicCredentials> for Hashing {
    async fn verify(&self, credentials: BasicCredentials) -> Result<Identity, VerifyError> {
        self.hashes.fetch_add(1, Ordering::SeqCst);
        self.inner.verify(credentials).await
    }

    fn verify_now(&self, credentials: &BasicCredentials) -> Option<Result<Identity, VerifyError>> {
        self.inner.verify_now(credentials)
    }

    fn remembered(&self, credentials: &BasicCredentials) -> Option<Identity> {
        self.inner.remembered(credentials)
    }

    fn forget(&self, subject: &Identity) {
        Verifier::<BasicCredentials>::forget(&self.inner, subject);
    }
}

#[tokio::test]
async fn to_end_all_sessions_also_forgets_the_password_that_was_right() {
    let bank = bank();
    let hashes = Arc::new(AtomicUsize::new(0));
    let counting = Hashing { inner: bank.passwords.clone(), hashes: Arc::clone(&hashes) };
    let login = Login::new(&bank.scheme, Throttle::builder().build().unwrap().around(counting)).unwrap();
    let log_in = async |body: &str| {
        let shown = bank::ask(login.log_in(), "POST", "/login", &[FORM], body).await.cookie();
        (shown, hashes.load(Ordering::SeqCst))
    };
    assert_eq!(log_in("username=bob&password=builder").await.1, 1);
    assert_eq!(log_in(GOOD).await.1, 2);
    let (shown, done) = log_in(GOOD).await;
    assert_eq!(done, 2, "remembered");
    let ended = bank::ask(login.manage(), "POST", "/revoke-all", &[("cookie", &shown), OURS], "").await;
    assert_eq!(ended.status, 204);
    assert_eq!(log_in(GOOD).await.1, 3, "forgotten");
    assert_eq!(log_in("username=bob&password=builder").await.1, 3, "others are not");
}

/// Users of whom Alice has `stored` as her hash.
fn alice_with(stored: &str) -> Users {
    let mut users = Users::new();
    users.insert("alice", User::new(stored).unwrap()).unwrap();
    users
}

async fn identity_of(passwords: &PasswordVerifier, password: &str) -> Identity {
    passwords.verify(BasicCredentials::new("alice", password).unwrap()).await.unwrap()
}

/// S09
#[tokio::test]
async fn a_changed_password_a_disabled_and_a_removed_user_end_their_sessions_at_the_next_request() {
    let old = hash_password("wonderland").unwrap();
    let changes: [fn() -> Users; 3] = [
        || alice_with(&hash_password("looking glass").unwrap()),
        || {
            let mut users = Users::new();
            users.insert("alice", User::new(&hash_password("wonderland").unwrap()).unwrap().disabled(true)).unwrap();
            users
        },
        Users::new,
    ];
    for change in changes {
        let passwords = PasswordVerifier::new("bank", alice_with(&old));
        let known = passwords.clone();
        let sessions =
            Sessions::builder(MemoryStore::new()).recheck(move |identity| known.is_current(identity)).build().unwrap();
        let login = Login::new(&Session::new("bank", sessions.clone()), passwords.clone()).unwrap();
        let shown = bank::ask(login.log_in(), "POST", "/login", &[FORM], GOOD).await.cookie();
        let other = Identity::assertion("elsewhere", "alice").build();
        let other = sessions.create(&other, SessionStart::new()).await.unwrap();
        let list =
            async |shown: &str| bank::ask(login.manage(), "GET", "/sessions", &[("cookie", shown)], "").await.status;
        assert_eq!(list(&shown).await, 200);
        // Roles may change, and nobody is logged out.
        let mut users = Users::new();
        users.insert("alice", User::new(&old).unwrap().roles(["admin"])).unwrap();
        passwords.replace(users);
        assert_eq!(list(&shown).await, 200);
        passwords.replace(change());
        assert_eq!(list(&shown).await, 401);
        assert_eq!(list(&cookie(other.id())).await, 200, "another issuer's is not judged here");
    }
}

/// S09
#[tokio::test]
async fn what_a_store_kept_over_a_restart_is_judged_too() {
    let old = hash_password("wonderland").unwrap();
    let passwords = PasswordVerifier::new("bank", alice_with(&old));
    let store = MemoryStore::new();
    let identity = identity_of(&passwords, "wonderland").await.to_assertion().acr("gold").build();
    let started = Sessions::new(store.clone()).create(&identity, SessionStart::new()).await.unwrap();
    let record = store.list(&SessionOwner::new("bank", "alice")).await.unwrap().remove(0);
    let row = record.to_row().unwrap();
    assert!(!String::from_utf8_lossy(&row.facts).contains(&old[30..]), "no hash is in the store");
    let kept = row.into_record().unwrap();

    // Another process: a store that has the row, a verifier that has the users.
    let anew = hash_password("wonderland").unwrap();
    for (stored, is_good) in [(&old, true), (&anew, false)] {
        let store = MemoryStore::new();
        store.insert(&kept, None, kept.created_at()).await.unwrap();
        let passwords = PasswordVerifier::new("bank", alice_with(stored));
        let sessions =
            Sessions::builder(store).recheck(move |identity| passwords.is_current(identity)).build().unwrap();
        assert_eq!(sessions.verify_now(started.id()).unwrap().is_ok(), is_good);
    }

    // Who was not identified by a password here is judged by the name.
    let by_name = Identity::assertion("bank", "alice").build();
    assert!(PasswordVerifier::new("bank", alice_with(&anew)).is_current(&by_name));
    assert!(!PasswordVerifier::new("bank", Users::new()).is_current(&by_name));
}

#[tokio::test]
async fn a_better_hash_of_the_same_password_logs_nobody_out() {
    // argon2id of `wonderland`, cheap on purpose, and so to be replaced.
    let old = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";
    let (tell, told) = mpsc::channel();
    let passwords = PasswordVerifier::new("bank", alice_with(old)).on_rehash(move |rehash| {
        tell.send(rehash.new_hash().to_owned())?;
        Ok(())
    });
    let before = identity_of(&passwords, "wonderland").await;
    let new = tokio::task::spawn_blocking(move || told.recv().unwrap()).await.unwrap();
    // Also in another process, which knows the new hash alone.
    for verifier in [passwords.clone(), PasswordVerifier::new("bank", Users::new())] {
        verifier.replace(alice_with(&new));
        assert!(verifier.is_current(&before));
        let after = identity_of(&verifier, "wonderland").await;
        assert!(verifier.is_current(&after));
        verifier.replace(alice_with(&hash_password("wonderland").unwrap()));
        assert!(!verifier.is_current(&before) && !verifier.is_current(&after));
    }
}
