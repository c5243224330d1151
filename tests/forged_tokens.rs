//! Every forged token of the catalogue gets the answer that it must get, and every genuine one is let in.

#![cfg(all(feature = "aws-lc-rs", feature = "jwks", feature = "test-kit"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use http_body_util::Empty;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use portcullis::authenticate::Bearer;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet, RemoteKeys};
use portcullis::outbound::Client;
use portcullis::test_kit::{Challenges, Endpoint, Forgery, Genuine, TestIssuer};
use portcullis::{AuthenticateLayer, Identity};
use serde_json::Value;
use support::stack::{Inner, get, send};
use tokio::process::Command;
use tower::Layer;

const AUDIENCE: &str = "orders-api";

/// The layer of a service that trusts `issuer`.
fn layer(issuer: &TestIssuer, rules: impl Fn(Issuer) -> Issuer) -> AuthenticateLayer {
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    let verifier = JwtVerifier::new([rules(Issuer::new(issuer.name(), [AUDIENCE], keys))]).unwrap();
    AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap()
}

async fn assert_all_refused(layer: &AuthenticateLayer, forgeries: Vec<Forgery>) {
    let mut wrong = Vec::new();
    for forgery in forgeries {
        let answer = send(layer, get([("authorization", forgery.authorization())])).await;
        let challenges = Challenges::of(&answer.headers);
        let error = challenges.get("Bearer").and_then(|bearer| bearer.param("error"));
        let reason = answer.rejection.as_ref().map(|rejection| rejection.reason());
        let is_right = answer.seen.is_none()
            && answer.status == forgery.status()
            && error == Some(forgery.bearer_error())
            && reason == Some(forgery.expected())
            && challenges.faults().is_empty();
        if !is_right {
            wrong.push(format!("{}: {} {reason:?} {error:?}", forgery.name(), answer.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn assert_all_accepted(layer: &AuthenticateLayer, genuine: Vec<Genuine>) {
    let mut wrong = Vec::new();
    for good in genuine {
        let answer = send(layer, get([("authorization", good.authorization())])).await;
        let scopes = answer.identity().map(|identity| identity.scopes().iter().collect::<Vec<_>>().join(" "));
        let subject = answer.identity().map(Identity::subject);
        if answer.status != 200 || subject != Some("alice") || scopes.as_deref() != Some(good.scope()) {
            wrong.push(format!("{}: {} {subject:?} {scopes:?}", good.name(), answer.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// J01, J02, J05, J06, J08, J09, J10, J11, J12, J13, J14, J16, J17, J19, J20, J22, J24, J25, J26, J27, J29, J30, J31, J32, J34, J35,
/// J38, J41, K03, JINTRO-3: the whole catalogue
#[tokio::test]
async fn every_forged_token_is_refused_as_it_must_be_and_leads_nobody_astray() {
    let issuer = TestIssuer::start().await.unwrap();
    let forgeries = issuer.forgeries(AUDIENCE);
    assert!(forgeries.len() > 250, "{}", forgeries.len());
    assert_all_refused(&layer(&issuer, |issuer| issuer), forgeries).await;
    assert_eq!(Endpoint::ALL.map(|endpoint| issuer.requests(endpoint)), [0; 5]);
}

/// J09, K03: with keys that are fetched, a token could steer a fetch. All the service asks for is the set, and only as often as
/// an unknown `kid` may have it asked for.
#[tokio::test]
async fn no_forged_token_has_a_service_fetch_anything_but_the_keys_of_its_issuer() {
    let issuer = TestIssuer::start().await.unwrap();
    let client = Client::builder().danger_allow_http_loopback().build().unwrap();
    let keys = RemoteKeys::discover(issuer.name(), &issuer.algorithms()).client(client).build().unwrap();
    keys.ready().await;
    let trusted = Issuer::new(issuer.name(), [AUDIENCE], keys.clone());
    let layer = AuthenticateLayer::new(Bearer::new("api", JwtVerifier::new([trusted]).unwrap())).unwrap();
    assert_all_accepted(&layer, issuer.genuine(AUDIENCE)).await;
    assert_all_refused(&layer, issuer.forgeries(AUDIENCE)).await;
    assert_all_accepted(&layer, issuer.genuine(AUDIENCE)).await;
    assert_eq!(issuer.requests(Endpoint::Trap), 0);
    assert!(issuer.requests(Endpoint::Jwks) <= 2, "{}", issuer.requests(Endpoint::Jwks));
}

/// JWS-11, JWS-15, JWT-8, JWT-13, J26, J35: what a strict reader must not refuse
#[tokio::test]
async fn every_genuine_token_is_accepted() {
    let issuer = TestIssuer::start().await.unwrap();
    assert_all_accepted(&layer(&issuer, |issuer| issuer), issuer.genuine(AUDIENCE)).await;
    assert_all_accepted(&layer(&issuer, |issuer| issuer.token_type("at+jwt")), issuer.genuine(AUDIENCE)).await;
}

/// BCP-8, J35
#[tokio::test]
async fn tokens_of_other_kinds_are_refused_where_a_type_is_required() {
    let issuer = TestIssuer::start().await.unwrap();
    let strict = layer(&issuer, |issuer| issuer.token_type("at+jwt"));
    assert_all_refused(&strict, issuer.other_kinds(AUDIENCE)).await;
    assert_all_refused(&strict, issuer.forgeries(AUDIENCE)).await;
}

/// J02, J05, J06
#[tokio::test]
async fn the_catalogue_fits_an_issuer_of_any_algorithm_at_any_time() {
    for algorithm in
        [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA, Algorithm::RS512, Algorithm::PS384]
    {
        let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
        let builder = TestIssuer::builder().algorithms([algorithm]).name("https://id.example").clock(clock.clone());
        let issuer = builder.start().await.unwrap();
        let keys = KeySet::from_jwks(issuer.jwks(), &[algorithm]).unwrap();
        let verifier = JwtVerifier::new([Issuer::new("https://id.example", [AUDIENCE], keys)]).unwrap().clock(clock);
        let layer = AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap();
        assert_all_refused(&layer, issuer.forgeries(AUDIENCE)).await;
        assert_all_accepted(&layer, issuer.genuine(AUDIENCE)).await;
    }
}

/// J41: over one connection of HTTP/1.1, so that an answer that never comes, or one too many, breaks what follows
#[tokio::test]
async fn ten_thousand_changed_tokens_are_refused_on_one_connection_that_stays_open() {
    let issuer = TestIssuer::builder().algorithms([Algorithm::ES256]).start().await.unwrap();
    let service = layer(&issuer, |issuer| issuer).layer(Inner::default());
    let (client, server) = tokio::io::duplex(1 << 16);
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), TowerToHyperService::new(service)));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client)).await.unwrap();
    tokio::spawn(connection);
    let mut ask = async |field: HeaderValue| {
        let request = Request::get("/").header(AUTHORIZATION, field).body(Empty::<Bytes>::new()).unwrap();
        sender.ready().await.unwrap();
        sender.send_request(request).await.unwrap().status().as_u16()
    };

    let good = issuer.token("alice").audience(AUDIENCE).mint();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut sent = 0;
    while sent < 10_000 {
        let changed = random.change(good.as_bytes());
        let Ok(field) = HeaderValue::from_bytes(&[b"Bearer ", &changed[..]].concat()) else { continue };
        // Blanks around a field are none of it.
        if changed.trim_ascii() == good.as_bytes() {
            continue;
        }
        let status = ask(field).await;
        assert!(matches!(status, 400 | 401), "{status}: {}", String::from_utf8_lossy(&changed));
        sent += 1;
    }
    assert_eq!(ask(HeaderValue::try_from(format!("Bearer {good}")).unwrap()).await, 200);
}

/// Numbers that are all over the place (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// `good` with something replaced, put in, taken out, repeated or exchanged.
    fn change(&mut self, good: &[u8]) -> Vec<u8> {
        let mut changed = good.to_vec();
        let (at, length) = (self.below(good.len()), 1 + self.below(8));
        let end = good.len().min(at + length);
        match self.below(6) {
            0 => changed[at] = self.below(256) as u8,
            1 => changed[at] ^= 1 << self.below(8),
            2 => drop(changed.splice(at..at, (0..length).map(|_| self.below(256) as u8))),
            3 => drop(changed.drain(at..end)),
            4 => drop(changed.splice(at..at, good[at..end].to_vec())),
            _ => changed.swap(at, self.below(good.len())),
        }
        changed
    }
}

#[tokio::test]
async fn every_entry_has_a_name_of_its_own() {
    let issuer = TestIssuer::start().await.unwrap();
    let forgeries = issuer.forgeries(AUDIENCE);
    let names: BTreeSet<_> = forgeries.iter().map(Forgery::name).collect();
    let tokens: BTreeSet<_> = forgeries.iter().map(Forgery::token).collect();
    assert_eq!((names.len(), tokens.len()), (forgeries.len(), forgeries.len()));
    let genuine = issuer.genuine(AUDIENCE);
    assert_eq!(genuine.iter().map(Genuine::name).collect::<BTreeSet<_>>().len(), genuine.len());
    assert!(names.iter().all(|name| !name.contains(' ')), "{names:?}");
}

/// A forgery that is bad in two ways proves neither: each is signed properly, or says what a good token says.
#[tokio::test]
async fn every_forgery_is_good_but_for_what_its_name_says() {
    // Shapes without a payload to read, and those whose name says that two things are wrong.
    const EXCEPTIONS: [&str; 9] = [
        "base64-unused-bits-of-the-payload",
        "forged-and-",
        "iss-steers-",
        "json-serialisation",
        "jwe-",
        "parts-",
        "payload-detached",
        "scheme-in-the-token",
        "tid-steers-",
    ];
    let issuer = TestIssuer::start().await.unwrap();
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    let verifier = JwtVerifier::new([Issuer::new(issuer.name(), [AUDIENCE], keys.clone())]).unwrap();
    let mut bad = Vec::new();
    for forgery in issuer.forgeries(AUDIENCE).into_iter().chain(issuer.other_kinds(AUDIENCE)) {
        let is_signed = keys.verify_jws(forgery.token()).is_ok();
        let says_well = || {
            let payload = BASE64_URL_SAFE_NO_PAD.decode(forgery.token().split('.').nth(1)?).ok()?;
            verifier.verify_token(&issuer.token("").raw_payload(payload).mint()).ok()
        };
        let is_exception = forgery.status() == 400 || EXCEPTIONS.iter().any(|start| forgery.name().starts_with(start));
        if !is_exception && !is_signed && says_well().is_none() {
            bad.push(forgery.name().to_owned());
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}

/// J08, J09, J10: the bait is real
#[tokio::test]
async fn who_goes_where_a_forgery_points_finds_keys_that_fit_it() {
    let issuer = TestIssuer::start().await.unwrap();
    let url = format!("{}/trap/jwks", issuer.url());
    let keys = Command::new("curl").args(["--silent", "--fail", &url]).output().await.unwrap().stdout;
    assert_eq!(issuer.requests(Endpoint::Trap), 1);
    let keys = KeySet::from_jwks(keys, &[Algorithm::ES256]).unwrap();
    let deceived = JwtVerifier::new([Issuer::new(issuer.name(), [AUDIENCE], keys)]).unwrap();
    let forgeries = issuer.forgeries(AUDIENCE);
    let find = |name: &str| forgeries.iter().find(|forgery| forgery.name() == name).unwrap().token();
    for name in ["jku-loopback", "x5u-loopback", "jwk-embedded-with-its-kid", "x5c-self-signed"] {
        assert_eq!(deceived.verify_token(find(name)).unwrap().subject(), "alice", "{name}");
    }
}

/// J02: the bait is real
#[tokio::test]
async fn the_public_key_taken_for_a_secret_fits_the_hmac() {
    let issuer = TestIssuer::start().await.unwrap();
    let set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let key = set["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "RS256").unwrap();
    let number = BASE64_URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    let forgeries = issuer.forgeries(AUDIENCE);
    for (name, secret) in [("hmac-jwk", key.to_string().into_bytes()), ("hmac-raw-number", number)] {
        let token = forgeries.iter().find(|forgery| forgery.name() == name).unwrap().token();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes(), &signature).unwrap();
    }
}
