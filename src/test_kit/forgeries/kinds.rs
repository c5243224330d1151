//! Tokens of other kinds, by the same issuer and signed with the same key (RFC 8725 section 3.12).

use serde_json::json;

use super::attack::Attack;

/// Kinds that their claims give away.
pub(super) fn forge(attack: &mut Attack<'_>) {
    let own = attack.audience;
    attack.change("kind-id-token", |token| {
        token.typ("JWT").claim("nonce", "n-0S6_WzA2Mj").claim("auth_time", 0).without("scope")
    });
    attack.change("kind-id-token-with-at_hash", |token| token.typ("JWT").claim("at_hash", "MTIzNDU2Nzg5MDEyMzQ1Ng"));
    attack.change("kind-id-token-as-at+jwt", |token| token.claim("nonce", "n-0S6_WzA2Mj"));
    attack.change("kind-logout-token", |token| {
        let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        token.typ("logout+jwt").claim("events", event).session_id("session-1").without("scope")
    });
    attack.change("kind-logout-token-without-type", |token| token.without_header("typ").claim("events", json!({})));
    attack.change("kind-security-event", |token| {
        let event = json!({"https://schemas.openid.net/secevent/risc/event-type/account-disabled": {}});
        token.typ("secevent+jwt").claim("events", event)
    });
    attack.change("kind-introspection-answer", |token| {
        let answer = json!({"active": true, "sub": "alice", "aud": own, "scope": "orders:read"});
        token.typ("token-introspection+jwt").claim("token_introspection", answer).without("sub").without("exp")
    });
    // Bound to a key (RFC 7800): stolen ones are worth nothing, so without the proof they must be worth nothing.
    for (name, confirmation) in [
        ("bound-to-a-dpop-key", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
        ("bound-to-a-certificate", json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})),
        (
            "bound-to-a-jwk",
            json!({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}),
        ),
        ("bound-to-nothing", json!({})),
    ] {
        attack.change(name, |token| token.claim("cnf", confirmation));
    }
}

/// Kinds that only `typ` gives away.
pub(super) fn forge_by_type(attack: &mut Attack<'_>) {
    attack.change("kind-untyped", |token| token.without_header("typ"));
    for (name, token_type) in [
        ("kind-plain-jwt", "JWT"),
        ("kind-refresh-token", "rt+jwt"),
        ("kind-client-assertion", "client-authentication+jwt"),
        ("kind-authorization-grant", "authorization-grant+jwt"),
        ("kind-request-object", "oauth-authz-req+jwt"),
        ("kind-dpop-proof", "dpop+jwt"),
        ("kind-typ-with-more-behind", "at+jwtx"),
        ("kind-typ-with-two-slashes", "application/application/at+jwt"),
        ("kind-typ-of-another-tree", "text/at+jwt"),
        ("kind-typ-with-a-blank", "at+jwt "),
        ("kind-typ-empty", ""),
    ] {
        attack.change(name, |token| token.typ(token_type));
    }
    attack.change("kind-typ-a-list", |token| token.header("typ", json!(["at+jwt"])));
}
