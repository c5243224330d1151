//! What operators and developers are told of a token that was refused: what was expected, what is there, and what to do.
//!
//! Nothing in here runs for a token that is accepted. Before the signature held, all that a token says is only claimed.

use std::time::Duration;

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::compact::{Compact, Header};
use super::issuers::Issuers;
use super::json::{Cause, Words};
use super::key_set::KeySet;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;
use crate::observe::Finding;

/// An invalid token, and what can be done.
pub(in crate::identity) fn refused(cause: Cause) -> VerifyError {
    let error = VerifyError::invalid().because(cause).hint(hint(cause));
    match missing(cause) {
        Some(name) => error.finding(Finding::about(name).expected("the claim")),
        None => error,
    }
}

/// The header cannot be taken as it is.
pub(super) fn header(cause: Cause, jws: &Compact<'_>) -> VerifyError {
    let error = refused(cause);
    if cause != UNKNOWN_ALGORITHM {
        return error;
    }
    // Read once more, since reading ended at this member.
    let members = jws.decoded_header().and_then(|json| serde_json::from_slice::<Map<String, Value>>(&json).ok());
    match members.as_ref().and_then(|members| members.get("alg")).and_then(Value::as_str) {
        Some(name) => error.finding(Finding::about("alg").expected("a signature algorithm").claims(name)),
        None => error,
    }
}

/// It is of an issuer that is not known, or of none.
pub(super) fn issuer(cause: Cause, known: &Issuers, claimed: Option<&str>) -> VerifyError {
    let finding = Finding::about("issuer").expected_any_of(known.names());
    let finding = match claimed {
        Some(name) => finding.claims(name),
        None => finding,
    };
    VerifyError::invalid().because(cause).hint(hint(cause)).finding(finding)
}

/// Its `typ` is not the one that is wanted.
pub(super) fn token_type(cause: Cause, wanted: &str, header: &Header<'_>) -> VerifyError {
    let finding = Finding::about("typ").expected(wanted.to_owned());
    refused(cause).finding(match &header.token_type {
        Some(own) => finding.claims(own),
        None => finding,
    })
}

/// No key of the issuer accepts its signature.
pub(super) fn key(cause: Cause, issuer: &str, keys: &KeySet, header: &Header<'_>) -> VerifyError {
    let (key_ids, algorithms) = keys.names();
    let key_id = Finding::about("kid").expected_any_of(key_ids);
    let error = refused(cause)
        .finding(Finding::about("issuer").claims(issuer))
        .finding(match &header.key_id {
            Some(own) => key_id.claims(own),
            None => key_id,
        })
        .finding(
            Finding::about("alg")
                .expected_any_of(algorithms.into_iter().map(Algorithm::name))
                .claimed(header.algorithm.name()),
        );
    if keys.is_empty() {
        error.hint("The issuer publishes no key that may be used; see the log for keys that were passed over.")
    } else {
        error
    }
}

/// It is for somebody else, or does not say for whom.
pub(in crate::identity) fn audience(cause: Cause, ours: &[Box<str>], audience: Option<&Words<'_>>) -> VerifyError {
    let finding = Finding::about("audience").expected_any_of(ours.iter().map(|name| &**name));
    VerifyError::invalid().because(cause).hint(hint(cause)).finding(match audience {
        Some(Words::Text(name)) => finding.found(name.clone().into_owned()),
        Some(Words::List(names)) => finding.found(names.iter().collect::<Vec<_>>().join(", ")),
        Some(Words::Other) => finding.found("something that is no text"),
        None => finding,
    })
}

/// One of its times lies ahead of our clock by more than is allowed.
pub(super) fn early(
    cause: Cause,
    claim: &'static str,
    begins: UnixTime,
    leeway: Duration,
    now: UnixTime,
) -> VerifyError {
    let ahead = begins.saturating_add(leeway).saturating_since(now);
    let finding = Finding::about(claim).expected(format!("at most {} s ahead", leeway.as_secs()));
    refused(cause).finding(finding.found(format!("{} s ahead", ahead.as_secs())))
}

/// Its time is over by more than is allowed.
pub(super) fn expired(ends: UnixTime, leeway: Duration, now: UnixTime) -> VerifyError {
    let since = now.saturating_since(ends.saturating_sub(leeway));
    let finding = Finding::about("exp").expected(format!("less than {} s ago", leeway.as_secs()));
    VerifyError::expired()
        .because("the token has expired")
        .hint("Get a new token. If it is new, compare the clocks of issuer and service, and look at how long its tokens live.")
        .finding(finding.found(format!("{} s ago", since.as_secs())))
}

/// It is older than the list of revocations reaches back.
pub(super) fn too_old(reach: Duration, issued: UnixTime, now: UnixTime) -> VerifyError {
    let age = now.saturating_since(issued);
    let finding = Finding::about("iat").expected(format!("at most {} s ago", reach.as_secs()));
    VerifyError::expired()
        .because("issued before the oldest revocation that is remembered")
        .hint("Get a new token, or have the list of revocations remember for as long as tokens live.")
        .finding(finding.found(format!("{} s ago", age.as_secs())))
}

/// It was revoked: by what, where the list knows.
pub(super) fn revoked(by: Option<&'static str>) -> VerifyError {
    let error = VerifyError::invalid()
        .because("revoked")
        .hint("It was ended on purpose, by a log-out or an administrator: log in again.");
    match by {
        Some(by) => error.finding(Finding::about("revoked by").found(by)),
        None => error,
    }
}

/// What can be done, for each cause of this part.
pub(in crate::identity) fn hint(cause: Cause) -> &'static str {
    match cause {
        "`iss` is not an issuer known here" | "no `iss`" => {
            "Configure this issuer, or have the client get its token from one that is; names are compared letter for letter, with \
             a slash at the end or without."
        }
        "`aud` does not name this service" | "no `aud`" | "`aud` is neither text nor a list of text" => {
            "Have the client ask the issuer for a token for this service (`resource` or `audience`), or add the name that the \
             issuer uses to the audiences that are configured."
        }
        NO_KEY => {
            "The issuer signs with a key that is not known here: see that its key set is the one that is fetched, and that the \
             algorithm is among those allowed."
        }
        NO_SIGNATURE => {
            "The token was changed on its way or signed by somebody else: look for the wrong environment or tenant, and for a \
             token that was cut off."
        }
        "no `kid` that tells keys apart, and more than one fits `alg`" => {
            "Have the issuer name the key in the header (`kid`), or configure one key for this algorithm."
        }
        "no signature" | "a signature longer than that of any key" => {
            "Send the token as the issuer made it: three parts, the last one its signature."
        }
        UNKNOWN_ALGORITHM | "`alg` is not text" | "the header has no `alg`" => {
            "Have the issuer sign with RS, PS or ES 256 to 512, EdDSA, or HS with a shared secret; `none` is never accepted."
        }
        "`typ` is not the type that is required" | "no `typ`, and one is required" => {
            "This is another kind of token, often an ID token: send the access token. If the issuer writes another `typ`, configure \
             that with `token_type`."
        }
        "an ID token (`nonce` or `at_hash`) is not an access token"
        | "a logout or event token (`events`) is not an access token"
        | "what an issuer says about a token (`token_introspection`) is no access token" => {
            "Send the access token, which the issuer gives out beside this one."
        }
        "the token is bound to a key (`cnf`) whose possession nobody proved" => {
            "Have the issuer give this client a plain bearer token; proof of possession (DPoP, mutual TLS) is not read here."
        }
        "not valid yet (`nbf`)" | "issued in the future (`iat`)" | "authenticated in the future (`auth_time`)" => {
            "Compare the clocks of issuer and service; `leeway` allows for a difference of up to a minute."
        }
        "no `sub`, or an empty one" | "`sub` holds U+0000" => "Have the issuer name the subject of the token in `sub`.",
        "no `exp`" => "Have the issuer say until when the token is good (`exp`); one without an end is never accepted.",
        "no `client_id`, which RFC 9068 requires"
        | "no `iat`, which RFC 9068 requires"
        | "no `jti`, which RFC 9068 requires" => {
            "Have the issuer add the claim, or configure `Profile::Jwt` if it does not follow RFC 9068."
        }
        "`scope` and `scp` differ"
        | "`scope` is not text"
        | "a scope is empty or holds a blank"
        | "the scopes are neither text nor a list of text" => {
            "Name the claim that holds the scopes with `scopes_claim`, or have the issuer write `scope` as text with blanks between."
        }
        "the roles are not a list of text" | "the path of a scopes or roles claim fits two claims" => {
            "Name the claim that holds the roles, or the scopes, by a path that fits one list of text (`roles_claim`, `scopes_claim`)."
        }
        "the payload is not what the application expects" => {
            "The payload does not fit the application's type of claims: make optional what may be missing, and compare the types."
        }
        "the header demands an extension (`crit`)" | "the payload is not encoded (`b64`)" => {
            "Have the issuer sign plain tokens, without extensions in the header."
        }
        "the token is encrypted (`enc`)" | "the token is compressed (`zip`)" => {
            "Have the issuer give out signed tokens that are not encrypted; opaque ones can be introspected instead."
        }
        "not three parts" | "not text" | "longer than 64 KiB" | NOT_CANONICAL => {
            "This is no JWT in compact form: send the bare token, whole, without quotes. Opaque tokens need an introspection verifier."
        }
        "not one JSON object in UTF-8, or nested too deeply"
        | "a JSON object names a member twice, or has too many"
        | "a JSON value is malformed, or names a member twice" => {
            "The header or the payload is not plain JSON in which each member stands once: look at what makes the tokens."
        }
        "neither `sid` nor `sub`"
        | "no `jti`"
        | "no `iat`"
        | "`typ` is not that of a logout token"
        | "an ID token (`nonce`) is not a logout token"
        | "`events` does not say that this is a logout"
        | "not JSON" => {
            "This is no logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4): look at what the issuer posts to this address."
        }
        _ => "A claim is not of the type that its standard gives it: look at what the issuer writes into it.",
    }
}

/// The claim that is not there, where that is the cause.
fn missing(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        "no `exp`" => "exp",
        "no `sub`, or an empty one" => "sub",
        "no `client_id`, which RFC 9068 requires" => "client_id",
        "no `iat`, which RFC 9068 requires" | "no `iat`" => "iat",
        "no `jti`, which RFC 9068 requires" | "no `jti`" => "jti",
        _ => return None,
    })
}

pub(super) const NO_KEY: Cause = "no key of this issuer fits `alg` and `kid`";
pub(super) const NO_SIGNATURE: Cause = "the signature does not fit";
pub(super) const UNKNOWN_ALGORITHM: Cause = "`alg` is not a signature algorithm known here";
pub(super) const NOT_CANONICAL: Cause = "a part is not canonical base64url, or there are more than three";
