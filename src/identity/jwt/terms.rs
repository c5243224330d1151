//! What is asked of claims, and what they become, whoever states them: a token, or its issuer when asked about one.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::accepted::Accepted;
use super::claims::Claims;
use super::json::{Cause, Words};
use super::path::find;
use super::window::Window;
use crate::error::ConfigFault;
use crate::identity::identity::{AuthTime, Facts};
use crate::names::Names;

/// The settings that every issuer has, however it is asked.
pub(in crate::identity) struct Terms {
    /// Our names in `aud`.
    pub(in crate::identity) audience: Vec<Box<str>>,
    pub(in crate::identity) leeway: Duration,
    pub(in crate::identity) scopes_claim: Option<Box<str>>,
    pub(in crate::identity) roles_claim: Option<Box<str>>,
    /// Reads the application's own claims from the payload.
    read_value: Option<ReadValue>,
}

type ReadValue = fn(&[u8]) -> Option<Arc<dyn Any + Send + Sync>>;

impl Terms {
    pub(in crate::identity) const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
    pub(in crate::identity) const MAX_LEEWAY: Duration = Duration::from_secs(60);

    pub(in crate::identity) fn new(audience: Vec<Box<str>>) -> Self {
        let leeway = Self::DEFAULT_LEEWAY;
        Self { audience, leeway, scopes_claim: None, roles_claim: None, read_value: None }
    }

    /// Also reads the payload as a `T`.
    pub(in crate::identity) fn read_as<T: DeserializeOwned + Send + Sync + 'static>(&mut self) {
        self.read_value = Some(|payload| Some(Arc::new(serde_json::from_slice::<T>(payload).ok()?)));
    }

    /// What is wrong with these settings for the issuer of this name.
    pub(in crate::identity) fn faults(&self, issuer: &str) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let mut fault = |setting: &'static str, problem: String| faults.push(ConfigFault::new(setting, problem));
        if self.audience.is_empty() {
            fault("audience", format!("is empty; name what {issuer:?} calls this service in `aud`"));
        }
        if self.audience.iter().any(|name| name.is_empty()) {
            fault("audience", format!("one name for {issuer:?} is empty; remove it or fill it in"));
        }
        if self.leeway > Self::MAX_LEEWAY {
            let (leeway, most) = (self.leeway, Self::MAX_LEEWAY);
            fault("leeway", format!("{leeway:?} is more than {most:?}; set the clocks instead"));
        }
        for (setting, path) in [("scopes_claim", &self.scopes_claim), ("roles_claim", &self.roles_claim)] {
            if path.as_deref().is_some_and(|path| path.is_empty() || path.starts_with('.') || path.ends_with('.')) {
                fault(setting, "is not a path of names with dots between them".to_owned());
            }
        }
        faults
    }

    /// What becomes of claims that were judged: `facts` has issuer and subject, and the rest is read here.
    pub(in crate::identity) fn accept(
        &self,
        mut facts: Facts,
        claims: Claims<'_>,
        payload: &[u8],
        window: Window,
    ) -> Result<Accepted, Unfit> {
        facts.scopes = self.scopes(&claims, payload).map_err(Unfit::Claim)?;
        facts.roles = self.roles(claims.roles, payload).map_err(Unfit::Claim)?;
        facts.credential_id = claims.id.map(Into::into);
        facts.auth_time = claims.auth_time.map_or(AuthTime::Unknown, AuthTime::At);
        facts.acr = claims.acr.map(Into::into);
        facts.amr = claims.amr;
        facts.expires_at = claims.expires_at;
        if let Some(read) = self.read_value {
            facts.value = Some(read(payload).ok_or(Unfit::Value("the payload is not what the application expects"))?);
        }
        Ok(Accepted::new(facts, window, claims.issued_since, claims.session_id.map(Into::into)))
    }

    fn scopes(&self, claims: &Claims<'_>, payload: &[u8]) -> Result<Names, Cause> {
        if let Some(path) = &self.scopes_claim {
            return find(payload, path)?.as_ref().map_or(Ok(Names::default()), scopes);
        }
        match (&claims.scope, &claims.scp) {
            (None, None) => Ok(Names::default()),
            (None, Some(scp)) => scopes(scp),
            (Some(Words::Text(scope)), None) => Ok(Names::from_scope(scope)),
            (Some(Words::Text(scope)), Some(scp)) => {
                let names = Names::from_scope(scope);
                let others = scopes(scp)?;
                let same =
                    names.iter().all(|name| others.contains(name)) && others.iter().all(|name| names.contains(name));
                if same { Ok(names) } else { Err("`scope` and `scp` differ") }
            }
            (Some(Words::List(_) | Words::Other), _) => Err("`scope` is not text"),
        }
    }

    fn roles(&self, registered: Option<Words<'_>>, payload: &[u8]) -> Result<Names, Cause> {
        let roles = match &self.roles_claim {
            Some(path) => find(payload, path)?,
            None => registered,
        };
        match roles {
            None => Ok(Names::default()),
            Some(Words::List(names)) => Ok(names),
            Some(Words::Other | Words::Text(_)) => Err("the roles are not a list of text"),
        }
    }
}

/// Why claims did not become an identity.
pub(in crate::identity) enum Unfit {
    /// What they say of scopes or roles cannot be read.
    Claim(Cause),
    /// They lack what the application wants of them.
    Value(Cause),
}

impl Unfit {
    pub(super) const fn cause(self) -> Cause {
        match self {
            Self::Claim(cause) | Self::Value(cause) => cause,
        }
    }
}

/// Whether one of `ours` is among those that a token is meant for.
pub(in crate::identity) fn check_audience(ours: &[Box<str>], audience: Option<&Words<'_>>) -> Result<(), Cause> {
    let is_ours = |name: &str| ours.iter().any(|own| **own == *name);
    match audience {
        Some(Words::Text(name)) if is_ours(name) => Ok(()),
        Some(Words::List(names)) if names.iter().any(is_ours) => Ok(()),
        Some(Words::List(_) | Words::Text(_)) => Err("`aud` does not name this service"),
        Some(Words::Other) => Err("`aud` is neither text nor a list of text"),
        None => Err("no `aud`"),
    }
}

fn scopes(words: &Words<'_>) -> Result<Names, Cause> {
    match words {
        // A blank inside would make one scope look like two wherever scopes are joined again.
        Words::List(names) if names.iter().any(|name| name.is_empty() || name.contains(' ')) => {
            Err("a scope is empty or holds a blank")
        }
        Words::List(names) => Ok(names.clone()),
        Words::Text(scope) => Ok(Names::from_scope(scope)),
        Words::Other => Err("the scopes are neither text nor a list of text"),
    }
}
