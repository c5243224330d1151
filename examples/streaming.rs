//! A streaming service with plans: 401 for who is not logged in, and for who is, but with a smaller plan, 403 that says which
//! plan it takes and where to get it: to programs as a problem document, to people as a page.
//!
//! ```text
//! cargo run --example streaming
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, and prints all its routes with who may use them, and lines
//! to try with the status that each of them gets. Of the answers, the headers that matter here (`$BASIC`, `$PREMIUM` and
//! `$EXPIRED` are new with every start):
//!
//! ```text
//! $ curl -i localhost:3000/films/metropolis/sd
//! HTTP/1.1 401 Unauthorized
//! content-type: application/problem+json
//! www-authenticate: Bearer realm="streaming"
//!
//! $ curl -i -H 'accept: text/html' localhost:3000/films/metropolis/sd
//! HTTP/1.1 401 Unauthorized
//! content-type: text/html; charset=utf-8
//! www-authenticate: Bearer realm="streaming"
//!
//! …<h1>…
//!
//! $ curl -i --oauth2-bearer "$EXPIRED" localhost:3000/films/metropolis/sd
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="streaming", error="invalid_token", error_description="The token has expired"
//!
//! $ curl -i --oauth2-bearer "$BASIC" localhost:3000/films/metropolis/sd
//! HTTP/1.1 200 OK
//! transfer-encoding: chunked
//!
//! Metropolis in sd, part 1 of 10
//! …
//! Metropolis in sd, part 10 of 10
//!
//! $ curl -i --oauth2-bearer "$BASIC" localhost:3000/films/metropolis/uhd
//! HTTP/1.1 403 Forbidden
//! content-type: application/problem+json
//! www-authenticate: Bearer realm="streaming", error="insufficient_scope", …, scope="watch:uhd"
//!
//! …"upgrade":{"plan":"premium","price":"15 a month","url":"/plans#premium"}}
//!
//! $ curl -i --oauth2-bearer "$BASIC" -H 'accept: text/html' localhost:3000/films/metropolis/uhd
//! HTTP/1.1 403 Forbidden
//! content-type: text/html; charset=utf-8
//!
//! …<h1>This is in the plan premium</h1>…
//! <p><a href="/plans#premium">Get premium</a> for 15 a month.</p>…
//!
//! $ curl -i --oauth2-bearer "$PREMIUM" localhost:3000/films/metropolis/uhd
//! HTTP/1.1 200 OK
//!
//! Metropolis in uhd, part 1 of 10
//! …
//! ```
//!
//! A route that says nothing about who may use it is found when the server starts, which it then does not:
//!
//! ```text
//! Error: ConfigError ["GET /films/{film}/trailer: does not say who may use it; add `.require(…)`, or `.public()` or `.optional()`"]
//! ```

use std::error::Error;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use portcullis::authenticate::Bearer;
use portcullis::axum::{Guard, Routes};
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, KeySet};
use portcullis::permission::{authenticated, scope};
use portcullis::{AuthenticateLayer, ConfigError, Identity, Secret};
use tokio::net::TcpListener;

#[path = "streaming/demo.rs"]
pub(crate) mod demo;
#[path = "streaming/film.rs"]
pub(crate) mod film;
#[path = "streaming/plans.rs"]
pub(crate) mod plans;

use demo::Demo;
use film::{FILMS, Film};
use plans::{PLANS, Upgrade};

/// The realm that challenges name, and the issuer and audience of tokens.
const NAME: &str = "streaming";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port}: {error}; set PORT to another one"))?;
    let demo = Demo::new()?;
    println!("{}\n{}", routes().table(), demo.what_to_try(listener.local_addr()?)?);
    Ok(axum::serve(listener, app(&demo)?).await?)
}

/// What there is, each with who may use it. Take one of the words away, and the server does not start.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/", get(home).public())
        .route("/plans", get(plans).public())
        .route("/films", get(films).optional())
        .route("/films/{film}/sd", get(sd).require(scope("watch:sd")))
        .route("/films/{film}/hd", get(hd).require(scope("watch:hd")))
        .route("/films/{film}/uhd", get(uhd).require(scope("watch:uhd")))
        .route("/me", get(me).require(authenticated()))
}

pub(crate) fn app(demo: &Demo) -> Result<Router, ConfigError> {
    let keys = KeySet::hmac(Algorithm::HS256, Secret::new(demo.key.to_vec()))?;
    let tokens = JwtVerifier::new([Issuer::new(NAME, [NAME], keys)])?;
    let layer = AuthenticateLayer::builder().scheme(Bearer::new(NAME, tokens)).respond_with(Upgrade::new()?).build()?;
    routes().build(&layer)
}

async fn home() -> &'static str {
    "Films are at /films, plans at /plans.\n"
}

async fn plans() -> Html<String> {
    let plan = |plan: &plans::Plan| {
        let qualities: Vec<_> = plan.scopes.iter().map(|scope| scope.trim_start_matches("watch:")).collect();
        format!("<h2 id=\"{}\">{0}, {}</h2>\n<p>Films in {}.</p>\n", plan.name, plan.price, qualities.join(", "))
    };
    Html(format!("<!doctype html>\n<title>Plans</title>\n{}", PLANS.iter().map(plan).collect::<String>()))
}

/// Anybody sees what there is; who is known is greeted.
async fn films(identity: Option<Identity>) -> String {
    let greeting = identity.map_or("Welcome.".to_owned(), |identity| format!("Welcome back, {}.", identity.subject()));
    let films: String = FILMS.iter().map(|(path, title)| format!("{title}: /films/{path}/sd, hd or uhd\n")).collect();
    format!("{greeting}\n{films}")
}

async fn sd(Path(film): Path<String>) -> impl IntoResponse {
    watch(&film, "sd")
}

async fn hd(Path(film): Path<String>) -> impl IntoResponse {
    watch(&film, "hd")
}

async fn uhd(Path(film): Path<String>) -> impl IntoResponse {
    watch(&film, "uhd")
}

/// The film, a part at a time. It was decided once, before the first byte, whether it may be watched.
fn watch(film: &str, quality: &'static str) -> Result<impl IntoResponse + use<>, (StatusCode, &'static str)> {
    match FILMS.iter().find(|(path, _)| *path == film) {
        Some((_, title)) => Ok(([(CONTENT_TYPE, "text/plain")], axum::body::Body::new(Film::new(title, quality)))),
        None => Err((StatusCode::NOT_FOUND, "There is no such film.\n")),
    }
}

async fn me(identity: Identity) -> String {
    let plan = PLANS.iter().rev().find(|plan| plan.is_had_by(&identity)).map_or("none", |plan| plan.name);
    format!("You are {}, and your plan is {plan}.\n", identity.subject())
}
