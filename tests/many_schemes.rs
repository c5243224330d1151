//! Several schemes on one route. Only absence moves on to the next scheme; failure never does.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::convert::Infallible;

use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use portcullis::authenticate::{Attempt, Bearer, Carrier, Scheme, Session};
use portcullis::credentials::{CookieName, SessionCookie};
use portcullis::response::Challenge;
use portcullis::{AuthenticateLayer, Identity};
use support::stack::{ALL_PLAIN, Scripted, bare, basic, bearer, cookie, get, send, session};
use tower::{Layer, ServiceExt, service_fn};

const CLEARED: &str = "__Host-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure";

fn both() -> [Scripted; 2] {
    [Scripted::ready(), Scripted::waiting()]
}

fn optional(verifier: &Scripted) -> AuthenticateLayer {
    verifier.schemes().allow_anonymous().build().unwrap()
}

fn line(value: &str) -> (&'static str, String) {
    ("authorization", value.to_owned())
}

fn raw_cookie(value: &str) -> (&'static str, String) {
    ("cookie", value.to_owned())
}

/// HTTP-5
#[tokio::test]
async fn each_scheme_finds_its_own_credentials() {
    for verifier in both() {
        for (line, scheme) in [
            (bearer("ann"), "Bearer"),
            (basic("ann"), "Basic"),
            (session("ann"), "Session"),
            (cookie("ann"), "Session"),
        ] {
            let answer = send(&verifier.layer(), get([line])).await;
            answer.assert_accepted("ann");
            assert_eq!(answer.identity().unwrap().scheme(), scheme);
        }
        assert_eq!(verifier.calls(), 4, "no other scheme's verifier was asked");
    }
}

/// COOKIE-11
#[tokio::test]
async fn a_bad_header_is_not_saved_by_a_good_cookie() {
    for verifier in both() {
        for layer in [verifier.layer(), optional(&verifier)] {
            let answer = send(&layer, get([bearer("invalid"), cookie("ann")])).await;
            answer.assert_refused(
                401,
                "invalid",
                &[("Bearer", Some("invalid_token")), ("Basic", None), ("Session", None)],
            );
            assert!(answer.lines("set-cookie").is_empty());
            let answer = send(&layer, get([basic("invalid"), cookie("ann")])).await;
            answer.assert_refused(401, "invalid", &[("Basic", None), ("Bearer", None), ("Session", None)]);
        }
        assert_eq!(verifier.calls(), 4, "the cookie was never looked at");
    }
}

#[tokio::test]
async fn a_good_header_beats_the_cookie_and_leaves_it_alone() {
    for verifier in both() {
        for layer in [verifier.layer(), optional(&verifier)] {
            for cookie in
                [cookie("bob"), cookie("invalid"), cookie("unavailable"), raw_cookie("__Host-session=\u{7}\u{1}x")]
            {
                let Ok(value) = HeaderValue::from_str(&cookie.1) else { continue };
                for header in [bearer("ann"), session("ann")] {
                    let mut request = get([header]);
                    request.headers_mut().append("cookie", value.clone());
                    let answer = send(&layer, request).await;
                    answer.assert_accepted("ann");
                    assert!(answer.lines("set-cookie").is_empty());
                }
            }
        }
        assert_eq!(verifier.calls(), 12, "one verdict for each request");
    }
}

/// Beside an `Authorization` field the cookie is not looked at, whatever the field says
#[tokio::test]
async fn a_cookie_beside_a_header_of_another_scheme_does_not_count() {
    for verifier in both() {
        let answer = send(&verifier.layer(), get([line("Foo x"), cookie("ann")])).await;
        answer.assert_refused(401, "missing", &ALL_PLAIN);
        let answer = send(&optional(&verifier), get([line("Foo x"), cookie("invalid")])).await;
        answer.assert_anonymous();
        assert!(answer.lines("set-cookie").is_empty());
        assert_eq!(verifier.calls(), 0);
    }
}

/// HTTP-23, CHOICE-6
#[tokio::test]
async fn two_authorization_fields_are_refused_in_every_order_and_nobody_is_asked() {
    let verifier = Scripted::ready();
    let lines = [bearer("ann"), bearer("invalid"), basic("ann"), session("ann"), line("Foo x"), line(""), line("@")];
    for layer in [verifier.layer(), optional(&verifier)] {
        for one in &lines {
            for two in &lines {
                let explained: &[_] = if one.1.starts_with("Bearer") || two.1.starts_with("Bearer") {
                    &[("Bearer", Some("invalid_request"))]
                } else {
                    &[]
                };
                let answer = send(&layer, get([one.clone(), two.clone()])).await;
                answer.assert_refused(400, "ambiguous", explained);
                let answer = send(&layer, get([cookie("ann"), one.clone(), two.clone(), one.clone()])).await;
                answer.assert_refused(400, "ambiguous", explained);
            }
        }
    }
    assert_eq!(verifier.calls(), 0);
}

/// HTTP-7
#[tokio::test]
async fn joined_credentials_are_refused_and_nobody_is_asked() {
    let verifier = Scripted::ready();
    for value in
        ["Bearer t1, t2", "Bearer t1 t2", "Bearer token=t1", "Bearer t1, Basic dTpw", "Bearer \"t1\"", "Bearer"]
    {
        let answer = send(&verifier.layer(), get([line(value)])).await;
        answer.assert_refused(400, "malformed", &[("Bearer", Some("invalid_request"))]);
    }
    for value in ["Basic dTpw, Bearer t1", "Basic dTpw dTpw", "Basic", "Basic realm=x"] {
        let answer = send(&verifier.layer(), get([line(value)])).await;
        answer.assert_refused(401, "malformed", &[("Basic", None), ("Bearer", None), ("Session", None)]);
    }
    for value in ["Session", "Session short", "Session AAAA, BBBB"] {
        let answer = send(&verifier.layer(), get([line(value)])).await;
        answer.assert_refused(401, "malformed", &[("Session", None), ("Bearer", None), ("Basic", None)]);
    }
    assert_eq!(verifier.calls(), 0);
}

/// HTTP-29, BEARER-3: an unknown scheme is no credentials; a field that names no scheme is a mistake
#[tokio::test]
async fn an_unknown_scheme_counts_as_nothing_sent_and_no_scheme_as_a_mistake() {
    let verifier = Scripted::ready();
    for value in ["Foo x", "Digest username=\"u\"", "Negotiate", "Bearers ann", "token ann"] {
        send(&verifier.layer(), get([line(value)])).await.assert_refused(401, "missing", &ALL_PLAIN);
        send(&optional(&verifier), get([line(value)])).await.assert_anonymous();
    }
    for value in ["", "@", "Bearer:ann", "Bearer\tann", "\u{e9} x"] {
        for layer in [verifier.layer(), optional(&verifier)] {
            send(&layer, get([("authorization", value)])).await.assert_refused(401, "malformed", &ALL_PLAIN);
        }
    }
    assert_eq!(verifier.calls(), 0);
}

/// Credentials and identities in other places are nobody's
#[tokio::test]
async fn credentials_in_other_places_are_not_looked_at() {
    let verifier = Scripted::ready();
    let names = [
        "x-authorization",
        "proxy-authorization",
        "x-forwarded-user",
        "x-auth-user",
        "remote-user",
        "x-user",
        "x-role",
        "x-original-authorization",
    ];
    for name in names {
        let answer = send(&verifier.layer(), get([(name, bearer("ann").1)])).await;
        answer.assert_refused(401, "missing", &ALL_PLAIN);
    }
    for cookie in ["Authorization=Bearer ann", "access_token=ann", "session=ann", "__host-session=ann"] {
        send(&verifier.layer(), get([raw_cookie(cookie)])).await.assert_refused(401, "missing", &ALL_PLAIN);
    }
    let request = Request::get("https://user:ann@api.example/?access_token=ann").body(()).unwrap();
    send(&verifier.layer(), request).await.assert_refused(401, "missing", &ALL_PLAIN);
    assert_eq!(verifier.calls(), 0);
}

#[tokio::test]
async fn a_route_for_bearer_does_not_take_the_right_password() {
    let verifier = Scripted::ready();
    let layer = AuthenticateLayer::new(Bearer::new("api", verifier.clone())).unwrap();
    for line in [basic("ann"), session("ann"), cookie("ann")] {
        send(&layer, get([line])).await.assert_refused(401, "missing", &[("Bearer", None)]);
    }
    assert_eq!(verifier.calls(), 0);
}

///
#[tokio::test]
async fn where_anonymous_callers_are_welcome_absence_passes_and_failure_does_not() {
    for verifier in both() {
        let layer = optional(&verifier);
        send(&layer, bare()).await.assert_anonymous();
        send(&layer, get([raw_cookie("theme=dark")])).await.assert_anonymous();
        send(&layer, get([bearer("ann")])).await.assert_accepted("ann");
        for (word, status) in
            [("invalid", 401), ("expired", 401), ("unavailable", 503), ("panic", 500), ("throttled", 429)]
        {
            for line in [bearer(word), basic(word), session(word)] {
                let answer = send(&layer, get([line])).await;
                assert_eq!((answer.status.as_u16(), answer.seen.is_some()), (status, false), "{word}");
                assert!(answer.lines("set-cookie").is_empty(), "a header is not cleared by a cookie");
            }
        }
    }
}

/// The one exception, a cookie that a browser cannot help sending
#[tokio::test]
async fn a_stale_cookie_counts_as_absent_and_is_cleared() {
    for verifier in both() {
        for cookie in [
            cookie("invalid"),
            cookie("expired"),
            raw_cookie("__Host-session=garbage"),
            raw_cookie("__Host-session="),
            raw_cookie("__Host-session=a\u{e9}b"),
        ] {
            let answer = send(&optional(&verifier), get([cookie.clone()])).await;
            answer.assert_anonymous();
            assert_eq!(answer.lines("set-cookie"), [CLEARED]);
            let answer = send(&verifier.layer(), get([cookie])).await;
            assert_eq!((answer.status.as_u16(), answer.seen.is_some()), (401, false));
            assert_eq!(answer.errors()[0], ("Session".to_owned(), None));
            assert!(answer.lines("set-cookie").is_empty());
        }
    }
}

/// A cookie that was judged and refused for another reason is not stale
#[tokio::test]
async fn a_cookie_that_is_not_merely_stale_is_refused_and_kept() {
    for verifier in both() {
        for (word, status) in
            [("unavailable", 503), ("cross_site", 403), ("throttled", 429), ("ambiguous", 400), ("panic", 500)]
        {
            let answer = send(&optional(&verifier), get([cookie(word)])).await;
            let code = if word == "panic" { "misconfigured" } else { word };
            answer.assert_refused(status, code, &[]);
            assert!(answer.lines("set-cookie").is_empty(), "{word}");
        }
    }
}

/// COOKIE-2
#[tokio::test]
async fn a_cookie_name_twice_is_ambiguous_in_every_order() {
    let verifier = Scripted::ready();
    let (good, bad) = (cookie("ann").1, cookie("invalid").1);
    for layer in [verifier.layer(), optional(&verifier)] {
        for (one, two) in [(&good, &bad), (&bad, &good), (&good, &good)] {
            let joined = get([raw_cookie(&format!("{one}; {two}"))]);
            let apart = get([raw_cookie(one), raw_cookie("theme=dark"), raw_cookie(two)]);
            for request in [joined, apart] {
                let answer = send(&layer, request).await;
                answer.assert_refused(400, "ambiguous", &[]);
                assert!(answer.lines("set-cookie").is_empty());
            }
        }
    }
    assert_eq!(verifier.calls(), 0);
}

/// COOKIE-1
#[tokio::test]
async fn the_session_may_stand_on_any_cookie_line() {
    for verifier in both() {
        let lines = [raw_cookie("theme=dark"), cookie("ann"), raw_cookie("lang=\u{e9}")];
        send(&verifier.layer(), get(lines)).await.assert_accepted("ann");
    }
}

/// A log-in on an optional route, by a browser that still sends the cookie of an old session
#[tokio::test]
async fn a_log_in_behind_a_stale_cookie_keeps_its_new_session() {
    const NEW: &str = "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure";
    for verifier in both() {
        for (set, left) in [
            (vec![NEW], vec![NEW]),
            (vec!["theme=dark"], vec!["theme=dark", CLEARED]),
            (vec!["__Host-session2=x", NEW], vec!["__Host-session2=x", NEW]),
            (vec!["__Host-session2=x"], vec!["__Host-session2=x", CLEARED]),
        ] {
            let service = optional(&verifier).layer(service_fn(move |_: Request<()>| {
                let mut response = Response::new(String::new());
                for cookie in &set {
                    response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(cookie));
                }
                std::future::ready(Ok::<_, Infallible>(response))
            }));
            let response = service.oneshot(get([cookie("expired")])).await.unwrap();
            let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
            assert_eq!(cookies, left);
        }
    }
}

///
#[tokio::test]
async fn the_cookie_that_is_cleared_is_the_one_that_was_configured() {
    let verifier = Scripted::ready();
    let mine = SessionCookie::new(CookieName::new("sid").unwrap()).same_site_strict().allow_insecure().unwrap();
    let scheme = Session::new("shop", verifier.clone()).cookie(mine);
    let layer = AuthenticateLayer::builder().scheme(scheme).allow_anonymous().build().unwrap();
    let answer = send(&layer, get([raw_cookie("sid=stale")])).await;
    answer.assert_anonymous();
    assert_eq!(answer.lines("set-cookie"), ["sid=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"]);
    send(&layer, get([cookie("ann")])).await.assert_anonymous();
    let renamed = cookie("ann").1.replace("__Host-session", "sid");
    send(&layer, get([raw_cookie(&renamed)])).await.assert_accepted("ann");
}

/// Two schemes of one name cannot be told apart by a client
#[test]
fn a_layer_without_schemes_or_with_one_twice_does_not_build() {
    let verifier = Scripted::ready();
    assert!(AuthenticateLayer::builder().build().is_err());
    let twice = verifier.schemes().scheme(Bearer::new("other", verifier)).build().unwrap_err();
    assert_eq!((twice.faults().len(), twice.faults()[0].setting()), (1, "Bearer"));
}

/// `X-Ticket`, or the bearer token `ticket`.
struct Ticket;

impl Scheme for Ticket {
    fn challenge(&self) -> Challenge {
        Challenge::new("Ticket").quoted("realm", "hall")
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        let is_ticket = head.headers.get("authorization").is_some_and(|value| value == "Bearer ticket");
        if is_ticket || head.headers.contains_key("x-ticket") {
            return Attempt::Ready(Ok(Identity::assertion("hall", "guest").build().into()));
        }
        Attempt::NotPresented
    }

    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Field(HeaderName::from_static("x-ticket")), Carrier::Shared("Bearer")]
    }
}

/// HTTP-23: one credential, one place, whatever the place is called
#[tokio::test]
async fn credentials_in_a_field_of_its_own_and_in_authorization_are_ambiguous_in_any_order() {
    for verifier in both() {
        for layer in [
            verifier.schemes().scheme(Ticket).build().unwrap(),
            AuthenticateLayer::builder().scheme(Ticket).scheme(Bearer::new("api", verifier.clone())).build().unwrap(),
        ] {
            let ticket = || ("x-ticket", String::from("42"));
            for lines in [vec![ticket(), bearer("ann")], vec![bearer("ann"), ticket()], vec![ticket(), ticket()]] {
                let answer = send(&layer, get(lines)).await;
                assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &"ambiguous".into()));
                assert!(answer.seen.is_none());
            }
            // What is unreadable here may be read further in.
            let answer = send(&layer, get([ticket(), line("Bearer\tann")])).await;
            assert_eq!((answer.status.as_u16(), answer.seen.is_none()), (400, true));
            send(&layer, get([ticket()])).await.assert_accepted("guest");
            let answer = send(&layer, get([ticket(), line("Negotiate YII=")])).await;
            answer.assert_accepted("guest");
            assert!(answer.seen.unwrap().headers["x-ticket"].is_sensitive());
        }
        assert_eq!(verifier.calls(), 0);
    }
}

#[tokio::test]
async fn a_scheme_that_shares_a_name_is_asked_first_and_its_challenge_keeps_its_place() {
    for verifier in both() {
        let layer = verifier.schemes().scheme(Ticket).build().unwrap();
        let answer = send(&layer, get([bearer("ticket")])).await;
        answer.assert_accepted("guest");
        assert_eq!(answer.identity().unwrap().scheme(), "Ticket");
        assert_eq!(verifier.calls(), 0);
        send(&layer, get([bearer("ann")])).await.assert_accepted("ann");
        let plain = [("Bearer", None), ("Basic", None), ("Session", None), ("Ticket", None)];
        send(&layer, bare()).await.assert_refused(401, "missing", &plain);
    }
}
