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
            .finding(if is_plain(name) { finding.claims(name) } else { finding }),
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

/// Whether it looks like the name of a scheme, and not like a key that stands where the name should.
fn is_plain(name: &str) -> bool {
    name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

/// A verifier, or a scheme, ended by a panic.
pub(crate) fn panicked() -> VerifyError {
    VerifyError::invalid()
        .because("the verifier panicked")
        .hint("The panic's message and place are on the standard error output of the process: mend the verifier.")
}
