//! What a header may ask for: keys of its own, names of keys, extensions.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::attack::{Attack, parts};
use super::x509::self_signed;
use crate::identity::jwt::Algorithm;
use crate::test_kit::forger;
use crate::test_kit::keys::base64url;

pub(super) fn forge(attack: &mut Attack<'_>) {
    keys(attack);
    key_ids(attack);
    extensions(attack);
}

/// RFC 7515 section 10.3, RFC 8725 section 3.10: keys and addresses in a header earn no trust.
fn keys(attack: &mut Attack<'_>) {
    let algorithm = attack.state.default_algorithm();
    let own_id = attack.state.current_key(algorithm).map(|key| key.id.clone()).unwrap_or_default();
    let Some(key) = forger::key(algorithm) else { return };
    let jwk = key.jwk();

    let tokens = [
        ("jwk-embedded-without-kid", attack.forged().header("jwk", jwk.clone()).without_header("kid")),
        ("jwk-embedded-with-its-kid", attack.forged().header("jwk", jwk.clone()).header("kid", key.id.clone())),
        ("jwk-embedded-with-the-trusted-kid", attack.forged().header("jwk", jwk.clone())),
        (
            "jwk-embedded-named-as-the-trusted-key",
            attack.forged().header("jwk", {
                let mut renamed = jwk;
                renamed["kid"] = json!(own_id);
                renamed
            }),
        ),
    ];
    for (name, token) in tokens {
        attack.invalid(name, token.mint());
    }

    let trap = format!("{}/trap/jwks", attack.state.origin);
    let data = format!("data:application/json;base64,{}", STANDARD.encode(forger::key_set()));
    for member in ["jku", "x5u"] {
        for (kind, address) in [("loopback", trap.as_str()), ("file", "file:///dev/zero"), ("data", &data)] {
            let token = attack.forged().header(member, address).header("kid", key.id.clone()).mint();
            attack.invalid(format!("{member}-{kind}"), token);
        }
        let token = attack.forged().header(member, trap.as_str()).mint();
        attack.invalid(format!("{member}-loopback-with-the-trusted-kid"), token);
    }

    if let Some(certificate) = self_signed() {
        let chain = json!([STANDARD.encode(&certificate)]);
        let forged = || attack.good().forged(Algorithm::ES256);
        let by_chain = forged().header("x5c", chain.clone()).without_header("kid").mint();
        let with_kid = forged().header("x5c", chain).header("kid", own_id).mint();
        attack.invalid("x5c-self-signed", by_chain);
        attack.invalid("x5c-self-signed-with-the-trusted-kid", with_kid);
    }
    if let Some(trusted) = attack.state.current_key(algorithm) {
        let thumbprint = base64url(digest::digest(&digest::SHA256, &trusted.der));
        let token = attack.forged().header("x5t#S256", thumbprint).without_header("kid").mint();
        attack.invalid("x5t-of-the-trusted-key", token);
    }
}

/// RFC 8725 section 3.10: a `kid` is compared, whole, and nothing else is done with it. All of these are signed by the
/// issuer, so only the name of the key is wrong.
fn key_ids(attack: &mut Attack<'_>) {
    let own = attack.state.current_key(attack.state.default_algorithm()).map(|key| key.id.clone()).unwrap_or_default();
    let texts = [
        ("kid-empty", String::new()),
        ("kid-unknown", "nobody-knows".to_owned()),
        ("kid-in-lower-case", own.to_ascii_lowercase()),
        ("kid-cut-short", own.split_at(own.len() / 2).0.to_owned()),
        ("kid-with-more-behind", format!("{own}0")),
        ("kid-with-a-blank", format!("{own} ")),
        ("kid-with-nul", format!("{own}\0")),
        ("kid-with-line-break", format!("{own}\r\nX-Injected: 1")),
        ("kid-with-escape-sequence", format!("\u{1b}[2J{own}")),
        ("kid-path", "../../../../../../dev/null".to_owned()),
        ("kid-sql", format!("{own}' OR '1'='1")),
        ("kid-shell", "$(id)".to_owned()),
        ("kid-wildcard", "*".to_owned()),
        ("kid-of-8-kib", "k".repeat(8 * 1024)),
    ];
    for (name, id) in texts {
        attack.change(name, |token| token.header("kid", id));
    }
    let others = [
        ("kid-a-number", json!(1)),
        ("kid-a-list", json!([own])),
        ("kid-an-object", json!({"kid": own})),
        ("kid-null", Value::Null),
        ("kid-true", json!(true)),
    ];
    for (name, id) in others {
        attack.change(name, |token| token.header("kid", id));
    }
    // Whoever reads a key from the file that `kid` names finds an empty secret there.
    attack.change("kid-path-to-an-empty-secret", |token| {
        token.secret(Algorithm::HS256, []).header("kid", "../../../../../../dev/null")
    });
}

/// RFC 7515 section 4.1.11, RFC 7797 section 7: extensions that must be understood, in any form, and an unencoded
/// payload.
fn extensions(attack: &mut Attack<'_>) {
    let forms = [
        ("crit-unknown-and-present", json!(["x"])),
        ("crit-unknown-and-absent", json!(["y"])),
        ("crit-empty", json!([])),
        ("crit-names-exp", json!(["exp"])),
        ("crit-names-alg", json!(["alg"])),
        ("crit-repeats", json!(["x", "x"])),
        ("crit-text", json!("x")),
        ("crit-null", Value::Null),
        ("crit-of-numbers", json!([1])),
        ("crit-an-object", json!({"x": 1})),
    ];
    for (name, form) in forms {
        attack.change(name, |token| token.header("crit", form).header("x", 1));
    }
    // The payload is then its own text: what is signed is the same either way.
    attack.change("b64-false-demanded", |token| token.header("b64", false).header("crit", json!(["b64"])));
    attack.change("b64-false-not-demanded", |token| token.header("b64", false));
    attack.change("b64-true-demanded", |token| token.header("b64", true).header("crit", json!(["b64"])));
    let token = attack.good().mint();
    let [header, _, signature] = parts(&token);
    attack.invalid("payload-detached", format!("{header}..{signature}"));
    attack.change("zip-in-a-signed-token", |token| token.header("zip", "DEF"));
    attack.change("enc-in-a-signed-token", |token| token.header("enc", "A256GCM"));
}
