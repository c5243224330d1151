//! Issuers that fail, lie or are not themselves: nothing of it is believed, and the keys at hand are none the worse for it.

#![cfg(all(feature = "jwks", feature = "aws-lc-rs"))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod faulty;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod remote;
    pub(crate) mod stack;
}

use std::sync::Arc;
use std::time::Duration;

use portcullis::clock::ManualClock;
use portcullis::identity::jwt::{Algorithm, KeysFreshness, RemoteKeys};
use portcullis::outbound::Client;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use support::faulty::{Answer, Server, document, http, set};
use support::jwt::{ISSUER, good_claims, mint_hs256, mint_with};
use support::keys::{TestKey, base64url};
use support::remote::{ALGORITHM, COOL_DOWN, SHORT, Service, clock, key, keys_at, keys_of, token, token_of};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const JSON: &str = "Content-Type: application/json";

/// A service with one good key, which the server then answers like this when it is asked again. The keys stay, a key that
/// is not there may exist, and once the server is itself again nothing is remembered of it.
async fn assert_harmless(what: &str, answer: Answer, error: &str) {
    assert_harmless_within(RemoteKeys::DEFAULT_DEADLINE, what, answer, error).await;
}

async fn assert_harmless_within(deadline: Duration, what: &str, answer: Answer, error: &str) {
    let (server, one, two) = (Server::start().await, key("one"), key("two"));
    server.answer("/jwks", set([one.jwk()]));
    let service = Service::waiting(&server, deadline);
    service.accepts(&token(&one)).await;

    server.answer("/jwks", answer.clone());
    service.refetch().await;
    assert!(service.last_error().contains(error), "{what}: {}", service.last_error());
    assert!(!service.last_error().contains("sesame"), "{what}: {}", service.last_error());
    service.accepts(&token(&one)).await;
    service.is_unable(&token(&two), 30).await;
    assert_eq!(service.keys.state().keys().count(), 1, "{what}");

    server.answer("/jwks", set([one.jwk(), two.jwk()]));
    service.clock.advance(COOL_DOWN);
    service.accepts(&token(&two)).await;

    // With no keys at hand it is an outage.
    server.answer("/jwks", answer);
    let service = Service::waiting(&server, deadline);
    service.is_unable(&token(&one), 30).await;
    assert_eq!(service.keys.state().freshness(), KeysFreshness::Missing, "{what}");
    server.answer("/jwks", set([one.jwk()]));
    service.clock.advance(COOL_DOWN);
    service.accepts(&token(&one)).await;
}

/// JWK-13, K12, K19
#[tokio::test]
async fn what_is_no_key_set_changes_nothing() {
    let keys = json!({"keys": [key("other").jwk()]}).to_string();
    for (what, answer, error) in [
        ("an error", http(500, &[JSON], &keys), "status 500"),
        ("no access", http(401, &[JSON], "sesame"), "status 401"),
        ("nothing new", http(304, &[JSON], ""), "status 304"),
        ("nothing", http(204, &[], ""), "status 204"),
        ("half of it", http(206, &[JSON], &keys), "status 206"),
        (
            "a page",
            http(200, &["Content-Type: text/html; charset=utf-8"], "<html>sesame"),
            "\"text/html; charset=utf-8\"",
        ),
        ("a page that calls itself JSON", http(200, &[JSON], "<html>sesame"), "not JSON"),
        ("another type", http(200, &["Content-Type: text/plain"], &keys), "\"text/plain\""),
        ("no type", http(200, &[], &keys), "the type \"\""),
        ("half a document", http(200, &[JSON], &keys[..keys.len() - 9]), "not JSON"),
        ("two documents", http(200, &[JSON], format!("{keys}{keys}")), "not JSON"),
        ("no set", document(&json!([])), "not a JWK set"),
        ("a key", document(&key("other").jwk()), "not a JWK set"),
        ("keys by name", document(&json!({"keys": {"other": key("other").jwk()}})), "not a JWK set"),
        ("two sets", http(200, &[JSON], format!(r#"{{"keys": [], {}"#, &keys[1..])), "twice"),
        ("one key twice in one", http(200, &[JSON], keys.replace("\"kid\"", "\"kty\"")), "twice"),
        ("not HTTP", Answer::Bytes(b"SSH-2.0-sesame\r\n".to_vec()), "the exchange broke off"),
        ("no answer", Answer::HangUp, "the exchange broke off"),
        (
            "a broken answer",
            Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nContent-Type: application/json\r\n\r\n{".to_vec()),
            "the exchange broke off",
        ),
    ] {
        assert_harmless(what, answer, error).await;
    }
}

/// K12: the issuer has no keys any more, and says so properly
#[tokio::test]
async fn an_empty_set_is_honoured() {
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", set([one.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;
    server.answer("/jwks", set([]));
    service.refetch().await;
    service.refuses(&token(&one)).await;
    let state = service.keys.state();
    assert_eq!((state.freshness(), state.keys().count()), (KeysFreshness::Fresh, 0));
}

/// JWK-13, JWK-16, K05: reading stops at the limit, whatever the server says about the length
#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let head = format!("HTTP/1.1 200 OK\r\n{JSON}\r\n");
    let chunk = vec![b' '; 16 * 1024];
    let chunked = [format!("{:x}\r\n", chunk.len()).as_bytes(), &chunk, b"\r\n"].concat();
    for (what, start, again) in [
        ("a hundred MiB, announced", format!("{head}Content-Length: 104857600\r\n\r\n"), &chunk),
        ("an endless body", format!("{head}\r\n"), &chunk),
        ("endless chunks", format!("{head}Transfer-Encoding: chunked\r\n\r\n"), &chunked),
        ("an endless set", format!("{head}\r\n{{\"keys\":["), &b"{},".repeat(4096)),
    ] {
        let error = "the answer is larger than 1048576 bytes";
        assert_harmless(what, Answer::Endless(start.clone().into_bytes(), again.clone()), error).await;

        let server = Server::start().await;
        server.answer("/jwks", Answer::Endless(start.into_bytes(), again.clone()));
        Service::at(&server).is_unable(&token(&key("one")), 30).await;
        // What lies in the buffers of both sockets was written too.
        assert!(server.written() < 16 << 20, "{what}: {} bytes", server.written());
    }
    let head = Answer::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: and more\r\n".repeat(100));
    assert_harmless("an endless head", head, "the exchange broke off").await;
    let fields = vec!["X-More: and more"; 500];
    assert_harmless("many fields", http(200, &fields, ""), "the exchange broke off").await;
}

/// K05
#[tokio::test]
async fn a_set_with_too_many_keys_is_not_one_that_can_be_believed() {
    let one = key("one").jwk();
    assert_harmless("101 keys", set(vec![one.clone(); 101]), "101 keys are more than the 100").await;
    let many = document(&json!({"keys": vec![json!({}); 50_000]}));
    assert_harmless("50 000 keys", many, "50000 keys are more than the 100").await;
    let deep = format!(r#"{{"keys": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_harmless("a deep one", http(200, &[JSON], deep), "not JSON").await;
}

/// JWK-16: one byte after the other, for longer than anybody waits: the deadline is for the whole of it
#[tokio::test]
async fn a_slow_answer_is_given_up() {
    let bytes = set([key("other").jwk()]).bytes();
    let pause = Duration::from_millis(20);
    assert_harmless_within(SHORT, "drop by drop", Answer::Drip(bytes.clone(), pause), "within 400ms").await;
    let body = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let late = Answer::Late(bytes[..body].to_vec(), Duration::from_secs(3600));
    assert_harmless_within(SHORT, "much too late", late, "within 400ms").await;
    let head = format!("HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let stuck = Answer::Drip([head.as_bytes(), &b"1\r\n \r\n".repeat(1000)].concat(), Duration::from_millis(1));
    assert_harmless_within(SHORT, "chunk by chunk", stuck, "within 400ms").await;
}

/// Nothing compressed was asked for, so nothing is unpacked: no bomb can go off
#[tokio::test]
async fn a_compressed_answer_is_refused_unread() {
    for encoding in ["gzip", "x-gzip", "br", "zstd", "deflate", "identity, gzip"] {
        let field = format!("Content-Encoding: {encoding}");
        assert_harmless(encoding, http(200, &[JSON, &field], [0x1f, 0x8b, 8, 0]), "the answer is compressed").await;
    }
    let (server, one) = (Server::start().await, key("one"));
    server.answer("/jwks", http(200, &[JSON, "Content-Encoding: identity"], json!({"keys": [one.jwk()]}).to_string()));
    Service::at(&server).accepts(&token(&one)).await;
}

/// JWK-16, K02
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (other, forged) = (Server::start().await, key("forged"));
    other.answer("/jwks", set([forged.jwk()]));
    for status in [301, 302, 303, 307, 308] {
        for location in
            [other.url("/jwks"), "/jwks".to_owned(), "/elsewhere".to_owned(), "http://id.example/".to_owned()]
        {
            let answer = http(status, &[JSON, &format!("Location: {location}")], "");
            assert_harmless(&location, answer, &format!("a redirect (status {status})")).await;
        }
    }
    assert_eq!(other.asked().len(), 0);

    // Nor is one of the metadata.
    let server = Server::start().await;
    let location = format!("Location: {}", other.url("/.well-known/openid-configuration"));
    server.answer("/.well-known/oauth-authorization-server", http(302, &[&location], ""));
    let service = Service::of(&server);
    service.is_unable(&token_of(&server.origin(), &forged), 30).await;
    assert!(service.last_error().contains("a redirect (status 302)"));
    // The other place for metadata was asked, and nobody else.
    assert_eq!((server.asked().len(), other.asked().len()), (2, 0));
}

/// K13
#[tokio::test]
async fn a_secret_in_a_public_set_is_no_key() {
    let (server, one) = (Server::start().await, key("one"));
    let secret: Vec<u8> = (0..64).collect();
    let oct = |alg: &str| json!({"kty": "oct", "kid": "one", "alg": alg, "k": base64url(&secret)});
    server
        .answer("/jwks", set([oct("HS256"), oct("ES256"), json!({"kty": "oct", "k": base64url(&secret)}), one.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;
    service.refuses(&mint_hs256(&secret, &good_claims())).await;
    let named = TestKey::hmac(Algorithm::HS256, &secret).named("one");
    service.refuses(&support::jwt::mint(&named, &good_claims())).await;
    // Nor is the public key a secret.
    let public = TestKey::hmac(Algorithm::HS256, one.pem().as_bytes()).named("one");
    service.refuses(&support::jwt::mint(&public, &good_claims())).await;
    assert_eq!(service.keys.state().skipped().filter(|why| why.contains("a symmetric key")).count(), 3);

    let error = RemoteKeys::jwks(server.url("/jwks"), &[Algorithm::HS256]).build().unwrap_err();
    assert!(error.to_string().contains("HS256 needs a secret, which a public set cannot hold"), "{error}");
}

/// J04: which algorithm a key serves is never left to tokens
#[tokio::test]
async fn a_key_without_alg_serves_the_one_algorithm_that_is_allowed_or_none() {
    let server = Server::start().await;
    let key = TestKey::new(Algorithm::RS256).named("rsa");
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    server.answer("/jwks", set([jwk]));
    let others = [Algorithm::RS512, Algorithm::PS256].map(|other| TestKey::new(other).named("rsa"));
    let mac = TestKey::hmac(Algorithm::HS256, key.pem().as_bytes()).named("rsa");
    for (allowed, is_bound) in [(&[Algorithm::RS256][..], true), (&[Algorithm::RS256, Algorithm::PS256], false)] {
        let clock = clock();
        let keys = RemoteKeys::jwks(server.url("/jwks"), allowed).client(support::remote::client());
        let service = Service::with(ISSUER, keys.clock(clock.clone()).build().unwrap(), clock);
        if is_bound {
            service.accepts(&token(&key)).await;
        } else {
            service.refuses(&token(&key)).await;
            let skipped: Vec<_> = service.keys.state().skipped().map(ToOwned::to_owned).collect();
            assert!(skipped.len() == 1 && skipped[0].contains("RS256 or PS256"), "{skipped:?}");
        }
        for other in others.iter().chain([&mac]) {
            service.refuses(&token(other)).await;
        }
    }
}

/// J39, K14
#[tokio::test]
async fn one_bad_key_never_spoils_a_set() {
    let one = key("one");
    let with = |changes: Value| {
        let mut jwk = TestKey::new(Algorithm::ES256).named("bad").jwk();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    };
    let rsa = |n: Vec<u8>, e: Value| json!({"kty": "RSA", "alg": "RS256", "kid": "bad", "n": base64url(&n), "e": e});
    let mut even = vec![0xff; 256];
    even[255] = 0xfe;
    let bad = [
        json!(null),
        json!("a key"),
        json!([]),
        json!({}),
        json!({"kty": 1}),
        json!({"kty": "EC"}),
        json!({"kty": "EC", "crv": "P-256"}),
        json!({"kty": "RSA", "alg": "RS256"}),
        with(json!({"x": base64url(&[1; 32])})),
        with(json!({"x": base64url(&[0; 32]), "y": base64url(&[0; 32])})),
        with(json!({"x": "="})),
        with(json!({"x": base64url(&[1; 31])})),
        with(json!({"x": -3})),
        with(json!({"kid": 7})),
        with(json!({"kid": "one", "x": "AA"})),
        with(json!({"alg": "RS256"})),
        with(json!({"key_ops": "verify"})),
        with(json!({"d": base64url(&[1; 32])})),
        rsa(vec![0xff; 128], json!("AQAB")),
        rsa(even, json!("AQAB")),
        rsa(vec![0xff; 256], json!("AA")),
        rsa(vec![0xff; 256], json!(-65537)),
        rsa(vec![0xff; 256], json!("AQ")),
        rsa(vec![0xff; 256], json!(null)),
    ];
    let for_others = [
        json!({"kty": "AKP", "alg": "ML-DSA-65", "pub": "AA"}),
        with(json!({"use": "enc"})),
        with(json!({"alg": "ECDH-ES"})),
        with(json!({"crv": "secp256k1"})),
    ];
    let server = Server::start().await;
    let allowed = [Algorithm::ES256, Algorithm::RS256];
    for position in [0, bad.len()] {
        let mut keys: Vec<_> = bad.iter().chain(&for_others).cloned().collect();
        keys.insert(position, one.jwk());
        server.answer("/jwks", set(keys));
        let clock = clock();
        let keys = RemoteKeys::jwks(server.url("/jwks"), &allowed).client(support::remote::client());
        let service = Service::with(ISSUER, keys.clock(clock.clone()).build().unwrap(), clock);
        service.accepts(&token(&one)).await;
        let state = service.keys.state();
        assert_eq!(state.keys().collect::<Vec<_>>(), [(Some("one"), Algorithm::ES256)]);
        assert_eq!(state.skipped().count(), bad.len(), "{:#?}", state.skipped().collect::<Vec<_>>());
    }
    // Where none is left over there is a set, an empty one.
    server.answer("/jwks", set(bad));
    let service = Service::at(&server);
    service.refuses(&token(&one)).await;
    // K05: a modulus that costs a megabyte of arithmetic.
    server.answer("/jwks", set([rsa(vec![0xff; 700_000], json!("AQAB")), one.jwk()]));
    let service = Service::at(&server);
    service.accepts(&token(&one)).await;
    // A set that serves other algorithms alone says so.
    server.answer("/jwks", set(for_others));
    let service = Service::at(&server);
    service.refuses(&token(&one)).await;
    assert_eq!(service.keys.state().skipped().collect::<Vec<_>>(), ["none of the 4 keys of the set verifies ES256"]);
}

/// K21, DISC-1: the metadata must be that of the issuer asked for, letter for letter
#[tokio::test]
async fn metadata_of_another_issuer_is_not_believed() {
    let (server, one) = (Server::start().await, key("one"));
    let place = "/.well-known/oauth-authorization-server";
    let (issuer, keys_at) = (server.origin(), server.url("/jwks"));
    let metadata = |issuer: &str| document(&json!({"issuer": issuer, "jwks_uri": keys_at}));
    server.answer("/jwks", set([one.jwk()]));
    server.answer(place, metadata(&issuer));
    let service = Service::of(&server);
    service.accepts(&token_of(&issuer, &one)).await;
    for other in ["https://evil.example", &format!("{issuer}/"), &issuer.to_uppercase(), &format!(" {issuer}"), ""] {
        server.answer(place, metadata(other));
        let asked = server.asked().len();
        service.refetch().await;
        assert!(
            service.last_error().contains(&format!("the issuer {other:?}, and not of {issuer:?}, letter for letter"))
        );
        assert_eq!(server.asked().len(), asked + 1, "its keys are not asked for");
        service.accepts(&token_of(&issuer, &one)).await;
        // Nor does another place get a chance.
        let first = Service::of(&server);
        first.is_unable(&token_of(&issuer, &one), 30).await;
    }
}

/// K21
#[tokio::test]
async fn metadata_that_is_none_is_not_believed() {
    let (server, one) = (Server::start().await, key("one"));
    let place = "/.well-known/openid-configuration";
    let (issuer, keys_at) = (server.origin(), server.url("/jwks"));
    server.answer("/jwks", set([one.jwk()]));
    for (answer, error) in [
        (Answer::Silence, "within 400ms"),
        (http(200, &["Content-Type: text/html"], "<html>"), "text/html"),
        (http(200, &[JSON], "<html>"), "not one JSON object"),
        (http(500, &[], ""), "status 500"),
        (http(403, &[], ""), "status 403"),
        (http(404, &[], ""), "no metadata (status 404) at any of the places"),
        (document(&json!([])), "not one JSON object"),
        (document(&json!({"jwks_uri": keys_at})), "does not say whose it is"),
        (document(&json!({"issuer": [issuer], "jwks_uri": keys_at})), "does not say whose it is"),
        (document(&json!({"issuer": issuer})), "does not say where the keys are"),
        (document(&json!({"issuer": issuer, "jwks": {"keys": [one.jwk()]}})), "does not say where the keys are"),
        (
            http(200, &[JSON], format!(r#"{{"issuer": "{issuer}", "jwks_uri": "/a", "jwks_uri": "{keys_at}"}}"#)),
            "names a member twice",
        ),
        (Answer::Endless(format!("HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n").into_bytes(), vec![b' '; 16384]), "larger than"),
    ] {
        server.answer(place, answer);
        let service = Service::looking(&server, SHORT);
        service.is_unable(&token_of(&issuer, &one), 30).await;
        assert!(service.last_error().contains(error), "{error}: {}", service.last_error());
    }
    assert_eq!(server.hits("/jwks"), 0);
}

/// K21, K01, DISC-3: where the metadata may send us
#[tokio::test]
async fn keys_are_taken_from_the_issuers_own_host() {
    let (server, other, forged) = (Server::start().await, Server::start().await, key("forged"));
    other.answer("/jwks", set([forged.jwk()]));
    let place = "/.well-known/oauth-authorization-server";
    let issuer = server.origin();
    for (keys_at, error) in [
        (other.url("/jwks"), "another host than the issuer's"),
        (format!("http://[::1]:{}/jwks", other.address.port()), "another host than the issuer's"),
        ("https://evil.example/jwks".to_owned(), "another host than the issuer's"),
        (format!("http://localhost:{}/jwks", other.address.port()), "is http"),
        ("http://id.example/jwks".to_owned(), "is http"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "link-local"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "link-local"),
        ("https://[fe80::1]/".to_owned(), "link-local"),
        ("https://0.0.0.0/".to_owned(), "unspecified"),
        ("file:///etc/passwd".to_owned(), "not a URL"),
        ("data:application/json,{}".to_owned(), "not a URL"),
        ("/jwks".to_owned(), "not a URL"),
        (format!("http://user:word@{}/jwks", server.address), "a password"),
        (format!("http://{}@{}/jwks", server.address, other.address), "a password"),
        (format!("http://{}#@{}/jwks", other.address, server.address), "a fragment"),
        (format!("http://{}\\@{}/jwks", other.address, server.address), "not a URL"),
    ] {
        server.answer(place, document(&json!({"issuer": issuer, "jwks_uri": keys_at})));
        let service = Service::of(&server);
        service.is_unable(&token_of(&issuer, &forged), 30).await;
        assert!(service.last_error().contains(error), "{keys_at}: {}", service.last_error());
        assert!(!service.last_error().contains("word@"));
    }
    assert_eq!(other.asked().len(), 0);

    // Unless that host is named.
    server.answer(place, document(&json!({"issuer": issuer, "jwks_uri": other.url("/jwks")})));
    let clock = clock();
    let keys = keys_of(&issuer, &clock).allow_keys_from(other.address.to_string()).build().unwrap();
    let service = Service::with(&issuer, keys, clock);
    service.accepts(&token_of(&issuer, &forged)).await;
}

/// K21, DISC-4
#[tokio::test]
async fn what_the_issuer_advertises_widens_nothing() {
    let (server, one) = (Server::start().await, key("one"));
    let issuer = server.origin();
    let algorithms = json!(["none", "HS256", "RS256", "ES384", "ES256"]);
    server.answer(
        "/.well-known/openid-configuration",
        document(&json!({
            "issuer": issuer, "jwks_uri": server.url("/jwks"), "id_token_signing_alg_values_supported": algorithms,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
        })),
    );
    let (wide, rsa) = (TestKey::new(Algorithm::ES384).named("wide"), TestKey::new(Algorithm::RS256).named("rsa"));
    server.answer("/jwks", set([one.jwk(), wide.jwk(), rsa.jwk()]));
    let service = Service::of(&server);
    service.accepts(&token_of(&issuer, &one)).await;
    service.refuses(&token_of(&issuer, &wide)).await;
    service.refuses(&token_of(&issuer, &rsa)).await;
    let claims = support::jwt::claims_with(json!({ "iss": issuer }));
    for header in [json!({"alg": "none"}), json!({"alg": "none", "kid": "one"}), json!({"alg": "HS256", "kid": "one"})]
    {
        service.refuses(&mint_with(&one, &header, &claims)).await;
        service.refuses(&format!("{}.", mint_with(&one, &header, &claims).rsplit_once('.').unwrap().0)).await;
    }
}

/// The deadline is for an attempt, however many requests it takes
#[tokio::test]
async fn slow_requests_share_one_deadline() {
    let (server, one) = (Server::start().await, key("one"));
    let issuer = server.origin();
    let slow = |answer: Answer| Answer::Late(answer.bytes(), Duration::from_millis(250));
    server.answer(
        "/.well-known/oauth-authorization-server",
        slow(document(&json!({"issuer": issuer, "jwks_uri": server.url("/jwks")}))),
    );
    server.answer("/jwks", slow(set([one.jwk()])));
    let service = Service::looking(&server, SHORT);
    service.is_unable(&token_of(&issuer, &one), 30).await;
    assert!(service.last_error().contains("not finished within 400ms"), "{}", service.last_error());
    assert_eq!(server.hits("/jwks"), 1);
}

/// K01: what is wrong with an address is known before anything is asked
#[tokio::test]
async fn an_address_that_leads_inside_does_not_build() {
    for text in [
        "http://id.example/jwks",
        "http://127.0.0.1:1/jwks",
        "https://127.0.0.1:1/jwks",
        "https://localhost/jwks",
        "https://[::1]/jwks",
        "https://2130706433/jwks",
        "https://169.254.169.254/jwks",
        "https://user:sesame@id.example/jwks",
        "https://id.example/jwks#sesame",
        "file:///etc/passwd",
        "id.example",
        "",
    ] {
        for builder in [RemoteKeys::jwks(text, ALGORITHM), RemoteKeys::discover(text, ALGORITHM)] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.faults().len(), 1, "{text}");
            assert!(!error.to_string().contains("sesame"), "{error}");
        }
    }
    // Even where this machine may be asked, it must be asked by its number.
    for text in ["http://localhost:1/jwks", "http://id.example/jwks", "http://127.0.0.2/jwks"] {
        assert!(keys_at(text, &clock()).build().is_err(), "{text}");
    }
    assert!(RemoteKeys::discover("https://id.example/?tenant=one", ALGORITHM).build().is_err());
    assert!(RemoteKeys::jwks("https://10.0.0.5/jwks?p=one", ALGORITHM).build().is_ok());
}

#[tokio::test]
async fn every_fault_of_a_configuration_is_told_at_once() {
    let error = RemoteKeys::jwks("http://id.example", &[])
        .deadline(Duration::ZERO)
        .max_bytes(0)
        .fresh_for(Duration::ZERO)
        .usable_stale_for(Duration::from_secs(u64::MAX))
        .cool_down(Duration::ZERO)
        .allow_keys_from("keys.example/jwks")
        .build()
        .unwrap_err();
    let mut settings: Vec<_> = error.faults().iter().map(|fault| fault.setting()).collect();
    settings.sort_unstable();
    let expected = [
        "algorithms",
        "allow_keys_from",
        "allow_keys_from",
        "cool_down",
        "deadline",
        "fresh_for",
        "max_bytes",
        "usable_stale_for",
    ];
    assert_eq!(settings, expected);
    for (host, problem) in [("keys example", "is not a URL"), ("https://keys.example", "is more than a host")] {
        let error = RemoteKeys::discover("https://id.example", ALGORITHM).allow_keys_from(host).build().unwrap_err();
        assert!(error.to_string().starts_with(&format!("allow_keys_from: {problem}")), "{error}");
    }
}

/// K01: TLS is verified, always
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let private = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], private)
        .unwrap();
    let server = Server::start_tls(TlsAcceptor::from(Arc::new(config))).await;
    let one = key("one");
    server.answer("/jwks", set([one.jwk()]));
    let with = |url: String, client: Client| {
        let clock: ManualClock = clock();
        let keys = RemoteKeys::jwks(url, ALGORITHM).client(client).clock(clock.clone()).build().unwrap();
        Service::with(ISSUER, keys, clock)
    };
    let loopback = || Client::builder().danger_allow_http_loopback();

    let service = with(server.url("/jwks"), loopback().build().unwrap());
    service.is_unable(&token(&one), 30).await;
    assert!(service.last_error().contains("invalid peer certificate"), "{}", service.last_error());
    assert_eq!(server.hits("/jwks"), 0);

    let trusting = loopback().root_certificates(cert.pem()).build().unwrap();
    with(server.url("/jwks"), trusting.clone()).accepts(&token(&one)).await;
    with(format!("https://localhost:{}/jwks", server.address.port()), trusting.clone()).accepts(&token(&one)).await;

    // The name counts too.
    let service = with(format!("https://127.0.0.2:{}/jwks", server.address.port()), trusting);
    service.is_unable(&token(&one), 30).await;

    let other = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let service = with(server.url("/jwks"), loopback().root_certificates(other.cert.pem()).build().unwrap());
    service.is_unable(&token(&one), 30).await;

    for (pem, problem) in [
        (String::new(), "no `BEGIN CERTIFICATE` block"),
        (signing_key.serialize_pem(), "no `BEGIN CERTIFICATE` block"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_owned(), "certificate 1 is not PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(), "certificate 1 cannot be used"),
    ] {
        let error = Client::builder().root_certificates(&pem).root_certificates(&pem).build().unwrap_err();
        assert_eq!(error.faults().len(), 2);
        assert!(error.to_string().contains(problem), "{error}");
    }
}
