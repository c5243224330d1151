//! Issuer and audience: names that are nearly right.

use serde_json::{Value, json};

use super::attack::Attack;

pub(super) fn forge(attack: &mut Attack<'_>) {
    issuers(attack);
    audiences(attack);
    steering(attack);
}

/// RFC 8725 section 3.8: compared whole and letter for letter. All are signed by the true issuer.
fn issuers(attack: &mut Attack<'_>) {
    let own = attack.state.name.clone();
    let mut shorter = own.clone();
    shorter.pop();
    let names = [
        ("iss-another", json!("https://another.example")),
        ("iss-cut-short", json!(shorter)),
        ("iss-with-more-behind", json!(format!("{own}.another.example"))),
        ("iss-with-a-slash-behind", json!(format!("{own}/"))),
        ("iss-with-a-blank-behind", json!(format!("{own} "))),
        ("iss-after-a-blank", json!(format!(" {own}"))),
        ("iss-with-nul-behind", json!(format!("{own}\0"))),
        ("iss-in-upper-case", json!(own.to_ascii_uppercase())),
        (
            "iss-with-another-scheme",
            json!(match own.strip_prefix("http://") {
                Some(rest) => format!("https://{rest}"),
                None => own.replacen("https://", "http://", 1) + "?",
            }),
        ),
        ("iss-as-user-of-another-host", json!(format!("{own}@another.example"))),
        ("iss-with-a-fragment", json!(format!("{own}#"))),
        ("iss-up-and-down", json!(format!("{own}/x/.."))),
        ("iss-with-a-look-alike", json!(own.replace('1', "\u{ff11}").replace('e', "\u{435}"))),
        ("iss-a-list", json!([own])),
        ("iss-a-list-of-two", json!(["https://another.example", own])),
        ("iss-an-object", json!({"name": own})),
        ("iss-a-number", json!(1)),
        ("iss-null", Value::Null),
        ("iss-empty", json!("")),
    ];
    for (name, issuer) in names {
        if issuer != json!(own) {
            attack.change(name, |token| token.claim("iss", issuer));
        }
    }
}

/// RFC 7519 section 4.1.3
fn audiences(attack: &mut Attack<'_>) {
    let own = attack.audience;
    let shorter: String = own.chars().take(own.chars().count().saturating_sub(1)).collect();
    let names = [
        ("aud-another", json!("another-api")),
        ("aud-cut-short", json!(shorter)),
        ("aud-with-more-behind", json!(format!("{own}-admin"))),
        ("aud-with-a-slash-behind", json!(format!("{own}/"))),
        ("aud-with-a-blank-behind", json!(format!("{own} "))),
        ("aud-in-upper-case", json!(own.to_uppercase())),
        ("aud-several-with-blanks", json!(format!("another-api {own}"))),
        ("aud-several-with-commas", json!(format!("{own},another-api"))),
        ("aud-wildcard", json!("*")),
        ("aud-empty", json!("")),
        ("aud-empty-list", json!([])),
        ("aud-list-of-empty", json!([""])),
        ("aud-list-of-null", json!([null])),
        ("aud-list-of-others", json!(["another-api", "a-third-api"])),
        ("aud-list-of-nearly", json!(["", format!("{own} ")])),
        ("aud-list-in-a-list", json!([[own]])),
        ("aud-list-with-a-number", json!([own, 7])),
        ("aud-object", json!({"0": own})),
        ("aud-number", json!(0)),
        ("aud-true", json!(true)),
        ("aud-null", Value::Null),
    ];
    for (name, audience) in names {
        if audience != json!(own) {
            attack.change(name, |token| token.claim("aud", audience));
        }
    }
}

/// Tokens that want keys to be fetched from where they say. Nothing may go there: see
/// [`Endpoint::Trap`](crate::test_kit::Endpoint::Trap).
fn steering(attack: &mut Attack<'_>) {
    let origin = attack.state.origin.clone();
    let host = origin.trim_start_matches("http://").to_owned();
    let default = attack.state.default_algorithm();
    let trap = format!("{origin}/trap");
    attack.change("iss-steers-a-fetch", |token| token.issuer(trap.clone()).forged(default));
    attack.change("iss-steers-a-fetch-with-the-kid-there", |token| {
        token.issuer(trap.clone()).forged(default).header("kid", format!("forged-{default}"))
    });
    attack
        .change("iss-steers-a-fetch-unsigned", |token| token.issuer(trap.clone()).header("alg", "none").signature([]));
    attack.change("iss-steers-a-fetch-by-user-info", |token| {
        token.issuer(format!("https://id.example@{host}/trap")).forged(default)
    });
    attack.change("iss-steers-a-fetch-by-path", |token| token.issuer(format!("{origin}/../trap")).forged(default));
    attack.change("iss-steers-a-fetch-by-fragment", |token| token.issuer(format!("{trap}#")).forged(default));
    attack.change("tid-steers-a-fetch", |token| token.claim("tid", "../trap").forged(default));
    attack
        .change("iss-steers-a-fetch-of-cloud-metadata", |token| token.issuer("http://169.254.169.254").forged(default));
}
