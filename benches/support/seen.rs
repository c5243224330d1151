//! Tokens that the library has seen before, and tokens that it remembers for the first time.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use portcullis::authenticate::Bearer;
use portcullis::identity::jwt::{Algorithm, JwtVerifier, KeysFreshness, RemoteKeys, TokenCache};
use portcullis::identity::revocation::{MemoryRevocations, Revocation, Revocations};
use portcullis::outbound::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tower::Layer;

use super::case::Case;
use super::keys::TestKey;
use super::ours::layer;
use super::request::{Bare, Body, Head, head_case, service_case};
use super::token::{ISSUER, Signed, Tokens, verifier};

/// Tokens, and the key that signed them.
pub(crate) struct Live {
    pub(crate) key: TestKey,
    pub(crate) tokens: Tokens,
}

impl Live {
    pub(crate) fn signed(count: usize) -> Self {
        let key = TestKey::new(Algorithm::RS256).named("2026-10-main");
        Self { tokens: Tokens::new(&key, count), key }
    }

    pub(crate) fn padded(count: usize) -> Self {
        let key = TestKey::new(Algorithm::HS256).named("2026-10-main");
        Self { tokens: Tokens::padded(&key, count), key }
    }

    /// A verifier that has seen all of them, and room for no more. A few in ten thousand do not find a place.
    pub(crate) fn verifier(&self) -> JwtVerifier {
        self.introduce(verifier(self.key.key_set(), self.limits()))
    }

    fn limits(&self) -> TokenCache {
        let entries = self.tokens.len();
        TokenCache::new().entries(entries).bytes(entries * 2_048)
    }

    /// Has `verifier` see all tokens once.
    pub(crate) fn introduce(&self, verifier: JwtVerifier) -> JwtVerifier {
        self.tokens.for_each(|token| drop(verifier.verify_token(token).unwrap()));
        let (remembered, all) = (verifier.remembered(), self.tokens.len());
        assert!(remembered >= all - all / 500, "{remembered} are remembered");
        verifier
    }

    async fn asking(&self) -> JwtVerifier {
        verifier(self.key.key_set(), self.limits()).revocations(revocations().await)
    }

    /// With the keys fetched over HTTP, once.
    async fn fetching(&self) -> JwtVerifier {
        let set = json!({"keys": [self.key.jwk()]}).to_string();
        let app = Router::new().route("/jwks", get(([(CONTENT_TYPE, "application/json")], set)));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, app).into_future());
        let client = Client::builder().danger_allow_http_loopback().build().unwrap();
        let keys =
            RemoteKeys::jwks(format!("http://{address}/jwks"), &[self.key.algorithm]).client(client).build().unwrap();
        assert_eq!(keys.ready().await.freshness(), KeysFreshness::Fresh);
        server.abort();
        verifier(keys, self.limits())
    }

    pub(crate) fn bare(&self) -> Case {
        let tokens = self.tokens.clone();
        service_case("bare tower service", Bare::<Body>::new(), StatusCode::OK, move || tokens.next()).baseline()
    }

    /// All tokens in no order.
    pub(crate) fn case(&self, name: impl Into<String>, verifier: JwtVerifier) -> Case {
        let tokens = self.tokens.clone();
        let service = layer(Bearer::new("orders", verifier)).layer(Bare::<Body>::new());
        service_case(name, service, StatusCode::OK, move || tokens.next())
    }

    pub(crate) fn again_and_again(&self, name: &str, verifier: JwtVerifier) -> Case {
        let service = layer(Bearer::new("orders", verifier)).layer(Bare::<Body>::new());
        head_case(name, service, StatusCode::OK, &self.first())
    }

    /// The first token alone.
    pub(crate) fn into_signed(self) -> Signed {
        Signed { token: self.tokens.first(), key: self.key }
    }

    pub(crate) fn first(&self) -> Head {
        Head::bearer(&self.tokens.first())
    }
}

/// The cases of tokens that were seen before.
pub(crate) async fn seen(live: &Live) -> Vec<Case> {
    let verifier = live.verifier();
    vec![
        live.bare(),
        live.again_and_again("portcullis, one token again and again", verifier.clone()),
        live.again_and_again("portcullis, with a list of revocations", live.asking().await),
        live.again_and_again("portcullis, with keys fetched from the issuer", live.fetching().await),
        live.case(format!("portcullis, {} live in no order", live.tokens.len()), verifier),
    ]
}

/// The first use of tokens where they are remembered: each is verified, kept, and pushes another one out.
pub(crate) fn remembering(live: &Live) -> Case {
    let few = TokenCache::new().entries(32);
    live.case("portcullis, remembering it", verifier(live.key.key_set(), few))
}

/// A list of a thousand revocations, none of which is of a token that is used here.
async fn revocations() -> MemoryRevocations {
    // The tokens say that they were issued years ago.
    let list = MemoryRevocations::builder().remember(Duration::from_secs(50 * 365 * 24 * 60 * 60)).build().unwrap();
    for number in 0..1_000 {
        list.revoke(Revocation::token_id(ISSUER, &number.to_string())).await.unwrap();
    }
    list
}
