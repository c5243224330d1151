//! The JWT by which a client with a key says who it is (RFC 7523 section 3).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::signing_key::{SigningFailed, SigningKey};
use crate::clock::UnixTime;
use crate::secret::Secret;

/// A new one, good for a minute from `now`.
pub(super) fn assertion(
    key: &SigningKey,
    client_id: &str,
    audience: &str,
    now: UnixTime,
) -> Result<Secret<String>, SigningFailed> {
    let mut header = json!({"alg": key.algorithm().name(), "typ": "JWT"});
    if let Some(key_id) = key.key_id() {
        header["kid"] = key_id.into();
    }
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_| SigningFailed)?;
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": URL_SAFE_NO_PAD.encode(id),
        "iat": now.as_secs(),
        "exp": now.saturating_add(LIFETIME).as_secs(),
    });
    let (header, claims) = (header.to_string(), claims.to_string());
    let mut jwt = Secret::new(String::with_capacity(2 * (header.len() + claims.len()) + LONGEST_SIGNATURE));
    let text = jwt.expose_mut();
    URL_SAFE_NO_PAD.encode_string(header, text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, text);
    Ok(jwt)
}

/// Long enough for a slow network and clocks that differ, too short to be worth stealing.
const LIFETIME: Duration = Duration::from_secs(60);
/// That of an RSA key of 8192 bits, in base64url, with its dot.
const LONGEST_SIGNATURE: usize = 1367;
