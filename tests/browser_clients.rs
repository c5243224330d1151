//! What Chromium does with our answers (`tests/node/browsers.mjs`): it goes to the log-in page and comes back, opens a dialog for nobody but
//! people, and lets scripts of another origin read what they may.

#![cfg(all(feature = "axum", feature = "login", feature = "password"))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    pub(crate) mod services;
}

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::Html;
use axum::routing::{get, post};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use portcullis::authenticate::{AuthenticateBuilder, Basic, Bearer, Session};
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::credentials::{BasicCredentials, BearerToken};
use portcullis::identity::password::{PasswordVerifier, User, Users, hash_password};
use portcullis::identity::session::{MemoryStore, Sessions};
use portcullis::login::Login;
use portcullis::permission::max_age;
use portcullis::{AuthenticateLayer, Identity, RequireLayer, VerifyError};
use support::services;
use tokio::net::TcpListener;
use tokio::process::Command;
use tower_http::cors::CorsLayer;

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address at which `app` is served.
async fn serve(app: Router) -> String {
    let (listener, address) = listen().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// Has Chromium play a scene of the script.
async fn play(scene: &str, addresses: &[(&str, &str)]) {
    let (Some(node), Some(chromium)) = (services::node(), services::program("chromium")) else { return };
    let mut settings = serde_json::json!({ "chromium": chromium, "passwords": { "alice": PASSWORD } });
    for (name, address) in addresses {
        settings[*name] = serde_json::json!(address);
    }
    let mut command = Command::new(node);
    command.arg(services::node_folder().join("browsers.mjs")).args([scene, &settings.to_string()]);
    let output = tokio::time::timeout(Duration::from_secs(180), command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{scene} takes too long")).unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("done\n"), "{scene}: {said}{errors}");
}

const PASSWORD: &str = "correct horse";
const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

/// A shop with orders for whoever is logged in, and a till for who has logged in lately.
fn shop() -> Router {
    let clock = ManualClock::at(NOW);
    let sessions = Sessions::builder(MemoryStore::new()).clock(clock.clone()).build().unwrap();
    let scheme = Session::new("shop", sessions);
    let mut users = Users::new();
    users.insert("alice", User::new(&hash_password(PASSWORD).unwrap()).unwrap()).unwrap();
    let login = Login::builder(&scheme, PasswordVerifier::new("shop", users)).home("/orders/home").build().unwrap();
    let layer = AuthenticateLayer::builder().scheme(scheme).log_in_page("/login?lang=en").build().unwrap();
    let fresh = RequireLayer::new(max_age(Duration::from_secs(300))).unwrap().clock(clock.clone());
    let who = async |identity: Identity| Html(format!("<title>{}</title><h1>Orders</h1>", identity.subject()));
    let members = Router::new()
        .route("/orders/{*order}", get(who))
        .merge(Router::new().route("/till", get(who)).layer(fresh))
        .fallback(who)
        .layer(layer);
    Router::new()
        .route("/login", get(page).post_service(login.log_in()))
        .route("/later", post(async move || clock.advance(Duration::from_secs(600))))
        .fallback_service(members)
}

/// The page where people log in: what stands in its query goes into the form.
async fn page(RawQuery(query): RawQuery) -> Html<String> {
    let pairs = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let return_to = pairs.filter(|(name, _)| name == "return_to").map(|(_, value)| value).next().unwrap_or_default();
    let return_to = return_to.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    Html(format!(
        r#"<!doctype html><html lang="en"><title>Log in</title><h1>Log in</h1><form method="post" action="/login">
        <input type="hidden" name="return_to" value="{return_to}">
        <label>User name <input name="username"></label><label>Password <input name="password" type="password"></label>
        <button>Log in</button></form>"#
    ))
}

/// R11
#[tokio::test]
async fn who_opens_a_deep_link_logs_in_and_is_there() {
    play("deep_link", &[("bank", &serve(shop()).await)]).await;
}

#[tokio::test]
async fn scripts_frames_and_images_are_told_and_not_sent() {
    play("not_sent", &[("bank", &serve(shop()).await)]).await;
}

/// R11
#[tokio::test]
async fn no_address_that_somebody_makes_up_leads_to_another_site() {
    play("made_up", &[("bank", &serve(shop()).await)]).await;
}

#[tokio::test]
async fn a_dialog_opens_for_people_who_go_to_a_page_and_for_no_script() {
    let passwords = || {
        Basic::new("staff", async |credentials: BasicCredentials| match credentials.expose_password() {
            PASSWORD => Ok(Identity::assertion("staff", "alice").build()),
            _ => Err(VerifyError::invalid()),
        })
    };
    let guarded = |path, scheme| {
        let who = async |identity: Identity| Html(format!("<title>{}</title>", identity.subject()));
        Router::new().route(path, get(who).post(who)).layer(AuthenticateLayer::new(scheme).unwrap())
    };
    let app = Router::new()
        .route("/open/page", get(Html("<title>open</title>")))
        .merge(guarded("/loud", passwords()))
        .merge(guarded("/quiet", passwords().quiet_for_scripts()))
        .merge(guarded("/quiet/below", passwords().quiet_for_scripts()));
    play("dialogs", &[("bank", &serve(app).await)]).await;
}

fn api() -> AuthenticateBuilder {
    let tokens = async |token: BearerToken| match token.expose() {
        "good" => Ok(Identity::assertion("shop", "alice").build()),
        "often" => Err(VerifyError::throttled(Duration::from_secs(7))),
        _ => Err(VerifyError::invalid()),
    };
    AuthenticateLayer::builder().scheme(Bearer::new("shop", tokens))
}

/// HTTP-27, HTTP-28, R08
#[tokio::test]
async fn scripts_of_another_origin_pass_their_preflight_and_read_what_they_may() {
    let elsewhere = serve(Router::new().route("/", get(Html("<title>elsewhere</title>")))).await;
    let cors = || {
        let origin: HeaderValue = elsewhere.parse().unwrap();
        CorsLayer::new().allow_origin(origin).allow_headers([AUTHORIZATION]).allow_methods([Method::GET, Method::PUT])
    };
    let orders = || Router::new().route("/", get("orders").put("orders"));
    let outside = serve(orders().layer(api().expose_to_scripts().build().unwrap()).layer(cors())).await;
    let mute = serve(orders().layer(api().build().unwrap()).layer(cors())).await;
    let inside = serve(orders().layer(cors()).layer(api().allow_cors_preflight().build().unwrap())).await;
    let closed = serve(orders().layer(cors()).layer(api().build().unwrap())).await;
    let none = serve(orders().layer(api().allow_cors_preflight().build().unwrap())).await;
    let addresses = [
        ("elsewhere", elsewhere.as_str()),
        ("outside", &outside),
        ("mute", &mute),
        ("inside", &inside),
        ("closed", &closed),
        ("none", &none),
    ];
    play("other_origin", &addresses).await;
}
