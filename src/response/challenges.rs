//! The challenges of a layer, rendered when it is built.

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue};

use super::challenge::Challenge;
use crate::error::{ConfigError, ConfigFault, Reason};

/// The challenges of all schemes, rendered when the layer is built, in the configured order.
#[derive(Debug)]
pub(crate) struct ChallengeSet {
    entries: Vec<Entry>,
    vary: HeaderValue,
    secrets: Vec<HeaderName>,
}

/// The fields that carry credentials whatever the schemes.
pub(crate) const SECRETS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

#[derive(Debug)]
struct Entry {
    plain: HeaderValue,
    challenge: Challenge,
    /// Only for schemes whose challenge says what went wrong (RFC 6750 section 3).
    explained: Option<Explained>,
}

#[derive(Debug)]
struct Explained {
    ambiguous: HeaderValue,
    malformed: HeaderValue,
    invalid: HeaderValue,
    expired: HeaderValue,
    /// These two want parameters that only the decision knows.
    forbidden: Challenge,
    step_up: Challenge,
}

impl ChallengeSet {
    /// Renders the challenges; `explains` says whether the scheme's challenge carries an `error`.
    pub(crate) fn new<'a>(
        schemes: impl Iterator<Item = (Challenge, bool)>,
        fields: impl Iterator<Item = &'a str>,
    ) -> Result<Self, ConfigError> {
        let mut faults: Vec<ConfigFault> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (challenge, explains) in schemes {
            if entries.iter().any(|other| other.challenge.scheme().eq_ignore_ascii_case(challenge.scheme())) {
                faults.push(ConfigFault::new(
                    challenge.scheme(),
                    "is configured twice; join the two verifiers in one scheme",
                ));
            }
            match Entry::new(challenge, explains) {
                Ok(entry) => entries.push(entry),
                Err(error) => faults.extend(error),
            }
        }
        let mut vary = String::from("accept");
        let mut secrets = SECRETS.to_vec();
        for field in fields {
            let Ok(name) = HeaderName::try_from(field) else {
                faults.push(ConfigFault::new("scheme", "reads a header field whose name is not a token"));
                continue;
            };
            if !vary.split(", ").any(|own| name == *own) {
                vary.push_str(", ");
                vary.push_str(name.as_str());
            }
            if !secrets.contains(&name) {
                secrets.push(name);
            }
        }
        match HeaderValue::try_from(vary) {
            Ok(vary) => ConfigError::unless_empty(faults, Self { entries, vary, secrets }),
            Err(_) => Err(ConfigFault::new("scheme", "reads too many header fields").into()),
        }
    }

    /// The fields that carry credentials, those of the configured schemes among them.
    pub(crate) fn secrets(&self) -> &[HeaderName] {
        &self.secrets
    }

    pub(crate) const fn vary(&self) -> &HeaderValue {
        &self.vary
    }

    /// Whether the scheme at `used` says in its challenge what went wrong.
    pub(crate) fn explains(&self, used: usize) -> bool {
        self.entries.get(used).is_some_and(|entry| entry.explained.is_some())
    }

    /// The challenge of the scheme that was used, saying what went wrong if it can. `ask` adds what only the decision
    /// knows, where there is such a thing to ask for.
    pub(crate) fn explained(
        &self,
        used: usize,
        reason: Reason,
        ask: impl FnOnce(Challenge) -> Challenge,
    ) -> Option<HeaderValue> {
        let entry = self.entries.get(used)?;
        let Some(explained) = &entry.explained else { return Some(entry.plain.clone()) };
        // Names are checked where requirements are built, so a challenge that asks for them can be written.
        let asking = |challenge: &Challenge| ask(challenge.clone()).to_header().unwrap_or_else(|_| entry.plain.clone());
        Some(match reason {
            Reason::Ambiguous => explained.ambiguous.clone(),
            Reason::Malformed => explained.malformed.clone(),
            Reason::Invalid => explained.invalid.clone(),
            Reason::Expired => explained.expired.clone(),
            Reason::Forbidden => asking(&explained.forbidden),
            Reason::StepUp => asking(&explained.step_up),
            Reason::CrossSite
            | Reason::Hidden
            | Reason::Misconfigured
            | Reason::Missing
            | Reason::Throttled
            | Reason::Unavailable => entry.plain.clone(),
        })
    }

    /// The challenges as they stand when nothing was presented, without the one at `except`.
    pub(crate) fn plain(&self, except: Option<usize>) -> impl Iterator<Item = &HeaderValue> {
        self.entries.iter().enumerate().filter(move |(index, _)| Some(*index) != except).map(|(_, entry)| &entry.plain)
    }
}

impl Entry {
    fn new(challenge: Challenge, explains: bool) -> Result<Self, ConfigError> {
        let plain = challenge.to_header()?;
        let explained = if explains {
            let ask = |error: &str, description: &str| {
                challenge.clone().quoted("error", error).quoted("error_description", description)
            };
            // These say what is missing, or that no other token helps: advice which one to get would mislead.
            let say = |error: &str, description: &str| ask(error, description).without_suggestions();
            Some(Explained {
                ambiguous: say("invalid_request", "More than one credential was sent").to_header()?,
                malformed: say("invalid_request", "The credential cannot be read").to_header()?,
                invalid: ask("invalid_token", "The token is not accepted").to_header()?,
                expired: ask("invalid_token", "The token has expired").to_header()?,
                // RFC 6750 section 3.1, RFC 9470 section 3.
                forbidden: say("insufficient_scope", "The request needs a permission that the token does not give"),
                step_up: ask("insufficient_user_authentication", "A newer or stronger log-in is required"),
            })
        } else {
            None
        };
        Ok(Self { plain, challenge, explained })
    }
}
