//! The layers that stacks are built of: a shop that knows a few tokens.

use std::future::pending;

use portcullis::authenticate::{AuthenticateBuilder, Bearer};
use portcullis::credentials::BearerToken;
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};

/// Knows `alice`, who may read, and `bob`, who may not; `slow` is alice after a while, `down` and `hangs` are trouble.
pub(crate) fn schemes() -> AuthenticateBuilder {
    fn alice() -> Identity {
        Identity::assertion("shop", "alice").scopes(["read"]).build()
    }
    let tokens = async |token: BearerToken| match token.expose() {
        "alice" => Ok(alice()),
        "bob" => Ok(Identity::assertion("shop", "bob").build()),
        "slow" => {
            tokio::task::yield_now().await;
            Ok(alice())
        }
        "down" => Err(VerifyError::unavailable("no database")),
        "hangs" => pending().await,
        _ => Err(VerifyError::invalid()),
    };
    AuthenticateLayer::builder().scheme(Bearer::new("shop", tokens))
}

pub(crate) fn authenticate() -> AuthenticateLayer {
    schemes().build().unwrap()
}

pub(crate) fn require() -> RequireLayer {
    RequireLayer::new(scope("read")).unwrap()
}
