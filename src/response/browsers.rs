//! What browsers are told beside what everybody is: where to log in, and what scripts may read.

use std::sync::Arc;

use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, COOKIE, LOCATION, ORIGIN, PROXY_AUTHORIZATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use super::challenges::{ChallengeSet, SECRETS};
use super::navigation::{TELL_NAVIGATIONS, is_navigation};
use super::own_path::own_path;
use super::rejection::Rejection;
use super::respond::Reply;
use super::target;
use crate::error::{ConfigFault, Reason};

/// How the browsers among the clients are answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browsers {
    pub(crate) log_in_page: Option<LogInPage>,
    /// Whether scripts of other origins may read what a refusal says in its header.
    pub(crate) exposes: bool,
}

/// Where people log in: a path of this server, perhaps with a query.
#[derive(Clone, Debug)]
pub(crate) struct LogInPage(Arc<str>);

impl Browsers {
    /// The fields by which refusals differ then.
    pub(crate) fn fields(&self) -> impl Iterator<Item = HeaderName> {
        let telling = self.log_in_page.iter().flat_map(|_| TELL_NAVIGATIONS);
        telling.chain(self.exposes.then_some(ORIGIN))
    }

    /// Where a refused client is sent, if it is somebody at a browser whom a log-in would help. The head still has its credentials.
    pub(super) fn log_in_address(&self, rejection: &Rejection, head: &Parts) -> Option<HeaderValue> {
        let page = self.log_in_page.as_ref()?;
        let helps = match rejection.reason() {
            Reason::Missing => true,
            Reason::Expired | Reason::Invalid | Reason::Malformed => rejection.is_ambient(),
            // The session was good: it is known further in, where nobody remembers how its id came.
            Reason::StepUp => head.headers.contains_key(COOKIE),
            Reason::Ambiguous
            | Reason::CrossSite
            | Reason::Forbidden
            | Reason::Hidden
            | Reason::Misconfigured
            | Reason::Throttled
            | Reason::Unavailable => false,
        };
        let is_sent = helps
            && rejection.status() == StatusCode::UNAUTHORIZED
            && !sends_on_purpose(rejection, &head.headers)
            && is_navigation(head);
        is_sent.then(|| page.address(target(head))).flatten()
    }

    /// Lets scripts of other origins read how to authenticate and when to come again, where CORS lets them read at all.
    pub(super) fn expose(&self, request: &Parts, headers: &mut HeaderMap) {
        if self.exposes && request.headers.contains_key(ORIGIN) {
            let names = if headers.contains_key("grpc-status") { OF_GRPC } else { OF_ALL };
            headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(names));
        }
    }
}

const OF_ALL: &str = "www-authenticate, retry-after";
const OF_GRPC: &str = "www-authenticate, retry-after, grpc-status, grpc-message, grpc-status-details-bin";

/// Whether a credential is there that no browser sends by itself: then a program is told what is wrong with it.
fn sends_on_purpose(rejection: &Rejection, headers: &HeaderMap) -> bool {
    let secrets = rejection.challenges().map_or(&SECRETS[..], ChallengeSet::secrets);
    secrets.iter().any(|name| *name != COOKIE && *name != PROXY_AUTHORIZATION && headers.contains_key(name))
}

impl LogInPage {
    pub(crate) fn new(path: &str) -> Result<Self, ConfigFault> {
        let fault = |problem| Err(ConfigFault::new("log_in_page", problem));
        let Some(path) = own_path(path) else {
            return fault(
                "is no path of this server: begin it with one slash, without a host, dots, backslashes or a fragment",
            );
        };
        if path.split_once('?').is_some_and(|(_, query)| has_return_to(query)) {
            return fault("has a return_to of its own, which is added for each request; leave it out");
        }
        Ok(Self(path.into()))
    }

    /// The page, told where the client was going; `None` where that is the page itself, and where it is no path that a client
    /// would be sent back to.
    fn address(&self, target: &Uri) -> Option<HeaderValue> {
        let asked = own_path(target.path_and_query()?.as_str())?;
        let (path, query) = self.0.split_once('?').map_or((&*self.0, None), |(path, query)| (path, Some(query)));
        if is_page(path, target) {
            return None;
        }
        let before = match query {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        let mut address = [&*self.0, before, RETURN_TO, "="].concat();
        push_encoded(&mut address, asked);
        HeaderValue::try_from(address).ok()
    }
}

/// Whether the page is what is asked for. One that others have put a front to, or taken it away from, is known by its end and by
/// what was added when somebody was sent to it: else they would go round in circles.
fn is_page(path: &str, target: &Uri) -> bool {
    let asked = target.path();
    let is_alike = || is_end(asked, path) || is_end(without_slash(asked), without_slash(path));
    without_slash(asked) == without_slash(path) || (target.query().is_some_and(has_return_to) && is_alike())
}

/// Many routers send who asks for the one of two paths to the one with a slash at its end, or without it.
fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Whether one of the paths ends as the other does.
fn is_end(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && (one.ends_with(other) || other.ends_with(one))
}

fn has_return_to(query: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some(RETURN_TO))
}

/// 303, in words too. The other fields are those of every refusal.
pub(super) fn sent_to(address: HeaderValue) -> (StatusCode, Reply) {
    let reply = Reply::ready(const { HeaderValue::from_static("text/plain; charset=utf-8") }, "Log in first.\n");
    (StatusCode::SEE_OTHER, reply.header(LOCATION, address))
}

/// Writes a value of a query: all but slashes and what never needs it is encoded (RFC 3986 sections 2.3 and 3.4).
fn push_encoded(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            let digits = [byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(half.into(), 16));
            text.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
}

/// The field of `login` that such a value is for.
const RETURN_TO: &str = "return_to";
