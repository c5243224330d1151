//! The test kit does what its users' tests rely on.

#![cfg(all(feature = "aws-lc-rs", feature = "test-kit"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portcullis::Reason;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use portcullis::test_kit::{Challenges, Endpoint, Fault, TestIssuer, TokenBuilder};
use serde_json::{Value, json};

const NOW: u64 = 1_790_000_000;

/// What a client got.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

async fn send(request: Request<Full<Bytes>>) -> Result<Got, Box<dyn std::error::Error>> {
    let (head, body) = client().request(request).await?.into_parts();
    Ok(Got { status: head.status, headers: head.headers, body: body.collect().await?.to_bytes() })
}

async fn try_get(url: &str) -> Result<Got, Box<dyn std::error::Error>> {
    send(Request::get(url).body(Full::default()).unwrap()).await
}

async fn get(url: &str) -> Got {
    try_get(url).await.unwrap()
}

/// One issuer without RSA, which starts at once.
async fn quick() -> TestIssuer {
    TestIssuer::builder().algorithms([Algorithm::ES256, Algorithm::EdDSA]).start().await.unwrap()
}

fn verifier(issuer: &TestIssuer) -> JwtVerifier {
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    JwtVerifier::new([Issuer::new(issuer.name(), ["orders-api"], keys)]).unwrap()
}

fn reason(verifier: &JwtVerifier, token: &str) -> Option<Reason> {
    verifier.verify_token(token).err().map(|error| error.reason())
}

#[tokio::test]
async fn metadata_are_served_under_both_names_and_lead_to_the_keys() {
    let issuer = quick().await;
    let url = issuer.url();
    for path in [".well-known/openid-configuration", ".well-known/oauth-authorization-server"] {
        let document = get(&format!("{url}/{path}")).await;
        assert_eq!(document.headers[CONTENT_TYPE], "application/json");
        assert_eq!(document.json()["issuer"], url);
        assert_eq!(document.json()["introspection_endpoint"], issuer.introspection_url());
        let keys = get(document.json()["jwks_uri"].as_str().unwrap()).await;
        assert_eq!(keys.headers[CONTENT_TYPE], "application/jwk-set+json");
        assert_eq!(keys.body, issuer.jwks());
        assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 2);
    }
    assert_eq!(issuer.requests(Endpoint::OpenidConfiguration), 1);
    assert_eq!(issuer.requests(Endpoint::OauthMetadata), 1);
    assert_eq!(issuer.requests(Endpoint::Jwks), 2);
    assert_eq!(issuer.requests(Endpoint::Trap), 0);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_metadata_where_each_standard_wants_them() {
    let issuer = TestIssuer::builder().algorithms([Algorithm::ES256]).path("tenant/1").start().await.unwrap();
    let (url, origin) = (issuer.url(), issuer.url().replace("/tenant/1", ""));
    assert_eq!(get(&format!("{url}/.well-known/openid-configuration")).await.json()["issuer"], url);
    let inserted = format!("{origin}/.well-known/oauth-authorization-server/tenant/1");
    assert_eq!(get(&inserted).await.json()["issuer"], url);
    assert_eq!(get(&format!("{origin}/.well-known/oauth-authorization-server")).await.status, 404);
    assert_eq!(get(&issuer.jwks_url()).await.status, 200);
    assert_eq!(issuer.requests(Endpoint::Trap), 1);
}

#[tokio::test]
async fn a_token_is_accepted_by_whoever_has_the_keys() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer);
    for algorithm in issuer.algorithms() {
        let token =
            issuer.token("alice").algorithm(algorithm).audience("orders-api").scope("orders:read").roles(["ops"]);
        let identity = verifier.verify_token(&token.mint()).unwrap();
        assert_eq!((identity.issuer(), identity.subject()), (issuer.name(), "alice"));
        assert!(identity.scopes().contains("orders:read") && identity.roles().contains("ops"));
    }
}

#[tokio::test]
async fn two_tokens_are_never_the_same() {
    let issuer = quick().await;
    let token = |builder: fn(&TestIssuer) -> String| (builder(&issuer), builder(&issuer));
    let (one, other) = token(|issuer| issuer.token("alice").algorithm(Algorithm::EdDSA).mint());
    assert_ne!(one, other);
    let (one, other) = token(|issuer| issuer.token("alice").mint_opaque());
    assert_ne!(one, other);
}

#[tokio::test]
async fn times_come_from_the_clock_that_was_passed() {
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let issuer = TestIssuer::builder().algorithms([Algorithm::ES256]).clock(clock.clone()).start().await.unwrap();
    let verifier = verifier(&issuer).clock(clock.clone());
    let token = issuer.token("alice").audience("orders-api").mint();
    let minute = Duration::from_secs(60);
    let token_of =
        |time: fn(TokenBuilder<'_>) -> TokenBuilder<'_>| time(issuer.token("alice").audience("orders-api")).mint();
    assert_eq!(reason(&verifier, &token), None);
    assert_eq!(reason(&verifier, &token_of(|token| token.expired_ago(Duration::from_secs(60)))), Some(Reason::Expired));
    assert_eq!(
        reason(&verifier, &token_of(|token| token.not_before_in(Duration::from_secs(60)))),
        Some(Reason::Invalid)
    );
    assert_eq!(reason(&verifier, &token_of(|token| token.issued_ago(Duration::from_secs(86_400)))), None);
    clock.advance(6 * minute);
    assert_eq!(reason(&verifier, &token), Some(Reason::Expired));
    assert_eq!(reason(&verifier, &token_of(|token| token)), None);
}

#[tokio::test]
async fn what_is_said_about_a_token_is_what_it_says() {
    let issuer = quick().await;
    let token = issuer
        .token("alice")
        .audiences(["a", "b"])
        .issuer("https://other.example")
        .session_id("s-1")
        .token_id("t-1")
        .claim("tenant", json!({"id": 7}))
        .without("client_id")
        .typ("JWT")
        .header("crit", json!(["x"]))
        .without_header("kid")
        .mint();
    let part = |index: usize| -> Value {
        use base64::Engine;
        let text = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"alg": "ES256", "typ": "JWT", "crit": ["x"]}));
    let mut claims = part(1);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);
    claims["exp"] = json!(0);
    claims["iat"] = json!(0);
    let rest = json!({"iss": "https://other.example", "sub": "alice", "aud": ["a", "b"], "sid": "s-1", "jti": "t-1",
        "tenant": {"id": 7}, "exp": 0, "iat": 0});
    assert_eq!(claims, rest);
}

#[tokio::test]
async fn raw_parts_are_signed_as_they_are() {
    let issuer = quick().await;
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    let kid = issuer.key_id(Algorithm::ES256).unwrap();
    let token = issuer.token("").raw_header(format!(r#"{{ "alg":"ES256","kid":"{kid}" }}"#)).raw_payload(*b"\xff\x00");
    assert_eq!(keys.verify_jws(&token.clone().mint()).unwrap(), b"\xff\x00");
    assert!(keys.verify_jws(&token.clone().forged(Algorithm::ES256).mint()).is_err());
    assert!(token.signature([]).mint().ends_with('.'));
}

#[tokio::test]
async fn a_logout_token_has_what_the_standard_asks_for() {
    use base64::Engine;
    let issuer = quick().await;
    let token = issuer.logout_token().audience("client").subject("alice").session_id("s-1").mint();
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    let claims: Value = serde_json::from_slice(&keys.verify_jws(&token).unwrap()).unwrap();
    assert_eq!(claims["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    for (name, value) in [("iss", issuer.name()), ("aud", "client"), ("sub", "alice"), ("sid", "s-1")] {
        assert_eq!(claims[name], value);
    }
    assert!(claims["iat"].is_u64() && claims["exp"].is_u64() && claims["jti"].is_string() && claims["nonce"].is_null());
    let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["typ"], "logout+jwt");
}

#[tokio::test]
async fn a_rotation_keeps_the_old_keys_or_drops_them() {
    let issuer = quick().await;
    let (before, first) = (issuer.token("alice").audience("orders-api").mint(), issuer.key_id(Algorithm::ES256));
    issuer.rotate().unwrap();
    let (after, second) = (issuer.token("alice").audience("orders-api").mint(), issuer.key_id(Algorithm::ES256));
    assert_ne!(first, second);
    assert_eq!(reason(&verifier(&issuer), &before), None);
    assert_eq!(reason(&verifier(&issuer), &after), None);

    issuer.rotate_without_overlap().unwrap();
    let last = issuer.token("alice").audience("orders-api").mint();
    assert_eq!(reason(&verifier(&issuer), &before), Some(Reason::Invalid));
    assert_eq!(reason(&verifier(&issuer), &after), Some(Reason::Invalid));
    assert_eq!(reason(&verifier(&issuer), &last), None);

    let by_the_first = issuer.token("alice").audience("orders-api").key(first.clone().unwrap()).mint();
    assert_eq!(reason(&verifier(&issuer), &by_the_first), Some(Reason::Invalid));
    issuer.restore_key(&first.unwrap()).unwrap();
    assert_eq!(reason(&verifier(&issuer), &by_the_first), None);
    assert_eq!(issuer.restore_key("none").unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn keys_are_added_removed_and_published_letter_for_letter() {
    let issuer = quick().await;
    let added = issuer.add_key(Algorithm::ES384).unwrap();
    let token = issuer.token("alice").audience("orders-api").algorithm(Algorithm::ES384).mint();
    assert_eq!(reason(&verifier(&issuer), &token), None);
    issuer.remove_key(&added).unwrap();
    assert_eq!(reason(&verifier(&issuer), &token), Some(Reason::Invalid));
    assert!(issuer.add_key(Algorithm::HS256).is_err());

    issuer.publish(r#"{"kty": "oct", "k": "AAAA"}"#);
    let published = get(&issuer.jwks_url()).await.json();
    assert_eq!(published["keys"].as_array().unwrap().last().unwrap(), &json!({"kty": "oct", "k": "AAAA"}));
    issuer.publish("no JSON");
    assert!(issuer.jwks().ends_with(", no JSON]}"));
    issuer.unpublish();
    assert_eq!(get(&issuer.jwks_url()).await.json()["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn faults_come_in_line_and_go_when_they_are_used_up() {
    let issuer = quick().await;
    let url = issuer.jwks_url();
    issuer.fail_with(Endpoint::Jwks, Fault::status(500).times(2));
    issuer.fail_with(Endpoint::Jwks, Fault::html().times(1));
    assert_eq!(get(&url).await.status, 500);
    assert_eq!(get(&url).await.status, 500);
    let page = get(&url).await;
    assert_eq!(
        (page.status, &page.headers[CONTENT_TYPE]),
        (StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert_eq!(get(&url).await.body, issuer.jwks());

    issuer.fail_with(Endpoint::Jwks, Fault::empty_set());
    for _ in 0..3 {
        assert_eq!(get(&url).await.json(), json!({"keys": []}));
    }
    assert_eq!(get(&format!("{}/.well-known/openid-configuration", issuer.url())).await.json()["issuer"], issuer.url());
    issuer.recover();
    assert_eq!(get(&url).await.body, issuer.jwks());
    assert_eq!(issuer.requests(Endpoint::Jwks), 8);
}

#[tokio::test]
async fn documents_can_be_wrong_in_every_way() {
    let issuer = quick().await;
    let url = issuer.jwks_url();
    let whole = issuer.jwks();
    let with = async |fault: Fault| {
        issuer.fail_with(Endpoint::Jwks, fault.times(1));
        try_get(&url).await
    };

    let answer = with(Fault::content_type("text/plain")).await.unwrap();
    assert_eq!((&answer.headers[CONTENT_TYPE], answer.body), (&"text/plain".parse().unwrap(), whole.clone().into()));
    assert_eq!(with(Fault::truncated()).await.unwrap().body, whole[..whole.len() / 2]);
    with(Fault::incomplete()).await.err().expect("the connection was closed too early");
    with(Fault::hang_up()).await.err().expect("there was no answer");
    let padded = with(Fault::padded(1 << 20)).await.unwrap();
    assert_eq!(padded.headers["content-length"].to_str().unwrap(), (whole.len() + (1 << 20)).to_string());
    assert_eq!(padded.json(), serde_json::from_str::<Value>(&whole).unwrap());
    let redirect = with(Fault::redirect("http://127.0.0.1:1/")).await.unwrap();
    assert_eq!((redirect.status.as_u16(), &redirect.headers[LOCATION]), (302, &"http://127.0.0.1:1/".parse().unwrap()));
    assert_eq!(with(Fault::body("text/plain", "hello")).await.unwrap().body, "hello");
    assert_eq!(with(Fault::drip(Duration::from_millis(1))).await.unwrap().body, whole);

    issuer.fail_with(Endpoint::OpenidConfiguration, Fault::member("issuer", "https://evil.example").times(1));
    issuer.fail_with(Endpoint::OpenidConfiguration, Fault::member("jwks_uri", Value::Null).times(1));
    let discovery = format!("{}/.well-known/openid-configuration", issuer.url());
    let document = get(&discovery).await.json();
    assert_eq!((&document["issuer"], &document["jwks_uri"]), (&json!("https://evil.example"), &json!(url)));
    assert_eq!(get(&discovery).await.json().get("jwks_uri"), None);
}

#[tokio::test]
async fn headers_are_added_in_the_place_of_ours() {
    let issuer = quick().await;
    issuer.add_header(Endpoint::Jwks, CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    issuer.add_header(Endpoint::Jwks, CONTENT_TYPE, HeaderValue::from_static("a/b"));
    issuer.add_header(Endpoint::Jwks, CONTENT_TYPE, HeaderValue::from_static("c/d"));
    let answer = get(&issuer.jwks_url()).await;
    assert_eq!(answer.headers[CACHE_CONTROL], "max-age=60");
    assert_eq!(answer.headers.get_all(CONTENT_TYPE).iter().collect::<Vec<_>>(), ["a/b", "c/d"]);
    issuer.recover();
    assert_eq!(get(&issuer.jwks_url()).await.headers.get(CACHE_CONTROL), None);
}

#[tokio::test]
async fn a_document_can_be_endless() {
    let issuer = quick().await;
    issuer.fail_with(Endpoint::Jwks, Fault::endless());
    let request = Request::get(issuer.jwks_url()).body(Full::default()).unwrap();
    let mut body = client().request(request).await.unwrap().into_body();
    let mut length = 0;
    while length < 1 << 22 {
        length += body.frame().await.unwrap().unwrap().into_data().unwrap().len();
    }
}

#[tokio::test]
async fn a_stalled_request_has_arrived_and_gets_no_answer() {
    let issuer = quick().await;
    issuer.fail_with(Endpoint::Jwks, Fault::stall().times(1));
    let url = issuer.jwks_url();
    let waiting = tokio::spawn(async move { try_get(&url).await.is_ok() });
    issuer.wait_for_requests(Endpoint::Jwks, 1).await.unwrap();
    assert_eq!(get(&issuer.jwks_url()).await.status, 200);
    assert!(!waiting.is_finished());
    issuer.go_down().await;
    assert!(!waiting.await.unwrap(), "going down ends what stalled");

    issuer.come_back().await.unwrap();
    issuer.fail_with(Endpoint::Jwks, Fault::stall_in_body().times(1));
    let request = Request::get(issuer.jwks_url()).body(Full::default()).unwrap();
    let mut body = client().request(request).await.unwrap().into_body();
    let half = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(half.len(), issuer.jwks().len() / 2);
    let more = tokio::spawn(async move { body.frame().await });
    assert_eq!(get(&issuer.jwks_url()).await.status, 200);
    assert!(!more.is_finished());
}

#[tokio::test]
async fn a_gzip_bomb_is_gzip_and_holds_the_document() {
    let issuer = quick().await;
    issuer.fail_with(Endpoint::Jwks, Fault::gzip_bomb());
    let packed = get(&issuer.jwks_url()).await;
    assert_eq!(packed.headers[CONTENT_ENCODING], "gzip");
    assert!(packed.body.len() < 500_000, "{}", packed.body.len());
    let unpacked = tokio::process::Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--compressed", &issuer.jwks_url()])
        .output()
        .await
        .unwrap();
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    assert!(unpacked.stdout.len() > 67_000_000);
    assert_eq!(str::from_utf8(unpacked.stdout.trim_ascii()).unwrap(), issuer.jwks());
}

#[tokio::test]
async fn an_issuer_that_is_down_refuses_connections_until_it_comes_back() {
    let issuer = quick().await;
    let url = issuer.jwks_url();
    let client = client();
    let request = || Request::get(&url).body(Full::<Bytes>::default()).unwrap();
    assert_eq!(client.request(request()).await.unwrap().status(), 200);
    issuer.go_down().await;
    assert!(client.request(request()).await.is_err(), "not even over a connection that was open");
    assert!(client.request(request()).await.unwrap_err().is_connect());
    issuer.come_back().await.unwrap();
    assert_eq!(client.request(request()).await.unwrap().status(), 200);
    assert_eq!(issuer.requests(Endpoint::Jwks), 2);
    drop(issuer);
    while client.request(request()).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_requests_that_never_come_says_how_many_came() {
    let issuer = quick().await;
    let error = issuer.wait_for_requests(Endpoint::Trap, 2).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "0 of 2 requests arrived at Trap");
}

/// Asks for introspection as `client:secret`.
async fn introspect(issuer: &TestIssuer, token: &str) -> Got {
    introspect_as(issuer, &format!("token={token}"), Some("Basic Y2xpZW50OnNlY3JldA=="), None).await
}

async fn introspect_as(issuer: &TestIssuer, form: &str, authorization: Option<&str>, accept: Option<&str>) -> Got {
    let mut request =
        Request::post(issuer.introspection_url()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in [(AUTHORIZATION, authorization), (ACCEPT, accept)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    send(request.body(Full::from(form.to_owned())).unwrap()).await.unwrap()
}

#[tokio::test]
async fn introspection_knows_opaque_tokens_and_its_own_jwts_until_they_end() {
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let issuer = TestIssuer::builder().algorithms([Algorithm::ES256]).clock(clock.clone()).start().await.unwrap();
    let token = || issuer.token("alice").audience("orders-api").scope("orders:read");
    let inactive = json!({"active": false});
    for token in [token().mint(), token().mint_opaque()] {
        let answer = introspect(&issuer, &token).await;
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
        let answer = answer.json();
        let members = [("sub", "alice"), ("aud", "orders-api"), ("scope", "orders:read"), ("token_type", "Bearer")];
        assert_eq!(answer["active"], true);
        for (name, value) in members {
            assert_eq!(answer[name], value);
        }
        issuer.revoke(&token);
        assert_eq!(introspect(&issuer, &token).await.json(), inactive);
    }
    for token in [token().forged(Algorithm::ES256).mint(), token().issuer("x").mint(), "unknown".to_owned()] {
        assert_eq!(introspect(&issuer, &token).await.json(), inactive);
    }
    for token in [token().mint(), token().mint_opaque()] {
        clock.set_wall(UnixTime::from_secs(NOW));
        assert_eq!(introspect(&issuer, &token).await.json()["active"], true);
        clock.set_wall(UnixTime::from_secs(NOW + 300));
        assert_eq!(introspect(&issuer, &token).await.json(), inactive);
    }
    let lie = token().claim("active", "true").expired_ago(Duration::from_secs(9)).mint_opaque();
    assert_eq!(introspect(&issuer, &lie).await.json()["active"], "true");
}

#[tokio::test]
async fn introspection_is_signed_for_whoever_asks() {
    let issuer = quick().await;
    let token = issuer.token("alice").mint_opaque();
    let accept = Some("application/token-introspection+jwt");
    let answer = introspect_as(&issuer, &format!("token={token}"), Some("Basic Y2xpZW50OnNlY3JldA=="), accept).await;
    assert_eq!(answer.headers[CONTENT_TYPE], "application/token-introspection+jwt");
    let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap();
    let claims: Value =
        serde_json::from_slice(&keys.verify_jws(str::from_utf8(&answer.body).unwrap()).unwrap()).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer.name()), &json!("client")));
    assert_eq!(claims["token_introspection"]["sub"], "alice");
    assert_eq!(claims["token_introspection"]["active"], true);
}

#[tokio::test]
async fn introspection_asks_who_is_asking() {
    let issuer = quick().await;
    let token = issuer.token("alice").mint_opaque();
    let assertion_type = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let assertion = |subject: &str| {
        let claims = issuer.token(subject).issuer("client").audience(issuer.introspection_url());
        format!("token={token}&client_assertion_type={assertion_type}&client_assertion={}", claims.mint())
    };
    let basic = Some("Basic Y2xpZW50OnNlY3JldA==");
    let plain = format!("token={token}");
    let post = format!("token={token}&client_id=client&client_secret=secret");
    let active = |got: &Got| got.status == 200 && got.json()["active"] == true;

    let good = [(plain.clone(), basic), (post.clone(), None), (assertion("client"), None)];
    for (form, authorization) in &good {
        assert!(active(&introspect_as(&issuer, form, *authorization, None).await), "{form}");
    }
    let none = introspect_as(&issuer, &plain, None, None).await;
    assert_eq!((none.status.as_u16(), &none.json()["error"]), (401, &json!("invalid_client")));
    assert!(none.headers.contains_key("www-authenticate"));
    for (form, authorization, status) in [
        (plain.clone(), Some("Basic %%"), 400),
        (post.clone(), basic, 400),
        (format!("{plain}&{plain}"), basic, 400),
        ("nothing=here".to_owned(), basic, 400),
        (assertion("other"), None, 401),
        (assertion("client").replace("jwt-bearer", "saml2-bearer"), None, 400),
    ] {
        assert_eq!(introspect_as(&issuer, &form, authorization, None).await.status, status, "{form}");
    }

    issuer.register_client("other", "secret");
    for (form, authorization) in &good {
        assert_eq!(introspect_as(&issuer, form, *authorization, None).await.status, 401, "{form}");
    }
    issuer.register_client("client", "secret");
    assert!(active(&introspect_as(&issuer, &post, None, None).await));
    issuer.register_client_keys("client", KeySet::from_jwks(issuer.jwks(), &issuer.algorithms()).unwrap());
    assert!(active(&introspect_as(&issuer, &assertion("client"), None, None).await));
    assert_eq!(introspect_as(&issuer, &post, None, None).await.status, 401);
}

fn challenges(lines: &[&'static str]) -> Challenges {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("www-authenticate", HeaderValue::from_static(line));
    }
    Challenges::of(&headers)
}

/// What an assertion says where it fails.
fn message(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
    *std::panic::catch_unwind(assertion).unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn challenges_are_read_from_one_line_or_several() {
    let line = r#"Bearer realm="a \"b\"", error=invalid_token, Basic realm="staff""#;
    for challenges in [challenges(&[line]), challenges(&line.split_inclusive("invalid_token").collect::<Vec<_>>()[..1])]
    {
        let bearer = challenges.get("BEARER").unwrap();
        assert_eq!(bearer.scheme(), "Bearer");
        assert_eq!(bearer.params().collect::<Vec<_>>(), [("realm", r#"a "b""#), ("error", "invalid_token")]);
        challenges.assert_bearer_error("invalid_token");
        challenges.assert_bearer_param("realm", r#"a "b""#);
    }
    challenges(&[line]).assert_schemes(&["Bearer", "Basic"]);
    challenges(&[]).assert_schemes(&[]);
    challenges(&[r#"Bearer realm="a""#, r#"Basic realm="staff""#]).assert_no_error();
}

#[test]
fn an_assertion_that_fails_shows_what_was_there() {
    let line = r#"Bearer realm="a", error="invalid_request""#;
    let with_error = challenges(&[line]);
    for text in [
        message({
            let challenges = with_error.clone();
            move || challenges.assert_bearer_error("invalid_token")
        }),
        message({
            let challenges = with_error.clone();
            move || challenges.assert_no_error()
        }),
        message({
            let challenges = with_error.clone();
            move || challenges.assert_schemes(&["Basic"])
        }),
        message(move || with_error.assert_bearer_param("scope", "a")),
    ] {
        assert!(text.starts_with("expected ") && text.contains(line), "{text}");
    }
    let none = challenges(&[]);
    assert!(message(move || none.assert_no_error()).ends_with("there is no WWW-Authenticate"));
    for broken in [&["Bearer realm="][..], &[r#"Bearer realm="a", Realm="b""#], &["Bearer error"]] {
        let challenges = challenges(broken);
        assert_eq!(challenges.faults().len(), 1, "{challenges}");
        assert!(message(move || challenges.assert_schemes(&["Bearer"])).contains("can be read"));
    }
}

#[tokio::test]
async fn a_forgery_that_is_let_in_is_named() {
    let issuer = quick().await;
    let forgery = issuer.forgeries("orders-api").remove(0);
    let headers = HeaderMap::new();
    let text = message(move || forgery.assert_refused(StatusCode::OK, &headers));
    assert_eq!(text, "alg-none-unsigned: expected 401 Unauthorized, and it is 200 OK; there is no WWW-Authenticate");
    let good = issuer.genuine("orders-api").remove(0);
    let text = message(move || good.assert_accepted(StatusCode::UNAUTHORIZED, &HeaderMap::new()));
    assert!(text.starts_with("alg-ES256: expected to be let in"), "{text}");
}
