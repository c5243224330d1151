//! What all pages share: the frame, and the way in for texts that somebody else wrote.

use std::fmt;
use std::time::Duration;

use portcullis::clock::UnixTime;

/// Whom a page is shown to.
#[derive(Clone, Copy)]
pub(crate) enum For {
    /// Nobody we know: there is nothing to choose from.
    Stranger,
    /// Somebody who is logged in and looks at this address.
    Member(&'static str),
}

/// A whole page; `body` is HTML.
pub(crate) fn page(title: &str, whom: For, body: &str) -> String {
    let menu = match whom {
        For::Stranger => String::new(),
        For::Member(here) => menu(here),
    };
    let title = Text(title);
    format!(
        r##"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – Portcullis Bank</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
  <a class="brand" href="/account"><img src="/icon.svg" alt="" width="28" height="28">Portcullis Bank</a>
  {menu}
</header>
<main id="content">
{body}
</main>
<footer>No bank, and no money: an example of the crate <em>portcullis</em>.</footer>
"##
    )
}

fn menu(here: &str) -> String {
    let entries = [("/account", "Account"), ("/transfer", "Send money"), ("/devices", "Devices")];
    let links = entries.map(|(path, name)| {
        let current = if path == here { r#" aria-current="page""# } else { "" };
        format!(r#"<a href="{path}"{current}>{name}</a>"#)
    });
    // A form, since a link could be followed from anywhere, by an image on any page.
    format!(
        r#"<nav aria-label="Bank">{}<form method="post" action="/logout"><button class="plain">Log out</button></form></nav>"#,
        links.concat()
    )
}

/// A text that is none of ours, as it may stand in HTML, between tags and in quoted attributes.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => write!(f, "{other}"),
        })
    }
}

/// How long ago something was, as people say it.
pub(crate) fn ago(then: UnixTime, now: UnixTime) -> String {
    let passed = now.saturating_since(then);
    if passed < Duration::from_secs(60) { "just now".to_owned() } else { format!("{} ago", span(passed)) }
}

/// A time in its largest unit.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
