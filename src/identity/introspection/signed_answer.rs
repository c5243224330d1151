//! Answers that are JWTs signed by the issuer (RFC 9701).

use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::identity::jwt::{Cause, Claims, IssuerKeys, Unopened, Window, check_audience};

/// Whose signature an answer must bear, and whom it must be for.
pub(super) struct SignedAnswers {
    pub(super) issuer: Box<str>,
    pub(super) keys: IssuerKeys,
    /// What the issuer may call us: the client that asks, or the resource that the tokens are for (section 5).
    pub(super) audience: Vec<Box<str>>,
    pub(super) leeway: Duration,
}

impl SignedAnswers {
    /// The answer inside.
    pub(super) async fn open(&self, jwt: &[u8], now: UnixTime) -> Result<Vec<u8>, Unopened> {
        let jwt = str::from_utf8(jwt).map_err(|_| "not a JWT")?;
        let payload = self.keys.open(jwt, TYPE).await?;
        let claims = Claims::read(&payload)?;
        self.check(&claims, now)?;
        Ok(inner(&payload)?)
    }

    fn check(&self, claims: &Claims<'_>, now: UnixTime) -> Result<(), Cause> {
        if claims.issuer.as_deref() != Some(&*self.issuer) {
            return Err("`iss` of the signed answer is not the issuer");
        }
        check_audience(&self.audience, claims.audience.as_ref())
            .map_err(|_| "`aud` of the signed answer does not name this service")?;
        claims.issued_at.ok_or("the signed answer has no `iat`")?;
        let ends = claims.expires_at.unwrap_or(UnixTime::from_secs(u64::MAX));
        Window::of(claims, ends, self.leeway).check(now).map_err(|_| "the time of the signed answer is not now")
    }
}

/// The claims about the token, which have a member of their own, so that the JWT as a whole is no access token (section
/// 8.1).
fn inner(payload: &[u8]) -> Result<Vec<u8>, Cause> {
    let mut claims: Map<String, Value> = serde_json::from_slice(payload).map_err(|_| NO_ANSWER)?;
    match claims.remove("token_introspection") {
        Some(answer @ Value::Object(_)) => serde_json::to_vec(&answer).map_err(|_| NO_ANSWER),
        _ => Err(NO_ANSWER),
    }
}

const TYPE: &str = "token-introspection+jwt";
const NO_ANSWER: Cause = "the signed answer has no object `token_introspection`";
