//! The client's side of Digest, computed apart from the crate.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fmt::Write as _;

use http::{HeaderValue, Request};
use sha2::{Digest as _, Sha256};

use super::stack::Parsed;

/// What a client sends, before it is signed.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) method: &'static str,
    pub(crate) uri: String,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) opaque: String,
    pub(crate) count: u32,
    pub(crate) cnonce: &'static str,
}

impl Login {
    /// Answers a challenge for `GET /`.
    pub(crate) fn answering(challenge: &Parsed, name: &str, password: &str) -> Self {
        let value = |name| challenge.get(name).unwrap().to_owned();
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            method: "GET",
            uri: String::from("/"),
            realm: value("realm"),
            nonce: value("nonce"),
            opaque: value("opaque"),
            count: 1,
            cnonce: "0a4f113b",
        }
    }

    fn ha1(&self) -> String {
        sha256(&format!("{}:{}:{}", self.name, self.realm, self.password))
    }

    /// The response for `method`, which is empty for the server's proof.
    pub(crate) fn response(&self, method: &str) -> String {
        let Self { nonce, count, cnonce, uri, .. } = self;
        let ha2 = sha256(&format!("{method}:{uri}"));
        sha256(&format!("{}:{nonce}:{count:08x}:{cnonce}:auth:{ha2}", self.ha1()))
    }

    /// The response in the form of RFC 2069.
    pub(crate) fn response_without_qop(&self) -> String {
        sha256(&format!("{}:{}:{}", self.ha1(), self.nonce, sha256(&format!("{}:{}", self.method, self.uri))))
    }

    /// The credentials, signed; then parameters are changed as they stand in the field, added, or left out where empty.
    pub(crate) fn field_with(&self, changes: &[(&str, &str)]) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let mut parameters: Vec<(&str, String)> = vec![
            ("username", quoted(&self.name)),
            ("realm", quoted(&self.realm)),
            ("nonce", quoted(&self.nonce)),
            ("uri", quoted(&self.uri)),
            ("response", quoted(&self.response(self.method))),
            ("algorithm", String::from("SHA-256")),
            ("cnonce", quoted(self.cnonce)),
            ("opaque", quoted(&self.opaque)),
            ("qop", String::from("auth")),
            ("nc", format!("{:08x}", self.count)),
        ];
        for &(name, value) in changes {
            match parameters.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => value.clone_into(own),
                None => parameters.push((name, value.to_owned())),
            }
        }
        let mut field = String::from("Digest ");
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            let comma = if field.ends_with(' ') { "" } else { ", " };
            write!(field, "{comma}{name}={value}").unwrap();
        }
        field
    }

    pub(crate) fn field(&self) -> String {
        self.field_with(&[])
    }

    /// The request that was signed.
    pub(crate) fn request(&self) -> Request<()> {
        self.request_with(&[])
    }

    pub(crate) fn request_with(&self, changes: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(self.method).uri(&self.uri).body(()).unwrap();
        let field = HeaderValue::from_bytes(self.field_with(changes).as_bytes()).unwrap();
        request.headers_mut().insert("authorization", field);
        request
    }

    /// The same with the next count.
    pub(crate) fn next(&self) -> Self {
        Self { count: self.count + 1, ..self.clone() }
    }
}

pub(crate) fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
