//! RFC 9728: what a protected resource tells clients about itself, where, and how its challenges lead there; and what the
//! Model Context Protocol asks beyond it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use axum::body::Body;
use axum::routing::get as route;
use http::{Request, Response};
use http_body_util::BodyExt;
use portcullis::authenticate::{Basic, Bearer};
use portcullis::permission::{acr, all, any, authenticated, role, scope};
use portcullis::resource::{ProtectedResource, ProtectedResourceBuilder};
use portcullis::{AuthenticateLayer, RequireLayer};
use serde_json::{Value, json};
use support::stack::{Answer, Scripted, bare, bearer, get, send};
use tower::ServiceExt;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const DOCUMENT: &str = "https://api.example/.well-known/oauth-protected-resource/mcp";

fn builder(identifier: &str) -> ProtectedResourceBuilder {
    ProtectedResource::builder(identifier).authorization_server("https://id.example")
}

fn resource() -> ProtectedResource {
    let builder = builder("https://api.example/mcp").scopes(["orders:read", "orders:write"]);
    builder.challenge_scopes(["orders:read"]).build().unwrap()
}

/// The settings that are at fault.
fn faults(builder: ProtectedResourceBuilder) -> Vec<String> {
    builder.build().unwrap_err().faults().iter().map(|fault| fault.setting().to_owned()).collect()
}

fn document(resource: &ProtectedResource) -> Value {
    serde_json::from_str(resource.json()).unwrap()
}

fn request(method: &str, path: &str) -> Request<()> {
    Request::builder().method(method).uri(path).body(()).unwrap()
}

/// Everything behind a Bearer scheme that knows of the resource, and the document outside.
fn guarded(resource: &ProtectedResource) -> AuthenticateLayer {
    AuthenticateLayer::new(Bearer::new("api", Scripted::ready()).resource(resource)).unwrap()
}

#[track_caller]
fn assert_document(answer: &Answer, resource: &ProtectedResource) {
    assert!(answer.seen.is_none(), "the inner service was called");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.lines("content-type"), ["application/json"]);
    assert_eq!(answer.body, resource.json());
}

/// PRM-1, PRM-2
#[test]
fn the_document_lies_between_host_and_path_and_a_lone_slash_is_dropped() {
    for (identifier, origin, path) in [
        ("https://api.example", "https://api.example", ""),
        ("https://api.example/", "https://api.example", ""),
        ("https://api.example/a/b", "https://api.example", "/a/b"),
        ("https://api.example/a/", "https://api.example", "/a/"),
        ("https://api.example//", "https://api.example", "//"),
        ("https://api.example:8443/a%20b", "https://api.example:8443", "/a%20b"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443", "/a"),
        ("https://192.0.2.1/.a/..b/...", "https://192.0.2.1", "/.a/..b/..."),
    ] {
        let resource = builder(identifier).build().unwrap();
        assert_eq!(resource.path(), format!("{WELL_KNOWN}{path}"));
        assert_eq!(resource.metadata_url(), format!("{origin}{WELL_KNOWN}{path}"));
        assert_eq!((resource.identifier(), &document(&resource)["resource"]), (identifier, &json!(identifier)));
    }
}

/// PRM-3: as a layer, whatever stands inside
#[tokio::test]
async fn the_layer_answers_the_document_without_credentials_and_passes_on_everything_else() {
    let resource = resource();
    let stack = (resource.layer(), guarded(&resource));
    assert_document(&send(&stack, request("GET", resource.path())).await, &resource);
    for path in ["/", "/mcp", WELL_KNOWN, &format!("{}/", resource.path()), "/.well-known/oauth-authorization-server"] {
        let answer = send(&stack, request("GET", path)).await;
        answer.assert_refused(401, "missing", &[("Bearer", None)]);
        let mut accepted = get([bearer("ann")]);
        *accepted.uri_mut() = path.parse().unwrap();
        send(&stack, accepted).await.assert_accepted("ann");
    }
}

/// PRM-3: as a route of axum's, with the guard on the others; and as a layer around a router
#[tokio::test]
async fn a_router_serves_the_document_as_a_route_and_behind_a_layer() {
    let resource = resource();
    let guarded = axum::Router::new().route("/mcp", route("hello")).layer(guarded(&resource));
    let nested =
        axum::Router::new().route_service(resource.path().strip_prefix("/.well-known").unwrap(), resource.service());
    for app in [
        guarded.clone().route_service(resource.path(), resource.service()),
        guarded.clone().layer(resource.layer()),
        guarded.nest("/.well-known", nested),
    ] {
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            (status, response.into_body().collect().await.unwrap().to_bytes())
        };
        assert_eq!(ask(resource.path()).await, (200, resource.json().to_owned().into()));
        assert_eq!(ask("/mcp").await.0, 401);
        assert_ne!(ask(WELL_KNOWN).await.0, 200, "the root is another resource");
    }
}

/// PRM-3: what goes with it on the wire
#[tokio::test]
async fn every_method_is_answered_as_its_definition_has_it() {
    let resource = resource();
    for alone in [false, true] {
        let ask = async |method| match alone {
            false => send(&resource.layer(), request(method, resource.path())).await,
            true => {
                let response = resource.service().oneshot(request(method, "/")).await.unwrap();
                let (head, body) = response.map(|body| body.collect()).into_parts();
                let body = body.await.unwrap().to_bytes();
                Answer { status: head.status, headers: head.headers, body, rejection: None, seen: None }
            }
        };
        let answer = ask("GET").await;
        assert_document(&answer, &resource);
        assert_eq!(
            answer.lines("cache-control"),
            [format!("public, max-age={}", ProtectedResource::MAX_AGE.as_secs())]
        );
        assert_eq!(answer.lines("x-content-type-options"), ["nosniff"]);

        let head = ask("HEAD").await;
        assert_eq!((head.status.as_u16(), &head.body[..]), (200, &b""[..]));
        assert_eq!(head.headers, answer.headers);
        assert_eq!(head.lines("content-length"), [resource.json().len().to_string()]);

        // A browser asks first, because MCP clients send a field of their own along.
        let options = ask("OPTIONS").await;
        assert_eq!((options.status.as_u16(), &options.body[..]), (204, &b""[..]));
        assert_eq!(options.lines("access-control-allow-methods"), ["GET, HEAD, OPTIONS"]);
        assert_eq!(options.lines("access-control-allow-headers"), ["*"]);
        assert_eq!(options.lines("allow"), ["GET, HEAD, OPTIONS"]);

        for method in ["POST", "PUT", "DELETE", "BREW"] {
            let refused = ask(method).await;
            assert!(refused.seen.is_none(), "the inner service was called");
            assert_eq!((refused.status.as_u16(), &refused.body[..]), (405, &b""[..]));
            assert_eq!(refused.lines("allow"), ["GET, HEAD, OPTIONS"]);
            assert!(refused.lines("cache-control").is_empty());
        }
        for method in ["GET", "HEAD", "OPTIONS", "POST"] {
            assert_eq!(ask(method).await.lines("access-control-allow-origin"), ["*"]);
        }
    }
}

/// PRM-4, PRM-6, PRM-9, MCP-1: all there is to say, and nothing of what there is not
#[test]
fn the_document_says_what_was_configured_and_that_tokens_come_in_the_header() {
    let resource = builder("https://api.example/mcp")
        .authorization_server("https://other.example/tenant")
        .authorization_server("https://id.example")
        .scopes(["orders:read", "orders:write", "orders:read"])
        .challenge_scopes(["orders:read"])
        .name("Orders \"of\" \u{1}Zo\u{eb}")
        .documentation("https://api.example/docs?v=2#top")
        .policy("https://api.example/policy")
        .terms_of_service("https://api.example/terms")
        .jwks_uri("https://api.example/jwks")
        .signing_algorithms(["ES256"])
        .build()
        .unwrap();
    let expected = json!({
        "resource": "https://api.example/mcp",
        "authorization_servers": ["https://id.example", "https://other.example/tenant"],
        "jwks_uri": "https://api.example/jwks",
        "scopes_supported": ["orders:read", "orders:write"],
        "bearer_methods_supported": ["header"],
        "resource_signing_alg_values_supported": ["ES256"],
        "resource_name": "Orders \"of\" \u{1}Zo\u{eb}",
        "resource_documentation": "https://api.example/docs?v=2#top",
        "resource_policy_uri": "https://api.example/policy",
        "resource_tos_uri": "https://api.example/terms",
    });
    assert_eq!(document(&resource), expected);
}

/// PRM-5, and so with all that was not said
#[test]
fn what_is_empty_is_left_out() {
    let none: [&str; 0] = [];
    let resource = builder("https://api.example").scopes(none).signing_algorithms(none).build().unwrap();
    let expected = json!({
        "resource": "https://api.example",
        "authorization_servers": ["https://id.example"],
        "bearer_methods_supported": ["header"],
    });
    assert_eq!(document(&resource), expected);
}

/// PRM-7, MCP-2, MCP-5, CHOICE-1: no error where nothing was sent, and the way to a token all the same
#[tokio::test]
async fn the_challenge_without_a_token_names_the_document_and_the_scopes_to_ask_for() {
    let answer = send(&guarded(&resource()), bare()).await;
    answer.assert_refused(401, "missing", &[("Bearer", None)]);
    let line = format!(r#"Bearer realm="api", resource_metadata="{DOCUMENT}", scope="orders:read""#);
    assert_eq!(answer.lines("www-authenticate"), [line]);
}

/// PRM-7, MCP-3, MCP-5, BEARER-8: an invalid and an expired token are answered 401, with all the same
#[tokio::test]
async fn the_challenge_of_a_refused_token_says_so_too() {
    for word in ["invalid", "expired"] {
        let answer = send(&guarded(&resource()), get([bearer(word)])).await;
        answer.assert_refused(401, word, &[("Bearer", Some("invalid_token"))]);
        let challenge = answer.challenges().remove(0);
        let names: Vec<_> = challenge.parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["realm", "resource_metadata", "error", "error_description", "scope"]);
        assert_eq!(challenge.get("resource_metadata"), Some(DOCUMENT));
        assert_eq!(challenge.get("scope"), Some("orders:read"));
    }
}

/// PRM-7: a token that cannot be read is not mended by a scope
#[tokio::test]
async fn a_bad_request_names_the_document_and_no_scope() {
    for request in [get([bearer("a b")]), get([bearer("a"), bearer("b")])] {
        let answer = send(&guarded(&resource()), request).await;
        assert_eq!((answer.status.as_u16(), answer.seen.is_none()), (400, true));
        let challenge = answer.challenges().remove(0);
        assert_eq!(challenge.get("error"), Some("invalid_request"));
        assert_eq!((challenge.get("resource_metadata"), challenge.get("scope")), (Some(DOCUMENT), None));
    }
}

/// MCP-6, MCP-7, BEARER-8: the scopes that the request needs, all at once, instead of those to begin with
#[tokio::test]
async fn a_403_names_the_document_and_the_scopes_that_the_request_needs() {
    let missing = all([scope("orders:write"), scope("orders:refund")]);
    let stack = (guarded(&resource()), RequireLayer::new(missing).unwrap());
    let answer = send(&stack, get([bearer("ann")])).await;
    answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    let challenge = answer.challenges().remove(0);
    assert_eq!(challenge.get("scope"), Some("orders:write orders:refund"));
    assert_eq!(challenge.get("resource_metadata"), Some(DOCUMENT));
}

/// Advice that leads nowhere would send clients round in circles
#[tokio::test]
async fn a_403_that_no_scope_mends_advises_none() {
    let stack = (guarded(&resource()), RequireLayer::new(role("admin")).unwrap());
    let answer = send(&stack, get([bearer("ann")])).await;
    answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    let challenge = answer.challenges().remove(0);
    assert_eq!((challenge.get("scope"), challenge.get("resource_metadata")), (None, Some(DOCUMENT)));
}

/// RFC 9470 section 3: a new log-in is for a token with the scopes there were to ask for
#[tokio::test]
async fn a_step_up_names_the_document_and_the_scopes_to_ask_for() {
    let stack = (guarded(&resource()), RequireLayer::new(acr(["phr"])).unwrap());
    let answer = send(&stack, get([bearer("ann")])).await;
    answer.assert_refused(401, "step_up", &[("Bearer", Some("insufficient_user_authentication"))]);
    let challenge = answer.challenges().remove(0);
    assert_eq!((challenge.get("acr_values"), challenge.get("scope")), (Some("phr"), Some("orders:read")));
    assert_eq!(challenge.get("resource_metadata"), Some(DOCUMENT));
}

/// The anonymous are told how to become somebody, by the requirement further in too
#[tokio::test]
async fn where_the_anonymous_are_let_in_a_requirement_advises_as_the_layer_does() {
    let scheme = Bearer::new("api", Scripted::ready()).resource(&resource());
    let layer = AuthenticateLayer::builder().scheme(scheme).allow_anonymous().build().unwrap();
    let stack = (layer, RequireLayer::new(any([authenticated(), role("admin")])).unwrap());
    let answer = send(&stack, bare()).await;
    answer.assert_refused(401, "missing", &[("Bearer", None)]);
    assert_eq!(answer.challenges()[0].get("scope"), Some("orders:read"));
}

/// PRM-7: of the other schemes' challenges nothing changes
#[tokio::test]
async fn other_schemes_know_nothing_of_the_resource() {
    let layer = AuthenticateLayer::builder()
        .scheme(Bearer::new("api", Scripted::ready()).resource(&resource()))
        .scheme(Basic::new("staff", Scripted::ready()))
        .build()
        .unwrap();
    let answer = send(&layer, bare()).await;
    answer.assert_refused(401, "missing", &[("Bearer", None), ("Basic", None)]);
    assert_eq!(answer.lines("www-authenticate")[1], support::stack::BASIC);
}

/// PRM-8
#[tokio::test]
async fn no_field_of_the_request_changes_what_a_client_is_told() {
    let resource = resource();
    let stack = (resource.layer(), guarded(&resource));
    for path in ["/mcp", resource.path()] {
        let plain = send(&stack, request("GET", path)).await;
        let lines = ["host", "x-forwarded-host", "x-forwarded-proto", "x-original-url", "forwarded", "origin"];
        let mut lied = get(lines.map(|name| (name, "evil.example")));
        *lied.uri_mut() = format!("https://evil.example{path}").parse().unwrap();
        let lied = send(&stack, lied).await;
        assert_eq!(lied.status, plain.status);
        assert_eq!(lied.lines("www-authenticate"), plain.lines("www-authenticate"));
        assert!(!format!("{:?}{:?}", lied.headers, lied.body).contains("evil"));
    }
}

/// PRM-11, RI-2, and the one spelling that clients compare
#[test]
fn an_identifier_is_an_https_url_as_clients_write_it_or_does_not_build() {
    for identifier in [
        "",
        "api.example",
        "/mcp",
        "//api.example",
        "https:",
        "https://",
        "https:///mcp",
        "https:/api.example",
        "http://api.example",
        "HTTPS://api.example",
        "https://API.example",
        "https://api.example.",
        "https://api..example",
        "https://.example",
        "https://caf\u{e9}.example",
        "https://api.example:443",
        "https://api.example:",
        "https://api.example:0",
        "https://api.example:080",
        "https://api.example:+80",
        "https://api.example:65536",
        "https://api.example:a",
        "https://a@api.example",
        "https://a:b@api.example",
        "https://api.example/#",
        "https://api.example#top",
        "https://api.example?",
        "https://api.example/mcp?tenant=1",
        "https://api.example/.",
        "https://api.example/a/../b",
        "https://api.example/a/%2E%2e",
        "https://api.example/a b",
        "https://api.example/%",
        "https://api.example/%2",
        "https://api.example/%zz",
        "https://api.example/%2%41",
        "https://api.example/caf\u{e9}",
        "https://api.example/{id}",
        "https://api.example/[id]",
        "https://api.example/\\",
        "https://api.example/\r\n",
        " https://api.example",
        "https://127.1",
        "https://1.2.3.256",
        "https://[::0]",
        "https://[::1",
        "https://::1",
        "https://[1.2.3.4]",
        "https://[2001:DB8::1]",
        "ftp://api.example",
        "urn:example:orders",
    ] {
        assert_eq!(faults(builder(identifier)), ["resource"], "{identifier:?}");
        let elsewhere = ProtectedResource::builder("https://api.example").authorization_server(identifier);
        assert_eq!(faults(elsewhere), [format!("authorization_server {identifier:?}")]);
    }
    let long = format!("https://api.example/{}", "a".repeat(1024));
    assert_eq!(faults(builder(&long)), ["resource"]);
}

/// The switch lets addresses of this machine through, and nothing else
#[test]
fn http_is_for_this_machine_alone_and_only_when_that_is_allowed() {
    for (identifier, is_loopback) in [
        ("http://127.0.0.1:3000/mcp", true),
        ("http://127.8.9.1", true),
        ("http://[::1]:3000", true),
        ("http://localhost:3000", false),
        ("http://127.0.0.1.example", false),
        ("http://127.0.0.1:80", false),
        ("http://10.0.0.1", false),
        ("http://[::2]", false),
        ("http://api.example", false),
    ] {
        assert_eq!(faults(builder(identifier)), ["resource"]);
        let allowing = ProtectedResource::builder(identifier).authorization_server(identifier);
        assert_eq!(allowing.danger_allow_http_loopback().build().is_ok(), is_loopback, "{identifier}");
    }
    let link = builder("https://api.example").documentation("http://127.0.0.1/docs");
    assert_eq!(faults(link.clone()), ["resource_documentation"]);
    link.danger_allow_http_loopback().build().unwrap();
}

/// MCP-9
#[test]
fn offline_access_is_no_scope_of_a_resource() {
    let all = builder("https://api.example").scopes(["orders:read", "offline_access"]);
    assert_eq!(faults(all), ["scopes"]);
    let first = builder("https://api.example").scopes(["orders:read"]).challenge_scopes(["offline_access"]);
    let error = first.build().unwrap_err();
    assert_eq!(error.faults()[0].setting(), "challenge_scopes");
    assert!(error.faults()[0].problem().contains("refresh token"));
}

/// PRM-10
#[test]
fn no_algorithm_is_called_none() {
    for name in ["none", "None", "NONE", "", " "] {
        assert_eq!(faults(builder("https://api.example").signing_algorithms([name])), ["signing_algorithms"]);
    }
}

/// BEARER-9
#[test]
fn a_scope_that_cannot_be_asked_for_does_not_build() {
    for name in ["", " ", "a b", "a\"", "a\\", "\u{e9}", "a\n"] {
        assert_eq!(faults(builder("https://api.example").scopes([name])), ["scopes"], "{name:?}");
    }
    let many = || (0..200).map(|number| format!("scope{number}"));
    assert_eq!(faults(builder("https://api.example").scopes(many())), ["challenge_scopes"]);
    builder("https://api.example").scopes(many()).challenge_scopes(["scope0"]).build().unwrap();
}

/// Every fault at once, each saying what to change
#[test]
fn all_faults_of_a_resource_are_told_together() {
    let builder = ProtectedResource::builder("http://api.example")
        .scopes(["a b"])
        .name(" ")
        .policy("policy.html")
        .terms_of_service("http://api.example/terms")
        .jwks_uri("ftp://api.example/jwks")
        .signing_algorithms(["none"]);
    let settings = [
        "resource",
        "authorization_servers",
        "resource_policy_uri",
        "resource_tos_uri",
        "jwks_uri",
        "scopes",
        "name",
        "signing_algorithms",
    ];
    assert_eq!(faults(builder), settings);
}

/// Its readiness is the layer's, and its errors pass through
#[tokio::test]
async fn the_inner_service_is_called_as_if_there_were_no_layer() {
    let resource = resource();
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Response<String>, _>(resource.layer());
    handle.allow(0);
    assert!(service.poll_ready().is_pending(), "ready before the inner service was");
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let call = service.call(request("GET", "/mcp"));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_error("broken");
    assert_eq!(call.await.unwrap_err().to_string(), "broken");
}
