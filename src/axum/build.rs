//! From routes to a router, or to all that is wrong with them.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{self, MethodRouter};
use axum_core::response::Response;
use http::StatusCode;
use http::header::ALLOW;
use http::request::Parts;

use super::guard::{Access, Guarded, Required};
use super::routes::{Entry, Inner, Part, Routes};
use super::table::{everything_else, joined, label};
use crate::authenticate::AuthenticateLayer;
use crate::error::{ConfigError, ConfigFault};
use crate::identity::Identity;
use crate::permission::{Decision, RequireLayer, any, policy};
use crate::response::Rejection;

impl Routes {
    /// The router, with `layer` around every route but the public ones, and inside of it the requirement. Layers that are to
    /// meet all requests, refused ones too, are put around what this returns.
    ///
    /// Whether `layer` lets in the anonymous does not matter: each route says that for itself.
    ///
    /// # Errors
    ///
    /// Lists every fault at once: each route that does not say who may use it, each faulty requirement, `hidden` where
    /// nothing could be, two fallbacks, and what axum's `Router` would have panicked about.
    pub fn build(self, layer: &AuthenticateLayer) -> Result<Router, ConfigError> {
        let mut site = Site {
            strict: layer.refuse_anonymous(),
            optional: layer.allow_anonymous(),
            faults: Vec::new(),
            paths: HashSet::new(),
        };
        let router = if self.fallbacks.is_empty() {
            Router::new().fallback_service(site.nothing_here()?)
        } else {
            Router::new()
        };
        let router = site.level(router, self, "");
        ConfigError::unless_empty(site.faults, router)
    }
}

/// What stands around a route.
#[derive(Clone)]
enum Wall {
    Open,
    Optional(AuthenticateLayer),
    Known(AuthenticateLayer),
    Required(AuthenticateLayer, RequireLayer),
}

impl Wall {
    fn around(&self, routes: MethodRouter) -> MethodRouter {
        match self {
            Self::Open => routes,
            Self::Optional(layer) | Self::Known(layer) => routes.layer(layer.clone()),
            Self::Required(layer, require) => {
                let inside: MethodRouter = routes.layer(require.clone());
                inside.layer(layer.clone())
            }
        }
    }

    fn around_router(&self, router: Router) -> Router {
        match self {
            Self::Open => router,
            Self::Optional(layer) | Self::Known(layer) => router.layer(layer.clone()),
            Self::Required(layer, require) => router.layer(require.clone()).layer(layer.clone()),
        }
    }

    const fn requirement(&self) -> Option<&RequireLayer> {
        match self {
            Self::Required(_, require) => Some(require),
            Self::Open | Self::Optional(_) | Self::Known(_) => None,
        }
    }
}

struct Site {
    strict: AuthenticateLayer,
    optional: AuthenticateLayer,
    faults: Vec<ConfigFault>,
    /// All that have routes, as they are written.
    paths: HashSet<String>,
}

impl Site {
    /// What answers where nobody said what does: as a hidden route answers those who lack its requirement.
    fn nothing_here(&self) -> Result<MethodRouter, ConfigError> {
        let hide = RequireLayer::new(policy(|_: &Identity, _: &Parts| Decision::Hide))?;
        Ok(Wall::Required(self.strict.clone(), hide).around(routing::any(StatusCode::NOT_FOUND)))
    }

    fn level(&mut self, mut router: Router, routes: Routes, prefix: &str) -> Router {
        let Routes { entries, fallbacks, faults } = routes;
        self.faults.extend(faults);
        for Guarded { inner, access, hidden } in fallbacks {
            let label = everything_else(prefix);
            let inner = self.wall(&label, access, hidden).around(inner);
            let fallback = Router::new().fallback_service(inner);
            router = self.step(&label, || router.merge(fallback)).unwrap_or_default();
        }
        let mut paths: Vec<(String, MethodRouter, Vec<Wall>)> = Vec::new();
        for entry in entries {
            let label = label(&entry, prefix);
            match self.rooted(&label, entry) {
                Entry::Route(path, Guarded { inner, access, hidden }) => {
                    let wall = self.wall(&label, access, hidden);
                    let guarded = wall.around(inner);
                    match paths.iter_mut().find(|(other, ..)| *other == path) {
                        Some((_, routes, walls)) => {
                            let before = std::mem::take(routes);
                            *routes = self.step(&label, || before.merge(guarded)).unwrap_or_default();
                            walls.push(wall);
                        }
                        None => paths.push((path, guarded, vec![wall])),
                    }
                }
                Entry::Nested(path, Part(Inner::Routes(routes))) => {
                    let inner = self.level(Router::new(), routes, &joined(prefix, &path));
                    router = self.step(&label, || router.nest(&path, inner)).unwrap_or_default();
                }
                Entry::Nested(path, Part(Inner::Router(Guarded { inner, access, hidden }))) => {
                    let wall = self.wall(&label, access, hidden);
                    let inner = closed(routing::any_service(wall.around_router(inner)), &[wall]);
                    router = self.step(&label, || router.nest_service(&path, inner)).unwrap_or_default();
                }
                Entry::Merged(Guarded { inner, access, hidden }) => {
                    let inner = self.wall(&label, access, hidden).around_router(inner);
                    router = self.step(&label, || router.merge(inner)).unwrap_or_default();
                }
            }
        }
        for (path, mut routes, walls) in paths {
            // Around the routes of one word stands the right wall already.
            if walls.len() > 1 {
                routes = routes.merge(self.for_other_methods(&walls).around(MethodRouter::new()));
            }
            let full = joined(prefix, &path);
            if !self.paths.insert(full.clone()) {
                let problem = "has routes in two parts of what is nested; write all that a path has in one of them";
                self.faults.push(ConfigFault::new(full, problem));
                continue;
            }
            let routes = closed(routes, &walls);
            router = self.step(&full, || router.route(&path, routes)).unwrap_or_default();
        }
        router
    }

    /// The rest of what is wrong with it can be found only with a path that axum looks at.
    fn rooted(&mut self, label: &str, mut entry: Entry<()>) -> Entry<()> {
        if let Entry::Route(path, _) | Entry::Nested(path, _) = &mut entry
            && !path.starts_with('/')
        {
            self.faults.push(ConfigFault::new(label.to_owned(), "has a path that does not begin with `/`"));
            path.insert(0, '/');
        }
        entry
    }

    fn wall(&mut self, label: &str, access: Access, hidden: bool) -> Wall {
        if hidden && !matches!(access, Access::Required(_)) {
            let problem = "is hidden, and nobody is refused who could be shown a 404 instead; remove `hidden`";
            self.faults.push(ConfigFault::new(label.to_owned(), problem));
        }
        match access {
            Access::Public => Wall::Open,
            Access::Optional => Wall::Optional(self.optional.clone()),
            Access::Required(Required { layer: Ok(layer), .. }) => {
                Wall::Required(self.strict.clone(), if hidden { layer.hidden() } else { layer })
            }
            Access::Required(Required { layer: Err(error), .. }) => {
                for fault in error {
                    let setting = format!("{label}: {}", fault.setting());
                    self.faults.push(ConfigFault::new(setting, fault.problem().to_owned()));
                }
                Wall::Known(self.strict.clone())
            }
            Access::Unsaid => {
                let problem = "does not say who may use it; add `.require(…)`, or `.public()` or `.optional()`";
                self.faults.push(ConfigFault::new(label.to_owned(), problem));
                Wall::Known(self.strict.clone())
            }
        }
    }

    /// Around the methods that a path does not have: whoever may use one of those that it has may know.
    fn for_other_methods(&self, walls: &[Wall]) -> Wall {
        if walls.iter().any(|wall| matches!(wall, Wall::Open)) {
            return Wall::Open;
        }
        if walls.iter().any(|wall| matches!(wall, Wall::Optional(_))) {
            return Wall::Optional(self.optional.clone());
        }
        let layers = || walls.iter().filter_map(Wall::requirement);
        let one_of_them = RequireLayer::new(any(layers().map(|layer| layer.requirement().clone())));
        match one_of_them.ok().or_else(|| layers().next().cloned()) {
            Some(layer) if layers().all(RequireLayer::is_hidden) => Wall::Required(self.strict.clone(), layer.hidden()),
            Some(layer) => Wall::Required(self.strict.clone(), layer),
            None => Wall::Known(self.strict.clone()),
        }
    }

    /// What axum panics about becomes a fault like any other. What follows is then looked at for itself.
    fn step<T>(&mut self, label: &str, add: impl FnOnce() -> T) -> Option<T> {
        let added = catch_unwind(AssertUnwindSafe(add));
        added.map_err(|panic| self.faults.push(ConfigFault::new(label.to_owned(), message(&*panic)))).ok()
    }
}

/// To refusals of methods that a path does not have, axum adds in `Allow` those that it has: nothing for strangers to read.
fn closed(routes: MethodRouter, walls: &[Wall]) -> MethodRouter {
    if walls.iter().all(|wall| matches!(wall, Wall::Open)) {
        return routes;
    }
    routing::any_service(routes).layer(map_response(async |mut response: Response| {
        if response.extensions().get::<Rejection>().is_some() {
            response.headers_mut().remove(ALLOW);
        }
        response
    }))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("axum does not take it: {}", text.unwrap_or("it does not say why"))
}
