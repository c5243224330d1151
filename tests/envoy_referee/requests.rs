//! What is sent. The names are those of the page.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use portcullis::test_kit::{TestIssuer, TokenBuilder};
use serde_json::json;

pub(crate) const AUDIENCE: &str = "orders-api";

/// Every request there is, by name: the catalogue of the test kit, and what is told apart here alone.
pub(crate) fn all(issuer: &TestIssuer) -> Vec<(String, HeaderMap)> {
    let genuine = issuer.genuine(AUDIENCE).into_iter().map(|good| (good.name().to_owned(), vec![good.authorization()]));
    let forged = issuer.forgeries(AUDIENCE).into_iter().map(|bad| (bad.name().to_owned(), vec![bad.authorization()]));
    let more = more_tokens(issuer).into_iter().map(|(name, token)| (name, vec![field("Bearer", &token)]));
    let presented = presented(issuer).into_iter();
    let more = more.chain(presented).map(|(name, fields)| (name.to_owned(), fields));
    genuine.chain(forged).chain(more).map(|(name, fields)| (name, header(fields))).collect()
}

/// Tokens that forgive one verifier nothing and another something.
fn more_tokens(issuer: &TestIssuer) -> Vec<(&'static str, String)> {
    let key_id = issuer.key_id(issuer.algorithms()[0]).unwrap();
    let alg = issuer.algorithms()[0].name();
    let nested = |levels| (0..levels).fold(json!(0), |inner, _| json!([inner]));
    vec![
        ("no-kid", good(issuer).without_header("kid").mint()),
        ("no-typ", good(issuer).without_header("typ").mint()),
        ("typ-a-number", good(issuer).header("typ", 7).mint()),
        ("aud-with-https-before", good(issuer).audience(format!("https://{AUDIENCE}")).mint()),
        ("header-in-apostrophes", good(issuer).raw_header(format!("{{'alg':'{alg}','kid':'{key_id}'}}")).mint()),
        ("claims-90-deep", good(issuer).claim("x", nested(90)).mint()),
        ("claims-120-deep", good(issuer).claim("x", nested(120)).mint()),
    ]
}

/// One good token, presented in other ways.
fn presented(issuer: &TestIssuer) -> Vec<(&'static str, Vec<HeaderValue>)> {
    let token = good(issuer).mint();
    let bearer = || field("Bearer", &token);
    let bad = || field("Bearer", "x");
    let basic = || field("Basic", "YTpi");
    vec![
        ("field-absent", vec![]),
        ("field-of-basic", vec![basic()]),
        ("field-without-scheme", vec![HeaderValue::try_from(&token).unwrap()]),
        ("field-in-small-letters", vec![field("bearer", &token)]),
        ("field-with-two-blanks", vec![field("Bearer ", &token)]),
        ("field-with-a-tab", vec![HeaderValue::try_from(format!("Bearer\t{token}")).unwrap()]),
        ("field-with-a-word-behind", vec![field("Bearer", &format!("{token} x"))]),
        ("field-of-basic-and-bearer", vec![field("Basic", &format!("YTpi, Bearer {token}"))]),
        ("field-of-digest-with-bearer-inside", vec![field("Digest", &format!("username=\"Bearer {token}"))]),
        ("field-twice-the-same", vec![bearer(), bearer()]),
        ("field-twice-good-and-bad", vec![bearer(), bad()]),
        ("field-twice-bad-and-good", vec![bad(), bearer()]),
        ("field-twice-good-and-basic", vec![bearer(), basic()]),
    ]
}

fn good(issuer: &TestIssuer) -> TokenBuilder<'_> {
    issuer.token("alice").audience(AUDIENCE).scope("orders:read")
}

fn field(scheme: &str, credentials: &str) -> HeaderValue {
    HeaderValue::try_from(format!("{scheme} {credentials}")).unwrap()
}

/// A header with these lines of `Authorization`.
fn header(fields: Vec<HeaderValue>) -> HeaderMap {
    fields.into_iter().map(|field| (AUTHORIZATION, field)).fold(HeaderMap::new(), |mut header, (name, field)| {
        header.append(name, field);
        header
    })
}
