//! The trait of a scheme: finds its credentials in a request head and has them verified.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, HeaderValue};

use crate::error::Reason;
use crate::identity::{Identity, Verifier, VerifyError};
use crate::response::Challenge;

/// One way of presenting credentials in HTTP (RFC 9110 section 11.1).
///
/// [`Basic`](super::Basic), [`Bearer`](super::Bearer), [`Session`](super::Session) and, with the features `api-key` and
/// `digest`, `ApiKeys` and `Digest` are ours; write your own for anything else:
///
/// ```
/// use std::sync::Arc;
///
/// use http::HeaderName;
/// use http::request::Parts;
/// use portcullis::authenticate::{Attempt, Carrier, Scheme};
/// use portcullis::response::Challenge;
/// use portcullis::{Verifier, VerifyError};
///
/// /// `X-Ticket: …`, checked by any verifier of texts.
/// struct Ticket<V>(Arc<V>);
///
/// impl<V: Verifier<String>> Scheme for Ticket<V> {
///     fn challenge(&self) -> Challenge {
///         Challenge::new("Ticket").quoted("realm", "orders").quoted("header", "X-Ticket")
///     }
///
///     fn carriers(&self) -> Vec<Carrier> {
///         vec![Carrier::Field(HeaderName::from_static("x-ticket"))]
///     }
///
///     fn authenticate(&self, head: &Parts) -> Attempt {
///         let mut keys = head.headers.get_all("x-ticket").iter();
///         match (keys.next(), keys.next()) {
///             (None, _) => Attempt::NotPresented,
///             (Some(_), Some(_)) => Attempt::Ready(Err(VerifyError::ambiguous())),
///             (Some(key), None) => match key.to_str() {
///                 Ok(key) => Attempt::verify(&self.0, key.to_owned()),
///                 Err(_) => Attempt::Ready(Err(VerifyError::malformed())),
///             },
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an authentication scheme",
    note = "wrap your verifier in one: `Basic::new(realm, verifier)`, `Bearer::new(realm, verifier)`, \
            `Session::new(realm, verifier)`, or implement `Scheme`"
)]
pub trait Scheme: Send + Sync + 'static {
    /// The challenge of this scheme when nothing was presented. Its scheme name is the scheme's name; no two schemes of
    /// a layer may share one. Asked while the layer is built, perhaps more than once, and never for a request.
    fn challenge(&self) -> Challenge;

    /// The challenges of one answer, for a scheme that sends several or new ones each time, as Digest does for the sake of
    /// its nonce. `why` is [`Missing`](Reason::Missing) unless credentials of this very scheme were refused. Default: none,
    /// which means that [`challenge`](Self::challenge), rendered once, is sent always.
    fn fresh_challenges(&self, why: Reason) -> Vec<Challenge> {
        let _ = why;
        Vec::new()
    }

    /// Looks for credentials that were sent on purpose and starts to verify them. Must not block.
    fn authenticate(&self, head: &Parts) -> Attempt;

    /// Looks for credentials that a browser sends by itself, such as a cookie. Asked only where the request has no
    /// `Authorization` field and no scheme found explicit credentials. Default: there are none.
    ///
    /// # Security
    ///
    /// A page of any site can make a browser send them. Let them change something only where
    /// [`SameOrigin::check`](super::SameOrigin::check) says that the request came from a page of ours:
    /// [`Attempt::provided`] joins the two.
    fn authenticate_ambient(&self, head: &Parts) -> Attempt {
        let _ = head;
        Attempt::NotPresented
    }

    /// The `Set-Cookie` value that makes a browser forget a stale ambient credential, sent where anonymous callers are
    /// let in. Default: none.
    fn forget(&self) -> Option<HeaderValue> {
        None
    }

    /// Whether the challenge says in an `error` parameter what went wrong, as RFC 6750 has it. Then credentials that
    /// cannot be read are answered 400 `invalid_request`, and a 403 carries the challenge too. Default: no.
    fn explains(&self) -> bool {
        false
    }

    /// Whether credentials that cannot be read are a bad request (400) rather than a failed log-in (401). Default: as
    /// [`explains`](Self::explains).
    fn is_strict(&self) -> bool {
        self.explains()
    }

    /// The name under which requests that a page or its scripts make get the challenge, where browsers open a dialog for the
    /// scheme's own: one that no browser knows. Credentials are sent under the scheme's own name always. Such requests say
    /// `Sec-Fetch-Mode` other than `navigate`, or `X-Requested-With: XMLHttpRequest`. A layer for a proxy does not ask. Default:
    /// none, so everybody gets the same challenge.
    fn quiet_name(&self) -> Option<&'static str> {
        None
    }

    /// The header fields that carry the scheme's credentials, those of [`carriers`](Self::carriers) apart: they stand in
    /// `Vary`, are kept from [`Respond`](crate::response::Respond) hooks, and reach the inner service flagged as
    /// sensitive. Default: `authorization`.
    fn reads(&self) -> &[&str] {
        &["authorization"]
    }

    /// Where clients put credentials of this scheme on purpose. A request that has credentials of the layer's schemes in two
    /// such places is refused as ambiguous before any verifier runs. Asked once, when the layer is built. Default: in
    /// `Authorization`, under the name of the challenge's scheme.
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Authorization(self.challenge().scheme())]
    }
}

/// A place for credentials that are sent on purpose.
///
/// ```
/// use http::HeaderName;
/// use portcullis::authenticate::Carrier;
///
/// let places = [Carrier::Authorization("Ticket"), Carrier::Field(HeaderName::from_static("x-ticket"))];
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Carrier {
    /// `Authorization` under this scheme name.
    Authorization(&'static str),
    /// A header field of its own. It stands in `Vary` and is flagged as sensitive like those of [`Scheme::reads`].
    Field(HeaderName),
    /// `Authorization` under the name of another scheme, of whose credentials this one takes those that are its own beyond
    /// doubt. So it is asked before the others, wherever it stands in their order.
    Shared(&'static str),
}

impl<S: Scheme + ?Sized> Scheme for Arc<S> {
    fn challenge(&self) -> Challenge {
        (**self).challenge()
    }

    fn fresh_challenges(&self, why: Reason) -> Vec<Challenge> {
        (**self).fresh_challenges(why)
    }

    fn authenticate(&self, head: &Parts) -> Attempt {
        (**self).authenticate(head)
    }

    fn authenticate_ambient(&self, head: &Parts) -> Attempt {
        (**self).authenticate_ambient(head)
    }

    fn forget(&self) -> Option<HeaderValue> {
        (**self).forget()
    }

    fn explains(&self) -> bool {
        (**self).explains()
    }

    fn is_strict(&self) -> bool {
        (**self).is_strict()
    }

    fn quiet_name(&self) -> Option<&'static str> {
        (**self).quiet_name()
    }

    fn reads(&self) -> &[&str] {
        (**self).reads()
    }

    fn carriers(&self) -> Vec<Carrier> {
        (**self).carriers()
    }
}

/// What a scheme found.
#[expect(clippy::exhaustive_enums, reason = "complete by definition: nothing, a verdict, or a verdict to come")]
pub enum Attempt {
    /// No credentials of this scheme: the next scheme is asked.
    NotPresented,
    /// A verdict that is at hand.
    Ready(Result<Accepted, VerifyError>),
    /// A verdict to wait for. The future owns all it needs; this box is the only one on the path of a request.
    Pending(Pin<Box<dyn Future<Output = Result<Accepted, VerifyError>> + Send>>),
}

impl Attempt {
    /// Has `verifier` judge `credentials`: at once if it can, else in a future.
    pub fn verify<C, V>(verifier: &Arc<V>, credentials: C) -> Self
    where
        C: Send + 'static,
        V: Verifier<C>,
    {
        match verifier.verify_now(&credentials) {
            Some(verdict) => Self::Ready(verdict.map(Accepted::from)),
            None => {
                let verifier = Arc::clone(verifier);
                Self::Pending(Box::pin(async move { verifier.verify(credentials).await.map(Accepted::from) }))
            }
        }
    }

    /// Refuses what this attempt accepts, unless `condition` holds too. The condition is for whoever showed a credential that
    /// is good: it changes nothing where there is none, or one that fails. It is asked at once, and its error is told after
    /// the verdict.
    ///
    /// ```
    /// use portcullis::authenticate::{Attempt, SameOrigin};
    /// use portcullis::{Identity, Reason};
    ///
    /// let (head, ()) = http::Request::post("/transfer").header("origin", "https://evil.example").body(())?.into_parts();
    /// let attempt = Attempt::Ready(Ok(Identity::assertion("bank", "alice").build().into()));
    /// match attempt.provided(|| SameOrigin::default().check(&head)) {
    ///     Attempt::Ready(Err(error)) => assert_eq!(error.reason(), Reason::CrossSite),
    ///     _ => unreachable!(),
    /// }
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn provided(self, condition: impl FnOnce() -> Result<(), VerifyError>) -> Self {
        match self {
            Self::Ready(Ok(accepted)) => Self::Ready(condition().map(|()| accepted)),
            Self::Pending(verdict) => match condition() {
                Ok(()) => Self::Pending(verdict),
                Err(error) => Self::Pending(Box::pin(async { verdict.await.and(Err(error)) })),
            },
            Self::NotPresented | Self::Ready(Err(_)) => self,
        }
    }
}

/// A credential that was accepted: whose it is and, rarely, a header for the response.
///
/// ```
/// use http::{HeaderName, HeaderValue};
/// use portcullis::Identity;
/// use portcullis::authenticate::{Accepted, Attempt};
///
/// let identity = Identity::assertion("orders", "ci").build();
/// let name = HeaderName::from_static("authentication-info");
/// let accepted = Accepted::from(identity).answering(name, HeaderValue::from_static("qop=auth"));
/// let attempt = Attempt::Ready(Ok(accepted));
/// ```
#[derive(Debug)]
#[must_use = "nobody is let in before the attempt is returned"]
pub struct Accepted {
    pub(super) identity: Identity,
    /// In a box, since all schemes but Digest have none.
    pub(super) header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Accepted {
    /// Has the layer set a header in the inner service's response, in place of any of that name: what proves to the client
    /// that the server knows the secret too (RFC 7615). Default: none. A layer for a proxy puts `proxy-` before the name.
    pub fn answering(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }
}

impl From<Identity> for Accepted {
    fn from(identity: Identity) -> Self {
        Self { identity, header: None }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPresented => f.write_str("NotPresented"),
            Self::Ready(verdict) => f.debug_tuple("Ready").field(verdict).finish(),
            Self::Pending(_) => f.write_str("Pending(..)"),
        }
    }
}
