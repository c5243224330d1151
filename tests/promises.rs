//! What the types promise: where they can go, what can be done with them, and that all of them can be named.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]
#![allow(dead_code, reason = "that it compiles is the test")]
#![cfg(all(
    feature = "api-key",
    feature = "axum",
    feature = "digest",
    feature = "grpc",
    feature = "html",
    feature = "htpasswd",
    feature = "jwt",
    feature = "password",
    feature = "postgres",
    feature = "redis",
    feature = "session",
    feature = "sqlite",
    feature = "test-kit",
    feature = "token"
))]

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::path::Path;
use std::task::{Context, Poll};
use std::{fs, io};

use axum::routing::MethodRouter;
use http::{Request, Response};
use portcullis::authenticate::{
    Accepted, ApiKeys, Attempt, Authenticate, AuthenticateBuilder, AuthenticateLayer, Basic, Bearer, Carrier, Digest,
    Explanation, SameOrigin, Scheme, Session,
};
use portcullis::axum::{Guard, Guarded, Part, Refused, Required, RouteRow, RouteTable, Routes, Value};
use portcullis::clock::{Clock, ManualClock, SystemClock, UnixTime};
use portcullis::credentials::{
    ApiKey, Authorization, BasicCredentials, BearerToken, ClientAddress, CookieName, DigestAlgorithm,
    DigestCredentials, DigestName, Parameters, SessionCookie, SessionId, TrustedProxies, Unreadable,
};
use portcullis::error::{ConfigError, ConfigFault, Reason, Severity};
use portcullis::identity::api_key::{ApiKeyOr, ApiKeyRecord, ApiKeyStore, ApiKeyVerifier, FileApiKeys, MemoryApiKeys};
use portcullis::identity::digest_access::{DigestQuery, DigestStore, DigestUser, DigestUsers, Ha1};
use portcullis::identity::introspection::{
    AnswerCache, ClientAuth, IntrospectionBuilder, IntrospectionVerifier, JwtOrOpaque, SigningKey,
};
use portcullis::identity::jwt::{
    Algorithm, Issuer, IssuerKeys, JwtVerifier, KeySet, KeysFreshness, KeysState, LoggedOut, Profile, RemoteKeys,
    RemoteKeysBuilder, TokenCache,
};
use portcullis::identity::password::{
    HashError, HashPool, HashPoolBuilder, HtpasswdFile, HtpasswdFileBuilder, HtpasswdState, PasswordCheck,
    PasswordMemory, PasswordStore, PasswordVerifier, Rehash, StoredUser, User, Users,
};
use portcullis::identity::revocation::{
    MemoryRevocations, MemoryRevocationsBuilder, RedisRevocations, RedisRevocationsBuilder, Revocation, Revocations,
    RevokeError, TokenFacts,
};
use portcullis::identity::session::{
    CachedStore, CachedStoreBuilder, Ending, Inserted, MemoryStore, Moment, NewSession, OwnerLimit, PostgresStore,
    PostgresStoreBuilder, RedisStore, RedisStoreBuilder, SessionError, SessionInfo, SessionKey, SessionOwner,
    SessionRecord, SessionRow, SessionStart, SessionStore, SessionTicket, Sessions, SessionsBuilder, SqliteStore,
    SqliteStoreBuilder, StoreError, WhenFull,
};
use portcullis::identity::throttle::{Permit, Throttle, ThrottleBuilder, Throttled};
use portcullis::identity::token::TokenVerifier;
use portcullis::identity::{Assertion, AuthTime, Identity, Names, Verifier, VerifyError};
use portcullis::login::{LogIn, LogInAttempt, LogOut, Login, LoginBuilder, Manage};
use portcullis::observe::{
    self, Claimed, DecisionId, Event, Finding, Observer, Outcome, RecentRefusals, Route, Stage, Tried,
};
use portcullis::outbound::{Client, ClientBuilder};
use portcullis::permission::{Decision, Policy, Require, RequireLayer, Requirement};
use portcullis::resource::{MetadataService, ProtectedResource, ProtectedResourceBuilder, Publish, PublishLayer};
use portcullis::response::{
    Challenge, Grpc, OwnRefusal, Page, PageBuilder, PageCause, PageLabel, PageText, PageTexts, Problem, Rejection,
    Reply, Representation, Respond, ResponseBody,
};
use portcullis::test_kit::session_store::OpenStore;
use portcullis::test_kit::{
    Challenges, Endpoint, Fault, Forgery, Genuine, ParsedChallenge, TestIssuer, TestIssuerBuilder, TokenBuilder,
};
use portcullis::{Secret, authenticate, login, permission, resource};
use tower::{Layer, Service};

/// An inner service whose types have names.
#[derive(Clone, Debug)]
struct Inner;

impl Service<Request<()>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(String::new())))
    }
}

type Layered = Authenticate<Require<Inner>>;

/// Everything a layer makes fits in a field
struct Mine {
    layer: AuthenticateLayer,
    require: RequireLayer,
    service: Layered,
    response: authenticate::ResponseFuture<Require<Inner>, ()>,
    permitted: permission::ResponseFuture<Inner, ()>,
    body: ResponseBody<ResponseBody<String>>,
}

#[test]
fn a_service_and_its_future_fit_in_the_fields_of_a_struct() {
    let verifier = async |_: BearerToken| Err::<Identity, _>(VerifyError::invalid());
    let layer = AuthenticateLayer::new(Bearer::new("api", verifier)).unwrap();
    let require = RequireLayer::new(permission::authenticated()).unwrap();
    let mut service: Layered = layer.layer(require.layer(Inner));
    let mut permitted: Require<Inner> = require.layer(Inner);
    let mine = Mine {
        response: service.call(Request::new(())),
        permitted: permitted.call(Request::new(())),
        body: ResponseBody::inner(ResponseBody::from_bytes("")),
        service,
        layer,
        require,
    };
    drop(mine);
}

/// All that a plain value promises.
trait Plain: Send + Sync + Unpin + Debug + 'static {}
impl<T: Send + Sync + Unpin + Debug + 'static> Plain for T {}

/// What an error promises besides.
trait Failure: Plain + Error {}
impl<T: Plain + Error> Failure for T {}

macro_rules! promise {
    ($($promise:path: $($type:ty),+;)+) => {
        /// Compiles where every type keeps its promises.
        fn every_type_keeps_its_promises() {
            $({
                fn keeps<T: $promise>() {}
                $(keeps::<$type>();)+
            })+
        }
    };
}

/// A plain value that can be cloned.
trait Shared: Plain + Clone {}
impl<T: Plain + Clone> Shared for T {}

/// A store of users in which there is nobody.
struct Nobody;

impl PasswordStore for Nobody {
    type Error = io::Error;

    async fn find(&self, _: &str) -> Result<Option<StoredUser>, io::Error> {
        Ok(None)
    }
}

type Checks = PasswordVerifier;
type Answered = <Inner as Service<Request<()>>>::Future;
type Attempted = fn(BearerToken) -> Ready<Result<Identity, VerifyError>>;

promise! {
    Shared: AuthenticateLayer, SameOrigin, Session<Sessions>, RequireLayer, Authenticate<Inner>, Require<Inner>, Requirement, Identity, AuthTime, Names, Decision,
        Challenge, Problem, Rejection, DecisionId, Reply, Reason, Severity, UnixTime, ManualClock, SystemClock,
        Authorization<'static>, Parameters<'static>, CookieName, SessionCookie, Algorithm, HashPool, Sessions, MemoryStore, CachedStore<MemoryStore>, PostgresStore, RedisStore, SqliteStore, Ending, Inserted, OwnerLimit, WhenFull, Moment, SessionKey, SessionOwner<'static>, SessionRecord, SessionRow, SessionTicket, SessionStart,
        PasswordVerifier, SessionInfo, TokenVerifier, JwtVerifier, User, KeySet, Value<u8>, IssuerKeys, Profile, TokenCache,
        MemoryRevocations, RedisRevocations, Revocation, TokenFacts<'static>, ProtectedResource, ProtectedResourceBuilder,
        PublishLayer, Publish<Inner>, MetadataService, Challenges, Endpoint, Fault, Forgery, Genuine, ParsedChallenge,
        TokenBuilder<'static>, ClientAddress, PasswordMemory, Throttle, Throttled<Checks>, TrustedProxies, Client,
        KeysFreshness, KeysState, RemoteKeys, AnswerCache, IntrospectionVerifier, JwtOrOpaque, HtpasswdFile,
        HtpasswdState, PasswordCheck, ApiKeyOr<TokenVerifier>, ApiKeyVerifier, FileApiKeys, Login, LogIn, LogInAttempt, LogOut, Manage, MemoryApiKeys, Carrier, DigestAlgorithm, DigestName, DigestQuery, DigestUser, DigestUsers, Ha1,
        Grpc, OwnRefusal, Page, PageBuilder, PageCause, PageLabel, PageText, PageTexts, Representation, RouteRow, RouteTable,
        observe::Decision<'static>, Claimed<'static>, Finding, Outcome, Route, Stage, Tried;
    Plain: LoginBuilder, Explanation, RecentRefusals, Accepted, Assertion, AuthenticateBuilder, Permit, ThrottleBuilder, Basic<Checks>, Bearer<Attempted>,
        Digest<DigestUsers>, DigestCredentials,
        BasicCredentials, BearerToken, SessionId, Issuer, HashPoolBuilder, MemoryRevocationsBuilder, RedisRevocationsBuilder, PostgresStoreBuilder, RedisStoreBuilder, SqliteStoreBuilder, SessionsBuilder, CachedStoreBuilder<MemoryStore>, NewSession,
        LoggedOut, Users,
        Secret<String>, ResponseBody<String>, TestIssuer, TestIssuerBuilder, ClientBuilder, RemoteKeysBuilder, ClientAuth,
        IntrospectionBuilder, SigningKey, HtpasswdFileBuilder, Rehash, StoredUser, ApiKey, ApiKeyRecord;
    Failure: VerifyError, ConfigError, ConfigFault, Unreadable, HashError, Rejection, RevokeError, SessionError, StoreError;
    Send: Attempt, Refused, authenticate::ResponseFuture<Inner, ()>,
        permission::ResponseFuture<Inner, ()>, resource::ResponseFuture<Answered>, login::ResponseFuture;
    Debug: Attempt, login::ResponseFuture, Refused, authenticate::ResponseFuture<Inner, ()>, permission::ResponseFuture<Inner, ()>,
        resource::ResponseFuture<Answered>;
    Scheme: Basic<Checks>, Bearer<TokenVerifier>, Bearer<JwtVerifier>, Session<Sessions>,
        ApiKeys, Bearer<ApiKeyVerifier>, Bearer<ApiKeyOr<JwtVerifier>>;
    Debug: Event<'static>, Guarded<MethodRouter>, Part, Required, Routes;
    Observer: RecentRefusals;
    Respond: Problem, Page;
    ApiKeyStore: MemoryApiKeys, FileApiKeys;
    Revocations: MemoryRevocations, RedisRevocations;
    PasswordStore: Nobody;
    SessionStore: MemoryStore, CachedStore<MemoryStore>, PostgresStore, RedisStore, SqliteStore;
    OpenStore: MemoryStore, Option<MemoryStore>;
    Clock: SystemClock, ManualClock;
}

// Sealed: `Guard` is for us to implement.
fn traits_can_be_asked_for(_: impl DigestStore, _: impl Guard, _: impl Policy, _: impl Verifier<BearerToken>) {}

macro_rules! is_clone {
    ($type:ty) => {{
        struct Probe<T>(PhantomData<T>);
        impl<T: Clone> Probe<T> {
            const ANSWER: bool = true;
        }
        trait Fallback {
            const ANSWER: bool = false;
        }
        impl<T> Fallback for Probe<T> {}
        Probe::<$type>::ANSWER
    }};
}

/// A secret is in one place, and a copy of it is made on purpose or not at all
#[test]
fn nothing_that_holds_a_secret_can_be_cloned() {
    assert!(is_clone!(String), "the probe works");
    assert!(!is_clone!(Secret<String>) && !is_clone!(SessionId) && !is_clone!(NewSession));
    assert!(!is_clone!(BearerToken) && !is_clone!(BasicCredentials));
    assert!(!is_clone!(ClientAuth) && !is_clone!(SigningKey) && !is_clone!(ApiKey));
}

/// A public type that is not promised anything above fails here
#[test]
fn every_public_type_stands_in_this_file() {
    fn visit(folder: &Path, see: &mut impl FnMut(&str)) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                visit(&path, see)?;
            } else {
                fs::read_to_string(path)?.lines().map(str::trim_start).for_each(&mut *see);
            }
        }
        Ok(())
    }
    let own = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises.rs")).unwrap();
    let promised = own.split("promise! {").nth(1).unwrap();
    let words: Vec<_> = promised.split(|character: char| !character.is_alphanumeric()).collect();
    let mut types = 0;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    visit(&source, &mut |line| {
        let Some(rest) = ["pub struct ", "pub enum ", "pub trait "].iter().find_map(|start| line.strip_prefix(start))
        else {
            return;
        };
        let name = rest.split(|character: char| !character.is_alphanumeric()).next().unwrap();
        assert!(words.contains(&name), "{name} is public and promises nothing");
        types += 1;
    })
    .unwrap();
    assert!(types > 50, "only {types} found");
}
