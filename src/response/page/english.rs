//! English.

use super::cause::PageCause;
use super::texts::{PageLabel, PageText};

pub(super) fn text(cause: PageCause) -> PageText {
    let (heading, explanation, help) = match cause {
        PageCause::NotLoggedIn => (
            "Please log in",
            "This page is only for people who are logged in, and you are not logged in yet.",
            "Log in, then open this page again.",
        ),
        PageCause::WrongPassword => (
            "That did not work",
            "This user name and this password do not belong together.",
            "Check both of them, also capital letters and the language of your keyboard, and try again.",
        ),
        PageCause::LoggedOut => (
            "You are not logged in any more",
            "You were logged in here before, but that has come to an end: by a log-out, maybe on another device.",
            "Log in again, then open this page once more.",
        ),
        PageCause::SessionOver => (
            "Your session has ended",
            "You were logged in, but the time for which a log-in counts is over.",
            "Log in again to go on where you were.",
        ),
        PageCause::NotAccepted => (
            "We could not log you in",
            "What was sent to show who you are is not accepted here.",
            "Log in again. If it was a program or a link that brought you here, get a new key or link.",
        ),
        PageCause::ConfirmLogIn => (
            "Please confirm that it is you",
            "You are logged in. For this page your last log-in was too long ago, or not strong enough.",
            "Log in once more, then open this page again.",
        ),
        PageCause::Unreadable => (
            "We could not read your request",
            "What was sent to show who you are is damaged, or says two different things at once.",
            "Log in again. If that does not help, delete the cookies of this site first.",
        ),
        PageCause::NotPermitted => (
            "You have no access to this page",
            "You are logged in, and we know who you are. But your account lacks a permission that is needed here.",
            "Logging in again with the same account does not help. Ask {support} to give your account the permission.",
        ),
        PageCause::FromAnotherSite => (
            "That came from another website",
            "Another website tried to do something here in your name. To protect you, we have not done it.",
            "If you wanted this yourself, open our own pages and do it there.",
        ),
        PageCause::NotFound => (
            "There is nothing here",
            "The address may be misspelled, or what was here has moved.",
            "Check the address, letter by letter.",
        ),
        PageCause::TooManyAttempts => (
            "Too many attempts",
            "Logging in has failed too often in a short time, so we make a pause. It protects your account from being guessed.",
            "Try again in {wait}.",
        ),
        PageCause::OutOfOrder => (
            "Sorry, this is our fault",
            "Something on our side does not answer, so we cannot tell right now whether to let you in. You have done nothing \
             wrong, and it has nothing to do with your password.",
            "Try again in {wait}.",
        ),
        PageCause::Broken => (
            "Sorry, something is wrong on our side",
            "You have done nothing wrong, and there is nothing that you can mend.",
            "If this does not go away, please tell {support}.",
        ),
    };
    PageText::new(heading, explanation, help)
}

pub(super) const fn label(label: PageLabel) -> &'static str {
    match label {
        PageLabel::LogIn => "Log in",
        PageLabel::Missing => "What your account lacks:",
        PageLabel::More => "and {count} more",
        PageLabel::Owner => "the people who run this site",
        PageLabel::Reference => "To get help, ask {support} and quote the number {id}.",
    }
}

/// Minutes and hours are rounded up, so that nobody comes back too early.
pub(super) fn wait(seconds: u64) -> String {
    match (seconds, seconds.div_ceil(60), seconds.div_ceil(3600)) {
        (1, ..) => String::from("1 second"),
        (0..120, ..) => format!("{seconds} seconds"),
        (_, minutes @ ..120, _) => format!("{minutes} minutes"),
        (.., hours) => format!("{hours} hours"),
    }
}
