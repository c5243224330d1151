//! The HTML of a page. Everything that is put into it is escaped here.

use http::StatusCode;

use super::cause::PageCause;
use super::texts::{PageLabel, PageTexts};
use crate::observe::DecisionId;
use crate::response::answer::whole_seconds;
use crate::response::own_refusal::OwnRefusal;
use crate::response::rejection::Rejection;

/// What all pages of an application share.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) application: Option<String>,
    pub(super) support: Option<String>,
    pub(super) support_link: Option<String>,
    pub(super) log_in: Option<String>,
    pub(super) languages: Vec<PageTexts>,
}

impl Frame {
    pub(super) const fn new(languages: Vec<PageTexts>) -> Self {
        Self { application: None, support: None, support_link: None, log_in: None, languages }
    }
}

/// What one page shows.
pub(super) struct Shown<'a> {
    cause: PageCause,
    status: StatusCode,
    id: DecisionId,
    /// Title and detail, in English, where more is known than the cause.
    words: Option<(&'a str, &'a str)>,
    /// The scopes and roles that an account lacks.
    missing: Vec<&'a str>,
    /// Seconds.
    wait: u64,
    /// Whether logging in helps.
    log_in: bool,
}

impl<'a> Shown<'a> {
    pub(super) fn of(rejection: &'a Rejection) -> Self {
        let cause = PageCause::of(rejection);
        let missing = match cause {
            PageCause::NotPermitted => rejection.missing_scopes().chain(rejection.missing_roles()).collect(),
            _ => Vec::new(),
        };
        // What a misplaced layer says is for developers, who find it in the log.
        let has_words = rejection.has_own_words() && cause != PageCause::Broken;
        Self {
            cause,
            status: rejection.status(),
            id: rejection.id(),
            words: has_words.then(|| (rejection.title(), rejection.detail())),
            missing,
            wait: rejection.retry_after().map_or(DEFAULT_WAIT, whole_seconds),
            log_in: cause.wants_log_in(),
        }
    }

    pub(super) fn of_own(refusal: &'a OwnRefusal) -> Self {
        let cause = match refusal.status() {
            StatusCode::FORBIDDEN => PageCause::NotPermitted,
            StatusCode::NOT_FOUND => PageCause::NotFound,
            StatusCode::TOO_MANY_REQUESTS => PageCause::TooManyAttempts,
            status if status.is_server_error() => PageCause::Broken,
            _ => PageCause::Unreadable,
        };
        let words = (cause != PageCause::NotFound).then(|| (refusal.title(), refusal.detail()));
        Self {
            cause,
            status: refusal.status(),
            id: refusal.id(),
            words,
            missing: Vec::new(),
            wait: DEFAULT_WAIT,
            log_in: false,
        }
    }

    /// The longest pages about this cause: of names and of words that are not known beforehand there are as many as are shown.
    pub(super) fn longest(cause: PageCause) -> [Self; 2] {
        const LONG: &str = "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&\
                            &&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&";
        let of = |words, missing| Self {
            cause,
            status: StatusCode::INTERNAL_SERVER_ERROR,
            id: DecisionId::next(),
            words,
            missing,
            wait: u64::MAX,
            log_in: true,
        };
        [of(None, vec![LONG; 2 * MAX_NAMES]), of(Some((LONG, LONG)), Vec::new())]
    }
}

/// Where nobody says how long to wait, in seconds.
const DEFAULT_WAIT: u64 = 60;

/// How many names are shown, and how long the HTML of one gets, in bytes.
const MAX_NAMES: usize = 12;
const MAX_NAME: usize = 120;

/// How long the HTML of words that are no texts of ours gets, in bytes.
const MAX_WORDS: usize = 600;

/// What may stand in texts.
pub(super) const PLACES: [&str; 4] = ["{wait}", "{support}", "{id}", "{count}"];

/// Allowed by its digest, so that what somebody smuggled in would have no effect.
const STYLE: &str = include_str!("style.css");

pub(super) fn render(frame: &Frame, texts: &PageTexts, shown: &Shown<'_>) -> String {
    let mut page = Writer { html: String::with_capacity(4096), frame, texts, shown };
    page.head();
    page.main();
    page.html
}

struct Writer<'a> {
    html: String,
    frame: &'a Frame,
    texts: &'a PageTexts,
    shown: &'a Shown<'a>,
}

impl Writer<'_> {
    fn head(&mut self) {
        self.html.push_str("<!doctype html>\n<html lang=\"");
        self.escaped(&self.texts.language);
        self.html.push_str(
            "\" dir=\"auto\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        );
        self.heading();
        if let Some(application) = &self.frame.application {
            self.html.push_str(" – ");
            self.escaped(application);
        }
        self.html.push_str("</title>\n<style>");
        self.html.push_str(STYLE);
        self.html.push_str("</style>\n");
    }

    fn main(&mut self) {
        let (class, icon) = look(self.shown.cause);
        self.html.push_str("<main class=\"");
        self.html.push_str(class);
        self.html.push_str("\">\n");
        if let Some(application) = &self.frame.application {
            self.html.push_str("<p class=\"app\">");
            self.escaped(application);
            self.html.push_str("</p>\n");
        }
        self.html.push_str("<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">");
        self.html.push_str(icon);
        self.html.push_str("</svg>\n");
        self.told();
        if let Some(log_in) = self.frame.log_in.as_deref().filter(|_| self.shown.log_in) {
            self.html.push_str("<p><a class=\"go\" href=\"");
            self.escaped(log_in);
            self.html.push_str("\">");
            self.text(self.texts.label(PageLabel::LogIn));
            self.html.push_str("</a></p>\n");
        }
        self.html.push_str("<p class=\"ref\">");
        self.text(self.texts.label(PageLabel::Reference));
        self.html.push_str("</p>\n</main>\n");
    }

    /// Heading, explanation and help; or words, in the place of all three.
    fn told(&mut self) {
        if let Some((_, detail)) = self.shown.words {
            self.html.push_str("<h1 lang=\"en\">");
            self.heading();
            self.html.push_str("</h1>\n<p lang=\"en\">");
            self.shortened(detail, MAX_WORDS);
            self.html.push_str("</p>\n");
        } else if let Some(text) = self.texts.text(self.shown.cause) {
            self.html.push_str("<h1>");
            self.heading();
            self.html.push_str("</h1>\n<p>");
            self.text(&text.explanation);
            self.html.push_str("</p>\n");
            self.missing();
            self.html.push_str("<p>");
            self.text(&text.help);
            self.html.push_str("</p>\n");
        }
    }

    fn heading(&mut self) {
        if let Some((title, _)) = self.shown.words {
            self.shortened(title, MAX_WORDS);
        } else if let Some(text) = self.texts.text(self.shown.cause) {
            self.text(&text.heading);
        }
    }

    fn missing(&mut self) {
        let missing = &self.shown.missing;
        if missing.is_empty() {
            return;
        }
        self.html.push_str("<p>");
        self.text(self.texts.label(PageLabel::Missing));
        self.html.push_str("</p>\n<ul>\n");
        for name in missing.iter().take(MAX_NAMES) {
            self.html.push_str("<li><code>");
            self.shortened(name, MAX_NAME);
            self.html.push_str("</code>\n");
        }
        if missing.len() > MAX_NAMES {
            self.html.push_str("<li>");
            self.text(self.texts.label(PageLabel::More));
            self.html.push('\n');
        }
        self.html.push_str("</ul>\n");
    }

    /// A text of ours, with what belongs in its places.
    fn text(&mut self, mut text: &str) {
        while let Some((before, rest)) = text.split_once('{') {
            self.escaped(before);
            let (place, after) = rest.split_once('}').unwrap_or((rest, ""));
            match place {
                "wait" => self.escaped(&self.texts.wait(self.shown.wait)),
                "support" => self.support(),
                "id" => self.html.push_str(&format!("<code>{}</code> ({})", self.shown.id, self.shown.status.as_str())),
                "count" => {
                    let more = self.shown.missing.len().saturating_sub(MAX_NAMES);
                    self.html.push_str(&more.to_string());
                }
                _ => {}
            }
            text = after;
        }
        self.escaped(text);
    }

    fn support(&mut self) {
        let Frame { support, support_link, .. } = self.frame;
        match (support, support_link) {
            (None, None) => self.escaped(self.texts.label(PageLabel::Owner)),
            (Some(support), None) => self.escaped(support),
            (support, Some(link)) => {
                self.html.push_str("<a href=\"");
                self.escaped(link);
                self.html.push_str("\">");
                self.escaped(support.as_deref().unwrap_or_else(|| without_scheme(link)));
                self.html.push_str("</a>");
            }
        }
    }

    fn escaped(&mut self, text: &str) {
        self.shortened(text, usize::MAX);
    }

    /// No more than so many bytes, and an ellipsis where that is not all.
    fn shortened(&mut self, text: &str, longest: usize) {
        let start = self.html.len();
        for character in text.chars() {
            let mut buffer = [0; 4];
            let escaped = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                other => other.encode_utf8(&mut buffer),
            };
            if self.html.len() - start + escaped.len() > longest {
                self.html.push('…');
                return;
            }
            self.html.push_str(escaped);
        }
    }
}

/// An address as people write it.
fn without_scheme(link: &str) -> &str {
    let link = link.strip_prefix("mailto:").or_else(|| link.strip_prefix("https://")).unwrap_or(link);
    link.split('?').next().unwrap_or(link)
}

/// The class and the picture: who is asked to log in and who is turned away see at once that it is not the same.
const fn look(cause: PageCause) -> (&'static str, &'static str) {
    const LOCK: &str = r#"<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>"#;
    const BARRED: &str = r#"<circle cx="12" cy="12" r="9"/><path d="M5.6 5.6l12.8 12.8"/>"#;
    const CLOCK: &str = r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>"#;
    const CARE: &str = r#"<path d="M12 4 3 19.5h18zM12 10v4M12 17v.01"/>"#;
    const QUESTION: &str =
        r#"<circle cx="12" cy="12" r="9"/><path d="M9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.9-1.1 1.8M12 16.5v.01"/>"#;
    match cause {
        PageCause::NotLoggedIn
        | PageCause::WrongPassword
        | PageCause::LoggedOut
        | PageCause::SessionOver
        | PageCause::NotAccepted
        | PageCause::ConfirmLogIn => ("who", LOCK),
        PageCause::NotPermitted | PageCause::FromAnotherSite => ("denied", BARRED),
        PageCause::TooManyAttempts => ("denied", CLOCK),
        PageCause::OutOfOrder | PageCause::Broken => ("fault", CARE),
        PageCause::NotFound | PageCause::Unreadable => ("who", QUESTION),
    }
}
