//! What the service makes up at every start (a signing key, tokens of people with their plans), and the lines to try with it.

use std::error::Error;
use std::net::SocketAddr;

use jsonwebtoken::{EncodingKey, Header};
use portcullis::clock::{Clock, SystemClock};
use serde_json::json;

use super::plans::{PLANS, Plan};

/// What to try: the status to expect, what it shows, the line.
const LINES: &[(u16, &str, &str)] = &[
    (200, "open to all, and credentials are not looked at", "curl -i --oauth2-bearer whatever $URL/plans"),
    (200, "what there is, for anybody", "curl -i $URL/films"),
    (401, "wrong credentials are refused where none are needed", "curl -i --oauth2-bearer whatever $URL/films"),
    (401, "not logged in", "curl -i $URL/films/metropolis/sd"),
    (401, "a token that has expired", r#"curl -i --oauth2-bearer "$EXPIRED" $URL/films/metropolis/sd"#),
    (
        200,
        "a film that is in the plan, a part at a time",
        r#"curl -s --oauth2-bearer "$BASIC" $URL/films/metropolis/sd"#,
    ),
    (403, "a film that is not, for a program", r#"curl -i --oauth2-bearer "$BASIC" $URL/films/metropolis/uhd"#),
    (
        403,
        "the same, for a browser",
        r#"curl -i --oauth2-bearer "$BASIC" -H "accept: text/html" $URL/films/metropolis/uhd"#,
    ),
    (200, "a bigger plan", r#"curl -s --oauth2-bearer "$PREMIUM" $URL/films/metropolis/uhd"#),
    (
        405,
        "no such method, for who may watch it",
        r#"curl -i -X DELETE --oauth2-bearer "$BASIC" $URL/films/metropolis/sd"#,
    ),
    (401, "whatever is not there; strangers do not learn what is", "curl -i $URL/nothing"),
    (404, "the same, for who is known", r#"curl -i --oauth2-bearer "$BASIC" $URL/nothing"#),
];

/// Fresh secrets.
pub(crate) struct Demo {
    /// What tokens are signed with.
    pub(crate) key: [u8; 32],
}

impl Demo {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key })
    }

    /// A token of somebody with the smallest plan, good for an hour.
    pub(crate) fn basic(&self) -> Result<String, Box<dyn Error>> {
        self.mint("bob", &PLANS[0], SystemClock.now().as_secs() + 3600)
    }

    /// The same, good until an hour ago.
    pub(crate) fn expired(&self) -> Result<String, Box<dyn Error>> {
        self.mint("bob", &PLANS[0], SystemClock.now().as_secs() - 3600)
    }

    /// A token of somebody with the biggest plan, good for an hour.
    pub(crate) fn premium(&self) -> Result<String, Box<dyn Error>> {
        self.mint("alice", &PLANS[2], SystemClock.now().as_secs() + 3600)
    }

    fn mint(&self, subject: &str, plan: &Plan, expires_at: u64) -> Result<String, Box<dyn Error>> {
        let name = super::NAME;
        let scopes = plan.scopes.join(" ");
        let claims = json!({"iss": name, "aud": name, "sub": subject, "scope": scopes, "exp": expires_at});
        Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(&self.key))?)
    }

    /// The text that greets whoever starts the service.
    pub(crate) fn what_to_try(&self, address: SocketAddr) -> Result<String, Box<dyn Error>> {
        let (basic, premium, expired) = (self.basic()?, self.premium()?, self.expired()?);
        let mut text = format!(
            "Listening. In another terminal, paste this first; all of it is new with every start:\n\n\
             URL=http://{address}\nBASIC={basic}\nPREMIUM={premium}\nEXPIRED={expired}\n\n\
             Then try these, each with the status to expect:\n\n"
        );
        for (status, shows, line) in LINES {
            text += &format!("# {status}  {shows}\n{line}\n");
        }
        Ok(text)
    }
}
