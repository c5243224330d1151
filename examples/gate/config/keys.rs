//! Where the keys of an issuer come from: a file, a secret, an address, or the issuer itself.

use portcullis::error::ConfigFault;
use portcullis::identity::jwt::{Algorithm, IssuerKeys, KeySet, RemoteKeys};
use portcullis::outbound::Client;
use portcullis::{ConfigError, Secret};

use super::files::Files;
use super::section::Section;
use crate::kept::Kept;

/// The keys of one issuer.
#[derive(Clone)]
pub(crate) enum Keys {
    /// From a file, read with the configuration.
    AtHand(KeySet),
    /// From the issuer.
    Published(Published, RemoteKeys),
}

/// Keys that are fetched, as the configuration describes them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Published {
    place: Place,
    algorithms: Vec<Algorithm>,
    loopback: bool,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Place {
    Address(String),
    Issuer(String),
}

impl From<Keys> for IssuerKeys {
    fn from(keys: Keys) -> Self {
        match keys {
            Keys::AtHand(set) => set.into(),
            Keys::Published(_, keys) => keys.into(),
        }
    }
}

/// The four keys of which an issuer has one.
const SOURCES: [&str; 4] = ["jwks_file", "jwks_url", "discovery", "hmac_secret_file"];

/// Reads the keys of the issuer called `name`.
pub(crate) fn read(section: &mut Section<'_>, name: Option<&str>, files: &Files, kept: &Kept) -> Option<Keys> {
    let given: Vec<_> = SOURCES.into_iter().filter(|key| section.has(key)).collect();
    let secret = section.has("hmac_secret_file");
    let algorithms = algorithms(section, secret);
    let loopback = section.flag("danger_allow_http_loopback").unwrap_or(false);
    let jwks = files.read(section, "jwks_file");
    let url = section.text("jwks_url");
    let discovery = section.flag("discovery");
    let hmac_secret = files.read(section, "hmac_secret_file");
    match given[..] {
        [] => {
            section.fault("jwks_file", "missing; name it, or jwks_url, discovery = true or hmac_secret_file");
            return None;
        }
        [_] => {}
        [one, other, ..] => {
            section.fault(one, format!("and {other} are both given; remove one"));
            return None;
        }
    }
    if discovery == Some(false) {
        section.fault("discovery", "is false, so there are no keys; write true, or name them");
        return None;
    }
    let algorithms = algorithms?;
    if let Some(misfit) = algorithms.iter().find(|algorithm| algorithm.is_symmetric() != secret) {
        let remedy = if secret {
            "needs public keys: remove it, or give jwks_file"
        } else {
            "needs a secret: remove it, or give hmac_secret_file"
        };
        section.fault("algorithms", format!("{misfit} {remedy}"));
        return None;
    }
    if let Some(file) = jwks {
        let told = |error| section.faults_of("jwks_file", named(&file.name, error));
        return KeySet::from_jwks(&file.content, &algorithms).map_err(told).ok().map(Keys::AtHand);
    }
    if let Some(file) = hmac_secret {
        return hmac(section, file.into_secret(), algorithms).map(Keys::AtHand);
    }
    let (key, place) = match (url, name) {
        (Some(url), _) => ("jwks_url", Place::Address(url)),
        (None, Some(name)) if discovery.is_some() => ("discovery", Place::Issuer(name.to_owned())),
        _ => return None,
    };
    let published = Published { place, algorithms, loopback };
    match kept.keys.get(&published).cloned().map_or_else(|| published.keys(), Ok) {
        Ok(keys) => Some(Keys::Published(published, keys)),
        Err(error) => {
            error.into_iter().for_each(|fault| section.fault(key, ConfigFault::problem(&fault)));
            None
        }
    }
}

impl Published {
    /// These keys; nothing is fetched before there is a runtime.
    fn keys(&self) -> Result<RemoteKeys, ConfigError> {
        let builder = match &self.place {
            Place::Address(url) => RemoteKeys::jwks(url.as_str(), &self.algorithms),
            Place::Issuer(name) => RemoteKeys::discover(name.as_str(), &self.algorithms),
        };
        builder.client(client(self.loopback)?).build()
    }

    /// Where they are fetched from, for people: without a query, which may hold a key.
    pub(crate) fn place(&self) -> &str {
        match &self.place {
            Place::Address(url) => url.split('?').next().unwrap_or_default(),
            Place::Issuer(name) => name,
        }
    }
}

/// Asks over https, and over http only whom `loopback` lets.
pub(crate) fn client(loopback: bool) -> Result<Client, ConfigError> {
    let builder = Client::builder();
    if loopback { builder.danger_allow_http_loopback() } else { builder }.build()
}

fn algorithms(section: &mut Section<'_>, secret: bool) -> Option<Vec<Algorithm>> {
    // What the algorithm of a secret is, nobody should have to guess.
    if secret {
        section.need("algorithms", "name those that the secret signs with, such as [\"HS256\"]");
    }
    match (section.has("algorithms"), section.names("algorithms")) {
        (_, Some(names)) => read_algorithms(section, &names),
        (false, None) if !secret => Some(vec![Algorithm::RS256, Algorithm::ES256]),
        (_, None) => None,
    }
}

fn read_algorithms(section: &Section<'_>, names: &[String]) -> Option<Vec<Algorithm>> {
    let mut algorithms = Vec::new();
    for name in names {
        match name.parse() {
            Ok(algorithm) => algorithms.push(algorithm),
            Err(fault) => section.fault("algorithms", ConfigFault::problem(&fault)),
        }
    }
    (algorithms.len() == names.len()).then_some(algorithms)
}

/// The same faults, each of this file.
fn named(file: &str, error: ConfigError) -> impl Iterator<Item = ConfigFault> {
    error.into_iter().map(move |fault| ConfigFault::new(format!("{file:?}"), fault.to_string()))
}

fn hmac(section: &Section<'_>, secret: Vec<u8>, algorithms: Vec<Algorithm>) -> Option<KeySet> {
    let secret = Secret::new(secret);
    // Random bytes have fewer only by a chance that never comes; "changeme" four times over has.
    if (0..=u8::MAX).filter(|byte| secret.expose().contains(byte)).count() < 8 {
        section.fault("hmac_secret_file", "holds fewer than 8 different bytes; make 32 from a random source");
        return None;
    }
    let mut sets = Vec::new();
    for algorithm in algorithms {
        match KeySet::hmac(algorithm, Secret::new(secret.expose().clone())) {
            Ok(set) => sets.push(set),
            Err(error) => section.faults_of("hmac_secret_file", error),
        }
    }
    sets.into_iter()
        .map(Ok)
        .reduce(|all, set| all?.and(set?))?
        .map_err(|error| section.faults_of("hmac_secret_file", error))
        .ok()
}
