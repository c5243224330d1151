//! How a request came in, for those behind the doors.

use std::net::IpAddr;

/// Who handed the request over, and whether that is one of `trusted_proxies`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: IpAddr,
    pub(crate) is_trusted: bool,
}

impl Arrival {
    /// Whether the peer is believed about which request it asks for. A proxy of this machine is: what it could lie about it
    /// could let through as well.
    pub(crate) const fn may_ask_about_others(self) -> bool {
        self.is_trusted || self.peer.to_canonical().is_loopback()
    }
}
