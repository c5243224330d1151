//! One token, one spelling: the number of parts, base64url, and what surrounds them.

use super::attack::{Attack, parts, signed};
use crate::credentials::BearerToken;
use crate::test_kit::keys::base64url;

pub(super) fn forge(attack: &mut Attack<'_>) {
    parts_too_many_or_few(attack);
    lenient_base64(attack);
    around(attack);
    too_long(attack);
}

/// RFC 7515 section 7.1
fn parts_too_many_or_few(attack: &mut Attack<'_>) {
    let token = attack.good().mint();
    let [header, payload, signature] = parts(&token);
    let tokens = [
        ("parts-none", ".".to_owned()),
        ("parts-three-empty", "..".to_owned()),
        ("parts-five-empty", "....".to_owned()),
        ("parts-one", header.to_owned()),
        ("parts-two", format!("{header}.{payload}")),
        ("parts-four", format!("{token}.{signature}")),
        ("parts-with-a-dot-behind", format!("{token}.")),
        ("parts-with-a-dot-before", format!(".{token}")),
        ("parts-with-two-dots-inside", format!("{header}..{payload}.{signature}")),
        ("parts-without-header", format!(".{payload}.{signature}")),
        ("parts-swapped", format!("{payload}.{header}.{signature}")),
        ("parts-8000-dots", ".".repeat(8_000)),
        ("parts-token-twice", format!("{token}.{token}")),
    ];
    for (name, token) in tokens {
        attack.invalid(name, token);
    }
    let json = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#);
    attack.malformed("json-serialisation", json);
    let general =
        format!(r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#);
    attack.invalid("json-serialisation-in-base64url", base64url(general));
}

/// RFC 7515 section 2: no padding, no blanks, no other alphabet; and unused bits are zero, or one token had two
/// spellings.
fn lenient_base64(attack: &mut Attack<'_>) {
    let token = attack.good().mint();
    let [header, payload, signature] = parts(&token);
    attack.invalid("base64-padding-behind", format!("{token}=="));
    attack.invalid("base64-four-equals-behind", format!("{token}===="));
    attack.malformed("base64-padding-of-the-header", format!("{header}=.{payload}.{signature}"));
    attack.malformed("base64-padding-of-the-payload", format!("{header}.{payload}==.{signature}"));
    attack.malformed("base64-blank-inside", format!("{header}.{payload} .{signature}"));
    attack.malformed("base64-tab-inside", format!("{header}.\t{payload}.{signature}"));
    attack.malformed("percent-encoded-dots", token.replace('.', "%2E"));
    attack.malformed("percent-encoded-letter", format!("%65{}", token.split_at(1).1));

    // Both alphabets differ in two characters, which not every signature has.
    let with_both = (0..64).map(|_| attack.good().mint()).find(|token| parts(token)[2].contains(['-', '_']));
    if let Some(token) = with_both {
        let [header, payload, signature] = parts(&token);
        let other = signature.replace('-', "+").replace('_', "/");
        attack.invalid("base64-with-the-other-alphabet", format!("{header}.{payload}.{other}"));
    }
    // Signed as they are spelled, so that nothing but the spelling is wrong.
    let signer = attack.good();
    let padded = ["", "0", "00"].map(|more| attack.good().claim("more", more));
    let spelled =
        padded.iter().map(|token| base64url(token.payload_bytes())).find(|text| !text.len().is_multiple_of(4));
    if let Some(payload) = spelled.and_then(|payload| with_unused_bits(&payload)) {
        attack.invalid("base64-unused-bits-of-the-payload", signed(&signer, &format!("{header}.{payload}")));
    }
    let headers = ["", "0", "00"].map(|more| attack.good().header("more", more));
    let spelled =
        headers.iter().map(|token| base64url(token.header_bytes())).find(|text| !text.len().is_multiple_of(4));
    if let Some(header) = spelled.and_then(|header| with_unused_bits(&header)) {
        attack.invalid("base64-unused-bits-of-the-header", signed(&signer, &format!("{header}.{payload}")));
    }
    if let Some(other) = with_unused_bits(signature) {
        attack.invalid("base64-unused-bits-of-the-signature", format!("{header}.{payload}.{other}"));
    }
    attack.invalid("base64-of-a-length-that-none-has", format!("{header}.{payload}.{signature}AAA"));
}

/// The same bytes, spelled with a bit that stands for nothing; none where every bit stands for something.
fn with_unused_bits(text: &str) -> Option<String> {
    let last = text.chars().last().filter(|_| !text.len().is_multiple_of(4))?;
    let index = ALPHABET.find(last)?;
    let other = ALPHABET.chars().nth(index + 1)?;
    Some(format!("{}{other}", text.strip_suffix(last)?))
}

/// RFC 6750 section 2.1
fn around(attack: &mut Attack<'_>) {
    let token = attack.good().mint();
    attack.malformed("nothing", "");
    attack.malformed("percent-sign", "%");
    attack.malformed("two-tokens", format!("{token} {token}"));
    attack.malformed("two-tokens-with-a-comma", format!("{token}, Bearer {token}"));
    attack.malformed("in-quotes", format!("\"{token}\""));
    attack.malformed("with-a-parameter", format!("{token};charset=utf-8"));
    attack.malformed("exclamation-mark-behind", format!("{token}!"));
    attack.malformed("letter-outside-ascii", format!("{token}\u{e9}"));
    attack.malformed("only-equals", "==");
    attack.invalid("letter-behind", format!("{token}A"));
    attack.invalid("tilde-behind", format!("{token}~"));
    attack.invalid("slash-behind", format!("{token}/"));
    attack.invalid("scheme-in-the-token", format!("Bearer.{token}"));
}

/// Limits come before work.
fn too_long(attack: &mut Attack<'_>) {
    for (name, length) in [("longer-by-one-byte", BearerToken::DEFAULT_MAX_LENGTH + 1), ("of-64-kib", 64 * 1024)] {
        if let Some(token) = of_length(attack, length) {
            attack.malformed(name, token);
        }
    }
    attack.malformed("of-64-kib-of-dots", ".".repeat(64 * 1024));
}

/// A genuine token of exactly so many characters.
fn of_length(attack: &Attack<'_>, length: usize) -> Option<String> {
    super::genuine::of_length(|| attack.good(), length)
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
