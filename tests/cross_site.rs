//! Who shows a cookie and may change something comes from a page of ours, or is answered 403 with the service inside
//! untouched.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it fails, its helpers included"
)]

mod support {
    pub(crate) mod stack;
}

use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use portcullis::authenticate::{SameOrigin, Session};
use portcullis::credentials::{CookieName, SessionCookie};
use portcullis::{AuthenticateLayer, Reason};
use proptest::prelude::*;
use support::stack::{Answer, Scripted, basic, bearer, cookie, send, session};

const OWN: &str = "https://own.example";

/// A request with its header lines; a target with a host is what HTTP/2 calls `:authority`.
fn request(method: &str, target: &str, lines: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = target.parse::<Uri>().unwrap();
    for (name, value) in lines {
        let name = name.parse::<HeaderName>().unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

/// A `POST` to own.example as alice by cookie, with more lines.
fn post(lines: &[(&str, &str)]) -> Request<()> {
    with_cookie(request("POST", "/", &[&[("host", "own.example")], lines].concat()))
}

fn with_cookie(mut request: Request<()>) -> Request<()> {
    let (name, value) = cookie("alice");
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

fn layer(rule: SameOrigin) -> AuthenticateLayer {
    AuthenticateLayer::new(Session::new("shop", Scripted::ready()).same_origin(rule)).unwrap()
}

async fn passes(rule: SameOrigin, request: Request<()>) -> bool {
    judged(&send(&layer(rule), request).await)
}

/// Whether it was let in; if not, the refusal is whole.
#[track_caller]
fn judged(answer: &Answer) -> bool {
    if answer.status == 200 {
        answer.assert_accepted("alice");
        return true;
    }
    answer.assert_refused(403, "cross_site", &[]);
    assert!(answer.rejection.as_ref().unwrap().cause().is_some(), "the log says nothing");
    assert!(answer.lines("set-cookie").is_empty(), "a refusal touches the cookie");
    false
}

/// What a field says, and whether that speaks for us.
type Said = (&'static [&'static str], bool);

const SITES: [Said; 10] = [
    (&[], false),
    (&["same-origin"], true),
    (&["none"], true),
    (&["same-site"], false),
    (&["cross-site"], false),
    (&["Same-Origin"], false),
    (&[""], false),
    (&["same-origin, none"], false),
    (&["same-origin", "same-origin"], false),
    (&["none", "cross-site"], false),
];

const ORIGINS: [Said; 14] = [
    (&[], false),
    (&["https://own.example"], true),
    (&["https://own.example:443"], true),
    (&["https://OWN.example"], true),
    (&["http://own.example"], false),
    (&["https://own.example:8443"], false),
    (&["https://own.example."], false),
    (&["https://own.example.evil"], false),
    (&["https://own.example@evil"], false),
    (&["https://evil.example"], false),
    (&["null"], false),
    (&[""], false),
    (&["https://own.example", "https://own.example"], false),
    (&["https://own.example", "https://evil.example"], false),
];

/// A target, the `Host` fields, and whether the two name own.example.
const HOSTS: [(&str, &[&str], bool); 9] = [
    ("/", &["own.example"], true),
    ("/", &["OWN.example:443"], true),
    ("https://own.example/", &[], true),
    ("https://own.example/", &["own.example"], true),
    ("https://own.example/", &["evil.example"], false),
    ("https://evil.example/", &["own.example"], false),
    ("/", &["own.example", "own.example"], false),
    ("/", &["own.example", "evil.example"], false),
    ("/", &[], false),
];

/// Whether a method may change something, be it only because nobody here knows it.
const METHODS: [(&str, bool); 14] = [
    ("GET", false),
    ("HEAD", false),
    ("OPTIONS", false),
    ("TRACE", false),
    ("POST", true),
    ("PUT", true),
    ("PATCH", true),
    ("DELETE", true),
    ("CONNECT", true),
    ("PROPFIND", true),
    ("QUERY", true),
    ("get", true),
    ("GETS", true),
    ("X", true),
];

/// S21, S22: the rule of the documentation, in every combination, with verdicts at hand and to wait for
#[tokio::test]
async fn every_combination_of_method_site_origin_and_host_is_judged_by_the_rule() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = AuthenticateLayer::new(Session::new("shop", verifier)).unwrap();
        for (method, is_unsafe) in METHODS {
            for (sites, site_is_ours) in SITES {
                for (origins, origin_is_ours) in ORIGINS {
                    for (target, hosts, host_is_known) in HOSTS {
                        // By itself such a target is not a request; what stands in it does not depend on the method.
                        let lines: Vec<_> = [("sec-fetch-site", sites), ("origin", origins), ("host", hosts)]
                            .into_iter()
                            .flat_map(|(name, values)| values.iter().map(move |value| (name, *value)))
                            .collect();
                        let expected =
                            !is_unsafe || if sites.is_empty() { origin_is_ours && host_is_known } else { site_is_ours };
                        let answer = send(&layer, with_cookie(request(method, target, &lines))).await;
                        assert_eq!(judged(&answer), expected, "{method} {target} {lines:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn an_origin_that_is_allowed_passes_whatever_else_is_said() {
    let rule = || SameOrigin::default().allow_origin("https://pay.example").allow_origin("http://old.example:8080");
    for site in [&[][..], &["cross-site"], &["same-site"], &["garbage"], &["cross-site", "none"]] {
        for (origin, is_allowed) in [
            ("https://pay.example", true),
            ("http://old.example:8080", true),
            ("https://PAY.example", false),
            ("https://pay.example:443", false),
            ("https://pay.example/", false),
            ("http://pay.example", false),
            ("https://pay.example.evil", false),
            ("https://sub.pay.example", false),
            ("https://old.example:8080", false),
            ("http://old.example", false),
            ("null", false),
        ] {
            let mut lines = vec![("origin", origin)];
            lines.extend(site.iter().map(|site| ("sec-fetch-site", *site)));
            assert_eq!(passes(rule(), post(&lines)).await, is_allowed, "{lines:?}");
            lines.push(("origin", origin));
            assert!(!passes(rule(), post(&lines)).await, "twice: {lines:?}");
        }
    }
    assert!(passes(rule(), post(&[("origin", OWN)])).await, "ours is still ours");
}

/// Behind a proxy that changes `Host`, or that lets every name through.
#[tokio::test]
async fn a_configured_origin_takes_the_place_of_the_host_that_is_asked() {
    let rule = || SameOrigin::default().own_origin("https://shop.example").own_origin("https://shop.example:8443");
    for (origin, is_own) in [
        ("https://shop.example", true),
        ("https://shop.example:8443", true),
        (OWN, false),
        ("http://shop.example", false),
        ("https://shop.example:444", false),
        ("https://SHOP.example", false),
        ("null", false),
    ] {
        assert_eq!(passes(rule(), post(&[("origin", origin)])).await, is_own, "{origin}");
        let from_elsewhere = post(&[("origin", origin), ("sec-fetch-site", "same-site")]);
        assert!(!passes(rule(), from_elsewhere).await, "an own origin is not above what the browser says: {origin}");
    }
}

/// Whoever asks by a proxy can write what they like into these.
#[tokio::test]
async fn fields_that_proxies_write_name_no_host() {
    for name in
        ["x-forwarded-host", "x-original-host", "x-host", "forwarded", "x-forwarded-proto", "x-forwarded-server"]
    {
        for value in ["evil.example", "host=evil.example;proto=https", "http"] {
            let lines = [(name, value), ("origin", "https://evil.example")];
            assert!(!passes(SameOrigin::default(), post(&lines)).await, "{lines:?}");
            assert!(!passes(SameOrigin::default(), post(&[(name, value), ("origin", "http://own.example")])).await);
            assert!(passes(SameOrigin::default(), post(&[(name, value), ("origin", OWN)])).await, "{lines:?}");
        }
    }
}

/// The cookie of `http://localhost` is a Secure one in some browsers; elsewhere the twin over http is another site.
#[tokio::test]
async fn plain_http_is_ours_on_this_machine_alone_or_where_the_cookie_is_not_secure() {
    let plain = SessionCookie::new(CookieName::new("session").unwrap()).allow_insecure().unwrap();
    let plain = AuthenticateLayer::new(Session::new("shop", Scripted::ready()).cookie(plain)).unwrap();
    let secure = layer(SameOrigin::default());
    for (host, is_this_machine) in [
        ("localhost", true),
        ("LOCALHOST:8080", true),
        ("127.0.0.1", true),
        ("127.255.0.7:3000", true),
        ("[::1]:3000", true),
        ("own.example", false),
        ("own.example:8080", false),
        ("localhost.evil.example", false),
        ("evil.localhost.example:80", false),
        ("127.0.0.1.evil.example", false),
        ("127.1", false),
        ("0.0.0.0", false),
        ("128.0.0.1", false),
        ("[::2]", false),
        ("[fe80::1]:3000", false),
        ("[::1", false),
    ] {
        let of = |cookie: &str, origin: &str| {
            let (_, value) = support::stack::cookie("alice");
            let value = value.replace("__Host-session", cookie);
            request("POST", "/", &[("host", host), ("origin", origin), ("cookie", &value)])
        };
        for (scheme, always) in [("http", false), ("https", true)] {
            let origin = format!("{scheme}://{}", host.to_ascii_lowercase());
            let accepted = judged(&send(&secure, of("__Host-session", &origin)).await);
            assert_eq!(accepted, always || is_this_machine, "{origin}");
            assert!(judged(&send(&plain, of("session", &origin)).await), "{origin}");
            let other_port = format!("{origin}1");
            assert!(!judged(&send(&secure, of("__Host-session", &other_port)).await), "{other_port}");
            assert!(!judged(&send(&plain, of("session", &other_port)).await), "{other_port}");
        }
    }
    let port_80 = [("host", "localhost:80"), ("origin", "http://localhost")];
    assert!(passes(SameOrigin::default(), with_cookie(request("POST", "/", &port_80))).await);
}

#[tokio::test]
async fn an_address_in_brackets_is_a_host_like_any_other() {
    for (host, origin, is_ours) in [
        ("[2001:db8::1]", "https://[2001:db8::1]", true),
        ("[2001:DB8::1]:443", "https://[2001:db8::1]", true),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443", true),
        ("[2001:db8::1]", "https://[2001:db8::2]", false),
        ("[2001:db8::1]", "https://[2001:db8::1]:8443", false),
        ("[2001:db8::1]", "https://2001:db8::1", false),
        ("[2001:db8::443]", "https://[2001:db8:]", false),
    ] {
        let request = with_cookie(request("POST", "/", &[("host", host), ("origin", origin)]));
        assert_eq!(passes(SameOrigin::default(), request).await, is_ours, "{host} {origin}");
    }
}

#[tokio::test]
async fn a_host_that_says_nothing_is_nobodys() {
    for (host, origin) in [("", "https://"), ("", "https://:443"), (":443", "https://"), ("", ""), ("null", "null")] {
        let request = with_cookie(request("POST", "/", &[("host", host), ("origin", origin)]));
        assert!(!passes(SameOrigin::default(), request).await, "{host:?} {origin:?}");
    }
}

/// In HTTP/2 the host is `:authority`, and a user name in it is no part of it.
#[tokio::test]
async fn the_host_may_stand_in_the_target() {
    for (target, origin, is_ours) in [
        ("http://own.example/", OWN, true), // A proxy that ends TLS.
        ("https://own.example:443/", OWN, true),
        ("https://user@own.example/", OWN, false),
        ("https://own.example@evil.example/", OWN, false),
        ("https://own.example:8443/", OWN, false),
    ] {
        let mut request = with_cookie(request("POST", target, &[("origin", origin)]));
        *request.version_mut() = Version::HTTP_2;
        assert_eq!(passes(SameOrigin::default(), request).await, is_ours, "{target}");
    }
}

/// RFC 6455 section 10.2: a handshake is a `GET`, and no browser keeps pages from making one to another site
#[tokio::test]
async fn an_upgrade_to_a_websocket_counts_as_a_change() {
    for upgrade in [
        &["websocket"][..],
        &["WebSocket"],
        &["WEBSOCKET"],
        &["websocket/13"],
        &["h2c, websocket"],
        &["h2c,\twebsocket , x"],
        &["h2c", "websocket"],
        &["websocket", "h2c"],
    ] {
        let mut lines = vec![("host", "own.example"), ("connection", "Upgrade")];
        lines.extend(upgrade.iter().map(|value| ("upgrade", *value)));
        for method in ["GET", "HEAD", "OPTIONS"] {
            let handshake = |more: &[(&str, &str)]| {
                passes(SameOrigin::default(), with_cookie(request(method, "/", &[&lines, more].concat())))
            };
            assert!(!handshake(&[]).await, "{method} {lines:?}");
            assert!(!handshake(&[("origin", "https://evil.example")]).await, "{method} {lines:?}");
            assert!(!handshake(&[("origin", "null")]).await, "{method} {lines:?}");
            assert!(!handshake(&[("sec-fetch-site", "cross-site")]).await, "{method} {lines:?}");
            assert!(handshake(&[("origin", OWN)]).await, "{method} {lines:?}");
            assert!(handshake(&[("sec-fetch-site", "same-origin")]).await, "{method} {lines:?}");
        }
    }
    let other = request("GET", "/", &[("host", "own.example"), ("upgrade", "h2c"), ("origin", "https://evil.example")]);
    assert!(passes(SameOrigin::default(), with_cookie(other)).await, "HTTP/2 is no other service");
}

#[tokio::test]
async fn programs_with_a_cookie_pass_only_where_that_is_allowed_and_never_beside_a_foreign_referer() {
    let allowing = || SameOrigin::default().allow_missing_origin().allow_origin("https://pay.example");
    for (referer, is_ours) in [
        (&[][..], true),
        (&["https://own.example/cart?x=https://evil.example/"], true),
        (&["https://own.example"], true),
        (&["https://pay.example/return"], true),
        (&["https://evil.example/"], false),
        (&["https://evil.example/https://own.example/"], false),
        (&["https://own.example.evil/"], false),
        (&["https://own.example@evil.example/"], false),
        (&["https://own.example\\@evil.example/"], false),
        (&["https://own.example?@evil.example/"], false),
        (&["http://own.example/"], false),
        (&["/"], false),
        (&[""], false),
        (&["about:blank"], false),
        (&["https://own.example/", "https://own.example/"], false),
    ] {
        let lines: Vec<_> = referer.iter().map(|page| ("referer", *page)).collect();
        assert_eq!(passes(allowing(), post(&lines)).await, is_ours, "{lines:?}");
        assert!(!passes(SameOrigin::default(), post(&lines)).await, "a Referer is no proof: {lines:?}");
    }
    for lines in [&[("origin", "https://evil.example")][..], &[("origin", "null")], &[("sec-fetch-site", "cross-site")]]
    {
        assert!(!passes(allowing(), post(lines)).await, "{lines:?}");
    }
}

/// A form of text can be sent without a question beforehand.
#[tokio::test]
async fn the_type_of_the_body_changes_nothing() {
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
    {
        for (origin, is_ours) in [(OWN, true), ("https://evil.example", false)] {
            assert_eq!(
                passes(SameOrigin::default(), post(&[("content-type", kind), ("origin", origin)])).await,
                is_ours
            );
        }
    }
}

#[tokio::test]
async fn credentials_that_are_sent_on_purpose_need_no_proof() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = verifier.layer();
        for (name, value) in [bearer("alice"), basic("alice"), session("alice")] {
            for lines in [
                &[][..],
                &[("origin", "https://evil.example")],
                &[("sec-fetch-site", "cross-site")],
                &[("upgrade", "websocket")],
            ] {
                let lines = [lines, &[(name, &*value)], &[("host", "own.example")]].concat();
                for method in ["GET", "POST", "DELETE", "X"] {
                    send(&layer, request(method, "/", &lines)).await.assert_accepted("alice");
                }
                // The cookie is not looked at beside the header.
                send(&layer, with_cookie(request("POST", "/", &lines))).await.assert_accepted("alice");
            }
        }
    }
}

#[tokio::test]
async fn where_a_request_comes_from_is_asked_after_the_session_was_found() {
    let cases = [
        ("invalid", 401, "invalid"),
        ("expired", 401, "expired"),
        ("unavailable", 503, "unavailable"),
        ("throttled", 429, "throttled"),
        ("panic", 500, "misconfigured"),
        ("alice", 403, "cross_site"),
    ];
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = AuthenticateLayer::new(Session::new("shop", verifier.clone())).unwrap();
        for (word, status, code) in cases {
            let challenges = if status == 401 { &[("Session", None)][..] } else { &[] };
            let (name, value) = cookie(word);
            let lines = [("host", "own.example"), ("origin", "https://evil.example"), (name, &*value)];
            send(&layer, request("POST", "/", &lines)).await.assert_refused(status, code, challenges);
        }
        assert_eq!(verifier.calls(), cases.len());
        // Without a session there is nothing to protect.
        let nobody = request("POST", "/", &[("host", "own.example"), ("origin", "https://evil.example")]);
        send(&layer, nobody).await.assert_refused(401, "missing", &[("Session", None)]);
    }
}

#[tokio::test]
async fn where_anonymous_callers_are_welcome_a_good_cookie_from_elsewhere_is_refused_all_the_same() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = verifier.schemes().allow_anonymous().build().unwrap();
        let from_elsewhere = |word| {
            let (name, value) = cookie(word);
            request("POST", "/", &[("host", "own.example"), ("origin", "https://evil.example"), (name, &*value)])
        };
        send(&layer, from_elsewhere("alice")).await.assert_refused(403, "cross_site", &[]);
        let stale = send(&layer, from_elsewhere("invalid")).await;
        stale.assert_anonymous();
        assert_eq!(stale.lines("set-cookie").len(), 1, "a stale cookie counts as none, and is cleared");
        send(&layer, request("POST", "/", &[("origin", "https://evil.example")])).await.assert_anonymous();
    }
}

#[test]
fn every_misspelled_origin_is_told_when_the_layer_is_built() {
    let faulty = [
        ("null", "sandboxed"),
        ("shop.example", "is no origin"),
        ("", "is no origin"),
        ("https://shop.example/", "has a path"),
        ("https://shop.example/cart", "has a path"),
        ("https://shop.example?x", "has a path"),
        ("https://*.example", "has a wildcard"),
        ("https://*", "has a wildcard"),
        ("https://Shop.example", "lower case"),
        ("HTTPS://shop.example", "lower case"),
        ("https://shop.example:443", "goes without saying"),
        ("https://shop.example:", "no number"),
        ("https://shop.example:0", "no number"),
        ("https://shop.example:65536", "no number"),
        ("https://shop.example.", "no dot at the end"),
        ("https://", "usual spelling"),
        ("https://sh\u{f6}p.example", "xn--"),
        ("https://shop.example ", "usual spelling"),
        ("https://[2001:DB8::1]", "IPv6 shortest"),
        ("https://127.1", "IPv4"),
        ("ftp://shop.example", "must begin with"),
        ("capacitor://localhost", "must begin with"),
    ];
    let with = |name: fn(SameOrigin, &'static str) -> SameOrigin| {
        let rule = faulty.iter().fold(SameOrigin::default(), |rule, (origin, _)| name(rule, origin));
        AuthenticateLayer::new(Session::new("sh\u{f6}p", Scripted::ready()).same_origin(rule)).unwrap_err()
    };
    for (setting, error) in [
        ("own_origin", with(|rule, origin| rule.own_origin(origin))),
        ("allow_origin", with(|rule, origin| rule.allow_origin(origin))),
    ] {
        assert_eq!(error.faults().len(), faulty.len() + 1, "the realm too: {error}");
        for (origin, problem) in faulty {
            let fault = error.faults().iter().find(|fault| fault.setting() == format!("{setting} {origin:?}"));
            assert!(fault.unwrap().problem().contains(problem), "{:?}", fault.unwrap());
        }
    }
    let password = SameOrigin::default().own_origin("https://user:kJ3vX9qL@shop.example");
    let error = AuthenticateLayer::new(Session::new("shop", Scripted::ready()).same_origin(password)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("kJ3vX9qL"), "{error}");
}

#[test]
fn an_own_origin_over_plain_http_is_on_this_machine_or_a_fault() {
    let build = |rule| AuthenticateLayer::new(Session::new("shop", Scripted::ready()).same_origin(rule)).is_ok();
    for (origin, is_fine) in [
        ("http://localhost:3000", true),
        ("http://127.0.0.1:3000", true),
        ("http://[::1]", true),
        ("http://shop.example", false),
        ("http://localhost.evil.example", false),
    ] {
        assert_eq!(build(SameOrigin::default().own_origin(origin)), is_fine, "{origin}");
        assert!(build(SameOrigin::default().allow_origin(origin)), "{origin}");
    }
}

/// Whoever holds a request against the rule without a layer sees a mistake in it, and nothing passes because of it.
#[test]
fn a_misspelled_own_origin_lets_nobody_in() {
    let judge = |rule: &SameOrigin, origin| rule.check(&post(&[("origin", origin)]).into_parts().0).is_ok();
    for misspelled in ["null", "https://own.example/", "https://own.example:443", "http://own.example"] {
        let rule = SameOrigin::default().own_origin(misspelled);
        for origin in [OWN, "null", misspelled] {
            assert!(!judge(&rule, origin), "{misspelled} {origin}");
        }
    }
    assert!(judge(&SameOrigin::default(), OWN));
}

#[test]
fn a_log_in_handler_asks_the_scheme_that_it_sets_the_cookie_for() {
    let scheme = Session::new("shop", Scripted::ready());
    let check = |scheme: &Session<Scripted>, origin| {
        scheme.check_origin(&request("POST", "/login", &[("host", "own.example"), ("origin", origin)]).into_parts().0)
    };
    check(&scheme, OWN).unwrap();
    assert_eq!(check(&scheme, "https://evil.example").unwrap_err().reason(), Reason::CrossSite);
    assert_eq!(check(&scheme, "http://own.example").unwrap_err().reason(), Reason::CrossSite);
    let plain = SessionCookie::new(CookieName::new("session").unwrap()).allow_insecure().unwrap();
    let plain = scheme.clone().cookie(plain);
    check(&plain, "http://own.example").unwrap();
    assert_eq!((scheme.realm(), scheme.session_cookie().name()), ("shop", "__Host-session"));
    assert_eq!((plain.realm(), plain.session_cookie().name()), ("shop", "session"));
}

fn near_the_own_origin() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::from(OWN)),
        Just(String::from("https://")),
        Just(String::from("http://")),
        Just(String::from("own.example")),
        Just(String::from("own")),
        Just(String::from(".example")),
        Just(String::from("evil")),
        Just(String::from(":443")),
        Just(String::from("null")),
        "[ -~]{0,3}",
        "[.:/@\\\\#?%\\[\\]0-9]{0,3}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_origin_but_our_own_ever_passes(
        origin in prop_oneof![near_the_own_origin(), any::<String>()],
        host in prop_oneof![Just("own.example"), Just("OWN.EXAMPLE"), Just("own.example:443")],
        method in "POST|PUT|DELETE|get|[A-Z]{8,9}",
        site in prop_oneof![Just(None), Just(Some("cross-site")), Just(Some("same-site")), Just(Some(""))],
    ) {
        let plain = origin.trim().to_ascii_lowercase();
        prop_assume!(!matches!(plain.as_str(), "https://own.example" | "https://own.example:443") || site.is_some());
        let Ok(value) = HeaderValue::from_bytes(origin.as_bytes()) else { return Ok(()) };
        let mut request = request(&method, "/", &[("host", host)]);
        request.headers_mut().insert("origin", value);
        if let Some(site) = site {
            request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static(site));
        }
        let (head, ()) = request.into_parts();
        for rule in [SameOrigin::default(), SameOrigin::default().own_origin(OWN), SameOrigin::default().allow_missing_origin()] {
            prop_assert!(rule.check(&head).is_err(), "{origin:?} {site:?}");
        }
    }
}
