//! Neighbours that verify JWTs. All check signature, `alg`, `exp`, `nbf`, `iss` and `aud`, and read all ten claims.

use std::hint::black_box;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::StatusCode;
use jsonwebtoken::{DecodingKey, Validation};
use jwt_authorizer::layer::AuthorizationLayer;
use jwt_authorizer::{IntoLayer, JwtAuthorizer};
use portcullis::identity::jwt::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower::Layer;
use tower_oauth2_resource_server::layer::OAuth2ResourceServerLayer;
use tower_oauth2_resource_server::server::OAuth2ResourceServer;
use tower_oauth2_resource_server::tenant::TenantConfiguration;
use tower_oauth2_resource_server::validation::ClaimsValidationSpec;

use crate::middleware::{bearer, unauthorized};
use crate::support::case::Case;
use crate::support::request::{Bare, Body, Head, app, finished, head_case};
use crate::support::token::{AUDIENCE, ISSUER, Signed};

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    nbf: u64,
    jti: String,
    scope: String,
    roles: Vec<String>,
    tenant: String,
}

/// The tower layers of the field.
pub(crate) async fn layers(signed: &Signed, head: &Head, status: StatusCode) -> Vec<Case> {
    let mut cases = vec![jwt_authorizer(signed, head, status).await];
    // Its own list of algorithms has none with a shared secret.
    if signed.key.algorithm != Algorithm::HS256 {
        cases.push(oauth2_resource_server(signed, head, status).await);
    }
    cases
}

async fn jwt_authorizer(signed: &Signed, head: &Head, status: StatusCode) -> Case {
    let service = jwt_authorizer_layer(signed).await.layer(Bare::<axum_07::body::Body>::new());
    head_case(name(signed, "jwt-authorizer"), service, status, head)
}

pub(crate) async fn jwt_authorizer_layer(signed: &Signed) -> AuthorizationLayer<Claims> {
    let pem = || signed.key.pem();
    let builder = match signed.key.algorithm {
        Algorithm::HS256 => {
            JwtAuthorizer::<Claims>::from_secret(&String::from_utf8(signed.secret()).expect("an ASCII secret"))
        }
        Algorithm::RS256 => JwtAuthorizer::from_rsa_pem_text(&pem()),
        Algorithm::ES256 => JwtAuthorizer::from_ec_pem_text(&pem()),
        _ => JwtAuthorizer::from_ed_pem_text(&pem()),
    };
    let validation = jwt_authorizer::Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]).nbf(true);
    builder.validation(validation).build().await.expect("a key").into_layer()
}

async fn oauth2_resource_server(signed: &Signed, head: &Head, status: StatusCode) -> Case {
    let service = oauth2_resource_server_layer(signed).await.layer(Bare::<Body>::new());
    head_case(name(signed, "tower-oauth2-resource-server (aws-lc-rs)"), service, status, head)
}

pub(crate) async fn oauth2_resource_server_layer(signed: &Signed) -> OAuth2ResourceServerLayer<Body, Claims> {
    let claims = ClaimsValidationSpec::recommended(ISSUER, &vec![AUDIENCE.to_owned()]);
    let mut jwk = signed.key.jwk();
    jwk["use"] = json!("sig");
    let tenant = TenantConfiguration::static_builder(json!({"keys": [jwk]}).to_string())
        .claims_validation(claims)
        .build()
        .expect("a key set");
    let server = OAuth2ResourceServer::<Claims>::builder().add_tenant(tenant).build().await.expect("a tenant");
    server.into_layer()
}

/// `jsonwebtoken` as applications call it, without any HTTP.
pub(crate) fn decode(signed: &Signed) -> Case {
    let (key, validation) = key(signed);
    let token = signed.token.clone();
    Case::new(
        name(signed, "jsonwebtoken decode alone (aws-lc-rs)"),
        || (),
        move |()| {
            drop(black_box(jsonwebtoken::decode::<Claims>(black_box(&token), &key, &validation).expect("a good token")))
        },
    )
}

/// The middleware that many applications write by hand.
pub(crate) fn from_fn(signed: &Signed, head: &Head, status: StatusCode) -> Case {
    async fn guard(State(checks): State<Arc<(DecodingKey, Validation)>>, mut request: Request, next: Next) -> Response {
        let Some(token) = bearer(&request) else { return unauthorized() };
        match jsonwebtoken::decode::<Claims>(token, &checks.0, &checks.1) {
            Ok(data) => {
                request.extensions_mut().insert(Arc::new(data.claims));
                next.run(request).await
            }
            Err(_) => unauthorized(),
        }
    }
    let app = finished(app().layer(from_fn_with_state(Arc::new(key(signed)), guard)));
    head_case(name(signed, "axum `from_fn` with jsonwebtoken (aws-lc-rs)"), app, status, head)
}

fn key(signed: &Signed) -> (DecodingKey, Validation) {
    let pem = || signed.key.pem().into_bytes();
    let (algorithm, key) = match signed.key.algorithm {
        Algorithm::HS256 => (jsonwebtoken::Algorithm::HS256, Ok(DecodingKey::from_secret(&signed.secret()))),
        Algorithm::RS256 => (jsonwebtoken::Algorithm::RS256, DecodingKey::from_rsa_pem(&pem())),
        Algorithm::ES256 => (jsonwebtoken::Algorithm::ES256, DecodingKey::from_ec_pem(&pem())),
        _ => (jsonwebtoken::Algorithm::EdDSA, DecodingKey::from_ed_pem(&pem())),
    };
    let mut validation = Validation::new(algorithm);
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    (key.expect("a key"), validation)
}

fn name(signed: &Signed, peer: &str) -> String {
    format!("{} {peer}", signed.key.algorithm)
}
