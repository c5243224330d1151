//! Whatever stands in an `Authorization` field: nothing panics, and what is read can be written again to the same bytes.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use portcullis::credentials::{
    ApiKey, Authorization, BasicCredentials, BearerToken, DigestAlgorithm, DigestCredentials, DigestName, SessionId,
    Unreadable,
};
use portcullis::identity::digest_access::Ha1;

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    let lines: Vec<HeaderValue> =
        data.split(|&byte| byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    for line in &lines {
        headers.append(AUTHORIZATION, line.clone());
        one(line);
    }
    let read = Authorization::from_headers(&headers);
    match lines.as_slice() {
        [] => assert!(matches!(read, Ok(None))),
        [line] => assert_eq!(read.is_ok(), Authorization::parse(line).is_ok()),
        _ => assert!(matches!(read, Err(Unreadable::Ambiguous))),
    }
});

fn one(line: &HeaderValue) {
    let Ok(field) = Authorization::parse(line) else { return };
    let scheme = field.scheme();
    assert!(line.as_bytes().starts_with(scheme.as_bytes()));
    assert!(field.is(&scheme.to_ascii_uppercase()));

    let token = field.token68();
    if let Ok(token) = token {
        assert!(line.as_bytes().ends_with(token.as_bytes()));
        let between = &line.as_bytes()[scheme.len()..line.len() - token.len()];
        assert!(!between.is_empty() && between.iter().all(|&byte| byte == b' '));
        if let Ok(id) = SessionId::parse(token) {
            assert_eq!(id.encode().expose().as_str(), token);
        }
        if let Ok(key) = ApiKey::parse(token) {
            assert_eq!(key.expose(), token);
            assert!(token.starts_with(key.id()) && key.id().starts_with(key.prefix()));
            assert_eq!(token.len(), key.prefix().len() + 53);
        }
    }

    if let Ok(credentials) = BasicCredentials::from_authorization(&field) {
        let (name, password) = (credentials.username(), credentials.expose_password());
        assert!(!name.is_empty() && !name.contains(':') && !password.is_empty());
        assert!(name.len() <= BasicCredentials::MAX_USERNAME && password.len() <= BasicCredentials::MAX_PASSWORD);
        assert_eq!(Ok(BASE64_STANDARD.encode(format!("{name}:{password}")).as_str()), token);
        let again = BasicCredentials::new(name, password).expect("what was read can be made");
        assert_eq!((again.username(), again.expose_password()), (name, password));
    }

    let limit = usize::from(line.as_bytes()[0]);
    match BearerToken::from_header(line, limit) {
        Ok(bearer) => {
            assert!(field.is("bearer") && bearer.expose().len() <= limit);
            assert_eq!(Ok(bearer.expose()), token);
            assert_eq!(BearerToken::new(bearer.expose()).expect("a token68").expose(), bearer.expose());
        }
        Err(_) => assert!(!field.is("bearer") || token.map_or(true, |token| token.len() > limit)),
    }

    digest(&field);
    parameters(scheme, &field);
}

/// Nothing that a stranger writes is proven by a password that the stranger does not know, or for any target.
fn digest(field: &Authorization<'_>) {
    let Ok(credentials) = DigestCredentials::from_authorization(field) else { return };
    let (DigestName::Plain(name) | DigestName::Hashed(name)) = credentials.name();
    assert!(!name.is_empty() && name.len() <= DigestCredentials::MAX_NAME);
    assert!(credentials.nonce().len() <= DigestCredentials::MAX_NONCE);
    assert!(credentials.count().is_none() || !credentials.is_rfc2069());
    for algorithm in DigestAlgorithm::ALL {
        assert!(!Ha1::new(algorithm, name, credentials.realm(), "unknown").proves(&credentials, "GET"));
    }
    let request = http::Request::get("/asked?for=this").header("host", "api.example").body(()).expect("a request");
    let is_for = credentials.is_for(&request.into_parts().0);
    assert!(!is_for || credentials.uri().ends_with("/asked?for=this"));
}

/// Parameters that were read are written in one canonical way, and two readers agree on what that says.
fn parameters(scheme: &str, field: &Authorization<'_>) {
    let Ok(pairs) = field.parameters().collect::<Result<Vec<_>, _>>() else { return };
    if pairs.is_empty() {
        return;
    }
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
    let written: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    let text = format!("{scheme} {}", written.join(", "));
    let value = HeaderValue::from_bytes(text.as_bytes()).expect("a quoted string is a header value");

    let again = Authorization::parse(&value).expect("we read what we write");
    let ours: Vec<_> = again.parameters().collect::<Result<_, _>>().expect("we read what we write");
    assert_eq!(ours, pairs);

    // The other reader leaves out what RFC 9110 calls obs-text, which here is UTF-8.
    if !text.is_ascii() {
        return;
    }
    let theirs = http_auth::parse_challenges(&text).expect("others read what we write");
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].scheme, scheme);
    let theirs: Vec<_> = theirs[0].params.iter().map(|(name, value)| (*name, value.to_unescaped())).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.to_string())).collect();
    assert_eq!(theirs, pairs);
}
