//! The same-origin rule: who shows a credential that browsers send by themselves must come from a page of ours.

use std::sync::Arc;

use http::header::{ORIGIN, REFERER, UPGRADE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

use super::origin;
use crate::error::ConfigFault;
use crate::identity::VerifyError;
use crate::observe::Finding;

/// Which requests may change something on the strength of a cookie alone: those from our own pages.
///
/// A page of any site can make a browser send a request to us, and the browser adds our cookie to it. So a request that may
/// change something proves where it comes from, by what browsers say and pages cannot:
///
/// 1. `GET`, `HEAD`, `OPTIONS` and `TRACE` change nothing (RFC 9110 section 9.2.1) and pass. An upgrade to a websocket is
///    treated as unsafe, and so is every method that is not known here, `CONNECT` among them.
/// 2. An `Origin` that [`allow_origin`](Self::allow_origin) names passes.
/// 3. `Sec-Fetch-Site` decides where it is sent: `same-origin` and `none` pass, everything else is refused.
/// 4. Without it `Origin` decides, as older browsers send it, and all of them over plain HTTP: our own origin passes,
///    everything else is refused, `null` too.
/// 5. With neither, the request is refused.
///
/// Our own origin is `https://` and the host that the request asks (its target's or `:authority`, else its `Host`), or
/// what [`own_origin`](Self::own_origin) names. `http://` counts on this machine (`localhost`, 127.0.0.0/8, `[::1]`), and for
/// a [`Session`](super::Session) whose cookie is not `Secure`. `X-Forwarded-Host` and its like are not looked at.
///
/// A [`Session`](super::Session) has this rule, by these defaults. [The guide](crate::guide::cross_site) says what it leaves
/// to you.
///
/// ```
/// use http::Request;
/// use portcullis::Reason;
/// use portcullis::authenticate::SameOrigin;
///
/// let from = |origin| Request::post("/transfer").header("host", "bank.example").header("origin", origin);
/// let (ours, ()) = from("https://bank.example").body(())?.into_parts();
/// let (theirs, ()) = from("https://evil.example").body(())?.into_parts();
///
/// let rule = SameOrigin::default();
/// assert!(rule.check(&ours).is_ok());
/// assert_eq!(rule.check(&theirs).unwrap_err().reason(), Reason::CrossSite);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SameOrigin(Arc<Settings>);

#[derive(Clone, Debug, Default)]
struct Settings {
    own: Vec<Box<str>>,
    allowed: Vec<Box<str>>,
    allow_missing_origin: bool,
    faults: Vec<ConfigFault>,
}

impl SameOrigin {
    /// Names an origin of ours, in place of the one that is told from the host asked: for a server behind a proxy that
    /// changes `Host`, or one that answers under names whose pages are not all its own. Call it once for each. Default: the
    /// host asked, with `https`.
    ///
    /// Written as browsers write it: `https://shop.example`, with a port that is not the usual one. A layer is not built with
    /// another spelling, a path, a wildcard or `null`, nor with `http` for a host that is not this machine.
    #[must_use]
    pub fn own_origin(mut self, origin: impl Into<Box<str>>) -> Self {
        let settings = Arc::make_mut(&mut self.0);
        add(&mut settings.own, &mut settings.faults, "own_origin", origin.into(), false);
        self
    }

    /// Lets the pages of another origin act with our cookie. Call it once for each; written as in
    /// [`own_origin`](Self::own_origin), and with `http` too. Default: none.
    ///
    /// # Security
    ///
    /// Whoever can put a script on one of its pages can do here whatever our users can. Of an `http` origin, that is anybody
    /// on the way.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<Box<str>>) -> Self {
        let settings = Arc::make_mut(&mut self.0);
        add(&mut settings.allowed, &mut settings.faults, "allow_origin", origin.into(), true);
        self
    }

    /// Lets requests pass that have neither `Sec-Fetch-Site` nor `Origin`: programs that send a cookie. Where one has a
    /// `Referer`, that must be of our own origin or one that is allowed. Default: they are refused.
    ///
    /// # Security
    ///
    /// Browsers from before 2020 leave `Origin` out of some forms, and any page can leave `Referer` out: they can then be
    /// made to do anything. Better have programs send `Authorization: Session`, which needs no such exception.
    #[must_use]
    pub fn allow_missing_origin(mut self) -> Self {
        Arc::make_mut(&mut self.0).allow_missing_origin = true;
        self
    }

    /// Judges a request; for log-in handlers and schemes of your own.
    ///
    /// # Errors
    ///
    /// [`CrossSite`](crate::Reason::CrossSite), with a cause for the log, where the request may change something and does
    /// not come from a page of ours.
    pub fn check(&self, head: &Parts) -> Result<(), VerifyError> {
        self.judge(head, false)
    }

    /// As [`check`](Self::check); `allow_http` says that the credential travels over plain HTTP too.
    pub(super) fn judge(&self, head: &Parts, allow_http: bool) -> Result<(), VerifyError> {
        if is_safe(&head.method) && !is_for_websocket(head) {
            return Ok(());
        }
        let is_own = |origin: &[u8]| match &*self.0.own {
            // Where a setting is at fault, nothing takes its place.
            [] if self.0.faults.is_empty() => origin::is_asked(origin, head, allow_http),
            own => is_among(own, origin),
        };
        let is_allowed = |origin: &[u8]| is_among(&self.0.allowed, origin);
        match (Sent::of(head, &SEC_FETCH_SITE), Sent::of(head, &ORIGIN)) {
            (_, Sent::Once(origin)) if is_allowed(origin) => Ok(()),
            (Sent::Once(b"same-origin" | b"none"), _) => Ok(()),
            (Sent::Once(_) | Sent::Often, _) => Err(refused("Sec-Fetch-Site says that it came from elsewhere", head)),
            (Sent::Never, Sent::Once(origin)) if is_own(origin) => Ok(()),
            (Sent::Never, Sent::Once(_) | Sent::Often) => {
                Err(refused("its Origin is not ours; where a proxy changes Host, name ours with `own_origin`", head))
            }
            (Sent::Never, Sent::Never) if self.0.allow_missing_origin => match Sent::of(head, &REFERER) {
                Sent::Never => Ok(()),
                Sent::Once(page) if is_own(origin_of(page)) || is_allowed(origin_of(page)) => Ok(()),
                Sent::Once(_) | Sent::Often => Err(refused("its Referer is not ours", head)),
            },
            (Sent::Never, Sent::Never) => Err(refused("it has neither Sec-Fetch-Site nor Origin", head)),
        }
    }

    /// What is wrong with the settings.
    pub(crate) fn faults(&self) -> &[ConfigFault] {
        &self.0.faults
    }
}

/// How often a field is there, and what it says.
enum Sent<'a> {
    Never,
    Once(&'a [u8]),
    Often,
}

impl<'a> Sent<'a> {
    fn of(head: &'a Parts, name: &HeaderName) -> Self {
        let mut fields = head.headers.get_all(name).iter();
        match (fields.next(), fields.next()) {
            (None, _) => Self::Never,
            (Some(value), None) => Self::Once(value.as_bytes()),
            (Some(_), Some(_)) => Self::Often,
        }
    }
}

fn add(
    origins: &mut Vec<Box<str>>,
    faults: &mut Vec<ConfigFault>,
    setting: &'static str,
    origin: Box<str>,
    any_http: bool,
) {
    match origin::fault_of(&origin, any_http) {
        None => origins.push(origin),
        // What stands before an @ may be a password.
        Some(problem) if origin.contains('@') => faults.push(ConfigFault::new(setting, problem)),
        Some(problem) => faults.push(ConfigFault::new(format!("{setting} {origin:?}"), problem)),
    }
}

fn is_among(origins: &[Box<str>], origin: &[u8]) -> bool {
    origins.iter().any(|own| own.as_bytes() == origin)
}

/// The methods of RFC 9110 section 9.2.1. What the library of HTTP calls safe may grow.
const fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// A websocket begins with a `GET`, is open to every site, and then changes whatever it likes (RFC 6455 section 10.2).
fn is_for_websocket(head: &Parts) -> bool {
    let fields = head.headers.get_all(UPGRADE).iter().map(HeaderValue::as_bytes);
    let mut protocols = fields.flat_map(|field| field.split(|&byte| matches!(byte, b',' | b'/')));
    protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// What stands before the path of an address.
fn origin_of(page: &[u8]) -> &[u8] {
    let path = page.iter().enumerate().filter(|(_, byte)| **byte == b'/').nth(2);
    path.and_then(|(start, _)| page.get(..start)).unwrap_or(page)
}

/// What of an origin or a host is told: nothing where more than a scheme, a host and a port stands in it, which may be a password.
fn told(text: &[u8]) -> &[u8] {
    let authority =
        text.windows(3).position(|window| window == b"://").and_then(|at| text.get(at + 3..)).unwrap_or(text);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    // A port is digits: else a name and a password are cut off from what follows.
    let port =
        authority.rsplit(|&byte| byte == b':' || byte == b']').next().filter(|last| last.len() < authority.len());
    let is_plain = authority.iter().all(is_name) && port.is_none_or(|port| port.iter().all(u8::is_ascii_digit));
    if is_plain { text } else { b"(more than an origin)" }
}

/// A refusal that tells from where the request claims to come, and which host it asks for. Of a Referer only the origin is told:
/// its path is the other site's.
fn refused(cause: &'static str, head: &Parts) -> VerifyError {
    let error = VerifyError::cross_site().because(cause).hint(match cause {
        "it has neither Sec-Fetch-Site nor Origin" => {
            "No browser since 2020 leaves both out; a program sends its session in the Authorization field, and \
             `allow_missing_origin` is for older browsers."
        }
        _ => "If the page is yours, allow its origin with `allow_origin`; where a proxy changes Host, name yours with `own_origin`.",
    });
    let origins = head.headers.get_all(&ORIGIN).iter().map(HeaderValue::as_bytes);
    let pages = head.headers.get_all(&REFERER).iter().map(|page| origin_of(page.as_bytes()));
    let host = origin::asked_host(head).map(|host| String::from_utf8_lossy(told(host)).into_owned());
    let claims = [
        ("Sec-Fetch-Site", head.headers.get(&SEC_FETCH_SITE).map(HeaderValue::as_bytes)),
        ("Origin", origins.into_iter().next()),
        ("Referer", pages.into_iter().next()),
    ];
    let claimed = claims.into_iter().filter_map(|(about, value)| Some((about, told(value?))));
    let error = claimed.fold(error, |error, (about, value)| {
        error.finding(Finding::about(about).claims(&String::from_utf8_lossy(value)))
    });
    match host {
        Some(host) => error.finding(Finding::about("host that is asked").claims(&host)),
        None => error,
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
