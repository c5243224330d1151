//! The rules as services: for each one who is let in, what is demanded, and what then runs.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes, HttpBody};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use portcullis::authenticate::Scheme;
use portcullis::observe::Route;
use portcullis::permission::{Decision, policy};
use portcullis::{AuthenticateLayer, ConfigError, Identity, RequireLayer};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::behind::Behind;
use crate::config::{Allow, Rule, SchemeName};
use crate::explain::Verdict;
use crate::method;
use crate::page::page;
use crate::path::Pattern;
use crate::refusals::Refusals;

/// The schemes there are, in the order of their challenges.
pub(crate) type Schemes = Vec<(SchemeName, Arc<dyn Scheme>)>;

type Room = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// All rules, in their order, and what happens where none matches.
pub(crate) struct Doors {
    doors: Vec<Door>,
    /// Only those who are known learn that there is nothing for them.
    wall: Room,
    wall_guards: Guards,
}

struct Door {
    pattern: Pattern,
    methods: Option<Vec<Method>>,
    /// The path of the rule, as records of decisions name it.
    route: Route,
    guards: Guards,
    room: Room,
}

/// Who stands at a door.
enum Guards {
    /// Nobody.
    None,
    /// Anonymous people are let in.
    Layer(AuthenticateLayer),
    Layers(AuthenticateLayer, RequireLayer),
}

impl Doors {
    /// `behind` is what they guard. Has `refusals` hear of all that is decided.
    pub(crate) fn build(
        rules: Vec<Rule>,
        schemes: &Schemes,
        counters: &Counters,
        behind: &Behind,
        refusals: &Refusals,
    ) -> Result<Self, ConfigError> {
        let mut entrances = Entrances { schemes, refusals, built: HashMap::new() };
        let all: Vec<_> = schemes.iter().map(|(name, _)| *name).collect();
        let nobody = RequireLayer::new(policy(|_: &Identity, _: &Parts| Decision::Deny))?;
        let wall_guards = Guards::Layers(entrances.get(all, false)?, nobody);
        let wall = wall_guards.before(handler(behind, Arc::default()));
        let mut doors = Vec::new();
        for Rule { path, pattern, methods, allow } in rules {
            let guards = match allow {
                Allow::Public => Guards::None,
                Allow::Optional(names) => Guards::Layer(entrances.get(names, true)?),
                Allow::Authenticated(names, require) => Guards::Layers(entrances.get(names, false)?, require),
            };
            let room = guards.before(handler(behind, counters.of(&path)));
            doors.push(Door { pattern, methods, route: Route::new(path), guards, room });
        }
        Ok(Self { doors, wall, wall_guards })
    }

    /// Says what is wrong with a method that some would take for another one, which the rules judge in another way.
    pub(crate) fn read_method(&self, method: &Method) -> Result<(), &'static str> {
        let named = self.doors.iter().filter_map(|door| door.methods.as_ref()).flatten().map(Method::as_str);
        method::read(method.as_str(), named)
    }

    /// What would become of a request whose decoded path is `path`.
    pub(crate) async fn explain(&self, path: &[u8], mut head: Parts) -> Verdict {
        match self.doors.iter().find(|door| door.is_for(&head.method, path)) {
            Some(door) => {
                head.extensions.insert(door.route.clone());
                let rule = format!("rule: path = {:?} is the first that matches", door.route.name());
                door.guards.explain(head).await.after(rule)
            }
            None => {
                let rule = "rule: none matches: whoever is asking is asked for credentials, and has no permission";
                self.wall_guards.explain(head).await.after(rule)
            }
        }
    }

    /// Answers a request whose decoded path is `path`, by the first rule that is about it.
    pub(crate) async fn answer(&self, path: &[u8], mut request: Request<Body>) -> Response<Body> {
        let door = self.doors.iter().find(|door| door.is_for(request.method(), path));
        if let Some(door) = door {
            request.extensions_mut().insert(door.route.clone());
        }
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
    refusals: &'s Refusals,
    built: HashMap<(Vec<SchemeName>, bool), AuthenticateLayer>,
}

impl Entrances<'_> {
    fn get(&mut self, names: Vec<SchemeName>, optional: bool) -> Result<AuthenticateLayer, ConfigError> {
        if let Some(layer) = self.built.get(&(names.clone(), optional)) {
            return Ok(layer.clone());
        }
        let chosen = self.schemes.iter().filter(|(name, _)| names.contains(name));
        let builder = AuthenticateLayer::builder().respond_with(page()).observer(self.refusals.observer());
        let mut builder = chosen.fold(builder, |builder, (_, scheme)| builder.scheme(Arc::clone(scheme)));
        if optional {
            builder = builder.allow_anonymous();
        }
        let layer = builder.build()?;
        self.built.insert((names, optional), layer.clone());
        Ok(layer)
    }
}

impl Guards {
    fn before(&self, handler: Room) -> Room {
        match self {
            Self::None => handler,
            Self::Layer(authenticate) => boxed(authenticate.layer(handler)),
            Self::Layers(authenticate, require) => boxed(authenticate.layer(require.layer(handler))),
        }
    }

    async fn explain(&self, mut head: Parts) -> Verdict {
        let (authenticate, require) = match self {
            Self::None => return Verdict::passes("public: credentials are not looked at"),
            Self::Layer(authenticate) => (authenticate, None),
            Self::Layers(authenticate, require) => (authenticate, Some(require)),
        };
        let explanation = authenticate.explain(&head).await;
        let step = format!("authenticate: {}", explanation.decision());
        match require.filter(|_| explanation.hand_on(&mut head)) {
            Some(require) => {
                let decision = require.explain(&head).await;
                let passes = decision.reason().is_none();
                Verdict { passes, steps: vec![step, format!("require: {decision}")] }
            }
            None => Verdict { passes: explanation.passes(), steps: vec![step] },
        }
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
fn handler(behind: &Behind, runs: Arc<AtomicU64>) -> Room {
    let behind = behind.clone();
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        runs.fetch_add(1, Ordering::Relaxed);
        let behind = behind.clone();
        async move { Ok(behind.answer(request).await) }
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
