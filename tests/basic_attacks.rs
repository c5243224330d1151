//! What has brought down other log-ins by name and password, tried on a whole layer: what is answered, to whom, and what is
//! left behind. docs/conformance.md lists these attacks with all of their tests.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]
#![cfg(all(feature = "bcrypt", feature = "password", feature = "session", feature = "token", feature = "tracing"))]

mod support {
    pub(crate) mod at_once;
    pub(crate) mod log;
    pub(crate) mod stack;
}

use std::convert::Infallible;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use portcullis::authenticate::{Basic, Bearer, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, ClientAddress};
use portcullis::identity::password::{HashPool, PasswordVerifier, User, Users, hash_password};
use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
use portcullis::identity::throttle::Throttle;
use portcullis::identity::token::TokenVerifier;
use portcullis::{AuthenticateLayer, Identity, Verifier};
use support::at_once::at_once;
use support::log::Log;
use support::stack::{Answer, bare, get, send};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tower::{Layer, service_fn};

/// argon2id of `wonderland`, cheap on purpose.
const ALICE: &str = "$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

fn passwords() -> PasswordVerifier {
    only("alice", ALICE)
}

fn only(name: &str, hash: &str) -> PasswordVerifier {
    let mut users = Users::new();
    users.insert(name, User::new(hash).unwrap()).unwrap();
    PasswordVerifier::new("staff", users)
}

fn layer(verifier: impl Verifier<BasicCredentials>) -> AuthenticateLayer {
    AuthenticateLayer::builder().scheme(Basic::new("staff", verifier)).log_at_most(u32::MAX).build().unwrap()
}

fn encoded(name: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{name}:{password}"))
}

fn basic(name: &str, password: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", encoded(name, password)))
}

fn from(address: &str, line: (&'static str, String)) -> Request<()> {
    let mut request = get([line]);
    request.extensions_mut().insert(ClientAddress::new(address.parse().unwrap()));
    request
}

/// A server of hyper for HTTP/1.1 and HTTP/2 at the other end of a pipe. It says who it takes the client for, after having
/// read the whole body, trailers included.
fn server(layer: &AuthenticateLayer) -> DuplexStream {
    let service = layer.layer(service_fn(async |request: Request<hyper::body::Incoming>| {
        let subject = request.extensions().get::<Identity>().map(|identity| identity.subject().to_owned());
        request.into_body().collect().await.unwrap();
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("you are {subject:?}"))))
    }));
    let (client, server) = duplex(64 * 1024);
    tokio::spawn(async move {
        let service = TowerToHyperService::new(service);
        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(server), service).await.ok();
    });
    client
}

/// All of an HTTP/1.1 answer, which ends the connection.
async fn exchange(layer: &AuthenticateLayer, request: &str) -> String {
    let mut pipe = server(layer);
    pipe.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).await.unwrap();
    answer
}

/// B01, BASIC-16: known and unknown names take equally long, whatever the password and the hashes; that the work is the same is
/// asserted where the work is done
#[tokio::test]
async fn a_name_that_exists_takes_as_long_as_one_that_does_not() {
    // argon2id with a mebibyte, and bcrypt of cost 4: enough to be most of what is measured.
    let argon2 = "$argon2id$v=19$m=1024,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe";
    for hashes in [[argon2; 5], [bcrypt, bcrypt, argon2, bcrypt, bcrypt]] {
        let mut users = Users::new();
        for (number, hash) in hashes.iter().cycle().take(50).enumerate() {
            // Everybody has a salt of their own: users with the same hash would count as one, to whoever stands in for nobody.
            let hash = hash.replace("YWxpY2Ug", &format!("YW{number:02}Y2Ug"));
            let hash = hash.replace("abcdefgh", &format!("ab{number:02}efgh"));
            users.insert(&format!("user {number}"), User::new(&hash).unwrap()).unwrap();
        }
        let layer = layer(PasswordVerifier::new("staff", users));
        for length in [1, 73, 1024] {
            // The machine is not ours alone: a difference that is real is there each time, and one that is not goes away.
            let mut difference = None;
            for _ in 0..5 {
                difference = told_apart(&layer, length).await;
                if difference.is_none() {
                    break;
                }
            }
            assert_eq!(difference, None, "passwords of {length} bytes, {hashes:?}");
        }
    }
}

/// The medians of 300 tries for known names, unknown ones, and the known ones again, if the unknown ones stand out.
async fn told_apart(layer: &AuthenticateLayer, length: usize) -> Option<[Duration; 3]> {
    let mut times: [Vec<Duration>; 3] = Default::default();
    for number in 0..300 {
        let password = format!("{number:>length$}");
        let (known, unknown) = (format!("user {}", number % 50), format!("nobody {number}"));
        for (name, times) in [&known, &unknown, &known].into_iter().zip(&mut times) {
            let (answer, took) = timed(layer, name, &password[..length]).await;
            answer.assert_refused(401, "invalid", &[("Basic", None)]);
            times.push(took);
        }
    }
    let medians @ [known, unknown, again] = times.map(median);
    // As much as the same names differ from themselves, others may too.
    let noise = known.abs_diff(again) * 2;
    (known.abs_diff(unknown) > noise.max(known / 20)).then_some(medians)
}

#[expect(clippy::disallowed_methods, reason = "this measures")]
async fn timed(layer: &AuthenticateLayer, name: &str, password: &str) -> (Answer, Duration) {
    let request = get([basic(name, password)]);
    let start = Instant::now();
    let answer = send(layer, request).await;
    (answer, start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// B05: two hundred guesses at once wait for a pool that does not move; nobody else waits for them
#[tokio::test]
async fn while_two_hundred_guess_whoever_needs_no_hash_is_answered() {
    let pool = HashPool::builder().queue(8).deadline(Duration::from_secs(60)).build().unwrap();
    let (release, wait) = mpsc::channel::<()>();
    let (started, running) = tokio::sync::oneshot::channel();
    let held = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.run(move || {
                started.send(()).unwrap();
                wait.recv().unwrap();
            })
            .await
        }
    });
    running.await.unwrap();

    let staff = layer(passwords().pool(pool));
    let guesses: Vec<_> = (0..200)
        .map(|number| {
            let staff = staff.clone();
            tokio::spawn(async move { send(&staff, get([basic("alice", &format!("guess {number}"))])).await })
        })
        .collect();
    while guesses.iter().filter(|guess| guess.is_finished()).count() < 192 {
        tokio::task::yield_now().await;
    }

    let tokens = TokenVerifier::new();
    tokens.insert("kJ3vX9qLw2rT8mZs5bYc", Identity::assertion("orders", "ci").build()).unwrap();
    let orders = AuthenticateLayer::new(Bearer::new("orders", tokens)).unwrap();
    send(&orders, get([support::stack::bearer("kJ3vX9qLw2rT8mZs5bYc")])).await.assert_accepted("ci");
    send(&staff, bare()).await.assert_refused(401, "missing", &[("Basic", None)]);
    // What could not be a password is not even in the queue.
    let huge = send(&staff, get([basic("alice", &"x".repeat(1 << 20))])).await;
    huge.assert_refused(401, "malformed", &[("Basic", None)]);
    assert_eq!(guesses.iter().filter(|guess| guess.is_finished()).count(), 192, "and the others still wait");

    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    let mut refused = [0, 0];
    for guess in guesses {
        let answer = guess.await.unwrap();
        if answer.status == 503 {
            answer.assert_refused(503, "unavailable", &[]);
            assert_eq!(answer.lines("retry-after"), ["60"]);
            refused[0] += 1;
        } else {
            answer.assert_refused(401, "invalid", &[("Basic", None)]);
            refused[1] += 1;
        }
    }
    assert_eq!(refused, [192, 8]);
    send(&staff, get([basic("alice", "wonderland")])).await.assert_accepted("alice");
}

/// B04, B09: every byte of a password counts, colons and what stands behind the 72nd
#[tokio::test]
async fn a_password_is_taken_whole() {
    let colons = layer(only("alice", &hash_password("a:b:c").unwrap()));
    send(&colons, get([basic("alice", "a:b:c")])).await.assert_accepted("alice");
    // The first colon splits, so nobody is ever called `alice:a`.
    send(&colons, get([basic("alice:a", "b:c")])).await.assert_accepted("alice");
    for other in ["a", "a:b", "b:c", ":b:c", "a:b:c:"] {
        let answer = send(&colons, get([basic("alice", other)])).await;
        answer.assert_refused(401, "invalid", &[("Basic", None)]);
    }

    let password = format!("{}A", "a".repeat(72));
    let long = layer(only("alice", &hash_password(&password).unwrap()));
    send(&long, get([basic("alice", &password)])).await.assert_accepted("alice");
    for other in [&password[..72], &format!("{}B", &password[..72]), &format!("{password}A")] {
        let answer = send(&long, get([basic("alice", other)])).await;
        answer.assert_refused(401, "invalid", &[("Basic", None)]);
    }

    // bcrypt reads 72 bytes: another program would have made this hash, which is of 72 times `a`, of longer passwords too.
    let bcrypt = layer(only("alice", "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe"));
    send(&bcrypt, get([basic("alice", &"a".repeat(72))])).await.assert_accepted("alice");
    for (tail, code) in [("A", "invalid"), ("B", "invalid"), ("\0", "malformed"), ("\0x", "malformed")] {
        let answer = send(&bcrypt, get([basic("alice", &format!("{}{tail}", "a".repeat(72)))])).await;
        answer.assert_refused(401, code, &[("Basic", None)]);
    }
}

/// B11: control characters make no second line anywhere, and nothing is kept of what brought them
#[tokio::test]
async fn control_characters_reach_no_log_no_header_and_no_count() {
    let throttle = Throttle::default();
    let layer = layer(throttle.around(passwords()));
    let log = Log::start();
    let mut refused = 0;
    for control in ["\r\n", "\n", "\0", "\u{1b}[2J", "\u{7f}", "\u{9b}2J", "\t"] {
        let forged = format!("{control}X-Role: zebra\r\nINFO role=zebra");
        for (name, password) in [
            (format!("alice{forged}"), "wonderland".to_owned()),
            ("alice".to_owned(), format!("wonderland{forged}")),
            (format!("{control}alice"), format!("{control}wonderland")),
        ] {
            let answer = send(&layer, get([basic(&name, &password)])).await;
            answer.assert_refused(401, "malformed", &[("Basic", None)]);
            let text = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
            assert!(!text.contains("zebra") && !text.contains("x-role"), "{text}");
            refused += 1;
        }
    }
    let log = log.text();
    assert_eq!(log.lines().filter(|line| line.contains(": refused ")).count(), refused, "{log}");
    assert!(!log.contains("zebra") && !log.contains("wonderland"), "{log}");
    assert!(!log.bytes().any(|byte| byte < b' ' && byte != b'\n' || byte == 0x7f), "{log:?}");
    assert!(format!("{throttle:?}").contains("accounts: 0"), "{throttle:?}");
}

/// B14: one verdict on each spelling, over HTTP/1.1 and HTTP/2
#[tokio::test]
async fn a_spelling_of_the_scheme_gets_one_verdict_over_either_protocol() {
    let layer = layer(passwords());
    let credentials = encoded("alice", "wonderland");
    for (before, status) in [
        (&b"Basic "[..], 200),
        (b"basic ", 200),
        (b"BASIC ", 200),
        (b"bAsIc ", 200),
        (b"Basic  ", 200),
        (b"Basic          ", 200),
        (b"Basic\t", 401),
        (b"Basic \t", 401),
        (b"Basic", 401),
        (b"Basic:", 401),
        (b"Basic: ", 401),
        (b"Basic\xa0", 401),
        (b"Basic\xc2\xa0", 401),
        (b"Basic,", 401),
        (b"\"Basic\" ", 401),
        (b"Basics ", 401),
    ] {
        let value = [before, credentials.as_bytes()].concat();
        let answer = send(&layer, get([("authorization", value.clone())])).await;
        assert_eq!(
            (answer.status.as_u16(), answer.seen.is_some()),
            (status, status == 200),
            "{}",
            value.escape_ascii()
        );

        let request = || {
            let request = Request::get("http://staff.example/").header("authorization", value.as_slice());
            request.body(Empty::<Bytes>::new()).unwrap()
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(server(&layer))).await.unwrap();
        tokio::spawn(connection);
        let over_1 = sender.send_request(request()).await.unwrap();
        let io = TokioIo::new(server(&layer));
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let over_2 = sender.send_request(request()).await.unwrap();
        for response in [over_1, over_2] {
            assert_eq!(response.status(), status, "{:?} {}", response.version(), value.escape_ascii());
            assert_eq!(challenges(response.headers()), challenges(&answer.headers), "{:?}", response.version());
        }
    }
}

fn challenges(headers: &HeaderMap) -> Vec<&[u8]> {
    headers.get_all("www-authenticate").iter().map(http::HeaderValue::as_bytes).collect()
}

/// B15: after the head it is too late, and the address is no place for credentials
#[tokio::test]
async fn credentials_in_a_trailer_a_form_or_the_address_count_for_nothing() {
    let layer = layer(passwords());
    let value = encoded("alice", "wonderland");
    let form = format!("username=alice&password=wonderland&authorization=Basic+{value}");
    let length = form.len();
    let log = Log::start();
    for rest in [
        format!(
            "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n\
             1\r\nx\r\n0\r\nAuthorization: Basic {value}\r\n\r\n"
        ),
        format!("GET /?authorization=Basic%20{value}&access_token={value} HTTP/1.1\r\nHost: s\r\n\r\n"),
        format!("GET http://alice:wonderland@s/ HTTP/1.1\r\nHost: s\r\nProxy-Authorization: Basic {value}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: s\r\nCookie: Authorization=Basic {value}\r\n\r\n"),
        format!(
            "POST / HTTP/1.1\r\nHost: s\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        ),
    ] {
        let answer = exchange(&layer, &rest.replacen("Host: s", "Host: s\r\nConnection: close", 1)).await;
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("\"code\":\"missing\""), "{rest}\n{answer}");
    }
    let log = log.text();
    assert!(!log.contains(&value) && !log.contains("wonderland"), "{log}");
}

/// What servers in front are said to write, in spellings that some reader folds into one.
const IDENTITY_HEADERS: [&str; 8] = [
    "X-Forwarded-User",
    "X_Forwarded_User",
    "x-auth-user",
    "X-Auth_User",
    "Remote-User",
    "REMOTE_USER",
    "X-Remote-User",
    "X-Authenticated-Role",
];

/// B18: who somebody is stands in no header, neither on the way in nor on the way to the inner service
#[tokio::test]
async fn no_header_makes_anybody_somebody_else() {
    let required = layer(passwords());
    let optional =
        AuthenticateLayer::builder().scheme(Basic::new("staff", passwords())).allow_anonymous().build().unwrap();
    for name in IDENTITY_HEADERS {
        let claim = (name, "root".to_owned());
        let answer = send(&required, get([claim.clone()])).await;
        answer.assert_refused(401, "missing", &[("Basic", None)]);
        send(&optional, get([claim.clone()])).await.assert_anonymous();
        for layer in [&required, &optional] {
            let answer = send(layer, get([claim.clone(), basic("alice", "guess")])).await;
            answer.assert_refused(401, "invalid", &[("Basic", None)]);
            let answer = send(layer, get([claim.clone(), basic("alice", "wonderland")])).await;
            answer.assert_accepted("alice");
            assert!(answer.identity().unwrap().roles().is_empty());
            let seen = answer.seen.unwrap().headers;
            assert_eq!(seen.len(), 2, "the layer writes none of its own: {seen:?}");
        }
    }
}

/// B19: what `Connection` says of other fields takes nothing from a request and gives it nothing
#[tokio::test]
async fn a_connection_header_neither_takes_an_identity_away_nor_gives_one() {
    let layer = layer(passwords());
    let right = format!("Authorization: Basic {}\r\n", encoded("alice", "wonderland"));
    let wrong = format!("Authorization: Basic {}\r\n", encoded("alice", "guess"));
    for connection in [
        "Connection: close, authorization, x-auth-user",
        "connection: close, Authorization, X-Auth-User",
        "Connection: close\r\nConnection: authorization, identity",
        "Connection: close, connection, host",
        "Connection: close\r\nTE: trailers, authorization",
    ] {
        for (credentials, expected) in [
            (&*right, "200 OK"),
            (&wrong, "401 Unauthorized"),
            ("", "401 Unauthorized"),
            ("X-Auth-User: alice\r\n", "401 Unauthorized"),
        ] {
            for request in [format!("{connection}\r\n{credentials}"), format!("{credentials}{connection}\r\n")] {
                let answer = exchange(&layer, &format!("GET / HTTP/1.1\r\nHost: s\r\n{request}\r\n")).await;
                assert!(answer.starts_with(&format!("HTTP/1.1 {expected}\r\n")), "{request}\n{answer}");
                assert_eq!(answer.ends_with("you are Some(\"alice\")"), expected == "200 OK", "{request}\n{answer}");
            }
        }
    }
}

/// B22: an attack on her name costs the owner neither her session nor, for good, her log-in
#[tokio::test]
async fn a_thousand_guesses_at_a_name_leave_its_owner_her_session() {
    let clock = ManualClock::at(UnixTime::from_secs(1_000));
    let throttle = Throttle::builder().clock(clock.clone()).build().unwrap();
    let sessions = Sessions::builder(MemoryStore::new()).clock(clock.clone()).build().unwrap();
    let alice = Identity::assertion("staff", "alice").authenticated_now().build();
    let session = at_once(sessions.create(&alice, SessionStart::new())).unwrap();
    let cookie = ("cookie", format!("__Host-session={}", session.id().encode().expose()));
    let layer = AuthenticateLayer::builder()
        .scheme(Basic::new("staff", throttle.around(passwords())))
        .scheme(Session::new("staff", sessions))
        .build()
        .unwrap();

    for number in 0..1_000 {
        let answer = send(&layer, from("198.51.100.66", basic("alice", &format!("guess {number}")))).await;
        let (status, code) = if number < 10 { (401, "invalid") } else { (429, "throttled") };
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (status, Some(code)), "{number}");
    }
    send(&layer, from("192.0.2.1", cookie)).await.assert_accepted("alice");
    let log_in = async |password| send(&layer, from("192.0.2.1", basic("alice", password))).await;
    let (right, wrong) = (log_in("wonderland").await, log_in("wonderlane").await);
    for answer in [&right, &wrong] {
        answer.assert_refused(429, "throttled", &[]);
        assert!(answer.lines("set-cookie").is_empty());
    }
    assert_eq!(right.headers, wrong.headers, "right and wrong look alike");
    let wait: u64 = right.lines("retry-after")[0].parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    clock.advance(Duration::from_secs(wait));
    log_in("wonderland").await.assert_accepted("alice");
}
