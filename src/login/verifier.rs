//! Any verifier of passwords behind a pointer.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::credentials::BasicCredentials;
use crate::identity::{Identity, Verifier, VerifyError};

/// [`Verifier<BasicCredentials>`] with its future in a box, which is nothing beside a password hash.
pub(super) trait AnyVerifier: Send + Sync {
    /// The verdict; `None` where the verifier panicked.
    fn verify(&self, credentials: BasicCredentials) -> Verdict<'_>;

    fn forget(&self, subject: &Identity);
}

type Verdict<'v> = Pin<Box<dyn Future<Output = Option<Result<Identity, VerifyError>>> + Send + 'v>>;

impl<V: Verifier<BasicCredentials>> AnyVerifier for V {
    fn verify(&self, credentials: BasicCredentials) -> Verdict<'_> {
        Box::pin(unless_panicked(async move {
            match self.verify_now(&credentials) {
                Some(verdict) => verdict,
                None => Verifier::verify(self, credentials).await,
            }
        }))
    }

    fn forget(&self, subject: &Identity) {
        Verifier::forget(self, subject);
    }
}

/// A panic of the application's verifier is a refusal, as it is in a layer.
async fn unless_panicked<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(state) => state.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
