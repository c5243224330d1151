//! RFC 7515 (and RFC 7797): the compact form, its header and its signature, for every algorithm and by JWS rule.

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

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use portcullis::identity::jwt::{Algorithm, KeySet};
use portcullis::{Reason, Secret};
use proptest::prelude::*;
use serde_json::json;
use support::jwt::{good_claims, mint, mint_raw, mint_with, sign};
use support::keys::{ALL, TestKey, base64url};

fn refused(keys: &KeySet, token: &str) -> &'static str {
    let error = keys.verify_jws(token).expect_err("refused");
    assert_eq!(error.reason(), Reason::Invalid);
    error.cause().unwrap()
}

fn hs256() -> (TestKey, KeySet) {
    let key = TestKey::new(Algorithm::HS256);
    let keys = key.key_set();
    (key, keys)
}

/// RFC 7515 appendix A.1 to A.4: the published examples, each by its published key.
#[test]
fn the_examples_of_the_rfc_verify() {
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let secret = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret).unwrap();
    let token =
        format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let keys = KeySet::hmac(Algorithm::HS256, Secret::new(secret)).unwrap();
    assert!(keys.verify_jws(&token).unwrap().starts_with(b"{\"iss\":\"joe\","));

    let jwk = json!({"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let keys = KeySet::from_jwks(json!({"keys": [jwk]}).to_string(), &[Algorithm::ES256]).unwrap();
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    assert!(keys.verify_jws(&token).is_ok());

    let jwk = json!({"kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"});
    let keys = KeySet::from_jwks(json!({"keys": [jwk]}).to_string(), &[Algorithm::ES512]).unwrap();
    let token = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    assert_eq!(keys.verify_jws(token).unwrap(), b"Payload");
}

#[test]
fn every_algorithm_verifies_its_own_signatures_and_refuses_changed_ones() {
    for algorithm in ALL {
        let key = TestKey::new(algorithm).named("one");
        let keys = key.key_set();
        let token = mint(&key, &good_claims());
        assert!(keys.verify_jws(&token).is_ok(), "{algorithm}");

        let (input, _) = token.rsplit_once('.').unwrap();
        let mut signature = key.sign(input.as_bytes());
        signature[7] ^= 1;
        refused(&keys, &format!("{input}.{}", base64url(&signature)));
        let other_payload = mint_raw(&key, r#"{"alg":"none"}"#, "{}");
        let other_signature = other_payload.rsplit_once('.').unwrap().1;
        refused(&keys, &format!("{input}.{other_signature}"));
    }
}

/// JWK-17, RFC 9864: Ed25519 has two names.
#[test]
fn ed25519_may_be_called_by_both_its_names() {
    let key = TestKey::new(Algorithm::EdDSA);
    for name in ["EdDSA", "Ed25519"] {
        assert!(key.key_set().verify_jws(&mint_with(&key, &json!({"alg": name}), &good_claims())).is_ok());
    }
    refused(&key.key_set(), &mint_with(&key, &json!({"alg": "Ed448"}), &good_claims()));
}

/// JWS-1, JWS-12, J19
#[test]
fn a_token_has_exactly_three_parts() {
    let (key, keys) = hs256();
    let token = mint(&key, &good_claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    for text in ["", ".", "..", "a.b", input, "....", &".".repeat(8000)] {
        refused(&keys, text);
    }
    for text in
        [format!("{token}."), format!(".{token}"), format!("{token}.{signature}"), format!("{input}..{signature}")]
    {
        refused(&keys, &text);
    }
    assert_eq!(refused(&keys, &format!("{input}.")), "no signature");
    let flattened = json!({"payload": "e30", "protected": "eyJhbGciOiJIUzI1NiJ9", "signature": signature});
    refused(&keys, &flattened.to_string());
}

/// JWS-2, BCP-11, J20: signed as it stands, so that only its spelling is wrong.
#[test]
fn a_part_holds_nothing_outside_the_alphabet() {
    let (key, keys) = hs256();
    let (header, payload) = (base64url(br#"{"alg":"HS256"}"#), base64url(b"{}"));
    assert!(keys.verify_jws(&sign(&key, &format!("{header}.{payload}"))).is_ok());
    for foreign in ["=", "+", "/", " ", "\t", "\n", "?", "%3D", "{", "\"", "é", "\0"] {
        refused(&keys, &sign(&key, &format!("{header}{foreign}.{payload}")));
        refused(&keys, &sign(&key, &format!("{header}.{payload}{foreign}")));
        refused(&keys, &format!("{}{foreign}", sign(&key, &format!("{header}.{payload}"))));
    }
}

/// JWS-3, J20
#[test]
fn a_token_has_one_spelling() {
    let (key, keys) = hs256();
    let good = sign(&key, &format!("{}.e30", base64url(br#"{"alg":"HS256"}"#)));
    assert!(keys.verify_jws(&good).is_ok());
    // 32 bytes of signature leave two unused bits in the last of 43 characters.
    let last = good.chars().last().unwrap();
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|&c| c != last) {
        refused(&keys, &format!("{}{other}", &good[..good.len() - 1]));
    }
    refused(&keys, &sign(&key, &format!("{}.e31", base64url(br#"{"alg":"HS256"}"#))));
}

/// JWS-4, J24, J25, BCP-14
#[test]
fn the_header_is_one_json_object() {
    let (key, keys) = hs256();
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let headers: [&[u8]; 13] = [
        b"",
        b"[]",
        br#"["HS256"]"#,
        br#""HS256""#,
        b"null",
        b"{}",
        br#"{"alg":"HS256"} x"#,
        br#"{"alg":"HS256"}{}"#,
        b"\xef\xbb\xbf{\"alg\":\"HS256\"}",
        b"{\0\"\0a\0l\0g\0\"\0:\0\"\0H\0S\x002\x005\x006\0\"\0}\0",
        b"{\"alg\":\"HS256\",\"x\":\"\xff\"}",
        br#"{"alg":"HS256","x":"\ud800"}"#,
        deep.as_bytes(),
    ];
    for header in headers {
        refused(&keys, &mint_raw(&key, header, "{}"));
    }
}

/// JWS-5, JWS-16, J01, BCP-2
#[test]
fn alg_is_text_with_case_and_never_none() {
    let (key, keys) = hs256();
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!("hs256"),
        json!(""),
        json!(null),
        json!(256),
        json!(["HS256"]),
    ] {
        let token = mint_with(&key, &json!({"alg": alg}), &good_claims());
        refused(&keys, &token);
        let (input, _) = token.rsplit_once('.').unwrap();
        refused(&keys, &format!("{input}."));
        refused(&keys, &format!("{input}.AA"));
    }
    refused(&keys, &mint_with(&key, &json!({"typ": "JWT"}), &good_claims()));
}

/// JWS-6, JWS-11, J22
#[test]
fn a_header_names_no_member_twice_at_any_depth() {
    let (key, keys) = hs256();
    for header in [
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"{"alg":"HS256","x":1,"x":1}"#,
        r#"{"alg":"HS256","x":{"y":[{"z":1,"z":2}]}}"#,
        r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
    ] {
        refused(&keys, &mint_raw(&key, header, "{}"));
    }
    assert!(keys.verify_jws(&mint_raw(&key, r#"{"alg":"HS256","x":{"alg":{"alg":1}}}"#, "{}")).is_ok());
}

/// JWS-7, JWS-8, JWS-10, J12, J13
#[test]
fn extensions_that_are_demanded_are_refused_in_any_form() {
    let (key, keys) = hs256();
    for crit in [json!(["x"]), json!([]), json!(["exp"]), json!(["alg"]), json!(["x", "x"]), json!("x"), json!(null)] {
        refused(&keys, &mint_with(&key, &json!({"alg": "HS256", "crit": crit, "x": 1}), &good_claims()));
    }
    refused(&keys, &mint_with(&key, &json!({"alg": "HS256", "crit": ["absent"]}), &good_claims()));
    refused(&keys, &mint_with(&key, &json!({"alg": "HS256", "crit": ["b64"], "b64": false}), &good_claims()));
    for (name, value) in [("b64", json!(false)), ("b64", json!(true)), ("zip", json!("DEF")), ("enc", json!("A256GCM"))]
    {
        refused(&keys, &mint_with(&key, &json!({"alg": "HS256", name: value}), &good_claims()));
    }
}

/// JWS-13, J08, J10, TOK-2
#[test]
fn keys_and_addresses_in_a_header_earn_no_trust() {
    let (trusted, stranger) = (TestKey::new(Algorithm::ES256).named("ours"), TestKey::new(Algorithm::ES256));
    let keys = trusted.key_set();
    for kid in [None, Some("ours"), Some("theirs")] {
        let mut header = json!({"alg": "ES256", "jwk": stranger.jwk(), "jku": "http://127.0.0.1:1/keys", "x5c": ["MIIB"],
            "x5u": "file:///etc/passwd"});
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        refused(&keys, &mint_with(&stranger, &header, &good_claims()));
    }
    // They do no harm either where the signature is ours.
    let header = json!({"alg": "ES256", "kid": "ours", "jwk": stranger.jwk(), "x5t": "AA"});
    assert!(keys.verify_jws(&mint_with(&trusted, &header, &good_claims())).is_ok());
}

/// JWS-14, J11, BCP-7
#[test]
fn kid_is_text_and_names_a_key_exactly() {
    let key = TestKey::new(Algorithm::HS256).named("2026-10");
    let keys = key.key_set();
    for kid in [
        json!("2026-1"),
        json!("2026-100"),
        json!("2026-10\0"),
        json!(""),
        json!("../../../dev/null"),
        json!("' or 1=1 --"),
        json!("\r\n\u{1b}[31m"),
        json!("k".repeat(10_000)),
        json!(7),
        json!(["2026-10"]),
        json!({"a": 1}),
        json!(null),
    ] {
        refused(&keys, &mint_with(&key, &json!({"alg": "HS256", "kid": kid}), &good_claims()));
    }
    assert!(keys.verify_jws(&mint_with(&key, &json!({"alg": "HS256"}), &good_claims())).is_ok());
}

/// JWS-17, J05, J06
#[test]
fn an_ecdsa_signature_is_r_and_s_side_by_side_and_neither_is_zero() {
    for (algorithm, half) in [(Algorithm::ES256, 32), (Algorithm::ES384, 48), (Algorithm::ES512, 66)] {
        let key = TestKey::new(algorithm);
        let keys = key.key_set();
        let token = mint(&key, &good_claims());
        let (input, _) = token.rsplit_once('.').unwrap();
        let good = key.sign(input.as_bytes());
        assert_eq!(good.len(), 2 * half);
        let zero = vec![0; half];
        let large = vec![0xff; half];
        let mut der = vec![0x30, 2 * half as u8 + 4, 2, half as u8];
        der.extend(&good[..half]);
        der.extend([2, half as u8]);
        der.extend(&good[half..]);
        let bad: [Vec<u8>; 11] = [
            vec![0; 2 * half],
            [&zero, &good[half..]].concat(),
            [&good[..half], &zero].concat(),
            [&large, &good[half..]].concat(),
            [&good[..half], &large].concat(),
            der,
            good[1..].to_vec(),
            [&[0], &good[..]].concat(),
            [&good[..], &[0]].concat(),
            vec![1],
            vec![0xff; 16 * 1024],
        ];
        for signature in bad {
            refused(&keys, &format!("{input}.{}", base64url(&signature)));
        }
        for length in [63, 65, 96, 132].into_iter().filter(|&length| length != 2 * half) {
            let mut other = good.clone();
            other.resize(length, 0);
            refused(&keys, &format!("{input}.{}", base64url(&other)));
        }
    }
}

/// J06: a sound signature over these very bytes, of another curve than `alg` says
#[test]
fn a_signature_of_another_curve_is_none() {
    let (key, other) = (TestKey::new(Algorithm::ES256), TestKey::new(Algorithm::ES384));
    let keys = key.key_set().and(other.key_set()).unwrap();
    for (own, foreign) in [(&key, &other), (&other, &key)] {
        let token = mint(own, &good_claims());
        assert!(keys.verify_jws(&token).is_ok());
        let (input, _) = token.rsplit_once('.').unwrap();
        refused(&keys, &format!("{input}.{}", base64url(&foreign.sign(input.as_bytes()))));
    }
}

/// J14, J16, J17, BCP-10: two thousand million rounds of PBKDF2, and a few kilobytes that would become four million. Neither
/// the rounds begin nor is anything inflated, which both time and memory would show.
#[test]
#[expect(clippy::disallowed_methods, reason = "this measures")]
fn encrypted_and_compressed_tokens_are_refused_unopened() {
    let (key, keys) = hs256();
    let five = |header: serde_json::Value| {
        let parts = [header.to_string().into_bytes(), vec![1; 40], vec![2; 12], bomb(), vec![4; 16]];
        parts.map(|part| base64url(&part)).join(".")
    };
    let salt = base64url(&[7; 16]);
    let token = mint(&key, &good_claims());
    for token in [
        five(json!({"alg": "PBES2-HS256+A128KW", "enc": "A128CBC-HS256", "p2c": 2_147_483_647, "p2s": salt})),
        five(json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"})),
        five(json!({"alg": "HS256"})),
        mint_raw(&key, r#"{"alg":"HS256","zip":"DEF"}"#, bomb()),
        mint_raw(&key, r#"{"alg":"HS256","enc":"A256GCM","zip":"DEF"}"#, bomb()),
        format!("{token}.{token}"),
    ] {
        let start = Instant::now();
        let used = allocation_counter::measure(|| _ = refused(&keys, &token));
        assert!(used.bytes_max < 64 * 1024, "{} bytes", used.bytes_max);
        assert!(start.elapsed() < Duration::from_millis(100));
    }
}

/// Four million blanks, deflated (RFC 1951).
fn bomb() -> Vec<u8> {
    let start = [0xed, 0xc1, 0x01, 0x0d, 0, 0, 0, 0xc2, 0xa0, 0x2a, 0xef, 0x9f, 0xd2, 0x1e, 0x0e, 0x28];
    [&start[..], &[0; 3875], &[0xe0, 0xdd, 0x00]].concat()
}

/// The limit is far above what it takes, so that a slow machine passes and quadratic work does not.
#[test]
#[expect(clippy::disallowed_methods, reason = "this measures")]
fn hostile_tokens_cost_little() {
    let (key, keys) = hs256();
    let members: Vec<_> = (0..1500).map(|number| format!("\"{number}\":0")).collect();
    let wide = format!(r#"{{"alg":"HS256",{}}}"#, members.join(","));
    let many = format!(r#"{{"alg":"HS256","x":[{}]}}"#, vec!["{\"a\":0,\"b\":0}"; 800].join(","));
    for header in [wide, many, format!("{{{}", "\"a\":{".repeat(2_000)), "[".repeat(12_000)] {
        let token = mint_raw(&key, header, "{}");
        let start = Instant::now();
        let _ = keys.verify_jws(&token);
        assert!(start.elapsed() < Duration::from_millis(100));
    }
}

/// J19: what is counted off or copied for each part would show
#[test]
fn tokens_of_many_parts_cost_little_memory() {
    let (key, keys) = hs256();
    let token = mint(&key, &good_claims());
    for text in
        [".".repeat(8_000), ".".repeat(16 * 1024), "a.".repeat(8_000), format!("{token}{}", ".e30".repeat(4_000))]
    {
        let used = allocation_counter::measure(|| _ = refused(&keys, &text));
        assert!(used.bytes_max < 64 * 1024 && used.count_total < 10, "{used:?}");
    }
}

static GOOD: LazyLock<(KeySet, String)> = LazyLock::new(|| {
    let key = TestKey::new(Algorithm::ES256).named("one");
    (key.key_set(), mint(&key, &good_claims()))
});

proptest! {
    /// J38, J41: no change of a token verifies, and none panics.
    #[test]
    fn no_changed_token_verifies(at in any::<prop::sample::Index>(), with in "\\PC|[A-Za-z0-9_.-]|", remove in 0..3_usize) {
        let (keys, good) = &*GOOD;
        let at = at.index(good.len());
        let end = good.len().min(at + remove);
        let changed = format!("{}{with}{}", &good[..at], &good[end..]);
        prop_assume!(changed != *good);
        prop_assert!(keys.verify_jws(&changed).is_err());
    }

    #[test]
    fn no_text_panics(text in "\\PC*", parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let (keys, _) = &*GOOD;
        prop_assert!(keys.verify_jws(&text).is_err());
        prop_assert!(keys.verify_jws(&parts.join(".")).is_err());
    }
}
