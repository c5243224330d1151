//! The configuration: a TOML file and the files it names, read whole, with every fault at once.

mod api_keys;
mod digest;
mod files;
mod introspection;
mod issuer;
mod keys;
mod mode;
mod passwords;
mod proxies;
mod resource;
mod rule;
mod section;
mod session;
mod store;
mod tokens;
mod users;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use portcullis::credentials::TrustedProxies;
use portcullis::response::Challenge;
use toml::Table;

pub(crate) use self::api_keys::{KeyRing, PREFIX as KEY_PREFIX, locate as key_file};
pub(crate) use self::digest::DigestArea;
use self::files::Files;
pub(crate) use self::keys::{Keys, Published};
pub(crate) use self::mode::Mode;
pub(crate) use self::passwords::Checks;
pub(crate) use self::rule::{Allow, Rule};
pub(crate) use self::section::Faults;
use self::section::Section;
pub(crate) use self::section::parse_duration;
pub(crate) use self::session::{Limits, SessionArea};
pub(crate) use self::tokens::Tokens;
pub(crate) use self::users::{Local, Rights};
use crate::kept::Kept;

/// All that the file says, checked, with every other file read.
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) realm: String,
    pub(crate) mode: Mode,
    /// In the order of their challenges; never empty.
    pub(crate) schemes: Vec<SchemeName>,
    pub(crate) cors_preflight: bool,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) tokens: Option<Tokens>,
    /// What is to live on when this one has gone.
    pub(crate) kept: Kept,
    pub(crate) basic: Option<Local>,
    pub(crate) session: Option<SessionArea>,
    pub(crate) digest: Option<DigestArea>,
    pub(crate) api_keys: Option<KeyRing>,
    pub(crate) rules: Vec<Rule>,
}

/// A way of presenting credentials, as the configuration calls it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum SchemeName {
    Bearer,
    Basic,
    Session,
    Digest,
    ApiKey,
}

impl SchemeName {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Session => "session",
            Self::Digest => "digest",
            Self::ApiKey => "api_key",
        }
    }

    /// The sections that bring the scheme, each of them.
    const fn sections(self) -> &'static [&'static str] {
        match self {
            Self::Bearer => &["issuer", "introspection"],
            Self::Basic => &["basic"],
            Self::Session => &["session"],
            Self::Digest => &["digest"],
            Self::ApiKey => &["api_keys"],
        }
    }

    const ALL: [Self; 5] = [Self::Bearer, Self::Basic, Self::Session, Self::Digest, Self::ApiKey];
}

/// Reads and checks the file at `path`. What is `kept` is used again.
pub(crate) fn load(path: &Path, kept: &Kept) -> Result<Config, Faults> {
    let table = parse(path)?;
    let faults = Faults::default();
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    match read(Section::root(table, &faults), &Files { folder }, kept) {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(faults),
    }
}

fn parse(path: &Path) -> Result<Table, Faults> {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|error| Faults::one(format!("{file}: cannot be read: {error}")))?;
    text.parse().map_err(|error| Faults::one(describe(&file.to_string(), &text, &error)))
}

/// On one line, and without the line of the file that is at fault.
fn describe(file: &str, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("{file}: line {line}: {}; see https://toml.io", error.message().replace('\n', " "))
}

fn read(mut root: Section<'_>, files: &Files, kept: &Kept) -> Option<Config> {
    let listen = read_address(&mut root, "listen").unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let admin = read_address(&mut root, "admin");
    if admin.is_some_and(|admin| !admin.ip().is_loopback()) {
        root.fault("admin", "is not loopback, and nobody is asked for credentials there; use 127.0.0.1 or [::1]");
    }
    if admin.is_some_and(|admin| collide(listen, admin)) {
        root.fault("admin", "has the port of listen; give each its own, or port 0 for any free one");
    }
    let realm = root.text("realm").unwrap_or_else(|| String::from("gate"));
    if Challenge::basic(realm.clone()).to_header().is_err() {
        root.fault("realm", "cannot stand in a header; use printable ASCII, at most 1024 bytes");
    }
    let mode = mode::read(&mut root, listen);
    let cors_preflight = root.flag("cors_preflight").unwrap_or(false);
    let trusted_proxies = proxies::read(&mut root);

    let present = |name: &SchemeName| name.sections().iter().any(|section| root.has(section));
    let configured: Vec<_> = SchemeName::ALL.into_iter().filter(present).collect();
    if configured.is_empty() {
        root.fault(
            "schemes",
            "there are none, so nobody could ever get in; add [[issuer]], [introspection], [basic], [session], [digest] or [api_keys]",
        );
    }
    let schemes = read_schemes(&mut root, &configured);

    let tokens = tokens::read(&mut root, files, kept);
    let basic = root.section("basic").and_then(|mut section| {
        let local = users::read_basic(&mut section, files);
        section.close();
        local
    });
    let session = root.section("session").and_then(|mut section| {
        let area = session::read(&mut section, files);
        section.close();
        area
    });
    let digest = root.section("digest").and_then(|mut section| {
        let area = digest::read(&mut section, files, &realm);
        section.close();
        area
    });
    let api_keys = root.section("api_keys").and_then(|mut section| {
        let keys = api_keys::read(&mut section, files);
        section.close();
        keys
    });
    let rules = rule::read_all(&mut root, &schemes);
    root.close();
    let keys = tokens.as_ref().map(Tokens::published).unwrap_or_default();
    let kept = Kept { keys, revocations: kept.revocations.clone(), refusals: kept.refusals.clone() };
    Some(Config {
        listen,
        admin,
        realm,
        mode: mode?,
        schemes,
        cors_preflight,
        trusted_proxies,
        tokens,
        kept,
        basic,
        session,
        digest,
        api_keys,
        rules,
    })
}

fn read_address(root: &mut Section<'_>, key: &str) -> Option<SocketAddr> {
    let text = root.text(key)?;
    let address = text.parse().ok();
    if address.is_none() {
        root.fault(key, format!("{text:?} is no address; write it as in \"127.0.0.1:8080\", port 0 for any free one"));
    }
    address
}

/// Whether the second address could not be had once there is a listener at the first.
fn collide(listen: SocketAddr, admin: SocketAddr) -> bool {
    let (own, other) = (listen.ip(), admin.ip());
    admin.port() != 0 && listen.port() == admin.port() && (own == other || own.is_unspecified())
}

/// The schemes in the order that the file gives them, or else in ours.
fn read_schemes(root: &mut Section<'_>, configured: &[SchemeName]) -> Vec<SchemeName> {
    let Some(names) = root.names("schemes") else { return configured.to_vec() };
    let chosen = read_scheme_names(root, &names);
    for missing in chosen.iter().filter(|name| !configured.contains(name)) {
        let problem =
            format!("{:?} has no section; add [{}], or remove it here", missing.as_str(), missing.sections()[0]);
        root.fault("schemes", problem);
    }
    for left_out in configured.iter().filter(|name| !chosen.contains(name)) {
        let (name, sections) = (left_out.as_str(), left_out.sections().join("] and ["));
        root.fault("schemes", format!("{name:?} is configured but not in schemes; add it, or remove [{sections}]"));
    }
    chosen
}

fn read_scheme_names(section: &Section<'_>, names: &[String]) -> Vec<SchemeName> {
    let mut chosen = Vec::new();
    for name in names {
        match SchemeName::ALL.into_iter().find(|scheme| scheme.as_str() == name) {
            Some(scheme) => chosen.push(scheme),
            None => section.fault(
                "schemes",
                format!("{name:?} is none of \"bearer\", \"basic\", \"session\", \"digest\", \"api_key\""),
            ),
        }
    }
    chosen
}
