//! A server of the Model Context Protocol as a protected resource: clients find out by themselves where to log in, and are
//! asked for more rights when a tool needs more.
//!
//! ```text
//! cargo run --example mcp_server
//! ```
//!
//! It listens on 127.0.0.1, port 3000 unless `PORT` says otherwise. `ISSUER` is the authorization server whose tokens it
//! accepts, `RESOURCE` the address that clients know it by, which its tokens are meant for; without one it is the address
//! that it listens on, with `/mcp`.
//!
//! A client that comes without a token is told where the metadata is and what to ask for, and finds the issuer there:
//!
//! ```text
//! $ curl -i -X POST 127.0.0.1:3000/mcp
//! HTTP/1.1 401 Unauthorized
//! www-authenticate: Bearer realm="orders", resource_metadata="http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp", scope="orders:read"
//!
//! $ curl -i 127.0.0.1:3000/.well-known/oauth-protected-resource/mcp
//! HTTP/1.1 200 OK
//! content-type: application/json
//!
//! {"resource":"http://127.0.0.1:3000/mcp","authorization_servers":["https://id.example"],"scopes_supported":…}
//! ```
//!
//! With a token that has `orders:read` it may list orders. To place one it needs `orders:write`, and is answered 403 with
//! that, which a client takes back to the issuer; then it tries again. All of it, with an issuer for tests and the official
//! client, after `npm ci` in `tests/node`:
//!
//! ```text
//! node tests/node/issuer.mjs      # the first of the two numbers that it prints is its port
//! ISSUER=http://127.0.0.1:<port> cargo run --example mcp_server
//! node tests/node/mcp_client.mjs http://127.0.0.1:3000/mcp ann
//! ```
//!
//! # Where a tool's scopes are checked: twice
//!
//! All tools share one address, and the name of a tool stands in the body, which our layers never read. (The field
//! `Mcp-Name` repeats it, but only clients since the protocol's version 2026-07-28 send it, and others may lie in it.) So
//!
//! - the layer [`name_the_call`] reads the body, once the caller is known, and puts the tool's name where a requirement
//!   finds it: that makes the 403 that clients understand;
//! - each tool asks the identity again before it does anything: what one JSON reader takes for a harmless call, another
//!   might not.
//!
//! Who may write may read. A 403 names the scope that is missing, and some clients come back with a token for that scope and
//! no other; had listing needed the other one, they would be sent to and fro.
//!
//! A session id of the protocol would be a second credential, and not bound to who opened the session. The server keeps
//! none: every request is judged by its own token.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, Uri};
use portcullis::authenticate::Bearer;
use portcullis::identity::jwt::{Algorithm, Issuer, IssuerKeys, JwtVerifier, Profile, RemoteKeys};
use portcullis::outbound::Client;
use portcullis::permission::{Decision, any, policy, scope};
use portcullis::resource::ProtectedResource;
use portcullis::{AuthenticateLayer, ConfigError, Identity, RequireLayer};
use rmcp::handler::server::tool::Extension;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, schemars, tool, tool_router};
use serde::Deserialize;

const READ: &str = "orders:read";
const WRITE: &str = "orders:write";

/// The tools, for all callers: who calls is in the head of each request.
struct Orders;

/// What to order.
#[derive(Deserialize, schemars::JsonSchema)]
struct Order {
    /// What it is called.
    item: String,
}

#[tool_router(server_handler)]
impl Orders {
    #[tool(description = "Lists the orders")]
    fn list_orders(&self, Extension(head): Extension<Parts>) -> Result<String, ErrorData> {
        let caller = caller(&head, &[READ, WRITE])?;
        Ok(format!("two orders for {}", caller.subject()))
    }

    #[tool(description = "Places an order")]
    fn place_order(
        &self,
        Parameters(Order { item }): Parameters<Order>,
        Extension(head): Extension<Parts>,
    ) -> Result<String, ErrorData> {
        let caller = caller(&head, &[WRITE])?;
        Ok(format!("one {item} for {}", caller.subject()))
    }
}

/// Who calls, if they have one of these scopes. The identity that our layer put into the request comes along with its head.
fn caller<'a>(head: &'a Parts, scopes: &[&str]) -> Result<&'a Identity, ErrorData> {
    let identity = head.extensions.get::<Identity>();
    let may = |identity: &&Identity| scopes.iter().any(|scope| identity.scopes().contains(scope));
    identity.filter(may).ok_or_else(|| ErrorData::invalid_request(format!("needs {}", scopes.join(" or ")), None))
}

/// What a JSON-RPC message asks for, as far as permissions depend on it.
#[derive(Clone, Deserialize)]
struct Call {
    method: String,
    params: Option<Named>,
}

#[derive(Clone, Deserialize)]
struct Named {
    name: Option<String>,
}

impl Call {
    fn places_an_order(&self) -> bool {
        let tool = self.params.as_ref().and_then(|params| params.name.as_deref());
        self.method == "tools/call" && tool == Some("place_order")
    }
}

/// Reads the call out of the body for the requirements further in. What is no call goes on without: the server refuses it.
async fn name_the_call(request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 64 * 1024).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    if let Ok(call) = serde_json::from_slice::<Call>(&body) {
        head.extensions.insert(call);
    }
    next.run(Request::from_parts(head, Body::from(body))).await
}

pub(crate) fn app(issuer: &str, resource: &str, keys: impl Into<IssuerKeys>) -> Result<Router, Box<dyn Error>> {
    let mut description = ProtectedResource::builder(resource)
        .authorization_server(issuer)
        .scopes([READ, WRITE])
        .challenge_scopes([READ])
        .name("Orders");
    if is_this_machine(resource) {
        description = description.danger_allow_http_loopback();
    }
    let resource = description.build()?;
    let verifier = JwtVerifier::new([Issuer::new(issuer, [resource.identifier()], keys).profile(Profile::Rfc9068)])?;
    let authenticate = AuthenticateLayer::new(Bearer::new("orders", verifier).resource(&resource))?;

    let places_none = policy(|_: &Identity, head: &Parts| match head.extensions.get::<Call>() {
        Some(call) if call.places_an_order() => Decision::Deny,
        _ => Decision::Allow,
    });
    let by_tool = RequireLayer::new(any([places_none, scope(WRITE)]))?;

    let address: Uri = resource.identifier().parse()?;
    let config = StreamableHttpServerConfig::default()
        // Against web pages that lead their own name to this machine; behind a proxy, the name that clients use.
        .with_allowed_hosts(address.authority().map(ToString::to_string))
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let tools = StreamableHttpService::new(|| Ok(Orders), Arc::new(NeverSessionManager::default()), config);

    // From the innermost to the outermost.
    Ok(Router::new()
        .route_service(address.path(), tools)
        .layer(by_tool)
        .layer(from_fn(name_the_call))
        .layer(RequireLayer::new(any([scope(READ), scope(WRITE)]))?)
        .layer(authenticate)
        .layer(resource.layer()))
}

/// The keys of the issuer, found and kept fresh in the background; until they are there, tokens are answered 503.
pub(crate) fn keys(issuer: &str) -> Result<RemoteKeys, ConfigError> {
    let keys = RemoteKeys::discover(issuer, &[Algorithm::RS256]);
    if !is_this_machine(issuer) {
        return keys.build();
    }
    keys.client(Client::builder().danger_allow_http_loopback().build()?).build()
}

/// For trying it out: what has no certificate may be on this machine, and nowhere else.
fn is_this_machine(address: &str) -> bool {
    address.starts_with("http://127.0.0.1:")
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "says where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", setting("PORT", "3000"))).await?;
    let own = format!("http://{}/mcp", listener.local_addr()?);
    let (issuer, resource) = (setting("ISSUER", "https://id.example"), setting("RESOURCE", &own));
    let app = app(&issuer, &resource, keys(&issuer)?)?;
    println!("Listening on {own}, known as {resource}, for tokens by {issuer}.");
    println!("Try the lines at the top of examples/mcp_server.rs. ISSUER names another issuer, RESOURCE another name.");
    axum::serve(listener, app).await?;
    Ok(())
}
