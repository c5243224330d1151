//! Why something was refused, and what was wrong with a configuration: the words every stage shares.

use std::borrow::Cow;
use std::fmt;

/// Why a request was refused.
///
/// The reason is the machine-readable half of every refusal: [`response`](crate::response) turns it into a status, a
/// challenge and a text in one table, and nothing else decides what goes on the wire.
///
/// ```
/// use portcullis::Reason;
///
/// assert_eq!(Reason::Expired.code(), "expired");
/// assert!(Reason::Expired.is_unauthenticated());
/// assert!(!Reason::Forbidden.is_unauthenticated());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Two credentials where one is allowed: two `Authorization` fields, one cookie name twice.
    Ambiguous,
    /// A cookie was the credential, and the request came from another site.
    CrossSite,
    /// The credential was genuine once; its time is over.
    Expired,
    /// The identity is known and lacks a permission.
    Forbidden,
    /// As [`Forbidden`](Self::Forbidden), and not even the existence of the resource may be told.
    Hidden,
    /// The credential is not accepted: wrong password, bad signature, unknown, revoked, not for us.
    Invalid,
    /// The credential cannot be read.
    Malformed,
    /// The server is put together wrongly, or a verifier panicked.
    Misconfigured,
    /// Nothing was presented.
    Missing,
    /// The identity is known; its log-in is too old or too weak for this (RFC 9470).
    StepUp,
    /// Too many failed attempts.
    Throttled,
    /// We cannot tell: something the decision needs is down.
    Unavailable,
}

impl Reason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::Ambiguous,
        Self::CrossSite,
        Self::Expired,
        Self::Forbidden,
        Self::Hidden,
        Self::Invalid,
        Self::Malformed,
        Self::Misconfigured,
        Self::Missing,
        Self::StepUp,
        Self::Throttled,
        Self::Unavailable,
    ];

    /// A stable name for programs: the `code` member of problem bodies and the field of log events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::CrossSite => "cross_site",
            Self::Expired => "expired",
            Self::Forbidden => "forbidden",
            Self::Hidden => "hidden",
            Self::Invalid => "invalid",
            Self::Malformed => "malformed",
            Self::Misconfigured => "misconfigured",
            Self::Missing => "missing",
            Self::StepUp => "step_up",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the refusal says that we do not know who is asking, or not well enough: the reasons answered with a
    /// challenge.
    #[must_use]
    pub const fn is_unauthenticated(self) -> bool {
        matches!(self, Self::Ambiguous | Self::Expired | Self::Invalid | Self::Malformed | Self::Missing | Self::StepUp)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How loudly a refusal is reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Severity {
    /// Part of everyday traffic.
    Debug,
    /// Worth seeing: somebody was turned away.
    Info,
    /// Ours to mend.
    Error,
}

/// One thing that is wrong with a configuration.
///
/// ```
/// use portcullis::AuthenticateLayer;
///
/// let error = AuthenticateLayer::builder().build().unwrap_err();
/// assert_eq!(error.faults()[0].setting(), "schemes");
/// assert_eq!(error.to_string(), "schemes: there are none, so nobody could ever get in; add one");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigFault {
    setting: Cow<'static, str>,
    problem: Cow<'static, str>,
}

impl ConfigFault {
    /// A fault in `setting`; `problem` says what is wrong and what to change, and holds no secret.
    pub fn new(setting: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { setting: setting.into(), problem: problem.into() }
    }

    /// What the fault is about, as the caller named it: `realm`, `audience`, `key "2026-10"`.
    #[must_use]
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// What is wrong and what to change.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.problem)
    }
}

impl std::error::Error for ConfigFault {}

/// A configuration that cannot be built, with every fault that was found and not just the first.
///
/// ```
/// use portcullis::permission::{RequireLayer, all, scope};
///
/// let error = RequireLayer::new(all([scope("orders read"), scope("")])).unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct ConfigError {
    faults: Vec<ConfigFault>,
}

impl ConfigError {
    /// The faults, in the order they were found; never empty.
    #[must_use]
    pub fn faults(&self) -> &[ConfigFault] {
        &self.faults
    }

    /// `Ok(value)` where there is no fault, else all of them.
    pub(crate) fn unless_empty<T>(faults: Vec<ConfigFault>, value: T) -> Result<T, Self> {
        if faults.is_empty() { Ok(value) } else { Err(Self { faults }) }
    }
}

impl From<ConfigFault> for ConfigError {
    fn from(fault: ConfigFault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl IntoIterator for ConfigError {
    type Item = ConfigFault;
    type IntoIter = std::vec::IntoIter<ConfigFault>;

    fn into_iter(self) -> Self::IntoIter {
        self.faults.into_iter()
    }
}

/// What `main` shows when it returns the error: the faults as people read them.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigError ")?;
        f.debug_list().entries(self.faults.iter().map(ToString::to_string)).finish()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
