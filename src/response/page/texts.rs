//! What pages say, by language.

use super::cause::PageCause;
use super::{english, german};

/// The texts of all pages in one language.
///
/// In a text `{wait}` becomes how long to wait, `{support}` whom to ask, and `{id}` the id of the refusal. English and German are
/// there; of another language all texts are given at once, so that none is forgotten:
///
/// ```
/// use portcullis::response::{Page, PageCause, PageLabel, PageText, PageTexts};
///
/// let latin = PageTexts::new(
///     "la",
///     |cause| match cause {
///         PageCause::NotPermitted => PageText::new("Non licet", "Scimus quis sis.", "Roga {support}."),
///         _ => PageText::new("Non potest", "Aliquid deest.", "Exspecta {wait}."),
///     },
///     |label| match label {
///         PageLabel::LogIn => "Intra",
///         PageLabel::Missing => "Deest:",
///         PageLabel::More => "et alia {count}",
///         PageLabel::Owner => "dominum",
///         _ => "Numerus: {id}",
///     },
///     |seconds| format!("{seconds} momenta"),
/// );
/// let page = Page::builder().languages([PageTexts::english(), latin]).build()?;
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PageTexts {
    pub(super) language: String,
    told: Vec<PageText>,
    labels: Vec<String>,
    wait: fn(u64) -> String,
}

impl PageTexts {
    /// The texts in `language`, a tag as `fr` or `pt-BR` (RFC 5646). `text` is asked for each cause and `label` for each label;
    /// `wait` says in words how long a number of seconds is.
    pub fn new<L: Into<String>>(
        language: impl Into<String>,
        text: impl Fn(PageCause) -> PageText,
        label: impl Fn(PageLabel) -> L,
        wait: fn(u64) -> String,
    ) -> Self {
        Self {
            language: language.into(),
            told: PageCause::ALL.into_iter().map(text).collect(),
            labels: PageLabel::ALL.into_iter().map(|of| label(of).into()).collect(),
            wait,
        }
    }

    /// English, language `en`.
    #[must_use]
    pub fn english() -> Self {
        Self::new("en", english::text, english::label, english::wait)
    }

    /// German, language `de`.
    #[must_use]
    pub fn german() -> Self {
        Self::new("de", german::text, german::label, german::wait)
    }

    /// Says something else for one cause. Default: what the language says.
    #[must_use]
    pub fn say(mut self, cause: PageCause, text: PageText) -> Self {
        if let Some(told) = self.told.get_mut(cause as usize) {
            *told = text;
        }
        self
    }

    pub(super) fn text(&self, cause: PageCause) -> Option<&PageText> {
        self.told.get(cause as usize)
    }

    pub(super) fn label(&self, label: PageLabel) -> &str {
        self.labels.get(label as usize).map_or("", String::as_str)
    }

    pub(super) fn wait(&self, seconds: u64) -> String {
        (self.wait)(seconds)
    }

    /// Every text, to be looked through.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let told = self.told.iter().flat_map(|PageText { heading, explanation, help }| [heading, explanation, help]);
        told.chain(&self.labels).map(String::as_str)
    }
}

/// What one page says.
///
/// ```
/// use portcullis::response::{PageCause, PageText, PageTexts};
///
/// let text = PageText::new("Members only", "Only members see this page.", "Ask {support} to make you one.");
/// let texts = PageTexts::english().say(PageCause::NotPermitted, text);
/// ```
#[derive(Clone, Debug)]
pub struct PageText {
    pub(super) heading: String,
    pub(super) explanation: String,
    pub(super) help: String,
}

impl PageText {
    /// What has happened in a few words, the same in a sentence or two, and what to do now.
    pub fn new(heading: impl Into<String>, explanation: impl Into<String>, help: impl Into<String>) -> Self {
        Self { heading: heading.into(), explanation: explanation.into(), help: help.into() }
    }
}

/// The short texts that pages share.
///
/// ```
/// use portcullis::response::PageLabel;
///
/// assert!(PageLabel::ALL.contains(&PageLabel::LogIn));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PageLabel {
    /// Names the link to the log-in.
    LogIn,
    /// Stands before the permissions that an account lacks.
    Missing,
    /// Stands after some of them; `{count}` is how many more there are.
    More,
    /// Names whoever is to be asked, in the place of `{support}`, where no support contact is configured.
    Owner,
    /// Has people quote `{id}` when they ask for help.
    Reference,
}

impl PageLabel {
    /// Every label.
    pub const ALL: [Self; 5] = [Self::LogIn, Self::Missing, Self::More, Self::Owner, Self::Reference];
}
