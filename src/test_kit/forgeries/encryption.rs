//! Encrypted tokens (RFC 7516): anybody can make one with a public key, so what is inside proves nothing.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use serde_json::{Value, json};

use super::attack::Attack;
use crate::identity::jwt::Algorithm;
use crate::test_kit::keys::{SigningKey, base64url};

pub(super) fn forge(attack: &mut Attack<'_>) {
    let rsa =
        [Algorithm::RS256, Algorithm::PS256].into_iter().find_map(|algorithm| attack.state.current_key(algorithm));
    if let Some(key) = rsa {
        let inner = attack.good().header("alg", "none").without_header("kid").signature([]).mint();
        // Encryption fails only where there are no random numbers.
        if let Ok(token) = encrypted(&key, &inner) {
            attack.invalid("jwe-around-an-unsigned-token", token);
        }
        if let Ok(token) = encrypted(&key, &attack.good().mint()) {
            attack.invalid("jwe-around-a-genuine-token", token);
        }
    }
    let shapes = [
        ("jwe-pbes2-that-never-ends", {
            let salt = base64url([7; 16]);
            json!({"alg": "PBES2-HS256+A128KW", "enc": "A128CBC-HS256", "p2c": 2_147_483_647, "p2s": salt})
        }),
        ("jwe-direct", json!({"alg": "dir", "enc": "A256GCM"})),
        ("jwe-compressed", json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"})),
        ("jwe-ecdh-without-point", json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": {}})),
        ("jwe-alg-none", json!({"alg": "none", "enc": "none"})),
    ];
    for (name, header) in shapes {
        attack.invalid(name, five_parts(&header));
    }
    // A header of encryption over a token that is signed for all that: three parts, and still no JWS.
    attack.change("jwe-header-over-three-parts", |token| token.header("alg", "RSA-OAEP").header("enc", "A256GCM"));
}

/// Header, key, nonce, text and tag, the last four of the right lengths and without meaning.
fn five_parts(header: &Value) -> String {
    let parts = [header.to_string().into_bytes(), vec![1; 40], vec![2; 12], vec![3; 256], vec![4; 16]];
    parts.map(base64url).join(".")
}

/// RSA-OAEP-256 and A256GCM, for whoever holds the private half of `key`.
fn encrypted(key: &SigningKey, inner: &str) -> Result<String, Unspecified> {
    let header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "typ": "JWT", "kid": key.id});
    let header = base64url(header.to_string());
    let (mut content_key, mut nonce) = ([0; 32], [0; NONCE_LEN]);
    rand::fill(&mut content_key)?;
    rand::fill(&mut nonce)?;

    let public = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&key.der).map_err(|_| Unspecified)?)?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public.encrypt(&OAEP_SHA256_MGF1SHA256, &content_key, &mut wrapped, None)?;

    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key)?);
    let mut text = inner.as_bytes().to_vec();
    let aad = Aad::from(header.as_bytes());
    let tag = cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)?;
    let parts = [base64url(wrapped), base64url(nonce), base64url(text), base64url(tag)];
    Ok(format!("{header}.{}", parts.join(".")))
}
