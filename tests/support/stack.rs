//! One request through a stack of layers: what came back, and what the inner service saw of it, if anything.

#![allow(dead_code, reason = "each test file uses a part")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use portcullis::authenticate::{AuthenticateBuilder, Basic, Bearer, Session};
use portcullis::credentials::{BasicCredentials, BearerToken, SessionId};
use portcullis::response::Rejection;
use portcullis::{AuthenticateLayer, Identity, Verifier, VerifyError};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt};

pub(crate) const BEARER: &str = r#"Bearer realm="api""#;
pub(crate) const BASIC: &str = r#"Basic realm="staff", charset="UTF-8""#;
pub(crate) const SESSION: &str = r#"Session realm="shop""#;
pub(crate) const ALL_PLAIN: [(&str, Option<&str>); 3] = [("Bearer", None), ("Basic", None), ("Session", None)];

/// The innermost service: answers 200 `inner`, and remembers what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Inner {
    seen: Arc<Mutex<Vec<Parts>>>,
}

impl<B> Service<Request<B>> for Inner {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.seen.lock().unwrap().push(request.into_parts().0);
        ready(Ok(Response::new(Full::from("inner"))))
    }
}

/// All there is to say about one exchange.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) rejection: Option<Rejection>,
    /// The head that the inner service was called with.
    pub(crate) seen: Option<Parts>,
}

/// Sends `request` through `layer` to an [`Inner`].
pub(crate) async fn send<L, S, B>(layer: &L, request: Request<()>) -> Answer
where
    L: Layer<Inner, Service = S>,
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let inner = Inner::default();
    let response = layer.layer(inner.clone()).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.ok().unwrap().to_bytes();
    let mut seen = inner.seen.lock().unwrap();
    assert!(seen.len() <= 1, "the inner service was called twice");
    Answer {
        status: head.status,
        rejection: head.extensions.get::<Rejection>().cloned(),
        headers: head.headers,
        body,
        seen: seen.pop(),
    }
}

impl Answer {
    /// The values of `name`, one for each line.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The challenges, each parsed from a line of its own by a reader that is not ours.
    pub(crate) fn challenges(&self) -> Vec<Parsed> {
        self.lines("www-authenticate").into_iter().map(Parsed::read).collect()
    }

    /// Of each challenge the scheme and the `error`.
    pub(crate) fn errors(&self) -> Vec<(String, Option<String>)> {
        let error = |challenge: &Parsed| challenge.get("error").map(ToOwned::to_owned);
        self.challenges().iter().map(|challenge| (challenge.scheme.clone(), error(challenge))).collect()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.lines("content-type"), ["application/problem+json"]);
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.seen.as_ref()?.extensions.get()
    }

    /// Asserts a refusal whole: status, challenges with their `error`, body, protective headers, the rejection for outer
    /// layers, and that the inner service was not called.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str, challenges: &[(&str, Option<&str>)]) {
        assert!(self.seen.is_none(), "the inner service was called");
        assert_eq!(self.status, status);
        let errors = self.errors();
        let errors: Vec<_> = errors.iter().map(|(scheme, error)| (scheme.as_str(), error.as_deref())).collect();
        assert_eq!(errors, challenges);
        let rejection = self.rejection.as_ref().expect("the rejection travels in the extensions");
        // The answer to HEAD says how long the body would be.
        if !self.body.is_empty() || self.lines("content-length").is_empty() {
            let body = self.json();
            assert_eq!(body["status"], status);
            assert_eq!(body["code"], code);
            assert_eq!(body["id"], rejection.id().to_string());
        }
        assert_eq!(self.lines("cache-control"), ["no-store"]);
        assert_eq!(self.lines("x-content-type-options"), ["nosniff"]);
        assert_eq!(rejection.status(), self.status);
    }

    /// Asserts that the inner service was called as `subject`, and its answer came through.
    #[track_caller]
    pub(crate) fn assert_accepted(&self, subject: &str) {
        assert_eq!(self.status, 200);
        assert_eq!(self.body, "inner");
        assert_eq!(self.identity().map(Identity::subject), Some(subject));
        assert!(self.rejection.is_none());
        assert!(self.lines("www-authenticate").is_empty());
    }

    /// Asserts that the inner service was called without an identity.
    #[track_caller]
    pub(crate) fn assert_anonymous(&self) {
        assert_eq!(self.status, 200);
        assert!(self.seen.is_some() && self.identity().is_none());
    }
}

/// One challenge as an independent parser understands it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) scheme: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Parsed {
    #[track_caller]
    pub(crate) fn read(line: &str) -> Self {
        let mut challenges = http_auth::parse_challenges(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(challenges.len(), 1, "one challenge on a line: {line}");
        let challenge = challenges.remove(0);
        let parameters: Vec<_> =
            challenge.params.iter().map(|(name, value)| ((*name).to_owned(), value.to_unescaped())).collect();
        for (index, (name, _)) in parameters.iter().enumerate() {
            assert!(!parameters[..index].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)), "{name}: {line}");
        }
        Self { scheme: challenge.scheme.to_owned(), parameters }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// A request for `/` with these header lines.
pub(crate) fn get<N: AsRef<str>, V: AsRef<[u8]>>(lines: impl IntoIterator<Item = (N, V)>) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in lines {
        let name = HeaderName::try_from(name.as_ref()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
    }
    request
}

pub(crate) fn bare() -> Request<()> {
    Request::new(())
}

pub(crate) fn bearer(word: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {word}"))
}

pub(crate) fn basic(word: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("user:{word}"))))
}

pub(crate) fn session(word: &str) -> (&'static str, String) {
    ("authorization", format!("Session {}", session_id(word).encode().expose()))
}

pub(crate) fn cookie(word: &str) -> (&'static str, String) {
    ("cookie", format!("__Host-session={}", session_id(word).encode().expose()))
}

fn session_id(word: &str) -> SessionId {
    let mut bytes = [0; 32];
    bytes[..word.len()].copy_from_slice(word.as_bytes());
    SessionId::from_bytes(bytes)
}

/// A verifier for every kind of credential that does what the credential says (the token, the password, the bytes of the
/// session id): at once, or after having waited.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    calls: Arc<AtomicUsize>,
    waits: bool,
}

impl Scripted {
    pub(crate) fn ready() -> Self {
        Self::default()
    }

    pub(crate) fn waiting() -> Self {
        Self { waits: true, ..Self::default() }
    }

    /// How many credentials were judged.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The three schemes with this verifier: Bearer, Basic, Session.
    pub(crate) fn schemes(&self) -> AuthenticateBuilder {
        AuthenticateLayer::builder()
            .scheme(Bearer::new("api", self.clone()))
            .scheme(Basic::new("staff", self.clone()))
            .scheme(Session::new("shop", self.clone()))
    }

    pub(crate) fn layer(&self) -> AuthenticateLayer {
        self.schemes().build().unwrap()
    }

    fn judge(&self, word: &str) -> Result<Identity, VerifyError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match word {
            "ambiguous" => Err(VerifyError::ambiguous()),
            "cross_site" => Err(VerifyError::cross_site()),
            "expired" => Err(VerifyError::expired()),
            "invalid" => Err(VerifyError::invalid()),
            "malformed" => Err(VerifyError::malformed()),
            "panic" => panic!("as the credential says"),
            "throttled" => Err(VerifyError::throttled(Duration::from_millis(2_001))),
            "unavailable" => Err(VerifyError::unavailable("the store is down")),
            name => Ok(Identity::assertion("test", name).scopes(["read"]).build()),
        }
    }
}

pub(crate) trait Word {
    fn word(&self) -> String;
}

impl Word for BearerToken {
    fn word(&self) -> String {
        self.expose().to_owned()
    }
}

impl Word for BasicCredentials {
    fn word(&self) -> String {
        self.expose_password().to_owned()
    }
}

impl Word for SessionId {
    fn word(&self) -> String {
        String::from_utf8_lossy(self.expose()).trim_end_matches('\0').to_owned()
    }
}

impl<C: Word + Send + 'static> Verifier<C> for Scripted {
    async fn verify(&self, credentials: C) -> Result<Identity, VerifyError> {
        tokio::task::yield_now().await;
        self.judge(&credentials.word())
    }

    fn verify_now(&self, credentials: &C) -> Option<Result<Identity, VerifyError>> {
        (!self.waits).then(|| self.judge(&credentials.word()))
    }
}
