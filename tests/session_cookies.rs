//! What strangers put in the place of a session cookie, and where the id of a session is never seen.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod at_once;
    pub(crate) mod log;
    pub(crate) mod stack;
}

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::{HeaderValue, Request};
use portcullis::authenticate::Session;
use portcullis::credentials::SessionId;
use portcullis::identity::session::{MemoryStore, SessionStart, SessionTicket, Sessions};
use portcullis::{AuthenticateLayer, Identity};
use support::at_once::at_once;
use support::log::Log;
use support::stack::{Answer, get, send};

struct Shop {
    store: MemoryStore,
    sessions: Sessions,
    protected: AuthenticateLayer,
    optional: AuthenticateLayer,
}

impl Shop {
    fn open() -> Self {
        let store = MemoryStore::new();
        let sessions = Sessions::new(store.clone());
        let scheme = || Session::new("shop", sessions.clone());
        let protected = AuthenticateLayer::new(scheme()).unwrap();
        let optional = AuthenticateLayer::builder().scheme(scheme()).allow_anonymous().build().unwrap();
        Self { store, sessions, protected, optional }
    }

    fn log_in(&self, name: &str) -> SessionId {
        let user = Identity::assertion("staff", name).authenticated_now().build();
        at_once(self.sessions.create(&user, SessionStart::new())).unwrap().into_id()
    }

    /// What the protected route answers, and the optional one.
    async fn ask(&self, lines: &[Vec<u8>]) -> [Answer; 2] {
        let request = || {
            lines.iter().fold(Request::get("/").body(()).unwrap(), |mut request, line| {
                request.headers_mut().append("cookie", HeaderValue::from_bytes(line).unwrap());
                request
            })
        };
        [send(&self.protected, request()).await, send(&self.optional, request()).await]
    }
}

fn cookie(value: impl AsRef<[u8]>) -> Vec<u8> {
    [b"__Host-session=", value.as_ref()].concat()
}

fn text(id: &SessionId) -> String {
    id.encode().expose().clone()
}

/// S15
#[tokio::test]
async fn of_two_cookies_of_the_name_none_is_believed_in_whatever_order() {
    let shop = Shop::open();
    let (alice, bob) = (text(&shop.log_in("alice")), text(&shop.log_in("bob")));
    let (good, bad) = (cookie(&alice), cookie("A".repeat(43)));
    let pairs = [[&good, &bad], [&bad, &good], [&good, &cookie(&bob)], [&good, &good]];
    for pair in pairs {
        let on_one_line = vec![pair.map(Vec::as_slice).join(&b"; "[..])];
        let on_two_lines = pair.map(Clone::clone).to_vec();
        for lines in [on_one_line, on_two_lines] {
            for answer in shop.ask(&lines).await {
                assert_eq!(answer.status, 400, "{lines:?}");
                assert!(answer.seen.is_none() && answer.lines("set-cookie").is_empty());
            }
        }
    }
    let thirty = vec![[&good[..]; 30].join(&b"; "[..])];
    assert!(shop.ask(&thirty).await.iter().all(|answer| answer.status == 400));
    for (id, name) in [(&alice, "alice"), (&bob, "bob")] {
        let [answer, _] = shop.ask(&[cookie(id)]).await;
        assert_eq!(answer.identity().unwrap().subject(), name, "their sessions are as they were");
    }
}

/// S17
#[tokio::test]
async fn a_flood_of_cookies_is_one_walk_and_finds_what_is_there() {
    let shop = Shop::open();
    let alice = text(&shop.log_in("alice"));
    let many: Vec<_> = (0..5_000).map(|number| format!("c{number}=x").into_bytes()).collect();
    let mut line = many.join(&b"; "[..]);
    assert!(shop.ask(std::slice::from_ref(&line)).await[0].status == 401);
    line.extend_from_slice(b"; ");
    line.extend_from_slice(&cookie(&alice));
    let [answer, _] = shop.ask(&[line]).await;
    assert_eq!(answer.status, 200);
    // As long as servers let a field be, and pieces of a cookie that other libraries would put together.
    for value in ["x".repeat(60 * 1024), format!("{alice}{}", "A".repeat(60 * 1024))] {
        assert_eq!(shop.ask(&[cookie(value)]).await[0].status, 401);
    }
    let pieces =
        format!("__Host-session.0={}; __Host-session.1={}; __Host-session.n=99999999", &alice[..20], &alice[20..]);
    assert_eq!(shop.ask(&[pieces.into_bytes()]).await[0].status, 401);
}

/// S18
#[tokio::test]
async fn a_broken_cookie_opens_no_door() {
    let shop = Shop::open();
    let alice = text(&shop.log_in("alice"));
    let almost: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\"\"".to_vec(),
        b"garbage".to_vec(),
        b"\xff\xfe".to_vec(),
        b"\xc3\xa9".repeat(21),
        alice.as_bytes()[..42].to_vec(),
        format!("{alice}=").into_bytes(),
        format!("{alice}A").into_bytes(),
        alice.to_ascii_lowercase().into_bytes(),
        format!("v1.{alice}").into_bytes(),
        alice.replace(['-', '_'], "+").into_bytes(),
        BASE64_STANDARD.encode(&alice).into_bytes(),
    ];
    let bits = (0..256).map(|bit| {
        let mut bytes = *SessionId::parse(&alice).unwrap().expose();
        bytes[bit / 8] ^= 1 << (bit % 8);
        text(&SessionId::from_bytes(bytes)).into_bytes()
    });
    for value in almost.into_iter().chain(bits).filter(|value| value != alice.as_bytes()) {
        let [protected, optional] = shop.ask(&[cookie(&value)]).await;
        let shown = String::from_utf8_lossy(&value).into_owned();
        assert_eq!((protected.status.as_u16(), optional.status.as_u16()), (401, 200), "{shown}");
        assert!(protected.seen.is_none() && optional.identity().is_none(), "{shown}");
    }
    let [protected, optional] = shop.ask(&[b"__Host-session".to_vec()]).await;
    assert_eq!(protected.status, 401, "the mere name");
    assert!(optional.identity().is_none());
    assert_eq!(shop.ask(&[cookie(&alice)]).await[0].status, 200);
}

/// S19: nothing is read from a cookie but the name of a session, so there is no seal to forge
#[tokio::test]
async fn a_cookie_that_says_who_it_is_is_not_believed() {
    let shop = Shop::open();
    let claims = r#"{"v":1,"issuer":"staff","subject":"alice","created_at":1,"expires_at":9999999999999}"#;
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims);
    for value in [
        payload.clone(),
        format!("{payload}.{}", "A".repeat(43)),
        format!("s:{payload}.{}", "A".repeat(27)),
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        BASE64_STANDARD.encode(claims),
        claims.replace(['"', ','], ""),
    ] {
        let [protected, optional] = shop.ask(&[cookie(&value)]).await;
        assert_eq!(protected.status, 401, "{value}");
        assert!(optional.identity().is_none(), "{value}");
    }
    assert_eq!(shop.store.count(), 0);
}

/// S23: no token stands in for the proof of where a request comes from, so none can be stolen, kept or made up
#[tokio::test]
async fn no_token_takes_the_place_of_the_same_origin_proof() {
    let shop = Shop::open();
    let (alice, bob) = (text(&shop.log_in("alice")), text(&shop.log_in("bob")));
    for token in [&alice, &bob, "made-up"] {
        for field in ["x-csrf-token", "x-xsrf-token", "x-requested-with"] {
            let mut request = Request::post("/transfer").body(()).unwrap();
            let both = format!("__Host-session={alice}; csrf={token}; XSRF-TOKEN={token}");
            request.headers_mut().append("cookie", both.parse().unwrap());
            request.headers_mut().append(field, token.parse().unwrap());
            let answer = send(&shop.protected, request).await;
            assert_eq!(answer.status, 403, "{field}: {token}");
            assert!(answer.seen.is_none());
        }
    }
}

/// S03: as a page does that has two requests under way while one of them logs in anew
#[tokio::test]
async fn a_request_that_comes_late_with_the_old_id_does_not_take_the_new_cookie_away() {
    let shop = Shop::open();
    let old = shop.log_in("alice");
    let new = shop.sessions.rotate(&old).await.unwrap().unwrap();
    let [protected, optional] = shop.ask(&[cookie(text(&old))]).await;
    assert_eq!((protected.status.as_u16(), optional.status.as_u16()), (401, 200));
    assert!(optional.identity().is_none(), "the old id opens nothing");
    assert!(optional.lines("set-cookie").is_empty() && protected.lines("set-cookie").is_empty());
    assert_eq!(shop.ask(&[cookie(text(new.id()))]).await[1].status, 200);

    // What nobody has any use for is cleared, and no cache keeps that for somebody else.
    shop.sessions.end(new.id()).await.unwrap();
    let [_, optional] = shop.ask(&[cookie(text(new.id()))]).await;
    assert!(optional.lines("set-cookie")[0].starts_with("__Host-session=; Max-Age=0"));
    assert_eq!(optional.lines("cache-control"), ["no-store"]);
}

/// S13
#[tokio::test]
async fn the_id_of_a_session_is_in_no_event_no_answer_and_nothing_printed() {
    let log = Log::start();
    let shop = Shop::open();
    let mut printed = String::new();
    let user = Identity::assertion("staff", "alice").authenticated_now().build();
    let started = shop.sessions.create(&user, SessionStart::new().label("Firefox")).await.unwrap();
    printed += &format!("{started:?} {:?} {:?}", started.id(), SessionTicket::of(started.id()));
    let rotated = shop.sessions.rotate(started.id()).await.unwrap().unwrap();
    let gone = shop.log_in("alice");
    shop.sessions.end(&gone).await.unwrap();
    for id in [started.id(), rotated.id(), &gone] {
        let header = get([("authorization", format!("Session {}", text(id)))]);
        let mut answers: Vec<Answer> = shop.ask(&[cookie(text(id))]).await.into();
        answers.push(send(&shop.protected, header).await);
        for answer in answers {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            printed +=
                &format!("{} {:?} {body} {:?} {:?}", answer.status, answer.headers, answer.rejection, answer.seen);
        }
    }
    printed += &format!("{:?} {:?} {:?}", shop.sessions, shop.store, shop.sessions.list("staff", "alice").await);
    printed += &log.text();
    for id in [started.id(), rotated.id(), &gone] {
        let (text, secret) = (text(id), &id.expose()[..16]);
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{secret:?}");
        for leak in [&text, &text[..12], &hex, list.trim_matches(['[', ']'])] {
            assert!(!printed.contains(leak), "{leak} in {printed}");
        }
    }
    assert!(printed.contains(started.public_id()), "by its public name it is found in what was printed");
}
