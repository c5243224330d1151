//! The switch for gRPC.

use super::layer::AuthenticateBuilder;
use crate::response::Grpcs;

impl AuthenticateBuilder {
    /// Answers refusals of gRPC ([`Grpc::of`](crate::response::Grpc::of)) in kind, those of the
    /// [`RequireLayer`](crate::RequireLayer)s inside among them: HTTP status 200, no body, and in the head `grpc-status`,
    /// `grpc-message` and `grpc-status-details-bin`. Default: they are answered as everything else is, and clients of gRPC
    /// make a code of their own of what comes. Needs the feature `grpc`; [the guide](crate::guide::grpc) shows the answers.
    ///
    /// Challenges, `Retry-After` and `Cache-Control` stay, and are metadata there. No [`Respond`](crate::response::Respond)
    /// hook is asked. Requests that are none of gRPC keep their answers, and a layer for a [`proxy`](Self::proxy) keeps its 407.
    ///
    /// # Security
    ///
    /// The status is then 200 for a request that was refused, and the client chooses that by its `Content-Type`. So never where
    /// somebody outside takes the status for the verdict, such as `auth_request` of nginx.
    ///
    /// ```
    /// # use portcullis::{AuthenticateLayer, Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
    /// # let scheme = Bearer::new("shop", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
    /// let layer = AuthenticateLayer::builder().scheme(scheme).grpc().build()?;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub const fn grpc(mut self) -> Self {
        self.voice.grpc = Grpcs::ANSWERED;
        self
    }
}
