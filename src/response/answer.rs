//! From a rejection to its response: the headers that are not a hook's to choose.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};

use super::browsers::sent_to;
use super::challenge::Challenge;
use super::challenges::{ChallengeSet, SECRETS};
use super::record::Who;
use super::rejection::Rejection;
use super::respond::Reply;
use super::table::Challenges;
use super::voice::Voice;

/// The answer to a refused request, whose head is not needed any more. `who` is the identity, where one was proven.
pub(crate) fn answer(rejection: Rejection, voice: &Voice, who: Who<'_>, mut head: Parts) -> Response<Bytes> {
    let log_in = voice.browsers.log_in_address(&rejection, &head);
    let secrets = rejection.challenges().map_or(&SECRETS[..], ChallengeSet::secrets);
    // Comparing the few names there are is cheaper than looking for each, of which most refused requests have none.
    if head.headers.keys().any(|name| secrets.contains(name)) {
        for secret in secrets {
            head.headers.remove(secret);
        }
    }
    voice.tell_refused(&rejection, who, &head);
    let wire = rejection.wire();
    let of_grpc = voice.grpc.answer(&rejection, &head);
    let (status, Reply { mut headers, body }) = match (of_grpc, &log_in) {
        (Some(of_grpc), _) => of_grpc,
        (None, Some(address)) => sent_to(address.clone()),
        (None, None) => (wire.status, voice.respond.respond(&rejection, &head)),
    };
    headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("no-store") });
    headers.insert(X_CONTENT_TYPE_OPTIONS, const { HeaderValue::from_static("nosniff") });
    if let Some(delay) = rejection.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(delay)));
    }
    if let Some(challenges) = rejection.challenges() {
        headers.append(VARY, challenges.vary().clone());
        let which = if log_in.is_some() { Challenges::None } else { wire.challenges };
        let quiet = challenges.is_quiet_for(&head.headers);
        write_challenges(&mut headers, challenges, &rejection, which, quiet);
    }
    voice.browsers.expose(&head, &mut headers);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(rejection);
    without_body_for_head(&head.method, response)
}

/// The answer to `HEAD` is that to `GET` without the body (RFC 9110 section 9.3.2), of which it tells the length.
pub(crate) fn without_body_for_head(method: &Method, mut response: Response<Bytes>) -> Response<Bytes> {
    if method == Method::HEAD {
        let body = std::mem::take(response.body_mut());
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    response
}

fn write_challenges(
    headers: &mut HeaderMap,
    challenges: &ChallengeSet,
    rejection: &Rejection,
    which: Challenges,
    quiet: bool,
) {
    let field = challenges.field();
    let mut write = |value: HeaderValue| {
        headers.append(&field, value);
    };
    let used = rejection.used();
    let ask = |challenge| asking_for(rejection, challenge);
    let writes_used = match which {
        Challenges::None => false,
        Challenges::Used => rejection.explains(),
        Challenges::All => true,
    };
    if let Some(used) = used.filter(|_| writes_used) {
        challenges.write_used(used, quiet, rejection.reason(), ask, &mut write);
    }
    if which == Challenges::All {
        challenges.write_plain(used, quiet, &mut write);
    }
}

/// Says what is missing, in the parameters of RFC 6750 section 3 and RFC 9470 section 3.
fn asking_for(rejection: &Rejection, mut challenge: Challenge) -> Challenge {
    let Some(wanted) = rejection.wanted() else { return challenge };
    if !wanted.scopes.is_empty() {
        challenge = challenge.quoted("scope", wanted.scopes.to_scope());
    }
    if !wanted.acr_values.is_empty() {
        challenge = challenge.quoted("acr_values", wanted.acr_values.to_scope());
    }
    match wanted.max_age {
        Some(age) => challenge.quoted("max_age", age.as_secs().to_string()),
        None => challenge,
    }
}

/// `Retry-After` counts whole seconds; a client told 0 would come back at once.
pub(crate) fn whole_seconds(delay: Duration) -> u64 {
    let round_up = u64::from(delay.subsec_nanos() > 0);
    delay.as_secs().saturating_add(round_up).max(1)
}
