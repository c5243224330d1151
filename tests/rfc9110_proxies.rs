//! RFC 9110 section 11.7: the layer before a forward proxy.

#![cfg(feature = "digest")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use http::{Method, Request};
use portcullis::authenticate::{Basic, Bearer, Digest, Session};
use portcullis::identity::digest_access::DigestUsers;
use portcullis::permission::{max_age, scope};
use portcullis::{AuthenticateLayer, RequireLayer};
use support::digest::Login;
use support::stack::{Answer, Parsed, Scripted, basic, bearer, get, send};
use tower::ServiceBuilder;

mod support {
    pub(crate) mod digest;
    pub(crate) mod stack;
}

const REALM: &str = "way out";

fn layer(verifier: &Scripted) -> AuthenticateLayer {
    let mut users = DigestUsers::new(REALM);
    users.insert("Mufasa", "Circle of Life").unwrap();
    AuthenticateLayer::builder()
        .proxy()
        .scheme(Digest::new(REALM, users))
        .scheme(Basic::new(REALM, verifier.clone()))
        .build()
        .unwrap()
}

/// The same credentials, for the proxy.
fn proxy(field: (&str, String)) -> (&'static str, String) {
    ("proxy-authorization", field.1)
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert!(answer.seen.is_none(), "the inner service was called");
    assert_eq!(answer.status, status);
    assert_eq!(answer.json()["code"], code);
    assert_eq!(answer.json()["status"], status);
    assert!(answer.lines("www-authenticate").is_empty());
    let challenges: Vec<_> = answer.lines("proxy-authenticate").into_iter().map(Parsed::read).collect();
    let schemes: Vec<_> = challenges.iter().map(|challenge| challenge.scheme.as_str()).collect();
    assert_eq!(schemes.is_empty(), status != 407);
    // DIGEST-30: a proxy guards all there is, so `domain` means nothing.
    assert!(challenges.iter().all(|challenge| challenge.get("domain").is_none()));
    assert_eq!(answer.lines("cache-control"), ["no-store"]);
    assert_eq!(answer.lines("vary"), ["accept, proxy-authorization"]);
}

// HTTP-20
#[tokio::test]
async fn a_proxy_reads_its_own_field_and_asks_in_its_own() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = layer(&verifier);
        assert_refused(&send(&layer, get::<&str, &str>([])).await, 407, "missing");
        assert_refused(&send(&layer, get([basic("alice")])).await, 407, "missing");
        assert_eq!(verifier.calls(), 0, "what is meant for the server is not looked at");
        assert_refused(&send(&layer, get([proxy(basic("invalid"))])).await, 407, "invalid");
        assert_refused(&send(&layer, get([proxy(basic("invalid")), basic("alice")])).await, 407, "invalid");
        assert_refused(&send(&layer, get([proxy(basic("unavailable"))])).await, 503, "unavailable");
        assert_refused(&send(&layer, get([proxy(bearer("alice"))])).await, 407, "missing");
        let twice = [proxy(basic("alice")), proxy(basic("alice"))];
        assert_refused(&send(&layer, get(twice)).await, 400, "ambiguous");
        let answer = send(&layer, get([("proxy-authorization", "Basic !")])).await;
        assert_refused(&answer, 407, "malformed");
        let text = String::from_utf8(send(&layer, get([("accept", "text/plain")])).await.body.to_vec()).unwrap();
        assert!(text.contains("407") && text.contains("Proxy-Authenticate"), "{text}");
    }
}

// RFC 9110 sections 11.6.2 and 11.7.2
#[tokio::test]
async fn credentials_end_at_the_proxy_and_those_for_the_server_go_through() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = layer(&verifier);
        for own in
            [vec![], vec![basic("origin")], vec![basic("one"), bearer("two")], vec![("authorization", "\tx".into())]]
        {
            let lines = own.iter().cloned().chain([proxy(basic("alice"))]);
            let answer = send(&layer, get(lines)).await;
            answer.assert_accepted("alice");
            let seen = answer.seen.as_ref().unwrap();
            assert!(!seen.headers.contains_key("proxy-authorization"));
            let expected: Vec<_> = own.iter().map(|(_, value)| value.trim().as_bytes().to_vec()).collect();
            let arrived: Vec<_> =
                seen.headers.get_all("authorization").iter().map(|value| value.as_bytes().to_vec()).collect();
            assert_eq!(arrived.iter().map(|value| value.trim_ascii().to_vec()).collect::<Vec<_>>(), expected);
            assert!(seen.headers.get_all("authorization").iter().all(http::HeaderValue::is_sensitive));
        }
    }
}

// HTTP-21
#[tokio::test]
async fn an_origin_server_does_not_look_at_what_is_meant_for_a_proxy() {
    let verifier = Scripted::ready();
    let layer = verifier.layer();
    let answer = send(&layer, get([proxy(basic("alice"))])).await;
    assert_eq!(answer.status, 401);
    assert!(answer.lines("proxy-authenticate").is_empty());
    assert_eq!(verifier.calls(), 0);
    let answer = send(&layer, get([proxy(basic("alice")), bearer("bob")])).await;
    answer.assert_accepted("bob");
    assert!(answer.seen.unwrap().headers.contains_key("proxy-authorization"), "it is for whoever comes next");
}

/// DIGEST-30
#[tokio::test]
async fn digest_works_for_tunnels_and_for_targets_in_absolute_form() {
    let layer = layer(&Scripted::ready());
    for (method, target, signed) in [
        (Method::CONNECT, "api.example:443", "api.example:443"),
        (Method::GET, "http://api.example/a?b=c", "/a?b=c"),
        (Method::GET, "http://api.example/a?b=c", "http://api.example/a?b=c"),
    ] {
        let request = |field: Option<String>| {
            let request = Request::builder().method(method.clone()).uri(target);
            match field {
                Some(field) => request.header("proxy-authorization", field).body(()).unwrap(),
                None => request.body(()).unwrap(),
            }
        };
        let challenge = Parsed::read(send(&layer, request(None)).await.lines("proxy-authenticate")[0]);
        let method = if method == Method::CONNECT { "CONNECT" } else { "GET" };
        let login = Login::answering(&challenge, "Mufasa", "Circle of Life");
        let login = Login { uri: signed.to_owned(), method, ..login };
        let answer = send(&layer, request(Some(login.field()))).await;
        answer.assert_accepted("Mufasa");
        let proof = login.response("");
        assert!(answer.lines("authentication-info").is_empty());
        assert!(answer.lines("proxy-authentication-info")[0].starts_with(&format!("rspauth=\"{proof}\"")));
        assert_refused(&send(&layer, request(Some(login.field()))).await, 407, "invalid");
        let elsewhere = Login { uri: String::from("else.example:443"), ..login.next() };
        assert_refused(&send(&layer, request(Some(elsewhere.field()))).await, 400, "malformed");
    }
}

#[tokio::test]
async fn what_a_permission_further_in_asks_for_is_asked_in_the_proxys_words() {
    let verifier = Scripted::ready();
    let stack = |requirement| {
        ServiceBuilder::new().layer(layer(&verifier)).layer(RequireLayer::new(requirement).unwrap()).into_inner()
    };
    let fresh = send(&stack(max_age(std::time::Duration::ZERO)), get([proxy(basic("alice"))])).await;
    assert_refused(&fresh, 407, "step_up");
    let forbidden = send(&stack(scope("write")), get([proxy(basic("alice"))])).await;
    assert_refused(&forbidden, 403, "forbidden");
}

#[test]
fn a_scheme_that_reads_other_fields_is_refused_when_the_layer_is_built() {
    let session = Session::new("shop", Scripted::ready());
    let error = AuthenticateLayer::builder().proxy().scheme(session).build().unwrap_err();
    assert_eq!(error.faults()[0].setting(), "proxy");
    AuthenticateLayer::builder().proxy().scheme(Bearer::new("api", Scripted::ready())).build().unwrap();
}
