//! What whoever is not let in gets: people a page that says how to go on, programs a problem. The status, the challenges and
//! `Retry-After` are the crate's; here is only what is shown.

use std::time::Duration;

use axum::http::Method;
use axum::http::request::Parts;
use portcullis::Identity;
use portcullis::error::Reason;
use portcullis::login::LogInAttempt;
use portcullis::response::{Problem, Rejection, Reply, Representation, Respond};

use super::log_in_page::{Form, Notice};
use super::page::{For, Text, page, span};

/// The one hook for all layers and for the log-in.
pub(crate) fn refused(rejection: &Rejection, head: &Parts) -> Reply {
    match Representation::preferred(&head.headers, &[Representation::Problem, Representation::Html]) {
        Representation::Html => Reply::new("text/html; charset=utf-8", shown(rejection, head)),
        _ => Problem.respond(rejection, head),
    }
}

fn shown(rejection: &Rejection, head: &Parts) -> String {
    let attempt = head.extensions.get::<LogInAttempt>();
    let wait = rejection.retry_after().map_or("a while".to_owned(), wait);
    match (rejection.reason(), attempt) {
        // What was typed is there again, the password excepted.
        (Reason::Invalid, Some(attempt)) => again(attempt, "This name and this password do not belong together."),
        (Reason::Throttled, Some(attempt)) => {
            again(attempt, &format!("Too many wrong passwords. Wait {wait}, then try again."))
        }
        (Reason::StepUp, _) => confirm(rejection, head),
        (Reason::Missing, _) => log_in(None, head),
        (Reason::Expired, _) => {
            let news = "You were away for a while, so you were logged out. Log in to go on where you were.";
            log_in(Some(Notice::News(news)), head)
        }
        (Reason::Invalid, None) => log_in(Some(Notice::News("You are not logged in any more.")), head),
        (Reason::CrossSite, _) => message(
            "That came from elsewhere",
            "Another site has tried to do something here in your name. We have not done it.",
            "/account",
            "To your account",
        ),
        (Reason::Unavailable, _) => {
            let text = format!("Something of ours does not answer. Nothing is lost: try again in {wait}.");
            message("We cannot tell right now", &text, own_address(head).unwrap_or("/login"), "Try again")
        }
        (Reason::Hidden, _) => not_found(),
        _ => message(rejection.title(), rejection.detail(), "/account", "To your account"),
    }
}

/// How long to wait: more than a minute in full ones, so that nobody comes back too early.
fn wait(time: Duration) -> String {
    let seconds = time.as_secs().max(1);
    span(Duration::from_secs(if seconds < 60 { seconds } else { seconds.next_multiple_of(60) }))
}

/// There is nothing at the address.
pub(crate) fn not_found() -> String {
    message("There is nothing here", "The address is wrong, or what was here is gone.", "/account", "To your account")
}

/// The log-in in the place of the page that was asked for, which comes afterwards.
fn log_in(notice: Option<Notice<'_>>, head: &Parts) -> String {
    Form { notice, return_to: own_address(head), ..Form::default() }.page()
}

fn again(attempt: &LogInAttempt, fault: &str) -> String {
    let form = Form {
        notice: Some(Notice::Fault(fault)),
        username: attempt.username(),
        return_to: attempt.return_to(),
        remember: attempt.wants_to_be_remembered(),
        ..Form::default()
    };
    form.page()
}

/// The member is known, but the last log-in is too old for this.
fn confirm(rejection: &Rejection, head: &Parts) -> String {
    let age = rejection.max_age().map_or("a while".to_owned(), span);
    let news = format!("To send money we want to be sure. You gave your password more than {age} ago.");
    let form = Form {
        notice: Some(Notice::News(&news)),
        username: head.extensions.get::<Identity>().map_or("", Identity::subject),
        // Also where it was a form that was sent too late: its page has the same address.
        return_to: Some(head.uri.path()),
        confirms: true,
        ..Form::default()
    };
    form.page()
}

/// The address that was asked for, where one can come back to it.
fn own_address(head: &Parts) -> Option<&str> {
    let is_page = head.method == Method::GET;
    head.uri.path_and_query().filter(|_| is_page).map(|address| address.as_str())
}

fn message(title: &str, text: &str, link: &str, name: &str) -> String {
    let body = format!(
        r#"<section class="card narrow">
<h1>{title}</h1>
<p>{text}</p>
<p><a class="button" href="{link}">{name}</a></p>
</section>"#,
        title = Text(title),
        text = Text(text),
        link = Text(link),
    );
    page(title, For::Stranger, &body)
}
