//! A bank whose customers log in and out: the services of `login` over sessions in memory.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::Identity;
use portcullis::authenticate::Session;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::SessionId;
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use portcullis::identity::session::{
    Ending, Inserted, MemoryStore, Moment, OwnerLimit, SessionError, SessionKey, SessionOwner, SessionRecord,
    SessionStart, SessionStore, SessionTicket, Sessions, StoreError,
};
use portcullis::login::{Login, LoginBuilder};
use tower::{Service, ServiceExt};

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const GOOD: &str = "username=alice&password=wonderland";
pub(crate) const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
pub(crate) const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Everything that a test looks at or turns.
pub(crate) struct Bank {
    pub(crate) sessions: Sessions,
    pub(crate) scheme: Session<Sessions>,
    pub(crate) passwords: PasswordVerifier,
    pub(crate) clock: ManualClock,
    pub(crate) login: Login,
}

/// Alice, whose password is `wonderland`, and Bob, whose is `builder`.
pub(crate) fn users() -> Users {
    let mut users = Users::new();
    for (name, password) in [("alice", "wonderland"), ("bob", "builder")] {
        users.insert(name, User::new(&hash_password(password).unwrap()).unwrap().roles(["customer"])).unwrap();
    }
    users
}

pub(crate) fn bank() -> Bank {
    bank_with(|login| login)
}

pub(crate) fn bank_with(configure: impl FnOnce(LoginBuilder) -> LoginBuilder) -> Bank {
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let sessions = Sessions::builder(MemoryStore::new()).clock(clock.clone()).build().unwrap();
    bank_over(sessions, clock, configure)
}

pub(crate) fn bank_over(
    sessions: Sessions,
    clock: ManualClock,
    configure: impl FnOnce(LoginBuilder) -> LoginBuilder,
) -> Bank {
    let scheme = Session::new("bank", sessions.clone());
    let passwords = PasswordVerifier::new("bank", users());
    let login = configure(Login::builder(&scheme, passwords.clone())).build().unwrap();
    Bank { sessions, scheme, passwords, clock, login }
}

impl Bank {
    /// A session that is there already, of a subject of the bank.
    pub(crate) async fn session_of(&self, subject: &str) -> Result<SessionId, SessionError> {
        let identity = Identity::assertion("bank", subject).authenticated_now().build();
        Ok(self.sessions.create(&identity, SessionStart::new()).await?.into_id())
    }

    /// How many sessions a subject of the bank has.
    pub(crate) async fn count(&self, subject: &str) -> usize {
        self.sessions.list("bank", subject).await.unwrap().len()
    }

    pub(crate) async fn log_in(&self, fields: &[(&str, &str)], body: &str) -> Answer {
        ask(self.login.log_in(), "POST", "/login", fields, body).await
    }

    pub(crate) async fn log_out(&self, fields: &[(&str, &str)]) -> Answer {
        ask(self.login.log_out(), "POST", "/logout", fields, "").await
    }

    pub(crate) async fn manage(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        ask(self.login.manage(), method, path, fields, "").await
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The `Cookie` field that shows a session.
pub(crate) fn cookie(id: &SessionId) -> String {
    format!("__Host-session={}", id.encode().expose())
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The `Cookie` field by which the client that got this answer shows its session.
    pub(crate) fn cookie(&self) -> String {
        self.field("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }
}

pub(crate) fn request(method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from(body.to_owned()));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = path.parse().unwrap();
    request.headers_mut().insert("host", "bank.example".parse().unwrap());
    for (name, value) in fields {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

pub(crate) async fn ask<S, B>(service: S, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer
where
    S: Service<Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    send(service, request(method, path, fields, body)).await
}

pub(crate) async fn send<S, B>(service: S, request: Request<Full<Bytes>>) -> Answer
where
    S: Service<Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
}

/// A store that can be taken down.
pub(crate) struct Switched {
    inner: MemoryStore,
    is_down: Arc<AtomicBool>,
}

impl Switched {
    /// The store, and its switch.
    pub(crate) fn new() -> (Self, Arc<AtomicBool>) {
        let is_down = Arc::new(AtomicBool::new(false));
        (Self { inner: MemoryStore::new(), is_down: Arc::clone(&is_down) }, is_down)
    }

    fn up(&self) -> Result<&MemoryStore, StoreError> {
        if self.is_down.load(Ordering::SeqCst) { Err(StoreError::unavailable("taken down")) } else { Ok(&self.inner) }
    }
}

impl SessionStore for Switched {
    async fn insert(
        &self,
        record: &SessionRecord,
        limit: Option<OwnerLimit>,
        now: Moment,
    ) -> Result<Inserted, StoreError> {
        self.up()?.insert(record, limit, now).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        self.up()?.load(key).await
    }

    async fn touch(&self, key: SessionKey, last_seen: Moment, ends_at: Moment) -> Result<bool, StoreError> {
        self.up()?.touch(key, last_seen, ends_at).await
    }

    async fn rotate(&self, shown: &SessionTicket, record: &SessionRecord) -> Result<bool, StoreError> {
        self.up()?.rotate(shown, record).await
    }

    async fn delete(&self, shown: &SessionTicket) -> Result<bool, StoreError> {
        self.up()?.delete(shown).await
    }

    async fn delete_of(&self, owner: &SessionOwner<'_>, which: Ending) -> Result<usize, StoreError> {
        self.up()?.delete_of(owner, which).await
    }

    async fn list(&self, owner: &SessionOwner<'_>) -> Result<Vec<SessionRecord>, StoreError> {
        self.up()?.list(owner).await
    }

    async fn sweep(&self, now: Moment, at_most: usize) -> Result<usize, StoreError> {
        self.up()?.sweep(now, at_most).await
    }
}
