//! `axum::Routes`: no route is forgotten, each is open to whom it says and to nobody else, and the layers of others stand
//! where `docs/routes.md` says.

#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it fails, its helpers included")]

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Path, State};
use axum::middleware::from_fn;
use axum::routing::{any, any_service, delete, get, post};
use axum::{Json, Router};
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, AUTHORIZATION,
    CONTENT_ENCODING, ORIGIN, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use portcullis::authenticate::{AuthenticateBuilder, Bearer};
use portcullis::axum::{Guard, Routes, matched_path};
use portcullis::credentials::BearerToken;
use portcullis::permission::{Decision, all, any as any_of, authenticated, max_age, role, scope};
use portcullis::response::{Rejection, Reply};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, VerifyError};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

/// Knows `alice`, who may read and is an admin, and `bob`, who may nothing; whoever sends `hangs` waits for ever.
fn schemes() -> AuthenticateBuilder {
    let tokens = async |token: BearerToken| match token.expose() {
        "alice" => Ok(Identity::assertion("shop", "alice").scopes(["read"]).roles(["admin"]).build()),
        "bob" => Ok(Identity::assertion("shop", "bob").build()),
        "hangs" => pending().await,
        _ => Err(VerifyError::invalid()),
    };
    AuthenticateLayer::builder().scheme(Bearer::new("shop", tokens))
}

fn layer() -> AuthenticateLayer {
    schemes().build().unwrap()
}

/// The rights of nobody, of somebody without any, and of somebody with all.
const CALLERS: [Option<&str>; 3] = [None, Some("bob"), Some("alice")];

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    reason: Option<Reason>,
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8_lossy(&to_bytes(body, usize::MAX).await.unwrap()).into_owned(),
        reason: head.extensions.get::<Rejection>().map(Rejection::reason),
    }
}

fn request(method: &str, path: &str, token: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(Body::empty()).unwrap()
}

async fn ask(app: &Router, method: &str, path: &str, token: Option<&str>) -> Answer {
    send(app, request(method, path, token)).await
}

/// The status for nobody, for bob and for alice.
async fn statuses(app: &Router, method: &str, path: &str) -> [u16; 3] {
    let mut statuses = [0; 3];
    for (status, caller) in statuses.iter_mut().zip(CALLERS) {
        *status = ask(app, method, path, caller).await.status.as_u16();
    }
    statuses
}

fn faults(routes: Routes) -> Vec<String> {
    let error = routes.build(&layer()).unwrap_err();
    error.faults().iter().map(ToString::to_string).collect()
}

async fn whoami(identity: Option<Identity>) -> String {
    identity.map_or("nobody".to_owned(), |identity| identity.subject().to_owned())
}

/// T03
#[test]
fn a_server_with_forgotten_routes_does_not_start_and_every_one_is_named() {
    let admin =
        Routes::new().route("/users", get("all users")).route("/users/{id}", delete("gone").require(role("admin")));
    let routes = Routes::new()
        .route("/health", get("up").public())
        .route("/orders", get("two orders").post("ordered"))
        .route("/search", any("found"))
        .nest("/admin", admin)
        .nest("/reports", Router::new().route("/weekly", get("a report")))
        .merge(Router::new().route("/old", get("an old page")))
        .fallback(any("not here"));
    let unsaid = "does not say who may use it; add `.require(…)`, or `.public()` or `.optional()`";
    let forgotten = [
        "everything else",
        "GET, POST /orders",
        "any /search",
        "GET /admin/users",
        "the Router at /reports",
        "the Router merged at /",
    ];
    assert_eq!(faults(routes), forgotten.map(|route| format!("{route}: {unsaid}")));
}

#[test]
fn faulty_requirements_are_told_beside_forgotten_routes_and_all_at_once() {
    let routes = Routes::new()
        .route("/a", get("a").require(scope("no scope")))
        .route("/b", get("b").require(all([])))
        .route("/c", get("c"))
        .route("/d", get("d").public().hidden())
        .route("/e", get("e").optional().hidden())
        .route("/f", get("f").require(role(" ")).hidden());
    let faults = faults(routes);
    let begins = ["GET /a: scope: ", "GET /b: requirement: ", "GET /c: ", "GET /d: ", "GET /e: ", "GET /f: role: "];
    assert_eq!(faults.len(), begins.len(), "{faults:#?}");
    for (fault, begin) in faults.iter().zip(begins) {
        assert!(fault.starts_with(begin), "{fault}");
    }
}

#[test]
fn what_axum_would_panic_about_is_a_fault_like_any_other() {
    let public = || get("x").public();
    let nested = || Routes::new().route("/", public());
    for (routes, expected) in [
        (Routes::new().route("/a", public()).route("/a", public()), "both define `GET`"),
        (Routes::new().route("/{id}", public()).route("/{name}", public()), "/{name}"),
        (Routes::new().route("/a/b", public()).nest("/a", Routes::new().route("/b", public())), "in two parts"),
        (Routes::new().route("a", public()), "does not begin with `/`"),
        (Routes::new().route("", public()), "does not begin with `/`"),
        (Routes::new().route("/:id", public()), "must not start with `:`"),
        (Routes::new().route("/{*rest}/end", public()), "Catch-all"),
        (Routes::new().nest("/", nested()), "merge instead"),
        (Routes::new().nest("a", nested()), "does not begin with `/`"),
        (Routes::new().fallback(any("x").public()).fallback(any("y").public()), "fallback"),
        (Routes::new().route("/a", any("x").public()).route("/a", any("y").public()), "fallback"),
        (Routes::new().route_layer(RequireLayer::new(authenticated()).unwrap()), "around no routes"),
    ] {
        let forgotten = routes.route("/forgotten", get("x"));
        let faults = faults(forgotten);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}: {faults:#?}");
        assert!(faults.iter().any(|fault| fault.starts_with("GET /forgotten: ")), "{expected}: {faults:#?}");
    }
}

fn own_orders(_: &Identity, _: &Parts) -> Decision {
    Decision::Allow
}

#[test]
fn the_table_lists_every_route_with_its_method_and_who_may_use_it() {
    let admin = Routes::new()
        .route("/", get("start").require(role("admin")))
        .route("/users/{id}", delete("gone").require(all([role("admin"), max_age(Duration::from_secs(60))])).hidden())
        .fallback(any("no such page").require(role("admin")));
    let routes = Routes::new()
        .route("/orders", get("orders").require(any_of([scope("read"), all([scope("x"), role("y")])])))
        .route("/orders", post("ordered").put("changed").require(portcullis::permission::policy(own_orders)))
        .route("/", any(whoami).optional())
        .route("/head", axum::routing::head("").public())
        .route("/forgotten", get("oh"))
        .nest("/admin", admin)
        .nest("/assets", Router::new().public());
    assert_eq!(
        routes.table().to_string(),
        "\
any     /                       optional identity
GET     /admin                  role admin
any     /admin everything else  role admin
DELETE  /admin/users/{id}       role admin and a log-in of the last 60s, hidden
any     /assets and below       public
GET     /forgotten              NOT SAID
HEAD    /head                   public
GET     /orders                 scope read or (scope x and role y)
POST    /orders                 policy axum_routes::own_orders
PUT     /orders                 policy axum_routes::own_orders
any     everything else         any identity, then 404
"
    );
}

#[tokio::test]
async fn the_table_runs_no_handler() {
    let runs = Arc::new(AtomicUsize::new(0));
    let (handler, rest) = (Arc::clone(&runs), Arc::clone(&runs));
    let handler = async move || handler.fetch_add(1, Ordering::Relaxed).to_string();
    let rest = service_fn(move |_: Request<Body>| {
        rest.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, Infallible>(Response::new(Body::empty())) }
    });
    let routes = Routes::new()
        .route("/a", get(handler.clone()).fallback(handler).public())
        .route("/b", any_service(rest.clone()).public())
        .fallback(any_service(rest).public());
    assert_eq!(routes.table().rows().len(), 3);
    let app = routes.build(&layer()).unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    for path in ["/a", "/b", "/c"] {
        ask(&app, "GET", path, None).await;
    }
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn each_route_is_open_to_whom_it_says() {
    let app = Routes::new()
        .route("/public", get("open").public())
        .route("/optional", get(whoami).optional())
        .route("/me", get(whoami).require(authenticated()))
        .route("/read", get(whoami).require(scope("read")))
        .route("/admin", get(whoami).require(role("admin")).hidden())
        .build(&layer())
        .unwrap();
    assert_eq!(statuses(&app, "GET", "/public").await, [200, 200, 200]);
    assert_eq!(statuses(&app, "GET", "/optional").await, [200, 200, 200]);
    assert_eq!(statuses(&app, "GET", "/me").await, [401, 200, 200]);
    assert_eq!(statuses(&app, "GET", "/read").await, [401, 403, 200]);
    assert_eq!(statuses(&app, "GET", "/admin").await, [401, 404, 200]);
    for (path, caller, body) in [
        ("/optional", None, "nobody"),
        ("/optional", Some("bob"), "bob"),
        ("/me", Some("bob"), "bob"),
        ("/read", Some("alice"), "alice"),
    ] {
        assert_eq!(ask(&app, "GET", path, caller).await.body, body, "{path} {caller:?}");
    }
    let answer = ask(&app, "GET", "/me", None).await;
    assert_eq!(answer.headers[WWW_AUTHENTICATE], r#"Bearer realm="shop""#);
}

#[tokio::test]
async fn on_a_public_route_credentials_are_not_looked_at_and_on_an_optional_one_wrong_ones_are_refused() {
    let app = Routes::new()
        .route("/public", get("open").public())
        .route("/optional", get(whoami).optional())
        .route("/mistake", get(whoami).public())
        .build(&layer())
        .unwrap();
    // The last would have the verifier wait for ever.
    for token in ["mallory", "two words", "hangs"] {
        assert_eq!(ask(&app, "GET", "/public", Some(token)).await.status, 200, "{token}");
    }
    let wrong = ask(&app, "GET", "/optional", Some("mallory")).await;
    assert_eq!((wrong.status.as_u16(), wrong.reason), (401, Some(Reason::Invalid)));
    // Nobody was asked who this is, so the extractor cannot say that it is nobody.
    let mistake = ask(&app, "GET", "/mistake", None).await;
    assert_eq!((mistake.status.as_u16(), mistake.reason), (500, Some(Reason::Misconfigured)));
}

#[tokio::test]
async fn whether_the_layer_lets_in_the_anonymous_does_not_matter() {
    let routes =
        || Routes::new().route("/optional", get(whoami).optional()).route("/me", get(whoami).require(authenticated()));
    for layer in [schemes().build().unwrap(), schemes().allow_anonymous().build().unwrap()] {
        let app = routes().build(&layer).unwrap();
        assert_eq!(ask(&app, "GET", "/optional", None).await.body, "nobody");
        assert_eq!(statuses(&app, "GET", "/me").await, [401, 200, 200]);
        assert_eq!(statuses(&app, "GET", "/nothing").await, [401, 404, 404]);
    }
}

#[tokio::test]
async fn each_method_of_a_path_has_its_own_requirement_and_head_has_that_of_get() {
    let app = Routes::new()
        .route("/orders", get("two orders").require(authenticated()))
        .route("/orders", post("ordered").require(scope("read")))
        .build(&layer())
        .unwrap();
    assert_eq!(statuses(&app, "GET", "/orders").await, [401, 200, 200]);
    assert_eq!(statuses(&app, "HEAD", "/orders").await, [401, 200, 200]);
    assert_eq!(statuses(&app, "POST", "/orders").await, [401, 403, 200]);
}

/// R14
#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405_only_for_those_who_may_use_one_that_it_has() {
    let app = Routes::new()
        .route("/one", get("x").require(scope("read")))
        .route("/two", get("x").require(scope("read")))
        .route("/two", post("x").require(role("admin")))
        .route("/weak", get("x").require(authenticated()))
        .route("/weak", post("x").require(role("admin")).hidden())
        .route("/hidden", get("x").require(scope("read")).hidden())
        .route("/both-hidden", get("x").require(scope("read")).hidden())
        .route("/both-hidden", post("x").require(role("admin")).hidden())
        .route("/public", post("x").require(scope("read")))
        .route("/public", get("x").public())
        .route("/optional", get("x").optional())
        .route("/optional", post("x").require(scope("read")))
        .build(&layer())
        .unwrap();
    for method in ["DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
        for (path, expected) in [
            ("/one", [401, 403, 405]),
            ("/two", [401, 403, 405]),
            ("/weak", [401, 405, 405]),
            ("/hidden", [401, 404, 405]),
            ("/both-hidden", [401, 404, 405]),
            ("/public", [405, 405, 405]),
            ("/optional", [405, 405, 405]),
        ] {
            assert_eq!(statuses(&app, method, path).await, expected, "{method} {path}");
        }
    }
    let answer = ask(&app, "DELETE", "/two", Some("alice")).await;
    assert_eq!(answer.headers[ALLOW], "GET,HEAD,POST");
}

/// All that a client sees, but for the id, which is another each time.
fn as_seen(answer: &Answer) -> (StatusCode, Vec<(String, HeaderValue)>, String) {
    let fields = answer.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let (before, after) = answer.body.split_once(r#""id":""#).unwrap_or((&answer.body, "\"\""));
    (answer.status, fields, format!("{before}{}", after.split_once('"').unwrap().1))
}

/// R14
#[tokio::test]
async fn strangers_cannot_tell_a_path_that_is_not_there_from_one_that_is() {
    let app = Routes::new()
        .route("/orders", get("two orders").require(scope("read")))
        .route("/several", get("x").require(scope("read")))
        .route("/several", post("x").require(role("admin")).hidden())
        .route("/own", get("x").fallback("y").require(scope("read")))
        .route("/any", any("x").require(authenticated()))
        .nest("/nested", Routes::new().route("/deep", get("x").require(scope("read"))))
        .nest("/router", Router::new().route("/deep", get("x")).require(scope("read")))
        .build(&layer())
        .unwrap();
    for method in ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND", "CONNECT"] {
        let not_there = as_seen(&ask(&app, method, "/nothing", None).await);
        assert_eq!(not_there.0, 401, "{method}");
        for path in
            ["/orders", "/several", "/own", "/any", "/nested/deep", "/nested/nothing", "/router/deep", "/router"]
        {
            assert_eq!(as_seen(&ask(&app, method, path, None).await), not_there, "{method} {path}");
        }
    }
    assert_eq!(statuses(&app, "GET", "/nothing").await, [401, 404, 404]);
}

/// R14
#[tokio::test]
async fn a_hidden_route_looks_like_a_path_that_is_not_there() {
    let app = Routes::new()
        .route("/hidden", get("x").post("y").require(scope("more")).hidden())
        .nest("/router", Router::new().route("/deep", get("x")).require(scope("more")).hidden())
        .build(&layer())
        .unwrap();
    for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PROPFIND"] {
        for caller in [Some("bob"), Some("alice")] {
            let not_there = as_seen(&ask(&app, method, "/nothing", caller).await);
            assert_eq!(not_there.0, 404, "{method}");
            for path in ["/hidden", "/router", "/router/deep", "/router/nothing"] {
                assert_eq!(as_seen(&ask(&app, method, path, caller).await), not_there, "{method} {path}");
            }
        }
    }
}

/// T03
#[tokio::test]
async fn everything_else_is_open_to_whom_the_fallback_says_also_below_a_path() {
    let site = Routes::new()
        .route("/", get("welcome").public())
        .nest("/app", Routes::new().route("/", get("the app").require(scope("read"))))
        .nest("/docs", Routes::new().fallback(any("no such page").public()))
        .nest("/own", Router::new().fallback("own").require(scope("read")))
        .nest("/bare", Router::new().route("/x", get("x")).public());
    let open = || any((StatusCode::NOT_FOUND, "no such page"));
    let app = site.build(&layer()).unwrap();
    assert_eq!(statuses(&app, "GET", "/nothing").await, [401, 404, 404]);
    assert_eq!(statuses(&app, "GET", "/app/nothing").await, [401, 404, 404]);
    assert_eq!(statuses(&app, "GET", "/docs/nothing").await, [200, 200, 200]);
    assert_eq!(statuses(&app, "GET", "/own/anything").await, [401, 403, 200]);
    // One word counts for all that is below.
    assert_eq!(statuses(&app, "GET", "/bare/x").await, [200, 200, 200]);
    assert_eq!(statuses(&app, "GET", "/bare/nothing").await, [404, 404, 404]);

    let app = Routes::new()
        .nest("/app", Routes::new().route("/", get("the app").require(scope("read"))))
        .fallback(open().public());
    let app = app.build(&layer()).unwrap();
    assert_eq!(statuses(&app, "GET", "/nothing").await, [404, 404, 404]);
    assert_eq!(statuses(&app, "GET", "/app/nothing").await, [404, 404, 404]);
    assert_eq!(statuses(&app, "GET", "/app").await, [401, 403, 200]);
}

/// T03
#[tokio::test]
async fn a_merged_router_opens_nothing_but_itself() {
    let old = || Router::new().route("/old", get("an old page"));
    let routes = || Routes::new().route("/orders", get("two orders").require(scope("read")));
    let merged_last = routes().merge(old().public());
    let merged_first = Routes::new().merge(old().public()).merge(routes());
    for routes in [merged_first, merged_last] {
        let app = routes.build(&layer()).unwrap();
        assert_eq!(statuses(&app, "GET", "/old").await, [200, 200, 200]);
        assert_eq!(statuses(&app, "GET", "/orders").await, [401, 403, 200]);
        assert_eq!(statuses(&app, "GET", "/nothing").await, [401, 404, 404]);
    }
    // What answers everything else is said in one place.
    let faults = faults(routes().merge(old().fallback("own").require(role("admin"))));
    assert!(faults[0].starts_with("the Router merged at /: ") && faults[0].contains("fallback"), "{faults:?}");
}

/// T04, T05
#[tokio::test]
async fn no_spelling_of_a_path_reaches_a_handler_past_its_requirement() {
    let runs = Arc::new(AtomicUsize::new(0));
    let secret = {
        let runs = Arc::clone(&runs);
        async move || runs.fetch_add(1, Ordering::Relaxed).to_string()
    };
    let nested = Routes::new().route("/users", any(secret.clone()).require(role("admin")));
    let app = Routes::new()
        .route("/admin", any(secret.clone()).require(role("admin")))
        .route("/secret", any(secret).require(role("admin")))
        .route("/public", get("open").public())
        .route("/public/{*rest}", get("open").public())
        .nest("/nested", nested)
        .build(&layer())
        .unwrap();
    let paths = [
        "/admin",
        "/admin/",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/%61dmin",
        "/ADMIN",
        "/admin;x",
        "/admin%2f",
        "/admin%00",
        "/admin.json",
        "/admin?",
        "/admin%20",
        "/admin/.",
        "/%2fadmin",
        "/admin%3f",
        "/nested/users",
        "/nested//users",
        "//nested/users",
        "/nested/users/",
        "/nested/./users",
        "/nested/%75sers",
        "/nested%2fusers",
        "/NESTED/users",
        "/secret?x=/public/",
        "/secret%3f/public/",
        "/secret%23/public/",
        "/public/../secret",
        "/public/..%2fsecret",
        "/publicx",
        "/secret?/public",
        "http://shop.example/admin",
        "http://shop.example//admin",
    ];
    for path in paths {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "PROPFIND"] {
            for caller in [None, Some("bob"), Some("mallory")] {
                let answer = ask(&app, method, path, caller).await;
                let refused = [401, 403, 404, 405].contains(&answer.status.as_u16());
                // What only begins with the open path is the open page, and nothing else.
                assert!(refused || answer.body == "open" || method == "HEAD", "{method} {path} {caller:?}: {answer:?}");
            }
        }
    }
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    assert_eq!(ask(&app, "GET", "/nested/users", Some("alice")).await.status, 200);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

/// T04
#[tokio::test]
async fn a_rule_on_the_matched_path_is_judged_by_the_route_and_never_by_what_was_sent() {
    fn rules(identity: &Identity, path: &str) -> Decision {
        match path {
            "/me" => Decision::Allow,
            "/users/{id}" if identity.roles().contains("admin") => Decision::Allow,
            "/nested/deep" if identity.roles().contains("admin") => Decision::Allow,
            _ => Decision::Deny,
        }
    }
    let app = Router::new()
        .route("/me", get("me"))
        .route("/users/{id}", get(async |Path(id): Path<String>| id))
        .route("/unlisted", get("reached"))
        .nest("/nested", Router::new().route("/deep", get("deep")))
        .layer(RequireLayer::new(matched_path(rules)).unwrap())
        .layer(layer());
    assert_eq!(statuses(&app, "GET", "/me").await, [401, 200, 200]);
    assert_eq!(statuses(&app, "GET", "/nested/deep").await, [401, 403, 200]);
    assert_eq!(statuses(&app, "GET", "/unlisted").await, [401, 403, 403]);
    assert_eq!(statuses(&app, "GET", "/nothing").await, [401, 403, 403]);
    for path in ["/users/1", "/users/me", "/users/%2e%2e", "/users/%2fme", "/users/..", "/users/1?/me"] {
        assert_eq!(statuses(&app, "GET", path).await, [401, 403, 200], "{path}");
    }
}

#[tokio::test]
async fn the_state_reaches_handlers_wherever_they_are() {
    #[derive(Clone)]
    struct Shop(&'static str);
    async fn name(State(shop): State<Shop>) -> &'static str {
        shop.0
    }
    let nested = Routes::new().route("/name", get(name).public());
    let app = Routes::new()
        .route("/name", get(name).require(scope("read")))
        .nest("/routes", nested)
        .nest("/router", Router::new().route("/name", get(name)).public())
        .merge(Router::new().route("/merged", get(name)).public())
        .fallback(any(name).public())
        .with_state(Shop("corner shop"))
        .build(&layer())
        .unwrap();
    for path in ["/name", "/routes/name", "/router/name", "/merged", "/anything"] {
        assert_eq!(ask(&app, "GET", path, Some("alice")).await.body, "corner shop", "{path}");
    }
}

#[tokio::test]
async fn a_route_layer_meets_only_who_was_let_in_and_a_layer_around_the_router_meets_everybody() {
    let (inside, outside) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = |counter: &Arc<AtomicUsize>| {
        let counter = Arc::clone(counter);
        from_fn(move |request: axum::extract::Request, next: axum::middleware::Next| {
            counter.fetch_add(1, Ordering::Relaxed);
            next.run(request)
        })
    };
    let app = Routes::new()
        .route("/read", get(whoami).require(scope("read")))
        .nest("/routes", Routes::new().route("/read", get(whoami).require(scope("read"))))
        .nest("/router", Router::new().route("/read", get(whoami)).require(scope("read")))
        .merge(Router::new().route("/merged", get(whoami)).require(scope("read")))
        .route_layer(count(&inside))
        .route("/later", get(whoami).require(scope("read")))
        .build(&layer())
        .unwrap()
        .layer(count(&outside));
    for path in ["/read", "/routes/read", "/router/read", "/merged", "/later"] {
        assert_eq!(statuses(&app, "GET", path).await, [401, 403, 200], "{path}");
    }
    assert_eq!((inside.load(Ordering::Relaxed), outside.load(Ordering::Relaxed)), (4, 15));
}

#[tokio::test]
async fn who_answers_a_refusal_knows_the_route_that_was_matched() {
    fn with_route(rejection: &Rejection, head: &Parts) -> Reply {
        let route = head.extensions.get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        Reply::new("text/plain", format!("{} at {route}", rejection.reason()))
    }
    fn upgrade(_: &Rejection, _: &Parts) -> Reply {
        Reply::new("text/plain", "upgrade")
    }
    let own = RequireLayer::new(scope("more")).unwrap().respond_with(upgrade);
    let app = Routes::new()
        .route("/films", get("films").require(own))
        .nest("/users", Routes::new().route("/{id}", get("x").require(scope("more"))))
        .build(&schemes().respond_with(with_route).build().unwrap())
        .unwrap();
    assert_eq!(ask(&app, "GET", "/users/7", None).await.body, "missing at /users/{id}");
    assert_eq!(ask(&app, "GET", "/users/7", Some("bob")).await.body, "forbidden at /users/{id}");
    assert_eq!(ask(&app, "GET", "/nothing", None).await.body, "missing at none");
    assert_eq!(ask(&app, "GET", "/films", Some("bob")).await.body, "upgrade");
}

/// The stack of `docs/routes.md`, in the same order.
fn stacked() -> Router {
    let cors = CorsLayer::new().allow_origin(HeaderValue::from_static("https://shop.example"));
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(50));
    let routes = Routes::new()
        .route("/orders", get("two orders").post(async |order: String| order).require(scope("read")))
        .route("/slow", get(async || pending::<()>().await).require(scope("read")))
        .route("/health", get("up").public())
        .route_layer(RequestBodyLimitLayer::new(16))
        .route_layer(GlobalConcurrencyLimitLayer::new(1));
    let around = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(timeout)
        .layer(cors)
        .layer(CompressionLayer::new().compress_when(tower_http::compression::predicate::SizeAbove::new(0)));
    routes.build(&layer()).unwrap().layer(around)
}

#[tokio::test]
async fn cors_around_the_router_answers_preflights_and_lets_scripts_read_refusals() {
    let app = stacked();
    for path in ["/orders", "/nothing"] {
        let mut preflight = request("OPTIONS", path, None);
        preflight.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://shop.example"));
        preflight.headers_mut().insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        assert_eq!(send(&app, preflight).await.status, 200, "{path}");
        let mut bare = request("GET", path, None);
        bare.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://shop.example"));
        let refused = send(&app, bare).await;
        assert_eq!(refused.status, 401, "{path}");
        assert_eq!(refused.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.example", "{path}");
    }
}

#[tokio::test]
async fn a_layer_that_lets_preflights_pass_lets_none_past_a_requirement() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let handler = async move || count.fetch_add(1, Ordering::Relaxed).to_string();
    let app = Routes::new()
        .route("/guarded", any(handler.clone()).require(scope("read")))
        .route("/known", any(handler).require(authenticated()))
        .build(&schemes().allow_cors_preflight().build().unwrap())
        .unwrap();
    for path in ["/guarded", "/known", "/nothing"] {
        let mut preflight = request("OPTIONS", path, None);
        preflight.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://shop.example"));
        preflight.headers_mut().insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        assert_eq!(send(&app, preflight).await.status, 401, "{path}");
    }
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_timeout_around_the_router_ends_slow_verifiers_as_well_as_slow_handlers() {
    let app = stacked();
    for (path, token) in [("/orders", "hangs"), ("/slow", "alice")] {
        assert_eq!(ask(&app, "GET", path, Some(token)).await.status, 504, "{path}");
    }
}

#[tokio::test]
async fn compression_around_the_router_compresses_refusals_too() {
    let mut request = request("GET", "/orders", None);
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let refused = send(&stacked(), request).await;
    assert_eq!((refused.status.as_u16(), &refused.headers[CONTENT_ENCODING]), (401, &HeaderValue::from_static("gzip")));
}

#[tokio::test]
async fn a_limit_inside_is_spent_by_nobody_who_was_refused() {
    let app = stacked();
    let mut waiting = Box::pin(ask(&app, "GET", "/slow", Some("alice")));
    // It holds the only place.
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
    assert_eq!(statuses(&app, "GET", "/orders").await[..2], [401, 403]);
    assert_eq!(ask(&app, "GET", "/health", None).await.status, 504, "the limit is on the routes added before it");
    assert_eq!(waiting.await.status, 504);
}

#[tokio::test]
async fn a_strangers_body_is_not_measured_and_one_that_is_let_in_is() {
    let app = stacked();
    for (token, expected) in [(None, 401), (Some("bob"), 403), (Some("alice"), 413)] {
        let long = request("POST", "/orders", token).map(|_| Body::from("a chair, and another chair"));
        assert_eq!(send(&app, long).await.status, expected, "{token:?}");
    }
}

/// T03: in plain axum a layer is around what was added before it, and a route that comes later is open to everybody.
#[tokio::test]
async fn what_is_open_by_mistake_in_plain_axum_does_not_build_here() {
    let plain =
        Router::new().route("/orders", get("two orders")).layer(layer()).route("/forgotten", get("anybody reads this"));
    assert_eq!(statuses(&plain, "GET", "/orders").await, [401, 200, 200]);
    assert_eq!(statuses(&plain, "GET", "/forgotten").await, [200, 200, 200]);

    let routes = Routes::new()
        .route("/orders", get("two orders").require(authenticated()))
        .route("/forgotten", get("anybody reads this"));
    assert!(faults(routes)[0].starts_with("GET /forgotten: does not say who may use it"));
}

#[tokio::test]
async fn json_and_other_extractors_work_as_in_axum() {
    let create = async |identity: Identity, Json(order): Json<serde_json::Value>| {
        format!("{}: {}", identity.subject(), order["what"])
    };
    let app = Routes::new().route("/orders", post(create).require(scope("read"))).build(&layer()).unwrap();
    let mut order = request("POST", "/orders", Some("alice")).map(|_| Body::from(r#"{"what":"a chair"}"#));
    order.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    assert_eq!(send(&app, order).await.body, "alice: \"a chair\"");
    assert_eq!(Method::POST, "POST");
}
