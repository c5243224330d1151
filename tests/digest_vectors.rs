//! Published Digest credentials, with the verdicts that a strict server reaches.
//!
//! The vectors are not part of this repository: `PORTCULLIS_VECTORS` names their folder, else it is `../shared/vectors`.

#![cfg(feature = "digest")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::{env, fs};

use http::{HeaderValue, Request};
use portcullis::AuthenticateLayer;
use portcullis::authenticate::Digest;
use portcullis::credentials::{Authorization, DigestAlgorithm, DigestCredentials, DigestName};
use portcullis::identity::digest_access::{DigestUsers, Ha1};
use serde_json::Value;
use support::services;
use support::stack::send;

mod support {
    pub(crate) mod services;
    pub(crate) mod stack;
}

fn vectors(file: &str) -> Option<Value> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = env::var_os("PORTCULLIS_VECTORS").map_or(default, PathBuf::from);
    match fs::read(folder.join(file)) {
        Ok(json) => Some(serde_json::from_slice(&json).unwrap()),
        Err(error) => services::missing(format_args!("{file} cannot be read: {error}")),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn read(field: &str) -> DigestCredentials {
    let field = HeaderValue::try_from(field).unwrap();
    DigestCredentials::from_authorization(&Authorization::parse(&field).unwrap()).unwrap()
}

fn ha1(vector: &Value, credentials: &DigestCredentials) -> Ha1 {
    let (name, password) = (text(vector, "username"), text(vector, "password"));
    Ha1::new(credentials.algorithm().unwrap(), name, credentials.realm(), password)
}

/// DIGEST-6, DIGEST-29: the corrected examples hold, the misprinted one does not
#[test]
fn the_worked_examples_of_the_rfcs_get_their_verdicts() {
    let Some(file) = vectors("rfc-worked-examples.json") else { return };
    let examples = file.as_array().unwrap().iter().filter(|example| example["scheme"] == "Digest");
    let mut judged = 0;
    for example in examples {
        let quoted = ["realm", "uri", "nonce", "cnonce", "opaque", "response"];
        let mut field = String::from("Digest ");
        for name in quoted {
            field += &format!("{name}=\"{}\", ", text(example, name));
        }
        let hashed = example["userhash"] == true;
        let name = text(example, if hashed { "username_sent" } else { "username" });
        field += &format!(
            "username=\"{name}\", algorithm={}, qop={}, nc={}, userhash={hashed}",
            text(example, "algorithm"),
            text(example, "qop"),
            text(example, "nc")
        );
        let credentials = read(&field);
        let holds = ha1(example, &credentials).proves(&credentials, text(example, "method"));
        let id = text(example, "id");
        assert_eq!(holds, text(example, "verdict").starts_with("accept"), "{id}");
        assert_eq!(matches!(credentials.name(), DigestName::Hashed(_)), hashed, "{id}");
        judged += 1;
    }
    assert_eq!(judged, 5);
}

/// DIGEST-3, DIGEST-6: 63 lines that curl sends, in the form of RFC 2069. Each is right, none is let in unless that form is
/// allowed, and then none is either, because its nonce was made elsewhere.
#[tokio::test]
async fn what_curl_sends_to_old_servers_is_computed_alike_and_refused() {
    let Some(file) = vectors("curl-digest/digest-legacy.json") else { return };
    let mut judged = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let field = text(vector, "credentials");
        let credentials = read(field);
        assert!(credentials.is_rfc2069());
        assert!(ha1(vector, &credentials).proves(&credentials, text(vector, "method")), "{vector}");
        assert!(!ha1(vector, &credentials).proves(&credentials, "TRACE"));
        let name = text(vector, "username");
        let mut users = DigestUsers::new(credentials.realm().to_owned());
        users.insert_ha1(name, ha1(vector, &credentials)).unwrap();
        for (allowed, cause) in [
            (false, "there is no qop: the form of RFC 2069 is not allowed"),
            (true, "opaque did not come back as it was sent"),
        ] {
            let realm = credentials.realm().to_owned();
            let scheme = Digest::new(realm, users.clone()).algorithms(DigestAlgorithm::ALL).allow_md5();
            let scheme = if allowed { scheme.allow_rfc2069() } else { scheme };
            let layer = AuthenticateLayer::new(scheme).unwrap();
            let request = Request::builder().method(text(vector, "method")).uri(credentials.uri());
            // Not every target in the file is one that an HTTP library lets pass; none of them is let in either.
            let Ok(request) = request.header("authorization", field).body(()) else { continue };
            let answer = send(&layer, request).await;
            assert_eq!(answer.status, 401, "{vector}");
            assert!(answer.seen.is_none());
            assert_eq!(answer.rejection.unwrap().cause(), Some(cause), "{vector}");
        }
        judged += 1;
    }
    assert_eq!(judged, 63);
}
