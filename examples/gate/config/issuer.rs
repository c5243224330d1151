//! `[[issuer]]`: whose JWT are accepted.

use portcullis::identity::jwt::Issuer;

use super::files::Files;
use super::keys::{self, Keys};
use super::section::Section;
use crate::kept::Kept;

/// Reads one issuer with its keys, and its name if it has one.
pub(crate) fn read(mut section: Section<'_>, files: &Files, kept: &Kept) -> (Option<String>, Option<(Issuer, Keys)>) {
    section.need("issuer", "it is the `iss` of the tokens, letter for letter");
    let name = section.text("issuer");
    if let Some(name) = &name {
        section.call(name);
    }
    section.need("audience", "name what the tokens call this service in `aud`");
    let audience = section.names("audience");
    let keys = keys::read(&mut section, name.as_deref(), files, kept);
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
        let mut issuer = Issuer::new(name, audience, keys.clone());
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
        (issuer, keys)
    });
    (name, issuer)
}
