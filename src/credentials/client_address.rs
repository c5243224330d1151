//! Where a request comes from, as far as that can be believed.

use std::net::{IpAddr, Ipv6Addr};

/// The address of the client behind a request, in one spelling: an IPv4 address mapped into IPv6 is that IPv4 address.
///
/// It is no credential and proves nothing; it is what failed attempts are counted by, and queues kept fair by. A server puts
/// it into the request's extensions, by [`TrustedProxies::client`](super::TrustedProxies::client), and the schemes hand it
/// on with the credentials. Without it accounts are counted alone.
///
/// ```
/// use portcullis::credentials::ClientAddress;
///
/// let mapped = ClientAddress::new("::ffff:192.0.2.7".parse()?);
/// assert_eq!(mapped, ClientAddress::new("192.0.2.7".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The client at this address.
    #[must_use]
    pub const fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// What counts as one client, by its first address: an IPv4 address, or the 64-bit network of an IPv6 address, since
    /// whoever has one address of it has them all.
    ///
    /// ```
    /// use portcullis::credentials::ClientAddress;
    ///
    /// let client = ClientAddress::new("2001:db8:1:2:3:4:5:6".parse()?);
    /// assert_eq!(client.network(), ClientAddress::new("2001:db8:1:2::".parse()?));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub const fn network(self) -> Self {
        match self.0 {
            IpAddr::V4(_) => self,
            IpAddr::V6(address) => Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
        }
    }
}

/// The number of an IPv4 address where it stands among those of IPv6.
pub(super) const fn bits(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}
