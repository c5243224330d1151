//! The library, set up in the ways that are measured.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use axum::Router;
use http::{Request, StatusCode};
use portcullis::authenticate::{Basic, Bearer, Scheme, Session};
use portcullis::credentials::{BasicCredentials, BearerToken, SessionId};
use portcullis::identity::session::{MemoryStore, SessionStart};
use portcullis::identity::token::TokenVerifier;
use portcullis::permission::scope;
use portcullis::{AuthenticateLayer, Identity, RequireLayer, Verifier, VerifyError};
use tower::{Layer, service_fn};

use super::at_once::at_once;
use super::case::Case;
use super::request::{Bare, Body, Head, app, call, finished, head_case, service_case};
use super::token::Signed;

pub(crate) const OPAQUE: &str = "kJ3vX9qLw2rT8mZs5bYcVn6E";

/// Knows the answer without waiting.
pub(crate) struct AtHand(pub(crate) Identity);

impl Verifier<BearerToken> for AtHand {
    async fn verify(&self, _: BearerToken) -> Result<Identity, VerifyError> {
        Ok(self.0.clone())
    }

    fn verify_now(&self, token: &BearerToken) -> Option<Result<Identity, VerifyError>> {
        black_box(token.expose());
        Some(Ok(self.0.clone()))
    }
}

pub(crate) fn alice() -> Identity {
    Identity::assertion("orders", "alice").scopes(["orders:read", "orders:write"]).authenticated_now().build()
}

pub(crate) fn layer(scheme: impl Scheme) -> AuthenticateLayer {
    AuthenticateLayer::new(scheme).unwrap()
}

pub(crate) fn at_hand() -> AuthenticateLayer {
    layer(Bearer::new("orders", AtHand(alice())))
}

/// Three schemes, none of them presented.
fn three_schemes() -> AuthenticateLayer {
    let nobody = async |_: BasicCredentials| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) };
    AuthenticateLayer::builder()
        .scheme(Bearer::new("orders", AtHand(alice())))
        .scheme(Session::new("orders", portcullis::identity::session::Sessions::new(MemoryStore::new())))
        .scheme(Basic::new("orders", nobody))
        .build()
        .unwrap()
}

pub(crate) fn tower(name: &str, layer: &AuthenticateLayer, status: StatusCode, head: &Head) -> Case {
    head_case(name, layer.layer(Bare::<Body>::new()), status, head)
}

fn axum(name: &str, layer: AuthenticateLayer, status: StatusCode, head: &Head) -> Case {
    head_case(name, finished(app().layer(layer)), status, head)
}

pub(crate) fn bare_tower(head: &Head) -> Case {
    head_case("bare tower service", Bare::<Body>::new(), StatusCode::OK, head).baseline()
}

pub(crate) fn bare_axum(head: &Head) -> Case {
    head_case("bare axum app", finished(app()), StatusCode::OK, head).baseline()
}

pub(crate) fn nothing_sent() -> Vec<Case> {
    vec![
        tower("portcullis", &at_hand(), StatusCode::UNAUTHORIZED, &Head::new()),
        tower("portcullis, three schemes", &three_schemes(), StatusCode::UNAUTHORIZED, &Head::new()),
    ]
}

pub(crate) fn nothing_sent_axum() -> Case {
    axum("portcullis in axum", at_hand(), StatusCode::UNAUTHORIZED, &Head::new())
}

pub(crate) fn garbage(signed: &Signed) -> Case {
    let layer = layer(Bearer::new("orders", signed.verifier()));
    tower("portcullis, JWT", &layer, StatusCode::UNAUTHORIZED, &Head::bearer("not.a.jwt"))
}

pub(crate) fn accepted() -> Vec<Case> {
    let closure = |_: BearerToken| async { Ok(alice()) };
    let alice = alice();
    let shared = move |_: BearerToken| {
        let alice = alice.clone();
        async move { Ok(alice) }
    };
    let head = Head::bearer(OPAQUE);
    vec![
        tower("portcullis, verdict at hand", &at_hand(), StatusCode::OK, &head),
        tower("portcullis, closure (boxed future)", &layer(Bearer::new("orders", shared)), StatusCode::OK, &head),
        tower(
            "portcullis, closure that builds an identity",
            &layer(Bearer::new("orders", closure)),
            StatusCode::OK,
            &head,
        ),
        tower(
            "portcullis, opaque token, 1000 live",
            &layer(Bearer::new("orders", tokens(1000))),
            StatusCode::OK,
            &head,
        ),
    ]
}

pub(crate) fn accepted_axum() -> Case {
    axum("portcullis in axum, verdict at hand", at_hand(), StatusCode::OK, &Head::bearer(OPAQUE))
}

fn tokens(count: usize) -> TokenVerifier {
    let tokens = TokenVerifier::new();
    tokens.insert(OPAQUE, alice()).unwrap();
    for number in 1..count {
        tokens.insert(&format!("kJ3vX9qLw2rT8mZs-{number:08}"), alice()).unwrap();
    }
    tokens
}

pub(crate) fn raw(signed: &Signed) -> Case {
    let check = signed.raw_check();
    assert!(check(), "the signature holds");
    let name = format!("{} raw signature check, key parsed once", signed.key.algorithm);
    Case::new(name, || (), move |()| assert!(black_box(check())))
}

pub(crate) fn jwt_verifier(signed: &Signed) -> Case {
    let (verifier, token) = (signed.verifier(), signed.token.clone());
    let name = format!("{} portcullis, verifier alone", signed.key.algorithm);
    Case::new(name, || (), move |()| drop(black_box(verifier.verify_token(black_box(&token)).unwrap())))
}

pub(crate) fn jwt(signed: &Signed) -> Case {
    let layer = layer(Bearer::new("orders", signed.verifier()));
    let name = format!("{} portcullis", signed.key.algorithm);
    tower(&name, &layer, StatusCode::OK, &Head::bearer(&signed.token))
}

pub(crate) fn jwt_axum(signed: &Signed) -> Case {
    let layer = layer(Bearer::new("orders", signed.verifier()));
    let name = format!("{} portcullis in axum", signed.key.algorithm);
    axum(&name, layer, StatusCode::OK, &Head::bearer(&signed.token))
}

/// Sessions, and heads with their cookies in an order that no cache foresees.
pub(crate) struct Sessions {
    pub(crate) layer: AuthenticateLayer,
    pub(crate) heads: Heads,
}

impl Sessions {
    pub(crate) fn new(count: usize) -> Self {
        let store = MemoryStore::with_limit(count.max(1)).unwrap();
        let sessions = portcullis::identity::session::Sessions::new(store);
        let cookies: Vec<String> = (0..count)
            .map(|number| {
                let user = Identity::assertion("orders", format!("user-{number}")).scopes(["orders:read"]);
                let user = user.authenticated_now().build();
                let started = at_once(sessions.create(&user, SessionStart::new())).unwrap();
                cookie(started.id())
            })
            .collect();
        let heads = Heads::new(&cookies);
        Self { layer: layer(Session::new("orders", sessions)), heads }
    }

    pub(crate) fn axum_app(&self) -> Router {
        app().layer(self.layer.clone())
    }
}

fn cookie(id: &SessionId) -> String {
    format!("theme=dark; __Host-session={}; lang=en", id.encode().expose())
}

/// Many heads, handed out with a stride that reaches all of them.
#[derive(Clone)]
pub(crate) struct Heads(Arc<Mutex<(Vec<Head>, usize)>>);

impl Heads {
    pub(crate) fn new(cookies: &[String]) -> Self {
        Self(Arc::new(Mutex::new((cookies.iter().map(|cookie| Head::cookie(cookie)).collect(), 0))))
    }

    pub(crate) fn first(&self) -> Head {
        self.0.lock().unwrap().0[0].clone()
    }

    pub(crate) fn next(&self) -> Request<Body> {
        let mut state = self.0.lock().unwrap();
        state.1 = (state.1 + 7_919) % state.0.len();
        state.0[state.1].request()
    }
}

pub(crate) const LIVE: usize = 10_000;
pub(crate) const STALE: &str = "theme=dark; __Host-session=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE; lang=en";
pub(crate) const BROKEN: &str = "theme=dark; __Host-session=not-an-id; lang=en";

pub(crate) fn sessions_axum(sessions: &Sessions) -> Vec<Case> {
    let bare = sessions.heads.clone();
    let heads = sessions.heads.clone();
    let app = || finished(sessions.axum_app());
    vec![
        service_case("bare axum app", finished(super::request::app()), StatusCode::OK, move || bare.next()).baseline(),
        service_case("portcullis in axum", app(), StatusCode::OK, move || heads.next()),
        head_case("portcullis in axum, one of them again and again", app(), StatusCode::OK, &sessions.heads.first()),
        head_case("portcullis in axum, unknown id", app(), StatusCode::UNAUTHORIZED, &Head::cookie(STALE)),
        head_case("portcullis in axum, broken cookie", app(), StatusCode::UNAUTHORIZED, &Head::cookie(BROKEN)),
    ]
}

pub(crate) fn sessions_tower(sessions: &Sessions) -> Vec<Case> {
    let (bare, heads) = (sessions.heads.clone(), sessions.heads.clone());
    let guarded = || sessions.layer.layer(Bare::<Body>::new());
    vec![
        service_case("bare tower service", Bare::<Body>::new(), StatusCode::OK, move || bare.next()).baseline(),
        service_case("portcullis", guarded(), StatusCode::OK, move || heads.next()),
        head_case("portcullis, one of them again and again", guarded(), StatusCode::OK, &sessions.heads.first()),
    ]
}

/// The permission layer alone, around a bare tower service, with the identity in its place.
pub(crate) fn permission() -> Vec<Case> {
    let prepare = {
        let identity = handed_on();
        move || {
            let mut request = Head::bearer(OPAQUE).request();
            request.extensions_mut().insert(identity.clone());
            request
        }
    };
    let require = |name: &str| RequireLayer::new(scope(name)).unwrap().layer(Bare::<Body>::new());
    vec![
        service_case("bare tower service, identity in place", Bare::<Body>::new(), StatusCode::OK, prepare.clone())
            .baseline(),
        service_case("portcullis, scope granted", require("orders:write"), StatusCode::OK, prepare.clone()),
        service_case("portcullis, scope missing", require("orders:admin"), StatusCode::FORBIDDEN, prepare),
    ]
}

/// An identity as the outer layer leaves it in a request.
fn handed_on() -> Identity {
    let seen = Arc::new(Mutex::new(None));
    let sink = Arc::clone(&seen);
    let inner = service_fn(move |request: Request<Body>| {
        *sink.lock().unwrap() = request.extensions().get::<Identity>().cloned();
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty())))
    });
    call(&mut at_hand().layer(inner), Head::bearer(OPAQUE).request());
    seen.lock().unwrap().take().unwrap()
}
