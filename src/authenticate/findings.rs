//! What operators and developers are told of a request that was refused before any verifier was asked.

use crate::identity::VerifyError;
use crate::observe::Finding;
use crate::response::Rejection;

/// A rejection with all that a verifier, or whoever spoke in its place, said about it.
pub(crate) fn explained(rejection: Rejection, error: &VerifyError) -> Rejection {
    rejection
        .with_cause(error.cause())
        .with_hint(error.hinted())
        .with_findings(error.shared_findings())
        .with_retry_after(error.retry_after())
        .with_source(error.shared_source())
}

/// Nothing was presented of any of `schemes`; perhaps something of another scheme.
pub(super) fn missing<'n>(schemes: impl Iterator<Item = &'n str>, foreign: Option<&str>) -> VerifyError {
    let finding = Finding::about("scheme").expected_any_of(schemes);
    match foreign {
        Some(name) => VerifyError::invalid()
            .because("a credential of a scheme that is not asked for here")
            .hint("Send a credential of one of the schemes that are expected, or add that scheme to the layer.")
            .finding(finding.claimed(known(name).unwrap_or("another, under a name that is not known"))),
        None => VerifyError::invalid()
            .because("no credential was presented")
            .hint(
                "Send a credential of one of the schemes that are expected. If the client does, see whether a proxy or a redirect \
                 removes the field, and whether a cookie is withheld (Secure, SameSite, path).",
            )
            .finding(finding),
    }
}

/// More than one credential; `fields` of them in `Authorization`.
pub(super) fn ambiguous(fields: usize) -> VerifyError {
    let error = VerifyError::ambiguous();
    if fields > 1 {
        error
            .because("more than one Authorization field")
            .finding(Finding::about("Authorization fields").expected("1").found(fields.to_string()))
    } else {
        error.because("credentials in more than one place")
    }
}

/// The scheme of this name, as it is registered, or as others use it; `None` where it may be a password that stands where the name
/// should.
fn known(name: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// The registry of RFC 9110 section 16.4, and what is in use beside it.
const KNOWN: [&str; 23] = [
    "ApiKey",
    "AWS4-HMAC-SHA256",
    "Basic",
    "Bearer",
    "Concealed",
    "Digest",
    "DPoP",
    "GNAP",
    "Hawk",
    "HOBA",
    "Mutual",
    "Negotiate",
    "NTLM",
    "OAuth",
    "PrivateToken",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "Session",
    "Signature",
    "Token",
    "vapid",
    "xBasic",
    "xDigest",
];

/// A verifier, or a scheme, ended by a panic.
pub(crate) fn panicked() -> VerifyError {
    VerifyError::invalid()
        .because("the verifier panicked")
        .hint("The panic's message and place are on the standard error output of the process: mend the verifier.")
}
