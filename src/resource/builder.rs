//! The description of a resource: checked as a whole, and rendered once.

use super::metadata::{Parts, ProtectedResource};
use super::url::Url;
use crate::error::{ConfigError, ConfigFault};
use crate::names::{Names, is_scope_token};
use crate::response::{Challenge, json};

/// A [`ProtectedResource`] in the making.
///
/// ```
/// use portcullis::resource::ProtectedResource;
///
/// let resource = ProtectedResource::builder("https://api.example/orders")
///     .authorization_server("https://id.example")
///     .scopes(["orders:read", "orders:write"])
///     .name("Orders")
///     .documentation("https://api.example/docs")
///     .build()?;
///
/// let error = ProtectedResource::builder("http://api.example#top").build().unwrap_err();
/// assert_eq!(error.faults().len(), 2, "not https, and nobody who issues tokens for it");
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ProtectedResourceBuilder {
    identifier: String,
    authorization_servers: Vec<String>,
    scopes: Vec<String>,
    challenge_scopes: Option<Vec<String>>,
    /// The member's name and its address.
    links: Vec<(&'static str, String)>,
    name: Option<String>,
    signing_algorithms: Vec<String>,
    allow_http_loopback: bool,
}

impl ProtectedResourceBuilder {
    pub(super) const fn new(identifier: String) -> Self {
        Self {
            identifier,
            authorization_servers: Vec::new(),
            scopes: Vec::new(),
            challenge_scopes: None,
            links: Vec::new(),
            name: None,
            signing_algorithms: Vec::new(),
            allow_http_loopback: false,
        }
    }

    /// Adds an authorization server whose tokens are accepted, by its issuer identifier: exactly the text that tokens carry
    /// as `iss`. Required at least once; clients try the first.
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// The scopes that there are to ask for, `scopes_supported`. Default: none are told. `offline_access` is none of them:
    /// it asks for a refresh token, which is between the client and its authorization server.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes that a client without a token is advised to ask for at first, in the challenge of a 401. Default: all of
    /// [`scopes`](Self::scopes). Fewer are better: a 403 asks for what else a request needs, when it needs it.
    pub fn challenge_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.challenge_scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The name that people are shown, `resource_name`. Default: none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The address of a page for developers, `resource_documentation`. Default: none.
    pub fn documentation(self, url: impl Into<String>) -> Self {
        self.link("resource_documentation", url.into())
    }

    /// The address of a page that says what may be done with the data, `resource_policy_uri`. Default: none.
    pub fn policy(self, url: impl Into<String>) -> Self {
        self.link("resource_policy_uri", url.into())
    }

    /// The address of the terms of service, `resource_tos_uri`. Default: none.
    pub fn terms_of_service(self, url: impl Into<String>) -> Self {
        self.link("resource_tos_uri", url.into())
    }

    /// The address of the resource's own public keys, `jwks_uri`, if it signs its answers. Default: none.
    pub fn jwks_uri(self, url: impl Into<String>) -> Self {
        self.link("jwks_uri", url.into())
    }

    /// The algorithms by which the resource signs its answers, `resource_signing_alg_values_supported`. Default: none are
    /// told.
    pub fn signing_algorithms<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.signing_algorithms = names.into_iter().map(Into::into).collect();
        self
    }

    /// Allows addresses with `http` whose host is 127.0.0.0/8 or `[::1]`, for tests and development. Default: https only.
    ///
    /// # Security
    ///
    /// Nothing that leaves the machine may be configured so: whoever can change the document on its way chooses where users
    /// log in.
    pub const fn danger_allow_http_loopback(mut self) -> Self {
        self.allow_http_loopback = true;
        self
    }

    fn link(mut self, member: &'static str, url: String) -> Self {
        self.links.retain(|(other, _)| *other != member);
        self.links.push((member, url));
        self
    }

    /// The resource.
    ///
    /// # Errors
    ///
    /// Lists every fault at once: an address that is no https URL in its usual spelling, an identifier with a query or a
    /// fragment, no authorization server, a scope that RFC 6749 does not allow or that is `offline_access`, scopes or an
    /// identifier too long for a challenge, a blank name, the algorithm `none`.
    pub fn build(self) -> Result<ProtectedResource, ConfigError> {
        let mut faults = Vec::new();
        let metadata = match Url::identifier(&self.identifier, self.allow_http_loopback) {
            // Only the slash alone is removed; one behind a path belongs to it.
            Ok(Url { origin, path }) => Some((origin, if path == "/" { "" } else { path })),
            Err(problem) => {
                faults.push(ConfigFault::new("resource", problem));
                None
            }
        };
        self.collect_faults(&mut faults);
        let challenge_scopes = self.challenge_scopes.as_ref().unwrap_or(&self.scopes);
        let challenge_scope = names(challenge_scopes).to_scope();
        if challenge_scope.len() > Challenge::MAX_VALUE {
            faults.push(ConfigFault::new(
                "challenge_scopes",
                "do not fit in a challenge of 1024 bytes; advise fewer to ask for",
            ));
        }
        let (origin, path) = metadata.unwrap_or_default();
        let metadata_url = [origin, WELL_KNOWN, path].concat();
        if metadata_url.len() > Challenge::MAX_VALUE {
            faults.push(ConfigFault::new("resource", "does not fit in a challenge of 1024 bytes; shorten its path"));
        }
        let parts = Parts {
            path_at: origin.len(),
            metadata_url,
            challenge_scope,
            json: self.json(),
            identifier: self.identifier,
        };
        ConfigError::unless_empty(faults, ProtectedResource::new(parts))
    }

    fn collect_faults(&self, faults: &mut Vec<ConfigFault>) {
        if self.authorization_servers.is_empty() {
            faults.push(ConfigFault::new(
                "authorization_servers",
                "there are none, so nobody could get a token; add one",
            ));
        }
        for issuer in &self.authorization_servers {
            if let Err(problem) = Url::identifier(issuer, self.allow_http_loopback) {
                faults.push(ConfigFault::new(format!("authorization_server {issuer:?}"), problem));
            }
        }
        for (member, url) in &self.links {
            if let Err(problem) = Url::link(url, self.allow_http_loopback) {
                faults.push(ConfigFault::new(*member, problem));
            }
        }
        let challenge_scopes = self.challenge_scopes.iter().flatten().map(|name| ("challenge_scopes", name));
        for (setting, name) in self.scopes.iter().map(|name| ("scopes", name)).chain(challenge_scopes) {
            faults.extend(scope_problem(name).map(|problem| ConfigFault::new(setting, format!("{name:?} {problem}"))));
        }
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            faults.push(ConfigFault::new("name", "is blank; say what people call the resource, or leave it out"));
        }
        for name in &self.signing_algorithms {
            if name.eq_ignore_ascii_case("none") || name.trim().is_empty() {
                let problem = format!("{name:?} signs nothing (RFC 9728 section 2); leave it out");
                faults.push(ConfigFault::new("signing_algorithms", problem));
            }
        }
    }

    fn json(&self) -> String {
        let mut json = String::from("{");
        push_text(&mut json, "resource", &self.identifier);
        push_list(&mut json, "authorization_servers", &self.authorization_servers);
        push_list(&mut json, "scopes_supported", &self.scopes);
        // What our `Bearer` reads: never a query, never a form.
        push_list(&mut json, "bearer_methods_supported", &["header".to_owned()]);
        push_list(&mut json, "resource_signing_alg_values_supported", &self.signing_algorithms);
        if let Some(name) = &self.name {
            push_text(&mut json, "resource_name", name);
        }
        for (member, url) in &self.links {
            push_text(&mut json, member, url);
        }
        json.push('}');
        json
    }
}

fn scope_problem(name: &str) -> Option<&'static str> {
    match name {
        "offline_access" => Some(
            "asks for a refresh token, which opens nothing here and which clients ask for by themselves (MCP, \
             authorization, refresh tokens); leave it out",
        ),
        name if is_scope_token(name) => None,
        _ => Some(
            "is no OAuth scope (RFC 6749 section 3.3): one or more printable ASCII characters except blank, \" and \\",
        ),
    }
}

/// Each once, in their order.
fn names(texts: &[String]) -> Names {
    let mut names = Names::default();
    texts.iter().for_each(|text| names.push_new(text));
    names
}

fn push_member(json: &mut String, name: &str) {
    if !json.ends_with('{') {
        json.push(',');
    }
    json::push_text(json, name);
    json.push(':');
}

fn push_text(json: &mut String, name: &str, value: &str) {
    push_member(json, name);
    json::push_text(json, value);
}

/// A list without members is left out (RFC 9728 section 3.2).
fn push_list(json: &mut String, name: &str, values: &[String]) {
    if !values.is_empty() {
        push_member(json, name);
        json::push_list(json, names(values).iter());
    }
}

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
