//! Why a call brought nothing.

use std::error::Error;
use std::time::Duration;

/// What went wrong, for logs: no query of an address and no byte of a body is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no connection: {0}")]
    Connect(String),
    #[error("the exchange broke off: {0}")]
    Broken(String),
    #[error("no whole answer within {0:?}")]
    Late(Duration),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is a redirect (status {0}), and none is followed")]
    Redirect(u16),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer is compressed ({0:?}), which was not asked for")]
    Encoded(String),
    #[error("the answer is of the type {0:?}, which is none of those asked for")]
    MediaType(String),
    #[error("the request cannot be sent: {0}")]
    Unsendable(&'static str),
}

/// An error with those that led to it; what the next one repeats is said once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if let Some(last) = texts.last_mut().filter(|last| last.ends_with(&text)) {
            last.truncate(last.len() - text.len());
            let trimmed = last.trim_end_matches([':', ' ']).len();
            last.truncate(trimmed);
        }
        texts.push(text);
        next = source.source();
    }
    texts.retain(|text| !text.is_empty());
    texts.join(": ")
}

/// The beginning of what a server said of itself.
pub(super) fn shown(value: &[u8]) -> String {
    let start = value.get(..MAX_SHOWN).unwrap_or(value);
    String::from_utf8_lossy(start).into_owned()
}

const MAX_SHOWN: usize = 80;
