//! Envoy with its filter `jwt_authn` before a route that answers every request with 200.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Process, ask};
use super::services;

/// A running Envoy; it ends with this.
pub(crate) struct Envoy {
    process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl Envoy {
    /// Starts one with this `JwtProvider` (`envoy.extensions.filters.http.jwt_authn.v3`), unless there is no Envoy.
    pub(crate) async fn start(provider: &Value) -> Option<Self> {
        let envoy = services::program("envoy")?;
        let folder = TempDir::new().unwrap();
        let configuration = folder.path().join("envoy.json");
        fs::write(&configuration, with(provider).to_string()).unwrap();
        // Both ports are free ones: Envoy writes that of its administration into a file, and tells the other there.
        let admin_address = folder.path().join("admin");
        let mut command = Command::new(envoy);
        command.arg("--config-path").arg(&configuration).arg("--admin-address-path").arg(&admin_address);
        command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]);
        let mut process = Process::start(&mut command);
        let read_admin = || fs::read_to_string(&admin_address).ok()?.trim().parse::<SocketAddr>().ok();
        process.wait_until("its administration to listen", async || read_admin().is_some()).await;
        let admin = read_admin().unwrap();
        let is_ready = async || admin_get(admin, "/ready").await.is_some_and(|answer| answer.status() == 200);
        process.wait_until("Envoy to be ready", is_ready).await;
        let listeners = admin_get(admin, "/listeners?format=json").await.unwrap();
        let listeners: Value = serde_json::from_slice(listeners.body()).unwrap();
        let port = listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"].as_u64();
        let port = u16::try_from(port.unwrap()).unwrap();
        Some(Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)), _folder: folder })
    }

    /// A request for `/` with this header.
    pub(crate) async fn get(&self, header: HeaderMap) -> Response<Bytes> {
        let mut request = Request::new(Full::default());
        *request.headers_mut() = header;
        ask(self.address, request).await.unwrap_or_else(|| panic!("Envoy is gone: {}", self.process.log()))
    }
}

async fn admin_get(admin: SocketAddr, path: &str) -> Option<Response<Bytes>> {
    ask(admin, Request::get(path).body(Full::default()).unwrap()).await
}

fn with(provider: &Value) -> Value {
    let free_port = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
    let typed = |kind: &str, mut settings: Value| {
        settings["@type"] = json!(format!("type.googleapis.com/envoy.extensions.filters.{kind}"));
        settings
    };
    let jwt_authn = typed(
        "http.jwt_authn.v3.JwtAuthentication",
        json!({
            "providers": {"issuer": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}],
        }),
    );
    let router = typed("http.router.v3.Router", json!({}));
    let answer =
        json!({"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "inner"}}});
    let manager = typed(
        "network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "referee",
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [answer]}]},
            "http_filters": [
                {"name": "envoy.filters.http.jwt_authn", "typed_config": jwt_authn},
                {"name": "envoy.filters.http.router", "typed_config": router},
            ],
        }),
    );
    let filter = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager});
    json!({
        "admin": {"address": free_port},
        "static_resources": {
            "listeners": [{"name": "front", "address": free_port, "filter_chains": [{"filters": [filter]}]}],
        },
    })
}
