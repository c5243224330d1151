//! Upgrades (RFC 9110 section 7.8): when both sides want another protocol, bytes go through unread.

use std::sync::Arc;

use axum::body::Body;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::http::HeaderValue;
use hyper::upgrade::{OnUpgrade, on};
use hyper::{HeaderMap, Request, Response, Version, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::fields;
use crate::server::Place;

/// What the client would rather speak.
pub(crate) struct Tunnel {
    protocols: Vec<String>,
    client: OnUpgrade,
    /// A tunnel counts as a connection as long as it lasts.
    place: Option<Arc<Place>>,
}

impl Tunnel {
    /// The wish of a request for another protocol, if that is one that may be had.
    pub(crate) fn wanted(request: &mut Request<Body>) -> Option<Self> {
        let is_meant = fields::connection_names(request.headers()).iter().any(|name| name == UPGRADE.as_str());
        if request.version() != Version::HTTP_11 || !is_meant {
            return None;
        }
        let protocols: Vec<_> = protocols(request.headers()).into_iter().filter(|name| !is_http(name)).collect();
        if protocols.is_empty() {
            return None;
        }
        let place = request.extensions().get().cloned();
        Some(Self { protocols, client: on(request), place })
    }

    /// Writes the wish into the fields of a request to the upstream.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        if let Ok(protocols) = HeaderValue::try_from(self.protocols.join(", ")) {
            headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, protocols);
        }
    }

    /// Ties the two ends together as soon as both have switched, if the upstream switches to what was asked for.
    pub(crate) fn join(self, mut response: Response<Incoming>) -> Option<Response<Body>> {
        let Self { protocols: wanted, client, place } = self;
        let chosen = protocols(response.headers());
        if chosen.is_empty() || !chosen.iter().all(|name| wanted.iter().any(|own| own.eq_ignore_ascii_case(name))) {
            return None;
        }
        let upstream = on(&mut response);
        tokio::spawn(async move {
            let _place = place;
            match tokio::try_join!(client, upstream) {
                Ok((client, upstream)) => {
                    let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                    if let Err(error) = copy_bidirectional(&mut client, &mut upstream).await {
                        tracing::debug!(%error, "tunnel ended");
                    }
                }
                Err(error) => tracing::debug!(%error, "no tunnel"),
            }
        });
        let mut response = fields::towards_client(response.map(|_| Body::empty()));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        response.headers_mut().insert(UPGRADE, HeaderValue::try_from(chosen.join(", ")).ok()?);
        Some(response)
    }
}

fn protocols(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(UPGRADE).iter().filter_map(|line| line.to_str().ok());
    let names = lines.flat_map(|line| line.split(',')).map(str::trim);
    names.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

/// In another version of HTTP, or in TLS, requests would go through that no rule has judged.
fn is_http(protocol: &str) -> bool {
    let protocol = protocol.to_ascii_lowercase();
    ["h2", "http", "tls"].iter().any(|name| protocol.starts_with(name))
}
