//! The rules as services: for each one who is let in, what is demanded, and what then runs.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes, HttpBody};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use portcullis::authenticate::Scheme;
use portcullis::permission::{Decision, policy};
use portcullis::{AuthenticateLayer, ConfigError, Identity, RequireLayer};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::config::{Allow, Rule, SchemeName};
use crate::echo;
use crate::path::Pattern;

/// The schemes there are, in the order of their challenges.
pub(crate) type Schemes = Vec<(SchemeName, Arc<dyn Scheme>)>;

type Room = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// All rules, in their order, and what happens where none matches.
pub(crate) struct Doors {
    doors: Vec<Door>,
    /// Only those who are known learn that there is nothing for them.
    wall: Room,
}

struct Door {
    pattern: Pattern,
    methods: Option<Vec<Method>>,
    room: Room,
}

impl Doors {
    pub(crate) fn build(rules: Vec<Rule>, schemes: &Schemes, counters: &Counters) -> Result<Self, ConfigError> {
        let mut entrances = Entrances { schemes, built: HashMap::new() };
        let all: Vec<_> = schemes.iter().map(|(name, _)| *name).collect();
        let nobody = RequireLayer::new(policy(|_: &Identity, _: &Parts| Decision::Deny))?;
        let wall = guarded(&entrances.get(all, false)?, Some(&nobody), handler(Arc::default()));
        let mut doors = Vec::new();
        for Rule { path, pattern, methods, allow } in rules {
            let handler = handler(counters.of(&path));
            let room = match allow {
                Allow::Public => handler,
                Allow::Optional(names) => guarded(&entrances.get(names, true)?, None, handler),
                Allow::Authenticated(names, require) => guarded(&entrances.get(names, false)?, Some(&require), handler),
            };
            doors.push(Door { pattern, methods, room });
        }
        Ok(Self { doors, wall })
    }

    /// Answers a request whose decoded path is `path`, by the first rule that is about it.
    pub(crate) async fn answer(&self, path: &[u8], request: Request<Body>) -> Response<Body> {
        let door = self.doors.iter().find(|door| door.is_for(request.method(), path));
        let room = door.map_or(&self.wall, |door| &door.room).clone();
        let Ok(response) = room.oneshot(request).await;
        response
    }
}

impl Door {
    fn is_for(&self, method: &Method, path: &[u8]) -> bool {
        // HEAD is GET without the body, so whoever may read the one may read the other.
        let means = |own: &Method| own == method || (own == Method::GET && method == Method::HEAD);
        self.pattern.matches(path) && self.methods.as_ref().is_none_or(|methods| methods.iter().any(means))
    }
}

/// One layer for each choice of schemes, however many rules make that choice.
struct Entrances<'s> {
    schemes: &'s Schemes,
    built: HashMap<(Vec<SchemeName>, bool), AuthenticateLayer>,
}

impl Entrances<'_> {
    fn get(&mut self, names: Vec<SchemeName>, optional: bool) -> Result<AuthenticateLayer, ConfigError> {
        if let Some(layer) = self.built.get(&(names.clone(), optional)) {
            return Ok(layer.clone());
        }
        let chosen = self.schemes.iter().filter(|(name, _)| names.contains(name));
        let mut builder =
            chosen.fold(AuthenticateLayer::builder(), |builder, (_, scheme)| builder.scheme(Arc::clone(scheme)));
        if optional {
            builder = builder.allow_anonymous();
        }
        let layer = builder.build()?;
        self.built.insert((names, optional), layer.clone());
        Ok(layer)
    }
}

fn guarded(authenticate: &AuthenticateLayer, require: Option<&RequireLayer>, handler: Room) -> Room {
    match require {
        Some(require) => boxed(authenticate.layer(require.layer(handler))),
        None => boxed(authenticate.layer(handler)),
    }
}

fn boxed<S, B>(service: S) -> Room
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    BoxCloneSyncService::new(service.map_response(|response| response.map(Body::new)))
}

/// What the rules guard; it counts how often it runs.
fn handler(runs: Arc<AtomicU64>) -> Room {
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        runs.fetch_add(1, Ordering::Relaxed);
        ready(Ok(echo::answer(&request)))
    }))
}

/// How often what lies behind each rule's path has run.
pub(crate) struct Counters(BTreeMap<String, Arc<AtomicU64>>);

impl Counters {
    /// A counter for the path of each rule; those of `previous` go on where they are.
    pub(crate) fn build(rules: &[Rule], previous: Option<&Self>) -> Self {
        let counters = rules.iter().map(|rule| {
            let kept = previous.and_then(|previous| previous.0.get(&rule.path)).cloned();
            (rule.path.clone(), kept.unwrap_or_default())
        });
        Self(counters.collect())
    }

    fn of(&self, path: &str) -> Arc<AtomicU64> {
        self.0.get(path).cloned().unwrap_or_default()
    }

    /// The numbers, as a JSON object.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        self.0
            .iter()
            .map(|(path, runs)| (path.clone(), serde_json::Value::from(runs.load(Ordering::Relaxed))))
            .collect()
    }
}
