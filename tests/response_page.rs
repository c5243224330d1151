//! What each refusal says, whole: for every reason, what comes to whoever asks for a page, a document or plain text. The files of
//! `tests/snapshots/response_page` are for people to read; a change that is meant is taken with `INSTA_UPDATE=always`.

#![cfg(feature = "html")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod stack;
}

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_LANGUAGE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use portcullis::authenticate::{Attempt, Scheme};
use portcullis::permission::{Decision, acr, all, max_age, policy, role, scope};
use portcullis::response::{Challenge, OwnRefusal, Page, PageCause, PageText, PageTexts};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer};
use sha2::{Digest, Sha256};
use support::stack::{Answer, Scripted, bare, basic, bearer, cookie, get, send};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Who asks, and how. What answers alike is shown once.
const ACCEPTS: [(&str, Option<&str>); 8] = [
    ("a browser's", Some(BROWSER)),
    ("application/json", Some("application/json")),
    ("application/problem+json", Some("application/problem+json")),
    ("*/*", Some("*/*")),
    ("none", None),
    ("weird: ;;q=,\"", Some(";;q=,\"")),
    ("text/plain", Some("text/plain")),
    ("text/html;q=0.2, text/plain;q=0.3, */*;q=0.1", Some("text/html;q=0.2, text/plain;q=0.3, */*;q=0.1")),
];

fn page() -> Page {
    Page::builder()
        .application("Orders <&> Invoices")
        .support("the help desk")
        .support_link("mailto:help@example.com")
        .log_in("/login")
        .build()
        .unwrap()
}

fn layer() -> AuthenticateLayer {
    Scripted::ready().schemes().respond_with(page()).build().unwrap()
}

/// A request that is refused for `reason`.
async fn provoke(reason: Reason, mut request: Request<()>, accept: Option<&str>) -> Answer {
    if let Some(accept) = accept {
        request.headers_mut().insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
    }
    let require = |requirement| (layer(), RequireLayer::new(requirement).unwrap());
    match reason {
        Reason::Forbidden => send(&require(all([scope("orders:write"), role("accountant")])), request).await,
        Reason::Hidden => send(&require(policy(|_: &Identity, _: &Parts| Decision::Hide)), request).await,
        Reason::StepUp => send(&require(all([acr(["gold"]), max_age(Duration::from_secs(300))])), request).await,
        _ => send(&layer(), request).await,
    }
}

/// The word that has [`Scripted`] refuse for this reason, or let in where something else refuses.
fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Forbidden | Reason::Hidden | Reason::StepUp => "alice",
        Reason::Misconfigured => "panic",
        other => other.code(),
    }
}

/// All answers to requests for the same thing, by who asks.
async fn shown(reason: Reason, request: impl Fn() -> Request<()>) -> String {
    let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
    for (asked, accept) in ACCEPTS {
        let answer = written(&provoke(reason, request(), accept).await);
        match answers.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, same)) => same.push(asked),
            None => answers.push((answer, vec![asked])),
        }
    }
    let mut text = String::new();
    for (answer, asked) in answers {
        for asked in asked {
            writeln!(text, "=== Accept: {asked}").unwrap();
        }
        writeln!(text, "{answer}").unwrap();
    }
    text
}

/// Status, fields and body; what is new in each answer, and the style that all pages have, left out.
fn written(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    let mut fields: Vec<_> = answer.headers.iter().collect();
    fields.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in fields {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    let mut body = String::from_utf8(answer.body.to_vec()).unwrap();
    if let Some((before, rest)) = body.split_once("<style>") {
        body = format!("{before}<style>…{}", &rest[rest.find("</style>").unwrap()..]);
    }
    let id = answer.rejection.as_ref().unwrap().id().to_string();
    text.push('\n');
    text + &body.replace(&id, "<id>")
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/response_page");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[tokio::test]
async fn every_reason_says_what_helps_in_the_form_that_is_asked_for() {
    for reason in Reason::ALL {
        let request = || if reason == Reason::Missing { bare() } else { get([bearer(word(reason))]) };
        golden(reason.code(), &shown(reason, request).await);
    }
}

/// A person has one password and one session, and may have many tokens
#[tokio::test]
async fn people_are_told_of_passwords_and_sessions_as_such() {
    golden("invalid_password", &shown(Reason::Invalid, || get([basic("invalid")])).await);
    golden("invalid_session", &shown(Reason::Invalid, || get([cookie("invalid")])).await);
    golden("expired_session", &shown(Reason::Expired, || get([cookie("expired")])).await);
    golden("forbidden_session", &shown(Reason::Forbidden, || get([cookie("alice")])).await);
}

#[tokio::test]
async fn who_is_not_known_and_who_may_not_are_told_apart_in_the_first_words() {
    let mut headings = Vec::new();
    for reason in Reason::ALL {
        let request = || if reason == Reason::Missing { bare() } else { get([cookie(word(reason))]) };
        let answer = provoke(reason, request(), Some(BROWSER)).await;
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        let heading = body.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0.to_owned();
        assert!(body.contains(&format!("<title>{heading} – Orders &lt;&amp;&gt; Invoices</title>")), "{reason}");
        // Only whom it helps is sent to the log-in.
        assert_eq!(body.contains("href=\"/login\""), reason.is_unauthenticated(), "{reason}");
        assert!(!body.contains("alice"), "nobody is named");
        headings.push(heading);
    }
    // Unreadable and ambiguous are one thing to people.
    headings.sort();
    headings.dedup();
    assert_eq!(headings.len(), Reason::ALL.len() - 1, "{headings:?}");
}

#[tokio::test]
async fn the_style_of_the_page_is_what_its_policy_allows() {
    let answer = provoke(Reason::Missing, bare(), Some(BROWSER)).await;
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    let style = body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(answer.lines("content-security-policy"), [policy]);
    assert!(!style.contains("url(") && !style.contains("@import"));
    for loading in ["<script", "<link", "<img", "src=", "style=", "<iframe", " on"] {
        let page = body.replace(style, "").replace(" once", "").replace(" only", "").replace(" one", "");
        assert!(!page.contains(loading), "{loading}");
    }
}

#[tokio::test]
async fn a_page_is_less_than_eight_kib_whatever_is_missing() {
    let names: Vec<String> = (0..400).map(|count| format!("{}{count}", "&<>'".repeat(50))).collect();
    let wanted =
        all(names.iter().map(|name| role(name.as_str())).chain((0..100).map(|count| scope(format!("{count}&&&&")))));
    let stack = (layer(), RequireLayer::new(wanted).unwrap());
    let answer = send(&stack, get([bearer("alice"), ("accept", BROWSER.to_owned())])).await;
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.status, 403);
    assert!(body.len() < Page::MAX_LENGTH, "{}", body.len());
    assert!(body.contains("and 488 more"), "{body}");
    assert!(body.contains("0&amp;&amp;&amp;&amp;"));
}

#[tokio::test]
async fn nothing_of_the_request_is_repeated() {
    let marker = "MARKER<script>";
    for reason in Reason::ALL {
        for accept in [BROWSER, "text/plain", "*/*"] {
            let mut request = if reason == Reason::Missing { bare() } else { get([bearer(word(reason))]) };
            request.headers_mut().append("referer", HeaderValue::from_static(marker));
            *request.uri_mut() = "/MARKER?MARKER".parse().unwrap();
            request.headers_mut().append(ACCEPT_LANGUAGE, HeaderValue::from_static("MARKER"));
            request.headers_mut().append(ACCEPT, HeaderValue::from_static("MARKER/MARKER"));
            let answer = provoke(reason, request, Some(accept)).await;
            assert!(!written(&answer).contains("MARKER"), "{reason}");
        }
    }
}

/// NEGO-4, NEGO-5
#[tokio::test]
async fn the_language_is_the_one_that_the_client_reads_best() {
    let latin = PageTexts::new(
        "la-VA",
        |_| PageText::new("Non licet", "Non potes intrare.", "Roga {support}."),
        |_| "{id}",
        |seconds| format!("{seconds}"),
    );
    let page = Page::builder().languages([PageTexts::english(), PageTexts::german(), latin]).build().unwrap();
    let layer = Scripted::ready().schemes().respond_with(page).build().unwrap();
    for (asked, expected) in [
        (None, "en"),
        (Some("de"), "de"),
        (Some("DE-at-1996"), "de"),
        (Some("de-x-a-b"), "de"),
        (Some("fr, de;q=0.3"), "de"),
        (Some("en;q=0.5, de;q=0.6"), "de"),
        (Some("de;q=0, *"), "en"),
        (Some("fr"), "en"),
        (Some("la"), "en"),
        (Some("la-va-Latn"), "la-VA"),
        (Some("d-e-, ;q, -, --"), "en"),
        (Some(""), "en"),
    ] {
        let mut request = get([("accept", BROWSER)]);
        if let Some(asked) = asked {
            request.headers_mut().insert(ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
        }
        let answer = send(&layer, request).await;
        assert_eq!(answer.lines("content-language"), [expected], "{asked:?}");
        assert!(answer.body.starts_with(format!("<!doctype html>\n<html lang=\"{expected}\"").as_bytes()));
        assert_eq!(answer.lines("vary"), ["accept-language", "accept, authorization, cookie"]);
    }
    let answer = send(&layer, bare()).await;
    assert!(answer.lines("content-language").is_empty() && answer.lines("vary") == ["accept, authorization, cookie"]);
}

/// For a reader who reads German
#[tokio::test]
async fn german_pages_say_everything_in_german() {
    let page = Page::builder().languages([PageTexts::german()]).log_in("/anmelden").build().unwrap();
    let layer = Scripted::ready().schemes().respond_with(page).build().unwrap();
    let mut text = String::new();
    for request in [bare(), get([basic("invalid")]), get([cookie("expired")]), get([basic("throttled")])] {
        let (mut head, ()) = request.into_parts();
        head.headers.insert(ACCEPT, HeaderValue::from_static(BROWSER));
        let answer = send(&layer, Request::from_parts(head, ())).await;
        assert_eq!(answer.headers[CONTENT_LANGUAGE], "de");
        writeln!(text, "{}", written(&answer)).unwrap();
    }
    golden("german", &text);
}

#[test]
fn a_server_refuses_for_reasons_of_its_own_in_the_same_shape() {
    let mut text = String::new();
    for (asked, accept) in ACCEPTS {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        }
        let refusal =
            OwnRefusal::new(StatusCode::URI_TOO_LONG, "too_long", "Address \"too\" long", "Use a <shorter> one.");
        let response = refusal.answer(&page(), &headers);
        let (head, body) = response.into_parts();
        let body = String::from_utf8(body.to_vec()).unwrap().replace(&refusal.id().to_string(), "<id>");
        let body = body.split_once("</style>").map_or(body.as_str(), |(_, rest)| rest);
        writeln!(text, "=== Accept: {asked}\n{} {:?}\n{body}", head.status, head.headers["content-type"]).unwrap();
        assert_eq!(
            (&head.headers["cache-control"], &head.headers["vary"]),
            (&"no-store".parse().unwrap(), &"accept".parse().unwrap())
        );
    }
    golden("own_refusal", &text);
}

/// What the layer keeps from hooks, a refusal keeps from them too
#[test]
fn what_a_server_refuses_by_itself_shows_no_hook_a_credential() {
    struct Curious;
    impl portcullis::response::Respond for Curious {
        fn respond(&self, _: &portcullis::response::Rejection, _: &Parts) -> portcullis::response::Reply {
            portcullis::response::Reply::new("text/plain", "no")
        }

        fn respond_to_own(&self, _: &OwnRefusal, headers: &HeaderMap) -> portcullis::response::Reply {
            portcullis::response::Reply::new("text/plain", format!("{:?}", headers.keys().collect::<Vec<_>>()))
        }
    }
    let request =
        get([basic("x"), cookie("x"), ("proxy-authorization", "Basic eDp4".to_owned()), ("x-trace", "7".to_owned())]);
    let refusal = OwnRefusal::new(StatusCode::NOT_FOUND, "not_found", "Not found", "There is nothing at this address.");
    assert_eq!(refusal.answer(&Curious, request.headers()).into_body(), "[\"x-trace\"]");
}

#[test]
fn every_fault_of_the_configuration_is_told() {
    let long = "x".repeat(501);
    let texts = |language: &str| PageTexts::new(language, |_| PageText::new("a", "b", "c"), |_| "d", |_| String::new());
    let heavy = || PageText::new("a", "b".repeat(6000), "c");
    for (builder, faults) in [
        (Page::builder().application(" ").support("a\nb").support_link("ftp://x").log_in("login"), 4),
        (Page::builder().application("x".repeat(101)).support("x".repeat(201)).log_in(long), 3),
        (Page::builder().support_link("mailto:nobody").log_in("//evil.example"), 2),
        (Page::builder().support_link("https://a\"onclick=").log_in("javascript:alert(1)"), 2),
        (Page::builder().support_link("https://user@example.com"), 1),
        (Page::builder().languages([]), 1),
        (Page::builder().languages([texts("en"), texts("EN"), texts("x"), texts("de_AT")]), 3),
        (Page::builder().languages([texts("en").say(PageCause::NotFound, PageText::new("{what}", "b", ""))]), 1),
        (Page::builder().languages([PageTexts::english().say(PageCause::NotFound, heavy())]), 1),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.faults().len(), faults, "{error}");
    }
    for link in ["mailto:a@b.example?subject=x", "https://example.com/help?a=b&c=d"] {
        Page::builder().application("Bestellungen & Rechnungen").support_link(link).log_in("/a?b=c").build().unwrap();
    }
}

/// The two longest languages, the longest settings: what is promised of all pages holds at the edge
#[tokio::test]
async fn the_longest_settings_that_build_make_no_page_too_long() {
    struct Wide;
    impl Scheme for Wide {
        fn challenge(&self) -> Challenge {
            Challenge::session("shop")
        }

        fn authenticate(&self, _: &Parts) -> Attempt {
            Attempt::Ready(Ok(Identity::assertion("shop", "ann").build().into()))
        }
    }
    let page = Page::builder()
        .application("&".repeat(100))
        .support("\"".repeat(200))
        .support_link(format!("https://example.com/{}", "&".repeat(80)))
        .languages([PageTexts::english(), PageTexts::german()]);
    let built = page.build();
    let Ok(page) = built else { return assert!(built.unwrap_err().to_string().contains("8 KiB")) };
    let layer = AuthenticateLayer::builder().scheme(Wide).respond_with(page).build().unwrap();
    let wanted = all((0..50).map(|count| role(format!("{}{count}", "&".repeat(100)))));
    let stack = Arc::new((layer, RequireLayer::new(wanted).unwrap()));
    let answer = send(&*stack, get([("accept", BROWSER)])).await;
    assert!(answer.body.len() < Page::MAX_LENGTH, "{}", answer.body.len());
}
