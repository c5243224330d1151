//! What operators and developers are told of a token that its issuer does not vouch for, or not for us.

use crate::identity::error::VerifyError;
use crate::identity::jwt::{Cause, hint};
use crate::observe::Finding;

/// An invalid token, and what can be done.
pub(super) fn refused(cause: Cause) -> VerifyError {
    VerifyError::invalid().because(cause).hint(match cause {
        INACTIVE => {
            "The issuer does not know the token, or it has ended: log in again. If it is new, see that it is asked at the issuer \
             that made it, and that the issuer lets this client introspect the tokens of others."
        }
        OTHER_ISSUER | OTHER_HOST => {
            "Set `issuer` of the verifier to the name that the endpoint answers with, letter for letter, if that is yours."
        }
        "`token_type` is not Bearer" | "`token_use` is not that of an access token" => {
            "Have the client send an access token, of the type Bearer."
        }
        _ => hint(cause),
    })
}

/// The answer names an issuer that is not the one that is asked.
pub(super) fn other_issuer(cause: Cause, expected: &str, stated: Option<&str>) -> VerifyError {
    let finding = Finding::about("issuer").expected(expected.to_owned());
    refused(cause).finding(match stated {
        Some(stated) => finding.found(stated.to_owned()),
        None => finding,
    })
}

pub(super) const INACTIVE: Cause = "the issuer says that the token is not active";
pub(super) const OTHER_ISSUER: Cause = "`iss` is not the issuer that is configured";
pub(super) const OTHER_HOST: Cause =
    "`iss` is on another host than the endpoint; name it with `issuer` if that is right";
