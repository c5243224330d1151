//! Mode `forward-auth` of the reference server behind real proxies, with the configurations of `docs/deployment.md`: whom gate
//! refuses is refused with its status and its challenges, and the upstream is told who is asking by nobody but gate.

#![cfg(all(
    unix,
    feature = "api-key",
    feature = "digest",
    feature = "htpasswd",
    feature = "introspection",
    feature = "jwks",
    feature = "login",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support"]
mod support {
    pub(crate) mod front;
    pub(crate) mod gate;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod upstream;
}

mod caddy;
mod direct;
mod envoy;
mod nginx;
mod promises;
mod traefik;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use support::gate::{Folder, Gate};

/// alice's password is wonderland, bob's is `bob's secret`; both hashed cheaply on purpose.
const USERS: &str = "\
alice:$argon2id$v=19$m=64,t=1,p=1$YWxpY2Ugc2FsdCBpcyBsb25n$62cZOQ5fMMOTpU/yq6NDWMLYYH7AjAckwv1NZFjkRLc
bob:$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW
";

/// Nobody listens at the address of the introspection: who brings a token is answered 503.
const CONFIG: &str = r#"
admin = "127.0.0.1:0"
realm = "hall"
mode = "forward-auth"
trusted_proxies = ["127.0.0.1"]

[introspection]
url = "http://127.0.0.1:9/introspect"
client_id = "gate"
client_secret_file = "intro.secret"
audience = ["orders-api"]
danger_allow_http_loopback = true

[basic]
htpasswd = "users.htpasswd"
roles = { alice = ["admin", "shift lead"] }
scopes = { alice = ["orders:read", "orders:write"] }
throttle = { attempts = 2, window = "1h" }

[session]
users = "users.htpasswd"

[[rule]]
path = "/public/*"
allow = "public"

[[rule]]
path = "/optional"
allow = "optional"

[[rule]]
path = "/orders/*"
methods = ["GET"]
scopes_all = ["orders:read"]

[[rule]]
path = "/orders/*"
methods = ["POST"]

[[rule]]
path = "/hidden"
roles_any = ["clerk"]
hidden = true

[[rule]]
path = "/own-401"
allow = "public"

[[rule]]
path = "/.well-known/*"
allow = "public"
"#;

fn start() -> Gate {
    let folder = Folder::new().with("gate.toml", CONFIG).with("users.htpasswd", USERS);
    Gate::start(folder.with("intro.secret", "forty bytes that no dictionary has in it"))
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
