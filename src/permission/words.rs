//! Requirements in words, for tables and logs of the operator.

use std::fmt;

use super::requirement::{Kind, Requirement};

/// In words: `scope orders:read and (role clerk or role admin)`. A policy is shown by the name of its type.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Acr(values) => write!(f, "acr {}", values.join(" or ")),
            Kind::All(parts) => joined(f, parts, " and "),
            Kind::Any(parts) => joined(f, parts, " or "),
            Kind::Authenticated => f.write_str("any identity"),
            Kind::ByPath(paths) => write!(f, "what its path asks for, of {} listed", paths.len()),
            Kind::MaxAge(age) => write!(f, "a log-in of the last {age:?}"),
            Kind::Policy(policy) => write!(f, "policy {}", policy.name()),
            Kind::Role(name) => write!(f, "role {name}"),
            Kind::Scope(name) => write!(f, "scope {name}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Requirement], between: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { between })?;
        match &part.0 {
            // Without the brackets, `a and b or c` could be read in two ways.
            Kind::All(_) | Kind::Any(_) => write!(f, "({part})")?,
            Kind::Acr(values) if values.len() > 1 => write!(f, "({part})")?,
            Kind::Acr(_)
            | Kind::Authenticated
            | Kind::ByPath(_)
            | Kind::MaxAge(_)
            | Kind::Policy(_)
            | Kind::Role(_)
            | Kind::Scope(_) => write!(f, "{part}")?,
        }
    }
    Ok(())
}
