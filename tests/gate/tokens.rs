//! Tokens of issuers that are asked over the network: keys by address and by discovery, introspection, metadata,
//! revocation over the admin port, and how all of it stands.

use portcullis::identity::jwt::Algorithm;
use portcullis::test_kit::{Endpoint, Fault, TestIssuer};
use serde_json::{Value, json};

use super::support::gate::{Folder, Gate, wait_until};
use super::{RULES, basic, bearer, cookie, folder, log_in, start};

async fn issuer() -> TestIssuer {
    TestIssuer::builder().algorithms([Algorithm::ES256, Algorithm::EdDSA]).start().await.unwrap()
}

/// What all configurations here have before their `[[issuer]]`.
const HEAD: &str = "admin = \"127.0.0.1:0\"\n[[rule]]\npath = \"/me\"\n[[rule]]\npath = \"/orders\"\n\
                    scopes_all = [\"orders:read\", \"orders:write\"]\n";

fn section(issuer: &TestIssuer, keys: &str) -> String {
    let name = issuer.name();
    format!(
        "{HEAD}[[issuer]]\nissuer = \"{name}\"\naudience = [\"orders-api\"]\nalgorithms = [\"ES256\"]\n{keys}\n\
         danger_allow_http_loopback = true\n"
    )
}

fn introspection(issuer: &TestIssuer) -> String {
    let url = issuer.introspection_url();
    format!(
        "[introspection]\nurl = \"{url}\"\nclient_id = \"gate\"\nclient_secret_file = \"intro.secret\"\n\
         audience = [\"orders-api\"]\ndanger_allow_http_loopback = true\n"
    )
}

fn gate(config: &str) -> Gate {
    Gate::start(Folder::new().with("gate.toml", config).with("intro.secret", "s3cret of gate\n"))
}

fn field(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

fn good(issuer: &TestIssuer) -> String {
    field(&issuer.token("alice").audience("orders-api").scope("orders:read").mint())
}

fn keys(gate: &Gate) -> Value {
    gate.admin("GET", "/keys").json()[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_found_by_address_and_by_discovery_and_the_admin_port_tells_how_they_stand() {
    let issuer = issuer().await;
    let (address, jwks) = (issuer.name(), issuer.jwks_url());
    for (source, from) in
        [(format!("jwks_url = \"{jwks}\""), jwks.to_owned()), (String::from("discovery = true"), address.to_owned())]
    {
        let gate = gate(&section(&issuer, &source));
        let answer = gate.get("/me", &[&good(&issuer)]);
        assert_eq!(answer.status, 200, "{answer:?} {}", gate.log());
        assert_eq!(answer.json()["issuer"], issuer.name());
        let told = keys(&gate);
        assert_eq!((&told["issuer"], &told["from"]), (&json!(issuer.name()), &json!(from)));
        assert_eq!(
            (&told["state"], &told["attempts"], &told["last_error"]),
            (&json!("fresh"), &json!(1), &json!(null))
        );
        assert_eq!(told["keys"], json!([{"kid": issuer.key_id(Algorithm::ES256).unwrap(), "alg": "ES256"}]));
        let wrong = field(&issuer.token("alice").audience("another-api").mint());
        assert_eq!(gate.get("/me", &[&wrong]).status, 401);
    }
}

/// The query of an address may hold a key
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_the_query_of_an_address() {
    let issuer = issuer().await;
    issuer.fail_with(Endpoint::Jwks, Fault::status(500).times(1));
    let gate = gate(&section(&issuer, &format!("jwks_url = \"{}?code=sesame\"", issuer.jwks_url())));
    assert_eq!(gate.get("/me", &[&good(&issuer)]).status, 503);
    assert_eq!(keys(&gate)["from"], issuer.jwks_url());
    assert!(!gate.admin("GET", "/keys").body.contains("sesame"));
    assert!(!gate.log().contains("sesame"), "{}", gate.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_before_a_token_comes() {
    let issuer = issuer().await;
    let gate = gate(&section(&issuer, "discovery = true"));
    issuer.wait_for_requests(Endpoint::Jwks, 1).await.unwrap();
    assert_eq!(keys(&gate)["attempts"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_down_is_503_and_never_401() {
    let issuer = issuer().await;
    issuer.fail_with(Endpoint::Jwks, Fault::html());
    let gate = gate(&section(&issuer, "discovery = true"));
    let answer = gate.get("/me", &[&good(&issuer)]);
    assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"));
    assert_eq!(answer.field("www-authenticate"), None);
    let wait: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    let told = keys(&gate);
    assert_eq!(told["state"], "missing");
    assert!(told["last_error"].as_str().unwrap().contains("text/html"), "{told}");
    assert_eq!(gate.get("/me", &[]).status, 401, "who sends nothing is asked for a token all the same");
    assert!(gate.log().contains("keys not refreshed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_fetches_no_keys_that_are_there() {
    let issuer = issuer().await;
    let gate = gate(&section(&issuer, "discovery = true"));
    assert_eq!(gate.get("/me", &[&good(&issuer)]).status, 200);
    let config = section(&issuer, "discovery = true");
    gate.folder.write("gate.toml", format!("{config}[[rule]]\npath = \"/new\"\n"));
    assert!(gate.reload());
    assert_eq!(gate.get("/new", &[&good(&issuer)]).status, 200);
    assert_eq!((issuer.requests(Endpoint::Jwks), &keys(&gate)["attempts"]), (1, &json!(1)));

    gate.folder.write("gate.toml", config.replace("orders-api", "invoices-api"));
    assert!(gate.reload());
    assert_eq!(
        gate.get("/me", &[&good(&issuer)]).status,
        401,
        "what was remembered under the old rules is not believed"
    );
    assert_eq!(issuer.requests(Endpoint::Jwks), 1);

    gate.folder.write("gate.toml", section(&issuer, &format!("jwks_url = \"{}\"", issuer.jwks_url())));
    assert!(gate.reload());
    assert_eq!(gate.get("/me", &[&good(&issuer)]).status, 200);
    assert_eq!(issuer.requests(Endpoint::Jwks), 2);
}

/// J40: a bearer that is not a JWT goes to introspection, a JWT never
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_jwt_is_introspected() {
    let issuer = issuer().await;
    let gate = gate(&format!("{}{}", section(&issuer, "discovery = true"), introspection(&issuer)));
    let opaque = issuer.token("bob").audience("orders-api").scope("orders:read").mint_opaque();
    for _ in 0..3 {
        let answer = gate.get("/me", &[&field(&opaque)]);
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json();
        assert_eq!(
            (&told["subject"], &told["scheme"], &told["scopes"]),
            (&json!("bob"), &json!("bearer"), &json!(["orders:read"]))
        );
    }
    assert_eq!(issuer.requests(Endpoint::Introspection), 1, "the answer is remembered");
    assert_eq!(gate.get("/me", &[&good(&issuer)]).status, 200);
    let forged = issuer.token("alice").audience("orders-api").forged(Algorithm::ES256).mint();
    assert_eq!(gate.get("/me", &[&field(&forged)]).status, 401);
    assert_eq!(issuer.requests(Endpoint::Introspection), 1);

    let unknown = gate.get("/me", &[&field("kJ3vX9qLw2rT8mZs5bYc")]);
    assert_eq!(unknown.status, 401);
    assert!(unknown.field("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    let foreign = issuer.token("bob").audience("another-api").mint_opaque();
    assert_eq!(gate.get("/me", &[&field(&foreign)]).status, 401);
    let nobodys = issuer.token("bob").mint_opaque();
    assert_eq!(gate.get("/me", &[&field(&nobodys)]).status, 200, "`aud` is checked where there is one");

    issuer.fail_with(Endpoint::Introspection, Fault::status(500));
    let another = issuer.token("bob").audience("orders-api").mint_opaque();
    let answer = gate.get("/me", &[&field(&another)]);
    assert_eq!((answer.status, answer.field("www-authenticate")), (503, None));
    issuer.recover();
    assert_eq!(gate.get("/me", &[&field(&another)]).status, 200, "an outage is not remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn introspection_alone_is_a_bearer_scheme() {
    let issuer = issuer().await;
    let gate = gate(&format!("{HEAD}{}", introspection(&issuer)));
    let opaque = issuer.token("bob").audience("orders-api").mint_opaque();
    assert_eq!(gate.get("/me", &[&field(&opaque)]).status, 200);
    assert_eq!(gate.get("/me", &[]).all("www-authenticate"), ["Bearer realm=\"gate\""]);
    assert_eq!(gate.admin("GET", "/keys").json(), json!([]));
    assert!(!gate.log().contains("s3cret"));
}

/// PRM-1, PRM-7, MCP-5, MCP-6
#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_where_to_get_a_token_and_for_what() {
    let issuer = issuer().await;
    let resource = "[resource]\nresource = \"https://api.example/v1\"\nauthorization_servers = [\"https://id.example\"]\n\
                    scopes = [\"orders:read\", \"orders:write\"]\n";
    let gate = gate(&format!("{}{resource}", section(&issuer, "discovery = true")));
    let document = gate.get("/.well-known/oauth-protected-resource/v1", &[]);
    assert_eq!((document.status, document.field("content-type")), (200, Some("application/json")));
    assert_eq!(document.json()["resource"], "https://api.example/v1");
    assert_eq!(document.json()["authorization_servers"], json!(["https://id.example"]));
    assert_eq!(document.json()["scopes_supported"], json!(["orders:read", "orders:write"]));
    let metadata = "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/v1\"";
    let bare = gate.get("/me", &["X-Forwarded-Host: evil.example"]);
    assert_eq!(bare.status, 401);
    let challenge = bare.field("www-authenticate").unwrap();
    assert!(challenge.contains(metadata) && challenge.contains("scope=\"orders:read orders:write\""), "{challenge}");
    assert!(!challenge.contains("error"), "{challenge}");
    let refused = gate.get("/orders", &[&good(&issuer)]);
    assert_eq!(refused.status, 403, "{}", gate.log());
    let challenge = refused.field("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains(metadata), "{challenge}");
    assert!(challenge.contains("scope=\"orders:write\""), "what is missing, and no more: {challenge}");
    assert_eq!(gate.ask("POST", "/.well-known/oauth-protected-resource/v1", &[]).status, 405);
    assert_eq!(gate.get("/.well-known/oauth-protected-resource", &[]).status, 401);
}

fn revoke(gate: &Gate, order: &Value) -> u16 {
    gate.admin_post("/revocations", &["Content-Type: application/json"], &order.to_string()).status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_over_the_admin_port_is_in_force_at_once_and_outlives_a_reload() {
    let issuer = issuer().await;
    let config = format!("{}{}", section(&issuer, "discovery = true"), introspection(&issuer));
    let gate = gate(&config);
    let name = issuer.name();
    let token = |subject: &str, id: &str, session: &str| {
        issuer.token(subject).audience("orders-api").token_id(id).session_id(session)
    };
    let one = field(&token("alice", "one", "s1").mint());
    let two = field(&token("alice", "two", "s2").mint());
    let bob = field(&token("bob", "three", "s3").mint());
    let opaque = field(&token("bob", "four", "s4").mint_opaque());
    let all = [&one, &two, &bob, &opaque];
    let verdicts = || all.map(|field| gate.get("/me", &[field]).status);
    assert_eq!(verdicts(), [200; 4]);
    assert_eq!(revoke(&gate, &json!({"issuer": name, "jti": "one"})), 204);
    assert_eq!(verdicts(), [401, 200, 200, 200]);
    assert_eq!(revoke(&gate, &json!({"issuer": name, "sid": "s2"})), 204);
    assert_eq!(verdicts(), [401, 401, 200, 200]);
    assert_eq!(revoke(&gate, &json!({"issuer": "https://id.other", "subject": "bob"})), 204);
    assert_eq!(verdicts(), [401, 401, 200, 200]);
    assert_eq!(revoke(&gate, &json!({"issuer": name, "subject": "bob"})), 204);
    assert_eq!(verdicts(), [401; 4]);
    gate.folder.write("gate.toml", config);
    assert!(gate.reload());
    assert_eq!(verdicts(), [401; 4]);
    wait_until("a second to pass", || gate.get("/me", &[&field(&token("bob", "five", "s5").mint())]).status == 200);
}

#[test]
fn a_local_user_who_is_revoked_is_logged_out() {
    let gate = start();
    let (alice, bob) = (log_in(&gate, "alice", "wonderland"), log_in(&gate, "bob", "bob's secret"));
    assert_eq!(revoke(&gate, &json!({"issuer": "hall", "subject": "alice"})), 204);
    assert_eq!(gate.get("/me", &[&cookie(&alice)]).status, 401);
    assert_eq!(gate.get("/me", &[&cookie(&bob)]).status, 200);
    assert_eq!(gate.get("/me", &[&basic("alice", "wonderland")]).status, 200, "the password is as good as ever");
}

#[test]
fn an_order_that_cannot_be_read_revokes_nothing() {
    let gate = start();
    let token = bearer(json!({"jti": "one", "sid": "s1"}));
    for order in [
        "",
        "{}",
        "[]",
        "not json",
        r#"{"issuer":"https://id.example"}"#,
        r#"{"jti":"one"}"#,
        r#"{"issuer":"https://id.example","jti":""}"#,
        r#"{"issuer":"","jti":"one"}"#,
        r#"{"issuer":"https://id.example","jti":1}"#,
        r#"{"issuer":"https://id.example","jti":null}"#,
        r#"{"issuer":"https://id.example","jti":"one","sid":"s1"}"#,
        r#"{"issuer":"https://id.example","jti":"one","jti":"one"}"#,
        r#"{"issuer":"https://id.example","jti":"one","note":"x"}"#,
    ] {
        let answer = gate.admin_post("/revocations", &[], order);
        assert_eq!((answer.status, answer.problem().as_str()), (400, "unreadable"), "{order}");
    }
    let huge = format!("{{\"issuer\":\"https://id.example\",\"jti\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(gate.admin_post("/revocations", &[], &huge).status, 400);
    let order = r#"{"issuer":"https://id.example","jti":"one"}"#;
    for foreign in ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"] {
        assert_eq!(gate.admin_post("/revocations", &[foreign], order).status, 403, "{foreign}");
    }
    assert_eq!(gate.admin("GET", "/revocations").status, 405);
    assert_eq!(gate.admin("GET", "/revocations").field("allow"), Some("POST"));
    assert_eq!(gate.get("/me", &[&token]).status, 200);
    assert_eq!(gate.admin_post("/revocations", &[], order).status, 204);
    assert_eq!(gate.get("/me", &[&token]).status, 401);
}

#[test]
fn keys_from_a_file_are_as_fixed_as_the_file() {
    let gate = Gate::start(folder(RULES));
    assert_eq!(gate.admin("GET", "/keys").json(), json!([{"issuer": "https://id.example", "state": "fixed"}]));
}
