//! Refusals as pages for people.

mod builder;
mod cause;
mod english;
mod german;
mod language;
mod render;
mod texts;

use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

pub use builder::PageBuilder;
pub use cause::PageCause;
use render::{Frame, Shown, render};
pub use texts::{PageLabel, PageText, PageTexts};

use super::negotiate::Representation;
use super::own_refusal::OwnRefusal;
use super::problem::{in_json, in_text, own_in_json, own_in_text};
use super::rejection::Rejection;
use super::respond::{Reply, Respond};

/// Answers refusals with a page where `Accept` ranks HTML highest, as browsers do, and else as [`Problem`](super::Problem).
///
/// A page says in plain words what has happened and what helps: log in, check the password, ask for a permission, wait, or
/// that nothing was wrong with the request. It never names the user, and repeats no byte of the request. It is less than
/// 8 KiB long, has no scripts, loads nothing, is dark where the system is, and is allowed by its own strict
/// `Content-Security-Policy`.
///
/// ```
/// use portcullis::AuthenticateLayer;
/// use portcullis::response::{Page, PageTexts};
/// # use portcullis::{Identity, VerifyError, authenticate::Bearer, credentials::BearerToken};
/// # let scheme = Bearer::new("orders", async |_: BearerToken| -> Result<Identity, VerifyError> { Err(VerifyError::invalid()) });
///
/// let page = Page::builder()
///     .application("Orders")
///     .support("the help desk")
///     .support_link("mailto:help@example.com")
///     .log_in("/login")
///     .languages([PageTexts::english(), PageTexts::german()])
///     .build()?;
/// let layer = AuthenticateLayer::builder().scheme(scheme).respond_with(page).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Page {
    frame: Arc<Frame>,
}

impl Page {
    /// How long a page can be: 8 KiB.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// In English, and without a name of the application, a support contact and a link to the log-in.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Frame::new(vec![PageTexts::english()]))
    }

    /// Begins with what [`new`](Self::new) has.
    pub fn builder() -> PageBuilder {
        PageBuilder::new()
    }

    fn of(frame: Frame) -> Self {
        Self { frame: Arc::new(frame) }
    }

    fn page(&self, shown: &Shown<'_>, headers: &HeaderMap) -> Reply {
        let frame = &*self.frame;
        let texts = language::preferred(&frame.languages, headers);
        let body = texts.map(|texts| render(frame, texts, shown)).unwrap_or_default();
        let mut reply = Reply::ready(const { HeaderValue::from_static("text/html; charset=utf-8") }, body)
            .header(CONTENT_SECURITY_POLICY, const { HeaderValue::from_static(CONTENT_SECURITY) })
            .header(REFERRER_POLICY, const { HeaderValue::from_static("no-referrer") });
        if let Some(language) = texts.and_then(|texts| HeaderValue::from_str(&texts.language).ok()) {
            reply = reply.header(CONTENT_LANGUAGE, language);
        }
        if frame.languages.len() > 1 { reply.varies_by(ACCEPT_LANGUAGE) } else { reply }
    }
}

/// A program that names nothing gets the problem document.
const AMONG: [Representation; 3] = [Representation::Problem, Representation::Html, Representation::Text];

impl Respond for Page {
    fn respond(&self, rejection: &Rejection, head: &Parts) -> Reply {
        match Representation::preferred(&head.headers, &AMONG) {
            Representation::Html => self.page(&Shown::of(rejection), &head.headers),
            Representation::Problem => in_json(rejection),
            Representation::Text => in_text(rejection),
        }
    }

    fn respond_to_own(&self, refusal: &OwnRefusal, headers: &HeaderMap) -> Reply {
        match Representation::preferred(headers, &AMONG) {
            Representation::Html => self.page(&Shown::of_own(refusal), headers),
            Representation::Problem => own_in_json(refusal),
            Representation::Text => own_in_text(refusal),
        }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("frame", &self.frame).finish()
    }
}

/// Nothing but the style that the page holds, known by its digest.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'sha256-xXsVHUFwniwGxHtCml/VnpRdyXRqauhutV/qVBhpAp8='; \
                                base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
