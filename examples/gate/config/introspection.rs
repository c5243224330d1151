//! `[introspection]`: tokens that only their issuer can read (RFC 7662).

use portcullis::Secret;
use portcullis::identity::introspection::{ClientAuth, IntrospectionVerifier};

use super::files::{File, Files};
use super::keys::client;
use super::section::Section;
use crate::kept::Kept;

/// Reads `[introspection]`.
pub(crate) fn read(mut section: Section<'_>, files: &Files, kept: &Kept) -> Option<IntrospectionVerifier> {
    section.need("url", "it is the address that the issuer answers questions about tokens at");
    section.need("client_id", "it is what the issuer calls this service");
    section.need("client_secret_file", "name a file with the secret that the issuer gave to this service");
    section.need("audience", "name what the issuer calls this service in `aud`");
    let url = section.text("url");
    let client_id = section.text("client_id");
    let secret = files.read(&mut section, "client_secret_file").and_then(|file| read_secret(&section, file));
    let audience = section.names("audience");
    let loopback = section.flag("danger_allow_http_loopback").unwrap_or(false);
    let verifier = url.zip(client_id).zip(secret).zip(audience).and_then(|(((url, id), secret), audience)| {
        let built = client(loopback).and_then(|client| {
            IntrospectionVerifier::builder(url, ClientAuth::basic(id, secret))
                .audience(audience)
                // The contract: checked when the answer has `aud`.
                .allow_missing_audience()
                .client(client)
                .revocations(kept.revocations.clone())
                .build()
        });
        built
            .map_err(|error| {
                for fault in error {
                    let key = if fault.setting() == "audience" { "audience" } else { "url" };
                    section.fault(key, fault.problem());
                }
            })
            .ok()
    });
    section.close();
    verifier
}

fn read_secret(section: &Section<'_>, file: File) -> Option<Secret<String>> {
    let fault = |problem: &str| {
        section.fault("client_secret_file", problem);
        None
    };
    match String::from_utf8(file.into_secret()) {
        Ok(secret) if secret.trim().is_empty() => fault("is empty; write the secret that the issuer gave into it"),
        Ok(secret) => Some(Secret::new(secret)),
        Err(_) => fault("is not UTF-8; write the secret as text"),
    }
}
