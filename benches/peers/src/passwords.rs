//! One user who sends name and password with every request.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use http::StatusCode;
use http::header::AUTHORIZATION;
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};

use crate::support::request;

const PASSWORD: &str = "correct horse battery staple";

pub(crate) fn header() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("alice:{PASSWORD}")))
}

pub(crate) fn verifier() -> PasswordVerifier {
    let mut users = Users::new();
    users.insert("alice", User::new(&hash()).expect("our own hash")).expect("a name");
    PasswordVerifier::new("orders", users)
}

/// What applications write by hand: the field taken apart, and the hash computed for every request beside the executor.
pub(crate) fn app() -> axum::Router {
    let stored = hash();
    request::app().layer(from_fn(move |request: Request, next: Next| {
        let stored = stored.clone();
        async move {
            let password = password(&request).unwrap_or_default();
            let check = move || password_auth::verify_password(password, &stored).is_ok();
            if tokio::task::spawn_blocking(check).await.unwrap_or(false) { next.run(request).await } else { refused() }
        }
    }))
}

fn password(request: &Request) -> Option<String> {
    let field = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD.decode(field.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

fn refused() -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

fn hash() -> String {
    hash_password(PASSWORD).expect("random bytes")
}
