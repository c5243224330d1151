//! What can be done about a refusal of which no more is known than its reason.

use crate::error::Reason;

/// For the developer or the operator, where whoever refused gave no hint of their own.
pub(crate) const fn hint_for(reason: Reason) -> &'static str {
    match reason {
        Reason::Ambiguous => {
            "Send one credential, once. Two Authorization fields often come from a proxy that adds its own beside the client's; \
             a cookie name comes twice where it was set for two paths or domains."
        }
        Reason::CrossSite => {
            "A page of another site sent this with the user's cookie. If it is yours, allow its origin; a program sends its \
             credential in a header field instead."
        }
        Reason::Expired => {
            "Log in again or get a new token. If it ended too soon, look at the lifetimes that are set and at both clocks."
        }
        Reason::Forbidden | Reason::Hidden => "Give the user what is missing, or change the requirement of this route.",
        Reason::Invalid => {
            "The verifier does not say why. One of your own can, with `because`, `hint` and `finding` of its error."
        }
        Reason::Malformed => {
            "Compare what the client sends with the syntax of the scheme; a library writes it better than code by hand."
        }
        Reason::Misconfigured => "Look at how the layers are put together, and into the log for a panic.",
        Reason::Missing => {
            "Send a credential of one of the schemes that were asked. If the client does, see whether a proxy removes the field."
        }
        Reason::StepUp => "Have the user log in again, as strongly as the requirement asks for.",
        Reason::Throttled => {
            "Wait. If honest users get here, raise the limit, and see that the addresses of clients behind a proxy are known."
        }
        Reason::Unavailable => {
            "Something that the decision needs does not answer: the error behind it says what. The credential may be good."
        }
    }
}
