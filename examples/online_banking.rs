//! A bank for browsers: logging in and out, sessions in a database, a list of devices, a password asked for again before money
//! is sent.
//!
//! ```text
//! cargo run --example online_banking
//! cargo run --example online_banking -- --store redis://localhost --idle 10m
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise: open the address in Chromium or Firefox, which take a cookie with
//! `Secure` from this machine without HTTPS. Sessions are kept in a SQLite file, or where `--store` says. What to look at:
//!
//! - a page that nobody may see yet is answered with the form to log in, which leads back to that page;
//! - three wrong passwords, then a wait;
//! - *Send money*, five minutes after the log-in;
//! - *Devices*, with a second browser that is logged out from the first;
//! - the back button after the log-out.
//!
//! What browsers get, programs can get too:
//!
//! ```text
//! $ curl -i -H 'accept: text/html' localhost:3000/account
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Session realm="bank"
//! content-type: text/html; charset=utf-8
//! cache-control: no-store
//!
//! …<h1>Log in</h1>…<input type="hidden" name="return_to" value="/account">…
//!
//! $ curl -i localhost:3000/account
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Session realm="bank"
//! content-type: application/problem+json
//!
//! $ curl -i -H 'accept: text/html' -d username=alice -d password=moat-and-bailey -d return_to=/devices localhost:3000/login
//! HTTP/1.1 303 See Other
//! location: /devices
//! set-cookie: __Host-session=…; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax; Secure
//!
//! $ curl -i -H 'origin: https://evil.example' -d username=alice -d password=moat-and-bailey localhost:3000/login
//! HTTP/1.1 403 Forbidden
//! content-type: application/problem+json
//!
//! $ curl -i -H 'accept: text/html' -d username=bob -d password=guess localhost:3000/login
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Session realm="bank"
//!
//! …<p class="fault" role="alert" id="fault">This name and this password do not belong together.</p>…value="bob"…
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{Html, Redirect, Response};
use axum::routing::{get, post};
use portcullis::authenticate::Session;
use portcullis::clock::{Clock, SystemClock};
use portcullis::credentials::ClientAddress;
use portcullis::identity::password::{PasswordVerifier, User, Users};
use portcullis::identity::session::{Sessions, SessionsBuilder};
use portcullis::identity::throttle::Throttle;
use portcullis::login::Login;
use portcullis::permission::max_age;
use portcullis::{AuthenticateLayer, RequireLayer};
use tokio::net::TcpListener;

#[path = "online_banking/books.rs"]
pub(crate) mod books;
#[path = "online_banking/log_in_page.rs"]
mod log_in_page;
#[path = "online_banking/member_pages.rs"]
mod member_pages;
#[path = "online_banking/members.rs"]
mod members;
#[path = "online_banking/page.rs"]
mod page;
#[path = "online_banking/refused.rs"]
mod refused;
#[path = "online_banking/store.rs"]
pub(crate) mod store;

use books::Books;
use log_in_page::Form;
use refused::{not_found, refused};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = match store::Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            std::process::exit(2);
        }
    };
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port}: {error}; set PORT to another one"))?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sessions = store::open(&options.store).await?.idle(options.idle);
    let books = Books::new(clock.now());
    let app = app(sessions, books, clock)?;

    println!("Open http://{} in Chromium or Firefox, and log in:", listener.local_addr()?);
    for Customer { name, password, .. } in CUSTOMERS {
        println!("    {name}, with the password {password}");
    }
    println!("Lines for curl are at the top of examples/online_banking.rs.");
    tokio::select! {
        served = async { axum::serve(listener, app).await } => Ok(served?),
        // So that what was made for this run is cleared away.
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

/// What handlers work with.
#[derive(Clone)]
pub(crate) struct Bank {
    books: Books,
    sessions: Sessions,
    clock: Arc<dyn Clock>,
}

/// Who can log in. A bank knows the hash and not the password, which stands here for whoever tries the example.
pub(crate) struct Customer {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    hash: &'static str,
}

pub(crate) const CUSTOMERS: [Customer; 2] = [
    Customer {
        name: "alice",
        password: "moat-and-bailey",
        hash: "$argon2id$v=19$m=19456,t=2,p=1$S1RQSDFIWFpQUUFFaVR5Lw$D9Ehq4JfPoh8u3W65vYtbSyRBHlZA4S3BiJw59+m218",
    },
    Customer {
        name: "bob",
        password: "keep-and-tower",
        hash: "$argon2id$v=19$m=19456,t=2,p=1$R3NRV2hpS2Y3L1Z1QXJBMQ$TfJx7llO5xVkdVI8eZAqaw0py6/VE81CecYekjzcI/I",
    },
];

/// How old a log-in may be by which somebody opens the form to send money.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// The bank. A real one says nothing of a clock, and the machine's is taken; tests bring one that they can turn.
pub(crate) fn app(
    sessions: SessionsBuilder,
    books: Books,
    clock: Arc<dyn Clock>,
) -> Result<IntoMakeServiceWithConnectInfo<Router, SocketAddr>, Box<dyn Error>> {
    let mut users = Users::new();
    for Customer { name, hash, .. } in CUSTOMERS {
        users.insert(name, User::new(hash)?)?;
    }
    let passwords = PasswordVerifier::new("bank", users).clock(Arc::clone(&clock));

    // How long somebody may be idle says the command line. Whoever is gone or has another password is logged out, wherever the
    // session was kept.
    let known = passwords.clone();
    let sessions = sessions
        .max_per_subject(10)
        // Where other services keep their sessions in the same store, theirs are none of ours.
        .issuers(["bank"])
        .recheck(move |identity| known.is_current(identity))
        .clock(Arc::clone(&clock))
        .build()?;

    // Three wrong passwords for a name in a minute, then a wait. Whoever is logged in feels nothing of it.
    let throttle = Throttle::builder().attempts(3).clock(Arc::clone(&clock)).build()?;

    // One scheme for those who are let in and for how they log in: the same cookie, and the same origins that are ours.
    let scheme = Session::new("bank", sessions.clone());
    let login = Login::builder(&scheme, throttle.around(passwords))
        .home("/account")
        .after_log_out("/goodbye")
        .sessions_page("/devices")
        .remember_me()
        .respond_with(refused)
        .build()?;

    // Who opens the form must have logged in lately. To send it there is as long again, so that nobody types in vain.
    let opened = RequireLayer::new(max_age(FRESH))?.clock(Arc::clone(&clock));
    let sent = RequireLayer::new(max_age(2 * FRESH))?.clock(Arc::clone(&clock));

    let members = Router::new()
        .route("/account", get(members::account))
        .route("/transfer", get(members::transfer_form).layer(opened))
        .route("/transfer", post(members::transfer).layer(sent))
        .route("/devices", get(members::devices))
        .layer(AuthenticateLayer::builder().scheme(scheme).respond_with(refused).build()?);
    let open = Router::new()
        .route("/", get(Redirect::to("/account")))
        .route("/login", get(Html(Form::default().page())).post_service(login.log_in()))
        .route_service("/logout", login.log_out())
        .nest_service("/session", login.manage())
        .route("/goodbye", get(Html(goodbye())))
        .route("/style.css", get(([(CONTENT_TYPE, "text/css"), CACHED], include_str!("online_banking/style.css"))))
        .route("/icon.svg", get(([(CONTENT_TYPE, "image/svg+xml"), CACHED], include_str!("online_banking/icon.svg"))))
        .fallback(async || (StatusCode::NOT_FOUND, Html(not_found())));

    let router = open
        .merge(members)
        .with_state(Bank { books, sessions, clock })
        // Outside of all: failures are counted by client, and the list of devices names the address.
        .layer(from_fn(client))
        .layer(map_response(headers));
    Ok(router.into_make_service_with_connect_info())
}

/// Tells the services within where the request comes from. Behind a proxy that is for
/// [`TrustedProxies::client`](portcullis::credentials::TrustedProxies::client) to find out.
async fn client(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(ClientAddress::new(peer.ip()));
    next.run(request).await
}

/// What a browser is to know of every page.
async fn headers(mut response: Response) -> Response {
    let all: [(HeaderName, &str); 2] = [
        // Nothing but our own style and pictures: no scripts, no frames around us, no forms that go elsewhere.
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        // Not `no-referrer`: with it browsers hide the origin of our own forms too, by which older ones are let in.
        (REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in all {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn goodbye() -> String {
    let body = r#"<section class="card narrow">
<h1>You are logged out</h1>
<p>On this device nobody can see your account any more.</p>
<p><a class="button" href="/account">Log in again</a></p>
</section>"#;
    page::page("Logged out", page::For::Stranger, body)
}

/// For what is the same for everybody.
const CACHED: (HeaderName, &str) = (CACHE_CONTROL, "public, max-age=3600");
