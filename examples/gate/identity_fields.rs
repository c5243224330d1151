//! The fields that tell a server behind a proxy who is asking: `X-Auth-Subject` and its like.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use hyper::http::HeaderValue;
use portcullis::Identity;
use portcullis::identity::Names;

const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
const ISSUER: HeaderName = HeaderName::from_static("x-auth-issuer");
const SCHEME: HeaderName = HeaderName::from_static("x-auth-scheme");
const SCOPES: HeaderName = HeaderName::from_static("x-auth-scopes");
const ROLES: HeaderName = HeaderName::from_static("x-auth-roles");

/// All of them.
pub(crate) const NAMES: [HeaderName; 5] = [SUBJECT, ISSUER, SCHEME, SCOPES, ROLES];

/// Writes all of them, empty where there is nothing: one that was left out would leave a client's own standing in a proxy
/// that only overwrites.
pub(crate) fn write(identity: &Identity, headers: &mut HeaderMap) {
    let told = [
        (SUBJECT, encode(identity.subject())),
        (ISSUER, encode(identity.issuer())),
        (SCHEME, scheme(identity)),
        (SCOPES, list(identity.scopes())),
        (ROLES, list(identity.roles())),
    ];
    for (name, text) in told {
        // Nothing but visible ASCII and blanks is left.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// Whether some reader could take a field of this name for one of these.
pub(crate) fn is_one(name: &HeaderName) -> bool {
    NAMES.iter().any(|own| spells(name, own))
}

/// Whether `name` becomes `meant` where a server writes fields as variables, and makes `_` of all that is neither letter
/// nor digit. Names have no capitals here.
pub(crate) fn spells(name: &HeaderName, meant: &HeaderName) -> bool {
    let [name, meant] = [name, meant].map(|name| name.as_str().as_bytes());
    let alike = |(one, other): (&u8, &u8)| one == other || *other == b'-' && !one.is_ascii_alphanumeric();
    name.len() == meant.len() && name.iter().zip(meant).all(alike)
}

/// As the configuration calls it.
pub(crate) fn scheme(identity: &Identity) -> String {
    match identity.scheme() {
        "ApiKey" => String::from("api_key"),
        other => other.to_ascii_lowercase(),
    }
}

fn list(names: &Names) -> String {
    names.iter().map(encode).collect::<Vec<_>>().join(" ")
}

/// Percent-encoded where it is not visible ASCII, or `%`: no two texts become one.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(hex));
        }
    }
    encoded
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}
