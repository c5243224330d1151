//! RFC 7517 and 7518: which keys are taken, which are passed over, which are faults; and the choice among them.

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
}

use portcullis::identity::jwt::{Algorithm, KeySet};
use portcullis::{ConfigError, Secret};
use serde_json::{Value, json};
use support::jwt::{good_claims, mint, mint_with};
use support::keys::{TestKey, base64url, bytes, pem};

fn load(keys: Value, allowed: &[Algorithm]) -> Result<KeySet, ConfigError> {
    KeySet::from_jwks(json!({ "keys": keys }).to_string(), allowed)
}

fn fault(result: Result<KeySet, ConfigError>) -> String {
    result.expect_err("a fault").to_string()
}

/// `jwk` with some members replaced, and those that are `null` here taken out.
fn with(jwk: Value, changes: Value) -> Value {
    let mut jwk = jwk;
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(name);
        } else {
            jwk[name] = value.clone();
        }
    }
    jwk
}

/// JWK-1, JWK-2, K14
#[test]
fn unknown_keys_and_members_are_passed_over() {
    let key = TestKey::new(Algorithm::ES256).named("good");
    let keys = load(
        json!([
            {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AA"},
            {"kty": "EC", "crv": "secp256k1", "x": "MLnV", "y": "7r8d"},
            {"kty": "OKP", "crv": "Ed448", "x": "kvqP", "alg": "EdDSA"},
            with(key.jwk(), json!({"vendor": {"a": [1, null]}, "x5c": ["MIIB"]})),
        ]),
        &[Algorithm::ES256, Algorithm::EdDSA],
    );
    assert!(keys.unwrap().verify_jws(&mint(&key, &good_claims())).is_ok());
}

/// JWK-3, J39
#[test]
fn a_key_for_another_use_never_verifies() {
    let key = TestKey::new(Algorithm::ES256);
    for purpose in
        [json!({"use": "enc"}), json!({"key_ops": ["encrypt"]}), json!({"key_ops": []}), json!({"use": "SIG"})]
    {
        assert!(fault(load(json!([with(key.jwk(), purpose)]), &[Algorithm::ES256])).contains("none of the 1 keys"));
    }
    let purpose = json!({"use": "sig", "key_ops": ["sign", "verify"]});
    assert!(load(json!([with(key.jwk(), purpose)]), &[Algorithm::ES256]).is_ok());
}

/// JWK-4, JWK-5, BCP-1, BCP-3, J04
#[test]
fn a_key_serves_one_algorithm_and_no_other() {
    let key = TestKey::new(Algorithm::RS256);
    let unbound = with(key.jwk(), json!({"alg": null}));
    let keys = load(json!([unbound]), &[Algorithm::RS256, Algorithm::ES256]).unwrap();
    assert!(keys.verify_jws(&mint(&key, &good_claims())).is_ok());
    for other in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384] {
        assert!(keys.verify_jws(&mint(&TestKey::new(other), &good_claims())).is_err(), "{other}");
    }
    assert!(fault(load(json!([unbound]), &[Algorithm::RS256, Algorithm::PS256])).contains("RS256 or PS256"));
    assert!(fault(load(json!([unbound]), &[Algorithm::ES256])).contains("none of the 1 keys"));
    assert!(fault(load(json!([key.jwk()]), &[Algorithm::PS256])).contains("none of the 1 keys"));
    assert!(fault(load(json!([key.jwk()]), &[])).contains("algorithms"));
}

/// J39
#[test]
fn an_algorithm_that_does_not_fit_the_key_is_a_fault() {
    for (algorithm, stated) in [(Algorithm::ES384, "ES256"), (Algorithm::EdDSA, "ES256"), (Algorithm::ES256, "RS256")] {
        let jwk = with(TestKey::new(algorithm).jwk(), json!({ "alg": stated }));
        assert!(fault(load(json!([jwk]), &[Algorithm::ES256, Algorithm::RS256])).contains("does not fit"));
    }
}

/// JWK-17
#[test]
fn a_key_may_call_ed25519_by_both_its_names() {
    let key = TestKey::new(Algorithm::EdDSA);
    for name in ["EdDSA", "Ed25519"] {
        let keys = load(json!([with(key.jwk(), json!({ "alg": name }))]), &[Algorithm::EdDSA]).unwrap();
        assert!(keys.verify_jws(&mint(&key, &good_claims())).is_ok());
    }
}

/// JWK-6, K13
#[test]
fn a_symmetric_key_in_a_public_set_is_a_fault() {
    let (secret, public) = (TestKey::new(Algorithm::HS256), TestKey::new(Algorithm::ES256));
    assert!(fault(load(json!([secret.jwk(), public.jwk()]), &[Algorithm::ES256])).contains("KeySet::hmac"));
    assert!(fault(load(json!([secret.jwk()]), &[Algorithm::HS256])).contains("KeySet::hmac"));
}

/// JWK-6, J02: every form in which a public key could be taken for a secret.
#[test]
fn a_public_key_is_no_hmac_secret() {
    let key = TestKey::new(Algorithm::RS256);
    let keys = key.key_set();
    let modulus = key.jwk()["n"].as_str().unwrap().to_owned();
    for secret in [
        key.pem(),
        format!(" {}", key.pem()),
        key.pem().trim().to_owned(),
        key.pkcs1_pem(),
        key.jwk().to_string(),
        modulus,
    ] {
        let forger = TestKey::hmac(Algorithm::HS256, secret.as_bytes());
        assert!(keys.verify_jws(&mint(&forger, &good_claims())).is_err());
    }
    for text in [key.pem(), format!("\n{}", key.pkcs1_pem())] {
        assert!(fault(KeySet::hmac(Algorithm::HS256, Secret::new(text.into_bytes()))).contains("from_pem"));
    }
    let set = TestKey::new(Algorithm::HS256).key_set();
    assert!(fault(set.and(keys)).contains("never share"));
}

/// JWK-9, J39
#[test]
fn an_hmac_secret_is_as_long_as_its_hash() {
    for (algorithm, least) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        for length in [0, 1, least - 1] {
            assert!(fault(KeySet::hmac(algorithm, Secret::new(vec![7; length]))).contains("at least"));
        }
        for length in [least, least + 1, 300] {
            let key = TestKey::hmac(algorithm, &bytes(7).repeat(10)[..length]);
            assert!(key.key_set().verify_jws(&mint(&key, &good_claims())).is_ok());
        }
    }
    assert!(fault(KeySet::hmac(Algorithm::RS256, Secret::new(vec![7; 64]))).contains("public key"));
}

/// JWK-6
#[test]
fn a_public_key_set_is_no_hmac_secret() {
    let jwks = json!({"keys": [TestKey::new(Algorithm::ES256).jwk()]}).to_string();
    assert!(fault(KeySet::hmac(Algorithm::HS256, Secret::new(jwks.into_bytes()))).contains("from_jwks"));
}

/// JWS-14
#[test]
fn a_key_id_is_ignored_only_by_a_single_key_without_a_name() {
    let (key, other) = (TestKey::new(Algorithm::ES256), TestKey::new(Algorithm::ES256));
    let named_token = mint_with(&key, &json!({"alg": "ES256", "kid": "any"}), &good_claims());
    assert!(key.key_set().verify_jws(&named_token).is_ok());
    assert!(other.key_set().verify_jws(&named_token).is_err());
    assert!(key.key_set().named("else").verify_jws(&named_token).is_err());
    assert!(key.key_set().and(other.key_set()).unwrap().verify_jws(&named_token).is_err());
}

/// JWK-10, J39
#[test]
fn weak_and_broken_rsa_keys_are_faults() {
    let good = TestKey::new(Algorithm::RS256).named("r").jwk();
    let odd = |octets: usize| base64url(&vec![0xff; octets]);
    let even = base64url(&[vec![0xff; 255], vec![0xfe]].concat());
    let short_2047 = base64url(&[vec![0x7f], vec![0xff; 255]].concat());
    for change in [
        json!({ "n": odd(128) }),
        json!({ "n": odd(1025) }),
        json!({ "n": short_2047 }),
        json!({ "n": even }),
        json!({"n": ""}),
        json!({"n": null}),
        json!({"n": 5}),
        json!({"n": "A=="}),
        json!({"e": "AQ"}),
        json!({"e": "Ag"}),
        json!({"e": "AQAA"}),
        json!({"e": ""}),
        json!({"e": null}),
        json!({ "e": odd(5) }),
        json!({"d": "AQAB"}),
    ] {
        let fault = fault(load(json!([with(good.clone(), change.clone())]), &[Algorithm::RS256]));
        assert!(fault.starts_with("key \"r\": "), "{change}: {fault}");
    }
    let padded = base64url(&[vec![0], base64_decode(good["n"].as_str().unwrap())].concat());
    assert!(load(json!([with(good, json!({ "n": padded }))]), &[Algorithm::RS256]).is_ok());
}

fn base64_decode(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap()
}

/// JWK-11
#[test]
fn points_off_the_curve_and_short_coordinates_are_faults() {
    for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512] {
        let good = TestKey::new(algorithm).jwk();
        let x = base64_decode(good["x"].as_str().unwrap());
        let mut off = x.clone();
        off[9] ^= 1;
        let zero = base64url(&vec![0; x.len()]);
        for change in [
            json!({ "x": base64url(&off) }),
            json!({ "x": base64url(&x[1..]) }),
            json!({ "x": base64url(&[&[0], &x[..]].concat()) }),
            json!({"x": zero, "y": zero}),
            json!({ "y": null }),
            json!({ "crv": null }),
        ] {
            let fault = fault(load(json!([with(good.clone(), change.clone())]), &[algorithm]));
            assert!(fault.starts_with("key number 1: "), "{change}: {fault}");
        }
    }
}

#[test]
fn ed25519_keys_of_small_order_are_faults() {
    let good = TestKey::new(Algorithm::EdDSA).jwk();
    let mut order_four_negative = [0; 32];
    order_four_negative[31] = 0x80;
    let mut identity = [0; 32];
    identity[0] = 1;
    for key in [vec![0; 32], identity.to_vec(), order_four_negative.to_vec(), vec![7; 31], vec![7; 33]] {
        let jwk = with(good.clone(), json!({ "x": base64url(&key) }));
        assert!(load(json!([jwk]), &[Algorithm::EdDSA]).is_err());
    }
}

#[test]
fn a_document_that_is_no_key_set_is_a_fault() {
    let key = TestKey::new(Algorithm::ES256).jwk();
    let member = format!(r#"{{"keys": [{}, {{"kty": "RSA", "kty": "EC"}}]}}"#, key);
    for text in ["", "<html>", "[]", "null", "{}", r#"{"keys": {}}"#, r#"{"keys": [1]}"#, r#"{"keys": []}"#, &member] {
        assert!(KeySet::from_jwks(text, &[Algorithm::ES256]).is_err(), "{text}");
    }
    assert!(KeySet::from_jwks(format!(r#"{{"keys": [], "keys": [{key}]}}"#), &[Algorithm::ES256]).is_err());
    assert!(fault(KeySet::from_jwks(key.to_string(), &[Algorithm::ES256])).contains("keys"));
    assert!(fault(load(json!(vec![key; 101]), &[Algorithm::ES256])).contains("101"));
    assert!(fault(KeySet::from_jwks("{}", &[Algorithm::HS256, Algorithm::ES256])).contains("HS256"));
}

#[test]
fn every_fault_of_a_set_is_told_at_once() {
    let good = TestKey::new(Algorithm::ES256).jwk();
    let broken = with(good.clone(), json!({"kid": "one", "x": "AA"}));
    let wrong = with(good.clone(), json!({"kid": 2}));
    let faults = load(json!([broken, good, wrong, {"alg": "ES256"}]), &[Algorithm::ES256]).unwrap_err();
    let settings: Vec<_> = faults.faults().iter().map(|fault| fault.setting()).collect();
    assert_eq!(settings, ["key \"one\"", "key number 3", "key number 4"]);
}

#[test]
fn pem_keys_of_every_kind_verify() {
    for algorithm in
        [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA, Algorithm::RS256, Algorithm::PS512]
    {
        let key = TestKey::new(algorithm);
        let keys = KeySet::from_pem(algorithm, &key.pem()).unwrap();
        assert!(keys.verify_jws(&mint(&key, &good_claims())).is_ok(), "{algorithm}");
    }
    let key = TestKey::new(Algorithm::RS256);
    let keys = KeySet::from_pem(Algorithm::RS256, &key.pkcs1_pem().replace('\n', "\r\n")).unwrap().named("r");
    assert!(keys.verify_jws(&mint(&TestKey::new(Algorithm::RS256).named("r"), &good_claims())).is_ok());
    for other in [Algorithm::ES256, Algorithm::EdDSA] {
        assert!(fault(KeySet::from_pem(other, &key.pem())).contains("does not fit"));
    }
    assert!(fault(KeySet::from_pem(Algorithm::HS256, &key.pem())).contains("HS256 verifies with a secret; use `hmac`"));
}

#[test]
fn pem_texts_that_hold_no_public_key_say_what_to_give() {
    let pkcs8 = TestKey::new(Algorithm::ES256).pkcs8();
    for (text, told) in [
        (pem("PRIVATE KEY", &pkcs8), "openssl pkey -pubout"),
        (pem("RSA PRIVATE KEY", &[0x30, 0]), "openssl pkey -pubout"),
        (pem("EC PRIVATE KEY", &[0x30, 0]), "openssl pkey -pubout"),
        (pem("ENCRYPTED PRIVATE KEY", &[0x30, 0]), "openssl pkey -pubout"),
        (pem("CERTIFICATE", &[0x30, 0]), "openssl x509"),
        (pem("PUBLIC KEY", &[0x30, 0]), "no well-formed public key"),
        (pem("PUBLIC KEY", &pkcs8), "no well-formed public key"),
        ("c2VjcmV0".to_owned(), "not one PEM text"),
        (String::new(), "not one PEM text"),
    ] {
        let fault = fault(KeySet::from_pem(Algorithm::ES256, &text));
        assert!(fault.contains(told), "{fault}");
    }
}

/// JWK-8
#[test]
fn without_kid_a_single_key_must_fit() {
    let (one, other) = (TestKey::new(Algorithm::ES256).named("1"), TestKey::new(Algorithm::ES256).named("2"));
    let third = TestKey::new(Algorithm::EdDSA).named("3");
    let keys = load(json!([one.jwk(), other.jwk(), third.jwk()]), &[Algorithm::ES256, Algorithm::EdDSA]).unwrap();
    assert!(keys.verify_jws(&mint(&other, &good_claims())).is_ok());
    assert!(keys.verify_jws(&mint_with(&one, &json!({"alg": "ES256"}), &good_claims())).is_err());
    assert!(keys.verify_jws(&mint_with(&third, &json!({"alg": "EdDSA"}), &good_claims())).is_ok());
}

/// JWK-7
#[test]
fn at_most_four_keys_of_one_name_are_tried() {
    let keys: Vec<_> = (0..5).map(|_| TestKey::new(Algorithm::ES256).named("same")).collect();
    let jwks: Vec<_> = keys.iter().map(TestKey::jwk).collect();
    let set = load(json!(jwks), &[Algorithm::ES256]).unwrap();
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(set.verify_jws(&mint(key, &good_claims())).is_ok(), index < 4);
    }
}

/// K20
#[test]
fn keys_are_rotated_by_combining_sets() {
    let old = TestKey::hmac(Algorithm::HS256, &bytes(1)).named("old");
    let new = TestKey::hmac(Algorithm::HS256, &bytes(2)).named("new");
    let both = new.key_set().and(old.key_set()).unwrap();
    for key in [&old, &new] {
        assert!(both.verify_jws(&mint(key, &good_claims())).is_ok());
    }
    assert!(new.key_set().verify_jws(&mint(&old, &good_claims())).is_err());
}

/// K20: an entry that is missing or empty is not a key that everybody knows, nor one that nobody needs
#[test]
fn a_rotation_with_a_hole_in_it_is_a_fault() {
    let (new, old) = (TestKey::new(Algorithm::ES256).named("new"), TestKey::new(Algorithm::ES256).named("old"));
    for hole in [
        Value::Null,
        json!({}),
        json!(""),
        json!([]),
        json!({"kty": "oct", "k": ""}),
        json!({"kty": "oct", "kid": "old", "k": base64url(b"null")}),
        json!({"kty": "EC", "crv": "P-256", "kid": "old", "x": "", "y": ""}),
    ] {
        assert!(load(json!([new.jwk(), hole]), &[Algorithm::ES256]).is_err(), "{hole}");
    }
    for secret in [&b""[..], b"null", b"undefined"] {
        assert!(fault(KeySet::hmac(Algorithm::HS256, Secret::new(secret.to_vec()))).contains("at least"));
    }
    for text in ["", "null", "\n"] {
        assert!(KeySet::from_pem(Algorithm::ES256, text).is_err());
    }

    let both = new.key_set().and(old.key_set()).unwrap();
    for key in [&new, &old] {
        let token = mint(key, &good_claims());
        assert!(both.verify_jws(&token).is_ok());
        let (input, _) = token.rsplit_once('.').unwrap();
        assert!(both.verify_jws(&format!("{input}.")).is_err());
        let (_, payload) = input.split_once('.').unwrap();
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"none","kid":"old"}"#, r#"{"kid":"old"}"#] {
            let unsigned = format!("{}.{payload}.", base64url(header.as_bytes()));
            assert!(both.verify_jws(&unsigned).is_err(), "{header}");
        }
        let emptily = TestKey::hmac(Algorithm::HS256, b"").named("old");
        assert!(both.verify_jws(&mint(&emptily, &good_claims())).is_err());
    }
}

#[test]
fn no_secret_is_printed() {
    let set = KeySet::hmac(Algorithm::HS256, Secret::new(bytes(77).to_vec())).unwrap().named("2026-10");
    assert_eq!(format!("{set:?}"), r#"KeySet([Key { kid: Some("2026-10"), alg: HS256, .. }])"#);
}
