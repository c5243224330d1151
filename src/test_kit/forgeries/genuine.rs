//! Tokens that must be accepted.

use http::HeaderValue;
use serde_json::{Value, json};

use super::attack::{good, signed};
use crate::credentials::BearerToken;
use crate::identity::jwt::Algorithm;
use crate::test_kit::keys::base64url;
use crate::test_kit::mint::TokenBuilder;
use crate::test_kit::state::State;

/// A token that a service must accept, as `alice`.
///
/// ```
/// use portcullis::identity::jwt::{Issuer, JwtVerifier, KeySet};
/// use portcullis::test_kit::TestIssuer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::start().await?;
/// let keys = KeySet::from_jwks(issuer.jwks(), &issuer.algorithms())?;
/// let verifier = JwtVerifier::new([Issuer::new(issuer.name(), ["orders-api"], keys).token_type("at+jwt")])?;
///
/// for good in issuer.genuine("orders-api") {
///     assert_eq!(verifier.verify_token(good.token())?.subject(), "alice", "{}", good.name());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Genuine {
    name: String,
    token: String,
    field: HeaderValue,
    scope: &'static str,
}

impl Genuine {
    /// What is special about it, such as `aud-list`: unique, and stable between versions.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The value of `Authorization` that presents it.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        self.field.clone()
    }

    /// The scopes that it gives, blank-separated.
    #[must_use]
    pub const fn scope(&self) -> &'static str {
        self.scope
    }
}

/// All there are, for an issuer.
pub(super) fn all(state: &State, audience: &str) -> Vec<Genuine> {
    let mut found = Vec::new();
    let mut add = |name: &str, scope, token: String| {
        if let Ok(field) = HeaderValue::try_from(format!("Bearer {token}")) {
            found.push(Genuine { name: name.to_owned(), token, field, scope });
        }
    };
    let good = || good(state, audience);
    let algorithms = state.keys().algorithms().to_vec();
    for &algorithm in &algorithms {
        add(&format!("alg-{algorithm}"), READ, good().algorithm(algorithm).mint());
    }
    if algorithms.contains(&Algorithm::EdDSA) {
        // RFC 9864 section 2.2: the other name of the same algorithm.
        add("alg-Ed25519", READ, good().algorithm(Algorithm::EdDSA).header("alg", "Ed25519").mint());
    }
    for (name, token_type) in
        [("typ-with-application", "application/at+jwt"), ("typ-in-upper-case", "AT+JWT"), ("typ-plain", "at+jwt")]
    {
        add(name, READ, good().typ(token_type).mint());
    }
    add("aud-list", READ, good().audiences([audience]).mint());
    add("aud-list-with-others", READ, good().audiences(["another-api", audience]).mint());
    add("scope-absent", "", good().without("scope").mint());
    add("scope-empty", "", good().scope("").mint());
    add("scope-two", READ_WRITE, good().scope(READ_WRITE).mint());
    add("scp-text", READ_WRITE, good().without("scope").claim("scp", READ_WRITE).mint());
    add("scp-list", READ_WRITE, good().without("scope").claim("scp", json!(["orders:read", "orders:write"])).mint());
    add("scope-and-scp-agree", READ, good().claim("scp", json!([READ])).mint());

    let now = state.clock.now().as_secs();
    add("nbf-now", READ, good().claim("nbf", now).mint());
    add("exp-with-a-fraction", READ, good().claim("exp", now as f64 + 300.5).mint());
    add("exp-far-ahead", READ, good().claim("exp", 4_102_444_800_u64).mint());
    add("iat-long-ago", READ, good().claim("iat", 0).mint());
    add("auth-time-acr-amr", READ, {
        good().claim("auth_time", now).claim("acr", "gold").claim("amr", json!(["pwd", "otp"])).mint()
    });
    add("claims-of-the-application", READ, {
        let extra = json!({"list": [1, 2.5, true, null, {"deep": ["er"]}], "text": "\u{e4}\u{1f600}\"\\"});
        good()
            .claim("https://id.example/extra", extra)
            .roles(["ops"])
            .claim("realm_access", json!({"roles": []}))
            .mint()
    });
    add("header-members-that-mean-nothing", READ, good().header("x", json!({"y": [1]})).header("cty", "json").mint());
    add("json-with-blanks", READ, spaced(&good()));
    add("json-with-escapes", READ, escaped(&good()));
    if let Some(token) = of_length(good, BearerToken::DEFAULT_MAX_LENGTH) {
        add("as-long-as-may-be", READ, token);
    }
    found
}

/// A token with blanks between the members, as printers for people write.
fn spaced(token: &TokenBuilder<'_>) -> String {
    let pretty = |bytes: Vec<u8>| {
        let value: Option<Value> = serde_json::from_slice(&bytes).ok();
        value.and_then(|value| serde_json::to_vec_pretty(&value).ok()).unwrap_or(bytes)
    };
    token.clone().raw_header(pretty(token.header_bytes())).raw_payload(pretty(token.payload_bytes())).mint()
}

/// A token whose subject and one of whose names are written with escapes.
fn escaped(token: &TokenBuilder<'_>) -> String {
    let claims = String::from_utf8_lossy(&token.payload_bytes()).into_owned();
    token.clone().raw_payload(claims.replace("\"alice\"", r#""\u0061lice""#).replace("\"sub\"", r#""s\u0075b""#)).mint()
}

/// A genuine token of exactly so many characters; none where no claim makes it so long.
pub(super) fn of_length<'i>(good: impl Fn() -> TokenBuilder<'i>, length: usize) -> Option<String> {
    // Three bytes of the claim are four characters of the token; a claim of one to three bytes more makes up for the
    // rest.
    let short = good().claim("fill", "").mint();
    let most = length.checked_sub(short.len())? / 4 * 3 + 3;
    (most.saturating_sub(9)..=most).find_map(|fill| {
        let token = good().claim("fill", "f".repeat(fill));
        let input = format!("{}.{}", base64url(token.header_bytes()), base64url(token.payload_bytes()));
        let token = signed(&token, &input);
        (token.len() == length).then_some(token)
    })
}

const READ: &str = "orders:read";
const READ_WRITE: &str = "orders:read orders:write";
