//! What is said of a session when it begins.

use std::net::IpAddr;

/// What is said of a session when it begins, besides who has logged in.
///
/// Label and address are for the list that its owner sees, and decide nothing.
///
/// ```
/// use portcullis::identity::session::SessionStart;
///
/// let start = SessionStart::new().label("Firefox on Linux").address([192, 0, 2, 7]).remembered();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it says nothing before a session begins with it"]
pub struct SessionStart {
    pub(super) label: Option<Box<str>>,
    pub(super) address: Option<IpAddr>,
    pub(super) remembered: bool,
}

impl SessionStart {
    /// The longest label, in bytes: 256. Of a longer one the beginning is kept.
    pub const MAX_LABEL: usize = 256;

    /// Nothing said.
    pub const fn new() -> Self {
        Self { label: None, address: None, remembered: false }
    }

    /// What its owner will know the session by, such as the name of a browser. Control characters are left out. Default:
    /// none.
    pub fn label(mut self, label: &str) -> Self {
        let clean: String = label.chars().filter(|character| !character.is_control()).collect();
        let mut end = clean.len().min(Self::MAX_LABEL);
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        self.label = clean.get(..end).map(Into::into);
        self
    }

    /// From where it begins. Default: not known.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Has the session last as long as [`remembered`](super::SessionsBuilder::remembered) says, whether it is used or not:
    /// "keep me logged in". Default: it ends at the idle and the absolute limit.
    pub const fn remembered(mut self) -> Self {
        self.remembered = true;
        self
    }
}
