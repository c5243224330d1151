//! What a log-in that failed said, for the page that is shown again.

use std::fmt;
use std::sync::Arc;

use crate::secret::Secret;

/// What somebody typed who could not be logged in, the password excepted. It stands in the extensions of the head that a
/// [`Respond`](crate::response::Respond) hook gets, so that a page can fill its form again.
///
/// ```
/// use http::request::Parts;
/// use portcullis::login::LogInAttempt;
/// use portcullis::response::{Rejection, Reply};
///
/// fn page(rejection: &Rejection, head: &Parts) -> Reply {
///     let name = head.extensions.get::<LogInAttempt>().map_or("", LogInAttempt::username);
///     let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
///     let body = format!(r#"<p>{}</p><form method="post"><input name="username" value="{name}">…"#, rejection.detail());
///     Reply::new("text/html; charset=utf-8", body)
/// }
/// ```
#[derive(Clone)]
pub struct LogInAttempt(Arc<Typed>);

struct Typed {
    username: Secret<String>,
    return_to: Option<Box<str>>,
    remember: bool,
}

impl LogInAttempt {
    pub(super) fn new(username: Secret<String>, return_to: Option<&str>, remember: bool) -> Self {
        Self(Arc::new(Typed { username, return_to: return_to.map(Into::into), remember }))
    }

    /// The user name as it was typed. It may be anything: escape it where it is shown, and keep it out of logs, since people
    /// type their password into the wrong field.
    #[must_use]
    pub fn username(&self) -> &str {
        self.0.username.expose()
    }

    /// Where the client wants to go, if that is a path of this server.
    #[must_use]
    pub fn return_to(&self) -> Option<&str> {
        self.0.return_to.as_deref()
    }

    /// Whether the client wants to stay logged in.
    #[must_use]
    pub fn wants_to_be_remembered(&self) -> bool {
        self.0.remember
    }
}

impl fmt::Debug for LogInAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogInAttempt").finish_non_exhaustive()
    }
}
