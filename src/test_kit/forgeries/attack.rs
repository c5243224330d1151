//! What the forgeries have in common: a good token to start from, and the list that they end in.

use http::HeaderValue;

use super::Forgery;
use crate::error::Reason;
use crate::identity::jwt::Algorithm;
use crate::test_kit::keys::base64url;
use crate::test_kit::mint::TokenBuilder;
use crate::test_kit::state::State;

pub(super) struct Attack<'i> {
    pub(super) state: &'i State,
    pub(super) audience: &'i str,
    forgeries: Vec<Forgery>,
}

impl<'i> Attack<'i> {
    pub(super) const fn new(state: &'i State, audience: &'i str) -> Self {
        Self { state, audience, forgeries: Vec::new() }
    }

    /// A token that would be accepted.
    pub(super) fn good(&self) -> TokenBuilder<'i> {
        good(self.state, self.audience)
    }

    /// The same, signed by somebody who is not the issuer.
    pub(super) fn forged(&self) -> TokenBuilder<'i> {
        self.good().forged(self.state.default_algorithm())
    }

    /// Adds a token that must be refused as invalid.
    pub(super) fn invalid(&mut self, name: impl Into<String>, token: impl Into<String>) {
        self.push(name.into(), token.into(), Reason::Invalid);
    }

    /// The same for what `change` makes of a good token.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(TokenBuilder<'i>) -> TokenBuilder<'i>) {
        let token = change(self.good()).mint();
        self.invalid(name, token);
    }

    pub(super) fn expired(&mut self, name: &str, token: TokenBuilder<'i>) {
        self.push(name.to_owned(), token.mint(), Reason::Expired);
    }

    /// Adds what cannot be read as a token.
    pub(super) fn malformed(&mut self, name: &str, token: impl Into<String>) {
        self.push(name.to_owned(), token.into(), Reason::Malformed);
    }

    fn push(&mut self, name: String, token: String, expected: Reason) {
        // What cannot be in a header at all threatens nobody; nothing here is of that kind.
        if let Ok(field) = HeaderValue::try_from(format!("Bearer {token}").into_bytes()) {
            self.forgeries.push(Forgery { name, token, field, expected });
        }
    }

    pub(super) fn has(&self, algorithm: Algorithm) -> bool {
        self.state.keys().algorithms().contains(&algorithm)
    }

    pub(super) fn into_forgeries(self) -> Vec<Forgery> {
        self.forgeries
    }
}

pub(super) fn good<'i>(state: &'i State, audience: &str) -> TokenBuilder<'i> {
    TokenBuilder::access(state, "alice").audience(audience).scope("orders:read")
}

/// The three parts of a token that was minted.
pub(super) fn parts(token: &str) -> [&str; 3] {
    let mut parts = token.split('.');
    [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default)
}

/// `input` with the signature of `signer` over it: for texts that no builder would write.
pub(super) fn signed(signer: &TokenBuilder<'_>, input: &str) -> String {
    format!("{input}.{}", base64url(signer.sign(input.as_bytes())))
}
