//! One table from reason to wire. Every row, for every scheme, with verdicts that are at hand and verdicts
//! that come later.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::sync::Arc;
use std::time::Duration;

use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, COOKIE, PROXY_AUTHORIZATION, RETRY_AFTER,
    SET_COOKIE, TRANSFER_ENCODING, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderValue, Request};
use portcullis::authenticate::{Attempt, Bearer, Scheme};
use portcullis::credentials::BearerToken;
use portcullis::error::Severity;
use portcullis::permission::{Decision, acr, all, max_age, policy, role, scope};
use portcullis::response::{Challenge, Rejection, Reply};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, VerifyError};
use support::stack::{ALL_PLAIN, Answer, Scripted, bare, basic, bearer, cookie, get, send, session};

type Challenges = Vec<(&'static str, Option<&'static str>)>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Carrier {
    Basic,
    Bearer,
    Cookie,
    Session,
}

const CARRIERS: [Carrier; 4] = [Carrier::Basic, Carrier::Bearer, Carrier::Cookie, Carrier::Session];

impl Carrier {
    fn scheme(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
            Self::Cookie | Self::Session => "Session",
        }
    }

    fn carry(self, word: &str) -> Request<()> {
        get([match self {
            Self::Basic => basic(word),
            Self::Bearer => bearer(word),
            Self::Cookie => cookie(word),
            Self::Session => session(word),
        }])
    }

    /// All challenges: that of this scheme first, with `error` where the scheme has one, then the others.
    fn all(self, error: &'static str) -> Challenges {
        let error = Some(error).filter(|_| self == Self::Bearer);
        let others = ALL_PLAIN.into_iter().filter(|(scheme, _)| *scheme != self.scheme());
        [(self.scheme(), error)].into_iter().chain(others).collect()
    }

    /// The challenge of this scheme alone, and only where it says what went wrong.
    fn own(self, error: &'static str) -> Challenges {
        if self == Self::Bearer { vec![("Bearer", Some(error))] } else { vec![] }
    }
}

/// A request that is refused for `reason`.
async fn provoke(reason: Reason, carrier: Carrier, verifier: &Scripted) -> Answer {
    let layer = verifier.layer();
    let require = |requirement| (layer.clone(), RequireLayer::new(requirement).unwrap());
    match reason {
        Reason::Missing => send(&layer, bare()).await,
        Reason::Misconfigured => send(&layer, carrier.carry("panic")).await,
        Reason::Forbidden => send(&require(scope("write")), carrier.carry("alice")).await,
        Reason::Hidden => {
            let hide = policy(|_: &Identity, _: &Parts| Decision::Hide);
            send(&require(hide), carrier.carry("alice")).await
        }
        Reason::StepUp => send(&require(acr(["gold"])), carrier.carry("alice")).await,
        other => send(&layer, carrier.carry(other.code())).await,
    }
}

struct Row {
    status: u16,
    challenges: Challenges,
    told: &'static str,
    retry_after: Option<&'static str>,
    severity: Severity,
}

/// The row of the table in `docs/life_of_a_request.md`.
fn row(reason: Reason, carrier: Carrier) -> Row {
    use Severity::{Debug, Error, Info};
    let unreadable = if carrier == Carrier::Bearer { 400 } else { 401 };
    let (status, challenges, severity, retry_after, told) = match reason {
        Reason::Missing => (401, ALL_PLAIN.to_vec(), Debug, None, "WWW-Authenticate"),
        Reason::Malformed if unreadable == 400 => (400, carrier.own("invalid_request"), Debug, None, "cannot be read"),
        Reason::Malformed => (401, carrier.all(""), Debug, None, "cannot be read"),
        Reason::Ambiguous => (400, carrier.own("invalid_request"), Debug, None, "More than one"),
        Reason::Invalid => (401, carrier.all("invalid_token"), Info, None, "not accepted"),
        Reason::Expired => (401, carrier.all("invalid_token"), Debug, None, "Log in again"),
        Reason::StepUp => (401, carrier.all("insufficient_user_authentication"), Info, None, "Log in again"),
        Reason::Forbidden if carrier == Carrier::Bearer => {
            (403, carrier.own("insufficient_scope"), Info, None, "that your token does not give")
        }
        Reason::Forbidden => (403, vec![], Info, None, "Logging in again"),
        Reason::CrossSite => (403, vec![], Info, None, "another site"),
        Reason::Hidden => (404, vec![], Info, None, "nothing"),
        Reason::Throttled => (429, vec![], Info, Some("3"), "Retry-After"),
        Reason::Unavailable => (503, vec![], Error, Some("5"), "Keep your credentials"),
        Reason::Misconfigured => (500, vec![], Error, None, "our side"),
        other => panic!("{other} has no row here"),
    };
    Row { status, challenges, told, retry_after, severity }
}

/// HTTP-17, CACHE-5
#[tokio::test]
async fn every_reason_has_its_row_on_the_wire() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        for reason in Reason::ALL {
            for carrier in CARRIERS {
                let answer = provoke(reason, carrier, &verifier).await;
                let row = row(reason, carrier);
                let code = if reason == Reason::Hidden { "not_found" } else { reason.code() };
                answer.assert_refused(row.status, code, &row.challenges);

                let rejection = answer.rejection.as_ref().unwrap();
                assert_eq!((rejection.reason(), rejection.severity()), (reason, row.severity));
                assert_eq!(answer.lines("vary"), ["accept, authorization, cookie"]);
                assert_eq!(answer.lines("retry-after"), Vec::from_iter(row.retry_after));
                assert!(answer.lines("set-cookie").is_empty());

                let body = answer.json();
                let retry_after = row.retry_after.map(|seconds| seconds.parse::<u64>().unwrap());
                assert_eq!(body["retry_after"].as_u64(), retry_after);
                assert_eq!(body["title"], rejection.title());
                assert_eq!(body["detail"], rejection.detail());
                assert!(format!("{} {}", body["title"], body["detail"]).contains(row.told), "{body}");
                let kind = match reason {
                    Reason::Hidden => "about:blank".to_owned(),
                    _ => format!("urn:portcullis:problem:{code}"),
                };
                assert_eq!(body["type"], kind);
                let extra: &[&str] = match reason {
                    Reason::Forbidden => &["scope"],
                    Reason::StepUp => &["acr_values"],
                    Reason::Throttled | Reason::Unavailable => &["retry_after"],
                    _ => &[],
                };
                let mut members: Vec<_> = ["type", "title", "status", "code", "detail", "id"].to_vec();
                members.extend(extra);
                members.sort_unstable();
                let mut own: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
                own.sort_unstable();
                assert_eq!(own, members);
            }
        }
    }
}

#[tokio::test]
async fn refusals_for_one_reason_differ_in_their_id_alone() {
    let layer =
        AuthenticateLayer::new(Bearer::new("api", async |token: BearerToken| -> Result<Identity, VerifyError> {
            Err(match token.expose() {
                "a" => VerifyError::invalid().because("no such key"),
                _ => VerifyError::invalid(),
            })
        }))
        .unwrap();
    let (one, two) = (send(&layer, get([bearer("a")])).await, send(&layer, get([bearer("b")])).await);
    let mut bodies = [one.json(), two.json()];
    assert_ne!(bodies[0]["id"], bodies[1]["id"]);
    for body in &mut bodies {
        body.as_object_mut().unwrap().remove("id");
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(one.headers, two.headers);
    assert_eq!(one.rejection.unwrap().cause(), Some("no such key"), "the operator still learns it");
}

/// `Retry-After` in whole seconds, rounded up, at least 1
#[tokio::test]
async fn a_wait_is_rounded_up_to_seconds_and_never_zero() {
    for (millis, seconds) in [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
        let wait = Duration::from_millis(millis);
        for error in [VerifyError::throttled(wait), VerifyError::unavailable("down").with_retry_after(wait)] {
            let status = if error.reason() == Reason::Throttled { 429 } else { 503 };
            let code = error.reason().code();
            let verifier = move |_: BearerToken| std::future::ready(Err::<Identity, _>(error.clone()));
            let layer = AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap();
            let answer = send(&layer, get([bearer("x")])).await;
            answer.assert_refused(status, code, &[]);
            assert_eq!(answer.lines("retry-after"), [seconds.to_string()], "{millis} ms");
            assert_eq!(answer.json()["retry_after"], seconds);
        }
    }
    let layer = AuthenticateLayer::new(Bearer::new("api", async |_: BearerToken| -> Result<Identity, VerifyError> {
        Err(VerifyError::throttled(Duration::MAX))
    }));
    let answer = send(&layer.unwrap(), get([bearer("x")])).await;
    assert_eq!(answer.lines("retry-after"), [u64::MAX.to_string()]);
}

/// RFC 9110 section 12.5.1, PROB-1
#[tokio::test]
async fn accept_chooses_between_a_problem_document_and_plain_text() {
    let layer = Scripted::ready().layer();
    for accept in ["*/*", "application/json", "text/html", "image/png", "text/plain;q=0.4, application/*;q=0.5"] {
        let answer = send(&layer, get([("accept", accept)])).await;
        answer.assert_refused(401, "missing", &ALL_PLAIN);
    }
    for accept in ["text/plain", "text/*", "TEXT/Plain;q=0.9, */*;q=0.1"] {
        let answer = send(&layer, get([("accept", accept)])).await;
        assert_eq!(answer.lines("content-type"), ["text/plain; charset=utf-8"], "{accept}");
        let rejection = answer.rejection.as_ref().unwrap();
        let text = str::from_utf8(&answer.body).unwrap();
        assert!(text.starts_with("401 Authentication required\n"), "{text}");
        assert!(text.contains(rejection.detail()) && text.contains(&rejection.id().to_string()), "{text}");
        assert_eq!((answer.status.as_u16(), answer.challenges().len(), answer.seen.is_some()), (401, 3, false));
    }
}

/// What is missing is told, in JSON and in text
#[tokio::test]
async fn a_refusal_names_what_it_asks_for() {
    let layer = Scripted::ready().layer();
    let lacking =
        (layer.clone(), RequireLayer::new(all([scope("a"), scope("b"), role("clerk"), role("admin")])).unwrap());
    let answer = send(&lacking, get([bearer("alice")])).await;
    answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    let body = answer.json();
    assert_eq!((&body["scope"], &body["roles"]), (&"a b".into(), &serde_json::json!(["clerk", "admin"])));

    let stale = all([max_age(Duration::from_secs(300)), acr(["gold", "silver"])]);
    let stale = (layer, RequireLayer::new(stale).unwrap());
    let answer = send(&stale, get([bearer("alice")])).await;
    let mut challenges = ALL_PLAIN;
    challenges[0].1 = Some("insufficient_user_authentication");
    answer.assert_refused(401, "step_up", &challenges);
    let body = answer.json();
    assert_eq!((&body["max_age"], &body["acr_values"]), (&300.into(), &"gold silver".into()));

    let answer = send(&lacking, get([bearer("alice"), ("accept", "text/plain".to_owned())])).await;
    let text = str::from_utf8(&answer.body).unwrap();
    assert!(text.contains("\nscope: a b\n") && text.contains("\nroles: clerk, admin\n"), "{text}");
}

/// RFC 8259 section 7
#[tokio::test]
async fn a_role_of_any_text_stays_one_json_text() {
    let names =
        ["say \"hi\"", "back\\slash", "tab\there", "line\r\nline", "\u{0}\u{1f}", "\u{7f}", "é\u{2028}🦀", "</script>"];
    let layer = (Scripted::ready().layer(), RequireLayer::new(all(names.map(role))).unwrap());
    let answer = send(&layer, get([bearer("alice")])).await;
    answer.assert_refused(403, "forbidden", &[("Bearer", Some("insufficient_scope"))]);
    assert_eq!(answer.json()["roles"], serde_json::json!(names));
}

fn greedy(rejection: &Rejection, head: &Parts) -> Reply {
    let own = HeaderValue::from_static("own");
    let owned =
        [WWW_AUTHENTICATE, RETRY_AFTER, CACHE_CONTROL, VARY, X_CONTENT_TYPE_OPTIONS, CONTENT_LENGTH, TRANSFER_ENCODING];
    let seen: Vec<_> = head.headers.keys().map(ToString::to_string).collect();
    let reply = Reply::new("text/plain", format!("{}: {}", rejection.reason(), seen.join(" ")));
    let reply = owned.into_iter().fold(reply, |reply, name| reply.header(name, own.clone()));
    reply.header(CONTENT_LANGUAGE, own.clone()).header(SET_COOKIE, own)
}

/// CACHE-4: the library owns status, challenges, `Retry-After`, `Cache-Control`, `Vary`
#[tokio::test]
async fn a_hook_chooses_the_body_and_can_neither_lose_nor_set_what_is_owned() {
    let layer = Scripted::ready().schemes().respond_with(greedy).build().unwrap();
    let head = [(COOKIE.as_str(), "a=b"), (PROXY_AUTHORIZATION.as_str(), "Basic abc"), ("x-trace", "7")];
    let mut request = get(head);
    let (name, value) = bearer("throttled");
    request.headers_mut().append(name, value.try_into().unwrap());
    assert!(request.headers().contains_key(AUTHORIZATION));
    let answer = send(&layer, request).await;
    assert_eq!(answer.body, "throttled: x-trace", "the hook sees no credential");
    assert_eq!((answer.status.as_u16(), answer.seen.is_some()), (429, false));
    let mut names: Vec<_> =
        answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ("cache-control", "no-store"),
            ("content-language", "own"),
            ("content-type", "text/plain"),
            ("retry-after", "3"),
            ("set-cookie", "own"),
            ("vary", "accept, authorization, cookie"),
            ("x-content-type-options", "nosniff"),
        ]
    );
    assert_eq!(answer.rejection.unwrap().reason(), Reason::Throttled);

    let answer = send(&layer, bare()).await;
    assert_eq!((answer.status.as_u16(), answer.seen.is_some(), &answer.body[..]), (401, false, &b"missing: "[..]));
    let errors = answer.errors();
    assert_eq!(errors.iter().map(|(scheme, _)| scheme.as_str()).collect::<Vec<_>>(), ["Bearer", "Basic", "Session"]);
    assert!(answer.lines("retry-after").is_empty());
}

/// A scheme of one's own, with a field of its own.
struct ApiKey(Scripted);

impl Scheme for ApiKey {
    fn challenge(&self) -> Challenge {
        Challenge::new("ApiKey").quoted("realm", "orders")
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        match head.headers.get("x-api-key").map(|key| BearerToken::new(key.to_str().unwrap())) {
            Some(Ok(key)) => Attempt::verify(&Arc::new(self.0.clone()), key),
            _ => Attempt::NotPresented,
        }
    }

    fn reads(&self) -> &[&str] {
        &["X-Api-Key"]
    }
}

/// What a scheme reads is a credential, whatever the field is called
#[tokio::test]
async fn the_field_of_a_custom_scheme_is_kept_from_hooks_and_flagged_sensitive() {
    for verifier in [Scripted::ready(), Scripted::waiting()] {
        let layer = AuthenticateLayer::builder().scheme(ApiKey(verifier)).respond_with(greedy).build().unwrap();
        let answer = send(&layer, get([("x-api-key", "invalid"), ("x-trace", "7")])).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..], answer.seen.is_some()),
            (401, &b"invalid: x-trace"[..], false)
        );
        assert_eq!(answer.lines("vary"), ["accept, x-api-key"]);
        assert_eq!(answer.errors(), [("ApiKey".to_owned(), None)]);
        let answer = send(&layer, get([("x-api-key", "ann"), ("x-trace", "7")])).await;
        answer.assert_accepted("ann");
        let seen = answer.seen.unwrap().headers;
        assert!(seen["x-api-key"].is_sensitive() && !seen["x-trace"].is_sensitive());
        assert_eq!(seen["x-api-key"], "ann");
    }
}

#[test]
fn a_scheme_that_reads_what_is_no_field_does_not_build() {
    struct Odd;
    impl Scheme for Odd {
        fn challenge(&self) -> Challenge {
            Challenge::bearer("x")
        }

        fn authenticate(&self, _: &Parts) -> Attempt {
            Attempt::NotPresented
        }

        fn reads(&self) -> &[&str] {
            &["x api key"]
        }
    }
    assert!(AuthenticateLayer::new(Odd).is_err());
}

/// Also where the reply holds nothing but the one header that is not its own
#[tokio::test]
async fn a_hook_without_a_content_type_gains_no_header_by_that() {
    let hook = |_: &Rejection, _: &Parts| {
        Reply::new("not a\nmedia type", "no").header(WWW_AUTHENTICATE, HeaderValue::from_static("Forged realm=\"x\""))
    };
    let layer = Scripted::ready().schemes().respond_with(hook).build().unwrap();
    let answer = send(&layer, bare()).await;
    let errors = answer.errors();
    assert_eq!(errors.iter().map(|(scheme, _)| scheme.as_str()).collect::<Vec<_>>(), ["Bearer", "Basic", "Session"]);
    assert_eq!((answer.status.as_u16(), answer.seen.is_some()), (401, false));
}

/// The responder of the layer outside speaks for the layers within, unless they have their own
#[tokio::test]
async fn the_nearest_responder_answers() {
    let say = |text: &'static str| move |_: &Rejection, _: &Parts| Reply::new("text/plain", text);
    let outer = Scripted::ready().schemes().allow_anonymous().respond_with(say("outer")).build().unwrap();
    let require = RequireLayer::new(scope("write")).unwrap();
    for request in [bare(), get([bearer("alice")])] {
        let status = if request.headers().is_empty() { 401 } else { 403 };
        let answer = send(&(outer.clone(), require.clone()), request.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..], answer.seen.is_some()), (status, &b"outer"[..], false));
        let own = require.clone().respond_with(say("own"));
        let answer = send(&(outer.clone(), own), request).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..], answer.seen.is_some()), (status, &b"own"[..], false));
    }
}
