//! What `gate` does not start with, and that it says everything at once.

use serde_json::json;

use super::support::gate::{Folder, Gate};
use super::support::keys::TestKey;
use super::{ALICE, RULES, SECRET, USERS, folder, token};
use portcullis::identity::jwt::Algorithm;

/// The faults of this configuration, beside the usual files.
fn faults(config: &str) -> Vec<String> {
    let folder = Folder::new()
        .with("gate.toml", config)
        .with("users.htpasswd", USERS)
        .with("hs.secret", SECRET)
        .with("weak.secret", "short")
        .with("dull.secret", "changeme".repeat(4))
        .with("empty", "")
        .with("users.htdigest", format!("alice:gate:{}\n", "0".repeat(64)))
        .with("comments", "# nobody\n\n")
        .with("bom", format!("\u{feff}{ALICE}\n"))
        .with("blanks", format!("\n{}\n", ALICE.replace(':', " :")))
        .with("keys.json", json!({"keys": [TestKey::new(Algorithm::ES256).named("a").jwk()]}).to_string());
    let (status, text) = folder.check();
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(status, Some(if lines.is_empty() { 0 } else { 2 }), "{text}");
    lines
}

const BASIC: &str = "[basic]\nhtpasswd = \"users.htpasswd\"\n";
const ISSUER: &str = "[[issuer]]\nissuer = \"https://id.example\"\naudience = [\"a\"]\n";

const INTROSPECTION: &str = "[introspection]\nurl = \"https://id.example/introspect\"\nclient_id = \"gate\"\n\
                             client_secret_file = \"hs.secret\"\naudience = [\"a\"]\n";
const RESOURCE: &str =
    "[resource]\nresource = \"https://api.example\"\nauthorization_servers = [\"https://id.example\"]\n";

/// Checks that each configuration has one fault, which begins so.
fn each_is_one_fault(cases: &[(String, &str)]) {
    for (config, expected) in cases {
        let faults = faults(config);
        assert_eq!(faults.len(), 1, "{config}\n{faults:#?}");
        assert!(faults[0].starts_with(&format!("gate: {expected}")), "{config}\n{faults:#?}");
    }
}

#[test]
fn good_configurations_have_no_faults() {
    let ecdsa = format!("{ISSUER}algorithms = [\"ES256\"]\njwks_file = \"keys.json\"\n");
    let everything = format!(
        "{}{RULES}",
        r#"
listen = "127.0.0.1:0"
admin = "[::1]:0"
realm = "a hall"
mode = "echo"
schemes = ["session", "bearer", "basic"]
cors_preflight = false
trusted_proxies = ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"]

[[issuer]]
issuer = "https://id.example"
audience = ["orders-api", "other"]
jwks_file = "keys.json"
type = "at+jwt"
leeway = "60s"
scopes_claim = "access.scopes"
roles_claim = "realm_access.roles"

[[issuer]]
issuer = "https://other.example"
audience = ["orders-api"]
algorithms = ["HS256"]
hmac_secret_file = "hs.secret"

[basic]
htpasswd = "users.htpasswd"
roles = { alice = ["admin"] }
scopes = { bob = ["orders:read"] }
allow_weak_hashes = true
hashing = { threads = 2, queue = 10, deadline = "3s" }
cache = { entries = 0, ttl = "1m" }
throttle = { attempts = 5, window = "10m" }

[session]
store = "memory"
idle = "10m"
absolute = "1h"
cookie = "__Host-other"
users = "users.htpasswd"
trusted_origins = ["https://shop.example", "http://127.0.0.1:3000"]
max_per_user = 3
allow_weak_hashes = true
throttle = false
cache = { entries = 50000 }
"#
    );
    let no_proxies = format!("trusted_proxies = []\n{BASIC}");
    for config in [BASIC, &ecdsa, &everything, &no_proxies] {
        assert_eq!(faults(config), [""; 0], "{config}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_and_nothing_listens() {
    let config = r#"
admin = "0.0.0.0:8081"
mode = "mirror"
throttle = 1

[basic]
htpasswd = "missing.htpasswd"

[session]
users = "users.htpasswd"
store = "redis://"
idle = "2h"
absolute = "1h"

[[rule]]
path = "/a"
schemes = ["bearer"]
scopes_any = []
"#;
    let folder = Folder::new().with("gate.toml", config).with("users.htpasswd", USERS);
    let (status, text) = folder.run();
    assert_eq!(status, Some(2));
    let places: Vec<_> = text.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        places,
        [
            "admin",
            "mode",
            "basic.htpasswd",
            "session.store",
            "session.idle",
            "rule.schemes",
            "rule.scopes_any",
            "throttle"
        ]
    );
    assert!(text.lines().all(|line| line.starts_with("gate: ")));
}

#[test]
fn keys_that_are_fetched_introspection_and_metadata_are_configured_without_asking_anybody() {
    for config in [
        format!("{ISSUER}discovery = true\n"),
        format!("{ISSUER}jwks_url = \"https://id.example/jwks\"\nalgorithms = [\"EdDSA\"]\n"),
        format!("{ISSUER}jwks_url = \"http://127.0.0.1:9/jwks\"\ndanger_allow_http_loopback = true\n"),
        format!("{ISSUER}discovery = true\n{INTROSPECTION}{RESOURCE}scopes = [\"orders:read\"]\n"),
        format!("schemes = [\"bearer\"]\n{INTROSPECTION}"),
        INTROSPECTION.replace("https://id.example", "http://[::1]:9") + "danger_allow_http_loopback = true\n",
    ] {
        assert_eq!(faults(&config), [""; 0], "{config}");
    }
}

#[test]
fn introspection_and_metadata_are_checked() {
    let introspection = |from: &str, to: &str| INTROSPECTION.replace(from, to);
    let resource = |from: &str, to: &str| format!("{INTROSPECTION}{}", RESOURCE.replace(from, to));
    each_is_one_fault(&[
        (introspection("url =", "#"), "introspection.url: missing"),
        (introspection("client_id =", "#"), "introspection.client_id: missing"),
        (introspection("client_secret_file =", "#"), "introspection.client_secret_file: missing"),
        (introspection("audience =", "#"), "introspection.audience: missing"),
        (introspection("[\"a\"]", "[]"), "introspection.audience: is empty; name what the issuer calls"),
        (introspection("hs.secret", "nowhere"), "introspection.client_secret_file: "),
        (introspection("hs.secret", "empty"), "introspection.client_secret_file: is empty"),
        (introspection("https://", "http://"), "introspection.url: "),
        (introspection("https://id.example", "http://127.0.0.1"), "introspection.url: "),
        (resource("resource =", "#"), "resource.resource: missing"),
        (resource("authorization_servers =", "#"), "resource.authorization_servers: missing"),
        (resource("https://api.example", "http://api.example"), "resource.resource: "),
        (resource("https://api.example", "https://api.example/#x"), "resource.resource: "),
        (resource("https://id.example", "id.example"), "resource.authorization_servers: "),
        (resource("[resource]", "[resource]\nscopes = [\"a b\"]"), "resource.scopes: "),
        (format!("{BASIC}{RESOURCE}"), "resource: "),
    ]);
}

#[test]
fn unknown_keys_are_found_at_every_level() {
    for (place, config) in [
        ("downstream", format!("downstream = \"x\"\n{BASIC}")),
        ("digest.x", format!("{BASIC}[digest]\nhtdigest = \"users.htdigest\"\nx = 1\n")),
        ("introspection.secret", format!("{BASIC}{INTROSPECTION}secret = \"x\"\n")),
        (
            "resource.name",
            format!("{ISSUER}jwks_file = \"keys.json\"\nalgorithms = [\"ES256\"]\n{RESOURCE}name = \"x\"\n"),
        ),
        ("basic.throttle.delay", format!("{BASIC}throttle = {{ delay = \"1m\" }}\n")),
        ("basic.cache.size", format!("{BASIC}cache = {{ size = 1 }}\n")),
        ("basic.allow_weak", format!("{BASIC}allow_weak = true\n")),
        ("basic.hashing.speed", format!("{BASIC}hashing = {{ speed = 1 }}\n")),
        ("issuer.jwks", format!("{ISSUER}discovery = true\njwks = \"keys.json\"\n")),
        ("session.trusted_origin", "[session]\nusers = \"users.htpasswd\"\ntrusted_origin = \"x\"\n".into()),
        ("rule.scope", format!("{BASIC}[[rule]]\npath = \"/\"\nscope = \"x\"\n")),
    ] {
        let faults = faults(&config);
        assert_eq!(faults.len(), 1, "{config}\n{faults:#?}");
        assert!(faults[0].starts_with(&format!("gate: {place}: ")) && faults[0].contains("unknown key"), "{faults:?}");
    }
}

#[test]
fn keys_and_algorithms_must_agree() {
    let issuer = |rest: &str| format!("{ISSUER}{rest}\n");
    each_is_one_fault(&[
        (
            issuer("algorithms = [\"HS256\"]\njwks_file = \"keys.json\""),
            "issuer.algorithms: issuer 1 (\"https://id.example\"): HS256 needs a secret",
        ),
        (
            issuer("algorithms = [\"RS256\"]\nhmac_secret_file = \"hs.secret\""),
            "issuer.algorithms: issuer 1 (\"https://id.example\"): RS256 needs public keys",
        ),
        (issuer("algorithms = [\"HS256\", \"RS256\"]\nhmac_secret_file = \"hs.secret\""), "issuer.algorithms: "),
        (issuer("algorithms = [\"HS256\"]\nhmac_secret_file = \"weak.secret\""), "issuer.hmac_secret_file: "),
        (issuer("algorithms = [\"HS256\"]\nhmac_secret_file = \"dull.secret\""), "issuer.hmac_secret_file: "),
        (issuer("algorithms = [\"HS256\"]\nhmac_secret_file = \"empty\""), "issuer.hmac_secret_file: "),
        (issuer("algorithms = [\"HS256\"]\nhmac_secret_file = \"nowhere\""), "issuer.hmac_secret_file: "),
        (issuer("hmac_secret_file = \"hs.secret\""), "issuer.algorithms: issuer 1 (\"https://id.example\"): missing"),
        (issuer("algorithms = [\"none\"]\njwks_file = \"keys.json\""), "issuer.algorithms: "),
        (issuer("algorithms = []\njwks_file = \"keys.json\""), "issuer.algorithms: "),
        (issuer("algorithms = [\"RS256\"]\njwks_file = \"keys.json\""), "issuer.jwks_file: "),
        (issuer("algorithms = [\"ES256\"]\njwks_file = \"hs.secret\""), "issuer.jwks_file: "),
        (
            issuer("algorithms = [\"ES256\"]\njwks_file = \"keys.json\"\nhmac_secret_file = \"hs.secret\""),
            "issuer.jwks_file: ",
        ),
        (issuer("algorithms = [\"ES256\"]"), "issuer.jwks_file: "),
        (issuer("jwks_url = \"https://id.example/jwks\"\ndiscovery = true"), "issuer.jwks_url: "),
        (issuer("discovery = true\nhmac_secret_file = \"hs.secret\"\nalgorithms = [\"HS256\"]"), "issuer.discovery: "),
        (issuer("discovery = false"), "issuer.discovery: "),
        (issuer("discovery = \"yes\""), "issuer.discovery: "),
        (issuer("discovery = true\nalgorithms = [\"HS256\"]"), "issuer.algorithms: "),
        (issuer("jwks_url = \"http://id.example/jwks\""), "issuer.jwks_url: "),
        (issuer("jwks_url = \"http://127.0.0.1/jwks\""), "issuer.jwks_url: "),
        (issuer("jwks_url = \"http://id.example/jwks\"\ndanger_allow_http_loopback = true"), "issuer.jwks_url: "),
        (issuer("jwks_url = \"https://user:pw@id.example/jwks\""), "issuer.jwks_url: "),
        (issuer("jwks_url = \"file:///etc/passwd\""), "issuer.jwks_url: "),
        (issuer("jwks_url = \"\""), "issuer.jwks_url: "),
        (issuer("danger_allow_http_loopback = 1\ndiscovery = true"), "issuer.danger_allow_http_loopback: "),
        (issuer("jwks_file = \"keys.json\"\nleeway = \"61s\""), "issuer.leeway: "),
        (issuer("jwks_file = \"keys.json\"\nleeway = \"5\""), "issuer.leeway: "),
        (issuer("jwks_file = \"keys.json\"\ntype = \"\""), "issuer.type: "),
        (issuer("jwks_file = \"keys.json\"\ntype = \" \""), "issuer.type: "),
        (issuer("jwks_file = \"keys.json\"\nroles_claim = \".roles\""), "issuer.roles_claim: "),
        (issuer("jwks_file = \"keys.json\"\nroles_claim = \"a..b\""), "issuer.roles_claim: "),
        (issuer("jwks_file = \"keys.json\"\nroles_claim = \"a. \""), "issuer.roles_claim: "),
        (issuer("jwks_file = \"keys.json\"\nscopes_claim = \" \""), "issuer.scopes_claim: "),
        ("[[issuer]]\nissuer = \"\\t\"\naudience = [\"a\"]\njwks_file = \"keys.json\"\n".into(), "issuer.issuer: "),
        (
            format!("{0}jwks_file = \"keys.json\"\n{0}jwks_file = \"keys.json\"\n", ISSUER),
            "issuer.issuer: \"https://id.example\" is given twice",
        ),
        (
            "[[issuer]]\nissuer = \"x\"\njwks_file = \"keys.json\"\n".into(),
            "issuer.audience: issuer 1 (\"x\"): missing",
        ),
        ("[[issuer]]\nissuer = \"x\"\naudience = []\njwks_file = \"keys.json\"\n".into(), "issuer.audience: "),
        ("[[issuer]]\nissuer = \"x\"\naudience = [\"\"]\njwks_file = \"keys.json\"\n".into(), "issuer.audience: "),
    ]);
}

#[test]
fn users_must_be_readable_and_those_with_rights_must_exist() {
    let basic = |rest: &str| format!("{BASIC}{rest}\n");
    each_is_one_fault(&[
        ("".into(), "schemes: "),
        ("[basic]\n".into(), "basic.htpasswd: missing"),
        ("[basic]\nhtpasswd = \"empty\"\n".into(), "basic.htpasswd: \"empty\": holds no user"),
        ("[basic]\nhtpasswd = \"comments\"\n".into(), "basic.htpasswd: "),
        ("[basic]\nhtpasswd = \".\"\n".into(), "basic.htpasswd: "),
        (basic("roles = { mallory = [\"admin\"] }"), "basic.roles.mallory: "),
        (basic("scopes = { mallory = [\"x\"] }"), "basic.scopes.mallory: "),
        (basic("roles = { alice = [] }"), "basic.roles.alice: "),
        (basic("scopes = { alice = [\"a b\"] }"), "basic.scopes.alice: \"a b\" is no OAuth scope"),
        (basic("scopes = { alice = [\"a\", \"\\\"\"] }"), "basic.scopes.alice: "),
        ("[session]\nusers = \"users.htpasswd\"\nscopes = { bob = [\"é\"] }\n".into(), "session.scopes.bob: "),
        ("[basic]\nhtpasswd = \"bom\"\n".into(), "basic.htpasswd: \"bom\" line 1: begins with a byte order mark"),
        ("[basic]\nhtpasswd = \"blanks\"\n".into(), "basic.htpasswd: \"blanks\" line 2: the name \"alice \""),
        (basic("roles = { alice = \"admin\" }"), "basic.roles.alice: "),
        (basic("hashing = { threads = 0 }"), "basic.hashing.threads: "),
        (basic("hashing = { threads = 1000 }"), "basic.hashing.threads: "),
        (basic("hashing = { deadline = \"0s\" }"), "basic.hashing.deadline: "),
        (basic("throttle = true"), "basic.throttle: "),
        (basic("throttle = { attempts = 0 }"), "basic.throttle.attempts: "),
        (basic("throttle = { attempts = 5000000000 }"), "basic.throttle.attempts: "),
        (basic("throttle = { window = \"0s\" }"), "basic.throttle.window: "),
        (basic("throttle = { window = \"25h\" }"), "basic.throttle.window: "),
        (basic("cache = { entries = -1 }"), "basic.cache.entries: "),
        (basic("cache = { entries = 1000000000000 }"), "basic.cache.entries: "),
        (basic("cache = { ttl = \"0s\" }"), "basic.cache.ttl: "),
        (basic("cache = false"), "basic.cache: "),
        (basic("allow_weak_hashes = 1"), "basic.allow_weak_hashes: "),
        ("[session]\nusers = \"users.htpasswd\"\ncookie = \"__host-x\"\n".into(), "session.cookie: "),
        ("[session]\nusers = \"users.htpasswd\"\nmax_per_user = 0\n".into(), "session.max_per_user: "),
        ("[session]\nusers = \"users.htpasswd\"\nidle = \"0s\"\n".into(), "session.idle: "),
    ]);
    let folder = Folder::new().with("gate.toml", BASIC).with(
        "users.htpasswd",
        format!("{USERS}bob:$2b$04$abcdefghijklmnopqrstuugnA3sBav18rnV72BeOyKWV21iMMRCBW\ncarol:$apr1$x$y\ndave\n:x\n"),
    );
    let (status, text) = folder.check();
    assert_eq!((status, text.lines().count()), (Some(2), 4), "{text}");
    for (line, number) in text.lines().zip(5..) {
        assert!(line.starts_with(&format!("gate: basic.htpasswd: \"users.htpasswd\" line {number}: ")), "{line}");
        assert!(!line.contains("$2b$") && !line.contains("$apr1$x$y"), "{line}");
    }
}

#[test]
fn rules_must_mean_something() {
    let rule = |rest: &str| format!("{BASIC}[[rule]]\n{rest}\n");
    let path = |rest: &str| rule(&format!("path = \"/x\"\n{rest}"));
    each_is_one_fault(&[
        (rule("allow = \"public\""), "rule.path: rule 1: missing"),
        (rule("path = \"x\""), "rule.path: "),
        (rule("path = \"/a/../b\""), "rule.path: "),
        (rule("path = \"/a*\""), "rule.path: "),
        (rule("path = \"/*/b\""), "rule.path: "),
        (rule("path = \"//*\""), "rule.path: "),
        (rule("path = \"/%61\""), "rule.path: "),
        (path("methods = []"), "rule.methods: "),
        (path("methods = [\"get\"]"), "rule.methods: "),
        (path("methods = [\"CONNECT\"]"), "rule.methods: "),
        (path("allow = \"everybody\""), "rule.allow: "),
        (
            path("allow = \"public\"\nmax_age = \"5m\""),
            "rule.max_age: rule 1 (\"/x\"): means nothing with allow = \"public\"",
        ),
        (path("allow = \"public\"\nscopes_all = [\"x\"]"), "rule.scopes_all: "),
        (path("allow = \"public\"\nschemes = [\"basic\"]"), "rule.schemes: "),
        (path("allow = \"optional\"\nroles_any = [\"x\"]"), "rule.roles_any: "),
        (path("schemes = [\"bearer\"]"), "rule.schemes: "),
        (path("schemes = [\"digest\"]"), "rule.schemes: "),
        (path("schemes = []"), "rule.schemes: "),
        (path("scopes_all = []"), "rule.scopes_all: "),
        (path("scopes_all = [\"a b\"]"), "rule.scopes_all: "),
        (path("scopes_any = [\"\"]"), "rule.scopes_any: "),
        (path("roles_any = [\" \"]"), "rule.roles_any: "),
        (path("max_age = \"0s\""), "rule.max_age: "),
        (path("max_age = 300"), "rule.max_age: "),
        (path("acr = []"), "rule.acr: "),
        (path("hidden = \"yes\""), "rule.hidden: "),
    ]);
    let never = "rule.path: rule 2 (\"/x\"): never reached: rule 1 ";
    let two = |first: &str, second: &str| path(&format!("{first}\n[[rule]]\npath = \"/x\"\n{second}"));
    let all = |first: &str| rule(&format!("path = \"/*\"\n{first}\n[[rule]]\npath = \"/x\""));
    each_is_one_fault(&[
        (two("", "allow = \"public\""), never),
        (two("", "methods = [\"GET\"]"), never),
        (two("methods = [\"GET\", \"POST\"]", "methods = [\"POST\", \"GET\"]"), never),
        (two("methods = [\"GET\"]", "methods = [\"HEAD\"]"), never),
        (all(""), never),
    ]);
    let get = "methods = [\"GET\"]";
    for good in [two(get, ""), two(get, "methods = [\"GET\", \"POST\"]"), all(get), two("methods = [\"HEAD\"]", get)] {
        assert_eq!(faults(&good), [""; 0], "{good}");
    }
}

#[test]
fn the_modes_want_what_they_need_and_nothing_else() {
    let with = |lines: &str| format!("{lines}\n{BASIC}");
    let proxy = |upstream: &str| with(&format!("mode = \"proxy\"\nupstream = \"{upstream}\""));
    for good in [
        proxy("http://127.0.0.1:9000"),
        proxy("http://orders.internal/"),
        proxy("http://[::1]:9000") + "",
        with("mode = \"proxy\"\nupstream = \"http://127.0.0.1:9000\"\nidentity_headers = false"),
        with("mode = \"forward-auth\""),
        with("mode = \"forward-auth\"\nidentity_headers = false"),
        with("mode = \"echo\"\nidentity_headers = true"),
    ] {
        assert_eq!(faults(&good), [""; 0], "{good}");
    }
    each_is_one_fault(&[
        (with("mode = \"proxy\""), "upstream: missing; "),
        (proxy(""), "upstream: is empty; "),
        (with("mode = \"proxy\"\nupstream = 9000"), "upstream: is no text"),
        (with("upstream = \"http://127.0.0.1:9000\""), "upstream: means nothing with mode = \"echo\""),
        (
            with("mode = \"forward-auth\"\nupstream = \"http://127.0.0.1:9000\""),
            "upstream: means nothing with mode = \"forward-auth\"",
        ),
        (proxy("https://127.0.0.1:9000"), "upstream: is https"),
        (proxy("127.0.0.1:9000"), "upstream: is no address"),
        (proxy("http://"), "upstream: is no address"),
        (proxy("http://:9000"), "upstream: is no address"),
        (proxy("http://a b"), "upstream: is no address"),
        (proxy("unix:/run/upstream"), "upstream: is no address"),
        (proxy("http://127.0.0.1:99999"), "upstream: is no address"),
        (proxy("http://127.0.0.1:9000/orders"), "upstream: has a path"),
        (proxy("http://127.0.0.1:9000/?a=b"), "upstream: has a path or a query"),
        (proxy("http://127.0.0.1:9000#a"), "upstream: has a path or a query"),
        (
            with("listen = \"127.0.0.1:9000\"\nmode = \"proxy\"\nupstream = \"http://127.0.0.1:9000\""),
            "upstream: is where",
        ),
        (
            with("listen = \"0.0.0.0:9000\"\nmode = \"proxy\"\nupstream = \"http://127.0.0.1:9000\""),
            "upstream: is where",
        ),
        (with("identity_headers = false"), "identity_headers: means nothing with mode = \"echo\""),
        (with("mode = \"forward-auth\"\nidentity_headers = \"no\""), "identity_headers: is neither"),
    ]);
    let told = faults(&proxy("http://gate:hunter2@127.0.0.1:9000"));
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("gate: upstream: ") && !told[0].contains("hunter2"), "{told:?}");
}

#[test]
fn what_stands_at_the_top_is_checked_too() {
    let top = |line: &str| format!("{line}\n{BASIC}");
    each_is_one_fault(&[
        (top("listen = \"localhost\""), "listen: "),
        (top("admin = \"0.0.0.0:0\""), "admin: "),
        (top("realm = \"a\\nb\""), "realm: "),
        (top("realm = \"\""), "realm: "),
        (top("mode = \"mirror\""), "mode: \"mirror\" is none of "),
        (top("mode = 1"), "mode: "),
        (top("admin = \"127.0.0.1:8080\"\nlisten = \"127.0.0.1:8080\""), "admin: "),
        (top("admin = \"127.0.0.1:8080\"\nlisten = \"0.0.0.0:8080\""), "admin: "),
        (
            top("schemes = [\"basic\"]") + "[session]\nusers = \"users.htpasswd\"\n",
            "schemes: \"session\" is configured but not in schemes",
        ),
        (top("schemes = [\"session\"]") + "[session]\nusers = \"users.htpasswd\"\n", "schemes: \"basic\" is "),
        (top("schemes = [\"basic\", \"bearer\"]"), "schemes: "),
        (top("schemes = [\"basic\", \"basic\"]"), "schemes: "),
        (top("schemes = []"), "schemes: "),
        (top("rule = []"), "rule: "),
        (top("cors_preflight = 1"), "cors_preflight: "),
        (top("trusted_proxies = \"10.0.0.0/8\""), "trusted_proxies: "),
        (top("trusted_proxies = [\"a proxy\"]"), "trusted_proxies: \"a proxy\" is no network"),
        (top("trusted_proxies = [\"10.0.0.1/8\"]"), "trusted_proxies: \"10.0.0.1/8\" has bits set behind its prefix"),
        (top("trusted_proxies = [\"0.0.0.0/0\"]"), "trusted_proxies: \"0.0.0.0/0\" holds every address"),
    ]);
    let broken = faults("realm = \"x\nadmin = 1\n");
    assert!(broken.len() == 1 && broken[0].contains("gate.toml: line 1: "), "{broken:?}");
}

#[test]
fn a_configuration_that_is_not_there_is_a_fault() {
    let (status, text) = Folder::new().check();
    assert_eq!(status, Some(2));
    assert!(text.contains("gate.toml: cannot be read"), "{text}");
}

#[test]
fn key_sets_and_the_order_of_challenges_come_from_the_configuration() {
    let key = TestKey::new(Algorithm::ES256).named("2026-10");
    let config = "schemes = [\"basic\", \"bearer\"]\n[[issuer]]\nissuer = \"https://id.example\"\naudience = [\"orders-api\"]\n\
                  jwks_file = \"keys.json\"\n[basic]\nhtpasswd = \"users.htpasswd\"\n[[rule]]\npath = \"/*\"\n";
    let folder = folder("").with("gate.toml", config).with("keys.json", json!({"keys": [key.jwk()]}).to_string());
    let gate = Gate::start(folder);
    assert_eq!(
        gate.get("/", &[]).all("www-authenticate"),
        [r#"Basic realm="gate", charset="UTF-8""#, r#"Bearer realm="gate""#]
    );
    let now = portcullis::clock::Clock::now(&portcullis::clock::SystemClock).as_secs();
    let claims = super::claims_with(json!({"iat": now, "exp": now + 300}));
    let good = super::support::jwt::mint(&key, &claims);
    assert_eq!(
        gate.get("/any/path", &[&format!("Authorization: Bearer {good}")]).json()["issuer"],
        "https://id.example"
    );
    assert_eq!(gate.get("/", &[&format!("Authorization: Bearer {}", token(json!({})))]).status, 401, "another key");
    assert_eq!(gate.post("POST", "/login", &[], "").status, 401, "without [session] this is a path like others");
}
