//! THE table from reason to wire.

use http::StatusCode;

use crate::error::{Reason, Severity};

/// How one reason goes on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) status: StatusCode,
    pub(crate) grpc: GrpcCode,
    pub(crate) challenges: Challenges,
    pub(crate) title: &'static str,
    /// What the client can do next.
    pub(crate) detail: &'static str,
    pub(crate) severity: Severity,
}

/// The codes of gRPC that refusals have, by their numbers there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GrpcCode {
    NotFound = 5,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// Which challenges an answer carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Challenges {
    /// That of the scheme that was used, saying what went wrong, then the others as they stand.
    All,
    None,
    /// That of the scheme that was used, if its challenge says what went wrong (RFC 6750 section 3).
    Used,
}

/// Under which circumstances a reason goes on the wire.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Circumstances {
    /// The scheme that was used says in its challenge what went wrong: it takes tokens, of which the same user may get many.
    pub(crate) explains: bool,
    /// The scheme that was used calls an unreadable credential a bad request, where others call it a failed log-in.
    pub(crate) strict: bool,
    /// What was judged.
    pub(crate) kind: Kind,
    /// We guard a proxy, not an origin server: the same answers under other names (RFC 9110 section 11.7).
    pub(crate) proxy: bool,
}

/// The kinds of credentials for which other things help.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Kind {
    #[default]
    Other,
    /// A user name with a password.
    Password,
    Session,
}

/// THE table. A new reason does not compile until it has a row.
#[rustfmt::skip]
pub(crate) const fn wire(reason: Reason, circumstances: Circumstances) -> Wire {
    use Challenges::{All, None, Used};
    use GrpcCode::{Internal, NotFound, PermissionDenied, ResourceExhausted, Unauthenticated, Unavailable};
    use Severity::{Debug, Error, Info};
    let Circumstances { explains, strict, kind, proxy } = circumstances;
    let unauthorized = if proxy { StatusCode::PROXY_AUTHENTICATION_REQUIRED } else { StatusCode::UNAUTHORIZED };
    let (status, grpc, challenges, severity, title, detail) = match reason {
        Reason::Missing if proxy => (unauthorized, Unauthenticated, All, Debug, "Proxy authentication required",
            "Send credentials to this proxy by one of the schemes that Proxy-Authenticate names."),
        Reason::Missing => (unauthorized, Unauthenticated, All, Debug, "Authentication required",
            "Send credentials by one of the schemes that WWW-Authenticate names."),
        Reason::Malformed if strict => (StatusCode::BAD_REQUEST, Unauthenticated, Used, Debug, "Credentials cannot be read",
            "Check how the Authorization field is written, then send the request again."),
        Reason::Malformed => (unauthorized, Unauthenticated, All, Debug, "Credentials cannot be read",
            "Check how the credentials are written, then send the request again."),
        Reason::Ambiguous if proxy => (StatusCode::BAD_REQUEST, Unauthenticated, Used, Debug, "More than one credential",
            "Send one Proxy-Authorization field, and only once."),
        Reason::Ambiguous => (StatusCode::BAD_REQUEST, Unauthenticated, Used, Debug, "More than one credential",
            "Send one Authorization field, or one session cookie, and each only once."),
        // One text for all that can be wrong with a credential of its kind.
        Reason::Invalid if matches!(kind, Kind::Password) => (unauthorized, Unauthenticated, All, Info, "Credentials not accepted",
            "Check the user name and the password, and try again."),
        Reason::Invalid if matches!(kind, Kind::Session) => (unauthorized, Unauthenticated, All, Info, "Credentials not accepted",
            "The session is not known, or not any more. Log in again, then repeat the request."),
        Reason::Invalid => (unauthorized, Unauthenticated, All, Info, "Credentials not accepted",
            "Check the credentials, or get new ones, and try again."),
        Reason::Expired if matches!(kind, Kind::Session) => (unauthorized, Unauthenticated, All, Debug, "Session ended",
            "The session has ended. Log in again, then repeat the request."),
        Reason::Expired => (unauthorized, Unauthenticated, All, Debug, "Credentials expired",
            "Log in again or get a new token, then repeat the request."),
        Reason::StepUp => (unauthorized, Unauthenticated, All, Info, "Newer or stronger log-in required",
            "Log in again as asked for here, then repeat the request."),
        // A token is one of many that the same user may get; a password or a session is all there is.
        Reason::Forbidden if explains => (StatusCode::FORBIDDEN, PermissionDenied, Used, Info, "Permission missing",
            "We know who you are, and this needs a permission that your token does not give. Get one that does; if the \
             issuer gives you none, ask the owner of the service for the permission."),
        Reason::Forbidden => (StatusCode::FORBIDDEN, PermissionDenied, Used, Info, "Permission missing",
            "We know who you are, and this needs a permission that you do not have. Logging in again as the same user \
             does not help; ask the owner of the service for it."),
        Reason::CrossSite => (StatusCode::FORBIDDEN, PermissionDenied, None, Info, "Request from another site",
            "The request came from another site, or does not say from where. Open the application itself and repeat the action \
             there; a program sends its session in the Authorization field."),
        Reason::Hidden => (StatusCode::NOT_FOUND, NotFound, None, Info, "Not found",
            "There is nothing at this address."),
        Reason::Throttled => (StatusCode::TOO_MANY_REQUESTS, ResourceExhausted, None, Info, "Too many failed attempts",
            "Wait as long as Retry-After says, then try again."),
        Reason::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Unavailable, None, Error, "Cannot be decided now",
            "The fault is on our side. Keep your credentials and try again when Retry-After has passed."),
        Reason::Misconfigured => (StatusCode::INTERNAL_SERVER_ERROR, Internal, None, Error, "Internal server error",
            "The fault is on our side. If it stays, tell the owner of the service the id of this answer."),
    };
    Wire { status, grpc, challenges, title, detail, severity }
}
