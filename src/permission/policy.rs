//! Decisions that data cannot express.

use std::any::type_name;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use http::request::Parts;

use crate::identity::Identity;

/// What a policy says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Decision {
    /// Yes.
    Allow,
    /// No: 403.
    Deny,
    /// No, and the client may not even learn that there is something: 404.
    Hide,
}

/// Decides whether an identity may, where scopes and roles do not say it: ownership, opening hours, a policy engine.
///
/// The default is no: a policy allows by saying [`Decision::Allow`], and an error is neither yes nor no but 503, so that
/// a database that is down never looks like a missing permission.
///
/// A closure that can answer at once will do:
///
/// ```
/// use portcullis::permission::{Decision, RequireLayer, policy};
/// use portcullis::Identity;
///
/// let own_page = |identity: &Identity, head: &http::request::Parts| match head.uri.path().strip_prefix("/~") {
///     Some(name) if name == identity.subject() => Decision::Allow,
///     _ => Decision::Hide,
/// };
/// let layer = RequireLayer::new(policy(own_page))?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
///
/// One that waits is an impl:
///
/// ```
/// use std::error::Error;
/// use portcullis::permission::{Decision, Policy};
/// use portcullis::Identity;
///
/// struct Subscriptions;
///
/// impl Policy for Subscriptions {
///     async fn decide(
///         &self,
///         identity: &Identity,
///         _head: &http::request::Parts,
///     ) -> Result<Decision, Box<dyn Error + Send + Sync>> {
///         Ok(if self.paid_until(identity.subject()).await? { Decision::Allow } else { Decision::Deny })
///     }
/// }
/// # impl Subscriptions { async fn paid_until(&self, _: &str) -> Result<bool, std::io::Error> { Ok(true) } }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    note = "implement `Policy`, or pass a closure `|identity: &Identity, head: &http::request::Parts| Decision::Deny`"
)]
pub trait Policy: Send + Sync + 'static {
    /// The decision. May wait.
    ///
    /// # Errors
    ///
    /// That it cannot be made now. Answered 503; the error is logged and not told.
    fn decide(
        &self,
        identity: &Identity,
        head: &Parts,
    ) -> impl Future<Output = Result<Decision, Box<dyn Error + Send + Sync>>> + Send;

    /// The decision if it is at hand without waiting, which saves the request a boxed future. Default: it is not. May be
    /// asked more than once for a request.
    fn decide_now(&self, identity: &Identity, head: &Parts) -> Option<Decision> {
        let _ = (identity, head);
        None
    }
}

impl<F> Policy for F
where
    F: Fn(&Identity, &Parts) -> Decision + Send + Sync + 'static,
{
    async fn decide(&self, identity: &Identity, head: &Parts) -> Result<Decision, Box<dyn Error + Send + Sync>> {
        Ok(self(identity, head))
    }

    fn decide_now(&self, identity: &Identity, head: &Parts) -> Option<Decision> {
        Some(self(identity, head))
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Decision, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// [`Policy`] behind a pointer. The box is made only where the policy waits.
pub(super) trait ErasedPolicy: Send + Sync {
    fn decide<'a>(&'a self, identity: &'a Identity, head: &'a Parts) -> Answer<'a>;
    fn decide_now(&self, identity: &Identity, head: &Parts) -> Option<Decision>;
    /// What operators see of it: its type, with the module, so that it is found in the source.
    fn name(&self) -> &'static str;
}

impl<P: Policy> ErasedPolicy for P {
    fn decide<'a>(&'a self, identity: &'a Identity, head: &'a Parts) -> Answer<'a> {
        Box::pin(Policy::decide(self, identity, head))
    }

    fn decide_now(&self, identity: &Identity, head: &Parts) -> Option<Decision> {
        Policy::decide_now(self, identity, head)
    }

    fn name(&self) -> &'static str {
        type_name::<P>()
    }
}
