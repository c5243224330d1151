//! RFC 7616, HTTP Digest Access Authentication, sentence by sentence.

#![cfg(feature = "digest")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use http::{HeaderValue, Request};
use http_auth::{DigestClient, PasswordParams};
use portcullis::authenticate::{Basic, Digest};
use portcullis::clock::{Clock, ManualClock, UnixTime};
use portcullis::credentials::{Authorization, BasicCredentials, DigestAlgorithm, DigestCredentials, DigestName};
use portcullis::identity::digest_access::{DigestQuery, DigestStore, DigestUser, DigestUsers, Ha1};
use portcullis::{AuthenticateLayer, Identity, Reason, Secret, VerifyError};
use support::digest::{Login, sha256};
use support::stack::{Answer, Parsed, bare, get, send};

mod support {
    pub(crate) mod digest;
    pub(crate) mod stack;
}

const REALM: &str = "intranet";

fn users() -> DigestUsers {
    let mut users = DigestUsers::new(REALM);
    users.insert("Mufasa", "Circle of Life").unwrap();
    users.insert("Jäsøn Doe", "Secret, or not?").unwrap();
    users
}

fn digest() -> Digest<DigestUsers> {
    Digest::new(REALM, users())
}

fn layer() -> AuthenticateLayer {
    AuthenticateLayer::new(digest()).unwrap()
}

async fn challenge(layer: &AuthenticateLayer) -> Parsed {
    send(layer, bare()).await.challenges().remove(0)
}

/// Mufasa, who has a nonce of his own.
async fn login(layer: &AuthenticateLayer) -> Login {
    Login::answering(&challenge(layer).await, "Mufasa", "Circle of Life")
}

fn cause(answer: &Answer) -> &'static str {
    answer.rejection.as_ref().unwrap().cause().unwrap()
}

/// 401 with a new challenge that does not say that the nonce was at fault.
#[track_caller]
fn assert_refused(answer: &Answer, because: &str) {
    answer.assert_refused(401, "invalid", &[("Digest", None)]);
    assert_eq!(answer.challenges()[0].get("stale"), None);
    assert_eq!(cause(answer), because);
}

/// 400 without a challenge: nobody is asked for a password because of it.
#[track_caller]
fn assert_unreadable(answer: &Answer) {
    answer.assert_refused(400, "malformed", &[]);
}

/// DIGEST-1, DIGEST-2, DIGEST-3, DIGEST-4, DIGEST-28
#[tokio::test]
async fn the_challenge_quotes_what_must_be_quoted_and_nothing_else() {
    let answer = send(&layer(), bare()).await;
    answer.assert_refused(401, "missing", &[("Digest", None)]);
    let line = answer.lines("www-authenticate")[0];
    let nonce = answer.challenges()[0].get("nonce").unwrap().to_owned();
    let opaque = answer.challenges()[0].get("opaque").unwrap().to_owned();
    assert_eq!(
        line,
        format!(
            "Digest realm=\"intranet\", qop=\"auth\", algorithm=SHA-256, nonce=\"{nonce}\", opaque=\"{opaque}\", \
             charset=UTF-8"
        )
    );
}

/// DIGEST-2, DIGEST-11, DIGEST-12
#[tokio::test]
async fn an_old_nonce_is_called_stale_only_where_the_response_is_right() {
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let layer = AuthenticateLayer::new(digest().clock(clock.clone()).nonce_lifetime(Duration::from_secs(60))).unwrap();
    let login = login(&layer).await;
    clock.advance(Duration::from_secs(60));
    send(&layer, login.request()).await.assert_accepted("Mufasa");

    clock.advance(Duration::from_secs(1));
    let wrong = Login { password: String::from("circle of life"), ..login.next() };
    assert_refused(&send(&layer, wrong.request()).await, "the response is wrong");
    let answer = send(&layer, login.next().request()).await;
    answer.assert_refused(401, "expired", &[("Digest", None)]);
    assert!(answer.lines("www-authenticate")[0].ends_with(", stale=true"));

    let again = Login::answering(&answer.challenges()[0], "Mufasa", "Circle of Life");
    assert_ne!(again.nonce, login.nonce);
    send(&layer, again.request()).await.assert_accepted("Mufasa");
}

/// DIGEST-3: the form of RFC 2069 has to be allowed by name
#[tokio::test]
async fn credentials_without_qop_are_refused_unless_allowed() {
    for (scheme, allowed) in [(digest(), false), (digest().allow_rfc2069(), true)] {
        let layer = AuthenticateLayer::new(scheme).unwrap();
        let login = login(&layer).await;
        let response = format!("\"{}\"", login.response_without_qop());
        let without = [("response", &*response), ("qop", ""), ("nc", ""), ("cnonce", "")];
        let answer = send(&layer, login.request_with(&without)).await;
        if allowed {
            answer.assert_accepted("Mufasa");
            // What RFC 7616 wants in the field needs a count.
            assert!(answer.lines("authentication-info").is_empty());
        } else {
            assert_refused(&answer, "there is no qop: the form of RFC 2069 is not allowed");
        }
    }
}

/// DIGEST-4: MD5 is off unless asked for, twice
#[test]
fn md5_needs_to_be_allowed_by_name() {
    let md5 = || digest().algorithms([DigestAlgorithm::Md5]);
    let error = AuthenticateLayer::new(md5()).unwrap_err();
    assert_eq!(error.to_string(), "algorithms: has MD5, which is broken; leave it out, or call `allow_md5`");
    AuthenticateLayer::new(md5().allow_md5()).unwrap();
}

#[test]
fn every_fault_is_found_when_the_layer_is_built() {
    let short = Secret::new(vec![7; 31]);
    let twice = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha256];
    let scheme = digest().algorithms(twice).key(&short).nonce_lifetime(Duration::ZERO).nonces_in_use(0);
    let error = AuthenticateLayer::new(scheme).unwrap_err();
    let settings: Vec<_> = error.faults().iter().map(|fault| fault.setting().to_owned()).collect();
    assert_eq!(settings, ["algorithms", "key", "nonce_lifetime", "nonces_in_use"]);
    assert!(AuthenticateLayer::new(digest().algorithms([])).unwrap_err().to_string().contains("at least SHA-256"));
    assert!(AuthenticateLayer::new(Digest::new("a\nb", users())).is_err());
}

/// DIGEST-5, HTTP-15: most preferred first, each on a line of its own
#[tokio::test]
async fn each_algorithm_has_a_challenge_of_its_own_in_the_configured_order() {
    let scheme =
        digest().algorithms([DigestAlgorithm::Sha512_256, DigestAlgorithm::Sha256, DigestAlgorithm::Md5]).allow_md5();
    let passwords = async |_: BasicCredentials| Err::<Identity, _>(VerifyError::invalid());
    let layer = AuthenticateLayer::builder().scheme(scheme).scheme(Basic::new(REALM, passwords)).build().unwrap();
    let challenges = send(&layer, bare()).await.challenges();
    let algorithms: Vec<_> = challenges.iter().map(|one| one.get("algorithm")).collect();
    assert_eq!(algorithms, [Some("SHA-512-256"), Some("SHA-256"), Some("MD5"), None]);
    assert_eq!(challenges[3].scheme, "Basic");

    // Every one of them lets in, by a client that is not ours.
    for (line, algorithm) in
        send(&layer, bare()).await.lines("www-authenticate").into_iter().zip(["SHA-512-256", "SHA-256", "MD5"])
    {
        let parsed = http_auth::parse_challenges(line).unwrap().remove(0);
        let mut client = DigestClient::try_from(&parsed).unwrap();
        for _ in 0..2 {
            let parameters = PasswordParams {
                username: "Mufasa",
                password: "Circle of Life",
                uri: "/dir?x=1",
                method: "PUT",
                body: None,
            };
            let field = client.respond(&parameters).unwrap();
            assert!(field.contains(algorithm), "{field}");
            let request = Request::put("/dir?x=1").header("authorization", field).body(()).unwrap();
            send(&layer, request).await.assert_accepted("Mufasa");
        }
    }
}

/// DIGEST-6
#[tokio::test]
async fn one_wrong_digit_is_wrong() {
    let layer = layer();
    let login = login(&layer).await;
    let right = login.response("GET");
    let first = if right.starts_with('0') { "1" } else { "0" };
    for wrong in [format!("{first}{}", &right[1..]), right[1..].to_owned(), format!("{right}0"), right.to_uppercase()] {
        let answer = send(&layer, login.request_with(&[("response", &format!("\"{wrong}\""))])).await;
        assert_refused(&answer, "the response is wrong");
    }
    let mut other_method = login.request();
    *other_method.method_mut() = http::Method::DELETE;
    assert_refused(&send(&layer, other_method).await, "the response is wrong");
    send(&layer, login.request()).await.assert_accepted("Mufasa");
}

/// DIGEST-7, DIGEST-22: session variants are not offered
#[tokio::test]
async fn the_algorithm_is_one_that_was_offered_and_md5_where_none_is_named() {
    let layer = layer();
    for algorithm in ["MD5", "", "SHA-512-256", "SHA-256-sess", "SHA-1", "\"\""] {
        let login = login(&layer).await;
        let answer = send(&layer, login.request_with(&[("algorithm", algorithm)])).await;
        assert_refused(&answer, "the algorithm was not offered");
    }
}

/// DIGEST-8, DIGEST-9
#[tokio::test]
async fn the_uri_names_what_the_request_asks_for_with_its_query() {
    let layer = layer();
    for (signed, asked) in
        [("/a", "/b"), ("/a?x=1", "/a?x=2"), ("/a?x=1", "/a"), ("/a", "/a?"), ("/a", "/%61"), ("", "/")]
    {
        let login = Login { uri: signed.to_owned(), ..login(&layer).await };
        let mut request = Request::get(asked).body(()).unwrap();
        request.headers_mut().insert("authorization", HeaderValue::try_from(login.field()).unwrap());
        let answer = send(&layer, request).await;
        assert_unreadable(&answer);
        assert_eq!(cause(&answer), "uri names another target than the request", "{signed} {asked}");
    }
    for (signed, asked, host) in [
        ("/a?x=1", "/a?x=1", "api.example"),
        ("/a?x=1", "http://api.example/a?x=1", "api.example"),
        ("http://api.example/a", "/a", "api.example"),
        ("http://API.example/a", "http://api.example/a", "else.example"),
        ("/", "http://api.example", "api.example"),
        ("*", "*", "api.example"),
    ] {
        let login = Login { uri: signed.to_owned(), ..login(&layer).await };
        let mut request = Request::get(asked).header("host", host).body(()).unwrap();
        request.headers_mut().insert("authorization", HeaderValue::try_from(login.field()).unwrap());
        send(&layer, request).await.assert_accepted("Mufasa");
    }
    for foreign in
        ["http://else.example/a", "http://api.example/a#b", "/a#b", "http://u@api.example/a", "//api.example/a"]
    {
        let login = Login { uri: foreign.to_owned(), ..login(&layer).await };
        let mut request = Request::get("/a").header("host", "api.example").body(()).unwrap();
        request.headers_mut().insert("authorization", HeaderValue::try_from(login.field()).unwrap());
        assert_unreadable(&send(&layer, request).await);
    }
}

/// DIGEST-10
#[tokio::test]
async fn every_challenge_has_a_new_nonce() {
    let layer = layer();
    let (one, other) = (challenge(&layer).await, challenge(&layer).await);
    assert_ne!(one.get("nonce"), other.get("nonce"));
    assert_eq!(one.get("opaque"), other.get("opaque"));
}

/// DIGEST-13, DIGEST-20, DIGEST-21, DIGEST-17, DIGEST-18
#[tokio::test]
async fn what_breaks_the_grammar_is_a_bad_request() {
    let layer = layer();
    let long = format!("\"{}\"", "x".repeat(257));
    for changes in [
        &[("nc", "1")][..],
        &[("nc", "000000001")],
        &[("nc", "0000000g")],
        &[("nc", "")],
        &[("nc", "+0000001")],
        &[("cnonce", "")],
        &[("userhash", "maybe")],
        &[("username*", "UTF-8''Mufasa")],
        &[("username", ""), ("username*", "ISO-8859-1''Mufasa")],
        &[("username", ""), ("username*", "UTF-8''%4")],
        &[("username", ""), ("username*", "UTF-8''%ff")],
        &[("username", ""), ("username*", "UTF-8''Mufasa"), ("userhash", "true")],
        &[("username", "")],
        &[("username", "\"\"")],
        &[("username", &long)],
        &[("username", ""), ("username*", "UTF-8''Muf%00asa")],
        &[("realm", "")],
        &[("nonce", "")],
        &[("uri", "")],
        &[("response", "")],
        &[("Realm", "\"intranet\"")],
        &[("cnonce", &long)],
        &[("nonce", &long)],
        &[("opaque", &long)],
        &[("nonce", "\"open")],
    ] {
        let answer = send(&layer, login(&layer).await.request_with(changes)).await;
        assert_unreadable(&answer);
    }
    for field in ["Digest", "Digest x", "Digest dG9rZW42OA==", "Digest ,", "Digest username=\"a\" realm=\"b\""] {
        assert_unreadable(&send(&layer, get([("authorization", field)])).await);
    }
    let login = login(&layer).await;
    send(&layer, get([("authorization", login.field()), ("authorization", login.field())])).await.assert_refused(
        400,
        "ambiguous",
        &[],
    );
}

/// DIGEST-14, and a replay that arrives beside the request
#[tokio::test]
async fn a_request_that_is_sent_again_is_refused() {
    let layer = layer();
    let login = login(&layer).await;
    send(&layer, login.request()).await.assert_accepted("Mufasa");
    assert_refused(&send(&layer, login.request()).await, "the request was sent before");

    let next = login.next();
    let accepted = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (layer, next, accepted) = (layer.clone(), next.clone(), Arc::clone(&accepted));
            tokio::spawn(async move {
                if send(&layer, next.request()).await.status == 200 {
                    *accepted.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*accepted.lock().unwrap(), 1);
}

/// DIGEST-15
#[tokio::test]
async fn requests_under_one_nonce_may_overtake_each_other() {
    let layer = layer();
    let login = login(&layer).await;
    for count in [1, 3, 2, 100, 50] {
        send(&layer, Login { count, ..login.clone() }.request()).await.assert_accepted("Mufasa");
    }
    for count in [3, 50, 100] {
        let again = send(&layer, Login { count, ..login.clone() }.request()).await;
        assert_refused(&again, "the request was sent before");
    }
}

/// DIGEST-16: 100 000 random nonces leave nothing behind
#[test]
fn nonces_that_are_not_ours_are_refused_and_nothing_is_kept_of_them() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let layer = layer();
        let login = login(&layer).await;
        for nonce in [
            "",
            "x",
            &login.nonce[1..],
            &format!("{}A", login.nonce),
            &"A".repeat(43),
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        ] {
            let forged = Login { nonce: nonce.to_owned(), ..login.clone() };
            assert_refused(&send(&layer, forged.request()).await, "the nonce is not ours");
        }
        let elsewhere = challenge(&self::layer()).await;
        let foreign = Login { nonce: elsewhere.get("nonce").unwrap().to_owned(), ..login.clone() };
        assert_refused(&send(&layer, foreign.request()).await, "the nonce is not ours");
    });
    let layer = layer();
    let login = runtime.block_on(login(&layer));
    let flood = |from: u32, to: u32| {
        for number in from..to {
            let forged = Login { nonce: sha256(&number.to_string())[..43].to_owned(), ..login.clone() };
            assert_eq!(runtime.block_on(send(&layer, forged.request())).status, 401);
        }
    };
    flood(0, 1_000);
    let flooded = allocation_counter::measure(|| flood(1_000, 100_000));
    assert!(flooded.bytes_current.abs() < 4096, "{flooded:?}");
}

/// The bound on what is kept for those who did log in
#[test]
fn nonces_that_were_used_are_remembered_up_to_a_bound() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let layer = AuthenticateLayer::new(digest().nonces_in_use(64).clock(clock.clone())).unwrap();
    let use_up = |count: u32| {
        for _ in 0..count {
            let login = runtime.block_on(login(&layer));
            assert_eq!(runtime.block_on(send(&layer, login.request())).status, 200);
            clock.advance(Duration::from_secs(1));
        }
    };
    let oldest = runtime.block_on(login(&layer));
    runtime.block_on(send(&layer, oldest.request())).assert_accepted("Mufasa");
    use_up(128);
    let used = allocation_counter::measure(|| use_up(2_000));
    assert!(used.bytes_current.abs() < 16 * 1024, "{used:?}");
    // What was pushed out is too old, be it new or a replay.
    for login in [oldest.next(), oldest] {
        assert_eq!(runtime.block_on(send(&layer, login.request())).status, 401);
    }
}

/// DIGEST-18, DIGEST-28, RFC 7616 section 3.9.2
#[tokio::test]
async fn names_beyond_ascii_come_encoded_or_as_utf_8() {
    let layer = layer();
    let login = Login::answering(&challenge(&layer).await, "Jäsøn Doe", "Secret, or not?");
    let encoded = [("username", ""), ("username*", "UTF-8''J%C3%A4s%C3%B8n%20Doe")];
    send(&layer, login.request_with(&encoded)).await.assert_accepted("Jäsøn Doe");
    send(&layer, login.next().request()).await.assert_accepted("Jäsøn Doe");
    let encoded = [("username", ""), ("username*", "utf-8''J%c3%a4s%c3%b8n%20Doe"), ("userhash", "false")];
    send(&layer, login.next().next().request_with(&encoded)).await.assert_accepted("Jäsøn Doe");
}

/// DIGEST-19
#[tokio::test]
async fn a_hashed_name_is_found_where_it_was_offered() {
    let hashed = format!("\"{}\"", sha256("Mufasa:intranet"));
    for (scheme, offered) in [(digest(), false), (digest().userhash(true), true)] {
        let layer = AuthenticateLayer::new(scheme).unwrap();
        let challenge = challenge(&layer).await;
        assert_eq!(challenge.get("userhash"), offered.then_some("true"));
        let login = Login::answering(&challenge, "Mufasa", "Circle of Life");
        let answer = send(&layer, login.request_with(&[("username", &hashed), ("userhash", "true")])).await;
        if offered {
            answer.assert_accepted("Mufasa");
            send(&layer, login.next().request()).await.assert_accepted("Mufasa");
            let unknown = format!("\"{}\"", sha256("Simba:intranet"));
            let login = login.next().next();
            let answer = send(&layer, login.request_with(&[("username", &unknown), ("userhash", "true")])).await;
            assert_refused(&answer, "no such user");
        } else {
            assert_refused(&answer, "the name is hashed, which was not offered");
        }
    }
}

/// DIGEST-23: `auth-int` is not offered
#[tokio::test]
async fn a_qop_that_was_not_offered_is_refused() {
    let layer = layer();
    for qop in ["auth-int", "\"auth-int\"", "auth,auth-int", "x"] {
        let qop = if qop.contains(',') { format!("\"{qop}\"") } else { qop.to_owned() };
        let answer = send(&layer, login(&layer).await.request_with(&[("qop", &qop)])).await;
        assert_refused(&answer, "the qop was not offered");
    }
}

/// DIGEST-13, DIGEST-24, DIGEST-25
#[tokio::test]
async fn an_accepted_request_is_answered_with_the_proof_of_the_server() {
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let layer = AuthenticateLayer::new(digest().clock(clock.clone()).nonce_lifetime(Duration::from_secs(60))).unwrap();
    let login = login(&layer).await;
    let answer = send(&layer, login.request()).await;
    let proof = login.response("");
    assert_eq!(
        answer.lines("authentication-info"),
        [format!("rspauth=\"{proof}\", qop=auth, nc=00000001, cnonce=\"0a4f113b\"")]
    );
    assert!(send(&layer, login.request()).await.lines("authentication-info").is_empty(), "it was refused");

    // A nonce that ends soon is followed by another.
    clock.advance(Duration::from_secs(31));
    let answer = send(&layer, login.next().request()).await;
    let line = answer.lines("authentication-info")[0];
    let next = line.rsplit_once(", nextnonce=\"").unwrap().1.trim_end_matches('"').to_owned();
    send(&layer, Login { nonce: next, ..login }.request()).await.assert_accepted("Mufasa");
}

/// DIGEST-25: what the client chose comes back escaped, and never as another header
#[tokio::test]
async fn whatever_the_client_chose_comes_back_as_one_quoted_text() {
    let layer = layer();
    let login = Login { cnonce: "a\"b\\c", ..login(&layer).await };
    let answer = send(&layer, login.request()).await;
    answer.assert_accepted("Mufasa");
    assert!(answer.lines("authentication-info")[0].ends_with(r#", cnonce="a\"b\\c""#));
    let login = Login { cnonce: "ä", ..login.next() };
    let answer = send(&layer, login.request()).await;
    answer.assert_accepted("Mufasa");
    assert!(answer.lines("authentication-info").is_empty(), "a header is ASCII");
}

/// DIGEST-26, DIGEST-27
#[tokio::test]
async fn opaque_and_realm_are_the_ones_that_were_sent() {
    let layer = layer();
    for (opaque, because) in
        [("\"x\"", "opaque did not come back as it was sent"), ("", "opaque did not come back as it was sent")]
    {
        let answer = send(&layer, login(&layer).await.request_with(&[("opaque", opaque)])).await;
        assert_refused(&answer, because);
    }
    let login = Login { realm: String::from("else"), ..login(&layer).await };
    assert_refused(&send(&layer, login.request()).await, "the realm is another one");
}

/// HTTP-11: clients quote what they should not, and set blanks
#[tokio::test]
async fn quoted_and_bare_values_are_the_same_and_blanks_are_no_matter() {
    let layer = layer();
    let login = login(&layer).await;
    let changes = [("algorithm", "\"SHA-256\""), ("qop", "\"auth\""), ("nc", "\"00000001\""), ("cnonce", "0a4f113b")];
    send(&layer, login.request_with(&changes)).await.assert_accepted("Mufasa");
    let field = login.next().field().replace('=', " = ").replace(", ", " ,\t").replace("Digest ", "DIGEST  ");
    let nonce = login.nonce.replace('=', " = ");
    assert_eq!(nonce, login.nonce, "a nonce has no padding");
    send(&layer, get([("authorization", field)])).await.assert_accepted("Mufasa");
    send(&layer, login.next().next().request_with(&[("algorithm", "sha-256")])).await.assert_accepted("Mufasa");
}

/// Attack row B01: a name that nobody has is refused with the same words
#[tokio::test]
async fn an_unknown_name_is_answered_as_a_wrong_password() {
    let layer = layer();
    let known = Login { password: String::from("wrong"), ..login(&layer).await };
    let unknown = Login { name: String::from("Scar"), ..known.clone() };
    let [known, unknown] = [send(&layer, known.request()).await, send(&layer, unknown.request()).await];
    assert_refused(&known, "the response is wrong");
    assert_refused(&unknown, "no such user");
    let shown = |answer: &Answer| {
        let mut body = answer.json();
        body["id"] = "".into();
        let headers: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        (body.to_string(), headers)
    };
    assert_eq!(shown(&known), shown(&unknown));
}

/// DIGEST-31: people type their password where the name belongs
#[tokio::test]
async fn what_is_logged_of_a_refusal_repeats_nothing_of_the_request() {
    let layer = layer();
    let login = Login { name: String::from("Circle of Life"), ..login(&layer).await };
    let answer = send(&layer, login.request()).await;
    let rejection = answer.rejection.unwrap();
    for text in [format!("{rejection}"), format!("{rejection:?}"), String::from_utf8(answer.body.to_vec()).unwrap()] {
        assert!(!text.contains("Circle") && !text.contains(&login.nonce), "{text}");
    }
}

/// A store that has to be waited for, or that is down.
struct Slow {
    asked: Arc<Mutex<Vec<DigestQuery>>>,
    down: bool,
}

impl DigestStore for Slow {
    async fn find(&self, query: DigestQuery) -> Result<Option<DigestUser>, VerifyError> {
        tokio::task::yield_now().await;
        self.asked.lock().unwrap().push(query.clone());
        if self.down {
            return Err(VerifyError::unavailable("the database is down"));
        }
        let DigestName::Plain(name) = query.name() else { return Ok(None) };
        let ha1 = Ha1::new(query.algorithm(), name, query.realm(), "Circle of Life");
        let identity = Identity::assertion("database", &**name).build();
        Ok((&**name == "Mufasa").then(|| DigestUser::new(ha1, identity)))
    }
}

/// DIGEST-32: the store is asked for `H(A1)` by user, realm and algorithm, never for a password
#[tokio::test]
async fn a_store_is_asked_by_name_realm_and_algorithm_and_only_about_nonces_of_ours() {
    let asked = Arc::default();
    let layer = AuthenticateLayer::new(Digest::new(REALM, Slow { asked: Arc::clone(&asked), down: false })).unwrap();
    let login = login(&layer).await;
    let answer = send(&layer, login.request()).await;
    answer.assert_accepted("Mufasa");
    assert_eq!(answer.lines("authentication-info").len(), 1);
    assert_refused(&send(&layer, login.request()).await, "the request was sent before");
    let unknown = Login { name: String::from("Scar"), ..login.next() };
    assert_refused(&send(&layer, unknown.request()).await, "no such user");
    let forged = Login { nonce: String::from("forged"), ..login.clone() };
    assert_refused(&send(&layer, forged.request()).await, "the nonce is not ours");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert_eq!((asked[0].realm(), asked[0].algorithm()), (REALM, DigestAlgorithm::Sha256));
    assert_eq!(asked[2].name(), &DigestName::Plain("Scar".into()));
}

#[tokio::test]
async fn a_store_that_is_down_is_never_a_wrong_password() {
    let layer = AuthenticateLayer::new(Digest::new(REALM, Slow { asked: Arc::default(), down: true })).unwrap();
    let answer = send(&layer, login(&layer).await.request()).await;
    answer.assert_refused(503, "unavailable", &[]);
    assert_eq!(answer.lines("retry-after"), ["5"]);
}

/// Processes that share a key take each other's nonces, and none that was made before they began
#[tokio::test]
async fn a_shared_key_makes_nonces_good_everywhere() {
    let key = Secret::new(vec![7; 32]);
    let clock = ManualClock::at(UnixTime::from_secs(1_790_000_000));
    let process = || AuthenticateLayer::new(digest().key(&key).clock(clock.clone())).unwrap();
    let (one, other) = (process(), process());
    let login = login(&one).await;
    send(&other, login.request()).await.assert_accepted("Mufasa");
    clock.advance(Duration::from_secs(2));
    let started_anew = process();
    let answer = send(&started_anew, login.request()).await;
    answer.assert_refused(401, "expired", &[("Digest", None)]);
    assert_eq!(answer.challenges()[0].get("stale"), Some("true"));
    assert_eq!(clock.now(), UnixTime::from_secs(1_790_000_002));
}

/// The file that Apache's `htdigest` writes
#[tokio::test]
async fn a_file_of_htdigest_is_read_and_its_faults_are_told_by_line() {
    let line =
        |name: &str, realm: &str| format!("{name}:{realm}:{}", sha256(&format!("{name}:{realm}:Circle of Life")));
    let text = format!("# staff\n\n{}\n{}\r\n", line("Mufasa", REALM), line("Mufasa", "else"));
    let mut users = DigestUsers::from_htdigest(REALM, &text).unwrap();
    assert_eq!(users.names().collect::<Vec<_>>(), ["Mufasa"]);
    users.describe("Mufasa", |user| user.roles(["king"])).unwrap();
    assert!(users.describe("Scar", |user| user).is_err());
    let layer = AuthenticateLayer::new(Digest::new(REALM, users)).unwrap();
    let answer = send(&layer, login(&layer).await.request()).await;
    answer.assert_accepted("Mufasa");
    assert!(answer.identity().unwrap().roles().contains("king"));
    assert_eq!(answer.identity().unwrap().scheme(), "Digest");

    let digest = sha256("x");
    let faulty = format!(
        "Mufasa:{REALM}\nMufasa:{REALM}:{digest}\n:{REALM}:{digest}\nMufasa:{REALM}:{digest}\na:b:zz\na:b:{}\n",
        "z".repeat(64)
    );
    let error = DigestUsers::from_htdigest(REALM, &faulty).unwrap_err();
    let lines: Vec<_> = error.faults().iter().map(|fault| fault.setting().to_owned()).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6].map(|number| format!("htdigest, line {number}")));
    assert!(!error.to_string().contains(&digest));
    let marked = DigestUsers::from_htdigest(REALM, &format!("\u{feff}{text}")).unwrap_err();
    assert!(marked.to_string().contains("byte order mark"), "{marked}");
    let error = DigestUsers::from_htdigest("INTRANET", &text).unwrap_err();
    assert!(error.to_string().contains("no line of the realm"), "{error}");
}

#[test]
fn names_and_passwords_that_cannot_be_sent_are_refused_when_they_are_set() {
    let mut users = users();
    let long = "x".repeat(257);
    for name in ["", "a:b", "a\nb", "Mufasa", &long] {
        assert!(users.insert(name, "secret").is_err(), "{name}");
    }
    assert!(users.insert("Simba", "").is_err());
    assert!(Ha1::from_hex(DigestAlgorithm::Sha256, "00").is_err());
}

/// The reason is one of the table: a client is told the same for every "no"
#[tokio::test]
async fn a_stale_nonce_is_the_only_refusal_that_is_told_apart() {
    let layer = layer();
    let login = login(&layer).await;
    let wrong = Login { password: String::from("wrong"), ..login.clone() };
    let reason = |answer: Answer| answer.rejection.unwrap().reason();
    assert_eq!(reason(send(&layer, wrong.request()).await), Reason::Invalid);
    assert_eq!(reason(send(&layer, login.request_with(&[("opaque", "x")])).await), Reason::Invalid);
}

/// Users can be exchanged while the server runs
#[tokio::test]
async fn a_user_who_is_taken_out_is_out_at_once() {
    let users = Arc::new(RwLock::new(users()));
    let layer = AuthenticateLayer::new(Digest::new(REALM, Arc::clone(&users))).unwrap();
    let login = login(&layer).await;
    send(&layer, login.request()).await.assert_accepted("Mufasa");
    *users.write().unwrap() = DigestUsers::new(REALM);
    assert_refused(&send(&layer, login.next().request()).await, "no such user");
}

#[test]
fn nothing_printed_leads_to_a_password() {
    let ha1 = Ha1::new(DigestAlgorithm::Sha256, "Mufasa", REALM, "Circle of Life");
    let field = HeaderValue::from_static(
        "Digest username=\"Circle\", realm=\"x\", nonce=\"x\", uri=\"/\", response=\"5ccc069c\"",
    );
    let credentials = DigestCredentials::from_authorization(&Authorization::parse(&field).unwrap()).unwrap();
    let user = DigestUser::new(ha1.clone(), Identity::assertion(REALM, "Mufasa").build());
    let hash = sha256("Mufasa:intranet:Circle of Life");
    let printed = format!("{ha1:?} {user:?} {:?} {:?} {credentials:?} {:?}", users(), digest(), credentials.name());
    for secret in ["Circle", "5ccc", &hash, &hash[..8]] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
