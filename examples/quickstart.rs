//! One app that accepts Bearer tokens, sessions and passwords, with permissions in front of some routes.
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, and prints lines to try with the status that each
//! of them gets. Of the answers, the headers that matter here (`$PASSWORD` and `$TOKEN` are new with every start):
//!
//! ```text
//! $ curl -i localhost:3000/me
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="quickstart"
//! www-authenticate: Session realm="quickstart"
//! www-authenticate: Basic realm="quickstart", charset="UTF-8"
//!
//! $ curl -i -u "alice:$PASSWORD" localhost:3000/me
//! HTTP/1.1 200 OK
//!
//! You are alice, by Basic.
//!
//! $ curl -i -u "alice:$PASSWORD" -H 'accept: text/plain' localhost:3000/admin
//! HTTP/1.1 403 Forbidden
//! cache-control: no-store
//!
//! 403 Permission missing
//! …
//! roles: admin
//! …
//!
//! $ curl -i --oauth2-bearer "$EXPIRED" localhost:3000/me
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="quickstart", error="invalid_token", error_description="The token has expired"
//! www-authenticate: Session realm="quickstart"
//! www-authenticate: Basic realm="quickstart", charset="UTF-8"
//!
//! $ curl -i --oauth2-bearer "$TOKEN" localhost:3000/flaky
//! HTTP/1.1 503 Service Unavailable
//! retry-after: 5
//!
//! $ SESSION=$(curl -s -d user=alice -d "password=$PASSWORD" localhost:3000/login)
//! $ curl -i -b "__Host-session=$SESSION" localhost:3000/me
//! HTTP/1.1 200 OK
//!
//! You are alice, by Session.
//! ```

use std::error::Error;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{StatusCode, request::Parts};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Form, Router};
use portcullis::authenticate::{Basic, Bearer, Session};
use portcullis::axum::Refused;
use portcullis::credentials::{BasicCredentials, SessionCookie};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use portcullis::identity::session::{MemoryStore, SessionStart, Sessions};
use portcullis::permission::{Decision, Policy, policy, role, scope};
use portcullis::{AuthenticateLayer, Identity, RequireLayer, Secret, Verifier, VerifyError};
use tokio::net::TcpListener;

#[path = "quickstart/demo.rs"]
pub(crate) mod demo;

use demo::Demo;

/// The realm that challenges name, and the issuer and audience of tokens.
const NAME: &str = "quickstart";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port}: {error}; set PORT to another one"))?;
    let demo = Demo::new()?;
    println!("{}", demo.what_to_try(listener.local_addr()?)?);
    Ok(axum::serve(listener, app(&demo)?).await?)
}

pub(crate) fn app(demo: &Demo) -> Result<Router, Box<dyn Error>> {
    // Bearer: access tokens of one issuer, with the key that it signs with.
    let keys = KeySet::hmac(Algorithm::HS256, Secret::new(demo.key.to_vec()))?;
    let tokens = JwtVerifier::new([Issuer::new(NAME, [NAME], keys)])?;

    // Basic: users with argon2id hashes, which a real service reads from a file or a database.
    let mut users = Users::new();
    users.insert("alice", User::new(&hash_password(&demo.password)?)?.scopes(["orders:read"]))?;
    let passwords = PasswordVerifier::new(NAME, users);

    // Session: begun by `login` below.
    let sessions = Sessions::builder(MemoryStore::new()).idle(Duration::from_secs(15 * 60)).build()?;

    let schemes = || {
        AuthenticateLayer::builder()
            .scheme(Bearer::new(NAME, tokens.clone()))
            .scheme(Session::new(NAME, sessions.clone()))
            .scheme(Basic::new(NAME, passwords.clone()))
    };
    // Nobody gets to these, nor learns which there are, without an identity.
    let guarded = Router::new()
        .route("/me", get(me))
        .route("/orders", get("Three orders.\n").layer(RequireLayer::new(scope("orders:read"))?))
        .route("/admin", get("The admin's page.\n").layer(RequireLayer::new(role("admin"))?))
        .route("/flaky", get("Never seen.\n").layer(RequireLayer::new(policy(Subscriptions))?))
        .route("/logout", post(logout))
        .layer(schemes().build()?);
    // Strangers get to these too; wrong credentials are refused all the same.
    let open = Router::new()
        .route("/", get(hello))
        .route("/optional", get(optional))
        .route("/login", post(login))
        .layer(schemes().allow_anonymous().build()?);
    Ok(open.merge(guarded).with_state(App { passwords, sessions }))
}

#[derive(Clone)]
struct App {
    passwords: PasswordVerifier,
    sessions: Sessions,
}

async fn hello() -> &'static str {
    "Open to all: / and /optional. For those we know: /me, /orders, /admin, /flaky. POST to /login and /logout.\n"
}

async fn me(identity: Identity) -> String {
    format!("You are {}, by {}.\n", identity.subject(), identity.scheme())
}

async fn optional(identity: Option<Identity>) -> String {
    identity.map_or("Hello, stranger.\n".to_owned(), |identity| format!("Hello, {}.\n", identity.subject()))
}

#[derive(serde::Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// Gives a session to whoever knows the password: its id in a cookie for browsers, and in the body for programs.
async fn login(State(app): State<App>, head: Parts, Form(form): Form<Login>) -> Result<impl IntoResponse, Refused> {
    let start = async {
        let credentials = BasicCredentials::new(&form.user, &form.password)?;
        let identity = app.passwords.verify(credentials).await?;
        app.sessions.create(&identity, SessionStart::new()).await.map_err(VerifyError::unavailable)
    };
    let session = start.await.map_err(|error: VerifyError| Refused::new(error, &head))?;
    let cookie = SessionCookie::default().set(session.id(), session.max_age());
    Ok(([(SET_COOKIE, cookie)], session.id().encode().expose().clone()))
}

/// Ends the session that the request came with.
async fn logout(State(app): State<App>, identity: Identity, head: Parts) -> Result<impl IntoResponse, Refused> {
    if let Some(session) = identity.credential_id() {
        let ended = app.sessions.end_public(identity.issuer(), identity.subject(), session).await;
        // Then it may live on, and the browser keeps its cookie to try again.
        ended.map_err(|error| Refused::new(VerifyError::unavailable(error), &head))?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, SessionCookie::default().clear())]))
}

/// A decision that needs a database, which is down: neither yes nor no.
struct Subscriptions;

impl Policy for Subscriptions {
    async fn decide(&self, _: &Identity, _: &Parts) -> Result<Decision, Box<dyn Error + Send + Sync>> {
        Err("the database is down".into())
    }
}
