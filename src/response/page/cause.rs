//! What a page is about: the cause as a layman sees it.

use crate::error::Reason;
use crate::response::rejection::Rejection;

/// Why somebody is not shown what they asked for, in the kinds that people tell apart.
///
/// ```
/// use portcullis::response::PageCause;
///
/// assert!(PageCause::ALL.contains(&PageCause::WrongPassword));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PageCause {
    /// 401: nothing was sent that says who is asking.
    NotLoggedIn,
    /// 401: a user name or a password is wrong. Nobody is told which.
    WrongPassword,
    /// 401: the session is not known, or not any more.
    LoggedOut,
    /// 401: the session, or the token, was good once.
    SessionOver,
    /// 401: a token or key is not accepted.
    NotAccepted,
    /// 401: the log-in is too old or too weak for this.
    ConfirmLogIn,
    /// 400 or 401: what was sent cannot be read, or contradicts itself.
    Unreadable,
    /// 403: the account lacks a permission.
    NotPermitted,
    /// 403: the request came from another site.
    FromAnotherSite,
    /// 404, also where something is hidden.
    NotFound,
    /// 429: too many failed attempts.
    TooManyAttempts,
    /// 503: something that the decision needs does not answer.
    OutOfOrder,
    /// 500: the server is put together wrongly.
    Broken,
}

impl PageCause {
    /// Every cause.
    pub const ALL: [Self; 13] = [
        Self::NotLoggedIn,
        Self::WrongPassword,
        Self::LoggedOut,
        Self::SessionOver,
        Self::NotAccepted,
        Self::ConfirmLogIn,
        Self::Unreadable,
        Self::NotPermitted,
        Self::FromAnotherSite,
        Self::NotFound,
        Self::TooManyAttempts,
        Self::OutOfOrder,
        Self::Broken,
    ];

    pub(super) fn of(rejection: &Rejection) -> Self {
        match rejection.reason() {
            Reason::Missing => Self::NotLoggedIn,
            Reason::Ambiguous | Reason::Malformed => Self::Unreadable,
            Reason::Invalid if rejection.is_of_password() => Self::WrongPassword,
            Reason::Invalid if rejection.is_ambient() || rejection.scheme() == Some("Session") => Self::LoggedOut,
            Reason::Invalid => Self::NotAccepted,
            Reason::Expired => Self::SessionOver,
            Reason::StepUp => Self::ConfirmLogIn,
            Reason::Forbidden => Self::NotPermitted,
            Reason::CrossSite => Self::FromAnotherSite,
            Reason::Hidden => Self::NotFound,
            Reason::Throttled => Self::TooManyAttempts,
            Reason::Unavailable => Self::OutOfOrder,
            Reason::Misconfigured => Self::Broken,
        }
    }

    /// Whether logging in helps.
    pub(super) const fn wants_log_in(self) -> bool {
        match self {
            Self::NotLoggedIn
            | Self::WrongPassword
            | Self::LoggedOut
            | Self::SessionOver
            | Self::NotAccepted
            | Self::ConfirmLogIn
            | Self::Unreadable => true,
            Self::NotPermitted
            | Self::FromAnotherSite
            | Self::NotFound
            | Self::TooManyAttempts
            | Self::OutOfOrder
            | Self::Broken => false,
        }
    }
}
