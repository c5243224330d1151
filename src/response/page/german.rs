//! German.

use super::cause::PageCause;
use super::texts::{PageLabel, PageText};

pub(super) fn text(cause: PageCause) -> PageText {
    let (heading, explanation, help) = match cause {
        PageCause::NotLoggedIn => (
            "Bitte melden Sie sich an",
            "Diese Seite ist nur für angemeldete Personen, und Sie sind noch nicht angemeldet.",
            "Melden Sie sich an und öffnen Sie diese Seite dann noch einmal.",
        ),
        PageCause::WrongPassword => (
            "Das hat nicht geklappt",
            "Dieser Benutzername und dieses Passwort gehören nicht zusammen.",
            "Prüfen Sie beides, auch Großbuchstaben und die Sprache der Tastatur, und versuchen Sie es noch einmal.",
        ),
        PageCause::LoggedOut => (
            "Sie sind nicht mehr angemeldet",
            "Sie waren hier angemeldet. Das ist beendet worden, durch eine Abmeldung, vielleicht auf einem anderen Gerät.",
            "Melden Sie sich wieder an und öffnen Sie diese Seite dann noch einmal.",
        ),
        PageCause::SessionOver => (
            "Ihre Sitzung ist beendet",
            "Sie waren angemeldet, aber die Zeit, für die eine Anmeldung gilt, ist um.",
            "Melden Sie sich wieder an, um fortzufahren.",
        ),
        PageCause::NotAccepted => (
            "Wir konnten Sie nicht anmelden",
            "Womit gezeigt werden sollte, wer Sie sind, das wird hier nicht angenommen.",
            "Melden Sie sich noch einmal an. Hat ein Programm oder ein Link Sie hierher gebracht, dann holen Sie sich einen neuen \
             Schlüssel oder Link.",
        ),
        PageCause::ConfirmLogIn => (
            "Bitte bestätigen Sie, dass Sie es sind",
            "Sie sind angemeldet. Für diese Seite ist Ihre letzte Anmeldung zu lange her oder nicht stark genug.",
            "Melden Sie sich noch einmal an und öffnen Sie diese Seite dann wieder.",
        ),
        PageCause::Unreadable => (
            "Wir konnten Ihre Anfrage nicht lesen",
            "Womit gezeigt werden sollte, wer Sie sind, das ist beschädigt oder sagt zweierlei zugleich.",
            "Melden Sie sich noch einmal an. Hilft das nicht, dann löschen Sie zuvor die Cookies dieser Seite.",
        ),
        PageCause::NotPermitted => (
            "Sie haben keinen Zugriff auf diese Seite",
            "Sie sind angemeldet, und wir wissen, wer Sie sind. Aber Ihrem Konto fehlt eine Berechtigung, die hier nötig ist.",
            "Sich mit demselben Konto noch einmal anzumelden hilft nicht. Wenden Sie sich an {support}, um die Berechtigung zu \
             bekommen.",
        ),
        PageCause::FromAnotherSite => (
            "Das kam von einer anderen Website",
            "Eine andere Website wollte hier etwas in Ihrem Namen tun. Um Sie zu schützen, haben wir es nicht getan.",
            "Wollten Sie es selbst, dann öffnen Sie unsere eigenen Seiten und tun Sie es dort.",
        ),
        PageCause::NotFound => (
            "Hier ist nichts",
            "Vielleicht ist die Adresse falsch geschrieben, oder was hier war, ist umgezogen.",
            "Prüfen Sie die Adresse, Buchstabe für Buchstabe.",
        ),
        PageCause::TooManyAttempts => (
            "Zu viele Versuche",
            "Die Anmeldung ist in kurzer Zeit zu oft misslungen, darum machen wir eine Pause. So kann niemand Ihr Passwort \
             erraten.",
            "Versuchen Sie es in {wait} noch einmal.",
        ),
        PageCause::OutOfOrder => (
            "Entschuldigung, das liegt an uns",
            "Bei uns antwortet etwas nicht, darum können wir gerade nicht sagen, ob Sie eintreten dürfen. Sie haben nichts falsch \
             gemacht, und mit Ihrem Passwort hat es nichts zu tun.",
            "Versuchen Sie es in {wait} noch einmal.",
        ),
        PageCause::Broken => (
            "Entschuldigung, bei uns stimmt etwas nicht",
            "Sie haben nichts falsch gemacht, und Sie können daran nichts ändern.",
            "Bleibt es so, dann wenden Sie sich bitte an {support}.",
        ),
    };
    PageText::new(heading, explanation, help)
}

pub(super) const fn label(label: PageLabel) -> &'static str {
    match label {
        PageLabel::LogIn => "Anmelden",
        PageLabel::Missing => "Was Ihrem Konto fehlt:",
        PageLabel::More => "und {count} weitere",
        PageLabel::Owner => "die Betreiber dieser Seite",
        PageLabel::Reference => "Wenn Sie Hilfe brauchen, wenden Sie sich an {support} und nennen Sie die Nummer {id}.",
    }
}

/// Minutes and hours are rounded up, so that nobody comes back too early.
pub(super) fn wait(seconds: u64) -> String {
    match (seconds, seconds.div_ceil(60), seconds.div_ceil(3600)) {
        (1, ..) => String::from("1 Sekunde"),
        (0..120, ..) => format!("{seconds} Sekunden"),
        (_, minutes @ ..120, _) => format!("{minutes} Minuten"),
        (.., hours) => format!("{hours} Stunden"),
    }
}
