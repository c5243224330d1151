//! RFC 7519, 8725 and 9068: the claims of an access token, by JWT, BCP and AT rule, and the identity they become.

#![cfg(all(feature = "jwt", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and `json!` is not borrowed"
)]

mod support {
    pub(crate) mod jwt;
    pub(crate) mod keys;
    pub(crate) mod stack;
}

use std::collections::HashMap;
use std::time::Duration;

use portcullis::authenticate::Bearer;
use portcullis::clock::{ManualClock, UnixTime};
use portcullis::identity::AuthTime;
use portcullis::identity::jwt::{Algorithm, Issuer, JwtVerifier, Profile};
use portcullis::{AuthenticateLayer, Identity, Reason};
use serde::Deserialize;
use serde_json::{Value, json};
use support::jwt::{
    AUDIENCE, ISSUER, NOW, claims_with, good_claims, issuer, mint, mint_hs256, mint_raw, mint_with, verifier,
};
use support::keys::{ALL, TestKey, base64url, bytes};
use support::stack::{bearer, get, send};

fn hs256() -> TestKey {
    TestKey::new(Algorithm::HS256)
}

fn good() -> JwtVerifier {
    verifier(issuer(hs256().key_set()))
}

fn reason(verifier: &JwtVerifier, token: &str) -> Option<Reason> {
    verifier.verify_token(token).err().map(|error| error.reason())
}

/// What becomes of the good claims with these changes, properly signed; nothing if accepted.
fn verdict(changes: Value) -> Option<Reason> {
    reason(&good(), &mint(&hs256(), &claims_with(changes)))
}

fn assert_invalid(changes: Value) {
    assert_eq!(verdict(changes.clone()), Some(Reason::Invalid), "{changes}");
}

#[test]
fn a_good_token_becomes_an_identity() {
    let claims =
        claims_with(json!({"auth_time": NOW - 60, "acr": "gold", "amr": ["pwd", "otp"], "roles": ["admin", "ops"],
        "aud": ["other", AUDIENCE], "scope": "orders:read  orders:write", "extra": {"a": [1, 2.5, null, true]}}));
    let identity = good().verify_token(&mint(&hs256(), &claims)).unwrap();
    assert_eq!((identity.issuer(), identity.subject()), (ISSUER, "alice"));
    assert_eq!(identity.credential_id(), Some("token-1"));
    assert_eq!(identity.scopes().iter().collect::<Vec<_>>(), ["orders:read", "orders:write"]);
    assert_eq!(identity.roles().iter().collect::<Vec<_>>(), ["admin", "ops"]);
    assert_eq!(identity.amr().iter().collect::<Vec<_>>(), ["pwd", "otp"]);
    assert_eq!(identity.acr(), Some("gold"));
    assert_eq!(identity.auth_time(), AuthTime::At(UnixTime::from_secs(NOW - 60)));
    assert_eq!(identity.expires_at(), Some(UnixTime::from_secs(NOW + 300)));
}

/// AT-4
#[test]
fn every_algorithm_is_served() {
    for algorithm in ALL {
        let key = TestKey::new(algorithm).named("k");
        assert!(verifier(issuer(key.key_set())).verify_token(&mint(&key, &good_claims())).is_ok(), "{algorithm}");
    }
}

#[test]
fn another_implementation_and_this_one_agree() {
    use jsonwebtoken::{Algorithm as Other, EncodingKey, Header, encode};

    let secret: Vec<u8> = (0..64).collect();
    let token = encode(&Header::new(Other::HS256), &good_claims(), &EncodingKey::from_secret(&secret)).unwrap();
    assert!(good().verify_token(&token).is_ok());
    for (algorithm, other) in [(Algorithm::ES256, Other::ES256), (Algorithm::EdDSA, Other::EdDSA)] {
        let key = TestKey::new(algorithm);
        let private = match other {
            Other::ES256 => EncodingKey::from_ec_der(&key.pkcs8()),
            _ => EncodingKey::from_ed_der(&key.pkcs8()),
        };
        let token = encode(&Header::new(other), &good_claims(), &private).unwrap();
        assert!(verifier(issuer(key.key_set())).verify_token(&token).is_ok(), "{algorithm}");
    }
    for algorithm in ALL {
        let key = TestKey::new(algorithm);
        let Ok(other) = algorithm.name().parse::<Other>() else { continue };
        let jwk = serde_json::from_value(key.jwk()).unwrap();
        let mut rules = jsonwebtoken::Validation::new(other);
        rules.set_audience(&[AUDIENCE]);
        let public = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        // It has no clock to set.
        let token = mint(&key, &claims_with(json!({"exp": 9_000_000_000_u64})));
        assert!(jsonwebtoken::decode::<Value>(&token, &public, &rules).is_ok(), "{algorithm}");
    }
}

/// JWT-11, AT-6, BCP-6, J29
#[test]
fn the_required_claims_are_required() {
    for name in ["iss", "aud", "exp", "sub"] {
        assert_invalid(json!({ name: null }));
    }
    for name in ["iat", "jti", "scope"] {
        assert_eq!(verdict(json!({ name: null })), None);
    }
}

/// AT-1, AT-6, J29, J35: what the profile asks for beyond that
#[test]
fn the_profile_of_rfc_9068_requires_all_its_claims_and_its_type() {
    let verifier = verifier(issuer(hs256().key_set()).profile(Profile::Rfc9068));
    let token = |typ: Value, changes: Value| {
        let mut claims = claims_with(json!({"client_id": "web"}));
        for (name, _) in changes.as_object().unwrap() {
            claims.as_object_mut().unwrap().remove(name);
        }
        mint_with(&hs256(), &json!({"alg": "HS256", "typ": typ}), &claims)
    };
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        assert_eq!(reason(&verifier, &token(json!(typ), json!({}))), None, "{typ}");
    }
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let token = token(json!("at+jwt"), json!({ name: null }));
        assert_eq!(reason(&verifier, &token), Some(Reason::Invalid), "without {name}");
    }
    for typ in [json!("JWT"), json!("dpop+jwt"), json!("logout+jwt"), json!(""), json!(null)] {
        assert_eq!(reason(&verifier, &token(typ.clone(), json!({}))), Some(Reason::Invalid), "{typ}");
    }
    let untyped = mint_with(&hs256(), &json!({"alg": "HS256"}), &claims_with(json!({"client_id": "web"})));
    assert_eq!(reason(&verifier, &untyped), Some(Reason::Invalid));
    let twice = issuer(hs256().key_set()).profile(Profile::Rfc9068).token_type("JWT");
    assert_eq!(JwtVerifier::new([twice]).unwrap_err().faults()[0].setting(), "token_type");
}

fn at(now: u64, leeway: u64) -> JwtVerifier {
    let issuer = issuer(hs256().key_set()).leeway(Duration::from_secs(leeway));
    JwtVerifier::new([issuer]).unwrap().clock(ManualClock::at(UnixTime::from_secs(now)))
}

/// JWT-1, J30, TOK-3, AT-5
#[test]
fn a_token_ends_at_exp_plus_leeway_to_the_second() {
    let token = mint(&hs256(), &claims_with(json!({"exp": NOW, "iat": NOW - 100})));
    assert_eq!(reason(&at(NOW - 1, 0), &token), None);
    assert_eq!(reason(&at(NOW, 0), &token), Some(Reason::Expired));
    assert_eq!(reason(&at(NOW + 29, 30), &token), None);
    assert_eq!(reason(&at(NOW + 30, 30), &token), Some(Reason::Expired));
    let default = JwtVerifier::new([issuer(hs256().key_set())]).unwrap();
    let clock = |now| ManualClock::at(UnixTime::from_secs(now));
    assert_eq!(reason(&default.clone().clock(clock(NOW + 29)), &token), None);
    assert_eq!(reason(&default.clock(clock(NOW + 30)), &token), Some(Reason::Expired));
}

/// JWT-2, J30, TOK-3
#[test]
fn a_token_begins_at_nbf_minus_leeway_to_the_second() {
    let token = mint(&hs256(), &claims_with(json!({ "nbf": NOW, "iat": null })));
    assert_eq!(reason(&at(NOW, 0), &token), None);
    assert_eq!(reason(&at(NOW - 1, 0), &token), Some(Reason::Invalid));
    assert_eq!(reason(&at(NOW - 30, 30), &token), None);
    assert_eq!(reason(&at(NOW - 31, 30), &token), Some(Reason::Invalid));
}

/// JWT-12, J30
#[test]
fn a_token_or_log_in_from_the_future_is_refused() {
    for name in ["iat", "auth_time"] {
        assert_eq!(verdict(json!({ name: NOW + 30 })), None);
        assert_invalid(json!({ name: NOW + 31 }));
    }
}

/// J30: each end is held to by itself, so the order of the two gives nobody more time
#[test]
fn a_token_that_ends_before_it_begins_is_good_at_most_for_the_leeway() {
    let token = mint(&hs256(), &claims_with(json!({"exp": NOW, "nbf": NOW + 40, "iat": null})));
    for (now, expected) in [
        (NOW - 100, Some(Reason::Invalid)),
        (NOW + 9, Some(Reason::Invalid)),
        (NOW + 10, None),
        (NOW + 29, None),
        (NOW + 30, Some(Reason::Expired)),
        (NOW + 40, Some(Reason::Expired)),
    ] {
        assert_eq!(reason(&at(now, 30), &token), expected, "{now}");
    }
    for now in [NOW - 1, NOW, NOW + 39, NOW + 40] {
        assert_ne!(reason(&at(now, 0), &token), None, "without leeway, never");
    }
}

/// JWT-4, J27
#[test]
fn times_are_numbers() {
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for wrong in [json!("9999999999"), json!("never"), json!(true), json!([]), json!({}), json!(-1), json!(-0.5)] {
            assert_invalid(json!({ name: wrong }));
        }
        for wrong in ["null", "1e400", "1e300", "9007199254740993", "-1e400", "18446744073709551616", "NaN", "01"] {
            let claims = format!(
                r#"{{"iss":"{ISSUER}","sub":"alice","aud":"{AUDIENCE}",{}"{name}":{wrong}}}"#,
                if name == "exp" { "" } else { r#""exp":9000000000,"# }
            );
            let token = mint_raw(&hs256(), r#"{"alg":"HS256"}"#, claims);
            assert_eq!(reason(&good(), &token), Some(Reason::Invalid), "{name}: {wrong}");
        }
    }
    assert_eq!(verdict(json!({"exp": (NOW + 10) as f64 + 0.5, "nbf": NOW as f64 - 0.5})), None);
    assert_eq!(verdict(json!({"exp": 1e15})), None);
    let half = mint(&hs256(), &claims_with(json!({"exp": NOW as f64 - 0.5, "iat": null})));
    assert_eq!(reason(&at(NOW - 1, 0), &half), None);
    assert_eq!(reason(&at(NOW, 0), &half), Some(Reason::Expired));
}

/// JWT-5, JWT-6, AT-3, RI-1, TOK-5, J32, J34
#[test]
fn aud_names_this_service_letter_for_letter() {
    for wrong in [
        json!("x"),
        json!("orders"),
        json!("orders-api "),
        json!("Orders-API"),
        json!("orders-api/"),
        json!(""),
        json!(["x", "y"]),
        json!([]),
        json!([""]),
        json!(["", "orders-api "]),
        json!([null]),
        json!([1]),
        json!([AUDIENCE, 1]),
        json!([[AUDIENCE]]),
        json!({"a": AUDIENCE}),
        json!(7),
        json!(true),
    ] {
        assert_invalid(json!({ "aud": wrong }));
    }
    for right in [json!(AUDIENCE), json!([AUDIENCE]), json!(["other", AUDIENCE])] {
        assert_eq!(verdict(json!({ "aud": right })), None);
    }
}

/// JWT-6, AT-2, J31
#[test]
fn iss_is_known_letter_for_letter() {
    for wrong in [
        json!("https://id.example/"),
        json!("https://ID.example"),
        json!("http://id.example"),
        json!("https://id.exampl"),
        json!("https://id.example.evil"),
        json!(""),
        json!([ISSUER]),
        json!(7),
    ] {
        assert_invalid(json!({ "iss": wrong }));
    }
}

/// BCP-4, J36
#[test]
fn a_key_signs_for_its_own_issuer_only() {
    let (one, other) = (TestKey::hmac(Algorithm::HS256, &bytes(1)), TestKey::hmac(Algorithm::HS256, &bytes(2)));
    let issuers = [Issuer::new("https://a", ["x"], one.key_set()), Issuer::new("https://b", ["x"], other.key_set())];
    let verifier = JwtVerifier::new(issuers).unwrap().clock(ManualClock::at(UnixTime::from_secs(NOW)));
    let claims = |iss| claims_with(json!({ "iss": iss, "aud": "x" }));
    let at_a = verifier.verify_token(&mint(&one, &claims("https://a"))).unwrap();
    let at_b = verifier.verify_token(&mint(&other, &claims("https://b"))).unwrap();
    assert!(at_a != at_b);
    assert_eq!(reason(&verifier, &mint(&other, &claims("https://a"))), Some(Reason::Invalid));
    assert_eq!(reason(&verifier, &mint(&one, &claims("https://b"))), Some(Reason::Invalid));
    assert_eq!(reason(&verifier, &mint(&one, &claims("https://c"))), Some(Reason::Invalid));
}

/// TOK-7, J36: two people who are called the same by two issuers, in front of a service that keeps something for each
#[tokio::test]
async fn the_same_subject_of_two_issuers_is_two_people() {
    let keys = [TestKey::hmac(Algorithm::HS256, &bytes(1)), TestKey::hmac(Algorithm::HS256, &bytes(2))];
    let names = ["https://a", "https://b"];
    let issuers = || names.iter().zip(&keys).map(|(name, key)| Issuer::new(*name, ["x"], key.key_set()));
    let verifier = JwtVerifier::new(issuers()).unwrap().clock(ManualClock::at(UnixTime::from_secs(NOW)));
    let layer = AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap();
    let mut visits: HashMap<Identity, u32> = HashMap::new();
    for _ in 0..2 {
        for (name, key) in names.iter().zip(&keys) {
            let token = mint(key, &claims_with(json!({"iss": name, "aud": "x", "sub": "1"})));
            let answer = send(&layer, get([bearer(&token)])).await;
            answer.assert_accepted("1");
            *visits.entry(answer.identity().unwrap().clone()).or_default() += 1;
        }
    }
    let mut visits: Vec<_> = visits.iter().map(|(who, times)| (who.issuer(), who.subject(), *times)).collect();
    visits.sort_unstable();
    assert_eq!(visits, [("https://a", "1", 2), ("https://b", "1", 2)]);
}

/// JWT-7, J22
#[test]
fn claims_name_no_member_twice_at_any_depth() {
    let rest = format!(r#""iss":"{ISSUER}","aud":"{AUDIENCE}","exp":9000000000"#);
    for twice in [
        r#""sub":"a","sub":"a""#,
        r#""sub":"a","sub":"b""#,
        r#""sub":"a","exp":1"#,
        r#""sub":"a","x":1,"x":2"#,
        r#""sub":"a","x":[{"y":{"z":0,"z":0}}]"#,
        r#""sub":"a","aud":"x""#,
        r#""sub":"a","roles":[{"z":0,"z":0}]"#,
        r#""sub":"a","s\u0075b":"b""#,
    ] {
        let token = mint_raw(&hs256(), r#"{"alg":"HS256"}"#, format!("{{{rest},{twice}}}"));
        assert_eq!(reason(&good(), &token), Some(Reason::Invalid), "{twice}");
    }
    assert!(good().verify_token(&mint_raw(&hs256(), r#"{"alg":"HS256"}"#, format!(r#"{{{rest},"sub":"a"}}"#))).is_ok());
}

/// JWT-9, J24, J25, BCP-14
#[test]
fn claims_are_one_json_object() {
    let good_text = good_claims().to_string();
    let deep = good_text.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(10_000), "]".repeat(10_000)), 1);
    let wide: String = (0..300).map(|number| format!("\"m{number}\":0,")).collect();
    let wide = good_text.replacen('{', &format!("{{{wide}"), 1);
    let payloads: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"[]".to_vec(),
        b"\"x\"".to_vec(),
        format!("{good_text},").into_bytes(),
        format!("{good_text}{good_text}").into_bytes(),
        format!("\u{feff}{good_text}").into_bytes(),
        good_text.replace("alice", "\\ud800").into_bytes(),
        good_text.replace("alice", "\\u0000root").into_bytes(),
        good_text.replace("alice", "a\u{0}b").into_bytes(),
        [good_text.replace("alice", "").as_bytes(), b"\xff"].concat(),
        good_text.bytes().map(|byte| if byte == b'c' { 0xff } else { byte }).collect(),
        deep.into_bytes(),
        wide.into_bytes(),
    ];
    for payload in payloads {
        let token = mint_raw(&hs256(), r#"{"alg":"HS256"}"#, &payload);
        assert_eq!(reason(&good(), &token), Some(Reason::Invalid), "{}", String::from_utf8_lossy(&payload));
    }
}

#[test]
fn registered_claims_have_their_types() {
    for changes in [
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": ["alice"]}),
        json!({"jti": 7}),
        json!({"acr": ["gold"]}),
        json!({"amr": "pwd"}),
        json!({"amr": [1]}),
        json!({"roles": "admin"}),
        json!({"roles": ["admin", 1]}),
        json!({"roles": {"admin": true}}),
        json!({"scope": ["orders:read"]}),
        json!({"scope": 7}),
    ] {
        assert_invalid(changes);
    }
    assert_eq!(verdict(json!({"sub": "zo\u{eb} \"x\""})), None);
}

/// AT-1, BCP-8, BCP-9, JWT-13, J35
#[test]
fn a_required_type_is_required() {
    let verifier = verifier(issuer(hs256().key_set()).token_type("application/at+jwt"));
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(reason(&verifier, &mint_with(&hs256(), &json!({"alg": "HS256", "typ": typ}), &good_claims())), None);
    }
    for typ in [json!("JWT"), json!("dpop+jwt"), json!("at+jwt "), json!("text/at+jwt"), json!(""), json!(7)] {
        let token = mint_with(&hs256(), &json!({"alg": "HS256", "typ": typ}), &good_claims());
        assert_eq!(reason(&verifier, &token), Some(Reason::Invalid));
    }
    assert_eq!(
        reason(&verifier, &mint_with(&hs256(), &json!({"alg": "HS256"}), &good_claims())),
        Some(Reason::Invalid)
    );
    for typ in ["JWT", "at+jwt", "anything"] {
        assert_eq!(reason(&good(), &mint_with(&hs256(), &json!({"alg": "HS256", "typ": typ}), &good_claims())), None);
    }
}

/// BCP-8, TOK-4, J35, DPOP-16, MTLS-5, MTLS-6
#[test]
fn tokens_of_other_kinds_are_refused_whatever_their_type() {
    for changes in [
        json!({"nonce": "n"}),
        json!({"at_hash": "h"}),
        json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
        json!({"cnf": {"jkt": "x"}}),
        json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}),
        json!({"cnf": {"of a kind to come": {}}}),
        json!({"cnf": {}}),
        json!({"cnf": 7}),
    ] {
        assert_invalid(changes);
    }
}

fn scopes(issuer: Issuer, changes: Value) -> Result<Vec<String>, Reason> {
    let identity = verifier(issuer).verify_token(&mint(&hs256(), &claims_with(changes)));
    identity.map(|identity| identity.scopes().iter().map(str::to_owned).collect()).map_err(|error| error.reason())
}

/// AT-8
#[test]
fn scopes_come_from_scope_else_scp() {
    let plain = || issuer(hs256().key_set());
    assert_eq!(scopes(plain(), json!({"scope": null})).unwrap(), [""; 0]);
    assert_eq!(scopes(plain(), json!({"scope": null, "scp": "a b"})).unwrap(), ["a", "b"]);
    assert_eq!(scopes(plain(), json!({"scope": null, "scp": ["a", "b"]})).unwrap(), ["a", "b"]);
    assert_eq!(scopes(plain(), json!({"scope": "a b", "scp": ["a", "b"]})).unwrap(), ["a", "b"]);
    assert_eq!(scopes(plain(), json!({"scope": "b a", "scp": ["a", "b"]})).unwrap(), ["b", "a"]);
    assert_eq!(scopes(plain(), json!({"scope": "a", "scp": ["a", "b"]})), Err(Reason::Invalid));
    for scp in [json!(["a b"]), json!([""])] {
        assert_eq!(scopes(plain(), json!({"scope": null, "scp": scp})), Err(Reason::Invalid));
    }
    assert_eq!(scopes(plain(), json!({"scope": null, "scp": 7})), Err(Reason::Invalid));

    let own = || issuer(hs256().key_set()).scopes_claim("access.scopes");
    assert_eq!(scopes(own(), json!({"access": {"scopes": ["c"]}})).unwrap(), ["c"]);
    assert_eq!(scopes(own(), json!({"access": {"scopes": "c d"}})).unwrap(), ["c", "d"]);
    assert_eq!(scopes(own(), json!({"access": ["scopes"]})).unwrap(), [""; 0]);
    assert_eq!(scopes(own(), json!({"access": {"scopes": 7}})), Err(Reason::Invalid));
}

/// AT-8
#[test]
fn roles_come_from_the_path_that_is_configured() {
    let roles = |path: &str, changes: Value| {
        let verifier = verifier(issuer(hs256().key_set()).roles_claim(path));
        let identity = verifier.verify_token(&mint(&hs256(), &claims_with(changes))).ok()?;
        Some(identity.roles().iter().map(str::to_owned).collect::<Vec<_>>().join(" "))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(roles("realm_access.roles", json!({"realm_access": {"x": 1, "roles": ["a", "b"]}})), some("a b"));
    assert_eq!(roles("realm_access.roles", json!({"realm_access": {}, "roles": "not looked at"})), some(""));
    assert_eq!(roles("realm_access.roles", json!({"realm_access": {"roles": "a"}})), None);
    assert_eq!(roles("https://id.example/roles", json!({"https://id.example/roles": ["a"]})), some("a"));
    assert_eq!(roles("a.b", json!({"a.b": ["one"], "a": {"b": ["two"]}})), None);
    assert_eq!(roles("roles", json!({"roles": ["a"]})), some("a"));
}

#[derive(Debug, Deserialize, PartialEq)]
struct Mine {
    tenant: u64,
}

#[test]
fn the_application_gets_its_own_claims() {
    let verifier = verifier(issuer(hs256().key_set()).claims::<Mine>());
    let identity = verifier.verify_token(&mint(&hs256(), &claims_with(json!({"tenant": 7})))).unwrap();
    assert_eq!(identity.get::<Mine>(), Some(&Mine { tenant: 7 }));
    assert_eq!(reason(&verifier, &mint(&hs256(), &good_claims())), Some(Reason::Invalid));
    assert_eq!(reason(&verifier, &mint(&hs256(), &claims_with(json!({"tenant": "7"})))), Some(Reason::Invalid));
}

/// AT-10, TOK-1, J38: what a claim says is not told before the signature held.
#[test]
fn a_forged_token_is_invalid_whatever_it_says() {
    let forger = TestKey::hmac(Algorithm::HS256, &[9; 64]);
    for changes in [json!({}), json!({"exp": 1}), json!({"nbf": NOW + 999}), json!({"aud": "x"}), json!({"nonce": "n"})]
    {
        let error = good().verify_token(&mint(&forger, &claims_with(changes))).unwrap_err();
        assert_eq!((error.reason(), error.cause()), (Reason::Invalid, Some("the signature does not fit")));
    }
    let expired_elsewhere = mint(&hs256(), &claims_with(json!({"exp": 1, "aud": "x"})));
    assert_eq!(reason(&good(), &expired_elsewhere), Some(Reason::Invalid));
}

/// JWS-16, J01, RFC 7519 section 6.1
#[test]
fn an_unsecured_token_is_refused() {
    let token = format!("{}.{}.", base64url(br#"{"alg":"none"}"#), base64url(good_claims().to_string().as_bytes()));
    assert_eq!(reason(&good(), &token), Some(Reason::Invalid));
    assert_eq!(reason(&good(), "opaque"), Some(Reason::Invalid));
    assert_eq!(reason(&good(), ""), Some(Reason::Invalid));
}

/// BCP-6, JWT-3, J30, J33, J34
#[test]
fn every_fault_of_a_configuration_is_told_at_once() {
    let nobody: [&str; 0] = [];
    let faults = JwtVerifier::new([
        Issuer::new("", nobody, hs256().key_set()),
        Issuer::new("https://a", ["x", ""], hs256().key_set())
            .leeway(Duration::from_secs(61))
            .token_type("")
            .scopes_claim("")
            .roles_claim("a."),
        Issuer::new("https://a", ["x"], hs256().key_set()),
    ])
    .unwrap_err();
    let mut settings: Vec<_> = faults.faults().iter().map(|fault| fault.setting()).collect();
    settings.sort_unstable();
    let expected = ["audience", "audience", "issuer", "issuer", "leeway", "roles_claim", "scopes_claim", "token_type"];
    assert_eq!(settings, expected);
    assert!(JwtVerifier::new([]).is_err());
    assert!(JwtVerifier::new([issuer(hs256().key_set()).leeway(Duration::from_secs(60))]).is_ok());
}

#[test]
fn a_secret_and_claims_are_enough_to_mint_for_tests() {
    let secret = bytes(3);
    let verifier = verifier(issuer(TestKey::hmac(Algorithm::HS256, &secret).key_set()));
    assert!(verifier.verify_token(&mint_hs256(&secret, &good_claims())).is_ok());
}
