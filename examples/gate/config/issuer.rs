//! `[[issuer]]`: whose JWT are accepted.

use portcullis::Secret;
use portcullis::error::ConfigFault;
use portcullis::identity::jwt::{Algorithm, Issuer, KeySet};

use super::files::Files;
use super::section::Section;

/// Reads one issuer, and its name if it has one.
pub(crate) fn read(mut section: Section<'_>, files: &Files) -> (Option<String>, Option<Issuer>) {
    section.need("issuer", "it is the `iss` of the tokens, letter for letter");
    let name = section.text("issuer");
    if let Some(name) = &name {
        section.call(name);
    }
    section.need("audience", "name what the tokens call this service in `aud`");
    let audience = section.names("audience");
    let keys = read_keys(&mut section, files);
    let token_type = section.text("type");
    let mut leeway = section.duration("leeway");
    if leeway.take_if(|leeway| *leeway > Issuer::MAX_LEEWAY).is_some() {
        section.fault("leeway", "is more than 60s; set the clocks instead");
    }
    let mut claim = |key| {
        let mut path = section.text(key);
        if path.take_if(|path| path.split('.').any(|name| name.trim().is_empty())).is_some() {
            section.fault(key, "is no path of names with dots between them");
        }
        path
    };
    let (scopes_claim, roles_claim) = (claim("scopes_claim"), claim("roles_claim"));
    section.close();

    let issuer = name.clone().zip(audience).zip(keys).map(|((name, audience), keys)| {
        let mut issuer = Issuer::new(name, audience, keys);
        if let Some(token_type) = token_type {
            issuer = issuer.token_type(token_type);
        }
        if let Some(leeway) = leeway {
            issuer = issuer.leeway(leeway);
        }
        if let Some(path) = scopes_claim {
            issuer = issuer.scopes_claim(path);
        }
        if let Some(path) = roles_claim {
            issuer = issuer.roles_claim(path);
        }
        issuer
    });
    (name, issuer)
}

/// Public keys or a secret, never both; the algorithms must be those of the source.
fn read_keys(section: &mut Section<'_>, files: &Files) -> Option<KeySet> {
    let (public, secret) = (section.has("jwks_file"), section.has("hmac_secret_file"));
    // What the algorithm of a secret is, nobody should have to guess.
    if secret {
        section.need("algorithms", "name those that the secret signs with, such as [\"HS256\"]");
    }
    let algorithms = match (section.has("algorithms"), section.names("algorithms")) {
        (_, Some(names)) => read_algorithms(section, &names),
        (false, None) if !secret => Some(vec![Algorithm::RS256, Algorithm::ES256]),
        (_, None) => None,
    };
    let jwks = files.read(section, "jwks_file");
    let hmac_secret = files.read(section, "hmac_secret_file");
    if public == secret {
        let problem = if public {
            "and hmac_secret_file are both given; remove one"
        } else {
            "missing; name it, or hmac_secret_file"
        };
        section.fault("jwks_file", problem);
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
        return KeySet::from_jwks(&file.content, &algorithms)
            .map_err(|error| {
                for fault in error {
                    section.fault("jwks_file", format!("{:?}: {fault}", file.name));
                }
            })
            .ok();
    }
    let secret = Secret::new(hmac_secret?.into_secret());
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
