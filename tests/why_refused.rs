//! Whoever runs or writes a service is told why a request was refused, and what to do; whoever sent it is not.

#![cfg(all(
    feature = "api-key",
    feature = "aws-lc-rs",
    feature = "jwks",
    feature = "password",
    feature = "session",
    feature = "test-kit",
    feature = "token",
    feature = "tracing"
))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod at_once;
    pub(crate) mod ear;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod log;
    pub(crate) mod stack;
}

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use http::{Method, Request};
use portcullis::authenticate::{ApiKeys, Basic, Bearer, Scheme, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::ApiKey;
use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyVerifier, MemoryApiKeys};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet, Profile};
use portcullis::identity::password::{PasswordVerifier, User, Users};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
use portcullis::identity::throttle::Throttle;
use portcullis::identity::token::TokenVerifier;
use portcullis::observe::{Decision, Finding, Stage};
use portcullis::permission::scope;
use portcullis::test_kit::TestIssuer;
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, VerifyError};
use serde_json::{Value, json};
use support::at_once::at_once;
use support::ear::Ear;
use support::jwt::{AUDIENCE, ISSUER, NOW, claims_with, good_claims, issuer, mint, mint_with};
use support::keys::TestKey;
use support::log::Log;
use support::stack::{Answer, get, send};

/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

/// A layer of one scheme, and who hears of it.
fn heard(scheme: impl Scheme) -> (AuthenticateLayer, Ear) {
    let ear = Ear::new();
    (AuthenticateLayer::builder().scheme(scheme).observer(ear.observer()).build().unwrap(), ear)
}

fn findings(decision: &Decision<'_>) -> Vec<String> {
    decision.findings().iter().map(Finding::to_string).collect()
}

/// Nothing of what only the operator may know is in an answer.
#[track_caller]
fn assert_untold(answer: &Answer, decision: &Decision<'_>) {
    let told = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
    assert!(told.contains(&decision.id().to_string()), "the client can quote the id");
    let presences = decision.findings().iter().filter_map(Finding::presence);
    // What an answer says anyhow: realm, scheme, a word of the table.
    let long = |text: &&str| text.len() > 12;
    for secret in [decision.cause(), decision.hint()].into_iter().flatten().chain(presences.filter(long)) {
        assert!(!told.contains(secret), "the client is told {secret:?}: {told}");
    }
}

/// Sends one request that is refused, and returns the record, which a request on demand has too.
async fn refused(layer: &AuthenticateLayer, ear: &Ear, request: Request<()>) -> Decision<'static> {
    let explained = layer.explain(&request.clone().into_parts().0).await;
    assert!(ear.decisions().is_empty(), "nobody is told of what is only asked");
    let answer = send(layer, request).await;
    let decision = ear.decision();
    assert!(answer.seen.is_none());
    assert_untold(&answer, &decision);
    let same = |own: &Decision<'_>| {
        (own.reason(), own.stage(), own.cause(), own.hint(), findings(own), own.scheme(), own.status())
    };
    assert_eq!(same(explained.decision()), same(&decision));
    assert!(decision.cause().is_some(), "{decision}");
    assert!(decision.hint().is_some(), "{decision}");
    decision
}

fn bearer(token: &str) -> Request<()> {
    get([("authorization", format!("Bearer {token}"))])
}

fn basic(name: &str, password: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))))
}

// Tokens.

#[tokio::test]
async fn of_a_token_it_is_told_what_was_expected_and_what_is_there() {
    let (ours, other) =
        (TestKey::new(Algorithm::ES256).named("2026-10"), TestKey::new(Algorithm::ES256).named("2026-11"));
    let stranger = TestKey::new(Algorithm::ES256).named("2026-10");
    let verifier = JwtVerifier::new([issuer(ours.key_set())]).unwrap();
    let (layer, ear) = heard(Bearer::new("api", verifier.clock(ManualClock::at(UnixTime::from_secs(NOW)))));
    let with = |changes: Value| mint(&ours, &claims_with(changes));
    let key = [
        r#"issuer: claimed "https://id.example""#,
        r#"kid: expected "2026-10", claimed "2026-11""#,
        r#"alg: expected "ES256", claimed "ES256""#,
    ];
    let signature = [key[0], r#"kid: expected "2026-10", claimed "2026-10""#, key[2]];
    #[rustfmt::skip]
    let cases: [(String, Reason, &str, &[&str]); 13] = [
        (with(json!({"iss": "https://evil.example"})), Reason::Invalid, "`iss` is not an issuer known here",
            &[r#"issuer: expected "https://id.example", claimed "https://evil.example""#]),
        (with(json!({"iss": null})), Reason::Invalid, "no `iss`", &[r#"issuer: expected "https://id.example", found nothing"#]),
        (with(json!({"aud": ["shop", "mail"]})), Reason::Invalid, "`aud` does not name this service",
            &[r#"audience: expected "orders-api", found "shop, mail""#]),
        (with(json!({"aud": null})), Reason::Invalid, "no `aud`", &[r#"audience: expected "orders-api", found nothing"#]),
        (with(json!({"sub": null})), Reason::Invalid, "no `sub`, or an empty one", &[r#"sub: expected "the claim", found nothing"#]),
        (with(json!({"exp": null})), Reason::Invalid, "no `exp`", &[r#"exp: expected "the claim", found nothing"#]),
        (with(json!({"exp": NOW - 90})), Reason::Expired, "the token has expired",
            &[r#"exp: expected "less than 30 s ago", found "90 s ago""#]),
        (with(json!({"nbf": NOW + 45})), Reason::Invalid, "not valid yet (`nbf`)",
            &[r#"nbf: expected "at most 30 s ahead", found "45 s ahead""#]),
        (with(json!({"iat": NOW + 600})), Reason::Invalid, "issued in the future (`iat`)",
            &[r#"iat: expected "at most 30 s ahead", found "600 s ahead""#]),
        (mint(&other, &good_claims()), Reason::Invalid, "no key of this issuer fits `alg` and `kid`", &key),
        (mint(&stranger, &good_claims()), Reason::Invalid, "the signature does not fit", &signature),
        (mint_with(&ours, &json!({"alg": "none"}), &good_claims()), Reason::Invalid,
            "`alg` is not a signature algorithm known here", &[r#"alg: expected "a signature algorithm", claimed "none""#]),
        ("opaque".to_owned(), Reason::Invalid, "not three parts", &[]),
    ];
    for (token, reason, cause, expected) in cases {
        let decision = refused(&layer, &ear, bearer(&token)).await;
        assert_eq!((decision.reason(), decision.cause()), (Some(reason), Some(cause)), "{decision}");
        assert_eq!((decision.scheme(), decision.stage()), (Some("Bearer"), Stage::Verify), "{decision}");
        assert_eq!(findings(&decision), expected, "{decision}");
        // Before the signature held nothing is proven.
        let is_proven = expected.iter().any(|finding| finding.contains("found \""));
        assert_eq!(
            decision.findings().iter().any(|finding| finding.is_proven() && finding.presence().is_some()),
            is_proven
        );
    }
}

#[tokio::test]
async fn the_type_that_is_wanted_is_told_and_a_claim_that_a_profile_asks_for() {
    let ours = TestKey::new(Algorithm::ES256);
    let verifier = JwtVerifier::new([issuer(ours.key_set()).profile(Profile::Rfc9068)]).unwrap();
    let (layer, ear) = heard(Bearer::new("api", verifier.clock(ManualClock::at(UnixTime::from_secs(NOW)))));
    let decision = refused(&layer, &ear, bearer(&mint(&ours, &good_claims()))).await;
    assert_eq!(findings(&decision), [r#"typ: expected "at+jwt", claimed "JWT""#]);
    let token = mint_with(&ours, &json!({"alg": "ES256", "typ": "at+jwt"}), &good_claims());
    let decision = refused(&layer, &ear, bearer(&token)).await;
    assert_eq!(findings(&decision), [r#"client_id: expected "the claim", found nothing"#]);
}

#[tokio::test]
async fn of_a_revoked_token_it_is_told_what_revoked_it() {
    let ours = TestKey::new(Algorithm::ES256);
    for (revocation, by) in [
        (Revocation::token_id(ISSUER, "token-1"), "jti"),
        (Revocation::subject(ISSUER, "alice"), "subject"),
        (Revocation::token(&mint(&ours, &good_claims())), "token"),
    ] {
        let clock = ManualClock::at(UnixTime::from_secs(NOW));
        let list = MemoryRevocations::builder().clock(clock.clone()).build().unwrap();
        at_once(list.revoke(revocation)).unwrap();
        let verifier = JwtVerifier::new([issuer(ours.key_set())]).unwrap().clock(clock).revocations(list);
        let (layer, ear) = heard(Bearer::new("api", verifier));
        let decision = refused(&layer, &ear, bearer(&mint(&ours, &good_claims()))).await;
        assert_eq!(
            (decision.cause(), findings(&decision)),
            (Some("revoked"), vec![format!("revoked by: found {by:?}")])
        );
    }
}

/// Some 400 ways to forge a token, each with a cause and something to do about it
#[tokio::test]
async fn every_forgery_of_the_catalogue_is_explained() {
    let issuer = TestIssuer::start().await.unwrap();
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    let verifier = JwtVerifier::new([Issuer::new(issuer.name(), [AUDIENCE], keys)]).unwrap();
    let (layer, ear) = heard(Bearer::new("api", verifier));
    let (mut causes, mut hints) = (BTreeSet::new(), BTreeSet::new());
    for forgery in issuer.forgeries(AUDIENCE) {
        let answer = send(&layer, get([("authorization", forgery.authorization())])).await;
        let decision = ear.decision();
        assert_untold(&answer, &decision);
        assert!(decision.cause().is_some() && decision.hint().is_some(), "{}: {decision}", forgery.name());
        // Of the signature nothing is told, however the token is taken apart.
        if let Some(signature) = forgery.token().rsplit('.').next().filter(|text| text.len() > 20) {
            assert!(!decision.to_string().contains(&signature[..20]), "{}: {decision}", forgery.name());
        }
        causes.insert(decision.cause().unwrap());
        hints.insert(decision.hint().unwrap());
    }
    assert!(causes.len() > 30 && hints.len() > 15, "{} causes, {} hints", causes.len(), hints.len());
}

// Other credentials.

#[tokio::test]
async fn of_a_session_it_is_told_which_limit_is_over_and_since_when() {
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let (minute, store) = (Duration::from_secs(60), MemoryStore::new());
    let sessions = Sessions::builder(store).idle(30 * minute).absolute(60 * minute).clock(clock.clone());
    let sessions = sessions.build().unwrap();
    let (layer, ear) = heard(Session::new("shop", sessions.clone()));
    let alice = Identity::assertion("staff", "alice").build();
    let begin = || at_once(sessions.create(&alice, SessionStart::new())).unwrap().id().encode();
    let show = |id: &str| get([("authorization", format!("Session {id}"))]);

    let id = begin();
    clock.advance(30 * minute + Duration::from_secs(10));
    let decision = refused_once(&layer, &ear, show(id.expose())).await;
    assert_eq!(decision.reason(), Some(Reason::Expired));
    assert_eq!(findings(&decision), [r#"idle limit: expected "under 1800 s", found "over since 10 s""#]);

    let id = begin();
    for _ in 0..3 {
        clock.advance(20 * minute - Duration::from_secs(1));
        send(&layer, show(id.expose())).await.assert_accepted("alice");
        ear.decisions();
    }
    clock.advance(Duration::from_secs(8));
    let decision = refused_once(&layer, &ear, show(id.expose())).await;
    assert_eq!(findings(&decision), [r#"absolute limit: expected "under 3600 s", found "over since 5 s""#]);
    let gone = refused_once(&layer, &ear, show(id.expose())).await;
    assert_eq!(gone.cause(), Some("no such session"));
    assert!(gone.hint().unwrap().contains("after a restart"));
}

/// As [`refused`], where asking first would clear the session away.
async fn refused_once(layer: &AuthenticateLayer, ear: &Ear, request: Request<()>) -> Decision<'static> {
    let answer = send(layer, request).await;
    let decision = ear.decision();
    assert_untold(&answer, &decision);
    assert!(decision.cause().is_some() && decision.hint().is_some(), "{decision}");
    decision
}

#[tokio::test]
async fn of_a_key_it_is_told_when_it_ended_and_nothing_of_its_secret() {
    let (key, keys, clock) =
        (ApiKey::generate("acme").unwrap(), MemoryApiKeys::new(), ManualClock::at(UnixTime::from_secs(NOW)));
    keys.insert(ApiKeyRecord::new(&key, "ci").with_expires_at(UnixTime::from_secs(NOW - 120))).unwrap();
    let verifier = ApiKeyVerifier::new("orders", ["acme", "acme2"], keys).unwrap().clock(clock);
    let (layer, ear) = heard(ApiKeys::new("orders", verifier));
    let show = |text: &str| get([("x-api-key", text.to_owned())]);
    let ended = refused(&layer, &ear, show(key.expose())).await;
    assert_eq!(
        (ended.reason(), findings(&ended)),
        (Some(Reason::Expired), vec![r#"end of the API key: found "120 s ago""#.to_owned()])
    );
    let other = ApiKey::generate("umbrella").unwrap();
    let foreign = refused(&layer, &ear, show(other.expose())).await;
    assert_eq!(findings(&foreign), [r#"prefix of the API key: expected "acme or acme2", found nothing"#]);
    let unknown = refused(&layer, &ear, show(ApiKey::generate("acme").unwrap().expose())).await;
    assert_eq!(unknown.cause(), Some("no such API key"));
    let printed = ear.printed();
    for key in [&key, &other] {
        let secret = key.expose().split('_').nth(2).unwrap();
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn of_a_password_it_is_told_what_is_wrong_and_never_the_name() {
    let mut users = Users::new();
    users.insert("alice", User::new(ALICE).unwrap()).unwrap();
    users.insert("carol", User::new(ALICE).unwrap().disabled(true)).unwrap();
    let (layer, ear) = heard(Basic::new("staff", PasswordVerifier::new("staff", users)));
    for (name, password, cause) in [
        ("alice", "quuxquux", "wrong password"),
        ("mallory-the-unknown", "wonderland", "no such user"),
        ("carol", "wonderland", "the user is disabled"),
    ] {
        let decision = refused(&layer, &ear, get([basic(name, password)])).await;
        assert_eq!((decision.scheme(), decision.cause()), (Some("Basic"), Some(cause)));
    }
    let printed = ear.printed();
    assert!(!printed.contains("quuxquux") && !printed.contains("mallory"), "{printed}");
}

#[tokio::test]
async fn of_a_request_from_another_site_it_is_told_whose_page_it_was() {
    let sessions = Sessions::new(MemoryStore::new());
    let alice = Identity::assertion("staff", "alice").build();
    let id = at_once(sessions.create(&alice, SessionStart::new())).unwrap().id().encode();
    let (layer, ear) = heard(Session::new("shop", sessions));
    let mut request = get([
        ("cookie", format!("__Host-session={}", id.expose())),
        ("host", "eve:quux@shop.example".to_owned()),
        ("origin", "https://evil.example".to_owned()),
        ("referer", "https://eve:quux@evil.example/secret/path?token=quux".to_owned()),
    ]);
    *request.method_mut() = Method::POST;
    let decision = refused(&layer, &ear, request).await;
    assert_eq!(decision.reason(), Some(Reason::CrossSite));
    assert_eq!(
        findings(&decision),
        [
            r#"Origin: claimed "https://evil.example""#,
            r#"Referer: claimed "(more than an origin)""#,
            r#"host that is asked: claimed "(more than an origin)""#,
        ]
    );
    assert!(!ear.printed().contains(id.expose()) && !ear.printed().contains("quux"));
}

#[tokio::test]
async fn of_too_many_guesses_it_is_told_which_limit_was_reached() {
    let throttle = Throttle::builder().attempts(2).window(Duration::from_secs(60)).build().unwrap();
    let mut users = Users::new();
    users.insert("alice", User::new(ALICE).unwrap()).unwrap();
    let (layer, ear) = heard(Basic::new("staff", throttle.around(PasswordVerifier::new("staff", users))));
    for _ in 0..2 {
        refused_once(&layer, &ear, get([basic("alice", "wrong")])).await;
    }
    let decision = refused_once(&layer, &ear, get([basic("alice", "wonderland")])).await;
    assert_eq!(decision.reason(), Some(Reason::Throttled));
    let expected = r#"failed log-ins of the account: expected "fewer than 2 in 60 s", found "as many, or a wait that is not over""#;
    assert_eq!(findings(&decision), [expected]);
}

#[tokio::test]
async fn where_nothing_was_sent_it_is_told_what_was_looked_for() {
    let ear = Ear::new();
    let layer = AuthenticateLayer::builder()
        .scheme(Bearer::new("api", TokenVerifier::new()))
        .scheme(Basic::new("staff", PasswordVerifier::new("staff", Users::new())))
        .observer(ear.observer())
        .build()
        .unwrap();
    let decision = refused(&layer, &ear, Request::new(())).await;
    assert_eq!((decision.reason(), decision.stage()), (Some(Reason::Missing), Stage::Extract));
    assert_eq!(findings(&decision), [r#"scheme: expected "Bearer or Basic", found nothing"#]);

    let decision = refused(&layer, &ear, get([("authorization", "Negotiate YII=".to_owned())])).await;
    assert_eq!(decision.reason(), Some(Reason::Missing));
    assert_eq!(findings(&decision), [r#"scheme: expected "Bearer or Basic", claimed "Negotiate""#]);
    let decision = refused(&layer, &ear, get([("authorization", "NEGOTIATE YII=".to_owned())])).await;
    assert_eq!(findings(&decision), [r#"scheme: expected "Bearer or Basic", claimed "Negotiate""#], "in our spelling");
    // What stands where a scheme should may be a key or a password.
    for secret in ["s3cr3t-k3y-w1th-bl4nk x", "MySecretPassword", "MySecretPassword x", "hunter-two", "quux"] {
        let decision = refused(&layer, &ear, get([("authorization", secret.to_owned())])).await;
        assert!(decision.reason().is_some());
        for word in ["s3cr3t", "MySecret", "hunter", "quux"] {
            assert!(!decision.to_string().contains(word), "{decision}");
        }
    }
    // Nor does a client write long lines by a method that it makes up.
    let mut long = Request::new(());
    *long.method_mut() = Method::from_bytes(&[b'A'; 60_000]).unwrap();
    let decision = refused(&layer, &ear, long).await;
    assert_eq!(decision.method(), "(a long method)");
    assert!(decision.to_string().len() < 1_000);

    let two = get([("authorization", "Bearer a".to_owned()), ("authorization", "Bearer b".to_owned())]);
    let decision = refused(&layer, &ear, two).await;
    assert_eq!(decision.reason(), Some(Reason::Ambiguous));
    assert_eq!(findings(&decision), [r#"Authorization fields: expected "1", found "2""#]);
    let decision = refused(&layer, &ear, get([("authorization", "Bearer".to_owned())])).await;
    assert_eq!(decision.reason(), Some(Reason::Malformed));
    let decision = refused(&layer, &ear, get([("authorization", "Basic YWxpY2U".to_owned())])).await;
    assert!(decision.hint().unwrap().contains("base64"), "{decision}");
}

#[tokio::test]
async fn a_layer_that_was_forgotten_a_panic_and_an_outage_say_what_to_mend() {
    let require = RequireLayer::new(scope("orders:read")).unwrap();
    let answer = send(&require, Request::new(())).await;
    assert!(answer.rejection.unwrap().hint().unwrap().contains("AuthenticateLayer"));

    let panics = async |_: portcullis::credentials::BearerToken| -> Result<Identity, VerifyError> {
        panic!("as the test wants")
    };
    let (layer, ear) = heard(Bearer::new("api", panics));
    let decision = refused(&layer, &ear, bearer("token")).await;
    assert_eq!(decision.cause(), Some("the verifier panicked"));

    let down = async |_: portcullis::credentials::BearerToken| -> Result<Identity, VerifyError> {
        Err(VerifyError::unavailable("no route to host"))
    };
    let (layer, ear) = heard(Bearer::new("api", down));
    send(&layer, bearer("token")).await;
    let decision = ear.decision();
    assert!(decision.hint().unwrap().contains("does not answer"), "{decision}");
}

// Logs.

/// O03
#[tokio::test]
async fn a_forged_claim_is_one_line_of_the_log_escaped_cut_and_marked() {
    let ours = TestKey::new(Algorithm::ES256).named("2026-10");
    let verifier = JwtVerifier::new([issuer(ours.key_set())]).unwrap();
    let verifier = verifier.clock(ManualClock::at(UnixTime::from_secs(NOW)));
    let layer = AuthenticateLayer::new(Bearer::new("api", verifier).max_length(64 * 1024)).unwrap();
    for said in ["\r\n2026-01-01 INFO portcullis: let in\u{1b}[2J\u{202e}".to_owned(), "forged ".repeat(4_000)] {
        for token in [
            mint_with(&ours, &json!({"alg": "ES256", "kid": said}), &good_claims()),
            mint_with(&ours, &json!({"alg": said}), &good_claims()),
            mint(&ours, &claims_with(json!({"iss": said}))),
            mint(&ours, &claims_with(json!({"aud": said}))),
        ] {
            let log = Log::start();
            send(&layer, bearer(&token)).await;
            let log = log.text();
            assert_eq!(log.lines().count(), 1, "{log}");
            assert!(log.len() < 3_000, "{} bytes", log.len());
            assert!(!log.trim_end().contains(['\u{1b}', '\u{202e}', '\r']), "{log:?}");
            assert!(log.contains("claimed") || log.contains("audience: expected"), "{log}");
        }
    }
}

// The source.

/// The text of every `.rs` file below a folder, without comments and tests.
fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            into.push((path.to_str().unwrap().to_owned(), lines.collect::<Vec<_>>().join("\n")));
        }
    }
}

#[test]
fn every_cause_in_the_source_has_a_hint() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let (mut causes, mut without) = (0, Vec::new());
    for (path, code) in &files {
        if path.contains("test_kit") {
            continue;
        }
        for (start, _) in code.match_indices(".because(") {
            causes += 1;
            let rest: String = code[start..].chars().take(400).collect();
            let end = rest.find([';', '}']).unwrap_or(rest.len());
            let statement = &rest[..end.max(rest.find(".hint(").map_or(0, |at| if at < 160 { at + 6 } else { 0 }))];
            if !statement.contains(".hint(") {
                without.push(format!("{path}: {}", rest.lines().next().unwrap()));
            }
        }
    }
    assert!(causes > 30, "the search finds what is there: {causes}");
    // Two causes that share the hint of their reason, which says all there is to say.
    without.retain(|line| {
        !line.contains("more than one Authorization field") && !line.contains("credentials in more than one place")
    });
    assert!(without.is_empty(), "causes without a hint:\n{}", without.join("\n"));
}

/// The causes of the JWT stage are texts that are passed on; each is named beside its hint
#[test]
fn every_cause_of_a_token_is_in_the_table_of_hints() {
    let mut files = Vec::new();
    sources(Path::new("src/identity/jwt"), &mut files);
    let table = files.iter().find(|(path, _)| path.ends_with("jwt/findings.rs")).unwrap().1.clone();
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    for file in
        ["compact", "rules", "terms", "verifier", "base64url", "path", "key_set", "issuers", "json", "claims", "logout"]
    {
        let code = &files.iter().find(|(path, _)| path.ends_with(&format!("jwt/{file}.rs"))).unwrap().1;
        for opening in ["Err(\"", "ok_or(\"", "Cause = \"", "Some(\"", "Signature(\"", "map_err(|_| \""] {
            for (start, _) in code.match_indices(opening) {
                let text = code[start + opening.len()..].split('"').next().unwrap();
                let is_cause = text.contains(' ');
                // `… is not text` and the like: the last row of the table.
                if is_cause && !text.contains(" is not ") || text.starts_with("`iss`") || text.starts_with("`aud`") {
                    seen += 1;
                    if !table.contains(&format!("\"{text}\"")) {
                        missing.insert(format!("{file}: {text}"));
                    }
                }
            }
        }
    }
    assert!(seen > 35, "the search finds what is there: {seen}");
    assert!(missing.is_empty(), "{missing:#?}");
}
