//! whatever bytes a client sends, nothing panics, nothing unproven passes, and nothing but credentials counts.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]
#![cfg(all(feature = "session", feature = "token"))]

mod support {
    pub(crate) mod stack;
}

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body::Body;
use portcullis::authenticate::{Basic, Bearer, Session};
use portcullis::credentials::BasicCredentials;
use portcullis::identity::session::{MemoryStore, Sessions};
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};
use proptest::prelude::*;
use support::stack::{Inner, Scripted, bare, basic, bearer, cookie, get, send, session};
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A layer that knows nobody, with verifiers as they are used.
fn closed() -> AuthenticateLayer {
    let nobody = async |_: BasicCredentials| Err::<Identity, _>(VerifyError::invalid());
    AuthenticateLayer::builder()
        .scheme(Bearer::new("api", TokenVerifier::new()))
        .scheme(Basic::new("staff", nobody))
        .scheme(Session::new("shop", Sessions::new(MemoryStore::new())))
        .build()
        .unwrap()
}

/// Bytes that an HTTP server lets in as a field value, many of them nearly right.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let scheme = prop_oneof!["Bearer", "Basic", "Session", "bEARER", "basic", "Digest", "[!-~]{0,9}"];
    let blank = prop_oneof![4 => " ", 1 => "[ \t]{0,4}"];
    let rest = prop_oneof!["[A-Za-z0-9+/._~-]{0,60}={0,3}", "[A-Za-z0-9_-]{43}", "[ -~]{0,60}", "dTpw[=,; ]{0,3}"];
    let cookie =
        "(__Host-session=[A-Za-z0-9_-]{0,44}|[a-z]{1,4}=[ -~]{0,9}|__host-session=x)(; ?__Host-session=\"?[!-~]{0,9})?";
    prop_oneof![
        (scheme, blank, rest).prop_map(|(scheme, blank, rest)| format!("{scheme}{blank}{rest}").into_bytes()),
        cookie.prop_map(String::into_bytes),
        "(text/plain|application/json|\\*/\\*|text/\\*)(;q=[0-9.]{0,6})?(, ?[ -~]{0,20})?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..80),
    ]
    .prop_filter("no server lets it in", |bytes| HeaderValue::from_bytes(bytes).is_ok())
}

fn lines() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name =
        prop::sample::select(vec!["authorization", "cookie", "accept", "origin", "access-control-request-method"]);
    prop::collection::vec((name, value()), 0..5)
}

/// Header lines that are no credentials, those among them that have opened other people's gates.
fn others() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let known = prop::sample::select(vec![
        "x-middleware-subrequest",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-uri",
        "x-forwarded-method",
        "x-forwarded-user",
        "x_forwarded_user",
        "remote-user",
        "x-internal",
        "x-user",
        "x-role",
        "connection",
        "upgrade",
        "user-agent",
        "origin",
        "referer",
        "host",
        "forwarded",
        "x-forwarded-for",
        "x-http-method-override",
        "content-type",
        "access-control-request-method",
        "proxy-authorization",
        "www-authenticate",
        "vary",
        "te",
        "transfer-encoding",
    ]);
    let name = prop_oneof![4 => known.prop_map(ToOwned::to_owned), 1 => "x-[a-z]{1,9}"];
    let text = prop_oneof![
        Just(b"authorization, cookie".to_vec()),
        Just(b"1".to_vec()),
        Just(b"/public".to_vec()),
        Just(b"Bearer ann".to_vec()),
        value(),
    ];
    prop::collection::vec((name, text), 0..6)
}

/// All of an answer but what differs from one to the next.
#[derive(Debug, Eq, PartialEq)]
struct Verdict {
    status: u16,
    errors: Vec<(String, Option<String>)>,
    subject: Option<String>,
    is_inner_called: bool,
}

async fn verdict<L, S, B>(layer: &L, request: Request<()>) -> Verdict
where
    L: Layer<Inner, Service = S>,
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let answer = send(layer, request).await;
    Verdict {
        status: answer.status.as_u16(),
        errors: answer.errors(),
        subject: answer.identity().map(|identity| identity.subject().to_owned()),
        is_inner_called: answer.seen.is_some(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    ///
    #[test]
    fn no_bytes_of_a_stranger_pass_or_break_anything(lines in lines(), method in prop_oneof!["GET", "OPTIONS", "[A-Z]{1,7}"]) {
        let mut request = get(lines);
        *request.method_mut() = method.parse().unwrap();
        let answer = runtime().block_on(send(&closed(), request));
        prop_assert!(answer.seen.is_none(), "reached the inner service");
        prop_assert!(matches!(answer.status.as_u16(), 400 | 401), "{}", answer.status);
        prop_assert!(answer.status != 401 || answer.challenges().len() == 3);
        prop_assert!(!answer.body.is_empty() && answer.rejection.is_some());
    }

    /// where anonymous callers are welcome, a stranger is at most one of them
    #[test]
    fn no_bytes_of_a_stranger_make_an_identity(lines in lines()) {
        let nobody = async |_: BasicCredentials| Err::<Identity, _>(VerifyError::invalid());
        let optional = AuthenticateLayer::builder()
            .scheme(Basic::new("staff", nobody))
            .scheme(Session::new("shop", Sessions::new(MemoryStore::new())))
            .allow_anonymous()
            .allow_cors_preflight()
            .build()
            .unwrap();
        let answer = runtime().block_on(send(&optional, get(lines)));
        prop_assert!(matches!(answer.status.as_u16(), 200 | 400 | 401), "{}", answer.status);
        prop_assert!(answer.identity().is_none());
        prop_assert_eq!(answer.seen.is_some(), answer.status == 200);
    }

    /// The verdict depends on credentials alone
    #[test]
    fn fields_that_are_no_credentials_change_nothing(
        others in others(),
        word in prop::sample::select(vec!["ann", "invalid", "expired", "malformed", "unavailable", "throttled"]),
        carrier in 0..5_usize,
        waits in any::<bool>(),
        path in "/[a-z/.%0-9]{0,12}(\\?[a-z=&]{0,12})?",
        post in any::<bool>(),
    ) {
        let verifier = if waits { Scripted::waiting() } else { Scripted::ready() };
        let credentials = || match carrier {
            0 => bare(),
            1 => get([bearer(word)]),
            2 => get([basic(word)]),
            3 => get([session(word)]),
            _ => get([cookie(word)]),
        };
        let with_others = |mut request: Request<()>| {
            request.headers_mut().extend(get(others.clone()).into_parts().0.headers);
            *request.uri_mut() = path.parse().unwrap();
            // Where a cookie may change something, what comes from where is asked: `cross_site`.
            *request.method_mut() = if post && carrier < 4 { Method::POST } else { Method::GET };
            request
        };
        let optional = verifier.schemes().allow_anonymous().build().unwrap();
        let guarded = (verifier.layer(), RequireLayer::new(scope("read")).unwrap());
        let forbidding = (verifier.layer(), RequireLayer::new(scope("write")).unwrap());
        runtime().block_on(async {
            let dressed = || with_others(credentials());
            assert_eq!(verdict(&optional, credentials()).await, verdict(&optional, dressed()).await);
            assert_eq!(verdict(&guarded, credentials()).await, verdict(&guarded, dressed()).await);
            assert_eq!(verdict(&forbidding, credentials()).await, verdict(&forbidding, dressed()).await);
        });
    }
}
