//! The challenges of a layer: rendered when it is built, but for those that are new in every answer.

use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT, AUTHORIZATION, COOKIE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::caching::{Caching, Kept, vary_by, vary_too};
use super::challenge::Challenge;
use super::navigation::{TELL_SCRIPTS, is_from_script};
use crate::error::{ConfigError, ConfigFault, Reason};

/// The challenges of all schemes, in the configured order.
#[derive(Debug)]
pub(crate) struct ChallengeSet {
    entries: Vec<Entry>,
    /// Of refusals: they differ by the media type that is asked for, too.
    vary: HeaderValue,
    vary_of_accepted: HeaderValue,
    secrets: Vec<HeaderName>,
    proxy: bool,
}

/// What one scheme has to say in the layer's answers.
pub(crate) struct Offer {
    /// Its challenge, or the first of them.
    pub(crate) challenge: Challenge,
    /// Whether its challenge carries an `error`.
    pub(crate) explains: bool,
    /// Whether an unreadable credential is a bad request.
    pub(crate) strict: bool,
    /// Makes the challenges of one answer, where they are new in each.
    pub(crate) fresh: Option<Fresh>,
    /// Under which name scripts get its challenges, where it is another.
    pub(crate) quiet_name: Option<&'static str>,
}

pub(crate) type Fresh = Arc<dyn Fn(Reason) -> Vec<Challenge> + Send + Sync>;

/// The fields that carry credentials whatever the schemes.
pub(crate) const SECRETS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

struct Entry {
    plain: HeaderValue,
    challenge: Challenge,
    /// Only for schemes whose challenge says what went wrong (RFC 6750 section 3).
    explained: Option<Explained>,
    strict: bool,
    fresh: Option<Fresh>,
    /// The same for scripts, where it differs.
    quiet: Option<Box<Self>>,
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
    /// Renders the challenges. `fields` carry the credentials; `proxy` says that we guard a proxy.
    pub(crate) fn new<'a>(
        offers: impl Iterator<Item = Offer>,
        fields: impl Iterator<Item = &'a str>,
        proxy: bool,
    ) -> Result<Self, ConfigError> {
        let mut faults: Vec<ConfigFault> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for offer in offers {
            let challenge = &offer.challenge;
            if entries.iter().any(|other| other.challenge.scheme().eq_ignore_ascii_case(challenge.scheme())) {
                faults.push(ConfigFault::new(
                    challenge.scheme(),
                    "is configured twice; join the two verifiers in one scheme",
                ));
            }
            // To a proxy browsers answer with a dialog or not at all.
            match Entry::new(Offer { quiet_name: offer.quiet_name.filter(|_| !proxy), ..offer }) {
                Ok(entry) => entries.push(entry),
                Err(error) => faults.extend(error),
            }
        }
        let mut read: Vec<HeaderName> = Vec::new();
        for field in fields {
            match HeaderName::try_from(field) {
                Ok(name) => read.push(name),
                Err(_) => faults.push(ConfigFault::new("scheme", "reads a header field whose name is not a token")),
            }
        }
        match (vary_by([&ACCEPT].into_iter().chain(&read)), vary_by(read.iter())) {
            (Some(vary), Some(vary_of_accepted)) => {
                let mut secrets = SECRETS.to_vec();
                for name in read {
                    if !secrets.contains(&name) {
                        secrets.push(name);
                    }
                }
                let telling = entries.iter().filter(|entry| entry.quiet.is_some()).flat_map(|_| TELL_SCRIPTS);
                let vary = vary_too(vary, telling);
                ConfigError::unless_empty(faults, Self { entries, vary, vary_of_accepted, secrets, proxy })
            }
            _ => Err(ConfigFault::new("scheme", "reads too many header fields").into()),
        }
    }

    /// Has refusals differ by more fields.
    pub(crate) fn varying_by(mut self, fields: impl Iterator<Item = HeaderName>) -> Self {
        self.vary = vary_too(self.vary, fields);
        self
    }

    /// Whether challenges for a request with these fields are to open no dialog, and some of ours would.
    pub(crate) fn is_quiet_for(&self, headers: &HeaderMap) -> bool {
        self.entries.iter().any(|entry| entry.quiet.is_some()) && is_from_script(headers)
    }

    /// The fields that carry credentials, those of the configured schemes among them.
    pub(crate) fn secrets(&self) -> &[HeaderName] {
        &self.secrets
    }

    /// The `Vary` of refusals.
    pub(crate) const fn vary(&self) -> &HeaderValue {
        &self.vary
    }

    /// What caches are told of the answer to a request that was let in. Of a proxy's they are told by the server behind.
    pub(crate) fn caching(&self, kept: Kept) -> Option<Caching> {
        (!self.proxy).then(|| Caching::new(kept, self.vary_of_accepted.clone()))
    }

    /// Whether the scheme at `used` says in its challenge what went wrong.
    pub(crate) fn explains(&self, used: usize) -> bool {
        self.entries.get(used).is_some_and(|entry| entry.explained.is_some())
    }

    /// The name of the scheme at `used`.
    pub(crate) fn scheme(&self, used: usize) -> Option<&'static str> {
        self.entries.get(used).map(|entry| entry.challenge.scheme())
    }

    /// Whether the scheme at `used` calls an unreadable credential a bad request.
    pub(crate) fn is_strict(&self, used: usize) -> bool {
        self.entries.get(used).is_some_and(|entry| entry.strict)
    }

    pub(crate) const fn is_for_proxy(&self) -> bool {
        self.proxy
    }

    /// The field that challenges go in.
    pub(crate) const fn field(&self) -> HeaderName {
        if self.proxy { PROXY_AUTHENTICATE } else { WWW_AUTHENTICATE }
    }

    /// Writes the challenges of the scheme that was used, saying what went wrong if it can. `ask` adds what only the
    /// decision knows, where there is such a thing to ask for.
    pub(crate) fn write_used(
        &self,
        used: usize,
        quiet: bool,
        reason: Reason,
        ask: impl FnOnce(Challenge) -> Challenge,
        write: &mut impl FnMut(HeaderValue),
    ) {
        let Some(entry) = self.entries.get(used).map(|entry| entry.told(quiet)) else { return };
        let Some(explained) = &entry.explained else { return entry.write(reason, write) };
        // Names are checked where requirements are built, so a challenge that asks for them can be written.
        let asking = |challenge: &Challenge| ask(challenge.clone()).to_header().unwrap_or_else(|_| entry.plain.clone());
        write(match reason {
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
        });
    }

    /// Writes the challenges as they stand when nothing was presented, without those of the scheme at `except`.
    pub(crate) fn write_plain(&self, except: Option<usize>, quiet: bool, write: &mut impl FnMut(HeaderValue)) {
        for (index, entry) in self.entries.iter().enumerate() {
            if Some(index) != except {
                entry.told(quiet).write(Reason::Missing, write);
            }
        }
    }
}

impl Entry {
    fn new(Offer { challenge, explains, strict, fresh, quiet_name }: Offer) -> Result<Self, ConfigError> {
        let quiet = match quiet_name {
            Some(name) => {
                let challenge = challenge.clone().under(name);
                let fresh = fresh.clone().map(|fresh| under(name, fresh));
                Some(Box::new(Self::new(Offer { challenge, explains, strict, fresh, quiet_name: None })?))
            }
            None => None,
        };
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
        Ok(Self { plain, challenge, explained, strict, fresh, quiet })
    }

    /// What a script is told, or somebody else.
    fn told(&self, quiet: bool) -> &Self {
        self.quiet.as_deref().filter(|_| quiet).unwrap_or(self)
    }

    fn write(&self, reason: Reason, write: &mut impl FnMut(HeaderValue)) {
        match &self.fresh {
            None => write(self.plain.clone()),
            // The first could be written when the layer was built, and these differ in nothing that could be at fault.
            Some(fresh) => fresh(reason).iter().filter_map(|challenge| challenge.to_header().ok()).for_each(write),
        }
    }
}

/// The same under another name. One that merely renews what was right keeps its own: a browser answers it and asks nobody.
fn under(name: &'static str, fresh: Fresh) -> Fresh {
    Arc::new(move |why| {
        let challenges = fresh(why).into_iter();
        challenges.map(|challenge| if why == Reason::Expired { challenge } else { challenge.under(name) }).collect()
    })
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}
