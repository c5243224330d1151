//! The table of `docs/defaults.md` says what the code does: each value is taken from a public constant or from behaviour.

#![cfg(all(
    feature = "aws-lc-rs",
    feature = "bcrypt",
    feature = "jwt",
    feature = "password",
    feature = "session",
    feature = "token"
))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use portcullis::authenticate::{Bearer, Session};
use portcullis::clock::ManualClock;
use portcullis::credentials::{BasicCredentials, BearerToken, Parameters, SessionCookie, SessionId};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use portcullis::identity::password::{HashPool, User, hash_password};
use portcullis::identity::session::MemorySessions;
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::scope;
use portcullis::response::{Challenge, Rejection};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, Secret, VerifyError};
use serde_json::{Value, json};
use support::jwt::{AUDIENCE, ISSUER, NOW, claims_with, mint_with};
use support::keys::TestKey;
use tower::{Layer, ServiceExt, service_fn};

mod support {
    pub(crate) mod jwt;
    pub(crate) mod keys;
}

/// Setting and default, by row.
fn table() -> BTreeMap<&'static str, &'static str> {
    let rows = include_str!("../docs/defaults.md").lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let table: BTreeMap<_, _> = cells.clone().map(|cells| (cells[1], cells[2])).collect();
    assert_eq!(table.len(), cells.count(), "a setting is in the table twice");
    table
}

#[tokio::test]
async fn the_table_of_defaults_says_what_the_code_does() {
    let mut table = table();
    for (setting, value) in actual().await {
        let written = table.remove(setting).unwrap_or_else(|| panic!("{setting} is not in the table"));
        assert_eq!(written.replace('`', ""), value, "{setting}");
    }
    assert!(table.is_empty(), "nothing here looks at {:?}", table.keys());
}

async fn actual() -> Vec<(&'static str, String)> {
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    let bytes = |count: usize| format!("{count} bytes");
    let pool = format!("{:?}", HashPool::builder());
    let sessions = format!("{:?}", MemorySessions::builder());
    vec![
        ("`AuthenticateBuilder::allow_anonymous`", switch(bare("GET").await == 200)),
        ("`AuthenticateBuilder::allow_cors_preflight`", switch(bare("OPTIONS").await == 200)),
        ("`AuthenticateBuilder::respond_with`", refusal_type().await),
        ("`BasicCredentials::MAX_USERNAME`", bytes(BasicCredentials::MAX_USERNAME)),
        ("`BasicCredentials::MAX_PASSWORD`", bytes(BasicCredentials::MAX_PASSWORD)),
        ("`Bearer::max_length`", bytes(longest_bearer().await)),
        ("`Challenge::MAX_VALUE`", bytes(Challenge::MAX_VALUE)),
        ("`HashPool` threads", field(&pool, "threads")),
        ("`HashPool` queue", field(&pool, "queue")),
        ("`HashPool` deadline", field(&pool, "deadline").replace('s', " s")),
        ("`hash_password`", hash_parameters()),
        ("`Issuer::leeway`", seconds(Issuer::DEFAULT_LEEWAY)),
        ("`Issuer::leeway`, at most", seconds(Issuer::MAX_LEEWAY)),
        ("`Issuer::roles_claim`", roles_claim()),
        ("`Issuer::scopes_claim`", scopes_claim()),
        ("`Issuer::token_type`", token_type()),
        ("`MemorySessions` idle", field(&sessions, "idle").replace('s', " s")),
        ("`MemorySessions` absolute", field(&sessions, "absolute").replace('s', " s")),
        ("`MemorySessions` sessions", field(&sessions, "sessions")),
        ("`MemorySessions` per subject", field(&sessions, "per_subject").replace("None", "no limit")),
        ("`Parameters::MAX`", Parameters::MAX.to_string()),
        ("`RequireLayer::hidden`", switch(forbidden().await == 404)),
        ("`Session::cookie` name", session_cookie_name().await),
        ("`Session::cookie` attributes", cookie_attributes()),
        ("`SessionId`", format!("{} bits", SessionId::from_bytes([0; 32]).expose().len() * 8)),
        ("`TokenVerifier::MIN_LENGTH`", format!("{} characters", TokenVerifier::MIN_LENGTH)),
        ("`VerifyError::DEFAULT_RETRY_AFTER`", seconds(VerifyError::DEFAULT_RETRY_AFTER)),
        ("stored argon2id hash, memory at most", format!("{} MiB", largest(1 << 20, |n| argon2id(n * 1024, 1)))),
        ("stored argon2id hash, passes at most", largest(1 << 20, |n| argon2id(1024, n)).to_string()),
        ("stored bcrypt hash, cost", bcrypt_costs()),
    ]
}

fn switch(on: bool) -> String {
    String::from(if on { "on" } else { "off" })
}

/// The value of `name` in a printed struct.
fn field(printed: &str, name: &str) -> String {
    let after = printed.split(&format!(" {name}: ")).nth(1).unwrap_or_else(|| panic!("no {name} in {printed}"));
    String::from(after.split([',', ' ', '}']).next().unwrap())
}

async fn ask(layer: &AuthenticateLayer, request: Request<String>) -> Response<String> {
    let inner = service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    let (parts, _) = layer.layer(inner).oneshot(request).await.unwrap().into_parts();
    Response::from_parts(parts, String::new())
}

fn nobody() -> AuthenticateLayer {
    AuthenticateLayer::new(Bearer::new("x", TokenVerifier::new())).unwrap()
}

async fn bare(method: &str) -> u16 {
    let request = Request::builder().method(method).header("origin", "https://a.example");
    let request = request.header("access-control-request-method", "GET").body(String::new()).unwrap();
    ask(&nobody(), request).await.status().as_u16()
}

async fn refusal_type() -> String {
    let response = ask(&nobody(), Request::new(String::new())).await;
    String::from(response.headers()["content-type"].to_str().unwrap())
}

/// The longest token that is not malformed.
async fn longest_bearer() -> usize {
    let layer = nobody();
    let mut longest = 0;
    for length in [BearerToken::DEFAULT_MAX_LENGTH, BearerToken::DEFAULT_MAX_LENGTH + 1] {
        let request = Request::builder().header("authorization", format!("Bearer {}", "a".repeat(length)));
        let response = ask(&layer, request.body(String::new()).unwrap()).await;
        if response.extensions().get::<Rejection>().map(Rejection::reason) == Some(Reason::Invalid) {
            longest = length;
        }
    }
    longest
}

/// The identity of a token with these claims beside the required ones.
fn token(header: &Value, claims: Value) -> Option<Identity> {
    let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect())).unwrap();
    let verifier = JwtVerifier::new([Issuer::new(ISSUER, [AUDIENCE], keys)]).unwrap();
    let clock = ManualClock::at(portcullis::clock::UnixTime::from_secs(NOW));
    let token =
        mint_with(&TestKey::hmac(Algorithm::HS256, &(1..=32).collect::<Vec<u8>>()), header, &claims_with(claims));
    verifier.clock(clock).verify_token(&token).ok()
}

fn token_type() -> String {
    let taken = |header| token(&header, json!({})).is_some();
    let any = ["at+jwt", "JWT", "other"].iter().all(|name| taken(json!({"alg": "HS256", "typ": name})));
    String::from(if any && taken(json!({"alg": "HS256"})) { "any" } else { "some" })
}

fn roles_claim() -> String {
    let identity = token(&json!({"alg": "HS256"}), json!({"roles": ["a"], "groups": ["b"]})).unwrap();
    String::from(if identity.roles().iter().eq(["a"]) { "roles" } else { "another" })
}

fn scopes_claim() -> String {
    let scopes = |claims| {
        let identity = token(&json!({"alg": "HS256"}), claims).unwrap();
        identity.scopes().iter().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(scopes(json!({"scope": "a", "scp": null})), ["a"]);
    assert_eq!(scopes(json!({"scope": null, "scp": "b"})), ["b"]);
    String::from("scope, else scp")
}

async fn forbidden() -> u16 {
    let tokens = TokenVerifier::new();
    tokens.insert("kJ3vX9qLw2rT8mZs5bYc", Identity::assertion("x", "y").build()).unwrap();
    let authenticate = AuthenticateLayer::new(Bearer::new("x", tokens)).unwrap();
    let inner = service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    let service = authenticate.layer(RequireLayer::new(scope("z")).unwrap().layer(inner));
    let request = Request::builder().header("authorization", "Bearer kJ3vX9qLw2rT8mZs5bYc").body(String::new());
    service.oneshot(request.unwrap()).await.unwrap().status().as_u16()
}

/// The cookie under which a session is found, among those the table could mean.
async fn session_cookie_name() -> String {
    let sessions = MemorySessions::builder().build().unwrap();
    let started = sessions.create(&Identity::assertion("x", "y").build(), None).unwrap();
    let layer = AuthenticateLayer::new(Session::new("x", sessions)).unwrap();
    let name = String::from(SessionCookie::default().name());
    let cookie = format!("{name}={}", started.id().encode().expose());
    let request = Request::builder().header("cookie", cookie).body(String::new()).unwrap();
    assert_eq!(ask(&layer, request).await.status(), 200);
    name
}

fn cookie_attributes() -> String {
    let value = SessionCookie::default().set(&SessionId::from_bytes([0; 32]), Duration::from_secs(60));
    let (_, attributes) = value.to_str().unwrap().split_once("; Max-Age=60; ").unwrap();
    String::from(attributes)
}

fn hash_parameters() -> String {
    let hash = hash_password("a password").unwrap();
    let parts: Vec<_> = hash.split('$').collect();
    format!("{}, {}", parts[1], parts[3].replace(',', ", "))
}

/// The largest number up to `bound` that is taken, if every smaller one is taken too.
fn largest(bound: u32, taken: impl Fn(u32) -> bool) -> u32 {
    (1..=bound).find(|&number| !taken(number)).unwrap() - 1
}

fn argon2id(memory: u32, passes: u32) -> bool {
    let digest = "ly7JxhCGmOcZT3Ub3mDVbVpWRGhkEzPX3RXbvJPIlSM";
    User::new(&format!("$argon2id$v=19$m={memory},t={passes},p=1$c29tZSBzYWx0IGhlcmU${digest}")).is_ok()
}

fn bcrypt_costs() -> String {
    let taken =
        |cost: &u32| User::new(&format!("$2b${cost:02}$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2")).is_ok();
    let costs: Vec<_> = (0..=31).filter(taken).collect();
    let (first, last) = (*costs.first().unwrap(), *costs.last().unwrap());
    assert_eq!(costs.len(), (last - first) as usize + 1);
    format!("{first} to {last}")
}
