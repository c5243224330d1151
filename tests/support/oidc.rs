//! The real OpenID provider of `tests/node/issuer.mjs`, which says at its head what can be asked of it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::net::SocketAddr;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};

use super::process::{Process, ask};
use super::services;

/// A running provider; it ends with this.
pub(crate) struct Oidc {
    process: Process,
    address: SocketAddr,
    control: SocketAddr,
}

/// What a person's log-in brought.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) access_token: String,
    pub(crate) id_token: String,
    pub(crate) refresh_token: String,
    browser: String,
}

impl Oidc {
    /// Starts one of its own for the test, unless there is no Node or no packages.
    pub(crate) async fn start() -> Option<Self> {
        let node = services::node()?;
        let mut process = Process::start(Command::new(node).arg(services::node_folder().join("issuer.mjs")));
        let mut port = async || SocketAddr::from(([127, 0, 0, 1], process.line().await.parse().unwrap()));
        let (address, control) = (port().await, port().await);
        Some(Self { process, address, control })
    }

    /// Its `iss`.
    pub(crate) fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The secret of one of its clients.
    pub(crate) fn secret(client: &str) -> String {
        format!("{client}-secret-0123456789abcdef")
    }

    /// What anybody gets at a path.
    pub(crate) async fn get(&self, path: &str) -> Bytes {
        let answer = ask(self.address, Request::get(path).body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", self.process.log());
        answer.into_body()
    }

    /// A token for the client `service`: of the kind, and for the audience, that `resource` says.
    pub(crate) async fn token(&self, resource: &str, scope: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("resource", resource), ("scope", scope)];
        let answer = self.post_as("service", "/token", &form).await;
        self.json(&answer)["access_token"].as_str().unwrap().to_owned()
    }

    /// Ends an opaque token (RFC 7009).
    pub(crate) async fn revoke(&self, token: &str) {
        let answer = self.post_as("service", "/token/revocation", &[("token", token)]).await;
        assert_eq!(answer.status(), 200, "{}", self.process.log());
    }

    /// New keys before the old ones, which stay in the set.
    pub(crate) async fn rotate(&self) {
        self.control(Method::POST, "/rotate", &json!({})).await;
    }

    /// New keys in place of the old ones.
    pub(crate) async fn rotate_dropping_the_old(&self) {
        self.control(Method::POST, "/rotate?drop", &json!({})).await;
    }

    /// How many requests a path has got so far.
    pub(crate) async fn requests(&self, path: &str) -> u64 {
        self.control(Method::GET, "/requests", &json!({})).await[path].as_u64().unwrap_or(0)
    }

    /// Nobody listens any more, and all connections are cut.
    pub(crate) async fn stop(&self) {
        self.control(Method::POST, "/stop", &json!({})).await;
    }

    /// Listens again, where it did.
    pub(crate) async fn resume(&self) {
        self.control(Method::POST, "/start", &json!({})).await;
    }

    /// Adds to what is known of a client, or makes it known.
    pub(crate) async fn client(&self, metadata: Value) {
        self.control(Method::POST, "/client", &metadata).await;
    }

    /// `account` signs in on the issuer's pages, in a browser of its own, for the client `web`.
    pub(crate) async fn login(&self, account: &str, resource: &str, scope: &str) -> Login {
        let wish = json!({"account": account, "resource": resource, "scope": scope});
        let answer = self.control(Method::POST, "/login", &wish).await;
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Login {
            access_token: text("access_token"),
            id_token: text("id_token"),
            refresh_token: text("refresh_token"),
            browser: text("browser"),
        }
    }

    /// Signs out in the same browser. Afterwards the back-channel logout has been delivered.
    pub(crate) async fn log_out(&self, login: &Login) {
        self.control(Method::POST, "/logout", &json!({"browser": login.browser})).await;
    }

    /// A form from one of the clients that have a secret.
    async fn post_as(&self, client: &str, path: &str, form: &[(&str, &str)]) -> Response<Bytes> {
        let credentials = BASE64_STANDARD.encode(format!("{client}:{}", Self::secret(client)));
        let body = form.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+")));
        let request = Request::post(path)
            .header(AUTHORIZATION, format!("Basic {credentials}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body.collect::<Vec<_>>().join("&")));
        ask(self.address, request.unwrap()).await.unwrap()
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder().method(method).uri(path).body(Full::from(body.to_string()));
        let answer = ask(self.control, request.unwrap()).await.unwrap();
        self.json(&answer)
    }

    #[track_caller]
    fn json(&self, answer: &Response<Bytes>) -> Value {
        let body = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.status(), 200, "{body}\n{}", self.process.log());
        serde_json::from_str(&body).unwrap()
    }
}
