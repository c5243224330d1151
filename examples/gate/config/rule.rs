//! `[[rule]]`: who may go where.

use std::time::Duration;

use hyper::Method;
use portcullis::RequireLayer;
use portcullis::permission::{Requirement, acr, all, any, authenticated, max_age, role, scope};

use super::SchemeName;
use super::section::Section;
use crate::path::Pattern;

/// One rule, checked.
pub(crate) struct Rule {
    /// As written: the name of its counter.
    pub(crate) path: String,
    pub(crate) pattern: Pattern,
    /// `None` for all.
    pub(crate) methods: Option<Vec<Method>>,
    pub(crate) allow: Allow,
}

/// Whom a rule lets in.
pub(crate) enum Allow {
    /// Anybody; credentials are not looked at.
    Public,
    /// Those who send nothing, and those whose credentials hold.
    Optional(Vec<SchemeName>),
    /// Those whose credentials hold and who meet the demand.
    Authenticated(Vec<SchemeName>, RequireLayer),
}

/// Reads all rules; `configured` are the schemes they can choose from.
pub(crate) fn read_all(root: &mut Section<'_>, configured: &[SchemeName]) -> Vec<Rule> {
    let rules: Vec<_> = root.sections("rule").into_iter().map(|section| read(section, configured)).collect();
    for (index, rule) in rules.iter().enumerate() {
        let Some(rule) = rule else { continue };
        let hidden_by =
            rules.iter().take(index).position(|above| above.as_ref().is_some_and(|above| above.hides(rule)));
        if let Some(above) = hidden_by {
            let (number, above, path) = (index + 1, above + 1, &rule.path);
            let remedy = format!("rule {above} decides on all it is about; remove one, or move it up");
            root.fault("rule.path", format!("rule {number} ({path:?}): never reached: {remedy}"));
        }
    }
    rules.into_iter().flatten().collect()
}

impl Rule {
    /// Whether nothing is left for a rule below this one, of the same path or of any where this is about all.
    fn hides(&self, below: &Self) -> bool {
        let has = |methods: &[Method], method: &Method| {
            // GET includes HEAD.
            methods.contains(method) || (*method == Method::HEAD && methods.contains(&Method::GET))
        };
        let methods = match (&self.methods, &below.methods) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => other.iter().all(|method| has(own, method)),
        };
        methods && (self.pattern == below.pattern || self.pattern == Pattern::ALL)
    }
}

/// Reads one rule; `configured` are the schemes it can choose from.
fn read(mut section: Section<'_>, configured: &[SchemeName]) -> Option<Rule> {
    section.need("path", "name an exact path, or a prefix that ends in /*");
    let path = section.text("path");
    if let Some(path) = &path {
        section.call(path);
    }
    let pattern = path.as_deref().and_then(|path| {
        Pattern::parse(path).map_err(|problem| section.fault("path", format!("{path:?} {problem}"))).ok()
    });
    let methods = section.names("methods");
    let methods = methods.map(|names| names.iter().filter_map(|name| read_method(&section, name)).collect());

    let allow = section.text("allow");
    let allow = allow.as_deref().unwrap_or("authenticated");
    for key in DEMANDS.iter().filter(|key| allow != "authenticated" && section.has(key)) {
        section.fault(key, format!("means nothing with allow = {allow:?}; remove it, or allow = \"authenticated\""));
    }
    if allow == "public" && section.has("schemes") {
        section
            .fault("schemes", "means nothing with allow = \"public\", where credentials are not looked at; remove it");
    }
    let schemes = read_schemes(&mut section, configured);
    let requirement = read_requirement(&mut section);
    let hidden = section.flag("hidden").unwrap_or(false);
    let allow = match allow {
        "public" => Some(Allow::Public),
        "optional" => Some(Allow::Optional(schemes)),
        "authenticated" => RequireLayer::new(requirement)
            .map(|layer| Allow::Authenticated(schemes, if hidden { layer.hidden() } else { layer }))
            .map_err(|error| section.faults_of("scopes_all", error))
            .ok(),
        other => {
            section.fault("allow", format!("{other:?} is none of \"public\", \"optional\", \"authenticated\""));
            None
        }
    };
    section.close();
    Some(Rule { path: path?, pattern: pattern?, methods, allow: allow? })
}

/// What only somebody who is known can be asked for.
const DEMANDS: [&str; 6] = ["scopes_all", "scopes_any", "roles_any", "max_age", "acr", "hidden"];

fn read_method(section: &Section<'_>, name: &str) -> Option<Method> {
    let method =
        Method::from_bytes(name.as_bytes()).ok().filter(|_| !name.bytes().any(|byte| byte.is_ascii_lowercase()));
    if method.is_none() {
        section.fault("methods", format!("{name:?} is no method; write it in capitals, such as \"GET\""));
    }
    if name == "CONNECT" {
        section.fault("methods", "names CONNECT, which is refused before any rule; remove it");
    }
    method
}

fn read_schemes(section: &mut Section<'_>, configured: &[SchemeName]) -> Vec<SchemeName> {
    let Some(names) = section.names("schemes") else { return configured.to_vec() };
    let chosen = super::read_scheme_names(section, &names);
    for missing in chosen.iter().filter(|name| !configured.contains(name)) {
        let problem = format!("{:?} is not configured; add its section, or remove it here", missing.as_str());
        section.fault("schemes", problem);
    }
    // The order of challenges is the same everywhere.
    configured.iter().copied().filter(|name| chosen.contains(name)).collect()
}

/// All demands of a rule in one; each is checked by itself, so that a fault is told of its own key.
fn read_requirement(section: &mut Section<'_>) -> Requirement {
    let scopes_all = section.names("scopes_all").map(|names| all(names.into_iter().map(scope)));
    let scopes_any = section.names("scopes_any").map(|names| any(names.into_iter().map(scope)));
    let roles_any = section.names("roles_any").map(|names| any(names.into_iter().map(role)));
    let age = section.duration("max_age");
    if age == Some(Duration::ZERO) {
        section.fault("max_age", "is zero, so no log-in would be new enough; give it a minute");
    }
    let acr = section.names("acr").map(acr);
    let demands = [
        ("scopes_all", scopes_all),
        ("scopes_any", scopes_any),
        ("roles_any", roles_any),
        ("max_age", age.map(max_age)),
        ("acr", acr),
    ];
    let mut sound = Vec::new();
    for (key, requirement) in demands.into_iter().filter_map(|(key, requirement)| Some((key, requirement?))) {
        match RequireLayer::new(requirement.clone()) {
            Ok(_) => sound.push(requirement),
            Err(error) => error.into_iter().for_each(|fault| section.fault(key, fault.problem())),
        }
    }
    if sound.is_empty() { authenticated() } else { all(sound) }
}
