//! The list of all routes and who may use them.

use std::fmt;

use axum::routing::MethodRouter;

use super::guard::Guarded;
use super::methods::methods;
use super::routes::{Entry, Inner, Part, Routes};

/// Every route with its method and who may use it, by path; made by [`Routes::table`], to be logged at start-up, or kept
/// beside a test that shows what has changed.
///
/// ```
/// use axum::routing::get;
/// use portcullis::axum::{Guard, Routes};
///
/// let table = Routes::new().route("/health", get("up").public()).table();
/// assert_eq!(table.to_string(), "GET  /health          public\nany  everything else  any identity, then 404\n");
/// assert_eq!(table.rows()[0].access(), "public");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RouteTable {
    rows: Vec<RouteRow>,
}

/// One line of a [`RouteTable`].
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RouteRow {
    path: String,
    method: String,
    access: String,
}

impl RouteTable {
    /// The lines, by path and method.
    #[must_use]
    pub fn rows(&self) -> &[RouteRow] {
        &self.rows
    }
}

impl RouteRow {
    /// The path as it was written, with that of what it is nested in.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The method, or `any`.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Who may use it, in words; `NOT SAID` where the routes will not build.
    #[must_use]
    pub fn access(&self) -> &str {
        &self.access
    }
}

impl Routes {
    /// Every route and who may use it, also where [`build`](Self::build) will fail.
    #[must_use]
    pub fn table(&self) -> RouteTable {
        let mut rows = Vec::new();
        self.list("", &mut rows);
        if self.fallbacks.is_empty() {
            rows.push(row("any", &everything_else(""), "any identity, then 404"));
        }
        rows.sort();
        RouteTable { rows }
    }

    fn list(&self, prefix: &str, rows: &mut Vec<RouteRow>) {
        for entry in &self.entries {
            match entry {
                Entry::Route(path, routes) => {
                    let (path, access) = (joined(prefix, path), routes.words());
                    let methods = method_names(routes);
                    rows.extend(methods.iter().map(|method| row(method, &path, &access)));
                }
                Entry::Nested(path, Part(Inner::Routes(routes))) => routes.list(&joined(prefix, path), rows),
                Entry::Nested(path, Part(Inner::Router(router))) => {
                    rows.push(row("any", &format!("{} and below", joined(prefix, path)), &router.words()));
                }
                Entry::Merged(router) => rows.push(row("any", &merged(prefix), &router.words())),
            }
        }
        for fallback in &self.fallbacks {
            let path = everything_else(prefix);
            rows.extend(method_names(fallback).iter().map(|method| row(method, &path, &fallback.words())));
        }
    }
}

impl fmt::Display for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |text: fn(&RouteRow) -> &String| self.rows.iter().map(|row| text(row).len()).max().unwrap_or(0);
        let (method, path) = (widest(|row| &row.method), widest(|row| &row.path));
        for row in &self.rows {
            writeln!(f, "{:method$}  {:path$}  {}", row.method, row.path, row.access)?;
        }
        Ok(())
    }
}

fn row(method: &str, path: &str, access: &str) -> RouteRow {
    RouteRow { path: path.to_owned(), method: method.to_owned(), access: access.to_owned() }
}

/// Where nothing is for one method alone, what there is is for any.
fn method_names(routes: &Guarded<MethodRouter>) -> Vec<String> {
    let methods = methods(&routes.inner);
    if methods.is_empty() { vec!["any".to_owned()] } else { methods.iter().map(ToString::to_string).collect() }
}

/// How faults call it.
pub(super) fn label(entry: &Entry<()>, prefix: &str) -> String {
    match entry {
        Entry::Route(path, routes) => format!("{} {}", method_names(routes).join(", "), joined(prefix, path)),
        Entry::Nested(path, Part(Inner::Routes(_))) => format!("the Routes at {}", joined(prefix, path)),
        Entry::Nested(path, Part(Inner::Router(_))) => format!("the Router at {}", joined(prefix, path)),
        Entry::Merged(_) => merged(prefix),
    }
}

/// What no route answers, here or below a path.
pub(super) fn everything_else(prefix: &str) -> String {
    let space = if prefix.is_empty() { "" } else { " " };
    format!("{prefix}{space}everything else")
}

fn merged(prefix: &str) -> String {
    let place = if prefix.is_empty() { "/" } else { prefix };
    format!("the Router merged at {place}")
}

/// As axum joins the path of what is nested with that of where.
pub(super) fn joined(prefix: &str, path: &str) -> String {
    match path {
        _ if prefix.ends_with('/') => format!("{prefix}{}", path.trim_start_matches('/')),
        "/" if !prefix.is_empty() => prefix.to_owned(),
        path => format!("{prefix}{path}"),
    }
}
