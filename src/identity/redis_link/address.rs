//! Where servers are, as their user writes it.

use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use crate::error::ConfigFault;

/// What a URL names.
pub(super) struct Address {
    /// Its settings are those of all.
    pub(super) first: ConnectionInfo,
    /// All of them, the first too.
    pub(super) nodes: Vec<ConnectionInfo>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    One,
    Cluster,
    /// The nodes are sentinels, whose own password is `login`; the settings of the nodes are those of the master.
    Sentinels {
        service: Box<str>,
        login: RedisConnectionInfo,
    },
}

impl Address {
    /// Reads `redis://`, `redis+cluster://` or `redis+sentinel://`, with `rediss` in place of `redis` for TLS. What was wrong
    /// is never repeated: it may be the password.
    pub(super) fn read(url: &str) -> Result<Self, ConfigFault> {
        let Some((scheme, rest)) = url.split_once("://") else { return one(url) };
        let (plain, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        match kind {
            "cluster" if SCHEMES.contains(&plain) => Self::new(several(plain, rest)?, Kind::Cluster),
            "sentinel" if SCHEMES.contains(&plain) => sentinels(plain, rest),
            _ => one(url),
        }
    }

    fn new(nodes: Vec<ConnectionInfo>, kind: Kind) -> Result<Self, ConfigFault> {
        let first = nodes.first().cloned().ok_or_else(|| fault(NOT_A_SERVER))?;
        Ok(Self { first, nodes, kind })
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.first.addr(), ConnectionAddr::TcpTls { .. })
    }
}

fn one(url: &str) -> Result<Address, ConfigFault> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    if authority.rsplit('@').next().is_some_and(|hosts| hosts.contains(',')) {
        return Err(fault(SEVERAL));
    }
    Address::new(vec![node(url)?], Kind::One)
}

fn sentinels(plain: &str, rest: &str) -> Result<Address, ConfigFault> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (service, database) = path.split_once('/').unwrap_or((path, ""));
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if service.is_empty() || !is_name(service) {
        return Err(fault(NO_SERVICE));
    }
    let nodes = several(plain, &format!("{authority}/{database}"))?;
    let (mut user, mut password) = ("", None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sentinel_user", value)) => user = value,
            Some(("sentinel_password", value)) => password = Some(value),
            _ => return Err(fault(UNKNOWN_OPTION)),
        }
    }
    let login = match password {
        Some(password) => node(&format!("redis://{user}:{password}@sentinel"))?.redis_settings().clone(),
        None if user.is_empty() => RedisConnectionInfo::default(),
        None => return Err(fault(UNKNOWN_OPTION)),
    };
    Address::new(nodes, Kind::Sentinels { service: service.into(), login })
}

/// The nodes of `user:password@one:1,two:2/database`.
fn several(plain: &str, rest: &str) -> Result<Vec<ConnectionInfo>, ConfigFault> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority.rsplit('@').next().unwrap_or(authority);
    let login = authority.strip_suffix(hosts).unwrap_or_default();
    hosts.split(',').map(|host| node(&format!("{plain}://{login}{host}/{path}"))).collect()
}

fn node(url: &str) -> Result<ConnectionInfo, ConfigFault> {
    if url.contains('#') {
        return Err(fault(FRAGMENT));
    }
    let info = url.into_connection_info().map_err(|_| fault(NOT_A_SERVER))?;
    // Questions are small and must not wait for more of them.
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

pub(super) fn fault(problem: &'static str) -> ConfigFault {
    ConfigFault::new("url", problem)
}

const SCHEMES: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];
pub(super) const NOT_A_SERVER: &str = "is no address of a Redis server; write redis://host:port, rediss://host:port for TLS, \
     redis+cluster://host:port,host:port for a cluster, or redis+sentinel://host:port,host:port/name for what sentinels watch";
const SEVERAL: &str =
    "names several servers; write redis+cluster:// for a cluster, or redis+sentinel://…/name for what sentinels watch";
const NO_SERVICE: &str =
    "names sentinels and not what they watch; write redis+sentinel://host:port/name, with the name of the master";
const UNKNOWN_OPTION: &str =
    "ends in an option that is not known here; there are ?sentinel_password= and sentinel_user= beside it";
const FRAGMENT: &str = "has a # in it; write %23 where it belongs to a password, and give the certificate of an authority of \
     your own to `root_certificates`";

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        Address::read(url).unwrap().nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    #[test]
    fn one_server_a_cluster_and_sentinels_have_an_address_each() {
        let one =
            [("redis://a:1", false), ("rediss://u:p@a:1/3", true), ("valkey://a:1", false), ("valkeys://a:1", true)];
        for (url, tls) in one {
            let address = Address::read(url).unwrap();
            assert!(matches!(address.kind, Kind::One), "{url}");
            assert_eq!(address.is_tls(), tls, "{url}");
            assert_eq!(hosts(url), ["a:1"]);
        }
        assert_eq!(hosts("redis+cluster://a:1,b,[::1]:3"), ["a:1", "b:6379", "::1:3"]);
        let address = Address::read("rediss+sentinel://u:p%2C@a:1,b:2/main/5?sentinel_password=x%26").unwrap();
        assert!(address.is_tls());
        for node in &address.nodes {
            let settings = node.redis_settings();
            assert_eq!((settings.username(), settings.password(), settings.db()), (Some("u"), Some("p,"), 5));
        }
        let Kind::Sentinels { service, login } = address.kind else { panic!("no sentinels") };
        assert_eq!((&*service, login.password()), ("main", Some("x&")));
    }

    #[test]
    fn what_is_no_address_is_told_without_repeating_it() {
        let cases = [
            ("http://:zebra@a", NOT_A_SERVER),
            ("zebra", NOT_A_SERVER),
            ("redis+cluster://", NOT_A_SERVER),
            ("redis+cluster://:zebra@a:1,", NOT_A_SERVER),
            ("redis+cluster://:zebra@a:1,b:x", NOT_A_SERVER),
            ("http+cluster://:zebra@a:1", NOT_A_SERVER),
            ("redis+zebra://a:1", NOT_A_SERVER),
            ("redis://:zebra@a:1,b:2", SEVERAL),
            ("redis+sentinel://:zebra@a:1", NO_SERVICE),
            ("redis+sentinel://:zebra@a:1/", NO_SERVICE),
            ("redis+sentinel://:zebra@a:1/na me", NO_SERVICE),
            ("redis+sentinel://:zebra@a:1/main/x", NOT_A_SERVER),
            ("redis+sentinel://a:1/main?zebra=1", UNKNOWN_OPTION),
            ("redis+sentinel://a:1/main?sentinel_user=zebra", UNKNOWN_OPTION),
            ("rediss://:zebra@a:1/#insecure", FRAGMENT),
        ];
        for (url, problem) in cases {
            let fault = Address::read(url).err().unwrap();
            assert_eq!((fault.setting(), fault.problem()), ("url", problem), "{url}");
            assert!(!fault.to_string().contains("zebra"));
        }
    }
}
