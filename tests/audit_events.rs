//! What happens is told once, as a value: to whoever listens and, at the same place, to the log.

#![cfg(all(
    feature = "aws-lc-rs",
    feature = "introspection",
    feature = "jwks",
    feature = "login",
    feature = "password",
    feature = "redis",
    feature = "session",
    feature = "test-kit",
    feature = "tracing"
))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod ear;
    pub(crate) mod log;
    pub(crate) mod redis;
    pub(crate) mod services;
}

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use portcullis::authenticate::{Basic, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, ClientAddress, SessionId};
use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};
use portcullis::identity::jwt::{Issuer, JwtVerifier, RemoteKeys};
use portcullis::identity::password::{PasswordVerifier, User, Users};
use portcullis::identity::revocation::{MemoryRevocations, RedisRevocations, Revocation, Revocations};
use portcullis::identity::session::{
    Ending, Inserted, MemoryStore, Moment, OwnerLimit, SessionKey, SessionOwner, SessionRecord, SessionStart,
    SessionStore, SessionTicket, Sessions, StoreError,
};
use portcullis::identity::throttle::Throttle;
use portcullis::login::Login;
use portcullis::observe::{Event, Observer};
use portcullis::outbound::Client;
use portcullis::permission::scope;
use portcullis::test_kit::{Endpoint, Fault, TestIssuer};
use portcullis::{AuthenticateLayer, Identity, RequireLayer, Secret, Verifier};
use support::ear::Ear;
use support::log::Log;
use support::redis::Redis;
use tower::{Layer, ServiceExt, service_fn};

/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";
const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn alice() -> PasswordVerifier {
    let mut users = Users::new();
    users.insert("alice", User::new(ALICE).unwrap()).unwrap();
    PasswordVerifier::new("bank", users)
}

fn user(name: &str) -> Identity {
    Identity::assertion("bank", name).authenticated_now().build()
}

/// Waits for what another task brings about.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..3_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in vain: {what}");
}

// Sessions.

#[tokio::test]
async fn a_session_that_begins_and_ends_is_told_once_to_observer_and_log() {
    let (ear, log) = (Ear::new(), Log::start());
    let sessions = Sessions::builder(MemoryStore::new()).observer(ear.observer()).build().unwrap();
    let started = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
    let public = started.public_id().to_owned();
    assert_eq!(ear.events(), [format!(r#"logged_in issuer="bank" subject="alice" session={public:?}"#)]);
    let rotated = sessions.rotate(started.id()).await.unwrap().unwrap();
    assert!(sessions.verify(rotated.into_id()).await.is_ok());
    assert!(ear.events().is_empty(), "neither a rotation nor a request is a log-in");

    let again = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
    let other = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
    ear.events();
    assert!(sessions.end(again.id()).await.unwrap());
    assert!(!sessions.end(again.id()).await.unwrap());
    assert_eq!(ear.events(), [format!("logged_out session={:?}", again.public_id())]);
    assert!(sessions.end_public("bank", "alice", other.public_id()).await.unwrap());
    let (kind, credential) = ("session", other.public_id());
    let ended = format!(r#"revoked kind="{kind}" issuer="bank" subject="alice" credential={credential:?} sessions=1"#);
    assert_eq!(ear.events(), [ended]);
    assert_eq!(sessions.end_all("bank", "alice").await.unwrap(), 1);
    assert_eq!(sessions.end_all("bank", "alice").await.unwrap(), 0);
    assert_eq!(ear.events(), [r#"revoked kind="sessions" issuer="bank" subject="alice" sessions=1"#]);

    let log = log.text();
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!((lines("logged in"), lines("logged out"), lines("sessions ended")), (3, 1, 2), "{log}");
    assert_eq!(log.lines().count(), 6, "{log}");
}

async fn post(login: &Login, body: &str, cookie: Option<&str>) -> Response<Bytes> {
    let mut request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let response = login.log_in().oneshot(request.body(Full::<Bytes>::from(body.to_owned())).unwrap()).await.unwrap();
    response.map(|_| Bytes::new())
}

/// Whoever is given to both hears it once; whoever is given to one hears it from there
#[tokio::test]
async fn a_log_in_is_heard_once_wherever_the_observer_was_given() {
    for (of_sessions, of_login) in [(true, true), (true, false), (false, true)] {
        let ear = Ear::new();
        let observer = ear.observer();
        let mut sessions = Sessions::builder(MemoryStore::new());
        if of_sessions {
            sessions = sessions.observer(Arc::clone(&observer));
        }
        let scheme = Session::new("bank", sessions.build().unwrap());
        let mut login = Login::builder(&scheme, alice());
        if of_login {
            login = login.observer(observer);
        }
        let login = login.build().unwrap();
        let answer = post(&login, "username=alice&password=wonderland", None).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let events = ear.events();
        assert!(events.len() == 1 && events[0].starts_with(r#"logged_in issuer="bank" subject="alice""#), "{events:?}");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let request = Request::post("/logout").header("cookie", cookie).body(Full::<Bytes>::default()).unwrap();
        assert!(login.log_out().oneshot(request).await.unwrap().status().is_success());
        let events = ear.events();
        assert!(events.len() == 1 && events[0].starts_with("logged_out session="), "{events:?}");
        post(&login, "username=alice&password=wrong", None).await;
        assert_eq!(ear.events().len(), usize::from(of_login), "a refusal is the log-in's to tell");
    }
}

/// A store that is down when it is told to be, over one in memory.
#[derive(Clone)]
struct Fragile {
    store: MemoryStore,
    down: Arc<AtomicBool>,
}

impl Fragile {
    fn up<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.down.load(Ordering::SeqCst) { Err(StoreError::unavailable("connection refused")) } else { answer }
    }
}

impl SessionStore for Fragile {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.up(self.store.insert(record, limit, now).await)
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.up(self.store.load(key).await)
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.up(self.store.touch(key, last_seen, ends_at).await)
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.up(self.store.rotate(shown, record).await)
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.up(self.store.delete(shown).await)
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.up(self.store.delete_of(owner, which).await)
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.up(self.store.list(owner).await)
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        self.up(self.store.sweep(now, at_most).await)
    }
}

#[tokio::test]
async fn a_store_of_sessions_that_is_lost_is_told_once_for_the_outage() {
    let (ear, clock) = (Ear::new(), ManualClock::at(NOW));
    let store = Fragile { store: MemoryStore::new(), down: Arc::default() };
    let sessions = Sessions::builder(store.clone()).clock(clock.clone()).observer(ear.observer()).build().unwrap();
    let started = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
    ear.events();
    let show = async || sessions.verify(SessionId::parse(started.id().encode().expose()).unwrap()).await.is_ok();
    store.down.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert!(!show().await);
        clock.advance(SECOND);
    }
    assert!(sessions.list("bank", "alice").await.is_err());
    let error = "the session store does not answer: connection refused";
    assert_eq!(ear.events(), [format!(r#"store_lost store="sessions" error={error:?}"#)]);
    store.down.store(false, Ordering::SeqCst);
    assert!(show().await);
    assert!(ear.events().is_empty(), "it may be one answer of many");
    clock.advance(SECOND);
    assert!(show().await && show().await);
    assert_eq!(ear.events(), [r#"store_regained store="sessions" after=6"#]);
}

// Throttles.

#[tokio::test]
async fn who_has_to_wait_is_told_when_the_wait_begins_and_not_for_each_guess() {
    let (ear, clock) = (Ear::new(), ManualClock::at(NOW));
    let throttle = Throttle::builder().attempts(3).attempts_per_client(5).clock(clock.clone()).observer(ear.observer());
    let verifier = throttle.build().unwrap().around(alice());
    let guess = async |name: &str| {
        let client = ClientAddress::new([192, 0, 2, 7].into());
        let credentials = BasicCredentials::new(name, "guess").unwrap().from_client(Some(client));
        verifier.verify(credentials).await.unwrap_err().reason()
    };
    for _ in 0..3 {
        guess("alice").await;
    }
    let account = r#"locked limit="account" client=192.0.2.7 retry_after=60 account="alice""#;
    assert_eq!(ear.events(), [account]);
    // Each of these is one more of the client's; the second is its last.
    for _ in 0..4 {
        guess("alice").await;
    }
    assert_eq!(ear.events(), [r#"locked limit="client" client=192.0.2.7 retry_after=60"#]);
    clock.advance(Duration::from_secs(61));
    guess("alice").await;
    let events = ear.events();
    assert_eq!(events.len(), 2, "both wait again, for longer: {events:?}");
    assert!(events.iter().all(|event| event.contains("retry_after=120")), "{events:?}");
    assert!(!ear.printed().contains("alice"), "the name is only claimed, and elided: {}", ear.printed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_count_together_tell_once_who_has_to_wait_and_of_a_server_that_is_lost() {
    let Some(mut redis) = Redis::start() else { return };
    let ear = Ear::new();
    let process = || Throttle::builder().attempts(3).redis(&redis.url()).observer(ear.observer()).build().unwrap();
    let (one, two) = (process(), process());
    let guess = async |throttle: &Throttle, number: u8| {
        if let Ok(permit) = throttle.guard("alice", Some(ClientAddress::new([10, 0, 0, number].into()))).await {
            permit.failed().await;
        }
    };
    guess(&one, 1).await;
    guess(&two, 2).await;
    assert!(ear.events().is_empty());
    guess(&one, 3).await;
    let events = ear.events();
    assert!(events.len() == 1 && events[0].contains(r#"limit="account""#), "{events:?}");
    for number in 4..8 {
        guess(if number % 2 == 0 { &one } else { &two }, number).await;
    }
    assert!(ear.events().is_empty());

    redis.kill();
    for number in 10..14 {
        drop(one.guard("bob", Some(ClientAddress::new([10, 0, 1, number].into()))).await.unwrap());
    }
    let events = ear.events();
    assert!(events.len() == 1 && events[0].starts_with(r#"store_lost store="throttle""#), "{events:?}");
    redis.launch();
    until("the server is in reach again", async || {
        one.guard("carol", None).await.unwrap().succeeded().await;
        ear.has(r#"store_regained store="throttle""#)
    })
    .await;
    assert_eq!(ear.events().len(), 1);
}

// Keys, revocations, introspection.

#[tokio::test]
async fn keys_that_are_exchanged_and_an_issuer_that_is_lost_are_told() {
    let (ear, clock) = (Ear::new(), ManualClock::at(NOW));
    let issuer = TestIssuer::start().await.unwrap();
    let client = Client::builder().danger_allow_http_loopback().build().unwrap();
    let keys = RemoteKeys::jwks(issuer.jwks_url(), &issuer.algorithms()).client(client);
    let keys = keys.clock(clock.clone()).observer(ear.observer()).build().unwrap();
    let count = keys.ready().await.keys().count();
    assert!(ear.events().is_empty(), "the first keys are no rotation");
    let verifier = JwtVerifier::new([Issuer::new(issuer.name(), ["orders"], keys.clone())]).unwrap();
    let refetch = async || {
        let before = keys.state().attempts();
        clock.advance(Duration::from_secs(24 * 60 * 60));
        until("the keys are fetched", async || {
            drop(verifier.verify_token(issuer.token("alice").audience("orders").mint().as_str()));
            let state = keys.state();
            state.attempts() > before && !state.is_fetching()
        })
        .await;
    };
    refetch().await;
    assert!(ear.events().is_empty(), "the same keys again");
    issuer.rotate_without_overlap().unwrap();
    refetch().await;
    let from = issuer.jwks_url();
    assert_eq!(ear.events(), [format!("keys_rotated from={from:?} added={count} removed={count}")]);

    issuer.fail_with(Endpoint::Jwks, Fault::status(500).times(2));
    refetch().await;
    refetch().await;
    let store = format!("keys of {from}");
    let events = ear.events();
    assert!(events.len() == 1 && events[0].starts_with(&format!("store_lost store={store:?} error=")), "{events:?}");
    refetch().await;
    let events = ear.events();
    assert!(
        events.len() == 1 && events[0].starts_with(&format!("store_regained store={store:?} after=")),
        "{events:?}"
    );
}

#[tokio::test]
async fn what_is_revoked_is_told_by_name_and_a_token_without_its_text() {
    let ear = Ear::new();
    let list = MemoryRevocations::builder().observer(ear.observer()).build().unwrap();
    for revocation in [
        Revocation::subject("https://id.example", "alice"),
        Revocation::token_id("https://id.example", "token-1"),
        Revocation::session_id("https://id.example", "sid-1"),
        Revocation::token("mF_9.B5f-4.1JqM"),
    ] {
        list.revoke(revocation).await.unwrap();
    }
    assert_eq!(
        ear.events(),
        [
            r#"revoked kind="subject" issuer="https://id.example" subject="alice""#,
            r#"revoked kind="jti" issuer="https://id.example" credential="token-1""#,
            r#"revoked kind="sid" issuer="https://id.example" credential="sid-1""#,
            r#"revoked kind="token""#,
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_list_is_told_by_the_process_that_revokes_and_lost_once() {
    let Some(mut redis) = Redis::start() else { return };
    let (ear, other) = (Ear::new(), Ear::new());
    let process = |ear: &Ear| RedisRevocations::builder(&redis.url()).observer(ear.observer()).build().unwrap();
    let (one, two) = (process(&ear), process(&other));
    one.ready().await;
    two.ready().await;
    one.revoke(Revocation::subject("bank", "alice")).await.unwrap();
    assert_eq!(ear.events(), [r#"revoked kind="subject" issuer="bank" subject="alice""#]);
    assert!(other.events().is_empty());
    redis.kill();
    until("it is noticed", async || ear.has(r#"store_lost store="revocations""#)).await;
    redis.launch();
    until("it is back", async || ear.has(r#"store_regained store="revocations""#)).await;
    let names: Vec<_> = ear.events().iter().map(|event| event.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["store_lost", "store_regained"]);
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_told_once() {
    let (ear, clock) = (Ear::new(), ManualClock::at(NOW));
    let client = Client::builder().danger_allow_http_loopback().build().unwrap();
    // Nobody listens there.
    let auth = ClientAuth::basic("orders", Secret::new("quux".to_owned()));
    let verifier = IntrospectionVerifier::builder("http://127.0.0.1:1/introspect", auth).audience(["orders"]);
    let verifier = verifier.client(client).clock(clock).observer(ear.observer()).build().unwrap();
    for token in ["one", "two", "three"] {
        assert!(verifier.verify_token(token).await.is_err());
    }
    let events = ear.events();
    let lost = r#"store_lost store="introspection at http://127.0.0.1:1/introspect""#;
    assert!(events.len() == 1 && events[0].starts_with(lost), "{events:?}");
    assert!(!ear.printed().contains("quux"));
}

// Requests.

#[tokio::test]
async fn a_refusal_and_a_missing_permission_are_events_with_their_decision() {
    let ear = Ear::new();
    let layer =
        AuthenticateLayer::builder().scheme(Basic::new("bank", alice())).observer(ear.observer()).build().unwrap();
    let require = RequireLayer::new(scope("orders:write")).unwrap();
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let service = layer.layer(require.layer(inner));
    for (line, told) in [(None, "refused"), (Some("Basic YWxpY2U6d29uZGVybGFuZA=="), "permission_denied")] {
        let mut request = Request::new(());
        if let Some(line) = line {
            request.headers_mut().insert("authorization", line.parse().unwrap());
        }
        service.clone().oneshot(request).await.unwrap();
        assert_eq!(ear.events(), [told]);
    }
}

/// A panic of one that listens is caught and changes nothing
#[tokio::test]
async fn an_observer_that_panics_stops_nobody() {
    struct Clumsy;

    impl Observer for Clumsy {
        fn happened(&self, _: &Event<'_>) {
            panic!("as the test wants");
        }
    }

    let sessions = Sessions::builder(MemoryStore::new()).observer(Arc::new(Clumsy)).build().unwrap();
    let started = sessions.create(&user("alice"), SessionStart::new()).await.unwrap();
    assert!(sessions.end(started.id()).await.unwrap());
}
