//! What the quickstart makes up at every start (a password, a signing key, tokens), and the lines to try with it.

use std::error::Error;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use portcullis::clock::{Clock, SystemClock};
use serde_json::json;

/// What to try: the status to expect, what it shows, the line.
const LINES: &[(u16, &str, &str)] = &[
    (200, "anybody", "curl -i $URL/"),
    (401, "nothing sent; one challenge for each scheme", "curl -i $URL/me"),
    (401, "whatever is not open; strangers do not learn what there is", "curl -i $URL/nothing"),
    (200, "a password", r#"curl -i -u "alice:$PASSWORD" $URL/me"#),
    (401, "a wrong password", "curl -i -u alice:wrong $URL/me"),
    (200, "a token", r#"curl -i --oauth2-bearer "$TOKEN" $URL/me"#),
    (401, "a token that has expired", r#"curl -i --oauth2-bearer "$EXPIRED" $URL/me"#),
    (400, "something that is no token at all", "curl -i --oauth2-bearer 'not?a?token' $URL/me"),
    (400, "two credentials", r#"curl -i -H "authorization: Bearer $TOKEN" -H 'authorization: Basic Zm86YmE=' $URL/me"#),
    (200, "the scope that /orders requires", r#"curl -i --oauth2-bearer "$TOKEN" $URL/orders"#),
    (403, "without the role that /admin requires", r#"curl -i -u "alice:$PASSWORD" $URL/admin"#),
    (503, "a policy whose database is down", r#"curl -i -u "alice:$PASSWORD" $URL/flaky"#),
    (200, "nobody, where that is allowed", "curl -i $URL/optional"),
    (401, "wrong credentials, which are refused there too", "curl -i -u alice:wrong $URL/optional"),
    (401, "a log-in with a wrong password", "curl -i -d user=alice -d password=wrong $URL/login"),
    (200, "log in", r#"SESSION=$(curl -s -d user=alice -d "password=$PASSWORD" $URL/login)"#),
    (200, "the session, as browsers send it", r#"curl -i -b "__Host-session=$SESSION" $URL/me"#),
    (200, "the same, as programs do", r#"curl -i -H "authorization: Session $SESSION" $URL/me"#),
    (
        403,
        "a change by the cookie, from who knows where",
        r#"curl -i -X POST -b "__Host-session=$SESSION" $URL/logout"#,
    ),
    (204, "log out", r#"curl -i -X POST -b "__Host-session=$SESSION" -H "origin: $URL" $URL/logout"#),
    (401, "the session is over", r#"curl -i -b "__Host-session=$SESSION" $URL/me"#),
];

/// Fresh secrets.
pub(crate) struct Demo {
    /// What tokens are signed with.
    pub(crate) key: [u8; 32],
    /// Alice's.
    pub(crate) password: String,
}

impl Demo {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let (mut key, mut password) = ([0; 32], [0; 12]);
        getrandom::fill(&mut key)?;
        getrandom::fill(&mut password)?;
        Ok(Self { key, password: BASE64_URL_SAFE_NO_PAD.encode(password) })
    }

    /// A token of a program that may read orders, good for an hour.
    pub(crate) fn token(&self) -> Result<String, Box<dyn Error>> {
        self.mint(SystemClock.now().as_secs() + 3600)
    }

    /// The same, good until an hour ago.
    pub(crate) fn expired_token(&self) -> Result<String, Box<dyn Error>> {
        self.mint(SystemClock.now().as_secs() - 3600)
    }

    fn mint(&self, expires_at: u64) -> Result<String, Box<dyn Error>> {
        let name = super::NAME;
        let claims = json!({"iss": name, "aud": name, "sub": "robot", "scope": "orders:read", "exp": expires_at});
        Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(&self.key))?)
    }

    /// The text that greets whoever starts the quickstart.
    pub(crate) fn what_to_try(&self, address: SocketAddr) -> Result<String, Box<dyn Error>> {
        let (token, expired, password) = (self.token()?, self.expired_token()?, &self.password);
        let mut text = format!(
            "Listening. In another terminal, paste this first; all of it is new with every start:\n\n\
             URL=http://{address}\nPASSWORD={password}\nTOKEN={token}\nEXPIRED={expired}\n\n\
             Then try these, each with the status to expect:\n\n"
        );
        for (status, shows, line) in LINES {
            text += &format!("# {status}  {shows}\n{line}\n");
        }
        Ok(text)
    }
}
