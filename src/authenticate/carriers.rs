//! Where the schemes of a layer look: in which order they are asked, and which requests say two things at once.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, HeaderValue};

use super::scheme::{Carrier, Scheme};
use crate::credentials::Authorization;

/// The places in which the schemes of a layer find credentials that were sent on purpose.
#[derive(Clone)]
pub(super) struct Carriers {
    /// The scheme names that are spoken in `Authorization`.
    names: Vec<&'static str>,
    /// The other fields, each once.
    fields: Vec<HeaderName>,
    /// The schemes in the order they are asked: first those that share a name, since they know their own.
    order: Box<[usize]>,
}

impl Carriers {
    pub(super) fn of(schemes: &[Arc<dyn Scheme>]) -> Self {
        let (mut names, mut fields) = (Vec::new(), Vec::new());
        let (mut sharing, mut others) = (Vec::new(), Vec::new());
        for (index, scheme) in schemes.iter().enumerate() {
            let carriers = scheme.carriers();
            let shares = carriers.iter().any(|carrier| matches!(carrier, Carrier::Shared(_)));
            if shares {
                sharing.push(index)
            } else {
                others.push(index)
            }
            for carrier in carriers {
                match carrier {
                    Carrier::Authorization(name) | Carrier::Shared(name) => names.push(name),
                    Carrier::Field(field) if !fields.contains(&field) => fields.push(field),
                    Carrier::Field(_) => {}
                }
            }
        }
        sharing.append(&mut others);
        Self { names, fields, order: sharing.into() }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.iter()
    }

    /// The schemes as they are asked, each with its place in the configured order.
    pub(super) fn in_order<'s, T>(&self, schemes: &'s [T]) -> impl Iterator<Item = (usize, &'s T)> {
        self.order.iter().filter_map(|&index| Some((index, schemes.get(index)?)))
    }

    /// Whether the request has credentials in more than one place. `authorization` is its one field of that name; one that
    /// speaks of a scheme nobody here knows is no credential; one that cannot be read may be taken for one further in.
    pub(super) fn are_several(&self, head: &Parts, authorization: Option<&HeaderValue>) -> bool {
        if self.fields.is_empty() {
            return false;
        }
        let speaks = |field: &Authorization<'_>| self.names.iter().any(|name| field.is(name));
        let spoken =
            authorization.is_some_and(|value| Authorization::parse(value).map_or(true, |field| speaks(&field)));
        let lines = self.fields.iter().map(|name| head.headers.get_all(name).iter().count()).sum::<usize>();
        lines + usize::from(spoken) > 1
    }
}
