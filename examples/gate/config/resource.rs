//! `[resource]`: what clients are told who need a token (RFC 9728).

use portcullis::resource::ProtectedResource;

use super::section::Section;

/// Reads `[resource]`. Its addresses may be http on this machine where `loopback` lets those of an issuer be: for tests, all
/// of it is here.
pub(crate) fn read(mut section: Section<'_>, loopback: bool) -> Option<ProtectedResource> {
    section.need("resource", "it is the address that clients call this service by, as in \"https://api.example\"");
    section.need("authorization_servers", "name the issuers that clients get a token from");
    let resource = section.text("resource");
    let servers = section.names("authorization_servers");
    let scopes = section.names("scopes");
    let resource = resource.zip(servers).and_then(|(resource, servers)| {
        let builder = ProtectedResource::builder(resource).scopes(scopes.unwrap_or_default());
        let builder = if loopback { builder.danger_allow_http_loopback() } else { builder };
        let builder = servers.into_iter().fold(builder, |builder, server| builder.authorization_server(server));
        builder
            .build()
            .map_err(|error| {
                for fault in error {
                    let place = fault.setting();
                    let named = ["authorization_server", "scopes"].into_iter().find(|name| place.starts_with(name));
                    match named {
                        Some("authorization_server") => section.fault("authorization_servers", fault.to_string()),
                        Some(key) => section.fault(key, fault.problem()),
                        None => section.fault("resource", fault.problem()),
                    }
                }
            })
            .ok()
    });
    section.close();
    resource
}
