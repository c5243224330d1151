//! The reference server as a process, driven over sockets: what it answers, what it refuses to start with, and what
//! signals do.

#![cfg(all(
    unix,
    feature = "api-key",
    feature = "digest",
    feature = "html",
    feature = "htpasswd",
    feature = "introspection",
    feature = "jwks",
    feature = "login",
    feature = "metrics",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "test-kit"
))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

#[path = "../support"]
mod support {
    pub(crate) mod curl;
    pub(crate) mod digest;
    pub(crate) mod gate;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod postgres;
    pub(crate) mod redis;
    pub(crate) mod services;
    pub(crate) mod stack;
    pub(crate) mod transcript;
    pub(crate) mod upstream;
}

mod answers;
mod api_keys;
mod basic;
mod configuration;
mod connections;
mod csrf;
mod digest;
mod explain;
mod login;
mod methods;
mod metrics;
mod paths;
mod patience;
mod protocols;
mod proxied_bodies;
mod proxied_fields;
mod rare;
mod refusals;
mod sessions;
mod signals;
mod stores;
mod throttle;
mod tokens;
mod transcript;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use portcullis::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use support::gate::{Folder, Gate};
use support::jwt::{claims_with, mint_hs256};

/// alice's password is wonderland (argon2id), bob's is `bob's secret` (bcrypt); both cheap on purpose.
const USERS: &str = "\
# two users

alice:$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc
bob:$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW
";
const ALICE: &str =
    "alice:$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc";

const SECRET: &[u8] = b"forty bytes that no dictionary has in it";

const SCHEMES: &str = r#"
admin = "127.0.0.1:0"
realm = "hall"

[[issuer]]
issuer = "https://id.example"
audience = ["orders-api"]
algorithms = ["HS256"]
hmac_secret_file = "hs.secret"

[basic]
htpasswd = "users.htpasswd"
roles = { alice = ["admin", "clerk"] }
scopes = { alice = ["orders:read"] }

[session]
users = "users.htpasswd"
roles = { alice = ["admin"] }
"#;

const RULES: &str = r#"
[[rule]]
path = "/public/*"
allow = "public"

[[rule]]
path = "/optional"
allow = "optional"

[[rule]]
path = "/me"

[[rule]]
path = "/orders"
methods = ["GET"]
scopes_all = ["orders:read", "orders:list"]

[[rule]]
path = "/orders"
methods = ["POST"]
scopes_any = ["orders:write", "orders:admin"]

[[rule]]
path = "/staff"
roles_any = ["admin", "clerk"]

[[rule]]
path = "/hidden"
roles_any = ["admin"]
hidden = true

[[rule]]
path = "/fresh"
max_age = "5m"

[[rule]]
path = "/gold"
acr = ["gold", "platinum"]

[[rule]]
path = "/tokens-only"
schemes = ["bearer"]

[[rule]]
path = "/tokens-or-nothing"
allow = "optional"
schemes = ["bearer"]

[[rule]]
path = "/admin/*"
roles_any = ["admin"]
"#;

/// The one rule of configurations that are about how one gets in.
const ME: &str = "[[rule]]\npath = \"/me\"\n";

/// A folder with all three schemes, and this after them.
fn folder(rest: &str) -> Folder {
    let mut secret = SECRET.to_vec();
    secret.push(b'\n');
    Folder::new().with("gate.toml", format!("{SCHEMES}{rest}")).with("users.htpasswd", USERS).with("hs.secret", secret)
}

fn start() -> Gate {
    Gate::start(folder(RULES))
}

fn basic(name: &str, password: &str) -> String {
    format!("Authorization: Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

fn alice() -> String {
    basic("alice", "wonderland")
}

fn bob() -> String {
    basic("bob", "bob's secret")
}

/// A token that holds now, with these claims changed.
fn token(changes: Value) -> String {
    let now = SystemClock.now().as_secs();
    let mut claims = claims_with(json!({"iat": now, "exp": now + 300}));
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    mint_hs256(SECRET, &claims)
}

fn bearer(changes: Value) -> String {
    format!("Authorization: Bearer {}", token(changes))
}

/// Logs in, and returns the id of the session.
fn log_in(gate: &Gate, name: &str, password: &str) -> String {
    let body = json!({"username": name, "password": password}).to_string();
    let answer = gate.post("POST", "/login", &["Content-Type: application/json", "Accept: application/json"], &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["session"].as_str().unwrap().to_owned()
}

fn cookie(session: &str) -> String {
    format!("Cookie: theme=dark; __Host-gate={session}")
}
