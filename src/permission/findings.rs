//! What a requirement that is not met expected, and what the identity has: for operators and developers.

use std::sync::Arc;

use crate::clock::Clock;
use crate::identity::{AuthTime, Identity, Names};
use crate::observe::Finding;
use crate::response::Wanted;

pub(super) fn findings(wanted: &Wanted, identity: &Identity, clock: &dyn Clock) -> Arc<[Finding]> {
    let names = |about, wanted: &Names, own: &Names| {
        let finding = Finding::about(about).expected(wanted.to_scope());
        if own.is_empty() { finding } else { finding.found(own.to_scope()) }
    };
    let mut findings = Vec::new();
    if !wanted.scopes.is_empty() {
        findings.push(names("scope", &wanted.scopes, identity.scopes()));
    }
    if !wanted.roles.is_empty() {
        findings.push(names("roles", &wanted.roles, identity.roles()));
    }
    if let Some(age) = wanted.max_age {
        let finding = Finding::about("age of the log-in").expected(format!("{} s at most", age.as_secs()));
        findings.push(match identity.auth_time() {
            AuthTime::At(then) => finding.found(format!("{} s", clock.now().saturating_since(then).as_secs())),
            AuthTime::Now | AuthTime::Unknown => finding,
        });
    }
    if !wanted.acr_values.is_empty() {
        let finding = Finding::about("acr").expected(wanted.acr_values.to_scope());
        findings.push(match identity.acr() {
            Some(acr) => finding.found(acr.to_owned()),
            None => finding,
        });
    }
    findings.into()
}

/// What can be done about it.
pub(super) const fn hint(wanted: &Wanted) -> Option<&'static str> {
    if wanted.max_age.is_some() {
        Some("Have the user log in again. A token needs the claim auth_time, or its age is not known.")
    } else if !wanted.acr_values.is_empty() {
        Some("Have the user log in in a stronger way; the issuer says which in the claim acr.")
    } else if !wanted.scopes.is_empty() {
        Some(
            "Ask the issuer for a token with these scopes, or give them to the user; the names are compared whole and with case.",
        )
    } else if !wanted.roles.is_empty() {
        Some(
            "Give the user one of these roles. For a token: is the claim that holds them the one that the issuer was set up with?",
        )
    } else {
        Some("A policy of the application said no, or `by_path` does not list the path.")
    }
}
