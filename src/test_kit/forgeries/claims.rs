//! Claims that are missing, of another type, or of another time.

use std::time::Duration;

use serde_json::{Value, json};

use super::attack::Attack;
use crate::identity::jwt::Issuer;

pub(super) fn forge(attack: &mut Attack<'_>) {
    missing(attack);
    of_another_type(attack);
    at_another_time(attack);
}

fn missing(attack: &mut Attack<'_>) {
    for name in ["exp", "iss", "aud", "sub"] {
        attack.change(&format!("claims-without-{name}"), |token| token.without(name));
    }
    attack.change("claims-none", |token| token.raw_payload(*b"{}"));
}

/// Present and unreadable is an error, never absence.
fn of_another_type(attack: &mut Attack<'_>) {
    let values = [
        ("text", json!("99999999999")),
        ("word", json!("never")),
        ("null", Value::Null),
        ("true", json!(true)),
        ("a-list", json!([])),
        ("a-list-of-a-number", json!([99_999_999_999_u64])),
        ("an-object", json!({})),
        ("negative", json!(-1)),
        ("beyond-all-time", json!(1e300)),
    ];
    for claim in ["exp", "nbf", "iat"] {
        for (kind, value) in &values {
            // A time of beginning that lies far ahead is refused for what it says, whatever its form.
            attack.change(&format!("claims-{claim}-{kind}"), |token| token.claim(claim, value.clone()));
        }
        let raw = String::from_utf8_lossy(&attack.good().claim(claim, 0).payload_bytes()).into_owned();
        for (kind, text) in [("infinite", "1e999"), ("nan", "NaN"), ("with-a-zero-before", "099999999999")] {
            let payload = raw.replace(&format!("\"{claim}\":0"), &format!("\"{claim}\":{text}"));
            attack.change(&format!("claims-{claim}-{kind}"), |token| token.raw_payload(payload));
        }
    }
    for (kind, value) in [
        ("empty", json!("")),
        ("a-number", json!(1)),
        ("null", Value::Null),
        ("a-list", json!(["alice"])),
        ("an-object", json!({"id": "alice"})),
        ("true", json!(true)),
    ] {
        attack.change(&format!("claims-sub-{kind}"), |token| token.claim("sub", value));
    }
    attack.change("claims-jti-a-number", |token| token.claim("jti", 7));
    attack.change("claims-scope-and-scp-differ", |token| token.claim("scp", "admin"));
    attack.change("claims-scope-an-object", |token| token.claim("scope", json!({"orders:read": true})));
    attack.change("claims-roles-an-object", |token| token.claim("roles", json!({"admin": true})));
    attack.change("claims-auth_time-text", |token| token.claim("auth_time", "0"));
    attack.change("claims-amr-text", |token| token.claim("amr", "pwd"));
}

/// RFC 7519 sections 4.1.4 to 4.1.6, with the largest leeway that an [`Issuer`] may be given.
fn at_another_time(attack: &mut Attack<'_>) {
    let (leeway, hour) = (Issuer::MAX_LEEWAY, Duration::from_secs(3_600));
    attack.expired("expired-just-now", attack.good().expired_ago(leeway));
    attack.expired("expired-an-hour-ago", attack.good().expired_ago(hour));
    attack.expired("expired-in-1970", attack.good().claim("exp", 0));
    attack.expired("expired-with-a-fraction", {
        let end = attack.state.clock.now().as_secs().saturating_sub(leeway.as_secs() + 1);
        attack.good().claim("exp", end as f64 + 0.5)
    });
    attack.change("not-before-in-an-hour", |token| token.not_before_in(hour));
    attack.change("not-before-the-end", |token| token.not_before_in(2 * hour).expires_in(hour));
    let ahead = attack.state.clock.now().saturating_add(hour).as_secs();
    attack.change("issued-in-an-hour", |token| token.claim("iat", ahead).expires_in(2 * hour));
    attack.change("authenticated-in-an-hour", |token| token.claim("auth_time", ahead).expires_in(2 * hour));
    attack.change("expired-and-for-another", |token| token.audience("another-api").expired_ago(hour));
    attack.change("expired-and-by-another", |token| token.issuer("https://another.example").expired_ago(hour));
}
