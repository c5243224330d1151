//! Whom a call may reach, and whose certificates it believes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::address::{Address, Loopback};
use crate::error::{ConfigError, ConfigFault};

/// Asks issuers over https. Clones share their connections.
///
/// It believes the certificate authorities of the Mozilla list, and those added. TLS 1.2 and 1.3, HTTP/1.1. Redirects are
/// not followed, and proxies of the environment are not used.
///
/// ```
/// use portcullis::outbound::Client;
///
/// # let pem = rcgen::generate_simple_self_signed(["id.corp.example".to_owned()]).unwrap().cert.pem();
/// let client = Client::builder().root_certificates(&pem).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Client {
    pub(super) http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    loopback: Loopback,
}

impl Client {
    /// A client in the making.
    pub fn builder() -> ClientBuilder {
        ClientBuilder { roots: Vec::new(), loopback: Loopback::Refused }
    }

    /// Looks at an address, which a call needs.
    pub(crate) fn address(&self, text: &str) -> Result<Address, &'static str> {
        Address::parse(text, self.loopback)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}

/// A [`Client`] in the making; begun by [`Client::builder`].
///
/// ```
/// use portcullis::outbound::Client;
///
/// let error = Client::builder().root_certificates("no certificate").build().unwrap_err();
/// assert_eq!(error.faults()[0].setting(), "root certificates");
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    roots: Vec<Box<[u8]>>,
    loopback: Loopback,
}

impl ClientBuilder {
    /// Also believes these certificate authorities, one or more `CERTIFICATE` blocks of PEM: for an issuer inside one's own
    /// network. Default: the Mozilla list alone.
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(pem.as_ref().into());
        self
    }

    /// Also lets addresses lead to this machine: http to `127.0.0.1` and `[::1]`, https to any name of it. Default: neither.
    ///
    /// For tests, and for a sidecar that does the TLS. Whoever can listen on this machine can then answer in the
    /// issuer's place.
    pub const fn danger_allow_http_loopback(mut self) -> Self {
        self.loopback = Loopback::Allowed;
        self
    }

    /// The client. It connects with the first call.
    ///
    /// # Errors
    ///
    /// Every text that holds no certificate, or one that cannot be read.
    pub fn build(self) -> Result<Client, ConfigError> {
        let mut faults = Vec::new();
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for pem in &self.roots {
            if let Err(problem) = add(&mut roots, pem) {
                faults.push(ConfigFault::new("root certificates", problem));
            }
        }
        // Named here, so that whatever else the process does with rustls plays no part.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| ConfigFault::new("TLS", format!("cannot be set up: {error}")))?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let https = HttpsConnectorBuilder::new().with_tls_config(tls);
        let https = match self.loopback {
            Loopback::Allowed => https.https_or_http(),
            Loopback::Refused => https.https_only(),
        };
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(MAX_IDLE)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .http1_max_buf_size(MAX_HEAD)
            .build(https.enable_http1().build());
        ConfigError::unless_empty(faults, Client { http, loopback: self.loopback })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("roots", &self.roots.len())
            .field("loopback", &self.loopback)
            .finish_non_exhaustive()
    }
}

fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        count += 1;
        let certificate = certificate.map_err(|error| format!("certificate {count} is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("certificate {count} cannot be used: {error}"))?;
    }
    if count == 0 {
        return Err("there is no `BEGIN CERTIFICATE` block; give the authority's certificate in PEM".to_owned());
    }
    Ok(())
}

/// Shorter than the 5 seconds after which common servers close: a request on a connection that is just being closed is
/// lost.
const MAX_IDLE: Duration = Duration::from_secs(4);
const MAX_IDLE_CONNECTIONS: usize = 8;
/// What is buffered of an answer's head, and of its body at a time.
const MAX_HEAD: usize = 64 * 1024;
