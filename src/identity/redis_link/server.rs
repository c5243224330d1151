//! What is connected to, and how long that may take.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, RedisConnectionInfo, RedisError, TlsCertificates, TlsMode};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::address::{Address, Kind, NOT_A_SERVER, fault};
use super::connection::Connection;
use crate::error::ConfigFault;
use crate::secret::Secret;

/// One server, a cluster, or the master that sentinels name.
pub(crate) struct Server {
    address: Address,
    certificates: Option<TlsCertificates>,
    /// How often there was an attempt to connect.
    attempts: AtomicUsize,
}

/// How long the server may take.
#[derive(Clone, Copy)]
pub(crate) struct Timeouts {
    /// To be connected to.
    pub(crate) connect: Duration,
    /// For an answer.
    pub(crate) answer: Duration,
}

impl Server {
    /// Nothing is asked of it yet. TLS needs a provider of cryptography for the whole process; where the program has installed
    /// none, this installs that of aws-lc-rs.
    pub(crate) fn new(url: &Secret<String>, root_certificates: Option<Vec<u8>>) -> Result<Self, ConfigFault> {
        let address = Address::read(url.expose())?;
        if address.is_tls() && CryptoProvider::get_default().is_none() {
            // Whoever was faster has installed one as good.
            drop(aws_lc_rs::default_provider().install_default());
        }
        let certificates = match root_certificates {
            Some(_) if !address.is_tls() => {
                return Err(ConfigFault::new("root_certificates", "without TLS they prove nothing; write rediss://"));
            }
            Some(pem) => Some(certificates(pem)?),
            None => None,
        };
        let server = Self { address, certificates, attempts: AtomicUsize::new(0) };
        let timeouts = Timeouts { connect: Duration::MAX, answer: Duration::MAX };
        match server.address.kind {
            Kind::One => server.client().map(drop),
            Kind::Cluster => server.cluster(timeouts).map(drop),
            Kind::Sentinels { ref service, ref login } => server.sentinels(service, login).map(drop),
        }
        .map_err(|_| match server.certificates {
            None => fault(NOT_A_SERVER),
            Some(_) => not_pem(),
        })?;
        Ok(server)
    }

    /// Another connection. It is not bounded as a whole: nodes and sentinels may be asked one after the other.
    pub(crate) async fn connect(&self, timeouts: Timeouts) -> Result<Connection, RedisError> {
        match &self.address.kind {
            Kind::One => connect(&self.client()?, timeouts).await,
            Kind::Cluster => Ok(Connection::Cluster(self.cluster(timeouts)?.get_async_connection().await?)),
            Kind::Sentinels { service, login } => {
                let master = self.sentinels(service, login)?.async_get_client().await?;
                connect(&master, timeouts).await
            }
        }
    }

    /// How many times as long as one server all that has to be asked may take.
    pub(super) const fn patience(&self) -> u32 {
        match self.address.kind {
            Kind::One => 1,
            Kind::Cluster | Kind::Sentinels { .. } => 4,
        }
    }

    fn client(&self) -> Result<Client, RedisError> {
        let node = self.address.first.clone();
        match &self.certificates {
            None => Client::open(node),
            Some(certificates) => Client::build_with_tls(node, certificates.clone()),
        }
    }

    fn cluster(&self, timeouts: Timeouts) -> Result<ClusterClient, RedisError> {
        let mut builder = ClusterClientBuilder::new(self.address.nodes.clone())
            .tcp_settings(self.address.first.tcp_settings().clone())
            .connection_timeout(timeouts.connect)
            .response_timeout(timeouts.answer)
            .min_retry_wait(SHORTEST_RETRY)
            .max_retry_wait(LONGEST_RETRY);
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        builder.build()
    }

    fn sentinels(&self, service: &str, login: &RedisConnectionInfo) -> Result<SentinelClient, RedisError> {
        let mut sentinels: Vec<ConnectionAddr> = self.address.nodes.iter().map(|node| node.addr().clone()).collect();
        // The driver waits for the first, be it in reach or not; so each is the first at some time.
        let first = self.attempts.fetch_add(1, Ordering::Relaxed) % sentinels.len().max(1);
        sentinels.rotate_left(first);
        let tcp = self.address.first.tcp_settings();
        let mut builder = SentinelClientBuilder::new(sentinels, service, SentinelServerType::Master)?
            .set_client_to_sentinel_tcp_settings(tcp.clone())
            .set_client_to_redis_tcp_settings(tcp.clone());
        if self.address.is_tls() {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder
                .set_client_to_sentinel_certificates(certificates.clone())
                .set_client_to_redis_certificates(certificates.clone());
        }
        if let Some(user) = login.username() {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = login.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        let settings = self.address.first.redis_settings();
        builder = builder.set_client_to_redis_db(settings.db());
        if let Some(user) = settings.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        builder.build()
    }
}

async fn connect(client: &Client, timeouts: Timeouts) -> Result<Connection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeouts.connect))
        .set_response_timeout(Some(timeouts.answer));
    client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
}

fn certificates(pem: Vec<u8>) -> Result<TlsCertificates, ConfigFault> {
    // The driver takes a text without any for none at all.
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    certificates.ok().filter(|all| !all.is_empty()).ok_or_else(not_pem)?;
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem) })
}

fn not_pem() -> ConfigFault {
    ConfigFault::new("root_certificates", "are no certificates in PEM, each from BEGIN to END CERTIFICATE")
}

/// How long a cluster is left to sort itself out before it is asked again, in milliseconds.
const SHORTEST_RETRY: u64 = 20;
const LONGEST_RETRY: u64 = 200;
