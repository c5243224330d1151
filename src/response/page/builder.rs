//! What can be chosen about pages, checked when they are built.

use http::Uri;

use super::Page;
use super::cause::PageCause;
use super::language::is_tag;
use super::render::{Frame, PLACES, Shown, render};
use super::texts::PageTexts;
use crate::error::{ConfigError, ConfigFault};

/// Builds a [`Page`]; made by [`Page::builder`].
///
/// ```
/// use portcullis::response::Page;
///
/// let page = Page::builder().support("extension 4711").build()?;
/// let error = Page::builder().application("").support_link("http://example.com").build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PageBuilder {
    frame: Frame,
}

impl PageBuilder {
    pub(super) fn new() -> Self {
        Self { frame: Frame::new(vec![PageTexts::english()]) }
    }

    /// The name of the application, as its users know it: at most 100 bytes. It stands above the heading and in the title.
    /// Default: none.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.frame.application = Some(name.into());
        self
    }

    /// Whom people can ask, as it stands after "ask": a name, a telephone number, a room; at most 200 bytes. Default: the address
    /// of [`support_link`](Self::support_link) if there is one, else "the people who run this site" in the language of the page.
    pub fn support(mut self, contact: impl Into<String>) -> Self {
        self.frame.support = Some(contact.into());
        self
    }

    /// Where that leads: an address that begins with `mailto:` or `https://`, at most 500 bytes. Default: nowhere.
    pub fn support_link(mut self, address: impl Into<String>) -> Self {
        self.frame.support_link = Some(address.into());
        self
    }

    /// Where people log in: a path that begins with `/`, or an address that begins with `https://`, at most 500 bytes. It is
    /// offered where logging in helps. Default: no link.
    pub fn log_in(mut self, address: impl Into<String>) -> Self {
        self.frame.log_in = Some(address.into());
        self
    }

    /// The languages that there are, of which `Accept-Language` chooses (RFC 4647 section 3.4); the first is for whoever reads
    /// none of them. Default: English alone, whatever is asked for.
    pub fn languages(mut self, languages: impl IntoIterator<Item = PageTexts>) -> Self {
        self.frame.languages = languages.into_iter().collect();
        self
    }

    /// The page.
    ///
    /// # Errors
    ///
    /// If a name or contact is empty, too long, or holds control characters; if an address is no such address; if there is no
    /// language, one is named twice or not by a tag, or its texts hold an unknown `{…}` or make a page that can be longer than
    /// [`Page::MAX_LENGTH`].
    pub fn build(self) -> Result<Page, ConfigError> {
        let frame = self.frame;
        let mut faults = Vec::new();
        check(
            "application",
            frame.application.as_deref(),
            is_name::<100>,
            "must be 1 to 100 printable bytes",
            &mut faults,
        );
        check("support", frame.support.as_deref(), is_name::<200>, "must be 1 to 200 printable bytes", &mut faults);
        let link = "must be an address of at most 500 bytes that begins with mailto: or https://";
        check("support_link", frame.support_link.as_deref(), |text| is_mail(text) || is_https(text), link, &mut faults);
        let link = "must be a path that begins with one /, or an https:// address, of at most 500 bytes";
        check("log_in", frame.log_in.as_deref(), |text| is_path(text) || is_https(text), link, &mut faults);
        if frame.languages.is_empty() {
            faults.push(ConfigFault::new("languages", "there are none; add one, such as PageTexts::english()"));
        }
        for (index, texts) in frame.languages.iter().enumerate() {
            let others = frame.languages.iter().take(index);
            faults.extend(
                faults_of(texts, others).map(|problem| {
                    ConfigFault::new(format!("language \"{}\"", texts.language.escape_debug()), problem)
                }),
            );
        }
        // Only of what is else in order does it make sense to ask how long it gets.
        if faults.is_empty() {
            faults.extend(frame.languages.iter().filter(|texts| longest(&frame, texts) >= Page::MAX_LENGTH).map(
                |texts| {
                    ConfigFault::new(
                        format!("language \"{}\"", texts.language),
                        "makes pages longer than 8 KiB; shorten the texts",
                    )
                },
            ));
        }
        ConfigError::unless_empty(faults, ()).map(|()| Page::of(frame))
    }
}

fn check(
    setting: &'static str,
    value: Option<&str>,
    is_good: impl Fn(&str) -> bool,
    problem: &'static str,
    faults: &mut Vec<ConfigFault>,
) {
    if value.is_some_and(|value| !is_good(value)) {
        faults.push(ConfigFault::new(setting, problem));
    }
}

fn is_name<const LONGEST: usize>(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control)
}

fn is_address(text: &str) -> bool {
    text.len() <= 500 && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\".contains(&byte))
}

fn is_mail(text: &str) -> bool {
    let to = text.strip_prefix("mailto:").map(|rest| rest.split('?').next().unwrap_or_default());
    is_address(text)
        && to
            .and_then(|to| to.split_once('@'))
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn is_https(text: &str) -> bool {
    let host = Uri::try_from(text).ok().and_then(|uri| uri.authority().map(|host| host.as_str().to_owned()));
    is_address(text) && text.starts_with("https://") && host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
}

/// `//host` would lead elsewhere.
fn is_path(text: &str) -> bool {
    is_address(text) && text.starts_with('/') && !text.starts_with("//")
}

fn faults_of<'a>(
    texts: &PageTexts,
    mut others: impl Iterator<Item = &'a PageTexts>,
) -> impl Iterator<Item = &'static str> {
    let is_place = |text: &str| PLACES.iter().any(|place| text.starts_with(place));
    let is_whole = |text: &str| !text.trim().is_empty() && text.match_indices('{').all(|(at, _)| is_place(&text[at..]));
    let tag = (!is_tag(&texts.language)).then_some("is no language tag (RFC 5646); write it as en or pt-BR");
    let twice = others.any(|other| other.language.eq_ignore_ascii_case(&texts.language));
    let twice = twice.then_some("is there twice; leave one of them away");
    let text = (!texts.all().all(is_whole)).then_some(
        "has a text that is empty or holds a { of no meaning; there are {wait}, {support}, {id} and {count}",
    );
    [tag, twice, text].into_iter().flatten()
}

fn longest(frame: &Frame, texts: &PageTexts) -> usize {
    let shown = PageCause::ALL.into_iter().flat_map(Shown::longest);
    shown.map(|shown| render(frame, texts, &shown).len()).max().unwrap_or_default()
}
