//! X-1, PROB-3: a secret goes in and is seen nowhere: not in `Debug`, not in `Display`, not in an answer, not in a log.

#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]
#![cfg(all(
    feature = "api-key",
    feature = "aws-lc-rs",
    feature = "digest",
    feature = "introspection",
    feature = "jwt",
    feature = "login",
    feature = "password",
    feature = "redis",
    feature = "session",
    feature = "token",
    feature = "tracing"
))]

mod support {
    pub(crate) mod at_once;
    pub(crate) mod digest;
    pub(crate) mod ear;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod log;
    pub(crate) mod stack;
}

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::Full;
use portcullis::authenticate::{ApiKeys, Attempt, Basic, Bearer, Digest, Scheme, Session};
use portcullis::credentials::{
    ApiKey, Authorization, BasicCredentials, BearerToken, Parameters, SessionCookie, SessionId, Unreadable, find_cookie,
};
use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyVerifier, MemoryApiKeys};
use portcullis::identity::digest_access::DigestUsers;
use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};
use portcullis::identity::jwt::Algorithm;
use portcullis::identity::password::{HashError, PasswordVerifier, User, Users, hash_password};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use portcullis::identity::session::{MemoryStore, RedisStore, SessionStart, Sessions};
use portcullis::identity::throttle::Throttle;
use portcullis::identity::token::TokenVerifier;
use portcullis::outbound::Client;
use portcullis::permission::{all, role, scope};
use portcullis::{AuthenticateLayer, Identity, RequireLayer, Secret, VerifyError};
use serde_json::json;
use support::at_once::at_once;
use support::digest::Login;
use support::ear::Ear;
use support::jwt::{claims_with, good_claims, issuer, mint, mint_with, verifier};
use support::keys::TestKey;
use support::log::Log;
use support::stack::{Scripted, get, send};
use tower::ServiceExt;

/// Found in no word of ours, also not inside base64.
const MARKER: &str = "zebraquuxzebraquuxzebraquux";

/// The marker as it may leak: itself, in base64, as the bytes of a session id, as a list of numbers.
fn leaks() -> Vec<String> {
    let inner = |text: &str| BASE64_STANDARD.encode(text).trim_end_matches('=')[4..].to_owned();
    let bytes = |text: &str| format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned();
    let hex = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec!["zebra".to_owned(), "quux".to_owned(), bytes("zebra"), hex];
    all.extend(
        [inner(MARKER), inner(&format!("a:{MARKER}")), inner(&format!("ab:{MARKER}"))]
            .map(|text| text[..16].to_owned()),
    );
    all
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for leak in leaks() {
        assert!(!text.contains(&leak), "{what} tells {leak}: {text}");
    }
}

#[track_caller]
fn assert_opaque(value: &dyn Debug) {
    assert_clean("Debug", &format!("{value:?} {value:#?}"));
}

#[track_caller]
fn assert_quiet(error: &dyn Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        assert_clean("an error", &format!("{error} {error:?} {error:#?}"));
        next = error.source();
    }
}

fn marked_id() -> SessionId {
    let mut bytes = [b'z'; 32];
    bytes[..MARKER.len()].copy_from_slice(MARKER.as_bytes());
    SessionId::from_bytes(bytes)
}

fn text(id: &SessionId) -> String {
    id.encode().expose().clone()
}

/// Every way a client may place the marker, well formed and not.
fn lines() -> Vec<(&'static str, String)> {
    let encode = |text: String| BASE64_STANDARD.encode(text);
    vec![
        ("authorization", format!("Bearer {MARKER}")),
        ("authorization", format!("Bearer {MARKER} {MARKER}")),
        ("authorization", format!("Bearer \"{MARKER}\"")),
        ("authorization", MARKER.to_owned()),
        ("authorization", format!("{MARKER} {MARKER}")),
        ("authorization", format!("{MARKER}: {MARKER}")),
        ("authorization", format!("{MARKER}\t")),
        ("authorization", format!("Basic {}", encode(format!("ann:{MARKER}")))),
        ("authorization", format!("Basic {}", encode(format!("{MARKER}:wrong")))),
        ("authorization", format!("Basic {}", encode(MARKER.to_owned()))),
        ("authorization", format!("Basic ann:{MARKER}")),
        ("authorization", format!("Session {}", text(&marked_id()))),
        ("authorization", format!("Session {MARKER}")),
        ("authorization", format!("Digest response=\"{MARKER}\", {MARKER}=x")),
        ("cookie", format!("__Host-session={}", text(&marked_id()))),
        ("cookie", format!("__Host-session={MARKER}")),
        ("cookie", format!("__Host-session=\"{MARKER}")),
        ("cookie", format!("__Host-session={MARKER}; __Host-session={MARKER}")),
        ("cookie", format!("{MARKER}={MARKER}")),
        ("proxy-authorization", format!("Basic {}", encode(format!("ann:{MARKER}")))),
    ]
}

#[test]
fn what_is_read_from_a_request_is_not_shown() {
    for (name, line) in lines() {
        let value = HeaderValue::from_str(&line).unwrap();
        let mut headers = HeaderMap::new();
        headers.append(name, value.clone());
        if let Some(error) = find_cookie(&headers, "__Host-session").err() {
            assert_quiet(&error);
        }
        match Authorization::parse(&value) {
            Ok(field) => {
                assert_opaque(&field);
                assert_opaque(&field.token68().err());
                assert_opaque(&field.parameters());
                field.parameters().filter_map(Result::err).for_each(|error| assert_quiet(&error));
                match BasicCredentials::from_authorization(&field) {
                    Ok(credentials) => assert_opaque(&credentials),
                    Err(error) => assert_quiet(&error),
                }
            }
            Err(error) => assert_quiet(&error),
        }
        match BearerToken::from_header(&value, 64) {
            Ok(token) => assert_opaque(&token),
            Err(error) => assert_quiet(&error),
        }
    }
    assert_opaque(&BearerToken::new(MARKER));
    assert_opaque(&BearerToken::new(&format!("{MARKER} ")));
    assert_opaque(&BasicCredentials::new(MARKER, MARKER));
    assert_opaque(&SessionId::parse(MARKER));
    assert_opaque(&marked_id());
    assert_opaque(&Secret::new(MARKER.to_owned()));
    assert_opaque(&SessionCookie::default().set(&marked_id(), Duration::from_secs(60)));
    let parameters: Option<Parameters<'_>> = None;
    assert_opaque(&parameters);
    assert_quiet(&Unreadable::Ambiguous);
}

/// The verifiers, their builders and the errors of set-up
#[tokio::test]
async fn what_a_verifier_holds_is_not_shown() {
    let tokens = TokenVerifier::new();
    tokens.insert(MARKER, Identity::assertion("api", "ci").value(MARKER).build()).unwrap();
    assert_opaque(&tokens);
    assert_quiet(&tokens.insert(&MARKER[..10], Identity::assertion("api", "ci").build()).unwrap_err());
    assert_quiet(&tokens.insert(&format!("{MARKER} x"), Identity::assertion("api", "ci").build()).unwrap_err());

    let mut users = Users::new();
    let user = User::new(&hash_password(MARKER).unwrap()).unwrap();
    assert_opaque(&user);
    users.insert("ann", user).unwrap();
    assert_opaque(&users);
    assert_quiet(&User::new(&format!("$argon2id${MARKER}")).unwrap_err());
    assert_quiet(&User::new(MARKER).unwrap_err());
    assert_quiet(&hash_password(&MARKER.repeat(100)).unwrap_err());
    assert_quiet(&hash_password(&format!("{MARKER}\0")).unwrap_err());
    assert_quiet(&HashError::Empty);
    let passwords = PasswordVerifier::new("staff", users);
    assert_opaque(&passwords);

    let sessions = Sessions::new(MemoryStore::new());
    let ann = Identity::assertion("staff", "ann").value(MARKER).build();
    let started = at_once(sessions.create(&ann, SessionStart::new())).unwrap();
    let id = text(started.id());
    for shown in [
        format!("{started:?}"),
        format!("{sessions:?}"),
        format!("{:?}", at_once(sessions.list("staff", "ann")).unwrap()),
    ] {
        assert!(!shown.contains(&id) && !shown.contains(MARKER), "{shown}");
    }
    assert_opaque(&ann);
    assert_opaque(&Identity::assertion("staff", "ann").value(MARKER));

    let schemes: [Box<dyn Scheme>; 3] = [
        Box::new(Basic::new("staff", passwords.clone())),
        Box::new(Bearer::new("api", tokens.clone())),
        Box::new(Session::new("shop", sessions.clone())),
    ];
    for line in lines() {
        let head = get([line]).into_parts().0;
        for scheme in &schemes {
            let attempt: Attempt = scheme.authenticate(&head);
            assert_opaque(&attempt);
            assert_opaque(&scheme.authenticate_ambient(&head));
        }
    }
    let basic = Basic::new("staff", passwords);
    let builder = AuthenticateLayer::builder().scheme(basic).scheme(Bearer::new("api", tokens));
    assert_opaque(&builder);
    assert_opaque(&builder.build().unwrap());
}

/// X-1
#[tokio::test]
async fn no_answer_and_no_event_repeats_a_secret() {
    let log = Log::start();
    let refuse = |error: VerifyError| {
        let (one, two, three) = (error.clone(), error.clone(), error);
        AuthenticateLayer::builder()
            .scheme(Bearer::new("api", move |_: BearerToken| std::future::ready(Err::<Identity, _>(one.clone()))))
            .scheme(Basic::new("staff", move |_: BasicCredentials| std::future::ready(Err::<Identity, _>(two.clone()))))
            .scheme(Session::new("shop", move |_: SessionId| std::future::ready(Err::<Identity, _>(three.clone()))))
    };
    let mut refused = 0;
    for error in [
        VerifyError::invalid().because("no such key"),
        VerifyError::expired(),
        VerifyError::malformed(),
        VerifyError::ambiguous(),
        VerifyError::cross_site(),
        VerifyError::throttled(Duration::from_secs(1)),
        VerifyError::unavailable("the store is down"),
    ] {
        let require = RequireLayer::new(scope("write")).unwrap();
        let refuse = |error: VerifyError| refuse(error).log_at_most(u32::MAX);
        for layer in [refuse(error.clone()).build().unwrap(), refuse(error).allow_anonymous().build().unwrap()] {
            for line in lines() {
                let answer =
                    send(&(layer.clone(), require.clone()), get([line.clone(), ("accept", format!("text/{MARKER}"))]))
                        .await;
                assert!(answer.seen.is_none() && !answer.status.is_success());
                assert_clean("an answer", &format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body)));
                assert_quiet(answer.rejection.as_ref().unwrap());
                refused += 1;
            }
        }
    }
    let log = log.text();
    assert_eq!(log.lines().filter(|line| line.contains(": refused ")).count(), refused, "one event for each refusal");
    assert!(log.contains("no such key") && log.contains("the store is down"), "the operator learns the cause");
    assert_clean("the log", &log);
}

/// Of a permission that is missing the operator reads which, as the client does
#[tokio::test]
async fn the_event_of_a_403_names_what_is_missing() {
    let require = RequireLayer::new(all([scope("read"), scope("write"), role("clerk")])).unwrap();
    let log = Log::start();
    send(&(Scripted::ready().layer(), require), get([support::stack::bearer("ann")])).await;
    let log = log.text();
    let findings = r#"findings=[scope: expected "write", found "read", roles: expected "clerk", found nothing]"#;
    assert!(log.contains(findings), "{log}");
}

/// J11, O03: whatever a token says, and in whichever place, signed by a key of ours or not: in the log stands only what was
/// held against ours, in the findings, cut and escaped
#[tokio::test]
async fn no_answer_repeats_what_a_token_says_and_the_log_only_in_findings() {
    let (ours, theirs) = (TestKey::new(Algorithm::ES256).named("ours"), TestKey::new(Algorithm::ES256).named("ours"));
    let scheme = Bearer::new("api", verifier(issuer(ours.key_set())));
    let layer = AuthenticateLayer::builder().scheme(scheme).log_at_most(u32::MAX).build().unwrap();
    let log = Log::start();
    let mut refused = 0;
    for said in [MARKER.to_owned(), format!("\r\nINFO portcullis: {MARKER} \u{1b}[2J\u{202e}"), MARKER.repeat(100)] {
        let mut tokens = vec![mint(&theirs, &claims_with(json!({"sub": said, "scope": said})))];
        for member in ["kid", "alg", "typ", "cty", "jku", "crit"] {
            let mut header = json!({"alg": "ES256", "kid": "ours"});
            header[member] = json!(said);
            tokens.extend([&ours, &theirs].map(|key| mint_with(key, &header, &good_claims())));
        }
        for claim in ["iss", "aud", "exp", "iat", "nonce", "roles", "amr", "cnf"] {
            tokens.extend([&ours, &theirs].map(|key| mint(key, &claims_with(json!({ claim: said })))));
        }
        for token in tokens {
            let answer = send(&layer, get([support::stack::bearer(&token)])).await;
            // Nobody signed but we, and nothing is wrong: the members that mean nothing to us may say what they like.
            if answer.status == 200 {
                continue;
            }
            assert!(answer.seen.is_none());
            assert_clean("an answer", &format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body)));
            assert_quiet(answer.rejection.as_ref().unwrap());
            refused += 1;
        }
    }
    let log = log.text();
    assert_eq!(log.lines().filter(|line| line.contains(": refused ")).count(), refused, "one event for each refusal");
    assert!(refused > 60 && log.contains("no key of this issuer fits"), "{log}");
    let mut claims = 0;
    for line in log.lines().filter(|line| line.contains(": refused ")) {
        let (before, rest) = line.split_once(" findings=[").unwrap_or((line, ""));
        let (findings, after) = rest.split_once("] hint=").unwrap_or_default();
        assert_clean("the log", &format!("{before} {after}"));
        assert!(!findings.contains(['\u{1b}', '\u{202e}']) && findings.len() < 600, "{findings}");
        claims += usize::from(findings.contains("zebra") && findings.contains("claimed "));
    }
    assert!(claims > 10, "{claims}: {log}");
}

/// Every kind of secret goes in, everything that can be printed is printed, and no secret comes out
#[tokio::test]
async fn no_record_no_event_and_no_log_tells_a_secret() {
    let (log, ear) = (Log::start(), Ear::new());
    let sessions = Sessions::builder(MemoryStore::new()).observer(ear.observer()).build().unwrap();
    let ann = Identity::assertion("staff", "ann").value(MARKER).build();
    let started = sessions.create(&ann, SessionStart::new()).await.unwrap();
    let id = text(started.id());
    let mut users = Users::new();
    users.insert("ann", User::new(&hash_password(MARKER).unwrap()).unwrap()).unwrap();
    let throttle = Throttle::builder().attempts(3).observer(ear.observer()).build().unwrap();
    let passwords = throttle.around(PasswordVerifier::new("staff", users));
    let tokens = TokenVerifier::new();
    tokens.insert(MARKER, Identity::assertion("api", "ci").build()).unwrap();
    let (key, keys) = (ApiKey::generate("acme").unwrap(), MemoryApiKeys::new());
    keys.insert(ApiKeyRecord::new(&key, "ci")).unwrap();
    let api_keys = ApiKeyVerifier::new("api", ["acme"], keys).unwrap();
    let mut digest_users = DigestUsers::new("intranet");
    digest_users.insert("ann", MARKER).unwrap();
    let scheme = Session::new("shop", sessions.clone());
    let layer = AuthenticateLayer::builder()
        .scheme(Bearer::new("api", tokens))
        .scheme(Basic::new("staff", passwords.clone()))
        .scheme(Digest::new("intranet", digest_users))
        .scheme(ApiKeys::new("orders", api_keys))
        .scheme(scheme.clone())
        .observer(ear.observer())
        .log_at_most(u32::MAX)
        .build()
        .unwrap();
    let require = RequireLayer::new(scope("write")).unwrap();

    let secret = key.expose().split('_').nth(2).unwrap().to_owned();
    let (good, cut) = (key.expose().to_owned(), key.expose()[..key.expose().len() - 3].to_owned());
    let challenge =
        send(&layer, get([("x-nothing", "")])).await.challenges().into_iter().find(|c| c.scheme == "Digest");
    let digest = Login::answering(&challenge.unwrap(), "ann", &format!("{MARKER}-wrong"));
    let mut requests = lines();
    requests.extend([
        ("x-api-key", good.clone()),
        ("x-api-key", cut),
        ("x-api-key", format!("acme_{MARKER}")),
        ("authorization", format!("ApiKey {good}")),
        ("authorization", format!("Session {id}")),
        ("cookie", format!("__Host-session={id}")),
        ("authorization", digest.field()),
        ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("ann:{MARKER}-wrong")))),
        ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("ann:{MARKER}-guess")))),
    ]);
    for line in requests {
        for method in ["GET", "POST"] {
            let mut request = get([line.clone(), ("origin", "https://evil.example".to_owned())]);
            *request.uri_mut() = format!("/orders?token={MARKER}").parse().unwrap();
            *request.method_mut() = method.parse().unwrap();
            let explained = layer.explain(&request.clone().into_parts().0).await;
            assert_clean("a record", &format!("{} {:?}", explained.decision(), explained.decision()));
            let answer = send(&(layer.clone(), require.clone()), request).await;
            assert_clean("an answer", &format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body)));
        }
    }

    // What people type into a page, and whom the service asks with credentials of its own.
    let login = portcullis::login::Login::builder(&scheme, passwords).observer(ear.observer()).build().unwrap();
    for (name, password) in [("ann", MARKER), ("ann", "zebra"), (MARKER, "quux"), (MARKER, MARKER)] {
        let form = format!("username={name}&password={password}");
        let request = http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(Full::<Bytes>::from(form)).unwrap();
        let answer = login.log_in().oneshot(request).await.unwrap();
        assert!(answer.status().is_redirection() || !answer.status().is_server_error());
    }
    let auth = ClientAuth::basic("orders", Secret::new(MARKER.to_owned()));
    let client = Client::builder().danger_allow_http_loopback().build().unwrap();
    let introspection = IntrospectionVerifier::builder("http://127.0.0.1:1/introspect", auth).audience(["orders"]);
    let introspection = introspection.client(client).observer(ear.observer()).build().unwrap();
    introspection.verify_token(MARKER).await.unwrap_err();
    let url = format!("redis://{MARKER}:{MARKER}@127.0.0.1:1");
    let throttle = Throttle::builder().redis(&url).observer(ear.observer()).build().unwrap();
    throttle.guard(MARKER, None).await.unwrap().failed().await;
    let store = RedisStore::builder(&url).build().unwrap();
    let sessions = Sessions::builder(store).observer(ear.observer()).build().unwrap();
    sessions.create(&ann, SessionStart::new()).await.unwrap_err();
    let list = MemoryRevocations::builder().observer(ear.observer()).build().unwrap();
    list.revoke(Revocation::token(MARKER)).await.unwrap();

    let (printed, log) = (ear.printed(), log.text());
    for event in ["logged_in", "locked", "refused", "permission_denied", "revoked", "store_lost"] {
        assert!(printed.contains(event), "{event} was told");
    }
    for (what, told) in [("an observer", &printed), ("the log", &log)] {
        // What a request claims of itself may be told, but none of these is a claim.
        assert_clean(what, told);
        assert!(!told.contains(&secret) && !told.contains(&id) && !told.contains(&id[..12]), "{what}");
    }
}

/// Each refusal is one event at the level of its row, found again by the id in the body
#[tokio::test]
async fn each_refusal_is_one_event_with_the_id_of_its_answer() {
    let layer = Scripted::ready().layer();
    for (word, level) in [("expired", "DEBUG"), ("invalid", "INFO"), ("unavailable", "ERROR"), ("panic", "ERROR")] {
        let log = Log::start();
        let answer = send(&layer, get([support::stack::bearer(word)])).await;
        send(&layer, get([support::stack::bearer("ann")])).await.assert_accepted("ann");
        let log = log.text();
        assert_eq!(log.lines().filter(|line| line.contains(": refused ")).count(), 1, "{log}");
        assert!(log.contains(level) && log.contains(answer.json()["id"].as_str().unwrap()), "{log}");
        assert!(log.contains(&format!("status={}", answer.status.as_u16())), "{log}");
    }
}
