//! What is answered to one client is kept from all others: `Cache-Control` and `Vary` of answers to requests that were let
//! in.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it fails, its helpers included"
)]

mod support {
    pub(crate) mod stack;
}

use std::convert::Infallible;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_TYPE, HeaderName, ORIGIN, SET_COOKIE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use portcullis::authenticate::{Accepted, Attempt, AuthenticateBuilder, Basic, Bearer, Scheme, Session};
use portcullis::permission::{authenticated, scope};
use portcullis::response::Challenge;
use portcullis::{AuthenticateLayer, Identity, RequireLayer};
use support::stack::{Scripted, bare, basic, bearer, cookie, get, session};
use tower::{Layer, Service, ServiceExt, service_fn};

/// A handler that answers with this status and these header lines.
fn handler(
    status: u16,
    lines: &[(HeaderName, &'static str)],
) -> impl Service<Request<()>, Response = Response<String>, Error = Infallible, Future: Send> + Clone {
    let lines = lines.to_vec();
    service_fn(move |_: Request<()>| {
        let mut response = Response::new(String::from("private"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in &lines {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
        std::future::ready(Ok(response))
    })
}

/// The headers of the answer to `request`, whose handler writes `lines`.
async fn answered(layer: &AuthenticateLayer, lines: &[(HeaderName, &'static str)], request: Request<()>) -> HeaderMap {
    answered_with(layer, 200, lines, request).await
}

async fn answered_with(
    layer: &AuthenticateLayer,
    status: u16,
    lines: &[(HeaderName, &'static str)],
    request: Request<()>,
) -> HeaderMap {
    let response = layer.layer(handler(status, lines)).oneshot(request).await.unwrap();
    assert_eq!(response.status(), status);
    response.into_parts().0.headers
}

fn lines(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

fn both() -> [Scripted; 2] {
    [Scripted::ready(), Scripted::waiting()]
}

/// R06
#[tokio::test]
async fn an_answer_to_a_cookie_is_stored_by_nobody_and_one_to_a_header_by_that_client_alone() {
    for verifier in both() {
        let layer = verifier.layer();
        for status in [200, 201, 204, 206, 301, 303, 304, 400, 401, 403, 404, 410, 500, 503] {
            for (credentials, control) in [
                (cookie("alice"), "no-store"),
                (session("alice"), "private"),
                (bearer("alice"), "private"),
                (basic("alice"), "private"),
            ] {
                let headers = answered_with(&layer, status, &[], get([credentials.clone()])).await;
                assert_eq!(lines(&headers, CACHE_CONTROL), [control], "{credentials:?} {status}");
                assert_eq!(lines(&headers, VARY), ["authorization, cookie"], "{credentials:?} {status}");
                assert_eq!(headers.len(), 2, "and nothing else");
            }
        }
    }
}

#[tokio::test]
async fn what_the_handler_says_of_caches_stands() {
    let layer = Scripted::ready().layer();
    for own in [&["max-age=60"][..], &["public, s-maxage=3600"], &["no-cache", "private"], &[""]] {
        for credentials in [cookie("alice"), bearer("alice")] {
            let said: Vec<_> = own.iter().map(|value| (CACHE_CONTROL, *value)).collect();
            let headers = answered(&layer, &said, get([credentials])).await;
            assert_eq!(lines(&headers, CACHE_CONTROL), own);
            assert_eq!(lines(&headers, VARY), ["authorization, cookie"], "who may store it must still not mix it up");
        }
    }
    let headers = answered(&layer, &[(CONTENT_TYPE, "text/html"), (SET_COOKIE, "a=b")], get([cookie("alice")])).await;
    assert_eq!((lines(&headers, CONTENT_TYPE), lines(&headers, SET_COOKIE)), (vec!["text/html"], vec!["a=b"]));
    assert_eq!(lines(&headers, CACHE_CONTROL), ["no-store"]);
}

/// CACHE-4
#[tokio::test]
async fn vary_gains_what_is_missing_and_says_nothing_twice() {
    let layer = Scripted::ready().layer();
    for (own, merged) in [
        (&[][..], &["authorization, cookie"][..]),
        (&["accept-encoding"], &["accept-encoding", "authorization, cookie"]),
        (&["Accept-Encoding,Origin", "accept"], &["Accept-Encoding,Origin", "accept", "authorization, cookie"]),
        (&["authorization"], &["authorization", "cookie"]),
        (&["Cookie"], &["Cookie", "authorization"]),
        (&["accept , COOKIE,\tAuthorization"], &["accept , COOKIE,\tAuthorization"]),
        (&["cookie", "authorization"], &["cookie", "authorization"]),
        (&["*"], &["*"]),
        (&["accept", " * "], &["accept", " * "]),
        (&["accept, *"], &["accept, *"]),
        (&[""], &["", "authorization, cookie"]),
        (&["x-cookie, cookies"], &["x-cookie, cookies", "authorization, cookie"]),
    ] {
        let said: Vec<_> = own.iter().map(|value| (VARY, *value)).collect();
        let headers = answered(&layer, &said, get([bearer("alice")])).await;
        assert_eq!(lines(&headers, VARY), merged);
    }
    let bytes = service_fn(async |_: Request<()>| {
        let mut response = Response::new(());
        response.headers_mut().insert(VARY, HeaderValue::from_bytes(b"\xff, cookie").unwrap());
        Ok::<_, Infallible>(response)
    });
    let response = layer.layer(bytes).oneshot(get([bearer("alice")])).await.unwrap();
    assert_eq!(response.headers().get_all(VARY).iter().nth(1).unwrap(), "authorization", "bytes of any kind");
}

#[tokio::test]
async fn vary_names_the_fields_that_the_schemes_of_the_layer_read() {
    let of = async |builder: AuthenticateBuilder| {
        let headers = answered(&builder.build().unwrap(), &[], get([basic("alice")])).await;
        lines(&headers, VARY).join(" | ")
    };
    let builder = || AuthenticateLayer::builder().scheme(Basic::new("staff", Scripted::ready()));
    assert_eq!(of(builder()).await, "authorization");
    assert_eq!(of(builder().scheme(Bearer::new("api", Scripted::ready()))).await, "authorization");
    assert_eq!(of(builder().scheme(Session::new("shop", Scripted::ready()))).await, "authorization, cookie");
    assert_eq!(of(builder().scheme(ByAddress)).await, "authorization, x-client");
}

/// Lets everybody in by a field that some proxy adds: a credential that nobody sends on purpose.
struct ByAddress;

impl Scheme for ByAddress {
    fn challenge(&self) -> Challenge {
        Challenge::new("Address").quoted("realm", "inside")
    }

    fn authenticate(&self, _: &Parts) -> Attempt {
        Attempt::NotPresented
    }

    fn authenticate_ambient(&self, head: &Parts) -> Attempt {
        if !head.headers.contains_key("x-client") {
            return Attempt::NotPresented;
        }
        let accepted = Accepted::from(Identity::assertion("inside", "alice").build());
        Attempt::Ready(Ok(accepted.answering(CACHE_CONTROL, HeaderValue::from_static("max-age=1"))))
    }

    fn reads(&self) -> &[&str] {
        &["X-Client", "x-client"]
    }
}

#[tokio::test]
async fn a_field_that_a_scheme_answers_with_counts_as_said() {
    let layer = AuthenticateLayer::new(ByAddress).unwrap();
    let headers = answered(&layer, &[(CACHE_CONTROL, "public")], get([("x-client", "10.0.0.7")])).await;
    assert_eq!((lines(&headers, CACHE_CONTROL), lines(&headers, VARY)), (vec!["max-age=1"], vec!["x-client"]));
}

#[tokio::test]
async fn an_answer_to_nobody_may_be_stored_and_says_by_what_it_would_differ() {
    for verifier in both() {
        let layer = verifier.schemes().allow_anonymous().build().unwrap();
        let headers = answered(&layer, &[], bare()).await;
        assert_eq!((lines(&headers, CACHE_CONTROL), lines(&headers, VARY)), (vec![], vec!["authorization, cookie"]));
        let headers = answered(&layer, &[(VARY, "*")], bare()).await;
        assert_eq!((lines(&headers, CACHE_CONTROL), lines(&headers, VARY)), (vec![], vec!["*"]));
        let stale = answered(&layer, &[], get([cookie("invalid")])).await;
        // A cookie is cleared, which is for this browser alone.
        assert_eq!(
            (lines(&stale, CACHE_CONTROL), lines(&stale, VARY)),
            (vec!["no-store"], vec!["authorization, cookie"])
        );
        assert_eq!(lines(&stale, SET_COOKIE).len(), 1);
    }
}

/// A preflight is asked of everybody alike, and by nobody's right.
#[tokio::test]
async fn the_answer_to_a_preflight_is_left_alone() {
    let preflight = || {
        let mut request = get([(ORIGIN, "https://shop.example"), (ACCESS_CONTROL_REQUEST_METHOD, "GET")]);
        *request.method_mut() = Method::OPTIONS;
        request
    };
    for builder in [Scripted::ready().schemes(), Scripted::ready().schemes().allow_anonymous()] {
        let layer = builder.allow_cors_preflight().build().unwrap();
        assert!(answered(&layer, &[], preflight()).await.is_empty());
        let headers = answered(&layer, &[(VARY, "origin")], preflight()).await;
        assert_eq!((lines(&headers, VARY), headers.len()), (vec!["origin"], 1));
    }
}

/// It differs by `Proxy-Authorization`, which caches do not look at and the server behind never sees.
#[tokio::test]
async fn the_answers_that_a_proxy_passes_on_are_those_of_the_server_behind() {
    let scheme = || Basic::new("way out", Scripted::ready());
    let layer = AuthenticateLayer::builder().proxy().scheme(scheme()).build().unwrap();
    let headers = answered(&layer, &[], get([("proxy-authorization", basic("alice").1)])).await;
    assert!(headers.is_empty(), "{headers:?}");
    let layer = AuthenticateLayer::builder().proxy().allow_anonymous().scheme(scheme()).build().unwrap();
    assert!(answered(&layer, &[], bare()).await.is_empty());
}

/// The refusal of a layer further in says more, and is final.
#[tokio::test]
async fn a_refusal_further_in_is_not_said_twice() {
    let layer = Scripted::ready().layer();
    for (requirement, status) in [(scope("read"), 200), (scope("write"), 403)] {
        for (credentials, control) in [(cookie("alice"), "no-store"), (bearer("alice"), "private")] {
            let inner = RequireLayer::new(requirement.clone()).unwrap().layer(handler(200, &[]));
            let response = layer.layer(inner).oneshot(get([credentials])).await.unwrap();
            assert_eq!(response.status(), status);
            let (control, vary) = if status == 403 {
                ("no-store", "accept, authorization, cookie")
            } else {
                (control, "authorization, cookie")
            };
            assert_eq!(lines(response.headers(), CACHE_CONTROL), [control]);
            assert_eq!(lines(response.headers(), VARY), [vary]);
        }
    }
    let optional = Scripted::ready().schemes().allow_anonymous().build().unwrap();
    let response = optional.layer(RequireLayer::new(authenticated()).unwrap().layer(handler(200, &[])));
    let response = response.oneshot(bare()).await.unwrap();
    assert_eq!(lines(response.headers(), CACHE_CONTROL), ["no-store"]);
    assert_eq!(lines(response.headers(), VARY), ["accept, authorization, cookie"]);
}

#[tokio::test]
async fn of_two_layers_the_stricter_word_stands_and_vary_names_the_fields_of_both() {
    let sessions = AuthenticateLayer::builder().scheme(Session::new("shop", Scripted::ready()));
    let tokens = AuthenticateLayer::builder().scheme(Bearer::new("api", Scripted::ready())).allow_anonymous();
    let (sessions, tokens) = (sessions.build().unwrap(), tokens.build().unwrap());
    let outside = sessions.layer(tokens.layer(handler(200, &[]))).oneshot(get([cookie("alice")])).await.unwrap();
    let inside = tokens.layer(sessions.layer(handler(200, &[]))).oneshot(get([cookie("alice")])).await.unwrap();
    for (response, vary) in [(outside, &["authorization", "cookie"][..]), (inside, &["authorization, cookie"])] {
        assert_eq!(lines(response.headers(), CACHE_CONTROL), ["no-store"]);
        assert_eq!(lines(response.headers(), VARY), vary);
    }
}
