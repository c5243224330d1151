//! Logging in: what a right password gets, what a wrong one does, and what others can make of it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod bank;
}

use portcullis::credentials::ClientAddress;
use support::bank::{self, BROWSER, FORM, GOOD, JSON, OURS, bank, bank_with, cookie};

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
    assert!(second.field("set-cookie").unwrap().contains("Max-Age=43140"), "its end stays");
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
