//! `[[issuer]]`, `[introspection]` and `[resource]`: all that is said of bearer tokens.

use std::collections::{BTreeSet, HashMap};

use portcullis::identity::introspection::IntrospectionVerifier;
use portcullis::identity::jwt::{Issuer, JwtVerifier, RemoteKeys};
use portcullis::resource::ProtectedResource;

use super::files::Files;
use super::keys::{Keys, Published};
use super::section::Section;
use super::{introspection, issuer, resource};
use crate::kept::Kept;

/// Who judges bearer tokens, and what clients are told who need one. One of the two verifiers is there.
pub(crate) struct Tokens {
    pub(crate) jwt: Option<JwtVerifier>,
    pub(crate) opaque: Option<IntrospectionVerifier>,
    /// The keys of each issuer by its name.
    pub(crate) keys: Vec<(String, Keys)>,
    pub(crate) resource: Option<ProtectedResource>,
}

impl Tokens {
    /// The keys that are fetched.
    pub(super) fn published(&self) -> HashMap<Published, RemoteKeys> {
        let published = self.keys.iter().filter_map(|(_, keys)| match keys {
            Keys::Published(place, keys) => Some((place.clone(), keys.clone())),
            Keys::AtHand(_) => None,
        });
        published.collect()
    }
}

/// Reads the three kinds of section, if there are any.
pub(crate) fn read(root: &mut Section<'_>, files: &Files, kept: &Kept) -> Option<Tokens> {
    let issuers = root.sections("issuer");
    let count = issuers.len();
    let loopback = issuers.iter().any(Section::allows_loopback);
    let (jwt, keys) = read_issuers(root, issuers, files, kept).unzip();
    let opaque = root.section("introspection");
    let loopback = loopback || opaque.as_ref().is_some_and(Section::allows_loopback);
    let opaque = opaque.map(|section| introspection::read(section, files, kept));
    let resource = root.section("resource").map(|section| resource::read(section, loopback));
    if resource.is_some() && count == 0 && opaque.is_none() {
        root.fault("resource", "tells clients where to get a token, and none is accepted; add [[issuer]] or remove it");
    }
    if count == 0 && opaque.is_none() {
        return None;
    }
    // What was not readable has left a fault.
    Some(Tokens { jwt, opaque: opaque.flatten(), keys: keys.unwrap_or_default(), resource: resource.flatten() })
}

fn read_issuers(
    root: &Section<'_>,
    sections: Vec<Section<'_>>,
    files: &Files,
    kept: &Kept,
) -> Option<(JwtVerifier, Vec<(String, Keys)>)> {
    let count = sections.len();
    let mut issuers: Vec<Issuer> = Vec::new();
    let mut all_keys = Vec::new();
    let mut names = BTreeSet::new();
    for (name, read) in sections.into_iter().map(|section| issuer::read(section, files, kept)) {
        if let Some(name) = name.as_ref().filter(|name| !names.insert((*name).clone())) {
            root.fault("issuer.issuer", format!("{name:?} is given twice; put all its keys in one file"));
            continue;
        }
        if let Some((name, (issuer, keys))) = name.zip(read) {
            issuers.push(issuer);
            all_keys.push((name, keys));
        }
    }
    if issuers.is_empty() || issuers.len() < count {
        return None;
    }
    let verifier = JwtVerifier::new(issuers).map_err(|error| root.faults_of("issuer", error)).ok()?;
    Some((verifier.revocations(kept.revocations.clone()), all_keys))
}
