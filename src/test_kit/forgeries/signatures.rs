//! Signatures that are no signatures: null, out of range, of another length or form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::attack::{Attack, parts};
use super::x509::signature_in_der;
use crate::identity::jwt::Algorithm;

pub(super) fn forge(attack: &mut Attack<'_>) {
    for (algorithm, order) in [(Algorithm::ES256, &ORDER_P256[..]), (Algorithm::ES384, &ORDER_P384[..])] {
        if attack.has(algorithm) {
            ecdsa(attack, algorithm, order);
        }
    }
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        if attack.has(algorithm) {
            rsa(attack, algorithm);
        }
    }
    if attack.has(Algorithm::EdDSA) {
        ed25519(attack);
    }
    let genuine = attack.good().mint();
    let mut signature = decoded(parts(&genuine)[2]);
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
    replace(attack, "signature-one-bit-flipped".to_owned(), &genuine, &signature);
    replace(attack, "signature-of-8-kib".to_owned(), &genuine, &[0xff; 8 * 1024]);
}

/// RFC 7518 section 3.4: r and s side by side, each between 1 and the order less 1.
fn ecdsa(attack: &mut Attack<'_>, algorithm: Algorithm, order: &[u8]) {
    let token = attack.good().algorithm(algorithm).mint();
    let signature = decoded(parts(&token)[2]);
    let (r, s) = signature.split_at(signature.len() / 2);
    let (zero, above) = (vec![0; r.len()], vec![0xff; r.len()]);
    let mut one = zero.clone();
    one.iter_mut().last().into_iter().for_each(|octet| *octet = 1);
    let pairs: [(&str, &[u8], &[u8]); 10] = [
        ("zero", &zero, &zero),
        ("r-zero", &zero, s),
        ("s-zero", r, &zero),
        ("r-the-order", order, s),
        ("s-the-order", r, order),
        ("both-the-order", order, order),
        ("above-the-order", &above, &above),
        ("one", &one, &one),
        ("r-and-s-exchanged", s, r),
        ("r-twice", r, r),
    ];
    for (name, r, s) in pairs {
        replace(attack, format!("signature-{algorithm}-{name}"), &token, &[r, s].concat());
    }
    replace(attack, format!("signature-{algorithm}-in-der"), &token, &signature_in_der(&signature));
    for length in [1, 63, 64, 65, 95, 96, 97, 132] {
        if length != signature.len() {
            let mut other = signature.clone();
            other.resize(length, 0);
            replace(attack, format!("signature-{algorithm}-of-{length}-bytes"), &token, &other);
        }
    }
    let padded: Vec<u8> = [&[0][..], r, &[0], s].concat();
    replace(attack, format!("signature-{algorithm}-with-zeros-before-r-and-s"), &token, &padded);
}

fn rsa(attack: &mut Attack<'_>, algorithm: Algorithm) {
    let token = attack.good().algorithm(algorithm).mint();
    let signature = decoded(parts(&token)[2]);
    let mut one = vec![0; signature.len()];
    one.iter_mut().last().into_iter().for_each(|octet| *octet = 1);
    let shorter = signature.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
    let others = [
        ("zero", vec![0; signature.len()]),
        ("one", one),
        ("above-the-modulus", vec![0xff; signature.len()]),
        ("after-a-zero", [&[0][..], &signature].concat()),
        ("before-a-zero", [&signature[..], &[0]].concat()),
        ("one-byte-shorter", shorter),
    ];
    for (name, other) in others {
        replace(attack, format!("signature-{algorithm}-{name}"), &token, &other);
    }
}

/// RFC 8032 section 5.1.7: S is below the order, or one token would have many spellings.
fn ed25519(attack: &mut Attack<'_>) {
    let token = attack.good().algorithm(Algorithm::EdDSA).mint();
    let signature = decoded(parts(&token)[2]);
    let mut shifted = signature.clone();
    let mut carry = 0;
    for (octet, more) in shifted.iter_mut().skip(32).zip(ORDER_ED25519) {
        let sum = u16::from(*octet) + u16::from(more) + carry;
        *octet = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    replace(attack, "signature-EdDSA-with-s-above-the-order".to_owned(), &token, &shifted);
    replace(attack, "signature-EdDSA-zero".to_owned(), &token, &[0; 64]);
    let mut identity = [0; 64];
    identity[0] = 1;
    replace(attack, "signature-EdDSA-the-neutral-point".to_owned(), &token, &identity);
    replace(attack, "signature-EdDSA-one-byte-longer".to_owned(), &token, &[&signature[..], &[0]].concat());
}

fn replace(attack: &mut Attack<'_>, name: String, token: &str, signature: &[u8]) {
    let [header, payload, _] = parts(token);
    attack.invalid(name, format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature)));
}

fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap_or_default()
}

/// FIPS 186-4 appendix D.1.2.3
const ORDER_P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// FIPS 186-4 appendix D.1.2.4
const ORDER_P384: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0,
    0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
/// RFC 8032 section 5.1, lowest octet first.
const ORDER_ED25519: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
