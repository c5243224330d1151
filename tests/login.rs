//! Logging in: what a right password gets, what a wrong one does, and what others can make of it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod bank;
    pub(crate) mod log;
}

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use portcullis::authenticate::{Basic, Bearer, Scheme, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, BearerToken, ClientAddress};
use portcullis::identity::session::{MemoryStore, Sessions};
use portcullis::identity::throttle::Throttle;
use portcullis::login::{LogInAttempt, Login};
use portcullis::response::{OwnRefusal, Rejection, Reply, Respond};
use portcullis::{Identity, VerifyError};
use proptest::prelude::*;
use support::bank::{self, BROWSER, FORM, GOOD, JSON, OURS, Switched, bank, bank_over, bank_with, cookie};
use support::log::Log;
use tower::ServiceExt;
use url::Url;

#[tokio::test]
async fn a_right_password_gets_a_session_in_the_way_that_was_asked_for() {
    let bank = bank_with(|login| login.home("/account").hand_out_ids());
    let plain = bank.log_in(&[FORM], GOOD).await;
    assert_eq!((plain.status.as_u16(), plain.body.as_str()), (204, ""));
    let set = plain.field("set-cookie").unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-session=") && pair.len() == 15 + 43);
    // S14
    assert_eq!(attributes, "Max-Age=43200; Path=/; HttpOnly; SameSite=Lax; Secure");
    let list = bank.manage("GET", "/sessions", &[("cookie", pair)]).await;
    assert_eq!(list.json()["sessions"][0]["current"], true);

    for accept in ["application/json", "application/json, text/plain, */*"] {
        let body = r#"{"username": "alice", "password": "wonderland"}"#;
        let json = bank.log_in(&[JSON, ("accept", accept)], body).await;
        assert_eq!((json.status.as_u16(), json.field("content-type")), (200, Some("application/json")));
        let session = json.json()["session"].as_str().unwrap().to_owned();
        assert_eq!(json.json()["expires_at"], 1_790_043_200);
        assert_eq!(json.cookie(), format!("__Host-session={session}"));
        let shown = format!("Session {session}");
        assert_eq!(bank.manage("GET", "/sessions", &[("authorization", &shown)]).await.status, 200);
    }
    assert_eq!(bank.log_in(&[FORM, ("accept", "*/*")], GOOD).await.status, 204);

    let page = bank.log_in(&[FORM, BROWSER], &format!("{GOOD}&return_to=%2Forders%3Fpage%3D2")).await;
    assert_eq!((page.status.as_u16(), page.field("location")), (303, Some("/orders?page=2")));
    assert_eq!(bank.log_in(&[FORM, BROWSER], GOOD).await.field("location"), Some("/account"));
    for answer in [plain, page] {
        assert_eq!(answer.field("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn no_id_is_in_a_body_unless_that_was_asked_for() {
    let bank = bank();
    let answer = bank.log_in(&[FORM, ("accept", "application/json")], GOOD).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    assert!(answer.field("set-cookie").is_some());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let bank = bank();
    let mut bodies = Vec::new();
    for body in ["username=alice&password=wrong", "username=nobody&password=wonderland", "username=&password="] {
        let answer = bank.log_in(&[FORM], body).await;
        assert_eq!(answer.status, 401, "{body}");
        assert_eq!(answer.field("www-authenticate"), Some(r#"Session realm="bank""#));
        assert_eq!((answer.field("set-cookie"), answer.field("cache-control")), (None, Some("no-store")));
        bodies.push(answer.body.split(r#","id":"#).next().unwrap().to_owned());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
    assert_eq!(bank.count("alice").await, 0);
}

/// S01
#[tokio::test]
async fn a_log_in_makes_a_new_id_and_ends_the_session_that_was_shown() {
    let bank = bank();
    let old = bank.session_of("bob").await.unwrap();
    let refused = bank.log_in(&[FORM, ("cookie", &cookie(&old))], "username=alice&password=wrong").await;
    assert_eq!((refused.status.as_u16(), bank.count("bob").await), (401, 1), "a failed log-in ends nothing");

    let new = bank.log_in(&[FORM, ("cookie", &cookie(&old))], GOOD).await;
    assert_eq!(new.status, 204);
    assert_ne!(new.cookie(), cookie(&old));
    assert_eq!((bank.count("bob").await, bank.count("alice").await), (0, 1));

    let shown = format!("Session {}", bank.session_of("bob").await.unwrap().encode().expose());
    assert_eq!(bank.log_in(&[FORM, ("authorization", &shown)], GOOD).await.status, 204);
    assert_eq!(bank.count("bob").await, 0);

    // S02: an id that was planted is not adopted.
    let planted = format!("__Host-session={}", "B".repeat(43));
    assert_ne!(bank.log_in(&[FORM, ("cookie", &planted)], GOOD).await.cookie(), planted);
    assert_eq!(bank.manage("GET", "/sessions", &[("cookie", &planted)]).await.status, 401);
}

/// S03
#[tokio::test]
async fn a_log_in_over_a_session_of_the_same_subject_gives_it_another_id() {
    let bank = bank();
    let first = bank.log_in(&[FORM], GOOD).await.cookie();
    let before = bank.sessions.list("bank", "alice").await.unwrap();
    bank.later(60);
    let second = bank.log_in(&[FORM, ("cookie", &first)], GOOD).await;
    assert!(second.field("set-cookie").unwrap().contains("Max-Age=43200"), "its time begins anew");
    assert_eq!(bank.manage("GET", "/sessions", &[("cookie", &first)]).await.status, 401);
    let after = bank.manage("GET", "/sessions", &[("cookie", &second.cookie())]).await.json();
    assert_eq!(after["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(after["sessions"][0]["id"], before[0].public_id());
}

#[tokio::test]
async fn who_wants_to_be_remembered_is_where_that_is_offered() {
    let max_age = |answer: bank::Answer| answer.field("set-cookie").unwrap().split("; ").nth(1).unwrap().to_owned();
    let remember = format!("{GOOD}&remember=on");
    assert_eq!(max_age(bank().log_in(&[FORM], &remember).await), "Max-Age=43200");
    let bank = bank_with(|login| login.remember_me());
    assert_eq!(max_age(bank.log_in(&[FORM], &remember).await), "Max-Age=2592000");
    assert_eq!(max_age(bank.log_in(&[FORM], GOOD).await), "Max-Age=43200");
    let json = |remember| format!(r#"{{"username":"alice","password":"wonderland","remember":{remember}}}"#);
    assert_eq!(max_age(bank.log_in(&[JSON], &json("true")).await), "Max-Age=2592000");
    assert_eq!(max_age(bank.log_in(&[JSON], &json("false")).await), "Max-Age=43200");
    for body in [format!("{GOOD}&remember=maybe"), format!("{GOOD}&remember=on&remember=on")] {
        assert_eq!(bank.log_in(&[FORM], &body).await.status, 400);
    }
    assert_eq!(bank.log_in(&[JSON], &json("\"on\"")).await.status, 400);

    // A session that is to last longer is another one, and the old one is over.
    let short = bank.log_in(&[FORM], GOOD).await.cookie();
    let count = bank.count("alice").await;
    let long = bank.log_in(&[FORM, ("cookie", &short)], &remember).await;
    assert_eq!((bank.count("alice").await, max_age(long).as_str()), (count, "Max-Age=2592000"));
    assert_eq!(bank.manage("GET", "/sessions", &[("cookie", &short)]).await.status, 401);
}

#[tokio::test]
async fn the_session_is_called_after_the_browser_and_knows_its_address() {
    let agent = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let request = || {
        let mut request = bank::request("POST", "/login", &[FORM, agent], GOOD);
        request.extensions_mut().insert(ClientAddress::new([192, 0, 2, 7].into()));
        request
    };
    let bank = bank();
    let cookie = bank::send(bank.login.log_in(), request()).await.cookie();
    let list = bank.manage("GET", "/sessions", &[("cookie", &cookie)]).await.json();
    assert_eq!(list["sessions"][0]["label"], "Firefox on Linux");
    assert_eq!(list["sessions"][0]["address"], "192.0.2.7");

    let bank = bank_with(|login| login.label(|head| Some(format!("by {}", head.method))));
    bank::send(bank.login.log_in(), request()).await;
    assert_eq!(bank.sessions.list("bank", "alice").await.unwrap()[0].label(), Some("by POST"));
}

#[tokio::test]
async fn only_post_logs_in() {
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "WHATEVER"] {
        let answer = bank::ask(bank().login.log_in(), method, "/login", &[FORM, OURS], GOOD).await;
        assert_eq!(
            (answer.status.as_u16(), answer.field("allow"), answer.field("set-cookie")),
            (405, Some("POST"), None)
        );
    }
}

/// Every body here is refused before a password is looked at.
#[tokio::test]
async fn a_body_that_cannot_be_read_in_one_way_is_400() {
    let bank = bank();
    for (kind, body) in [
        (FORM, ""),
        (FORM, "username=alice"),
        (FORM, "password=wonderland"),
        (FORM, "username=alice&password=wonderland&password=wonderland"),
        (FORM, "username=alice&password=wonderland&x=1&x=1"),
        (FORM, "username=alice&%75sername=bob&password=wonderland"),
        (FORM, "username=alice&password=wonderland&return_to=/a&return_to=/a"),
        (FORM, "username=alice&password=%zz"),
        (FORM, "username=alice&password=%f"),
        (FORM, "username=alice&password=%ff"),
        (FORM, "username=alice&password=%+1"),
        (FORM, r#"{"username": "alice", "password": "wonderland"}"#),
        (JSON, GOOD),
        (JSON, r#"{"username": "alice", "password": "wonderland""#),
        (JSON, r#"{"username": "alice", "password": "wonderland"} {}"#),
        (JSON, r#"{"username": "alice", "password": "wonderland", "password": "wonderland"}"#),
        (JSON, r#"{"username": "alice", "password": "wonderland", "x": 1, "x": 1}"#),
        (JSON, r#"{"username": "alice", "user\u006eame": "alice", "password": "wonderland"}"#),
        (JSON, r#"{"username": "alice", "password": ["wonderland"]}"#),
        (JSON, r#"{"username": "alice", "password": null}"#),
        (JSON, r#"["alice", "wonderland"]"#),
        (("content-type", "text/plain"), GOOD),
        (("content-type", "multipart/form-data; boundary=x"), GOOD),
        (("content-type", "application/jsonx"), r#"{"username": "alice", "password": "wonderland"}"#),
        (("accept", "*/*"), GOOD),
    ] {
        let answer = bank.log_in(&[kind], body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (400, Some("malformed")),
            "{kind:?} {body}"
        );
        assert_eq!(answer.json()["title"], "Log-in cannot be read");
        assert_eq!((answer.field("set-cookie"), answer.field("www-authenticate")), (None, None));
    }
    assert_eq!(bank.log_in(&[FORM, FORM], GOOD).await.status, 400);
    let charset = ("content-type", "APPLICATION/JSON; charset=utf-8");
    let other = r#"{"username":"alice","password":"wonderland","x":{},"remember":7}"#;
    assert_eq!(bank.log_in(&[charset], other).await.status, 204);
    assert_eq!(bank.log_in(&[FORM], "x&username=alice&&password=wonder%6Cand&y=+").await.status, 204);
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_413_whether_its_length_was_told_or_not() {
    let bank = bank();
    let fill = |length: usize| format!("{GOOD}&x={}", "x".repeat(length - GOOD.len() - 3));
    assert_eq!(bank.log_in(&[FORM], &fill(64 * 1024)).await.status, 204);
    let answer = bank.log_in(&[FORM], &fill(64 * 1024 + 1)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (413, Some("too_large")));
    assert!(answer.json()["id"].is_string() && answer.field("vary") == Some("accept"));
    let told = bank.log_in(&[FORM, ("accept", "text/plain")], &fill(64 * 1024 + 1)).await;
    assert_eq!(told.field("content-type"), Some("text/plain; charset=utf-8"));

    let request = Request::post("/login").header(FORM.0, FORM.1).body(Endless).unwrap();
    assert_eq!(bank.login.log_in().oneshot(request).await.unwrap().status(), 413);
}

/// One hook words all that is refused here, also where it has nothing to do with who is asking
#[tokio::test]
async fn the_hook_is_asked_for_405_and_413_too() {
    struct Terse;
    impl Respond for Terse {
        fn respond(&self, rejection: &Rejection, _: &Parts) -> Reply {
            Reply::new("text/plain", format!("no: {}", rejection.reason()))
        }

        fn respond_to_own(&self, refusal: &OwnRefusal, headers: &HeaderMap) -> Reply {
            Reply::new("text/plain", format!("no: {}, {}", refusal.code(), headers.contains_key("cookie")))
        }
    }
    let bank = bank_with(|login| login.respond_with(Terse));
    let answer = bank.log_in(&[FORM, ("cookie", "a=b")], &"x".repeat(64 * 1024 + 1)).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (413, "no: too_large, false"));
    for (method, body) in [("GET", &b"no: method_not_allowed, false"[..]), ("HEAD", b"")] {
        let request = Request::builder().method(method).uri("/logout").body(String::new()).unwrap();
        let response = bank.login.log_out().oneshot(request).await.unwrap();
        let length = response.headers().get("content-length").map(|length| length.to_str().unwrap().to_owned());
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "POST"));
        assert_eq!(length.as_deref(), (method == "HEAD").then_some("29"), "what GET has");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_400_after_ten_seconds() {
    let bank = bank();
    let begun = tokio::time::Instant::now();
    let request = Request::post("/login").header(FORM.0, FORM.1).body(Never).unwrap();
    let answer = bank.login.log_in().oneshot(request).await.unwrap();
    assert_eq!((answer.status().as_u16(), begun.elapsed().as_secs()), (400, 10));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let request = Request::post("/login").header(FORM.0, FORM.1).body(Broken).unwrap();
    assert_eq!(bank().login.log_in().oneshot(request).await.unwrap().status(), 400);
}

/// R11
#[tokio::test]
async fn only_a_path_of_ours_is_returned_to() {
    let bank = bank_with(|login| login.home("/home"));
    let location = async |return_to: &str| {
        let body = serde_json::json!({"username": "alice", "password": "wonderland", "return_to": return_to});
        let answer = bank.log_in(&[JSON, BROWSER], &body.to_string()).await;
        assert_eq!(answer.status, 303);
        answer.field("location").unwrap().to_owned()
    };
    for good in
        ["/", "/a/b", "/a/", "/a?x=1&y=/z", "/a?to=https://b.example/", "/%C3%A9", "/a.b/..c", "/@x", "/a:b", "/~a"]
    {
        assert_eq!(location(good).await, good);
    }
    let long = format!("/{}", "a".repeat(2048));
    for hostile in [
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
        "//\\evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "/\u{0}/evil.example",
        "/%00/evil.example",
        "/%0a/evil.example",
        "/%5cevil.example",
        "/%5Cevil.example",
        "/%2fevil.example",
        "/%2F/evil.example",
        "/%252f/evil.example",
        "/%255cevil.example",
        "/..//evil.example",
        "/.//evil.example",
        "/a//evil.example",
        "/../evil",
        "/..",
        "/.",
        "/a/../b",
        "/a/./b",
        "/%2e%2e/b",
        "/%2E./b",
        "/.%2e/b",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "HTTPS://evil.example",
        "https://bank.example@evil.example",
        "https://bank.example.evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        ":80",
        " //evil.example",
        " /a",
        "\u{feff}/a",
        "",
        "?x",
        "#x",
        "*",
        "/a\r\nSet-Cookie: x=1",
        "/a%0d%0aSet-Cookie:x",
        "/a#b",
        "/a b",
        "/é",
        "/\u{ff0f}evil.example",
        "/a;b",
        "/a%3bb",
        "/?x=\\",
        "/a%",
        "/a%4",
        "/a%zz",
        "/%ff",
        "/%ed%a0%80",
        "/\u{7f}",
        &long,
    ] {
        assert_eq!(location(hostile).await, "/home", "{hostile:?}");
    }
    let in_query = bank::ask(bank.login.log_in(), "POST", "/login?return_to=/orders", &[FORM, BROWSER], GOOD).await;
    assert_eq!(in_query.field("location"), Some("/home"));
    // R12: nothing that is forwarded leads anywhere else.
    let forwarded = [FORM, BROWSER, ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
    assert_eq!(bank.log_in(&forwarded, GOOD).await.field("location"), Some("/home"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// R11, with the reader of addresses that browsers have as the referee
    #[test]
    fn whatever_is_sent_as_return_to_a_browser_stays_here(parts in prop::collection::vec(piece(), 1..6)) {
        let (return_to, runtime) = (parts.concat(), tokio::runtime::Builder::new_current_thread().enable_all().build()?);
        let anybody = async |_: BasicCredentials| Ok(Identity::assertion("bank", "alice").build());
        let sessions = Sessions::new(MemoryStore::new());
        let login = Login::new(&Session::new("bank", sessions), anybody).unwrap();
        let body = serde_json::json!({"username": "a", "password": "b", "return_to": return_to}).to_string();
        let answer = runtime.block_on(bank::ask(login.log_in(), "POST", "/login", &[JSON, BROWSER], &body));
        prop_assert_eq!(answer.status, 303);
        let location = answer.field("location").unwrap();
        prop_assert!(location == return_to || location == "/");
        let here = Url::parse("https://bank.example/login").unwrap();
        let there = here.join(location).unwrap();
        prop_assert_eq!(there.origin(), here.origin(), "{}", location);
        let (path, _) = location.split_once('?').unwrap_or((location, ""));
        prop_assert_eq!(there.path(), path, "it means what it says");
    }
}

/// What addresses are made of, and what makes them mean another thing.
fn piece() -> impl Strategy<Value = String> {
    const ODD: [&str; 32] = [
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
        "\t",
        "\n",
        "\r",
        " ",
        "?",
        "#",
        "@",
        ":",
        ";",
        "https:",
        "evil.example",
        "a",
        "\u{e9}",
        "\u{ff0f}",
        "\u{2215}",
        "\u{0}",
        "\u{7f}",
        "\u{feff}",
    ];
    prop_oneof![4 => prop::sample::select(&ODD[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

/// S24
#[tokio::test]
async fn other_sites_log_nobody_in() {
    let bank = bank();
    let victim = bank.session_of("bob").await.unwrap();
    let shown = cookie(&victim);
    for (fields, ours) in [
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("sec-fetch-site", "same-site")], false),
        (vec![("sec-fetch-site", "cross-site"), ("origin", "https://bank.example")], false),
        (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        (vec![("origin", "https://evil.example")], false),
        (vec![("origin", "http://bank.example")], false),
        (vec![("origin", "https://bank.example:8443")], false),
        (vec![("origin", "null")], false),
        (vec![("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")], false),
        (vec![("origin", "https://bank.example"), ("origin", "https://evil.example")], false),
        (vec![("sec-fetch-site", "same-origin")], true),
        (vec![("sec-fetch-site", "none")], true),
        (vec![("origin", "https://bank.example")], true),
        (vec![], true),
    ] {
        let mut log_in = vec![FORM];
        log_in.extend(&fields);
        if ours {
            assert_eq!(bank.log_in(&log_in, GOOD).await.status, 204, "{fields:?}");
            continue;
        }
        log_in.push(("cookie", &shown));
        let answer = bank.log_in(&log_in, GOOD).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("cross_site")), "{fields:?}");
        assert_eq!(answer.field("set-cookie"), None);
        assert_eq!(bank.count("bob").await, 1, "the victim's session is unchanged");
    }
}

#[tokio::test]
async fn what_is_no_session_stands_in_the_way_of_no_log_in_and_two_do() {
    let bank = bank();
    for field in [
        ("cookie", "__Host-session=a b"),
        ("cookie", "__Host-session="),
        ("cookie", "__Host-session=short"),
        ("authorization", "@@"),
        ("authorization", "Basic YWxpY2U6d29uZGVybGFuZA=="),
    ] {
        assert_eq!(bank.log_in(&[FORM, field], GOOD).await.status, 204, "{field:?}");
    }
    for fields in [
        vec![("cookie", "__Host-session=a; __Host-session=b")],
        vec![("cookie", "__Host-session=a"), ("cookie", "__Host-session=a")],
        vec![("authorization", "Session a"), ("authorization", "Session a")],
    ] {
        let fields = [vec![FORM], fields].concat();
        let answer = bank.log_in(&fields, GOOD).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("ambiguous")), "{fields:?}");
        assert_eq!(answer.field("set-cookie"), None);
    }
}

#[tokio::test]
async fn who_guesses_too_often_is_held_back_with_the_right_password_too() {
    let bank = bank();
    let throttle = Throttle::builder().attempts(3).clock(bank.clock.clone()).build().unwrap();
    let login = Login::new(&bank.scheme, throttle.around(bank.passwords.clone())).unwrap();
    let try_it = async |body: &str, address: [u8; 4]| {
        let mut request = bank::request("POST", "/login", &[FORM], body);
        request.extensions_mut().insert(ClientAddress::new(address.into()));
        bank::send(login.log_in(), request).await
    };
    for _ in 0..3 {
        assert_eq!(try_it("username=alice&password=wrong", [192, 0, 2, 1]).await.status, 401);
    }
    for body in ["username=alice&password=wrong", GOOD] {
        let answer = try_it(body, [192, 0, 2, 1]).await;
        assert_eq!(answer.status, 429, "{body}");
        assert!(answer.field("retry-after").unwrap().parse::<u64>().unwrap() > 0);
        assert_eq!((answer.field("www-authenticate"), answer.field("set-cookie")), (None, None));
    }
    assert_eq!(try_it("username=bob&password=builder", [192, 0, 2, 1]).await.status, 204, "another account");
    bank.later(3600);
    assert_eq!(try_it(GOOD, [192, 0, 2, 1]).await.status, 204);
}

#[tokio::test]
async fn a_store_or_a_verifier_that_does_not_answer_is_503_and_a_panic_500() {
    let (store, is_down) = Switched::new();
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let sessions = Sessions::builder(store).clock(clock.clone()).build().unwrap();
    let bank = bank_over(sessions, clock, |login| login);
    let shown = bank.log_in(&[FORM], GOOD).await.cookie();
    is_down.store(true, Ordering::SeqCst);
    for fields in [vec![FORM], vec![FORM, ("cookie", &*shown)]] {
        let answer = bank.log_in(&fields, GOOD).await;
        assert_eq!((answer.status.as_u16(), answer.field("retry-after")), (503, Some("5")));
        assert_eq!((answer.field("set-cookie"), answer.field("www-authenticate")), (None, None), "the cookie is kept");
    }
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(bank.log_in(&[FORM, ("cookie", &shown)], GOOD).await.status, 204);

    let down =
        async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::unavailable("no disk")) };
    let login = Login::new(&bank.scheme, down).unwrap();
    assert_eq!(bank::ask(login.log_in(), "POST", "/login", &[FORM], GOOD).await.status, 503);
    let broken = async |_: BasicCredentials| -> Result<Identity, VerifyError> { panic!("a bug") };
    let login = Login::new(&bank.scheme, broken).unwrap();
    assert_eq!(bank::ask(login.log_in(), "POST", "/login", &[FORM], GOOD).await.status, 500);
}

#[tokio::test]
async fn who_may_have_no_further_session_is_told_so() {
    let sessions = Sessions::builder(MemoryStore::new()).max_per_subject(1).refuse_newest().build().unwrap();
    let bank = bank_over(sessions, ManualClock::at(UnixTime::from_secs(0)), |login| login.remember_me());
    let shown = bank.log_in(&[FORM], GOOD).await.cookie();
    let answer = bank.log_in(&[FORM], GOOD).await;
    assert_eq!((answer.status.as_u16(), answer.json()["title"].as_str()), (403, Some("Too many sessions")));
    assert_eq!(answer.field("set-cookie"), None);
    assert_eq!(bank.log_in(&[FORM], "username=alice&password=wrong").await.status, 401, "others learn nothing");
    // Who shows the one that there is gets in.
    let again = bank.log_in(&[FORM, ("cookie", &shown)], GOOD).await;
    assert_eq!(again.status, 204);
    let longer = format!("{GOOD}&remember=on");
    assert_eq!(bank.log_in(&[FORM, ("cookie", &again.cookie())], &longer).await.status, 204);
    assert_eq!(bank.count("alice").await, 1);
}

#[tokio::test]
async fn a_page_of_the_application_is_shown_again_with_the_name_and_never_the_password() {
    let page = |rejection: &Rejection, head: &Parts| {
        let attempt = head.extensions.get::<LogInAttempt>();
        let (name, next) = attempt.map_or(("", None), |attempt| (attempt.username(), attempt.return_to()));
        let body = format!("{} {name} {next:?} {:?} {attempt:?}", rejection.title(), head.headers);
        Reply::new("text/html; charset=utf-8", body)
    };
    let bank = bank_with(|login| login.respond_with(page));
    let old = cookie(&bank.session_of("bob").await.unwrap());
    let body = "username=al%2Bice&password=hunter2&return_to=/orders";
    let answer = bank.log_in(&[FORM, BROWSER, ("cookie", &old)], body).await;
    assert_eq!((answer.status.as_u16(), answer.field("content-type")), (401, Some("text/html; charset=utf-8")));
    assert!(answer.body.starts_with(r#"Credentials not accepted al+ice Some("/orders")"#), "{}", answer.body);
    assert!(!answer.body.contains("hunter2") && !answer.body.contains(&old), "{}", answer.body);
    let elsewhere = bank.log_in(&[FORM], "username=a&password=b&return_to=//evil.example").await;
    assert!(elsewhere.body.contains(" a None "), "{}", elsewhere.body);
    let unread = bank.log_in(&[FORM], "username=a").await;
    assert!(unread.status == 400 && unread.body.starts_with("Log-in cannot be read "), "{}", unread.body);
}

#[tokio::test]
async fn the_challenges_of_other_schemes_stand_behind_the_sessions_own() {
    let nobody = async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    let bearer: Arc<dyn Scheme> = Arc::new(Bearer::new("bank", nobody));
    let basic = Basic::new("bank", bank().passwords);
    let bank = bank_with(|login| login.challenge_of(bearer).challenge_of(basic));
    let answer = bank.log_in(&[FORM], "username=alice&password=wrong").await;
    let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(
        challenges,
        [r#"Session realm="bank""#, r#"Bearer realm="bank""#, r#"Basic realm="bank", charset="UTF-8""#]
    );
}

#[tokio::test]
async fn a_header_for_another_scheme_is_not_the_credential_of_a_log_in() {
    let alice = ("authorization", "Basic YWxpY2U6d29uZGVybGFuZA==");
    assert_eq!(bank().log_in(&[FORM, alice], "username=bob&password=wrong").await.status, 401);
}

#[test]
fn every_fault_is_told_at_once() {
    let scheme = Session::new("b\u{e4}nk", Sessions::new(MemoryStore::new()));
    let nobody = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    let login = Login::builder(&scheme, nobody).home("home").after_log_out("//x").sessions_page("/a/../b");
    let error = login.build().unwrap_err();
    let settings: Vec<_> = error.faults().iter().map(|fault| fault.setting().to_owned()).collect();
    assert_eq!(settings[..3], ["home", "after_log_out", "sessions_page"]);
    assert_eq!(settings.len(), 4, "{error}");
}

#[test]
fn the_log_names_the_session_and_no_secret() {
    let log = Log::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shown = runtime.block_on(async {
        let bank = bank();
        let shown = bank.log_in(&[FORM], GOOD).await.cookie();
        bank.log_in(&[FORM], "username=hunter2&password=hunter2").await;
        bank.log_in(&[FORM], "username=hunter2").await;
        assert_eq!(bank.log_out(&[("cookie", &shown)]).await.status, 204);
        shown
    });
    let text = log.text();
    assert!(text.contains("logged in") && text.contains("logged out") && text.contains(r#"subject="alice""#), "{text}");
    let id = shown.strip_prefix("__Host-session=").unwrap();
    assert!(!text.contains("hunter2") && !text.contains("wonderland") && !text.contains(&id[..12]), "{text}");
}

/// A body without a length and without an end.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
    }
}

/// A body of which nothing comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// A body whose client hangs up.
struct Broken;

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("reset"))))
    }
}
