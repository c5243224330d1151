//! The port: a list of revocations, wherever it is kept.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::revocation::Revocation;
use crate::clock::UnixTime;
use crate::identity::error::VerifyError;

/// A list of revoked tokens, sessions and subjects.
///
/// It is asked while a request waits and answers from memory, at once: a list that is kept elsewhere is mirrored, and the
/// mirror knows how old it is.
///
/// ```
/// use portcullis::VerifyError;
/// use portcullis::identity::revocation::{Revocation, Revocations, RevokeError, TokenFacts};
///
/// /// Nothing is ever revoked by id, and everything of a banned subject always.
/// struct Banned(Vec<String>);
///
/// impl Revocations for Banned {
///     fn generation(&self) -> Result<u64, VerifyError> {
///         Ok(0)
///     }
///
///     fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
///         self.0.iter().any(|subject| subject == token.subject())
///     }
///
///     async fn revoke(&self, _: Revocation) -> Result<(), RevokeError> {
///         Err(RevokeError::new("the list is fixed"))
///     }
/// }
/// ```
///
/// One that is kept elsewhere has a [`MemoryRevocations`](super::MemoryRevocations) as its mirror:
///
/// ```
/// use portcullis::VerifyError;
/// use portcullis::clock::{Clock, SystemClock};
/// use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations, RevokeError, TokenFacts};
/// use std::time::Duration;
///
/// struct Table {
///     mirror: MemoryRevocations,
///     // And a pool of connections.
/// }
///
/// impl Table {
///     /// For each row that is there when the process starts, and then for each that is new.
///     async fn read(&self, row: &[u8]) -> Result<(), RevokeError> {
///         let revocation = Revocation::from_bytes(row).ok_or_else(|| RevokeError::new("a row is no revocation"))?;
///         self.mirror.revoke(revocation).await
///     }
/// #   async fn write(&self, _: Vec<u8>) -> std::io::Result<()> { Ok(()) }
/// }
///
/// impl Revocations for Table {
///     fn generation(&self) -> Result<u64, VerifyError> {
///         // First of all: an error, if the rows have not been read yet, or not for too long.
///         self.mirror.generation()
///     }
///
///     fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
///         self.mirror.is_revoked(token)
///     }
///
///     async fn revoke(&self, revocation: Revocation) -> Result<(), RevokeError> {
///         self.write(revocation.to_bytes(SystemClock.now())).await.map_err(RevokeError::new)?;
///         self.mirror.revoke(revocation).await
///     }
///
///     fn remembers(&self) -> Option<Duration> {
///         // Rows are kept for that long.
///         self.mirror.remembers()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of revocations",
    note = "use `MemoryRevocations::new()`, or implement `Revocations`"
)]
pub trait Revocations: Send + Sync + 'static {
    /// A number that changes whenever something was added. While it stays the same, a token that was found not to be
    /// revoked is not looked up again, so this is asked for every use of a token and must cost next to nothing.
    ///
    /// # Errors
    /// [`VerifyError::unavailable`] where the list cannot be trusted now. The request is then answered 503.
    fn generation(&self) -> Result<u64, VerifyError>;

    /// Whether `token` is revoked. Must not block.
    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool;

    /// Adds `revocation`. When this returns, [`generation`](Self::generation) is another number in this process.
    ///
    /// # Errors
    /// It was not added, and the tokens that it was to end live on.
    fn revoke(&self, revocation: Revocation) -> impl Future<Output = Result<(), RevokeError>> + Send;

    /// For how long revocations without an end of their own are remembered; tokens that say they were issued longer ago are
    /// refused, since their revocation may have been forgotten. One that does not say when it was issued (`iat`) cannot be
    /// told from a new one: revoke it [`until`](Revocation::until) its own end. Default: for ever.
    fn remembers(&self) -> Option<Duration> {
        None
    }

    /// By what a token ended that [`is_revoked`](Self::is_revoked): `token`, `jti`, `sid`, `subject`. For those who ask why it
    /// was refused. Default: not known.
    fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<&'static str> {
        let _ = token;
        None
    }
}

impl<R: Revocations> Revocations for Arc<R> {
    fn generation(&self) -> Result<u64, VerifyError> {
        (**self).generation()
    }

    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        (**self).is_revoked(token)
    }

    fn revoke(&self, revocation: Revocation) -> impl Future<Output = Result<(), RevokeError>> + Send {
        (**self).revoke(revocation)
    }

    fn remembers(&self) -> Option<Duration> {
        (**self).remembers()
    }

    fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<&'static str> {
        (**self).revoked_by(token)
    }
}

/// What a list of revocations may ask of a token whose signature held.
///
/// ```
/// # use portcullis::identity::revocation::TokenFacts;
/// fn describe(token: &TokenFacts<'_>) -> String {
///     format!("{} of {}", token.token_id().unwrap_or("a token"), token.subject())
/// }
/// ```
#[derive(Clone, Copy)]
pub struct TokenFacts<'t> {
    pub(crate) token: &'t str,
    pub(crate) issuer: &'t str,
    pub(crate) subject: &'t str,
    pub(crate) token_id: Option<&'t str>,
    pub(crate) session_id: Option<&'t str>,
    pub(crate) issued_at: Option<UnixTime>,
}

impl<'t> TokenFacts<'t> {
    /// The token itself. Keep no copy, and know a JWT by what comes before its signature: with ECDSA, whoever has a token can
    /// write another signature below it that holds as well.
    #[must_use]
    pub const fn expose(&self) -> &'t str {
        self.token
    }

    /// Who issued it.
    #[must_use]
    pub const fn issuer(&self) -> &'t str {
        self.issuer
    }

    /// Whom it is about.
    #[must_use]
    pub const fn subject(&self) -> &'t str {
        self.subject
    }

    /// Its own name (`jti`).
    #[must_use]
    pub const fn token_id(&self) -> Option<&'t str> {
        self.token_id
    }

    /// The session at the issuer that it belongs to (`sid`).
    #[must_use]
    pub const fn session_id(&self) -> Option<&'t str> {
        self.session_id
    }

    /// When it was issued (`iat`).
    #[must_use]
    pub const fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }
}

impl fmt::Debug for TokenFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFacts").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Why a revocation was not added. The tokens that it was to end live on, so somebody has to be told.
///
/// ```
/// use portcullis::identity::revocation::RevokeError;
///
/// let error = RevokeError::new("the list is full");
/// assert_eq!(error.to_string(), "not revoked: the list is full");
/// ```
#[derive(Debug)]
pub struct RevokeError {
    source: Box<dyn Error + Send + Sync>,
}

impl RevokeError {
    /// It could not be added, because of `source`.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

impl fmt::Display for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not revoked: {}", self.source)
    }
}

impl Error for RevokeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

type Revoking<'a> = Pin<Box<dyn Future<Output = Result<(), RevokeError>> + Send + 'a>>;

/// [`Revocations`] behind a pointer. The box is made only where something is revoked.
pub(crate) trait ErasedRevocations: Send + Sync {
    fn generation(&self) -> Result<u64, VerifyError>;
    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool;
    fn revoke(&self, revocation: Revocation) -> Revoking<'_>;
    fn remembers(&self) -> Option<Duration>;
    fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<&'static str>;
}

impl<R: Revocations> ErasedRevocations for R {
    fn generation(&self) -> Result<u64, VerifyError> {
        Revocations::generation(self)
    }

    fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        Revocations::is_revoked(self, token)
    }

    fn revoke(&self, revocation: Revocation) -> Revoking<'_> {
        Box::pin(Revocations::revoke(self, revocation))
    }

    fn remembers(&self) -> Option<Duration> {
        Revocations::remembers(self)
    }

    fn revoked_by(&self, token: &TokenFacts<'_>) -> Option<&'static str> {
        Revocations::revoked_by(self, token)
    }
}
