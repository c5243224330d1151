//! The authorization of the Model Context Protocol, revision 2026-07-28: the server of `examples/mcp_server.rs` before its
//! official client, which logs in at a real issuer, and before callers who try what clients do not.

#![cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod curl;
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod oidc;
    pub(crate) mod process;
    pub(crate) mod services;
    pub(crate) mod transcript;
}

#[expect(dead_code, reason = "`main` binds a fixed port and prints")]
#[path = "../examples/mcp_server.rs"]
mod mcp_server;

use std::net::SocketAddr;
use std::process::Command;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Request, Response};
use http_body_util::Full;
use portcullis::identity::jwt::{Algorithm, IssuerKeys};
use serde_json::{Value, json};
use support::curl::Shell;
use support::jwt::{ISSUER, mint_with};
use support::keys::TestKey;
use support::oidc::Oidc;
use support::process::{Process, ask};
use support::services;
use support::transcript::replay;
use tokio::net::TcpListener;

/// The server, listening. Clients know it by the address it listens on.
struct Server {
    address: SocketAddr,
    resource: String,
}

impl Server {
    async fn start(issuer: &str, keys: impl Into<IssuerKeys>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let resource = format!("http://{address}/mcp");
        let app = mcp_server::app(issuer, &resource, keys).unwrap();
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { address, resource }
    }

    /// One whose tokens the test makes.
    async fn with(key: &TestKey) -> Self {
        Self::start(ISSUER, key.key_set()).await
    }

    fn token(&self, key: &TestKey, scope: &str) -> String {
        self.token_for(key, &self.resource, scope)
    }

    /// Good from 2023 to 2096.
    fn token_for(&self, key: &TestKey, audience: &str, scope: &str) -> String {
        let header = json!({"alg": key.algorithm.name(), "typ": "at+jwt"});
        let claims = json!({
            "iss": ISSUER, "sub": "ann", "aud": audience, "client_id": "test", "jti": "1", "scope": scope,
            "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
        });
        mint_with(key, &header, &claims)
    }

    async fn post(&self, token: Option<&str>, body: impl Into<Bytes>) -> Response<Bytes> {
        let mut request = Request::post("/mcp")
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        ask(self.address, request.body(Full::new(body.into())).unwrap()).await.unwrap()
    }
}

fn call(tool: &str, arguments: Value) -> String {
    let parameters = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}).to_string()
}

fn challenge(answer: &Response<Bytes>) -> &str {
    answer.headers()[WWW_AUTHENTICATE].to_str().unwrap()
}

fn text(answer: &Response<Bytes>) -> &str {
    std::str::from_utf8(answer.body()).unwrap()
}

/// MCP-1, MCP-2, MCP-5, MCP-6, MCP-7: from the address alone to the metadata, the issuer and a token; and from a refused
/// call to a token with more in it
#[tokio::test]
async fn the_official_client_finds_the_issuer_logs_in_and_steps_up() {
    let Some(oidc) = Oidc::start().await else { return };
    let server = Server::start(&oidc.name(), mcp_server::keys(&oidc.name()).unwrap()).await;

    let node = services::node().unwrap();
    let script = services::node_folder().join("mcp_client.mjs");
    let mut client = Process::start(Command::new(node).arg(script).args([&server.resource, "ann"]));
    let mut seen = Vec::new();
    loop {
        let line: Value = serde_json::from_str(&client.line().await).unwrap();
        let is_last = line["done"] == "goodbye";
        seen.push(line);
        if is_last {
            break;
        }
    }
    let metadata = format!("http://{}/.well-known/oauth-protected-resource/mcp", server.address);
    let start = format!(r#"Bearer realm="orders", resource_metadata="{metadata}""#);
    let more = r#"error="insufficient_scope", error_description="The request needs a permission that the token does not give""#;
    let found = || {
        [
            json!({"exchange": "GET /.well-known/oauth-protected-resource/mcp", "status": 200}),
            json!({"exchange": "GET /.well-known/oauth-authorization-server", "status": 200}),
        ]
    };
    let asked = |scope| json!({"exchange": "GET /auth", "scope": scope, "resource": server.resource});
    let sent = |status| json!({"exchange": "POST /mcp", "status": status});
    let refused = |status, challenge| json!({"exchange": "POST /mcp", "status": status, "challenge": challenge});
    let got_token = || json!({"exchange": "POST /token", "status": 200});
    let mut expected = vec![refused(401, format!(r#"{start}, scope="orders:read""#))];
    expected.extend(found());
    expected.push(json!({"exchange": "POST /reg", "status": 201}));
    expected.push(asked("orders:read"));
    // Back from the issuer's pages, it looks everything up again.
    expected.extend(found());
    expected.push(got_token());
    expected.extend([sent(200), sent(202), sent(200)]);
    expected.push(json!({"done": "connect", "tools": ["list_orders", "place_order"]}));
    expected.push(sent(200));
    expected.push(json!({"done": "list_orders", "text": "two orders for ann", "error": false}));
    expected.push(refused(403, format!(r#"{start}, {more}, scope="orders:write""#)));
    expected.extend(found());
    expected.push(asked("orders:write"));
    expected.extend(found());
    expected.push(got_token());
    expected.push(sent(200));
    expected.push(json!({"done": "place_order", "text": "one lamp for ann", "error": false}));
    // With the new token, which has the new scope alone.
    expected.push(sent(200));
    expected.push(json!({"done": "list_orders", "text": "two orders for ann", "error": false}));
    expected.push(json!({"done": "goodbye"}));
    // It asks for a stream whenever it gets to it; there is none.
    seen.retain(|line| *line != json!({"exchange": "GET /mcp", "status": 405}));
    assert_eq!(seen, expected, "{}", client.log());
}

#[tokio::test]
async fn the_server_answers_as_its_header_shows() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut shell = Shell::new(listener.local_addr().unwrap());
    let keys = TestKey::new(Algorithm::ES256).key_set();
    let app = mcp_server::app("https://id.example", "http://127.0.0.1:3000/mcp", keys).unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    replay(include_str!("../examples/mcp_server.rs"), &mut shell).await;
}

/// MCP-4: a token for another resource, of the same issuer and with every scope
#[tokio::test]
async fn a_token_for_another_resource_is_refused() {
    let key = TestKey::new(Algorithm::ES256);
    let server = Server::with(&key).await;
    for audience in
        ["https://other.example/mcp", &format!("http://{}", server.address), &format!("{}/", server.resource)]
    {
        let token = server.token_for(&key, audience, "orders:read orders:write");
        let answer = server.post(Some(&token), call("list_orders", json!({}))).await;
        assert_eq!(answer.status(), 401, "{audience}");
        assert!(challenge(&answer).contains(r#"error="invalid_token""#));
        assert!(challenge(&answer).ends_with(r#"scope="orders:read""#));
    }
}

/// MCP-11: there is no session that would stand for a token
#[tokio::test]
async fn every_request_needs_its_own_token() {
    let key = TestKey::new(Algorithm::ES256);
    let server = Server::with(&key).await;
    let token = server.token(&key, "orders:read");
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }});
    let answer = server.post(Some(&token), hello.to_string()).await;
    assert_eq!(answer.status(), 200, "{}", text(&answer));
    assert!(!answer.headers().contains_key("mcp-session-id"));
    let listed = server.post(Some(&token), call("list_orders", json!({}))).await;
    assert!(listed.status() == 200 && text(&listed).contains("two orders for ann"), "{}", text(&listed));
    let answer = server.post(None, call("list_orders", json!({}))).await;
    assert_eq!(answer.status(), 401);
    assert!(!text(&answer).contains("orders for"));
}

/// MCP-6, MCP-8: before it runs; who may write may read
#[tokio::test]
async fn each_tool_needs_its_own_scopes() {
    let key = TestKey::new(Algorithm::ES256);
    let server = Server::with(&key).await;
    let lamp = json!({"item": "lamp"});
    for (scope, listing, placing) in [
        ("orders:read orders:write", 200, 200),
        ("orders:read", 200, 403),
        ("orders:write", 200, 200),
        ("orders", 403, 403),
    ] {
        let token = server.token(&key, scope);
        for (tool, expected) in [("list_orders", listing), ("place_order", placing)] {
            let answer = server.post(Some(&token), call(tool, lamp.clone())).await;
            assert_eq!(answer.status(), expected, "{tool} with {scope}: {}", text(&answer));
            assert_eq!(text(&answer).contains("for ann"), expected == 200, "{}", text(&answer));
        }
    }
}

/// Two readers see each body, the layer's and the server's, and may disagree about it
#[tokio::test]
async fn no_spelling_of_a_call_places_an_order_without_its_scope() {
    let key = TestKey::new(Algorithm::ES256);
    let server = Server::with(&key).await;
    let token = server.token(&key, "orders:read");
    let plain = call("place_order", json!({"item": "lamp"}));
    let spellings = [
        plain.replace(r#""place_order""#, r#""place\u005forder""#),
        plain.replace(r#""name":"place_order""#, r#""name":"list_orders","name":"place_order""#),
        plain.replace(r#""name":"place_order""#, r#""name":"place_order","name":"list_orders""#),
        plain.replace(r#""method":"tools/call""#, r#""method":"tools/list","method":"tools/call""#),
        plain.replace(r#""method":"tools/call""#, r#""method":"tools/call","method":"tools/list""#),
        plain.replace(r#""params":{"#, r#""params":{},"params":{"#),
        plain.replace(r#""params":{"#, r#""params":[null,"place_order",{"item":"lamp"}],"other":{"#),
        format!("[{plain}]"),
        r#"["2.0",1,"tools/call",{"name":"place_order","arguments":{"item":"lamp"}}]"#.to_owned(),
        format!("\u{feff}{plain}"),
        format!("{plain}{plain}"),
    ];
    for body in [plain].into_iter().chain(spellings) {
        let answer = server.post(Some(&token), body.clone()).await;
        assert!(!text(&answer).contains("one lamp"), "{body}\n{}", text(&answer));
    }
    let answer = server.post(Some(&token), vec![b' '; 64 * 1024 + 1]).await;
    assert_eq!(answer.status(), 413);
}
