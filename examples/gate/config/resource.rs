//! `[resource]`: what clients are told who need a token (RFC 9728).

use portcullis::resource::ProtectedResource;

use super::section::Section;

/// Reads `[resource]`.
pub(crate) fn read(mut section: Section<'_>) -> Option<ProtectedResource> {
    section.need("resource", "it is the address that clients call this service by, as in \"https://api.example\"");
    section.need("authorization_servers", "name the issuers that clients get a token from");
    let resource = section.text("resource");
    let servers = section.names("authorization_servers");
    let scopes = section.names("scopes");
    let resource = resource.zip(servers).and_then(|(resource, servers)| {
        let builder = ProtectedResource::builder(resource).scopes(scopes.unwrap_or_default());
        let builder = servers.into_iter().fold(builder, |builder, server| builder.authorization_server(server));
        builder
            .build()
            .map_err(|error| {
                for fault in error {
                    let key = match fault.setting() {
                        "authorization_server" => "authorization_servers",
                        "scopes" => "scopes",
                        _ => "resource",
                    };
                    section.fault(key, fault.problem());
                }
            })
            .ok()
    });
    section.close();
    resource
}
