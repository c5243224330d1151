//! The trait every verifier implements.

use std::future::Future;

use super::error::VerifyError;
use super::identity::Identity;

/// Decides whether credentials of type `C` are true, and whose they are.
///
/// A verifier knows no HTTP: it gets credentials and answers with an [`Identity`] or a [`VerifyError`]; statuses,
/// headers and bodies are not its business. Write it as a closure or as an `async fn` in an impl:
///
/// ```
/// use portcullis::credentials::BearerToken;
/// use portcullis::{Identity, Verifier, VerifyError};
///
/// struct Database;
///
/// impl Verifier<BearerToken> for Database {
///     async fn verify(&self, token: BearerToken) -> Result<Identity, VerifyError> {
///         match self.find(token.expose()).await {
///             Ok(Some(user)) => Ok(Identity::assertion("my database", user).build()),
///             Ok(None) => Err(VerifyError::invalid()),
///             Err(down) => Err(VerifyError::unavailable(down)),
///         }
///     }
/// }
/// # impl Database {
/// #     async fn find(&self, _: &str) -> Result<Option<String>, std::io::Error> { Ok(None) }
/// # }
///
/// // As a closure; one that captures something is a plain closure around an `async move` block.
/// let known = std::sync::Arc::new(String::from("sesame"));
/// let verifier = move |token: BearerToken| {
///     let known = known.clone();
///     async move {
///         if token.expose() == *known { Ok(Identity::assertion("cave", "ali").build()) } else { Err(VerifyError::invalid()) }
///     }
/// };
/// # fn accepts(_: impl Verifier<BearerToken>) {}
/// # accepts(verifier);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not verify `{C}`",
    note = "implement `Verifier<{C}>`, or pass a closure `|credentials: {C}| async move {{ .. }}` that returns \
            `Result<Identity, VerifyError>`"
)]
pub trait Verifier<C>: Send + Sync + 'static {
    /// The verdict. May wait for a database, a pool, a network.
    ///
    /// The future is dropped when the client goes away, and must leave nothing half done then.
    fn verify(&self, credentials: C) -> impl Future<Output = Result<Identity, VerifyError>> + Send;

    /// The verdict if it is at hand without waiting, which saves the request a boxed future.
    ///
    /// `None`, the default, means that [`verify`](Self::verify) must be asked. Pure computation belongs here; anything
    /// that blocks does not.
    fn verify_now(&self, credentials: &C) -> Option<Result<Identity, VerifyError>> {
        let _ = credentials;
        None
    }

    /// Whose credentials these are, if these very ones were found right not long ago, from where they come now, and would
    /// be found right again.
    ///
    /// It is asked before a `Throttle` lets the credentials be compared, so that an
    /// attack on an account does not shut its owner out. So it must never compare a password for the first time. Default:
    /// nothing is remembered.
    fn remembered(&self, credentials: &C) -> Option<Identity> {
        let _ = credentials;
        None
    }

    /// Forgets what is remembered of credentials of `subject`, who is logged out everywhere: the next ones are verified in
    /// full. Right ones are still accepted then. Default: nothing is remembered.
    fn forget(&self, subject: &Identity) {
        let _ = subject;
    }
}

impl<C, F, Fut> Verifier<C> for F
where
    F: Fn(C) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Identity, VerifyError>> + Send,
{
    fn verify(&self, credentials: C) -> impl Future<Output = Result<Identity, VerifyError>> + Send {
        self(credentials)
    }
}
