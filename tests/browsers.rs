//! What browsers get: people who go to a page are sent to where they log in, and nobody else is; the scripts of a page get challenges that
//! open no dialog, and may read them.

#![cfg(all(feature = "axum", feature = "digest", feature = "login"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod bank;
    pub(crate) mod digest;
    pub(crate) mod endpoint;
    pub(crate) mod stack;
}

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::header::CONTENT_LANGUAGE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use portcullis::authenticate::{AuthenticateBuilder, Basic, Bearer, Digest, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, SessionId};
use portcullis::identity::digest_access::DigestUsers;
use portcullis::identity::session::{MemoryStore, Sessions};
use portcullis::login::Login;
use portcullis::observe::{Decision, Observer};
use portcullis::permission::{max_age, role};
use portcullis::response::{Rejection, Reply};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, VerifyError};
use proptest::prelude::*;
use support::bank::{self, BROWSER, FORM, bank_with};
use support::digest::Login as DigestLogin;
use support::endpoint::decoded;
use support::stack::{Answer, Scripted, basic, bearer, cookie, get, send, session};
use tower::ServiceExt;
use url::Url;

type Field = (&'static str, String);

/// As Chromium asks for a page that somebody goes to.
const TYPED: [(&str, &str); 3] = [BROWSER, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

fn with_page() -> AuthenticateLayer {
    Scripted::ready().schemes().log_in_page("/login").build().unwrap()
}

/// A request of this method for this target.
fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = get(fields.iter().copied());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = target.parse().unwrap();
    request
}

/// `GET` of a page that somebody goes to, with credentials or without.
fn typed(target: &str, credentials: Option<&Field>) -> Request<()> {
    let fields = TYPED.into_iter().chain(credentials.map(|(name, value)| (*name, value.as_str())));
    request("GET", target, &fields.collect::<Vec<_>>())
}

fn sent_to(answer: &Answer) -> Option<&str> {
    (answer.status == 303).then(|| answer.lines("location")[0])
}

fn varies_by(answer: &Answer, name: &str) -> bool {
    answer.lines("vary").iter().flat_map(|line| line.split(", ")).any(|own| own == name)
}

/// The names of the schemes that an answer asks for.
fn asks(answer: &Answer) -> Vec<String> {
    answer.challenges().into_iter().map(|challenge| challenge.scheme).collect()
}

#[tokio::test]
async fn who_goes_to_a_page_is_sent_to_the_log_in_page_and_no_other_request_is() {
    let layer = with_page();
    let (yes, no) = (true, false);
    let mode = |value| ("sec-fetch-mode", value);
    let dest = |value| ("sec-fetch-dest", value);
    let accept = |value| ("accept", value);
    let by_script = ("x-requested-with", "XMLHttpRequest");
    let cases = [
        // A browser that says what it does is believed, whatever it would read.
        ("GET", vec![BROWSER, mode("navigate"), dest("document")], yes),
        ("HEAD", vec![BROWSER, mode("navigate"), dest("document")], yes),
        ("GET", vec![mode("navigate"), dest("document")], yes),
        ("GET", vec![accept("application/json"), mode("navigate"), dest("document")], yes),
        // The web view of Android names its application so.
        ("GET", vec![mode("navigate"), dest("document"), ("x-requested-with", "com.example.app")], yes),
        ("GET", vec![BROWSER, mode("navigate"), dest("iframe")], no),
        ("GET", vec![BROWSER, mode("navigate"), dest("frame")], no),
        ("GET", vec![BROWSER, mode("navigate"), dest("object")], no),
        ("GET", vec![BROWSER, mode("navigate"), dest("embed")], no),
        ("GET", vec![BROWSER, mode("navigate")], no),
        ("GET", vec![BROWSER, dest("document")], no),
        ("GET", vec![BROWSER, mode("cors"), dest("empty")], no),
        ("GET", vec![BROWSER, mode("same-origin"), dest("empty")], no),
        ("GET", vec![BROWSER, mode("no-cors"), dest("image")], no),
        ("GET", vec![BROWSER, mode("no-cors"), dest("script")], no),
        ("GET", vec![BROWSER, mode("websocket"), dest("empty")], no),
        ("GET", vec![BROWSER, mode("websocket"), dest("websocket"), ("upgrade", "websocket")], no),
        ("GET", vec![BROWSER, mode("navigate"), mode("navigate"), dest("document")], no),
        ("GET", vec![BROWSER, mode("navigate"), mode("cors"), dest("document")], no),
        ("GET", vec![BROWSER, mode("Navigate"), dest("document")], no),
        ("GET", vec![BROWSER, mode(""), dest("")], no),
        // Where nothing is said, what would rather be read says it.
        ("GET", vec![BROWSER], yes),
        ("HEAD", vec![BROWSER], yes),
        ("GET", vec![accept("text/html")], yes),
        ("GET", vec![accept("TEXT/HTML;q=0.9, application/json;q=0.5")], yes),
        ("GET", vec![accept("text/html, text/plain, */*;q=0.01")], yes),
        ("GET", vec![accept("text/html, application/json")], no),
        ("GET", vec![accept("text/html;q=0.5, application/problem+json")], no),
        ("GET", vec![accept("text/html;q=0.5, text/plain")], no),
        ("GET", vec![accept("text/html;q=0")], no),
        ("GET", vec![accept("*/*")], no),
        ("GET", vec![accept("text/*")], no),
        ("GET", vec![accept("application/json")], no),
        ("GET", vec![accept("image/avif,image/webp,*/*;q=0.8")], no),
        ("GET", vec![], no),
        ("GET", vec![BROWSER, by_script], no),
        ("GET", vec![BROWSER, ("x-requested-with", "")], no),
        // What would change something cannot be repeated after a log-in.
        ("POST", vec![BROWSER, mode("navigate"), dest("document")], no),
        ("POST", vec![BROWSER], no),
        ("PUT", vec![BROWSER, mode("navigate"), dest("document")], no),
        ("DELETE", vec![BROWSER], no),
        ("OPTIONS", vec![BROWSER, mode("navigate"), dest("document")], no),
        ("get", vec![BROWSER, mode("navigate"), dest("document")], no),
        ("POST", vec![accept("text/html"), ("content-type", "application/grpc")], no),
        ("POST", vec![mode("cors"), dest("empty"), ("content-type", "application/grpc-web+proto")], no),
    ];
    for (method, fields, is_sent) in cases {
        let answer = send(&layer, request(method, "/orders?page=2", &fields)).await;
        let expected = is_sent.then_some("/login?return_to=/orders%3Fpage%3D2");
        assert_eq!(sent_to(&answer), expected, "{method} {fields:?}");
        assert!(answer.seen.is_none(), "{method} {fields:?}: the inner service was called");
        for name in ["accept", "authorization", "cookie", "sec-fetch-dest", "sec-fetch-mode", "x-requested-with"] {
            assert!(varies_by(&answer, name), "{method} {fields:?}: another client may get another answer by {name}");
        }
        if !is_sent {
            assert_eq!(answer.status, 401, "{method} {fields:?}");
            assert_eq!(asks(&answer), ["Bearer", "Basic", "Session"], "{method} {fields:?}");
        }
    }
}

#[tokio::test]
async fn only_what_a_log_in_helps_against_leads_to_the_log_in_page() {
    for layer in [Scripted::ready(), Scripted::waiting()].map(|scripted| scripted.schemes().log_in_page("/login")) {
        let layer = layer.build().unwrap();
        for (credentials, expected) in [
            (None, 303),
            // A browser cannot help sending a cookie.
            (Some(cookie("expired")), 303),
            (Some(cookie("invalid")), 303),
            (Some(cookie("malformed")), 303),
            (Some(("cookie", "__Host-session=what".into())), 303),
            (Some(("cookie", "another=1".into())), 303),
            (Some(cookie("alice")), 200),
            (Some(cookie("ambiguous")), 400),
            (Some(("cookie", "__Host-session=a; __Host-session=b".into())), 400),
            (Some(cookie("cross_site")), 403),
            (Some(cookie("throttled")), 429),
            (Some(cookie("unavailable")), 503),
            (Some(cookie("panic")), 500),
            // Who sends a credential on purpose is told what is wrong with it.
            (Some(session("expired")), 401),
            (Some(session("invalid")), 401),
            (Some(bearer("expired")), 401),
            (Some(bearer("invalid")), 401),
            (Some(bearer("malformed")), 400),
            (Some(bearer("throttled")), 429),
            (Some(basic("invalid")), 401),
            (Some(("authorization", "Negotiate abc".into())), 401),
            (Some(("authorization", "what".into())), 401),
            (Some(basic("alice")), 200),
        ] {
            let answer = send(&layer, typed("/orders", credentials.as_ref())).await;
            assert_eq!(answer.status, expected, "{credentials:?}");
        }
        // A cookie beside it makes no difference: nobody looks at it.
        let (both, field) = (cookie("invalid"), bearer("invalid"));
        let fields = [TYPED[0], TYPED[1], TYPED[2], (both.0, &both.1), (field.0, &field.1)];
        assert_eq!(send(&layer, request("GET", "/orders", &fields)).await.status, 401);
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<(Option<u16>, Option<Reason>)>>);

impl Observer for Heard {
    fn decided(&self, decision: &Decision<'_>) {
        self.0.lock().unwrap().push((decision.status(), decision.reason()));
    }
}

#[tokio::test]
async fn the_way_to_the_log_in_page_is_kept_by_nobody_and_known_as_the_refusal_that_it_is() {
    let heard = Arc::new(Heard::default());
    let never = |_: &Rejection, _: &Parts| -> Reply { panic!("the responder is not asked") };
    let builder = Scripted::ready().schemes().respond_with(never).observer(heard.clone());
    let layer = builder.log_in_page("/login?lang=de").build().unwrap();
    let answer = send(&layer, typed("/orders/7?page=2&q=a%20b", Some(&cookie("expired")))).await;
    assert_eq!(sent_to(&answer), Some("/login?lang=de&return_to=/orders/7%3Fpage%3D2%26q%3Da%2520b"));
    assert_eq!(answer.lines("cache-control"), ["no-store"]);
    assert_eq!(answer.lines("x-content-type-options"), ["nosniff"]);
    assert_eq!(answer.lines("content-type"), ["text/plain; charset=utf-8"]);
    assert_eq!(answer.body, "Log in first.\n");
    assert!(answer.lines("www-authenticate").is_empty(), "nobody asks by a challenge here");
    assert!(answer.lines("set-cookie").is_empty(), "the log-in replaces the cookie");
    assert_eq!(answer.lines("retry-after").len(), 0);
    assert_eq!(answer.rejection.as_ref().map(Rejection::reason), Some(Reason::Expired));
    assert_eq!(*heard.0.lock().unwrap(), [(Some(401), Some(Reason::Expired))]);
}

#[tokio::test]
async fn what_stands_further_in_sends_people_there_too() {
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let sessions = async |_: SessionId| {
        let long_ago = UnixTime::from_secs(1_789_999_000);
        Ok::<_, VerifyError>(Identity::assertion("shop", "alice").authenticated_at(long_ago).build())
    };
    let builder = AuthenticateLayer::builder().scheme(Session::new("shop", sessions)).allow_anonymous();
    let outside = builder.log_in_page("/login").build().unwrap();
    let reply = |_: &Rejection, _: &Parts| {
        Reply::new("text/plain", "no").header(CONTENT_LANGUAGE, HeaderValue::from_static("en"))
    };
    let members = RequireLayer::new(role("customer")).unwrap().respond_with(reply);
    let fresh = RequireLayer::new(max_age(Duration::from_secs(300))).unwrap().clock(clock);
    let there = Some("/login?return_to=/orders");

    let nobody = send(&(&outside, &members), typed("/orders", None)).await;
    assert_eq!(sent_to(&nobody), there);
    assert!(nobody.seen.is_none() && varies_by(&nobody, "sec-fetch-dest"));
    assert_eq!(send(&(&outside, &members), request("GET", "/orders", &[])).await.status, 401, "a program");

    let forbidden = send(&(&outside, &members), typed("/orders", Some(&cookie("x")))).await;
    assert_eq!(forbidden.status, 403, "to log in again as the same would help nobody");
    assert_eq!(forbidden.lines("content-language"), ["en"]);

    let hidden = RequireLayer::new(role("customer")).unwrap().hidden();
    assert_eq!(send(&(&outside, hidden), typed("/orders", Some(&cookie("x")))).await.status, 404);

    assert_eq!(sent_to(&send(&(&outside, &fresh), typed("/orders", Some(&cookie("x")))).await), there, "too old");
    let on_purpose = send(&(&outside, &fresh), typed("/orders", Some(&session("x")))).await;
    assert_eq!(on_purpose.status, 401, "a program that sends its session by the header");
    assert_eq!(sent_to(&send(&(&outside, &fresh), typed("/orders", None)).await), there);
}

#[tokio::test]
async fn the_log_in_page_itself_leads_nowhere() {
    let layer = Scripted::ready().schemes().log_in_page("/login?lang=de").build().unwrap();
    for target in
        ["/login", "/login/", "/login?", "/login?lang=de", "/login?return_to=/orders", "http://shop.example/login"]
    {
        assert_eq!(send(&layer, typed(target, None)).await.status, 401, "{target}");
    }
    for target in ["/login/x", "/logins", "/LOGIN", "/a/login", "/"] {
        assert_eq!(send(&layer, typed(target, None)).await.status, 303, "{target}");
    }
}

/// What is done to a path before the layer sees it.
type Front<'f> = &'f dyn Fn(&str) -> String;

/// The whole application is guarded, its log-in page too, and whoever changes the front of the path does not say so
#[tokio::test]
async fn nobody_goes_round_in_circles_where_the_front_of_the_path_is_taken_away_or_put_to_it() {
    let away = |location: &str| location.strip_prefix("/app").unwrap().to_owned();
    let put = |location: &str| format!("/service{location}");
    let changes: [(&str, Front); 3] = [("/app/login", &away), ("/app/", &away), ("/login?lang=de", &put)];
    for (page, change) in changes {
        let layer = Scripted::ready().schemes().log_in_page(page).build().unwrap();
        let answer = send(&layer, typed("/orders", None)).await;
        let seen = change(sent_to(&answer).unwrap());
        assert_eq!(send(&layer, typed(&seen, None)).await.status, 401, "{seen}");
    }
    // Another page may have a field of that name.
    let answer = send(&with_page(), typed("/authorize?return_to=/x", None)).await;
    assert_eq!(sent_to(&answer), Some("/login?return_to=/authorize%3Freturn_to%3D/x"));
}

#[tokio::test]
async fn in_a_router_that_is_nested_people_come_back_to_the_whole_path() {
    let members = Router::new()
        .route("/orders", any("orders"))
        .route("/login", any("a page"))
        .layer(Scripted::ready().schemes().log_in_page("/app/login").build().unwrap());
    let app = Router::new().nest("/app", members);
    let go = async |target: &str| {
        let (head, ()) = typed(target, None).into_parts();
        app.clone().oneshot(Request::from_parts(head, Body::empty())).await.unwrap()
    };
    let answer = go("/app/orders?page=2").await;
    assert_eq!(answer.headers()["location"], "/app/login?return_to=/app/orders%3Fpage%3D2");
    assert_eq!(go("/app/login").await.status(), 401);
}

/// The path that a client is sent back to, read as forms are.
fn return_to(location: &str) -> String {
    let query = location.strip_prefix("/login?").unwrap();
    decoded(query.strip_prefix("return_to=").unwrap())
}

/// R11
#[tokio::test]
async fn where_somebody_was_going_comes_back_whole_from_a_log_in() {
    let (layer, bank) = (with_page(), bank_with(|login| login.home("/home")));
    for target in [
        "/",
        "/orders/7",
        "/orders/",
        "/orders?",
        "/orders?page=2&q=a+b",
        "/orders?q=%26%3D%23%25&empty=&&",
        "/orders?to=https://evil.example/",
        "/orders?return_to=//evil.example",
        "/caf%C3%A9?q=%C3%BC",
        "/a@b:c/~d/e.f/!$'()*,",
        "/orders?a='b'&c={d}|^`",
    ] {
        let answer = send(&layer, typed(target, None)).await;
        let location = sent_to(&answer).unwrap_or_else(|| panic!("{target}: {}", answer.status));
        assert_eq!(return_to(location), target);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/?=&%-._~".contains(&byte);
        assert!(location.bytes().all(is_plain), "{location}");
        // The form of the page sends it on as it stands in the address.
        let (_, query) = location.split_once('?').unwrap();
        let answer = bank.log_in(&[FORM, BROWSER], &format!("username=alice&password=wonderland&{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.field("location")), (303, Some(target)));
    }
    // In HTTP/2, and to a proxy, the target names a host: nobody is sent to it.
    let absolute = send(&layer, typed("https://evil.example/orders?x=1", None)).await;
    assert_eq!(sent_to(&absolute), Some("/login?return_to=/orders%3Fx%3D1"));
}

/// R11, R12
#[tokio::test]
async fn a_path_that_could_mean_another_place_is_refused_and_not_taken_along() {
    let layer = with_page();
    let (longest, too_long) = (format!("/{}", "a".repeat(2047)), format!("/{}", "a".repeat(2048)));
    assert_eq!(send(&layer, typed(&longest, None)).await.status, 303);
    for target in [
        "//evil.example",
        "///evil.example",
        "//evil.example/..",
        "/a//evil.example",
        "/%2Fevil.example",
        "/%2f%2fevil.example",
        "/%5Cevil.example",
        "/%5c%5cevil.example",
        "/%09/evil.example",
        "/%0d%0aset-cookie:a=b",
        "/%00",
        "/..//evil.example",
        "/../evil.example",
        "/a/%2e%2e/b",
        "/%252fevil.example",
        "/;@evil.example",
        "/%",
        "/%zz",
        "/%ff",
        &too_long,
    ] {
        let answer = send(&layer, typed(target, None)).await;
        assert_eq!(answer.status, 401, "{target}");
        assert!(answer.lines("location").is_empty(), "{target}");
    }
    let asterisk = send(&layer, request("OPTIONS", "*", &TYPED)).await;
    assert_eq!(asterisk.status, 401);
    let mut fields = TYPED.to_vec();
    fields.extend([
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-prefix", "//evil.example"),
        ("x-original-url", "//evil.example"),
        ("forwarded", "host=evil.example"),
        ("referer", "https://evil.example/"),
    ]);
    assert_eq!(sent_to(&send(&layer, request("GET", "/a", &fields)).await), Some("/login?return_to=/a"));
}

fn piece() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "/",
        "/",
        "/",
        "//",
        "\\",
        ".",
        "..",
        "%2f",
        "%5c",
        "%2e",
        "%09",
        "%00",
        "%25",
        "%",
        "?",
        "&",
        "=",
        "@",
        ":",
        ";",
        "+",
        "https:",
        "evil.example",
        "%C3%A9",
        "%ff",
        "a",
        "b",
        "\"",
        "<",
        "'",
        "|",
    ]);
    odd.prop_map(ToOwned::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// R11, with the reader of addresses that browsers have as the referee
    #[test]
    fn whatever_is_asked_for_a_browser_stays_here_and_comes_back_to_it(parts in prop::collection::vec(piece(), 0..6)) {
        let target = format!("/{}", parts.concat());
        prop_assume!(target.parse::<http::Uri>().is_ok());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = runtime.block_on(send(&with_page(), typed(&target, None)));
        let Some(location) = sent_to(&answer) else { prop_assert_eq!(answer.status, 401); return Ok(()) };
        let here = Url::parse("https://shop.example").unwrap().join(&target).unwrap();
        let page = here.join(location).unwrap();
        prop_assert_eq!((page.origin(), page.path()), (here.origin(), "/login"));
        let pairs: Vec<_> = page.query_pairs().into_owned().collect();
        prop_assert_eq!(pairs, [("return_to".to_owned(), target.clone())]);

        let anybody = async |_: BasicCredentials| Ok(Identity::assertion("bank", "alice").build());
        let sessions = Sessions::new(MemoryStore::new());
        let login = Login::new(&Session::new("bank", sessions), anybody).unwrap();
        let body = format!("username=a&password=b&{}", page.query().unwrap());
        let back = runtime.block_on(bank::ask(login.log_in(), "POST", "/login", &[FORM, BROWSER], &body));
        prop_assert_eq!(back.field("location"), Some(target.as_str()));
        prop_assert_eq!(page.join(&target).unwrap().origin(), here.origin());
    }
}

#[test]
fn every_fault_is_told_when_the_layer_is_built() {
    let fault = |builder: AuthenticateBuilder| {
        let error = builder.build().unwrap_err();
        error.faults().iter().map(|fault| fault.setting().to_owned()).collect::<Vec<_>>()
    };
    for path in [
        "",
        "login",
        "//evil.example/login",
        "https://evil.example/login",
        "/a/../login",
        "/log in",
        "/login#top",
        "/é",
    ] {
        assert_eq!(fault(Scripted::ready().schemes().log_in_page(path)), ["log_in_page"], "{path}");
    }
    for path in ["/login?return_to=/x", "/login?a=b&return_to"] {
        assert_eq!(fault(Scripted::ready().schemes().log_in_page(path)), ["log_in_page"], "{path}");
    }
    assert!(Scripted::ready().schemes().log_in_page("/login?not_return_to=1").build().is_ok());
    assert_eq!(fault(AuthenticateLayer::builder().log_in_page("login")), ["log_in_page", "schemes"]);
    let passwords = || Basic::new("way out", Scripted::ready());
    let proxy = AuthenticateLayer::builder().proxy().scheme(passwords()).log_in_page("/login").expose_to_scripts();
    assert_eq!(fault(proxy), ["log_in_page", "expose_to_scripts"], "a proxy answers for other servers");
}

#[tokio::test]
async fn a_query_that_the_page_has_is_kept() {
    for (page, expected) in [
        ("/login", "/login?return_to=/a"),
        ("/login?", "/login?return_to=/a"),
        ("/login?lang=de", "/login?lang=de&return_to=/a"),
        ("/login?a=1&b=%20", "/login?a=1&b=%20&return_to=/a"),
    ] {
        let layer = Scripted::ready().schemes().log_in_page(page).build().unwrap();
        assert_eq!(sent_to(&send(&layer, typed("/a", None)).await), Some(expected));
    }
}

fn quiet() -> AuthenticateBuilder {
    AuthenticateLayer::builder().scheme(Basic::new("staff", Scripted::ready()).quiet_for_scripts())
}

#[tokio::test]
async fn scripts_get_a_challenge_that_opens_no_dialog_and_everybody_else_the_real_one() {
    let layer = quiet().build().unwrap();
    let loud = AuthenticateLayer::new(Basic::new("staff", Scripted::ready())).unwrap();
    let (real, quiet) = (r#"Basic realm="staff", charset="UTF-8""#, r#"xBasic realm="staff", charset="UTF-8""#);
    let mode = |value| ("sec-fetch-mode", value);
    for (fields, expected) in [
        (vec![], real),
        (vec![mode("navigate"), ("sec-fetch-dest", "document")], real),
        (vec![mode("navigate"), ("sec-fetch-dest", "iframe")], real),
        (vec![BROWSER], real),
        (vec![("x-requested-with", "com.example.app")], real),
        (vec![mode("cors")], quiet),
        (vec![mode("same-origin")], quiet),
        (vec![mode("no-cors"), ("sec-fetch-dest", "image")], quiet),
        (vec![mode("websocket")], quiet),
        (vec![mode("navigate"), mode("cors")], quiet),
        (vec![("x-requested-with", "XMLHttpRequest")], quiet),
        (vec![("x-requested-with", "xmlhttprequest"), BROWSER], quiet),
    ] {
        let wrong = basic("invalid");
        for credentials in [None, Some((wrong.0, wrong.1.as_str()))] {
            let fields: Vec<_> = fields.iter().copied().chain(credentials).collect();
            for method in ["GET", "POST"] {
                let answer = send(&layer, request(method, "/", &fields)).await;
                assert_eq!(answer.status, 401);
                assert_eq!(answer.lines("www-authenticate"), [expected], "{method} {fields:?}");
                assert!(varies_by(&answer, "sec-fetch-mode") && varies_by(&answer, "x-requested-with"));
                let answer = send(&loud, request(method, "/", &fields)).await;
                assert_eq!(answer.lines("www-authenticate"), [real], "only who asks for it gets it");
                assert!(!varies_by(&answer, "sec-fetch-mode"));
            }
        }
        let right = basic("alice");
        let fields: Vec<_> = fields.into_iter().chain([(right.0, right.1.as_str())]).collect();
        send(&layer, request("GET", "/", &fields)).await.assert_accepted("alice");
    }
    let named = [("authorization", "xBasic dXNlcjphbGljZQ=="), mode("cors")];
    assert_eq!(send(&layer, request("GET", "/", &named)).await.status, 401, "credentials have the scheme's own name");
}

#[tokio::test]
async fn the_other_schemes_and_the_layers_further_in_speak_to_scripts_in_the_same_way() {
    let scripted = Scripted::ready();
    let builder = quiet().scheme(Session::new("shop", scripted.clone()));
    let layer = builder.scheme(Bearer::new("api", scripted)).allow_anonymous().build().unwrap();
    let script = ("sec-fetch-mode", "cors");
    let require = RequireLayer::new(role("customer")).unwrap();
    let nobody = send(&(&layer, &require), request("GET", "/", &[script])).await;
    assert_eq!(asks(&nobody), ["xBasic", "Session", "Bearer"]);
    let navigation = send(&(&layer, &require), typed("/", None)).await;
    assert_eq!(asks(&navigation), ["Basic", "Session", "Bearer"]);
    let fresh = RequireLayer::new(max_age(Duration::from_secs(1))).unwrap();
    let right = basic("alice");
    let step_up = send(&(&layer, &fresh), request("GET", "/", &[script, (right.0, &right.1)])).await;
    assert_eq!(asks(&step_up), ["xBasic", "Session", "Bearer"]);
}

#[tokio::test]
async fn a_layer_for_a_proxy_asks_everybody_in_the_same_way() {
    let layer = quiet().proxy().build().unwrap();
    let answer = send(&layer, request("GET", "/", &[("sec-fetch-mode", "cors")])).await;
    assert_eq!(answer.lines("proxy-authenticate"), [r#"Basic realm="staff", charset="UTF-8""#]);
    assert!(!varies_by(&answer, "sec-fetch-mode"));
}

#[tokio::test]
async fn a_failed_log_in_by_a_script_names_the_quiet_scheme_too() {
    let passwords = || Basic::new("bank", async |_: BasicCredentials| Err::<Identity, _>(VerifyError::invalid()));
    let bank = bank_with(|login| login.challenge_of(passwords().quiet_for_scripts()));
    let wrong = "username=alice&password=wrong";
    let by_script = bank.log_in(&[FORM, ("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")], wrong).await;
    let by_form = bank.log_in(&[FORM, BROWSER], wrong).await;
    let names = |answer: &bank::Answer| {
        let lines = answer.headers.get_all("www-authenticate").iter();
        lines.map(|line| line.to_str().unwrap().split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&by_script), names(&by_form)),
        (vec!["Session".into(), "xBasic".into()], vec!["Session".into(), "Basic".into()])
    );
}

#[tokio::test]
async fn digest_is_quiet_too_but_for_what_a_browser_answers_by_itself() {
    let mut users = DigestUsers::new("api");
    users.insert("Mufasa", "Circle of Life").unwrap();
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let scheme = Digest::new("api", users).clock(clock.clone()).quiet_for_scripts();
    let layer = AuthenticateLayer::new(scheme).unwrap();
    let script = ("sec-fetch-mode", "cors");
    let answer = send(&layer, request("GET", "/", &[script])).await;
    let challenge = answer.challenges().remove(0);
    assert_eq!(challenge.scheme, "xDigest");
    assert!(challenge.get("nonce").is_some_and(|nonce| !nonce.is_empty()), "a script can log in by it");
    assert_eq!(asks(&send(&layer, request("GET", "/", &[])).await), ["Digest"]);

    let field = DigestLogin::answering(&challenge, "Mufasa", "Circle of Life").field_with(&[]);
    clock.advance(Duration::from_secs(3600));
    let stale = send(&layer, request("GET", "/", &[script, ("authorization", &field)])).await;
    let challenge = stale.challenges().remove(0);
    assert_eq!((challenge.scheme.as_str(), challenge.get("stale")), ("Digest", Some("true")));
}

/// HTTP-28
#[tokio::test]
async fn what_helps_a_script_may_be_read_by_those_of_other_origins_where_that_is_wanted() {
    const EXPOSED: HeaderName = http::header::ACCESS_CONTROL_EXPOSE_HEADERS;
    let origin = ("origin", "https://app.example");
    let own =
        |_: &Rejection, _: &Parts| Reply::new("text/plain", "no").header(EXPOSED, HeaderValue::from_static("x-own"));
    let layer = Scripted::ready().schemes().expose_to_scripts().allow_anonymous().build().unwrap();
    let require = RequireLayer::new(role("customer")).unwrap();
    let shut = Scripted::ready().schemes().expose_to_scripts().respond_with(own).build().unwrap();
    for credentials in
        [basic("invalid"), bearer("throttled"), bearer("unavailable"), bearer("malformed"), basic("alice")]
    {
        let fields = [origin, (credentials.0, credentials.1.as_str())];
        let answer = send(&(&layer, &require), request("GET", "/", &fields)).await;
        assert_ne!(answer.status, 200);
        assert_eq!(answer.lines("access-control-expose-headers"), ["www-authenticate, retry-after"]);
        assert!(varies_by(&answer, "origin"));
        let answer = send(&(&layer, &require), request("GET", "/", &fields[1..])).await;
        assert!(answer.lines("access-control-expose-headers").is_empty(), "nobody asked from elsewhere");
        assert!(varies_by(&answer, "origin"));
    }
    let answer = send(&shut, request("GET", "/", &[origin])).await;
    assert_eq!(answer.lines("access-control-expose-headers"), ["x-own", "www-authenticate, retry-after"]);
    let accepted = send(&layer, request("GET", "/", &[origin])).await;
    assert!(accepted.lines("access-control-expose-headers").is_empty(), "what is let in says itself what may be read");
    let plain = Scripted::ready().layer();
    let answer = send(&plain, request("GET", "/", &[origin])).await;
    assert!(answer.lines("access-control-expose-headers").is_empty() && !varies_by(&answer, "origin"));
}
