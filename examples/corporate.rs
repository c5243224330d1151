//! An intranet: users in an htpasswd file that is watched, roles, a limit to guessing, and a page for who may not enter.
//!
//! ```text
//! cargo run --example corporate
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise, as behind a proxy on the same machine. The file is
//! examples/corporate/users.htpasswd, and a change there counts within two seconds. `/` is for everybody in it, `/hr` for
//! those with the role `hr`: alice has it, bob has not. Of the answers, the headers that matter here:
//!
//! ```text
//! $ curl -i localhost:3000/
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Basic realm="intranet", charset="UTF-8"
//!
//! $ curl -i -u 'alice:correct horse' localhost:3000/hr
//! HTTP/1.1 200 OK
//!
//! The salaries, for alice.
//!
//! $ curl -i -u 'bob:battery staple' -H 'accept: text/html' localhost:3000/hr
//! HTTP/1.1 403 Forbidden
//! content-type: text/html; charset=utf-8
//!
//! …<h1>This is for: hr</h1>…
//!
//! $ curl -i -u 'bob:battery staple' localhost:3000/hr
//! HTTP/1.1 403 Forbidden
//! content-type: application/problem+json
//! ```
//!
//! Three guesses at a name are compared within a minute, and no more. Alice, who has just been here, feels nothing of it;
//! from another place she has to wait as well, since nobody can tell yet that it is her:
//!
//! ```text
//! $ curl -i -u alice:guess localhost:3000/
//! HTTP/1.1 401 Unauthorized
//!
//! $ curl -i -u alice:another localhost:3000/
//! HTTP/1.1 401 Unauthorized
//!
//! $ curl -i -u alice:third localhost:3000/
//! HTTP/1.1 401 Unauthorized
//!
//! $ curl -i -u alice:fourth localhost:3000/
//! HTTP/1.1 429 Too Many Requests
//! retry-after: …
//!
//! $ curl -i -u 'alice:correct horse' localhost:3000/
//! HTTP/1.1 200 OK
//!
//! Welcome, alice.
//!
//! $ curl -i -u 'alice:correct horse' -H 'x-forwarded-for: 203.0.113.9' localhost:3000/
//! HTTP/1.1 429 Too Many Requests
//! retry-after: …
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use portcullis::authenticate::Basic;
use portcullis::credentials::TrustedProxies;
use portcullis::identity::password::{HtpasswdFile, PasswordMemory};
use portcullis::identity::throttle::Throttle;
use portcullis::permission::role;
use portcullis::response::{Problem, Rejection, Reply, Representation, Respond};
use portcullis::{AuthenticateLayer, Identity, RequireLayer};
use tokio::net::TcpListener;

pub(crate) const USERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/corporate/users.htpasswd");

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says what to try")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("Listening on http://{}, with the users of {USERS}:", listener.local_addr()?);
    println!("alice, who is in hr (password: correct horse), and bob, who is not (password: battery staple).");
    println!("Try the lines at the top of examples/corporate.rs.");
    Ok(axum::serve(listener, app(USERS.as_ref())?).await?)
}

pub(crate) fn app(users: &Path) -> Result<IntoMakeServiceWithConnectInfo<Router, SocketAddr>, Box<dyn Error>> {
    // Who there is stands in the file, who may do what stands here. Should the file break, all stays as it was, and the
    // operator is told which lines are wrong.
    let users = HtpasswdFile::builder(users).roles("alice", ["hr"]).open()?;

    // Browsers send the password with every request. One that was right is not hashed again for a quarter of an hour, unless
    // it is changed or its user removed: then it is forgotten at once.
    let passwords = users.verifier("intranet").memory(PasswordMemory::new().ttl(Duration::from_secs(15 * 60)));

    // Three failures in a minute for a name, thirty for a client; then a wait that grows with each further one.
    let throttle = Throttle::builder().attempts(3).build()?;

    // Whose word is taken for where a request comes from. Without a proxy: `TrustedProxies::none()`.
    let proxies = TrustedProxies::new(["127.0.0.1"])?;

    let router = Router::new()
        .route("/", get(home))
        .route("/hr", get(salaries).layer(RequireLayer::new(role("hr"))?.respond_with(no_entry)))
        .layer(AuthenticateLayer::new(Basic::new("intranet", throttle.around(passwords)))?)
        // Added last, so it comes first: the throttle is to know the client.
        .layer(from_fn_with_state(proxies, client));
    Ok(router.into_make_service_with_connect_info())
}

/// Tells the layers within where the request comes from.
async fn client(
    State(proxies): State<TrustedProxies>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = proxies.client(peer.ip(), request.headers());
    request.extensions_mut().insert(client);
    next.run(request).await
}

/// A page for browsers, and for programs what they get everywhere else. The status is not this function's to choose.
fn no_entry(rejection: &Rejection, head: &Parts) -> Reply {
    let among = [Representation::Problem, Representation::Html];
    if Representation::preferred(&head.headers, &among) != Representation::Html {
        return Problem.respond(rejection, head);
    }
    let roles: Vec<_> = rejection.missing_roles().collect();
    // Nothing of the request stands in the page, so there is nothing to escape. By its id the operator finds the refusal in
    // the log.
    let page = format!(
        "<!doctype html>\n<title>No entry</title>\n<h1>This is for: {}</h1>\n<p>If you should be one of them, tell the help \
         desk this number: {}</p>\n<p><a href=\"/\">Back to the start</a></p>\n",
        roles.join(", "),
        rejection.id(),
    );
    Reply::new("text/html; charset=utf-8", page)
}

async fn home(identity: Identity) -> String {
    format!("Welcome, {}.\n", identity.subject())
}

async fn salaries(identity: Identity) -> String {
    format!("The salaries, for {}.\n", identity.subject())
}
