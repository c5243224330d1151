//! The algorithm: none, another one, and the public key as if it were a secret.

use serde_json::{Value, json};

use super::attack::{Attack, parts};
use crate::identity::jwt::Algorithm;
use crate::test_kit::keys::base64url;

pub(super) fn forge(attack: &mut Attack<'_>) {
    unsigned(attack);
    by_hmac(attack);
    swapped(attack);
    by_somebody_else(attack);
}

/// RFC 8725 section 3.2
fn unsigned(attack: &mut Attack<'_>) {
    let spellings = [
        ("alg-none-unsigned", json!("none")),
        ("alg-none-capitalised-unsigned", json!("None")),
        ("alg-none-upper-case-unsigned", json!("NONE")),
        ("alg-none-mixed-case-unsigned", json!("nOnE")),
        ("alg-empty-unsigned", json!("")),
        ("alg-null-unsigned", Value::Null),
        ("alg-none-with-blank-unsigned", json!("none ")),
    ];
    for (name, algorithm) in spellings {
        attack.change(name, |token| token.header("alg", algorithm).without_header("kid").signature([]));
    }
    attack.change("alg-absent-unsigned", |token| token.without_header("alg").signature([]));
    attack.change("alg-absent-signed", |token| token.without_header("alg"));
    attack.change("alg-none-with-kid-unsigned", |token| token.header("alg", "none").signature([]));
    attack.change("alg-none-one-byte-of-signature", |token| token.header("alg", "none").signature([0]));
    attack.change("alg-none-genuine-signature", |token| token.header("alg", "none"));
    attack.change("alg-unchanged-unsigned", |token| token.signature([]));
    for (name, algorithm) in
        [("alg-a-number", json!(256)), ("alg-a-list", json!(["ES256"])), ("alg-an-object", json!({}))]
    {
        attack.change(name, |token| token.header("alg", algorithm));
    }
}

/// RFC 8725 section 2.1: what everybody knows of the issuer, taken for a secret.
fn by_hmac(attack: &mut Attack<'_>) {
    let algorithm = if attack.has(Algorithm::RS256) { Algorithm::RS256 } else { attack.state.default_algorithm() };
    let Some(key) = attack.state.current_key(algorithm) else { return };
    let pem = key.pem();
    let secrets: [(&str, Vec<u8>); 9] = [
        ("hmac-pem", pem.clone().into_bytes()),
        ("hmac-pem-without-last-newline", pem.trim_end().as_bytes().to_vec()),
        ("hmac-pem-after-a-blank", format!(" {pem}").into_bytes()),
        ("hmac-pem-with-crlf", pem.replace('\n', "\r\n").into_bytes()),
        ("hmac-der", key.der.clone()),
        ("hmac-jwk", key.jwk().to_string().into_bytes()),
        ("hmac-raw-number", key.raw_number()),
        ("hmac-base64url-of-the-number", base64url(key.raw_number()).into_bytes()),
        ("hmac-empty-secret", Vec::new()),
    ];
    for (name, secret) in secrets {
        attack.change(name, |token| token.secret(Algorithm::HS256, secret).header("kid", key.id.clone()));
    }
    let secret = pem.as_bytes();
    attack.change("hmac-pem-without-kid", |token| token.secret(Algorithm::HS256, secret));
    attack.change("hmac-pem-hs384", |token| token.secret(Algorithm::HS384, secret).header("kid", key.id.clone()));
    attack.change("hmac-pem-hs512", |token| token.secret(Algorithm::HS512, secret).header("kid", key.id.clone()));
    attack.change("hmac-under-the-algorithm-of-the-key", |token| {
        token.secret(Algorithm::HS256, secret).header("alg", algorithm.name()).header("kid", key.id.clone())
    });
}

/// RFC 8725 section 3.1: a key serves one algorithm.
fn swapped(attack: &mut Attack<'_>) {
    let rsa = [Algorithm::RS256, Algorithm::PS256].into_iter().find(|&algorithm| attack.has(algorithm));
    if let Some(own) = rsa {
        for other in
            [Algorithm::PS256, Algorithm::PS384, Algorithm::PS512, Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]
        {
            if other != own {
                let name = format!("alg-swapped-{own}-key-signs-{other}");
                let token = attack.good().rsa_key_as(own, other).mint();
                attack.invalid(name, token);
            }
        }
    }
    let default = attack.state.default_algorithm();
    let id = attack.state.current_key(default).map(|key| key.id.clone()).unwrap_or_default();
    for name in ["ES256", "ES384", "ES512", "ES256K", "EdDSA", "HS256", "PS256", "RS256", "Ed448", "XX999"] {
        if name != default.name() {
            attack.change(&format!("alg-says-{name}"), |token| token.header("alg", name));
        }
    }
    attack.change("alg-in-lower-case", |token| token.header("alg", default.name().to_ascii_lowercase()));
    attack.change("alg-with-a-blank", |token| token.header("alg", format!("{} ", default.name())));
    attack.change("alg-rsa1_5", |token| token.header("alg", "RSA1_5"));
    let others = attack.state.keys().algorithms().to_vec();
    for other in others.into_iter().filter(|&other| other != default) {
        let name = format!("kid-of-the-{default}-key-signed-by-the-{other}-key");
        let token = attack.good().algorithm(other).header("kid", id.clone()).mint();
        attack.invalid(name, token);
    }
}

/// Signed properly, by a key that is not the issuer's, under the name of one that is; and signatures of other tokens.
fn by_somebody_else(attack: &mut Attack<'_>) {
    let algorithms = attack.state.keys().algorithms().to_vec();
    for algorithm in algorithms {
        let token = attack.good().forged(algorithm).mint();
        attack.invalid(format!("forged-{algorithm}"), token);
    }
    let default = attack.state.default_algorithm();
    attack.change("forged-without-kid", |token| token.forged(default).without_header("kid"));
    attack.change("forged-with-an-unknown-kid", |token| token.forged(default).header("kid", "nobody-knows"));
    attack
        .change("forged-and-expired", |token| token.forged(default).expired_ago(std::time::Duration::from_secs(3_600)));

    let (one, other) = (attack.good().mint(), attack.good().claim("sub", "mallory").mint());
    let ([header, payload, signature], [_, other_payload, other_signature]) = (parts(&one), parts(&other));
    attack.invalid("payload-exchanged", format!("{header}.{other_payload}.{signature}"));
    attack.invalid("signature-exchanged", format!("{header}.{payload}.{other_signature}"));
    let other_header = base64url(attack.good().typ("JWT").header_bytes());
    attack.invalid("header-exchanged", format!("{other_header}.{payload}.{signature}"));
}
