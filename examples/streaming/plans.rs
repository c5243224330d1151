//! The plans, and what somebody is told whose plan is too small.

use std::fmt::Write as _;

use axum::http::request::Parts;
use portcullis::response::{Page, Rejection, Reply, Representation, Respond};
use portcullis::{ConfigError, Identity};
use serde_json::json;

pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) price: &'static str,
    pub(crate) scopes: &'static [&'static str],
}

/// The smaller ones first.
pub(crate) const PLANS: [Plan; 3] = [
    Plan { name: "basic", price: "5 a month", scopes: &["watch:sd"] },
    Plan { name: "standard", price: "10 a month", scopes: &["watch:sd", "watch:hd"] },
    Plan { name: "premium", price: "15 a month", scopes: &["watch:sd", "watch:hd", "watch:uhd"] },
];

impl Plan {
    pub(crate) fn is_had_by(&self, identity: &Identity) -> bool {
        self.scopes.iter().all(|scope| identity.scopes().contains(scope))
    }

    /// The smallest plan that has all that is missing.
    fn with<'a>(mut missing: impl Iterator<Item = &'a str> + Clone) -> Option<&'static Self> {
        let has_all = |plan: &&Self| missing.clone().all(|scope| plan.scopes.contains(&scope));
        let found = PLANS.iter().find(has_all);
        missing.next().and(found)
    }
}

/// Tells those whose plan is too small which one they need; all other refusals are told in the usual words.
#[derive(Debug)]
pub(crate) struct Upgrade {
    usual: Page,
}

impl Upgrade {
    pub(crate) fn new() -> Result<Self, ConfigError> {
        Ok(Self { usual: Page::builder().application("Films").support("our help desk").build()? })
    }
}

impl Respond for Upgrade {
    fn respond(&self, rejection: &Rejection, head: &Parts) -> Reply {
        let missing: Vec<_> = rejection.missing_scopes().collect();
        let Some(Plan { name, price, .. }) = Plan::with(missing.iter().copied()) else {
            return self.usual.respond(rejection, head);
        };
        let (id, url) = (rejection.id(), format!("/plans#{name}"));
        let among = [Representation::Problem, Representation::Html];
        if Representation::preferred(&head.headers, &among) == Representation::Html {
            // Nothing of the request stands in the page, so there is nothing to escape.
            let mut page = String::from(HEAD);
            let _ = write!(page, "<h1>This is in the plan {name}</h1>\n<p>Your own plan does not have it.</p>\n");
            let _ = write!(
                page,
                "<p><a href=\"{url}\">Get {name}</a> for {price}.</p>\n<p>Our help desk finds this as {id}.</p>\n</main>\n"
            );
            return Reply::new("text/html; charset=utf-8", page);
        }
        let problem = json!({
            "type": "urn:portcullis:problem:forbidden",
            "title": format!("This is in the plan {name}"),
            "status": rejection.status().as_u16(),
            "code": rejection.reason().code(),
            "detail": format!("Your plan does not have it. Get the plan {name}, then get a new token."),
            "id": id.to_string(),
            "scope": missing.join(" "),
            "upgrade": {"plan": name, "price": price, "url": url},
        });
        Reply::new("application/problem+json", format!("{problem}\n"))
    }
}

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not in your plan</title>
<style>:root{color-scheme:light dark;font:1.1rem/1.5 system-ui}main{max-width:34rem;margin:15vh auto;padding:0 1rem}</style>
<main>
"#;
