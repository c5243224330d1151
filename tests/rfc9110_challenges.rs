//! RFC 9110 section 11.6.1: what stands in `WWW-Authenticate`, read back by the parser of the `http-auth` crate.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support {
    pub(crate) mod stack;
}

use std::time::Duration;

use portcullis::authenticate::{Basic, Bearer, Session};
use portcullis::permission::{acr, all, max_age, role, scope};
use portcullis::resource::ProtectedResource;
use portcullis::response::Challenge;
use portcullis::{AuthenticateLayer, RequireLayer};
use proptest::prelude::*;
use support::stack::{
    ALL_PLAIN, Answer, BASIC, BEARER, Parsed, SESSION, Scripted, bare, basic, bearer, get, send, session,
};
use tokio::runtime::Builder;

/// HTTP-1, X-4, HTTP-15, SESS-13: one line for each scheme, as configured
#[tokio::test]
async fn a_bare_request_gets_the_challenge_of_every_scheme_in_the_configured_order() {
    let verifier = Scripted::ready();
    let answer = send(&verifier.layer(), bare()).await;
    answer.assert_refused(401, "missing", &ALL_PLAIN);
    assert_eq!(answer.lines("www-authenticate"), [BEARER, BASIC, SESSION]);
    let other_order = AuthenticateLayer::builder()
        .scheme(Session::new("shop", verifier.clone()))
        .scheme(Bearer::new("api", verifier))
        .build()
        .unwrap();
    let answer = send(&other_order, bare()).await;
    assert_eq!(answer.lines("www-authenticate"), [SESSION, BEARER]);
}

/// HEAD and other methods are guarded alike
#[tokio::test]
async fn every_method_gets_the_same_challenges() {
    for method in ["HEAD", "POST", "OPTIONS", "TRACE", "BREW"] {
        let mut request = bare();
        *request.method_mut() = method.parse().unwrap();
        send(&Scripted::ready().layer(), request).await.assert_refused(401, "missing", &ALL_PLAIN);
    }
}

/// HTTP-10, HTTP-13
#[tokio::test]
async fn a_realm_is_escaped_or_refused_when_the_layer_is_built() {
    let build = |realm: String| AuthenticateLayer::new(Bearer::new(realm, Scripted::ready()));
    for realm in ["", "a\"b\\c", "\\", "\"", "\\\"", "a, Basic realm=\"x\"", " ", "~!", &"x".repeat(1024)] {
        let answer = send(&build(realm.to_owned()).unwrap(), bare()).await;
        answer.assert_refused(401, "missing", &[("Bearer", None)]);
        assert_eq!(answer.challenges()[0].get("realm"), Some(realm));
    }
    for realm in ["a\r\nSet-Cookie: x=y", "\r", "\n", "\0", "\t", "\u{7f}", "caf\u{e9}", "🦀", &"x".repeat(10 * 1024)]
    {
        let error = build(realm.to_owned()).unwrap_err();
        assert_eq!(error.faults()[0].setting(), "realm", "{realm:?}");
    }
    let answer = send(&build("a\"b\\c".to_owned()).unwrap(), bare()).await;
    assert_eq!(answer.lines("www-authenticate"), [r#"Bearer realm="a\"b\\c""#]);
}

/// Every fault at once
#[test]
fn all_bad_realms_of_a_layer_are_told_together() {
    let verifier = Scripted::ready();
    let error = AuthenticateLayer::builder()
        .scheme(Bearer::new("\n", verifier.clone()))
        .scheme(Basic::new("é", verifier.clone()))
        .scheme(Session::new("fine", verifier.clone()))
        .scheme(Session::new("fine", verifier))
        .build()
        .unwrap_err();
    let mut settings: Vec<_> = error.faults().iter().map(|fault| fault.setting()).collect();
    settings.dedup();
    assert_eq!(settings, ["realm", "Session"]);
    assert!(error.faults().iter().filter(|fault| fault.setting() == "realm").count() >= 2);
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Basic,
    Bearer,
    Session,
}

const KINDS: [Kind; 3] = [Kind::Basic, Kind::Bearer, Kind::Session];

impl Kind {
    fn scheme(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
            Self::Session => "Session",
        }
    }

    fn line(self, word: &str) -> (&'static str, String) {
        match self {
            Self::Basic => basic(word),
            Self::Bearer => bearer(word),
            Self::Session => session(word),
        }
    }

    /// The parameters as configured, without any `error`.
    fn parameters(self, realm: &str, resource: Option<&ProtectedResource>) -> Vec<(String, String)> {
        let mut parameters = vec![("realm".to_owned(), realm.to_owned())];
        match (self, resource) {
            (Self::Basic, _) => parameters.push(("charset".to_owned(), "UTF-8".to_owned())),
            (Self::Bearer, Some(resource)) => {
                parameters.push(("resource_metadata".to_owned(), resource.metadata_url().to_owned()))
            }
            (Self::Bearer | Self::Session, _) => {}
        }
        parameters
    }
}

/// A layer in the making: which schemes with which realms, and what the refused identity lacks.
#[derive(Clone, Debug)]
struct Setup {
    schemes: Vec<(Kind, String)>,
    used: usize,
    word: &'static str,
    scopes: Vec<String>,
    roles: Vec<String>,
    acr: Vec<String>,
    max_age: Option<u64>,
    /// The path of the resource that `Bearer` is told of, and the scopes that it advises to ask for.
    resource: Option<(String, Vec<String>)>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[ -~]{0,40}", 1 => any::<String>(), 1 => "[\"\\\\,= ]{0,12}", 1 => "[ -~]{1000,1050}"]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[!#-\\[\\]-~]{1,20}", 1 => "[ -~]{0,8}", 1 => any::<String>()]
}

fn setup() -> impl Strategy<Value = Setup> {
    let schemes = (Just(KINDS.to_vec()).prop_shuffle(), 1..=3_usize, [text(), text(), text()])
        .prop_map(|(kinds, count, realms)| kinds.into_iter().zip(realms).take(count).collect::<Vec<_>>());
    let words = ["ann", "ann", "ann", "ambiguous", "expired", "invalid", "malformed", "throttled", "unavailable", ""];
    let names = || prop::collection::vec(name(), 0..4);
    let wanted = (names(), names(), names(), any::<Option<u64>>());
    let resource = prop::option::of(("(/[a-z0-9._~!$&'()*+,;=:@%-]{0,8}){0,3}", prop::collection::vec(name(), 0..4)));
    (schemes, any::<usize>(), prop::sample::select(words.to_vec()), wanted, resource).prop_map(
        |(schemes, used, word, (scopes, roles, acr, max_age), resource)| Setup {
            used: used % schemes.len(),
            resource,
            schemes,
            word,
            scopes,
            roles,
            acr,
            max_age,
        },
    )
}

fn is_text(realm: &str) -> bool {
    realm.len() <= 1024 && realm.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn once(names: &[String]) -> String {
    let mut once: Vec<&str> = Vec::new();
    names.iter().for_each(|name| {
        if !once.contains(&name.as_str()) {
            once.push(name)
        }
    });
    once.join(" ")
}

/// `scope-token` of RFC 6749 appendix A.4.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'"' && byte != b'\\')
}

/// Two hexadecimal digits behind each `%`, and no segment that clients resolve.
fn is_path(path: &str) -> bool {
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let is_dots = |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    path.split('%').skip(1).all(is_escape) && !path.split('/').any(is_dots)
}

impl Setup {
    /// Outer none: it does not build.
    fn resource(&self) -> Option<Option<ProtectedResource>> {
        let Some((path, scopes)) = &self.resource else { return Some(None) };
        let resource = ProtectedResource::builder(format!("https://api.example{path}"))
            .authorization_server("https://id.example")
            .scopes(scopes);
        resource.build().ok().map(Some)
    }

    fn authenticate(&self, resource: Option<&ProtectedResource>) -> Result<AuthenticateLayer, portcullis::ConfigError> {
        let builder = self.schemes.iter().fold(AuthenticateLayer::builder(), |builder, (kind, realm)| {
            let (realm, verifier) = (realm.clone(), Scripted::ready());
            match kind {
                Kind::Basic => builder.scheme(Basic::new(realm, verifier)),
                Kind::Bearer => {
                    let scheme = Bearer::new(realm, verifier);
                    builder.scheme(if let Some(resource) = resource { scheme.resource(resource) } else { scheme })
                }
                Kind::Session => builder.scheme(Session::new(realm, verifier)),
            }
        });
        builder.build()
    }

    fn require(&self) -> Result<RequireLayer, portcullis::ConfigError> {
        let mut parts: Vec<_> = self.scopes.iter().map(|name| scope(name.as_str())).collect();
        parts.extend(self.roles.iter().map(|name| role(name.as_str())));
        if !self.acr.is_empty() {
            parts.push(acr(self.acr.iter().map(String::as_str)));
        }
        parts.extend(self.max_age.map(|seconds| max_age(Duration::from_secs(seconds))));
        RequireLayer::new(all(parts))
    }

    /// What the challenge of the scheme that was used must say beyond its configuration.
    fn explained(&self, status: u16) -> Vec<(&'static str, Option<String>)> {
        let error = |code: &str| vec![("error", Some(code.to_owned())), ("error_description", None)];
        match (status, self.word) {
            (400, _) => error("invalid_request"),
            (401, "expired" | "invalid") => error("invalid_token"),
            (401, "ann") => {
                let acr = (!self.acr.is_empty()).then(|| ("acr_values", Some(once(&self.acr))));
                let age = self.max_age.map(|age| ("max_age", Some(age.to_string())));
                error("insufficient_user_authentication").into_iter().chain(acr).chain(age).collect()
            }
            (403, _) => {
                let scopes = (!self.scopes.iter().all(|scope| scope == "read")).then(|| {
                    let missing: Vec<_> = self.scopes.iter().filter(|scope| *scope != "read").cloned().collect();
                    ("scope", Some(once(&missing)))
                });
                error("insufficient_scope").into_iter().chain(scopes).collect()
            }
            _ => vec![],
        }
    }

    fn check(&self, answer: &Answer, resource: Option<&ProtectedResource>) {
        let status = answer.status.as_u16();
        let is_bearer = self.schemes[self.used].0 == Kind::Bearer;
        let mut order: Vec<usize> = match status {
            401 => (0..self.schemes.len()).collect(),
            400 | 403 if is_bearer => vec![self.used],
            _ => vec![],
        };
        if status == 401 && !self.word.is_empty() {
            order.sort_by_key(|&index| index != self.used);
        }
        let challenges = answer.challenges();
        assert_eq!(challenges.len(), order.len(), "{:?}", answer.lines("www-authenticate"));
        for (position, (challenge, index)) in challenges.iter().zip(order).enumerate() {
            let (kind, realm) = &self.schemes[index];
            assert_eq!(challenge.scheme, kind.scheme());
            let configured = kind.parameters(realm, resource);
            let (own, beyond) = challenge.parameters.split_at(configured.len());
            assert_eq!(own, configured);
            let mut explained = if position == 0 && is_bearer { self.explained(status) } else { vec![] };
            let advised = self.resource.as_ref().filter(|_| resource.is_some()).map_or(&[][..], |(_, scopes)| scopes);
            if *kind == Kind::Bearer && status == 401 && !advised.is_empty() {
                explained.push(("scope", Some(once(advised))));
            }
            assert_eq!(beyond.len(), explained.len(), "{challenge:?}");
            for ((name, value), (expected, text)) in beyond.iter().zip(explained) {
                assert_eq!(name, expected);
                match text {
                    Some(text) => assert_eq!(*value, text),
                    // BEARER-10
                    None => assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte))),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// HTTP-1, HTTP-9, HTTP-10, BEARER-3, BEARER-8, BEARER-9, PRM-7
    #[test]
    fn every_challenge_of_every_layer_that_builds_says_what_was_configured(setup in setup()) {
        let resource = setup.resource();
        let resource_is_fine = setup.resource.as_ref().is_none_or(|(path, scopes)| {
            is_path(path) && scopes.iter().all(|name| is_name(name))
        });
        prop_assert_eq!(resource.is_some(), resource_is_fine);
        let resource = resource.flatten();
        let resource = resource.as_ref().filter(|_| setup.schemes.iter().any(|(kind, _)| *kind == Kind::Bearer));

        let authenticate = setup.authenticate(resource);
        let realms_are_fine = setup.schemes.iter().all(|(_, realm)| is_text(realm));
        prop_assert_eq!(authenticate.is_ok(), realms_are_fine);

        let require = setup.require();
        let names_are_fine = setup.scopes.iter().chain(&setup.acr).all(|name| is_name(name))
            && setup.roles.iter().all(|name| !name.trim().is_empty());
        let asks_something =
            !(setup.scopes.is_empty() && setup.roles.is_empty() && setup.acr.is_empty() && setup.max_age.is_none());
        prop_assert_eq!(require.is_ok(), names_are_fine && asks_something);

        if let (Ok(authenticate), Ok(require)) = (authenticate, require) {
            let request = match setup.word {
                "" => bare(),
                word => get([setup.schemes[setup.used].0.line(word)]),
            };
            let runtime = Builder::new_current_thread().build().unwrap();
            let answer = runtime.block_on(send(&(authenticate, require), request));
            prop_assert!(answer.seen.is_none() || setup.scopes.iter().all(|scope| scope == "read"));
            if answer.seen.is_none() {
                setup.check(&answer, resource);
            }
        }
    }

    /// For schemes of one's own, too; what is suggested stands last and gives way
    #[test]
    fn a_challenge_is_refused_or_read_back_as_it_was_given(
        scheme in prop_oneof!["[A-Za-z0-9-]{1,12}", any::<String>()],
        parameters in prop::collection::vec((prop_oneof![4 => "[a-z_*]{1,8}", 1 => "[ab]", 1 => any::<String>()], text(), 0..3), 0..5),
    ) {
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let challenge = parameters.iter().fold(Challenge::new(leak(&scheme)), |challenge, (name, value, kind)| {
            let (name, value) = (leak(name), value.clone());
            match kind {
                0 => challenge.quoted(name, value),
                1 => challenge.token(name, value),
                _ => challenge.suggested(name, value),
            }
        });
        if let Ok(header) = challenge.to_header() {
            let parsed = Parsed::read(header.to_str().unwrap());
            let (suggested, mut given): (Vec<_>, Vec<_>) = parameters.iter().cloned().partition(|(_, _, kind)| *kind == 2);
            given.extend(suggested.into_iter().filter(|(name, ..)| !parameters.iter().any(|(other, _, kind)| *kind != 2 && other == name)));
            let given: Vec<_> = given.into_iter().map(|(name, value, _)| (name, value)).collect();
            prop_assert_eq!((parsed.scheme, parsed.parameters), (scheme, given));
        }
    }
}
