//! The form to log in with, and what it says above its fields.

use super::page::{For, Text, page};

/// The form, as far as it is filled already.
#[derive(Default)]
pub(crate) struct Form<'a> {
    /// Why it is shown.
    pub(crate) notice: Option<Notice<'a>>,
    pub(crate) username: &'a str,
    /// Where to go on afterwards.
    pub(crate) return_to: Option<&'a str>,
    pub(crate) remember: bool,
    /// Somebody is logged in, and is asked to prove once more who they are.
    pub(crate) confirms: bool,
}

pub(crate) enum Notice<'a> {
    /// What happened, for whoever did nothing wrong.
    News(&'a str),
    /// What was wrong with the fields.
    Fault(&'a str),
}

impl Form<'_> {
    pub(crate) fn page(&self) -> String {
        let Self { username, confirms, .. } = *self;
        let (title, button) = if confirms { ("Is it still you?", "Confirm") } else { ("Log in", "Log in") };
        let (notice, fault) = match self.notice {
            None => (String::new(), ""),
            Some(Notice::News(text)) => (format!(r#"<p class="news" role="status">{}</p>"#, Text(text)), ""),
            // Read aloud at once, and again with the fields that it is about.
            Some(Notice::Fault(text)) => (
                format!(r#"<p class="fault" role="alert" id="fault">{}</p>"#, Text(text)),
                r#" aria-invalid="true" aria-describedby="fault""#,
            ),
        };
        let return_to = self
            .return_to
            .map_or(String::new(), |path| format!(r#"<input type="hidden" name="return_to" value="{}">"#, Text(path)));
        // The name stands in a field all the same: managers of passwords look for one.
        let locked = if confirms { " readonly" } else { "" };
        let (first, second) = if username.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
        let choice = if confirms { String::new() } else { choice(self.remember) };
        let (leave, leave_form) = if confirms { (LEAVE, LEAVE_FORM) } else { ("", "") };
        let body = format!(
            r#"<section class="card narrow">
<h1>{title}</h1>
{notice}
<form method="post" action="/login">
  {return_to}
  <label for="username">User name</label>
  <input id="username" name="username" value="{username}" autocomplete="username" autocapitalize="none" spellcheck="false" required{locked}{fault}{first}>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required{fault}{second}>
  {choice}
  <button>{button}</button>
  {leave}
</form>
{leave_form}
</section>"#,
            username = Text(username),
        );
        page(title, For::Stranger, &body)
    }
}

/// Whether to stay logged in.
fn choice(remember: bool) -> String {
    let checked = if remember { " checked" } else { "" };
    format!(
        r#"<div class="check">
    <input id="remember" name="remember" type="checkbox" aria-describedby="remember-hint"{checked}>
    <label for="remember">Keep me logged in</label>
    <p class="hint" id="remember-hint">For 30 days. Not for a computer that others use too.</p>
  </div>"#
    )
}

/// The button belongs to a form of its own, so that no password is sent along.
const LEAVE: &str = r#"<p class="hint">Not you? <button class="plain" form="leave">Log out</button></p>"#;
const LEAVE_FORM: &str = r#"<form id="leave" method="post" action="/logout" hidden></form>"#;
