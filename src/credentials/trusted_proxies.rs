//! Whose word is taken for where a request comes from.

use std::fmt;
use std::net::IpAddr;

use http::HeaderMap;

use super::client_address::{ClientAddress, bits};
use super::forwarded;
use crate::error::{ConfigError, ConfigFault};

/// The proxies that requests come through, by their networks.
///
/// `Forwarded` (RFC 7239) and `X-Forwarded-For` are believed as far as these proxies vouch for them: from the peer of the
/// connection backwards, to the first address that is none of theirs. Whatever a client wrote before that has no effect.
/// Where an entry cannot be read, or the two fields disagree, the last proxy that can be told from them is taken for the
/// client, so that no field can make a request count for nobody. Other fields, such as `X-Real-IP`, are not read.
///
/// In axum:
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::extract::{ConnectInfo, Request, State};
/// use axum::middleware::{Next, from_fn_with_state};
/// use axum::{Router, response::Response};
/// use portcullis::credentials::TrustedProxies;
///
/// async fn client(
///     State(proxies): State<TrustedProxies>,
///     ConnectInfo(peer): ConnectInfo<SocketAddr>,
///     mut request: Request,
///     next: Next,
/// ) -> Response {
///     let client = proxies.client(peer.ip(), request.headers());
///     request.extensions_mut().insert(client);
///     next.run(request).await
/// }
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8:7::/48"])?;
/// // Outermost, so that it comes before the `AuthenticateLayer`.
/// let app: Router = Router::new().layer(from_fn_with_state(proxies, client));
/// let service = app.into_make_service_with_connect_info::<SocketAddr>();
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    ranges: Vec<Range>,
}

impl TrustedProxies {
    /// None: the peer of the connection is the client, whatever the fields say.
    #[must_use]
    pub const fn none() -> Self {
        Self { ranges: Vec::new() }
    }

    /// Proxies in these networks, each written `address/prefix`, or an address alone.
    ///
    /// # Errors
    ///
    /// When one cannot be read, has bits set behind its prefix, or holds every address there is.
    pub fn new<S: AsRef<str>>(networks: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let mut ranges = Vec::new();
        for network in networks {
            match Range::parse(network.as_ref()) {
                Ok(range) => ranges.push(range),
                Err(problem) => {
                    faults.push(ConfigFault::new(format!("trusted proxy {:?}", network.as_ref()), problem));
                }
            }
        }
        ConfigError::unless_empty(faults, Self { ranges })
    }

    /// The client behind a request whose connection comes from `peer`.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use portcullis::credentials::{ClientAddress, TrustedProxies};
    ///
    /// let proxies = TrustedProxies::new(["10.0.0.0/8"])?;
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.1.2.3".parse()?);
    ///
    /// let behind_two = proxies.client("10.0.0.1".parse()?, &headers);
    /// assert_eq!(behind_two, ClientAddress::new("203.0.113.9".parse()?), "the first that is no proxy of ours");
    ///
    /// let stranger = proxies.client("198.51.100.4".parse()?, &headers);
    /// assert_eq!(stranger, ClientAddress::new("198.51.100.4".parse()?), "a stranger vouches for nothing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let peer = ClientAddress::new(peer);
        if !self.holds(peer) {
            return peer;
        }
        let standard = self.walk(peer, forwarded::standard(headers));
        let customary = self.walk(peer, forwarded::customary(headers));
        match (standard, customary) {
            (None, None) => peer,
            (Some(client), None) | (None, Some(client)) => client,
            (Some(one), Some(other)) if one == other => one,
            // Each proxy writes one of the two and passes on what a client wrote into the other.
            (Some(_), Some(_)) => peer,
        }
    }

    /// Whether the other end of a connection is one of these proxies: for other fields that are believed of them alone, such
    /// as `X-Forwarded-Proto`.
    ///
    /// ```
    /// use portcullis::credentials::TrustedProxies;
    ///
    /// let proxies = TrustedProxies::new(["10.0.0.0/8"])?;
    /// assert!(proxies.trusts("10.0.0.1".parse()?));
    /// assert!(proxies.trusts("::ffff:10.0.0.1".parse()?));
    /// assert!(!proxies.trusts("198.51.100.4".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.holds(ClientAddress::new(peer))
    }

    /// From the peer backwards; nothing, where the field is not there.
    fn walk(&self, peer: ClientAddress, hops: Option<Vec<Option<ClientAddress>>>) -> Option<ClientAddress> {
        let mut client = peer;
        for hop in hops?.into_iter().rev() {
            match hop {
                Some(hop) => client = hop,
                None => break,
            }
            if !self.holds(client) {
                break;
            }
        }
        Some(client)
    }

    fn holds(&self, address: ClientAddress) -> bool {
        self.ranges.iter().any(|range| range.holds(address.ip()))
    }
}

/// A network, IPv4 where it stands in IPv6.
#[derive(Clone, Copy)]
struct Range {
    first: u128,
    /// How many bits of the 128 belong to the network.
    prefix: u32,
}

impl Range {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const UNREADABLE: &str = "is no network: write address/prefix, 10.0.0.0/8 for one";
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| UNREADABLE)?;
        let length: u32 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => length,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|&prefix| prefix <= length).ok_or(UNREADABLE)?
            }
            Some(_) => return Err(UNREADABLE),
        };
        if prefix == 0 {
            return Err("holds every address, so that anybody could name any address as their own: name the proxies");
        }
        let range = Self { first: bits(address), prefix: 128 - length + prefix };
        if range.first & !range.mask() != 0 {
            return Err("has bits set behind its prefix: write the first address of the network");
        }
        Ok(range)
    }

    const fn mask(self) -> u128 {
        u128::MAX << (128 - self.prefix)
    }

    const fn holds(self, address: IpAddr) -> bool {
        bits(address) & self.mask() == self.first
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", std::net::Ipv6Addr::from_bits(self.first), self.prefix)
    }
}
