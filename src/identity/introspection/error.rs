//! Why the issuer's word on a token is not known. Each is an outage for the client, and something to mend for the
//! operator.

use crate::identity::error::VerifyError;
use crate::outbound::CallError;

#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("{0} does not accept this service's own credentials (status {1})")]
    OurCredentials(Box<str>, u16),
    #[error("{endpoint}: {source}")]
    Call { endpoint: Box<str>, source: CallError },
    #[error("{endpoint}: the answer cannot be used: {cause}")]
    Unreadable { endpoint: Box<str>, cause: &'static str },
    #[error("{endpoint}: the signature of the answer cannot be checked: {source}")]
    Keys { endpoint: Box<str>, source: VerifyError },
    #[error("{0}: no whole answer within {1:?}")]
    Late(Box<str>, std::time::Duration),
    #[error("{0}: the client's key could not sign")]
    Unsigned(Box<str>),
    #[error("{0}: as many questions as may be are under way")]
    Full(Box<str>),
    #[error("{0}: the question was dropped before it was answered")]
    Dropped(Box<str>),
    #[error("introspection needs a tokio runtime")]
    NoRuntime,
}

impl From<Unanswered> for VerifyError {
    fn from(unanswered: Unanswered) -> Self {
        let hint = match unanswered {
            Unanswered::OurCredentials(..) | Unanswered::Unsigned(_) => {
                "See that the issuer knows this service as a client by these credentials, and that it may introspect."
            }
            Unanswered::Unreadable { .. } => "See what the endpoint answers, and that it follows RFC 7662.",
            Unanswered::Keys { .. } => {
                "See that the issuer's keys can be fetched, and that it signs its answers with one of them."
            }
            Unanswered::Full(_) => {
                "The endpoint is slower than tokens come: see why, or allow more requests (`max_requests`)."
            }
            Unanswered::NoRuntime => "Verify inside a tokio runtime.",
            Unanswered::Call { .. } | Unanswered::Late(..) | Unanswered::Dropped(_) => {
                "See that the introspection endpoint can be reached from here, and how long it takes to answer."
            }
        };
        Self::unavailable(unanswered).because("the issuer cannot be asked about the token").hint(hint)
    }
}
