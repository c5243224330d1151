//! The table of `docs/defaults.md` says what the code does: each value is taken from a public constant or from behaviour.

#![cfg(all(
    feature = "api-key",
    feature = "aws-lc-rs",
    feature = "axum",
    feature = "bcrypt",
    feature = "digest",
    feature = "html",
    feature = "htpasswd",
    feature = "introspection",
    feature = "jwks",
    feature = "password",
    feature = "postgres",
    feature = "redis",
    feature = "session",
    feature = "sqlite",
    feature = "test-kit",
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
use std::fs;
use std::time::Duration;

use http::{Request, Response};
use portcullis::authenticate::{ApiKeys, Basic, Bearer, Digest, SameOrigin, Scheme, Session};
use portcullis::axum::Routes;
use portcullis::clock::{Clock, ManualClock, UnixTime};
use portcullis::credentials::{
    ApiKey, BasicCredentials, BearerToken, ClientAddress, DigestAlgorithm, DigestCredentials, Parameters,
    SessionCookie, SessionId, TrustedProxies,
};
use portcullis::identity::api_key::{ApiKeyRecord, ApiKeyVerifier, FileApiKeys, MemoryApiKeys};
use portcullis::identity::digest_access::DigestUsers;
use portcullis::identity::introspection::{AnswerCache, ClientAuth, IntrospectionBuilder, IntrospectionVerifier};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet, KeysFreshness, RemoteKeys, TokenCache};
use portcullis::identity::password::{HashPool, HtpasswdFile, PasswordMemory, User, hash_password};
use portcullis::identity::revocation::{MemoryRevocations, RedisRevocations};
use portcullis::identity::session::{
    CachedStore, MemoryStore, PostgresStore, RedisStore, RedisStoreBuilder, SessionStart, Sessions, SqliteStore,
};
use portcullis::identity::throttle::{Throttle, ThrottleBuilder};
use portcullis::identity::token::TokenVerifier;
use portcullis::login::{LogIn, Login};
use portcullis::observe::Finding;
use portcullis::outbound::Client;
use portcullis::permission::scope;
use portcullis::resource::ProtectedResource;
use portcullis::response::{Challenge, OwnRefusal, Page, Rejection};
use portcullis::test_kit::{Challenges, Endpoint, Fault, TestIssuer, TokenBuilder};
use portcullis::{AuthenticateLayer, Identity, Reason, RequireLayer, Secret, Verifier, VerifyError};
use serde_json::{Value, json};
use support::at_once::at_once;
use support::jwt::{AUDIENCE, ISSUER, NOW, claims_with, mint_with};
use support::keys::TestKey;
use tempfile::TempDir;
use tower::{Layer, ServiceExt, service_fn};

mod support {
    pub(crate) mod at_once;
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
    let sessions = format!("{:?}", Sessions::builder(MemoryStore::new()));
    let cached = format!("{:?}", CachedStore::builder(MemoryStore::new(), Duration::from_secs(2)));
    let redis = format!("{:?}", RedisRevocations::builder("redis://127.0.0.1"));
    let postgres = format!("{:?}", PostgresStore::builder("postgres://127.0.0.1"));
    let sqlite = format!("{:?}", SqliteStore::builder("sessions.db"));
    let millis = |printed: &str| match field(printed, "patience").as_str() {
        "1.5s" => String::from("1500 ms"),
        other => other.to_owned(),
    };
    let digest = format!("{:?}", digest());
    let api_keys = format!("{:?}", api_keys());
    let login = Login::new(
        &Session::new("x", Sessions::new(MemoryStore::new())),
        async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) },
    )
    .unwrap();
    let login = format!("{login:?}");
    let is_on = |printed: &str, name| switch(field(printed, name) == "true");
    vec![
        ("`AnswerCache` active", seconds(AnswerCache::DEFAULT_ACTIVE_FOR)),
        ("`AnswerCache` inactive", seconds(AnswerCache::DEFAULT_INACTIVE_FOR)),
        ("`AnswerCache` entries", AnswerCache::DEFAULT_ENTRIES.to_string()),
        ("`ApiKey` secret", format!("{} characters", ApiKey::SECRET_LENGTH)),
        ("`ApiKey::MAX_PREFIX`", format!("{} characters", ApiKey::MAX_PREFIX)),
        ("`ApiKeyRecord` end", end_of_api_key()),
        ("`ApiKeyRecord` last use, noted", last_use_noted()),
        ("`ApiKeys::also_basic`", is_on(&api_keys, "basic")),
        ("`ApiKeys::also_bearer`", is_on(&api_keys, "bearer")),
        ("`ApiKeys::header`", field(&api_keys, "header").replace('"', "")),
        ("`AuthenticateBuilder::allow_anonymous`", switch(bare("GET").await == 200)),
        ("`AuthenticateBuilder::allow_cors_preflight`", switch(bare("OPTIONS").await == 200)),
        (
            "`AuthenticateBuilder::log_at_most`",
            format!("{} a second, of each reason", field(&format!("{:?}", AuthenticateLayer::builder()), "per_second")),
        ),
        ("`AuthenticateBuilder::observer`", field(&format!("{:?}", AuthenticateLayer::builder()), "listener")),
        ("`AuthenticateBuilder::expose_to_scripts`", switch(exposes().await)),
        (
            "`AuthenticateBuilder::log_in_page`",
            if typed(nobody(), "/").await == 401 { "none".into() } else { "set".into() },
        ),
        ("`AuthenticateBuilder::log_in_page` path to return to, at most", bytes(longest_return_to().await)),
        ("`AuthenticateBuilder::proxy`", switch(bare("GET").await == 407)),
        ("`AuthenticateBuilder::respond_with`", refusal_type().await),
        ("`AuthenticateLayer` `Cache-Control`, by a cookie", kept("cookie", "__Host-session=").await),
        ("`AuthenticateLayer` `Cache-Control`, by a header", kept("authorization", "Session ").await),
        ("`Basic::quiet_for_scripts`", switch(basic().quiet_name().is_some())),
        ("`BasicCredentials::MAX_USERNAME`", bytes(BasicCredentials::MAX_USERNAME)),
        ("`BasicCredentials::MAX_PASSWORD`", bytes(BasicCredentials::MAX_PASSWORD)),
        ("`Bearer::max_length`", bytes(longest_bearer().await)),
        ("`Challenge::MAX_VALUE`", bytes(Challenge::MAX_VALUE)),
        ("`Client::danger_allow_http_loopback`", switch(may_ask(Client::builder().build().unwrap()))),
        ("`Digest::algorithms`", field(&digest, "algorithms").replace("[Sha256]", DigestAlgorithm::Sha256.name())),
        ("`Digest::allow_md5`", is_on(&digest, "allow_md5")),
        ("`Digest::allow_rfc2069`", is_on(&digest, "allow_rfc2069")),
        ("`Digest::key`", digest_key().await),
        ("`Digest::nonce_lifetime`", field(&digest, "nonce_lifetime").replace('s', " s")),
        ("`Digest::nonces_in_use`", field(&digest, "nonces_in_use")),
        ("`Digest::quiet_for_scripts`", switch(self::digest().quiet_name().is_some())),
        ("`Digest::userhash`", is_on(&digest, "userhash")),
        ("`DigestCredentials::MAX_NAME`", bytes(DigestCredentials::MAX_NAME)),
        ("`DigestCredentials::MAX_NONCE`", bytes(DigestCredentials::MAX_NONCE)),
        ("`FileApiKeys::MAX_LENGTH`", format!("{} bytes", FileApiKeys::MAX_LENGTH)),
        ("`Finding::MAX_TEXT`", bytes(Finding::MAX_TEXT)),
        ("`HashPool` threads", field(&pool, "threads")),
        ("`HashPool` queue", field(&pool, "queue")),
        ("`HashPool` deadline", field(&pool, "deadline").replace('s', " s")),
        ("`hash_password`", hash_parameters()),
        ("`HtpasswdFile::INTERVAL`", format!("{} ms", HtpasswdFile::INTERVAL.as_millis())),
        ("`HtpasswdFile` length, at most", bytes(longest_file())),
        ("`HtpasswdFile` faults told, at most", faults_told().to_string()),
        ("`HtpasswdFileBuilder::allow_weak_hashes`", switch(opens(&format!("alice:{WEAK}")))),
        ("`IntrospectionBuilder::allow_missing_audience`", switch(introspected(|token| token, 0).await)),
        ("`IntrospectionBuilder::deadline`", seconds(IntrospectionBuilder::DEFAULT_DEADLINE)),
        ("`IntrospectionBuilder::leeway`", introspection_leeway().await),
        ("`IntrospectionBuilder::max_bytes`", bytes(IntrospectionBuilder::DEFAULT_MAX_BYTES)),
        ("`IntrospectionBuilder::max_requests`", IntrospectionBuilder::DEFAULT_MAX_REQUESTS.to_string()),
        ("`Issuer::leeway`", seconds(Issuer::DEFAULT_LEEWAY)),
        ("`Issuer::leeway`, at most", seconds(Issuer::MAX_LEEWAY)),
        ("`Issuer::logout_clients`", logout_clients().await),
        ("`Issuer::profile`", profile()),
        ("`Issuer::roles_claim`", roles_claim()),
        ("`Issuer::scopes_claim`", scopes_claim()),
        ("`Issuer::token_type`", token_type()),
        ("`JwtVerifier::cache`", switch(is_remembered())),
        ("`JwtVerifier::revocations`", revocations().await),
        ("`LogIn::BODY_DEADLINE`", seconds(LogIn::BODY_DEADLINE)),
        ("`LogIn::MAX_BODY`", bytes(LogIn::MAX_BODY)),
        ("`LogIn::MAX_RETURN_TO`", bytes(LogIn::MAX_RETURN_TO)),
        ("`LoginBuilder::after_log_out`", field(&login, "after_log_out").replace('"', "")),
        ("`LoginBuilder::hand_out_ids`", is_on(&login, "hand_out_ids")),
        ("`LoginBuilder::home`", field(&login, "home").replace('"', "")),
        ("`LoginBuilder::remember_me`", is_on(&login, "remember_me")),
        ("`LoginBuilder::sessions_page`", field(&login, "sessions_page").replace('"', "")),
        ("`MemoryStore` limit", field(&format!("{:?}", MemoryStore::new()), "limit")),
        ("`MemoryRevocations` capacity", MemoryRevocations::DEFAULT_CAPACITY.to_string()),
        ("`MemoryRevocations` remember", seconds(MemoryRevocations::DEFAULT_REMEMBER)),
        ("`Sessions` idle", field(&sessions, "idle").replace('s', " s")),
        ("`Sessions` absolute", field(&sessions, "absolute").replace('s', " s")),
        ("`Sessions` remembered", field(&sessions, "remembered").replace('s', " s")),
        ("`Sessions` last request, noted", last_request_noted()),
        ("`CachedStore` entries", field(&cached, "entries")),
        ("`Sessions` per subject", field(&sessions, "most")),
        ("`Page::MAX_LENGTH`", bytes(Page::MAX_LENGTH)),
        ("`PageBuilder::languages`", language_of_pages()),
        ("`Parameters::MAX`", Parameters::MAX.to_string()),
        ("`PasswordMemory` entries", PasswordMemory::DEFAULT_ENTRIES.to_string()),
        ("`PasswordMemory` time", seconds(PasswordMemory::DEFAULT_TTL)),
        ("`ProtectedResource::MAX_AGE`", seconds(ProtectedResource::MAX_AGE)),
        ("`ProtectedResourceBuilder::challenge_scopes`", challenge_scopes().await),
        ("`ProtectedResourceBuilder::danger_allow_http_loopback`", switch(resource("http://127.0.0.1:1").is_some())),
        ("`PostgresStore` connections", field(&postgres, "connections")),
        ("`PostgresStore` patience", millis(&postgres)),
        ("`RedisRevocations` max lag", seconds(RedisRevocations::DEFAULT_MAX_LAG)),
        ("`RedisRevocations` key", field(&redis, "key").replace('"', "")),
        ("`RedisStore` prefix", RedisStoreBuilder::DEFAULT_PREFIX.to_owned()),
        ("`RedisStore` timeout", seconds(RedisStoreBuilder::DEFAULT_TIMEOUT)),
        ("`RedisStore` min replicas", field(&format!("{:?}", RedisStore::builder("redis://a")), "min_replicas")),
        ("`RemoteKeys` deadline", seconds(RemoteKeys::DEFAULT_DEADLINE)),
        ("`RemoteKeys` document, at most", bytes(RemoteKeys::DEFAULT_MAX_BYTES)),
        ("`RemoteKeys` keys, at most", RemoteKeys::MAX_KEYS.to_string()),
        ("`RemoteKeys` fresh, where the issuer does not say", seconds(RemoteKeys::DEFAULT_FRESH_FOR)),
        ("`RemoteKeys` fresh, at least", seconds(RemoteKeys::MIN_MAX_AGE)),
        ("`RemoteKeys` fresh, at most", seconds(RemoteKeys::MAX_MAX_AGE)),
        ("`RemoteKeys` fetched again", fetched_again().await),
        ("`RemoteKeys` usable when stale", seconds(RemoteKeys::DEFAULT_USABLE_STALE_FOR)),
        ("`RemoteKeys` cool-down", seconds(RemoteKeys::DEFAULT_COOL_DOWN)),
        ("`RemoteKeysBuilder::allow_keys_from`", allow_keys_from().await),
        ("`RequireLayer::hidden`", switch(forbidden().await == 404)),
        ("`Routes::fallback`", fallback().await),
        ("`SameOrigin::allow_missing_origin`", switch(is_same_origin(&[]))),
        ("`SameOrigin::allow_origin`", allow_origin()),
        ("`SameOrigin::own_origin`", own_origin()),
        ("`Session::cookie` name", session_cookie_name().await),
        ("`Session::cookie` attributes", cookie_attributes()),
        ("`SessionId`", format!("{} bits", SessionId::from_bytes([0; 32]).expose().len() * 8)),
        ("`SqliteStore` readers", field(&sqlite, "readers")),
        ("`SqliteStore` patience", millis(&sqlite)),
        ("`TestIssuer::PATIENCE`", seconds(TestIssuer::PATIENCE)),
        ("`Throttle` attempts of an account", ThrottleBuilder::DEFAULT_ATTEMPTS.to_string()),
        ("`Throttle` attempts of a client", format!("{} times those of an account", ThrottleBuilder::CLIENT_FACTOR)),
        ("`Throttle` window", seconds(ThrottleBuilder::DEFAULT_WINDOW)),
        ("`Throttle` delay, at most", longest_delay().await),
        ("`Throttle` capacity", ThrottleBuilder::DEFAULT_CAPACITY.to_string()),
        ("`ThrottleBuilder::canonical`", canonical().await),
        ("`TokenCache` entries", TokenCache::DEFAULT_ENTRIES.to_string()),
        ("`TokenCache` bytes", bytes(TokenCache::DEFAULT_BYTES)),
        ("`TokenVerifier::MIN_LENGTH`", format!("{} characters", TokenVerifier::MIN_LENGTH)),
        ("`TrustedProxies`", trusted_proxies()),
        ("`User::new`, `$apr1$` and `{SHA}`", switch(User::new(WEAK).is_ok())),
        ("`VerifyError::DEFAULT_RETRY_AFTER`", seconds(VerifyError::DEFAULT_RETRY_AFTER)),
        ("stored argon2id hash, memory at most", format!("{} MiB", largest(1 << 20, |n| argon2id(n * 1024, 1)))),
        ("stored argon2id hash, passes at most", largest(1 << 20, |n| argon2id(1024, n)).to_string()),
        (
            "stored argon2id hash, memory times passes at most",
            format!("{} MiB", largest(1 << 20, |n| argon2id(n * 1024, 16)) * 16),
        ),
        ("stored argon2id hash, lanes at most", largest(1 << 20, |n| argon2id_of(1024, 1, n)).to_string()),
        ("stored bcrypt hash, cost", bcrypt_costs()),
        ("stored scrypt hash, memory times lanes at most", format!("{} MiB", largest(64, scrypt_of_8_mib) * 8)),
        ("stored PBKDF2 hash, rounds of SHA-256", rounds(|n| format!("$pbkdf2-sha256$i={n}${SALT}${DIGEST}"))),
        ("stored PBKDF2 hash, rounds of SHA-512", rounds(|n| format!("$pbkdf2-sha512$i={n}${SALT}${DIGEST}"))),
        ("stored SHA-crypt hash, rounds", sha_crypt_rounds()),
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

/// The status for somebody who goes to a page.
async fn typed(layer: AuthenticateLayer, target: &str) -> u16 {
    let request = Request::get(target).header("accept", "text/html").body(String::new()).unwrap();
    ask(&layer, request).await.status().as_u16()
}

async fn longest_return_to() -> usize {
    let mut longest = 0;
    for length in [LogIn::MAX_RETURN_TO, LogIn::MAX_RETURN_TO + 1] {
        let scheme =
            Bearer::new("x", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
        let layer = AuthenticateLayer::builder().scheme(scheme).log_in_page("/login").build().unwrap();
        if typed(layer, &format!("/{}", "a".repeat(length - 1))).await == 303 {
            longest = length;
        }
    }
    longest
}

async fn exposes() -> bool {
    let request = Request::get("/").header("origin", "https://a.example").body(String::new()).unwrap();
    ask(&nobody(), request).await.headers().contains_key("access-control-expose-headers")
}

fn basic() -> impl Scheme {
    Basic::new("x", async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) })
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

fn clock() -> ManualClock {
    ManualClock::at(UnixTime::from_secs(NOW))
}

fn verifier() -> JwtVerifier {
    let keys = KeySet::hmac(Algorithm::HS256, Secret::new((1..=32).collect())).unwrap();
    JwtVerifier::new([Issuer::new(ISSUER, [AUDIENCE], keys)]).unwrap().clock(clock())
}

/// A token that [`verifier`] knows the key of, with these claims beside the required ones.
fn minted(header: &Value, claims: Value) -> String {
    mint_with(&TestKey::hmac(Algorithm::HS256, &(1..=32).collect::<Vec<u8>>()), header, &claims_with(claims))
}

fn token(header: &Value, claims: Value) -> Option<Identity> {
    verifier().verify_token(&minted(header, claims)).ok()
}

fn is_remembered() -> bool {
    let verifier = verifier();
    verifier.verify_token(&minted(&json!({"alg": "HS256"}), json!({}))).unwrap();
    verifier.remembered() == 1
}

fn profile() -> String {
    let strict = json!({"client_id": null, "iat": null, "jti": null});
    String::from(if token(&json!({"alg": "HS256"}), strict).is_some() { "Jwt" } else { "Rfc9068" })
}

fn logout_token() -> String {
    let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    minted(&json!({"alg": "HS256"}), json!({"events": events, "sid": "one", "scope": null}))
}

async fn revocations() -> String {
    let refused = verifier().back_channel_logout(&logout_token()).await.unwrap_err();
    String::from(if refused.reason() == Reason::Unavailable { "none" } else { "some" })
}

async fn logout_clients() -> String {
    let verifier = verifier().revocations(MemoryRevocations::new());
    String::from(if verifier.back_channel_logout(&logout_token()).await.is_ok() { "the audience" } else { "others" })
}

/// An issuer on this machine, and a client that may ask it.
async fn asked() -> (TestIssuer, Client) {
    let issuer = TestIssuer::builder().algorithms([Algorithm::ES256]).clock(clock()).start().await.unwrap();
    (issuer, Client::builder().danger_allow_http_loopback().build().unwrap())
}

/// Whether a client may ask this machine.
fn may_ask(client: Client) -> bool {
    RemoteKeys::jwks("http://127.0.0.1:1/jwks", &[Algorithm::ES256]).client(client).build().is_ok()
}

/// Whether an opaque token that ends in ten seconds is accepted so much later.
async fn introspected(change: impl FnOnce(TokenBuilder<'_>) -> TokenBuilder<'_>, later: u64) -> bool {
    let (issuer, client) = asked().await;
    let token = change(issuer.token("alice").expires_in(Duration::from_secs(10))).mint_opaque();
    let auth = ClientAuth::basic("gate", Secret::new(String::from("kJ3vX9qLw2rT8mZs5bYc")));
    let clock = clock();
    clock.advance(Duration::from_secs(later));
    let builder = IntrospectionVerifier::builder(issuer.introspection_url(), auth).audience([AUDIENCE]).client(client);
    builder.clock(clock).build().unwrap().verify_token(&token).await.is_ok()
}

async fn introspection_leeway() -> String {
    let mut leeway = 0;
    while introspected(|token| token.audience(AUDIENCE), 10 + leeway).await {
        leeway += 1;
    }
    format!("{leeway} s")
}

/// When keys are fetched for the second time, in per cent of their freshness, by many that draw their time by lot.
async fn fetched_again() -> String {
    let (issuer, client) = asked().await;
    let token = issuer.token("alice").audience(AUDIENCE).mint();
    let mut seconds = Vec::new();
    for _ in 0..100 {
        let clock = clock();
        let keys = RemoteKeys::jwks(issuer.jwks_url(), &[Algorithm::ES256]).client(client.clone());
        let keys = keys.clock(clock.clone()).build().unwrap();
        let issuers = [Issuer::new(issuer.name(), [AUDIENCE], keys.clone())];
        let verifier = JwtVerifier::new(issuers).unwrap().clock(self::clock());
        assert_eq!(keys.ready().await.freshness(), KeysFreshness::Fresh);
        while keys.state().attempts() == 1 {
            clock.advance(Duration::from_secs(1));
            assert!(verifier.verify_token(&token).is_ok());
        }
        seconds.push(clock.monotonic().as_secs());
    }
    let per_cent = RemoteKeys::DEFAULT_FRESH_FOR.as_secs() / 100;
    let (first, last) = (seconds.iter().min().unwrap() / per_cent, seconds.iter().max().unwrap().div_ceil(per_cent));
    format!("at {first} % to {last} % of that")
}

/// Whether keys are taken from another host than the issuer's, if its metadata says that they are there.
async fn allow_keys_from() -> String {
    let ((issuer, client), (other, _)) = (asked().await, asked().await);
    for (keys_at, is_believed) in [(issuer.jwks_url(), true), (other.jwks_url(), false)] {
        for endpoint in [Endpoint::OauthMetadata, Endpoint::OpenidConfiguration] {
            issuer.fail_with(endpoint, Fault::member("jwks_uri", keys_at.clone()));
        }
        let keys = RemoteKeys::discover(issuer.name(), &[Algorithm::ES256]).client(client.clone()).build().unwrap();
        assert_eq!(keys.ready().await.freshness() == KeysFreshness::Fresh, is_believed);
        issuer.recover();
    }
    String::from("the issuer's host")
}

fn resource(identifier: &str) -> Option<ProtectedResource> {
    let builder = ProtectedResource::builder(identifier).authorization_server("https://id.example");
    builder.scopes(["a", "b"]).build().ok()
}

async fn challenge_scopes() -> String {
    let resource = resource("https://api.example").unwrap();
    let layer = AuthenticateLayer::new(Bearer::new("x", TokenVerifier::new()).resource(&resource)).unwrap();
    let answer = ask(&layer, Request::new(String::new())).await;
    let challenges = Challenges::of(answer.headers());
    let advised = challenges.get("Bearer").and_then(|challenge| challenge.param("scope"));
    String::from(if advised == Some("a b") { "all of scopes" } else { "others" })
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

async fn fallback() -> String {
    let tokens = TokenVerifier::new();
    tokens.insert("kJ3vX9qLw2rT8mZs5bYc", Identity::assertion("x", "y").build()).unwrap();
    let app = Routes::new().build(&AuthenticateLayer::new(Bearer::new("x", tokens)).unwrap()).unwrap();
    let ask = async |request: http::request::Builder| {
        app.clone().oneshot(request.body(String::new()).unwrap()).await.unwrap().status().as_u16()
    };
    let known = Request::builder().header("authorization", "Bearer kJ3vX9qLw2rT8mZs5bYc");
    format!("{}, then {}", ask(Request::builder()).await, ask(known).await)
}

/// The cookie under which a session is found, among those the table could mean.
async fn session_cookie_name() -> String {
    let sessions = Sessions::new(MemoryStore::new());
    let started = at_once(sessions.create(&Identity::assertion("x", "y").build(), SessionStart::new())).unwrap();
    let layer = AuthenticateLayer::new(Session::new("x", sessions)).unwrap();
    let name = String::from(SessionCookie::default().name());
    let cookie = format!("{name}={}", started.id().encode().expose());
    let request = Request::builder().header("cookie", cookie).body(String::new()).unwrap();
    assert_eq!(ask(&layer, request).await.status(), 200);
    name
}

/// By which time a request is noted anew, under the default idle limit.
fn last_request_noted() -> String {
    let clock = clock();
    let sessions = Sessions::builder(MemoryStore::new()).clock(clock.clone()).build().unwrap();
    let started = at_once(sessions.create(&Identity::assertion("x", "y").build(), SessionStart::new())).unwrap();
    let noted = || {
        assert!(sessions.verify_now(started.id()).is_some_and(|verdict| verdict.is_ok()));
        at_once(sessions.list("x", "y")).unwrap()[0].last_seen()
    };
    let (first, mut later) = (noted(), 0);
    while noted() == first {
        clock.advance(Duration::from_secs(1));
        later += 1;
    }
    format!("every {later} s")
}

/// What caches are told of the answer to a session that was sent in this way.
async fn kept(name: &str, before: &str) -> String {
    let sessions = async |_: SessionId| Ok(Identity::assertion("x", "y").build());
    let layer = AuthenticateLayer::new(Session::new("x", sessions)).unwrap();
    let credential = format!("{before}{}", SessionId::from_bytes([0; 32]).encode().expose());
    let answer = ask(&layer, Request::builder().header(name, credential).body(String::new()).unwrap()).await;
    String::from(answer.headers()["cache-control"].to_str().unwrap())
}

fn is_same_origin(lines: &[(&str, &str)]) -> bool {
    let request = Request::post("/").header("host", "own.example");
    let request = lines.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    SameOrigin::default().check(&request.body(()).unwrap().into_parts().0).is_ok()
}

fn allow_origin() -> String {
    let neighbour = [("origin", "https://pay.own.example"), ("sec-fetch-site", "same-site")];
    String::from(if is_same_origin(&neighbour) { "some" } else { "none" })
}

fn own_origin() -> String {
    let is_own = |origin| is_same_origin(&[("origin", origin)]);
    assert!(is_own("https://own.example") && !is_own("http://own.example") && !is_own("https://other.example"));
    String::from("https:// and the host asked")
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

const SALT: &str = "c29tZSBzYWx0IGhlcmU";
const DIGEST: &str = "ly7JxhCGmOcZT3Ub3mDVbVpWRGhkEzPX3RXbvJPIlSM";

fn argon2id(memory: u32, passes: u32) -> bool {
    argon2id_of(memory, passes, 1)
}

fn argon2id_of(memory: u32, passes: u32, lanes: u32) -> bool {
    User::new(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${SALT}${DIGEST}")).is_ok()
}

fn scrypt_of_8_mib(lanes: u32) -> bool {
    User::new(&format!("$scrypt$ln=13,r=8,p={lanes}${SALT}${DIGEST}")).is_ok()
}

fn sha_crypt_rounds() -> String {
    let [sha256, sha512] = [("5", 43), ("6", 86)]
        .map(|(kind, length)| rounds(|n| format!("${kind}$rounds={n}$salt${}", "a".repeat(length))));
    assert_eq!(sha256, sha512);
    sha256
}

/// The least and the largest number of rounds in a hash that is read.
fn rounds(hash: impl Fn(u32) -> String) -> String {
    let taken = |rounds| User::new(&hash(rounds)).is_ok();
    let (mut below, mut least, mut most, mut above) = (0, 100_000, 100_000, u32::MAX);
    assert!(!taken(below) && taken(least) && !taken(above));
    while least - below > 1 {
        let middle = below.midpoint(least);
        *(if taken(middle) { &mut least } else { &mut below }) = middle;
    }
    while above - most > 1 {
        let middle = most.midpoint(above);
        *(if taken(middle) { &mut most } else { &mut above }) = middle;
    }
    format!("{least} to {most}")
}

fn bcrypt_costs() -> String {
    let taken =
        |cost: &u32| User::new(&format!("$2b${cost:02}$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2")).is_ok();
    let costs: Vec<_> = (0..=31).filter(taken).collect();
    let (first, last) = (*costs.first().unwrap(), *costs.last().unwrap());
    assert_eq!(costs.len(), (last - first) as usize + 1);
    format!("{first} to {last}")
}

const WEAK: &str = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";

/// Whether a file of users with this content is one.
fn opens(content: &str) -> bool {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, content).unwrap();
    HtpasswdFile::builder(path).open().is_ok()
}

/// A comment makes the file as long as is asked for.
fn longest_file() -> usize {
    let user = format!("alice:$argon2id$v=19$m=8,t=1,p=1${SALT}${DIGEST}\n#");
    let longest = 16 << 20;
    let is_taken = |length| opens(&format!("{user}{}", "x".repeat(length - user.len())));
    assert!(is_taken(longest) && !is_taken(longest + 1));
    longest
}

fn faults_told() -> usize {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, "no colon\n".repeat(1000)).unwrap();
    HtpasswdFile::builder(path).open().unwrap_err().faults().len()
}

fn digest() -> Digest<DigestUsers> {
    Digest::new("x", DigestUsers::new("x"))
}

/// What a client must send back is made with the key.
async fn digest_key() -> String {
    let mut opaque = Vec::new();
    for _ in 0..2 {
        let layer = AuthenticateLayer::new(digest()).unwrap();
        let answer = ask(&layer, Request::new(String::new())).await;
        let challenges = Challenges::of(answer.headers());
        opaque.push(challenges.get("Digest").and_then(|challenge| challenge.param("opaque")).unwrap().to_owned());
    }
    String::from(if opaque[0] == opaque[1] { "one" } else { "random for each scheme and process" })
}

fn api_keys() -> ApiKeys {
    ApiKeys::new("x", ApiKeyVerifier::new("x", ["acme"], MemoryApiKeys::new()).unwrap())
}

fn end_of_api_key() -> String {
    let record = ApiKeyRecord::new(&ApiKey::generate("acme").unwrap(), "ci");
    String::from(if record.expires_at().is_none() { "never" } else { "some day" })
}

fn last_use_noted() -> String {
    let (key, keys, clock) = (ApiKey::generate("acme").unwrap(), MemoryApiKeys::new(), clock());
    keys.insert(ApiKeyRecord::new(&key, "ci")).unwrap();
    let verifier = ApiKeyVerifier::new("x", ["acme"], keys.clone()).unwrap().clock(clock.clone());
    let noted = || {
        assert!(verifier.verify_now(&key).is_some_and(|verdict| verdict.is_ok()));
        keys.list("ci")[0].last_used_at().unwrap()
    };
    let (first, mut later) = (noted(), 0);
    while noted() == first {
        clock.advance(Duration::from_secs(1));
        later += 1;
    }
    format!("every {later} s")
}

async fn longest_delay() -> String {
    let clock = clock();
    let throttle = Throttle::builder().clock(clock.clone()).build().unwrap();
    let mut longest = Duration::ZERO;
    for _ in 0..50 {
        match throttle.guard("alice", None).await {
            Ok(permit) => permit.failed().await,
            Err(throttled) => {
                let delay = throttled.retry_after().unwrap();
                longest = longest.max(delay);
                clock.advance(delay);
            }
        }
    }
    format!("{} s", longest.as_secs())
}

async fn canonical() -> String {
    let throttle = Throttle::default();
    for _ in 0..ThrottleBuilder::DEFAULT_ATTEMPTS {
        throttle.guard(" Alice ", None).await.unwrap().failed().await;
    }
    let is_one = throttle.guard("alice", None).await.is_err();
    String::from(if is_one { "without spaces around it, in small letters" } else { "as it is" })
}

fn trusted_proxies() -> String {
    let request = Request::builder().header("x-forwarded-for", "203.0.113.9").header("forwarded", "for=203.0.113.9");
    let peer = [127, 0, 0, 1].into();
    let client = TrustedProxies::default().client(peer, request.body(()).unwrap().headers());
    String::from(if client == ClientAddress::new(peer) { "none" } else { "some" })
}

fn language_of_pages() -> String {
    let refusal =
        OwnRefusal::new(http::StatusCode::NOT_FOUND, "not_found", "Not found", "There is nothing at this address.");
    let asked = Request::get("/").header("accept", "text/html").header("accept-language", "de").body(()).unwrap();
    refusal.answer(&Page::new(), asked.headers()).headers()["content-language"].to_str().unwrap().to_owned()
}
