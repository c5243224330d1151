//! API keys: what they look like, which are taken, what they stand for, where they are found, and what becomes of them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]
#![cfg(all(feature = "api-key", feature = "token"))]

mod support {
    pub(crate) mod stack;
}

use std::error::Error;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use http::HeaderName;
use portcullis::authenticate::{ApiKeys, Basic, Bearer, Session};
use portcullis::clock::{Clock, ManualClock, SystemClock, UnixTime};
use portcullis::credentials::{ApiKey, BearerToken, Unreadable};
use portcullis::identity::AuthTime;
use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyStore, ApiKeyVerifier, FileApiKeys, MemoryApiKeys};
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::{max_age, scope};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, Verifier, VerifyError};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use support::stack::{Scripted, bare, basic, bearer, get, send};
use tower::layer::util::Stack;

const NOON: UnixTime = UnixTime::from_secs(1_790_000_000);

fn key() -> ApiKey {
    ApiKey::generate("acme").unwrap()
}

/// A memory with one key of `ci` that may read orders, and its verifier at noon.
fn one_key() -> (ApiKey, MemoryApiKeys, ApiKeyVerifier, ManualClock) {
    let (key, keys, clock) = (key(), MemoryApiKeys::new(), ManualClock::at(NOON));
    keys.insert(ApiKeyRecord::new(&key, "ci").with_scopes(["orders:read"]).with_roles(["robot"])).unwrap();
    let verifier = ApiKeyVerifier::new("orders", ["acme"], keys.clone()).unwrap().clock(clock.clone());
    (key, keys, verifier, clock)
}

fn show(verifier: &ApiKeyVerifier, text: &str) -> Result<Identity, VerifyError> {
    verifier.verify_now(&BearerToken::new(text).unwrap()).expect("the verdict is at hand")
}

fn layer(verifier: &ApiKeyVerifier) -> AuthenticateLayer {
    AuthenticateLayer::new(ApiKeys::new("orders", verifier.clone()).also_bearer().also_basic()).unwrap()
}

fn in_field(key: &str) -> (&'static str, String) {
    ("x-api-key", key.to_owned())
}

fn pair(username: &str, password: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}"))))
}

/// A store that counts how often it is asked, waits, and may be down.
#[derive(Clone, Default)]
struct Remote {
    row: Arc<Mutex<Option<Row>>>,
    asked: Arc<AtomicUsize>,
    written: Arc<Mutex<Vec<u64>>>,
    down: Arc<AtomicBool>,
    read_only: Arc<AtomicBool>,
}

/// Id and digest.
type Row = (String, [u8; 32]);

impl ApiKeyStore for Remote {
    async fn find(&self, id: &str) -> Result<Option<Arc<ApiKeyRecord>>, Box<dyn Error + Send + Sync>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.down.load(Ordering::SeqCst) {
            return Err("connection refused".into());
        }
        let row = self.row.lock().unwrap().clone().filter(|(own, _)| own == id);
        let record = |(id, digest)| ApiKeyRecord::with_digest(id, digest, "ci").with_scopes(["orders:read"]);
        Ok(row.map(record).map(Arc::new))
    }

    async fn used(&self, _: &str, at: UnixTime) -> Result<(), Box<dyn Error + Send + Sync>> {
        tokio::task::yield_now().await;
        self.written.lock().unwrap().push(at.as_secs());
        if self.read_only.load(Ordering::SeqCst) { Err("read only".into()) } else { Ok(()) }
    }
}

impl Remote {
    /// With one key of `ci`.
    fn with(key: &ApiKey) -> Self {
        let row = (key.id().to_owned(), ApiKeyRecord::new(key, "ci").digest());
        Self { row: Arc::new(Mutex::new(Some(row))), ..Self::default() }
    }
}

// What a key is.

#[test]
fn a_new_key_has_the_documented_shape_and_length() {
    for prefix in ["ac", "acme", "gate2", "abcdefghijklmnop"] {
        let key = ApiKey::generate(prefix).unwrap();
        let parts: Vec<_> = key.expose().split('_').collect();
        let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [prefix.len(), ApiKey::ID_LENGTH, ApiKey::SECRET_LENGTH, 6]);
        assert!(parts[1..].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        assert_eq!((key.prefix(), key.id()), (prefix, format!("{prefix}_{}", parts[1]).as_str()));
        assert_eq!(ApiKey::parse(key.expose()).unwrap().expose(), key.expose());
    }
    assert_eq!(ApiKey::PATTERN, "[a-z][a-z0-9]{1,15}_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}");
}

#[test]
fn a_secret_has_more_than_160_bits_and_every_character_is_as_likely() {
    assert!((ApiKey::SECRET_LENGTH as f64) * 62_f64.log2() > 160.0);
    let mut counts = [0_u32; 128];
    for _ in 0..2000 {
        for byte in key().expose().split('_').nth(2).unwrap().bytes() {
            counts[usize::from(byte)] += 1;
        }
    }
    let drawn: Vec<_> = counts.iter().copied().filter(|&count| count > 0).collect();
    assert_eq!(drawn.len(), 62);
    // 64 000 draws, 1 032 of each to be expected; six standard deviations are 191.
    assert!(drawn.iter().all(|count| (830..1235).contains(count)), "{drawn:?}");
}

#[test]
fn prefixes_that_no_key_can_have_are_refused() {
    for prefix in ["", "a", "1acme", "Acme", "acme_live", "ac-me", "äcme", "abcdefghijklmnopq", "acme "] {
        let error = ApiKey::generate(prefix).unwrap_err();
        assert!(error.to_string().contains("lower-case letters"), "{error}");
        assert!(ApiKeyVerifier::new("orders", [prefix], MemoryApiKeys::new()).is_err());
    }
    let none: [&str; 0] = [];
    assert!(ApiKeyVerifier::new("orders", none, MemoryApiKeys::new()).is_err());
}

proptest! {
    /// Each change of one character, of the checksum too, and each swap of two neighbours
    #[test]
    fn a_mistyped_key_is_refused_before_the_store_is_asked(place in 0..57_usize, other in "[ -~]") {
        let (key, store) = (key(), Remote::default());
        let verifier = ApiKeyVerifier::new("orders", ["acme"], store.clone()).unwrap();
        let text = key.expose();
        let mut changed = text.to_owned();
        changed.replace_range(place..=place, &other);
        let mut swapped = text.as_bytes().to_vec();
        swapped.swap(place, (place + 1) % text.len());
        let swapped = String::from_utf8(swapped).unwrap();
        for wrong in [changed, swapped, text[..place].to_owned(), format!("{text}{other}")] {
            if wrong == text {
                continue;
            }
            prop_assert!(matches!(ApiKey::parse(&wrong), Err(Unreadable::Malformed(_))), "{wrong}");
            if let Ok(token) = BearerToken::new(&wrong) {
                let verdict = verifier.verify_now(&token).expect("no store is needed");
                prop_assert_eq!(verdict.unwrap_err().reason(), Reason::Invalid);
            }
        }
        prop_assert_eq!(store.asked.load(Ordering::SeqCst), 0);
    }

    /// X-2
    #[test]
    fn whatever_is_sent_as_a_key_nothing_panics(text in "\\PC*", tail in "acme_[0-9A-Za-z_]{0,60}") {
        let (_, _, verifier, _) = one_key();
        for text in [text, tail] {
            if let Ok(key) = ApiKey::parse(&text) {
                prop_assert_eq!(key.expose(), text.as_str());
            }
            if let Ok(token) = BearerToken::new(&text) {
                prop_assert!(verifier.verify_now(&token).unwrap().is_err());
            }
        }
    }
}

// What a verifier makes of it.

#[tokio::test]
async fn a_known_key_yields_its_owner_scopes_roles_and_public_id() {
    let (key, _, verifier, _) = one_key();
    let identity = show(&verifier, key.expose()).unwrap();
    assert_eq!((identity.issuer(), identity.subject()), ("orders", "ci"));
    assert_eq!(identity.credential_id(), Some(key.id()));
    assert!(identity.scopes().contains("orders:read") && identity.roles().contains("robot"));
    assert_eq!((identity.auth_time(), identity.scheme()), (AuthTime::Now, "ApiKey"));
    let waited = Verifier::<ApiKey>::verify(&verifier, key).await.unwrap();
    assert_eq!(waited, identity);
}

#[test]
fn two_verifiers_over_one_store_each_vouch_in_their_own_name() {
    let (key, keys, verifier, _) = one_key();
    let other = ApiKeyVerifier::new("invoices", ["acme"], keys).unwrap();
    for _ in 0..2 {
        assert_eq!(show(&verifier, key.expose()).unwrap().issuer(), "orders");
        assert_eq!(show(&other, key.expose()).unwrap().issuer(), "invoices");
    }
}

/// O07: what is compared is a digest, so that bytes in common with a good secret bring nobody nearer to it
#[test]
fn a_wrong_secret_an_unknown_id_and_another_keys_digest_are_invalid_alike() {
    let (key, keys, verifier, _) = one_key();
    let unknown = self::key();
    // The id of the one, the secret of the other, and a checksum that fits: what a thief of the list of ids can make.
    let forged = forge(key.id(), unknown.expose().split('_').nth(2).unwrap());
    let another = self::key();
    keys.insert(ApiKeyRecord::with_digest(another.id(), ApiKeyRecord::new(&key, "ci").digest(), "admin")).unwrap();
    let errors = [forged.as_str(), unknown.expose(), another.expose()].map(|text| show(&verifier, text).unwrap_err());
    for error in &errors {
        assert_eq!(error.reason(), Reason::Invalid);
    }
    assert!(show(&verifier, key.expose()).is_ok());
}

/// A key with a fitting checksum, made by somebody who can compute a CRC.
fn forge(id: &str, secret: &str) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let content = format!("{id}_{secret}");
    let mut crc = !0_u32;
    for byte in content.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = u64::from(!crc);
    let mut sum = Vec::new();
    for _ in 0..6 {
        sum.insert(0, DIGITS[(rest % 62) as usize]);
        rest /= 62;
    }
    format!("{content}_{}", String::from_utf8(sum).unwrap())
}

#[test]
fn the_checksum_is_the_documented_one_and_the_digest_too() {
    let key = key();
    let (content, _) = key.expose().rsplit_once('_').unwrap();
    assert_eq!(forge(key.id(), &content[key.id().len() + 1..]), key.expose());
    let digest: [u8; 32] = Sha256::digest(content).into();
    assert_eq!(ApiKeyRecord::new(&key, "ci").digest(), digest);
}

#[test]
fn an_ended_key_is_expired_and_only_its_holder_is_told_so() {
    let (key, keys, verifier, clock) = one_key();
    keys.revoke(key.id());
    let end = NOON.saturating_add(Duration::from_secs(60));
    keys.insert(ApiKeyRecord::new(&key, "ci").with_expires_at(end)).unwrap();
    assert_eq!(show(&verifier, key.expose()).unwrap().expires_at(), Some(end));
    clock.advance(Duration::from_secs(60));
    assert_eq!(show(&verifier, key.expose()).unwrap_err().reason(), Reason::Expired);
    let forged = forge(key.id(), &"0".repeat(32));
    assert_eq!(show(&verifier, &forged).unwrap_err().reason(), Reason::Invalid);
}

/// B16
#[test]
fn a_revoked_key_is_over_at_once_and_the_others_of_its_owner_live_on() {
    let (old, keys, verifier, _) = one_key();
    let new = key();
    keys.insert(ApiKeyRecord::new(&new, "ci").with_label("the new one")).unwrap();
    assert!(show(&verifier, old.expose()).is_ok() && show(&verifier, new.expose()).is_ok());
    assert!(keys.revoke(old.id()) && !keys.revoke(old.id()));
    assert_eq!(show(&verifier.clone(), old.expose()).unwrap_err().reason(), Reason::Invalid);
    let left = keys.list("ci");
    assert_eq!((left.len(), left[0].id(), left[0].label()), (1, new.id(), Some("the new one")));
    assert_eq!((keys.revoke_all("ci"), keys.revoke_all("ci")), (1, 0));
    assert_eq!(show(&verifier, new.expose()).unwrap_err().reason(), Reason::Invalid);
}

/// B11
#[test]
fn records_that_could_not_be_told_or_logged_are_refused_with_every_fault() {
    let keys = MemoryApiKeys::new();
    let key = key();
    let problem = |record| keys.insert(record).unwrap_err();
    assert!(problem(ApiKeyRecord::new(&key, "")).to_string().contains("owner"));
    assert!(problem(ApiKeyRecord::new(&key, "ci\r\nrole=admin")).to_string().contains("control"));
    assert_eq!(problem(ApiKeyRecord::new(&key, "\0").with_scopes(["a b", "\""])).faults().len(), 3);
    keys.insert(ApiKeyRecord::new(&key, "ci")).unwrap();
    assert!(problem(ApiKeyRecord::new(&key, "other")).to_string().contains("twice"));
    let error = keys.replace([ApiKeyRecord::new(&key, "a"), ApiKeyRecord::new(&key, "b")]).unwrap_err();
    assert!(error.to_string().contains("twice"));
    assert_eq!(keys.list("ci").len(), 1, "the old set stays");
}

#[test]
fn the_last_use_is_noted_at_most_once_a_minute_and_survives_an_exchange() {
    let (key, keys, verifier, clock) = one_key();
    let last = || keys.list("ci")[0].last_used_at().map(|then| then.as_secs() - NOON.as_secs());
    assert_eq!(last(), None);
    for (wait, expected) in [(0, 0), (30, 0), (29, 0), (1, 60), (59, 60), (100, 219)] {
        clock.advance(Duration::from_secs(wait));
        show(&verifier, key.expose()).unwrap();
        assert_eq!(last(), Some(expected));
    }
    keys.replace([ApiKeyRecord::new(&key, "ci")]).unwrap();
    assert_eq!(last(), Some(219));
    assert!(show(&verifier, &forge(key.id(), &"0".repeat(32))).is_err());
    assert_eq!(last(), Some(219), "a wrong key is no use of the right one");
}

#[tokio::test]
async fn a_store_that_waits_is_written_to_once_a_minute_however_many_requests_come() {
    let (key, clock) = (key(), ManualClock::at(NOON));
    let store = Remote::with(&key);
    let verifier = ApiKeyVerifier::new("orders", ["acme"], store.clone()).unwrap().clock(clock.clone());
    for minute in 1..=2 {
        let requests = (0..50).map(|_| {
            let (verifier, token) = (verifier.clone(), BearerToken::new(key.expose()).unwrap());
            tokio::spawn(async move { verifier.verify(token).await.unwrap() })
        });
        for request in requests.collect::<Vec<_>>() {
            request.await.unwrap();
        }
        assert_eq!(store.written.lock().unwrap().len(), minute);
        clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn a_good_key_is_good_also_where_its_use_cannot_be_written_down() {
    let key = key();
    let store = Remote::with(&key);
    store.read_only.store(true, Ordering::SeqCst);
    let verifier = ApiKeyVerifier::new("orders", ["acme"], store.clone()).unwrap();
    send(&layer(&verifier), get([in_field(key.expose())])).await.assert_accepted("ci");
    assert_eq!(store.written.lock().unwrap().len(), 1);
}

#[test]
fn a_key_that_was_seen_before_is_verified_without_an_allocation_as_an_opaque_token_is() {
    let (key, _, verifier, _) = one_key();
    let (opaque, tokens) = ("kJ3vX9qLw2rT8mZs5bYc", TokenVerifier::new());
    tokens.insert(opaque, Identity::assertion("orders", "ci").build()).unwrap();
    let token = BearerToken::new(key.expose()).unwrap();
    let opaque = BearerToken::new(opaque).unwrap();
    let joined = verifier.clone().or(tokens);
    assert!(joined.verify_now(&token).unwrap().is_ok(), "the first use makes the identity");
    for token in [&token, &opaque] {
        let mut verdict = None;
        let spent = allocation_counter::measure(|| verdict = joined.verify_now(token));
        assert!(verdict.unwrap().is_ok());
        assert_eq!(spent.count_total, 0);
    }
}

/// O07: ten thousand tries each; a comparison that ended at the first difference would show in these ratios
#[test]
fn a_secret_that_is_nearly_right_takes_as_long_as_one_that_is_wrong_from_the_start() {
    let (key, _, verifier, _) = one_key();
    let secret = key.expose().split('_').nth(2).unwrap().to_owned();
    let other = |byte: &str| if byte == "0" { "1" } else { "0" };
    let near = forge(key.id(), &format!("{}{}", &secret[..31], other(&secret[31..])));
    let far = forge(key.id(), &format!("{}{}", other(&secret[..1]), &secret[1..]));
    let tokens = [near, far].map(|text| BearerToken::new(&text).unwrap());
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..20_000 {
        let which = round % 2;
        let start = SystemClock.monotonic();
        assert!(verifier.verify_now(&tokens[which]).unwrap().is_err());
        times[which].push(SystemClock.monotonic().saturating_sub(start));
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    let ratio = medians[0] / medians[1];
    assert!((0.8..1.25).contains(&ratio), "{medians:?}");
}

// Where it is found.

#[tokio::test]
async fn a_key_is_found_in_its_field_in_authorization_as_a_bearer_token_and_git_style() {
    let (key, _, verifier, _) = one_key();
    let text = key.expose();
    for line in [
        in_field(text),
        ("authorization", format!("ApiKey {text}")),
        ("authorization", format!("apikey {text}")),
        bearer(text),
        pair("x-access-token", text),
        pair("git", text),
        pair(text, ""),
        pair(text, "x-oauth-basic"),
    ] {
        let answer = send(&layer(&verifier), get([line.clone()])).await;
        answer.assert_accepted("ci");
        assert_eq!(answer.identity().unwrap().scheme(), "ApiKey", "{line:?}");
        let seen = &answer.seen.as_ref().unwrap().headers[line.0];
        assert!(seen.is_sensitive(), "{line:?}");
    }
}

#[tokio::test]
async fn the_field_is_one_of_your_choice_and_the_challenge_names_it() {
    let (key, _, verifier, _) = one_key();
    let field = HeaderName::from_static("x-orders-key");
    let layer = AuthenticateLayer::new(ApiKeys::new("orders", verifier).header(field)).unwrap();
    send(&layer, get([("X-Orders-Key", key.expose())])).await.assert_accepted("ci");
    // Nothing else was asked for: the default field, Bearer and Basic are not looked at.
    for line in [in_field(key.expose()), bearer(key.expose()), pair("git", key.expose())] {
        let answer = send(&layer, get([line])).await;
        answer.assert_refused(401, "missing", &[("ApiKey", None)]);
        assert_eq!(answer.lines("www-authenticate"), [r#"ApiKey realm="orders", header="x-orders-key""#]);
        assert_eq!(answer.lines("vary"), ["accept, authorization, x-orders-key"]);
    }
}

/// B07, B08, B11
#[tokio::test]
async fn what_is_no_key_is_refused_wherever_it_stands() {
    let (key, _, verifier, _) = one_key();
    let layer = layer(&verifier);
    let text = key.expose();
    let (short, long, padded) = (&text[..text.len() - 1], format!("{text}0"), format!("{text} "));
    for value in ["", "null", "undefined", "\"\"", "acme", "acme_", short, &long, &padded, "acme_\u{e4}"] {
        let answer = send(&layer, get([in_field(value)])).await;
        assert!(answer.seen.is_none() && answer.status == 401, "{value:?}");
        assert_eq!(answer.errors(), [("ApiKey".to_owned(), None)]);
    }
    send(&layer, get([("x-api-key", b"acme_\xff".as_slice())])).await.assert_refused(
        401,
        "malformed",
        &[("ApiKey", None)],
    );
    for line in [
        bearer("null"),
        bearer(short),
        pair("", text),
        pair("", ""),
        pair("git", ""),
        pair("git", short),
        pair(short, ""),
        pair(text, "\r\nrole=admin"),
        pair("git\0", text),
        ("authorization", "ApiKey".to_owned()),
        ("authorization", format!("ApiKey {text} {text}")),
    ] {
        let answer = send(&layer, get([line.clone()])).await;
        assert!(answer.seen.is_none() && answer.status == 401, "{line:?}");
    }
}

/// B15
#[tokio::test]
async fn a_key_in_the_wrong_place_counts_as_nothing_sent() {
    let (key, _, verifier, _) = one_key();
    let layer = layer(&verifier);
    let text = key.expose();
    for line in [
        ("proxy-authorization", format!("Bearer {text}")),
        ("x-authorization", format!("Bearer {text}")),
        ("api-key", text.to_owned()),
        ("cookie", format!("x-api-key={text}; Authorization=ApiKey {text}")),
        ("authorization", format!("Token {text}")),
        ("authorization", format!("Session {text}")),
    ] {
        send(&layer, get([line])).await.assert_refused(401, "missing", &[("ApiKey", None)]);
    }
    let mut request = bare();
    *request.uri_mut() = format!("/?api_key={text}&access_token={text}").parse().unwrap();
    let answer = send(&layer, request).await;
    answer.assert_refused(401, "missing", &[("ApiKey", None)]);
    assert!(!String::from_utf8_lossy(&answer.body).contains(text));
}

/// HTTP-23: one credential, one place
#[tokio::test]
async fn a_key_in_two_places_is_ambiguous_and_no_verifier_runs() {
    let (key, _, _, _) = one_key();
    let store = Remote::with(&key);
    let verifier = ApiKeyVerifier::new("orders", ["acme"], store.clone()).unwrap();
    let others = Scripted::ready();
    let text = key.expose();
    let first = others.schemes().scheme(ApiKeys::new("orders", verifier.clone()).also_bearer().also_basic());
    let last = AuthenticateLayer::builder()
        .scheme(ApiKeys::new("orders", verifier.clone()))
        .scheme(Basic::new("staff", others.clone()))
        .scheme(Bearer::new("api", others.clone()));
    for layer in [first.build().unwrap(), last.allow_anonymous().build().unwrap()] {
        for lines in [
            vec![in_field(text), bearer(text)],
            vec![bearer("ann"), in_field(text)],
            vec![basic("ann"), in_field(text)],
            vec![pair("git", text), in_field("nonsense")],
            vec![in_field(text), in_field(text)],
            vec![in_field(text), in_field("")],
            vec![("authorization", format!("ApiKey {text}")), in_field(text)],
            vec![bearer(text), bearer(text)],
        ] {
            let answer = send(&layer, get(lines.clone())).await;
            assert!(answer.seen.is_none() && answer.status == 400, "{lines:?}");
            assert_eq!(answer.json()["code"], "ambiguous");
        }
        // Somebody else's scheme is no credential here, and a cookie is not looked at beside a key.
        for line in [("authorization", "Negotiate YII=".to_owned()), ("cookie", "__Host-session=x".to_owned())] {
            send(&layer, get([line, in_field(text)])).await.assert_accepted("ci");
        }
    }
    assert_eq!((others.calls(), store.asked.load(Ordering::SeqCst)), (0, 4));
    let both = send(&layer(&verifier), get([pair(text, text)])).await;
    both.assert_refused(400, "ambiguous", &[]);
}

#[tokio::test]
async fn beside_other_schemes_a_key_is_told_by_its_prefix_whatever_their_order() {
    let (key, _, verifier, _) = one_key();
    let text = key.expose();
    for others in [Scripted::ready(), Scripted::waiting()] {
        let keys = ApiKeys::new("orders", verifier.clone()).also_bearer().also_basic();
        let layer = others.schemes().scheme(keys).build().unwrap();
        for line in [bearer(text), pair("git", text), pair(text, ""), in_field(text)] {
            send(&layer, get([line])).await.assert_accepted("ci");
        }
        // A key that fails is not handed on to those who would take it: `Scripted` takes every word for a name.
        let wrong = forge(key.id(), &"0".repeat(32));
        for line in [bearer(&wrong), pair("git", &wrong), pair(&wrong, "ann"), bearer(&text[..40]), bearer("acme_x")] {
            send(&layer, get([line])).await.assert_refused(
                401,
                "invalid",
                &[("ApiKey", None), ("Bearer", None), ("Basic", None), ("Session", None)],
            );
        }
        assert_eq!(others.calls(), 0);
        for line in [bearer("ann"), basic("ann"), bearer("acme-ann"), pair("acme_bob", "acme_ann")] {
            assert_eq!(send(&layer, get([line])).await.status, 200);
        }
        assert_eq!(others.calls(), 4, "a name or a password may begin as keys do");
        // An empty password is malformed as before where no key stands beside it.
        let answer = send(&layer, get([pair("ann", "")])).await;
        answer.assert_refused(
            401,
            "malformed",
            &[("Basic", None), ("Bearer", None), ("Session", None), ("ApiKey", None)],
        );
        assert_eq!(others.calls(), 4);
    }
}

#[tokio::test]
async fn in_one_bearer_scheme_keys_go_to_their_verifier_and_all_else_to_the_other() {
    let (key, _, verifier, _) = one_key();
    for others in [Scripted::ready(), Scripted::waiting()] {
        let layer = AuthenticateLayer::new(Bearer::new("orders", verifier.clone().or(others.clone()))).unwrap();
        let answer = send(&layer, get([bearer(key.expose())])).await;
        answer.assert_accepted("ci");
        assert_eq!(answer.identity().unwrap().scheme(), "ApiKey");
        let wrong = forge(key.id(), &"0".repeat(32));
        for text in [wrong.as_str(), self::key().expose(), &key.expose()[..40], "acme_"] {
            let answer = send(&layer, get([bearer(text)])).await;
            answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
        }
        assert_eq!(others.calls(), 0, "a key that fails is never sent on");
        send(&layer, get([bearer("ann")])).await.assert_accepted("ann");
        assert_eq!(others.calls(), 1);
    }
}

#[tokio::test]
async fn alone_in_a_bearer_scheme_only_keys_count() {
    let (key, _, verifier, _) = one_key();
    let layer = AuthenticateLayer::new(Bearer::new("orders", verifier)).unwrap();
    send(&layer, get([bearer(key.expose())])).await.assert_accepted("ci");
    let answer = send(&layer, get([bearer("kJ3vX9qLw2rT8mZs5bYc")])).await;
    answer.assert_refused(401, "invalid", &[("Bearer", Some("invalid_token"))]);
}

/// B20
#[tokio::test]
async fn a_key_keeps_to_its_scopes_whatever_carries_it_and_is_always_fresh() {
    let (key, _, verifier, _) = one_key();
    let text = key.expose();
    let through = |require| Stack::new(RequireLayer::new(require).unwrap(), layer(&verifier));
    for line in [in_field(text), bearer(text), pair("git", text), pair(text, "")] {
        send(&through(scope("orders:read")), get([line.clone()])).await.assert_accepted("ci");
        send(&through(max_age(Duration::from_secs(1))), get([line.clone()])).await.assert_accepted("ci");
        let answer = send(&through(scope("orders:write")), get([line.clone()])).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (403, Some("forbidden")), "{line:?}");
        assert!(answer.seen.is_none());
    }
}

/// B20: where keys are not asked for they are nothing
#[tokio::test]
async fn a_route_for_bearer_tokens_alone_takes_no_key() {
    let (key, _, _, _) = one_key();
    let layer = AuthenticateLayer::new(Bearer::new("api", TokenVerifier::new())).unwrap();
    for line in [pair("git", key.expose()), in_field(key.expose())] {
        send(&layer, get([line])).await.assert_refused(401, "missing", &[("Bearer", None)]);
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_503_and_nobody_is_told_to_throw_a_key_away() {
    let key = key();
    let store = Remote::with(&key);
    let verifier = ApiKeyVerifier::new("orders", ["acme"], store.clone()).unwrap();
    store.down.store(true, Ordering::SeqCst);
    for line in [in_field(key.expose()), bearer(key.expose()), pair("git", key.expose())] {
        let answer = send(&layer(&verifier), get([line])).await;
        answer.assert_refused(503, "unavailable", &[]);
        assert_eq!(answer.lines("retry-after"), ["5"]);
    }
    store.down.store(false, Ordering::SeqCst);
    send(&layer(&verifier), get([in_field(key.expose())])).await.assert_accepted("ci");
}

#[tokio::test]
async fn optional_authentication_lets_absence_pass_and_no_key_that_fails() {
    let (key, _, verifier, _) = one_key();
    let optional =
        AuthenticateLayer::builder().scheme(ApiKeys::new("orders", verifier)).allow_anonymous().build().unwrap();
    send(&optional, bare()).await.assert_anonymous();
    send(&optional, get([in_field(key.expose())])).await.assert_accepted("ci");
    for value in ["", "nonsense"] {
        send(&optional, get([in_field(value)])).await.assert_refused(401, "invalid", &[("ApiKey", None)]);
    }
}

#[tokio::test]
async fn a_key_is_handed_on_beside_a_session_scheme_whose_cookie_is_not_looked_at() {
    let (key, _, verifier, _) = one_key();
    let sessions = Scripted::ready();
    let layer = AuthenticateLayer::builder()
        .scheme(Session::new("shop", sessions.clone()))
        .scheme(ApiKeys::new("orders", verifier))
        .build()
        .unwrap();
    let answer = send(&layer, get([in_field(key.expose()), support::stack::cookie("ann")])).await;
    answer.assert_accepted("ci");
    assert_eq!(sessions.calls(), 0);
}

/// O08, X-1
#[test]
fn a_key_is_seen_in_no_debug_output_and_no_error() {
    let (key, keys, verifier, _) = one_key();
    let secret = &key.expose()[key.id().len() + 1..][..32];
    let record = keys.list("ci").remove(0);
    let digest: String = record.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    let scheme = ApiKeys::new("orders", verifier.clone()).also_bearer();
    let texts = [
        format!("{key:?} {key:#?}"),
        format!("{record:?} {keys:?} {verifier:?} {scheme:?} {:?}", verifier.clone().or(TokenVerifier::new())),
        format!("{:?}", show(&verifier, &forge(key.id(), secret)).unwrap()),
        format!("{:?} {0}", show(&verifier, &forge("acme_000000000000", secret)).unwrap_err()),
        format!("{:?} {0}", ApiKey::parse(&format!("{}x", key.expose())).unwrap_err()),
        format!("{:?}", FileApiKeys::parse(format!("{}:{secret}:ci::\n", key.expose()).as_bytes()).unwrap_err()),
    ];
    for text in texts {
        assert!(!text.contains(secret) && !text.contains(&digest) && !text.contains(&format!("{:?}", record.digest())));
    }
}

// The file.

fn line(key: &ApiKey, owner: &str, rest: &str) -> String {
    let digest: String = ApiKeyRecord::new(key, "").digest().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}:{digest}:{owner}:{rest}", key.id())
}

#[test]
fn a_file_of_keys_is_read_and_read_again_all_or_nothing() {
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let [one, two] = [key(), key()];
    let first = line(&one, "ci", "orders:read orders:write:1790000060");
    fs::write(&path, format!("# keys\n\n{first}\r\n")).unwrap();
    let keys = FileApiKeys::open(&*path).unwrap();
    let clock = ManualClock::at(NOON);
    let verifier = ApiKeyVerifier::new("orders", ["acme"], keys.clone()).unwrap().clock(clock.clone());
    let identity = show(&verifier, one.expose()).unwrap();
    assert_eq!((identity.subject(), identity.scopes().to_scope().as_str()), ("ci", "orders:read orders:write"));

    fs::write(&path, format!("{first}\n{}", line(&two, "the backup", ":"))).unwrap();
    assert!(show(&verifier, two.expose()).is_err(), "not before it is told to");
    keys.reload().unwrap();
    assert!(show(&verifier, two.expose()).unwrap().scopes().is_empty());
    assert_eq!(keys.list("ci")[0].last_used_at(), Some(NOON));

    fs::write(&path, format!("{first}\nnonsense\n")).unwrap();
    assert_eq!(keys.reload().unwrap_err().faults()[0].setting(), "line 2");
    fs::remove_file(&path).unwrap();
    assert!(keys.reload().unwrap_err().to_string().contains("cannot be read"));
    assert_eq!(keys.len(), 2, "a broken file leaves the keys as they were");
    assert!(show(&verifier, two.expose()).is_ok());

    clock.advance(Duration::from_secs(60));
    assert_eq!(show(&verifier, one.expose()).unwrap_err().reason(), Reason::Expired);
    fs::write(&path, "# the last key was revoked\n").unwrap();
    keys.reload().unwrap();
    assert!(keys.is_empty());
    assert_eq!(show(&verifier, two.expose()).unwrap_err().reason(), Reason::Invalid);
    assert!(FileApiKeys::open("/").unwrap_err().to_string().contains("regular file"));
}

#[test]
fn every_fault_of_a_file_is_told_with_its_line() {
    let key = key();
    let good = line(&key, "ci", "orders:read:");
    let (id, rest) = good.split_once(':').unwrap();
    let digest = &rest[..64];
    for (wrong, cause) in [
        (key.expose().to_owned(), "colons"),
        (format!("{id}:{digest}:ci"), "colons"),
        (format!("{id}:{digest}:ci:"), "colons"),
        (format!("{id}:{digest}:ci:orders"), "colons"),
        (format!("{id}:{digest}:ci:orders:read"), "no expiry"),
        (format!("Acme_3Qk8ZrT0vWx1:{digest}:ci::"), "id of a key"),
        (format!("acme_3Qk8ZrT0vWx:{digest}:ci::"), "id of a key"),
        (format!("{}:{digest}:ci::", key.expose()), "id of a key"),
        (format!(" {good}"), "id of a key"),
        (format!("\u{feff}{good}"), "byte order mark"),
        (format!("{id}:{}:ci::", digest.to_uppercase()), "digest"),
        (format!("{id}:{}:ci::", &digest[1..]), "digest"),
        (format!("{id}:{digest}00:ci::"), "digest"),
        (format!("{id}:{digest}:::"), "owner"),
        (format!("{id}:{digest}: ci::"), "owner"),
        (format!("{id}:{digest}:c\0i::"), "owner"),
        (format!("{id}:{digest}:ci:a  b:"), "scopes"),
        (format!("{id}:{digest}:ci: a:"), "scopes"),
        (format!("{id}:{digest}:ci:\"a\":"), "scopes"),
        (format!("{id}:{digest}:ci:a:2030-01-01"), "expiry"),
        (format!("{id}:{digest}:ci:a:+1"), "expiry"),
        (format!("{id}:{digest}:ci:a:1 "), "expiry"),
        (format!("{id}:{digest}:ci:a:99999999999999999999"), "end of time"),
    ] {
        let error = FileApiKeys::parse(format!("# keys\n{wrong}\n\n{wrong}").as_bytes()).unwrap_err();
        let settings: Vec<_> = error.faults().iter().map(|fault| fault.setting().to_owned()).collect();
        assert_eq!(settings, ["line 2", "line 4"], "{wrong}");
        assert!(error.to_string().contains(cause), "{wrong}: {error}");
        assert!(!error.to_string().contains(digest) && !error.to_string().contains(&key.expose()[20..]));
    }
    let error = FileApiKeys::parse(format!("{good}\n{good}").as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "line 2: the key of line 1 once more; remove one of them");
    assert!(FileApiKeys::parse(b"\xff").unwrap_err().to_string().contains("UTF-8"));
    assert!(FileApiKeys::parse(b"").unwrap().is_empty());
}

proptest! {
    #[test]
    fn a_line_that_is_written_is_read_as_the_same_key(
        owner in "[a-z@. -]{1,20}",
        scopes in prop::collection::vec("[!#-\\[\\]-~]{1,12}", 0..4),
        end in prop::option::of(any::<u64>()),
    ) {
        let key = key();
        let mut record = ApiKeyRecord::new(&key, owner.as_str()).with_scopes(&scopes);
        if let Some(end) = end {
            record = record.with_expires_at(UnixTime::from_secs(end));
        }
        match record.to_line() {
            Err(_) => prop_assert!(owner.trim() != owner),
            Ok(line) => {
                let read = FileApiKeys::parse(line.as_bytes()).unwrap().remove(0);
                prop_assert_eq!((read.id(), read.digest(), read.owner()), (record.id(), record.digest(), owner.as_str()));
                prop_assert_eq!((read.scopes(), read.expires_at()), (record.scopes(), record.expires_at()));
            }
        }
    }
}

#[test]
fn what_a_line_has_no_place_for_is_not_left_out_silently() {
    let key = key();
    for record in [
        ApiKeyRecord::new(&key, "ci").with_roles(["admin"]),
        ApiKeyRecord::new(&key, "ci").with_label("nightly"),
        ApiKeyRecord::new(&key, "a:b"),
        ApiKeyRecord::new(&key, "ci\nacme_x"),
        ApiKeyRecord::new(&key, "ci").with_scopes(["a b"]),
    ] {
        assert!(record.to_line().is_err(), "{record:?}");
    }
}
